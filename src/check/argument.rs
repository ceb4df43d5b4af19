//! The arguments of functions, each read as its parameter asks.

use crate::check::code;
use crate::check::literal::is_read;
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, is_known, make};
use crate::diagnostic::{Diagnostic, nearest};
use crate::function::{ArgumentKind, Function, FunctionParameter};
use crate::model::{Expression, ExpressionKind, Literal};
use crate::pattern::Case;
use crate::source::Span;
use crate::syntax::tree;
use crate::time::{Zone, check_form};
use crate::value::ValueType;

impl ExpressionLowering<'_, '_> {
    /// An argument, read as its parameter asks.
    pub(super) fn argument(
        &mut self,
        function: &Function,
        parameter: &FunctionParameter,
        argument: &tree::Expression,
    ) -> Expression {
        match parameter.takes {
            ArgumentKind::Text | ArgumentKind::Any => self.plain_argument(function, argument),
            ArgumentKind::AnyOrLabels => self.any_argument(function, argument),
            ArgumentKind::Number => self.number_argument(function, argument),
            ArgumentKind::Nodes => self.nodes_argument(function, argument),
            ArgumentKind::List => self.list_argument(function, argument),
            ArgumentKind::Items => self.items_argument(function, argument),
            ArgumentKind::Regex => self.regex_argument(function, argument),
            ArgumentKind::LiteralText => self.literal_text(function, parameter, argument),
            ArgumentKind::LiteralNumber => self.literal_number(function, parameter, argument),
            ArgumentKind::Zone | ArgumentKind::TimeForm => self.checked_text(function, parameter, argument),
        }
    }

