//! Calls: built-in functions and tables.

use crate::check::code;
use crate::check::context::with_nearest;
use crate::check::names::{REQUEST_FUNCTIONS, is_field, is_secret_source};
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, is_known, make};
use crate::check::silence;
use crate::diagnostic::Diagnostic;
use crate::function::{self, Function};
use crate::model::{Expression, ExpressionKind};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier};
use crate::value::ValueType;

impl ExpressionLowering<'_, '_> {
    /// `name(…)`
    pub(super) fn call(&mut self, name: &Identifier, arguments: &[tree::Expression], span: Span) -> Expression {
        if is_secret_source(&name.text) {
            return self.stray_secret(span);
        }
        if REQUEST_FUNCTIONS.contains(&&*name.text) {
            return self.request(name, arguments, span);
        }
        if let Some(function) = function::find(&name.text) {
            return self.function(function, name, arguments, span);
        }
        if let Some(table) = self.cx.names.tables.find(&name.text) {
            return self.lookup(table, name, arguments, span);
        }
        self.unknown_function(name, arguments, span);
        broken(span)
    }

    fn stray_secret(&mut self, span: Span) -> Expression {
        let excerpt = self.cx.excerpt(span);
        let found = Diagnostic::new(&code::STRAY_SECRET, span, format!("the secret `{excerpt}` cannot be read here"));
        let label = match self.scope {
            ExpressionScope::Answer => "would be told to the sender",
            ExpressionScope::Payload(..)
            | ExpressionScope::Element(_)
            | ExpressionScope::Parameters(..)
            | ExpressionScope::Event
            | ExpressionScope::Body => "would become part of an event",
        };
        self.cx.report(match self.cx.channel_parameter {
            Some(parameter) => found
                .label(format!("`{parameter}` becomes part of a message, which the journal keeps and people read"))
                .help("a secret stands within `url`, in its path or query, and within the values of `headers`"),
            None => found.label(label).help("secrets stand alone as parameters of a `channel` or an `integration`"),
        });
        broken(span)
    }

    fn unknown_function(&mut self, name: &Identifier, arguments: &[tree::Expression], span: Span) {
        let text = &name.text;
        if self.cx.names.unparsed_names.contains(&**text) {
            return;
        }
        let near = self.cx.nearest_of(text, |names| {
            let functions = function::all().iter().map(|function| function.name);
            functions.chain(REQUEST_FUNCTIONS).chain(names.tables.names()).collect()
        });
        let known_word = is_field(text) || self.cx.names.defines.place(text).is_some();
        let diagnostic =
            Diagnostic::new(&code::UNKNOWN_FUNCTION, name.span, format!("there is no function or table `{text}`"));
        let excerpt: Vec<&str> = arguments.iter().map(|argument| self.cx.text(argument.span)).collect();
        if let Some(corrected) = rule_spelling(text, &excerpt) {
            return self.cx.report(diagnostic.rewrite(span, corrected));
        }
        if &**text == "labels"
            && let [argument] = excerpt.as_slice()
        {
            let corrected = format!("labels[{argument}]");
            return self.cx.report(diagnostic.suggest("a label is taken by its name in brackets", span, corrected));
        }
        if let Some(better) = self.clock(&diagnostic, text, excerpt.first().copied()) {
            return self.cx.report(better);
        }
        let alias = foreign_function(text).filter(|_| near.is_none());
        self.cx.report(if let Some(alias) = alias {
            diagnostic.did_you_mean(name.span, alias)
        } else if known_word && arguments.is_empty() {
            diagnostic.suggest(format!("`{text}` is a value; it is written without parentheses"), span, &**text)
        } else if known_word {
            diagnostic.help(format!("`{text}` is a value; it is written without parentheses"))
        } else if near.is_none() && self.cx.stands_alone {
            silence::rule_name(name.span, text).help("write out what it gives for these alerts")
        } else if near.is_none() {
            let known: Vec<&str> = function::all().iter().map(|function| function.name).collect();
            diagnostic
                .help(format!("the functions are `{}`; others are tables, which are declared", known.join("`, `")))
        } else {
            with_nearest(diagnostic, name, near)
        });
    }

    fn function(
        &mut self,
        function: &'static Function,
        name: &Identifier,
        arguments: &[tree::Expression],
        span: Span,
    ) -> Expression {
        if !self.check_argument_count(function, name, arguments.len(), span) {
            return broken(span);
        }
        if let ("time", [argument]) = (function.name, arguments)
            && let tree::ExpressionKind::Template(template) = &argument.kind
            && let Some(text) = template.plain()
        {
            return self.literal_time(text, argument.span, span);
        }
        let before = self.cx.finding_count();
        let lowered = self.arguments(function, arguments);
        self.check_group(function, &lowered);
        if self.cx.finding_count() > before || lowered.iter().any(|argument| !is_known(argument.types)) {
            return broken(span);
        }
        if function.name == function::TIME
            && let [argument, ..] = arguments
            && let tree::ExpressionKind::Template(template) = &argument.kind
            && let Some(text) = template.plain()
        {
            return self.literal_time_of(text, &lowered, argument.span, span);
        }
        let types = result(function, &lowered);
        make(ExpressionKind::Call(function, lowered.into()), types, span)
    }

    fn check_argument_count(&mut self, function: &Function, name: &Identifier, count: usize, span: Span) -> bool {
        let least = function.parameters.iter().filter(|parameter| !parameter.optional).count();
        let most = function.parameters.len();
        if count >= least && (function.variadic || count <= most) {
            return true;
        }
        let wanted = match (least, most) {
            (least, _) if function.variadic => format!("at least {}", arguments_in_words(least)),
            (least, most) if least == most => arguments_in_words(least),
            (least, most) => format!("{least} to {most} arguments"),
        };
        self.cx.report(
            Diagnostic::new(&code::ARGUMENT_COUNT, span, format!("`{}` takes {wanted}, found {count}", name.text))
                .help(format!("its form is `{}`", form(function))),
        );
        false
    }

    fn arguments(&mut self, function: &'static Function, arguments: &[tree::Expression]) -> Vec<Expression> {
        let last = function.parameters.last();
        let mut lowered = Vec::with_capacity(arguments.len());
        for (position, argument) in arguments.iter().enumerate() {
            let Some(parameter) = function.parameters.get(position).or(last) else { break };
            let is_key_prefix = function.name == "key" && position == 0;
            lowered.push(if is_key_prefix {
                self.literal_text(function, parameter, argument)
            } else {
                self.argument(function, parameter, argument)
            });
        }
        lowered
    }

    /// `table(…)`
    fn lookup(&mut self, table: usize, name: &Identifier, arguments: &[tree::Expression], span: Span) -> Expression {
        if let ExpressionScope::Parameters(..) = self.scope {
            self.cx.report(
                Diagnostic::new(&code::TABLE_IN_TABLE, name.span, "a table cannot call a table")
                    .label("another table")
                    .help("call both where the value is needed: `first_table(x) ?? second_table(x)`"),
            );
            return broken(span);
        }
        let lowered: Vec<Expression> = arguments.iter().map(|argument| self.value(argument)).collect();
        let Some(signature) = self.cx.tables.get(table).cloned() else { return broken(span) };
        if lowered.len() != signature.parameters.len() {
            let wanted = arguments_in_words(signature.parameters.len());
            self.cx.report(
                Diagnostic::new(
                    &code::ARGUMENT_COUNT,
                    span,
                    format!("the table `{}` takes {wanted}, found {}", name.text, lowered.len()),
                )
                .related(signature.place, "declared here"),
            );
            return broken(span);
        }
        let mut is_valid = true;
        for (argument, types) in lowered.iter().zip(&signature.parameters) {
            is_valid &= self.fits_parameter(name, argument, *types, signature.place);
        }
        if !is_valid {
            return broken(span);
        }
        make(ExpressionKind::Lookup(table, lowered.into()), signature.result, span)
    }