    fn plain_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        if let tree::ExpressionKind::Path(path) = &argument.kind
            && function.name == "len"
            && let Some(parsed) = self.path(path)
            && !parsed.is_singular()
        {
            let text = &path.text;
            self.cx.report(
                Diagnostic::new(
                    &code::LIST_AS_VALUE,
                    argument.span,
                    format!("`{text}` is a list of nodes, not one value"),
                )
                .label("`len` measures one value")
                .help(format!("count nodes with `count({text})`")),
            );
            return broken(argument.span);
        }
        self.value(argument)
    }

    fn any_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        if matches!(argument.kind, tree::ExpressionKind::Path(_)) {
            return self.plain_argument(function, argument);
        }
        let value = self.value_or_labels(argument);
        if function.name == "key" && self.is_template(&value) {
            self.cx.report(
                Diagnostic::new(&code::TEMPLATE_AS_KEY, argument.span, "a part of a key is pasted from several values")
                    .label("`a-b` with `c` and `a` with `b-c` come to the same")
                    .help("give the values to `key` one by one: `key(\"name\", a, b)`"),
            );
            return broken(argument.span);
        }
        value
    }

    /// Whether a value may be a string that was joined from parts.
    pub(super) fn is_template(&self, value: &Expression) -> bool {
        match self.scope {
            ExpressionScope::Payload(_, lets) | ExpressionScope::Element(lets) => lets.is_template(value),
            ExpressionScope::Parameters(..)
            | ExpressionScope::Event
            | ExpressionScope::Body
            | ExpressionScope::Answer => {
                matches!(value.kind, ExpressionKind::Template(_))
            }
        }
    }

    fn number_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        let value = self.value(argument);
        if !is_known(value.types) || value.types.overlaps(ValueType::NUMBER) {
            return value;
        }
        let excerpt = self.cx.excerpt(argument.span);
        let message = format!("`{}` takes a number here, and `{excerpt}` is {}", function.name, value.types);
        let diagnostic = Diagnostic::new(&code::WRONG_ARGUMENT, argument.span, message).label("not a number");
        self.cx.report(if value.types.overlaps(ValueType::TEXT) {
            diagnostic.suggest("read it as a number", argument.span, format!("number({excerpt})"))
        } else {
            diagnostic
        });
        broken(argument.span)
    }

    fn nodes_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        match self.nodes(argument, &format!("`{}`", function.name)) {
            Some(path) => make(ExpressionKind::Nodes(path), ValueType::NODES, argument.span),
            None => broken(argument.span),
        }
    }

    fn list_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        if matches!(argument.kind, tree::ExpressionKind::Path(_) | tree::ExpressionKind::Navigate(..)) {
            return self.nodes_argument(function, argument);
        }
        let value = self.value(argument);
        if !is_known(value.types) || value.types.without(ValueType::NOTHING) == ValueType::ARRAY {
            return value;
        }
        if value.types.overlaps(ValueType::ARRAY) && is_read(&value) {
            self.report_singular(argument.span, &format!("`{}`", function.name));
            return broken(argument.span);
        }
        let excerpt = self.cx.excerpt(argument.span);
        self.cx.report(
            Diagnostic::new(
                &code::NOT_A_PATH,
                argument.span,
                format!("`{}` takes a list, and `{excerpt}` is {}", function.name, value.types),
            )
            .label("no list of nodes")
            .help("give it a path, as `@.items[*]`, or the result of `split`"),
        );
        broken(argument.span)
    }

    fn items_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        let value = self.value_or_nodes(argument);
        if !is_known(value.types) || value.types.overlaps(ValueType::ARRAY | ValueType::NODES) {
            return value;
        }
        let excerpt = self.cx.excerpt(argument.span);
        let message = format!("`{}` takes a list here, and `{excerpt}` is {}", function.name, value.types);
        let diagnostic = Diagnostic::new(&code::WRONG_ARGUMENT, argument.span, message).label("not a list");
        self.cx.report(if value.types.overlaps(ValueType::TEXT) {
            diagnostic.suggest("split it", argument.span, format!("split({excerpt}, \",\")"))
        } else {
            diagnostic
        });
        broken(argument.span)
    }

    fn regex_argument(&mut self, function: &Function, argument: &tree::Expression) -> Expression {
        if let tree::ExpressionKind::Regex(regex) = &argument.kind {
            return match self.regex(regex, Case::Sensitive) {
                Some(regex) => make(ExpressionKind::Regex(regex), ValueType::REGEX, argument.span),
                None => broken(argument.span),
            };
        }
        let excerpt = self.cx.excerpt(argument.span);
        let message = format!("`{}` takes a regex here, found `{excerpt}`", function.name);
        self.cx.report(
            Diagnostic::new(&code::NOT_WRITTEN_OUT, argument.span, message)
                .help("a regex stands between slashes: `/^[a-z]+/`"),
        );
        broken(argument.span)
    }

    /// A string constant.
    pub(super) fn literal_text(
        &mut self,
        function: &Function,
        parameter: &FunctionParameter,
        argument: &tree::Expression,
    ) -> Expression {
        if let tree::ExpressionKind::Template(template) = &argument.kind {
            let place = format!("the `{}` of `{}`", parameter.name, function.name);
            let text = if function.name == "label_lines" {
                self.label_line_template(template)
            } else {
                self.plain_text(template, &place)
            };
            return match text {
                Some(text) => super::scope::literal(Literal::Text(text), argument.span),
                None => broken(argument.span),
            };
        }
        let help = if function.name == "key" {
            "begin with a word of your own, so that keys of two mappings never meet: `key(\"arms\", …)`"
        } else {
            "write the string out, in quotes"
        };
        self.not_written_out(function, parameter, argument, "a string", help)
    }

    /// A string constant that is a time zone or a form of times.
    fn checked_text(
        &mut self,
        function: &Function,
        parameter: &FunctionParameter,
        argument: &tree::Expression,
    ) -> Expression {
        let lowered = self.literal_text(function, parameter, argument);
        let ExpressionKind::Literal(Literal::Text(text)) = &lowered.kind else { return lowered };
        let (code, checked) = if parameter.takes == ArgumentKind::Zone {
            (&code::BAD_ZONE, Zone::new(text).map(drop))
        } else {
            (&code::BAD_TIME_FORM, check_form(text))
        };
        match checked {
            Ok(()) => lowered,
            Err(_) if parameter.takes == ArgumentKind::Zone && text.contains('%') => {
                let message = format!("`{text}` is a form of times, and the argument before it is a time zone");
                let finding = Diagnostic::new(code, argument.span, message).label("stands in the place of the zone");
                let zone = argument.span.before();
                self.cx.report(finding.suggest("name the zone first", zone, "\"UTC\", "));
                broken(argument.span)
            }
            Err(invalid) => {
                self.cx.report_invalid(code, argument.span, invalid);
                broken(argument.span)
            }
        }
    }

    /// The form of `label_lines`, whose own `{name}` and `{value}` stand for each label in turn.
    fn label_line_template(&mut self, template: &tree::Template) -> Option<Box<str>> {
        let mut form = String::new();
        for part in &template.parts {
            match part {
                tree::TemplatePart::Text(words) => {
                    form.push_str(&words.replace('{', "{{").replace('}', "}}"));
                }
                tree::TemplatePart::Value(value, braces) => form.push_str(self.placeholder(value, *braces)?),
            }
        }
        Some(form.into_boxed_str())
    }

    fn placeholder(&mut self, value: &tree::Expression, braces: Span) -> Option<&'static str> {
        let name = if let tree::ExpressionKind::Name(name) = &value.kind { &*name.text } else { "" };
        match name {
            "name" => Some("{name}"),
            "value" => Some("{value}"),
            _ => {
                let excerpt = self.cx.excerpt(braces);
                let message = format!("a line of labels has no `{excerpt}`");
                self.cx.report(
                    Diagnostic::new(&code::INTERPOLATION, braces, message)
                        .help("`{name}` and `{value}` stand for each label in turn"),
                );
                None
            }
        }
    }

    fn literal_number(
        &mut self,
        function: &Function,
        parameter: &FunctionParameter,
        argument: &tree::Expression,
    ) -> Expression {
        if let tree::ExpressionKind::Number(text) = &argument.kind
            && text.bytes().all(|byte| byte.is_ascii_digit())
        {
            return self.number(text, argument.span);
        }
        self.not_written_out(function, parameter, argument, "a natural number", "write the number out, as `20`")
    }

    fn not_written_out(
        &mut self,
        function: &Function,
        parameter: &FunctionParameter,
        argument: &tree::Expression,
        wanted: &str,
        help: &str,
    ) -> Expression {
        let excerpt = self.cx.excerpt(argument.span);
        let message = format!(
            "the `{}` of `{}` is {wanted} that is written out, found `{excerpt}`",
            parameter.name, function.name
        );
        self.cx.report(Diagnostic::new(&code::NOT_WRITTEN_OUT, argument.span, message).help(help));
        broken(argument.span)
    }

    /// `capture` names a group that its regex must have.
    pub(super) fn check_group(&mut self, function: &Function, arguments: &[Expression]) {
        if function.name != "capture" {
            return;
        }
        let [_, Expression { kind: ExpressionKind::Regex(regex), span: place, .. }, group] = arguments else {
            return;
        };
        let ExpressionKind::Literal(Literal::Text(wanted)) = &group.kind else { return };
        let groups = regex.groups();
        if groups.contains(&&**wanted) {
            return;
        }
        let message = format!("the regex has no group named `{wanted}`");
        let diagnostic = Diagnostic::new(&code::UNKNOWN_GROUP, group.span, message).related(*place, "the regex");
        let near = nearest(wanted, groups.iter().copied());
        self.cx.report(match (near, groups.as_slice()) {
            (Some(near), _) => diagnostic.suggest(format!("did you mean `{near}`?"), group.span, format!("\"{near}\"")),
            (None, []) => diagnostic.help(format!("name the part that is wanted: `(?<{wanted}>…)`")),
            (None, groups) => diagnostic.help(format!("its groups are `{}`", groups.join("`, `"))),
        });
    }
}