    fn fits_parameter(&mut self, name: &Identifier, argument: &Expression, types: ValueType, place: Span) -> bool {
        if !is_known(argument.types) {
            return false;
        }
        let is_of_constants = types == ValueType::SEVERITY || types == ValueType::STATUS;
        if !is_known(types) || (argument.types.overlaps(types) && !is_of_constants) || types.contains(argument.types) {
            return true;
        }
        let excerpt = self.cx.excerpt(argument.span);
        let message = format!("the table `{}` takes {types} here, and `{excerpt}` is {}", name.text, argument.types);
        let diagnostic = Diagnostic::new(&code::WRONG_ARGUMENT, argument.span, message).related(place, "declared here");
        let is_textual = types.overlaps(ValueType::TEXT)
            && argument.types.overlaps(ValueType::TIME | ValueType::SEVERITY | ValueType::STATUS);
        self.cx.report(if is_textual {
            diagnostic.suggest("pass it as a string", argument.span, format!("string({excerpt})"))
        } else {
            diagnostic
        });
        false
    }
}

/// The kinds that a call may result in.
fn result(function: &Function, arguments: &[Expression]) -> ValueType {
    let own = match (function.name, arguments) {
        ("present", [argument]) => argument.types.without(ValueType::NOTHING),
        ("parse_json", [argument]) if !argument.types.overlaps(ValueType::TEXT) => argument.types,
        _ => function.result,
    };
    let some_missing = arguments.iter().any(|argument| argument.types.may_be_missing());
    let may_be_missing = match (function.name, arguments) {
        // A key is missing if all parts are empty that are not constants; the prefix is a constant.
        ("key", parts) => parts.iter().all(|part| is_literal(part) || may_be_empty(part.types)),
        ("present", _) => true,
        _ => function.may_be_missing || (!function.takes_missing && some_missing),
    };
    if may_be_missing { own | ValueType::MISSING } else { own }
}

/// Whether a value of these types may be missing, or a text, a list or an object without anything in it.
fn may_be_empty(types: ValueType) -> bool {
    let containers = ValueType::TEXT | ValueType::ARRAY | ValueType::OBJECT | ValueType::LABELS | ValueType::NODES;
    types.may_be_missing() || types.overlaps(containers)
}

fn is_literal(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Literal(_))
}

/// `2 arguments`
pub(super) fn arguments_in_words(count: usize) -> String {
    match count {
        0 => "no argument".to_owned(),
        1 => "1 argument".to_owned(),
        count => format!("{count} arguments"),
    }
}

/// `slice(text, start, end?)`
fn form(function: &Function) -> String {
    let mut names: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| format!("{}{}", parameter.name, if parameter.optional { "?" } else { "" }))
        .collect();
    if function.variadic {
        names.push("…".to_owned());
    }
    format!("{}({})", function.name, names.join(", "))
}

/// What a function of another language is here: a comparison, or an operator.
fn rule_spelling(name: &str, arguments: &[&str]) -> Option<String> {
    let name = name.to_ascii_lowercase().replace('_', "");
    match (&*name, arguments) {
        ("startswith" | "hasprefix", [value, part]) => Some(format!("{value} starts with {part}")),
        ("endswith" | "hassuffix", [value, part]) => Some(format!("{value} ends with {part}")),
        ("includes", [value, part]) => Some(format!("{value} contains {part}")),
        ("has" | "exists" | "defined" | "isset" | "isdefined", [value]) => Some(format!("{value} is not missing")),
        ("isempty" | "empty", [value]) => Some(format!("{value} is empty")),
        ("coalesce" | "default" | "ifnull" | "nvl", [value, other]) => Some(format!("{value} ?? {other}")),
        _ => None,
    }
}

/// The function that a function of another language is.
fn foreign_function(name: &str) -> Option<&'static str> {
    Some(match &*name.to_ascii_lowercase().replace('_', "") {
        "str" | "tostring" => "string",
        "int" | "float" | "toint" | "tofloat" | "tonumber" | "parseint" | "parsefloat" => "number",
        "downcase" | "lowercase" | "tolower" | "tolowercase" | "asciidowncase" => "lower",
        "upcase" | "uppercase" | "toupper" | "touppercase" | "asciiupcase" => "upper",
        "parsetimestamp" | "totimestamp" | "timestamp" | "parsetime" | "datetime" => "time",
        "strip" | "stripwhitespace" => "trim",
        "length" | "size" => "len",
        "fromjson" | "jsonparse" | "jsondecode" => "parse_json",
        "substring" | "substr" | "truncate" => "slice",
        "gsub" | "sub" | "resub" | "regexreplace" => "replace",
        "md5" | "sha1" | "hash" => "sha256",
        _ => return None,
    })
}
