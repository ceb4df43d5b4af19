//! Bare words as values: lets, fields, defines, parameters, and the constants.

use crate::check::code;
use crate::check::column_name;
use crate::check::family_columns::FamilyColumns;
use crate::check::message_group::GROUP;
use crate::check::names::{DeclaredNames, field_named, fields, is_built_in, is_field};
use crate::check::scope::{
    ExpressionLowering, ExpressionScope, KnownLet, LetScope, PayloadReader, broken, literal, make,
};
use crate::check::silence;
use crate::diagnostic::Diagnostic;
use crate::event::{AlertStatus, Severity};
use crate::model::{Expression, ExpressionKind, LetStage, Literal};
use crate::source::Span;
use crate::syntax::tree::Identifier;
use crate::value::ValueType;

/// How a comparison begins after its left side.
const COMPARISON_STARTS: &[&str] =
    &["==", "!=", "in ", "like ", "matches ", "finds ", "contains ", "starts ", "ends ", "not ", "is "];

impl<'c> ExpressionLowering<'_, 'c> {
    /// A lower-case word.
    pub(super) fn word(&mut self, name: &Identifier) -> Expression {
        match self.scope {
            ExpressionScope::Payload(PayloadReader::Accept, lets) => self.word_of_accept(name, lets),
            ExpressionScope::Payload(PayloadReader::Let | PayloadReader::Each, lets) => {
                self.word_of_element(name, lets)
            }
            ExpressionScope::Answer => self.word_of_answer(name),
            ExpressionScope::Element(lets) => self.word_of_element(name, lets),
            ExpressionScope::Parameters(parameters, types) => self.parameter(name, parameters, types),
            ExpressionScope::Event | ExpressionScope::Body => self.word_of_event(name),
        }
    }

    /// A word in `accept`, which sees lets over the payload alone.
    fn word_of_accept(&mut self, name: &Identifier, lets: &LetScope) -> Expression {
        let known = lets.find(&name.text);
        if known.is_some_and(|known| known.stage == LetStage::Payload) || lets.is_reported(&name.text) {
            return self.word_of_element(name, lets);
        }
        let Some(place) = lets.place(&name.text) else { return self.unknown_to_accept(name) };
        if known.is_none() {
            return self.word_of_element(name, lets);
        }
        let message =
            format!("`accept` is asked before `each` chooses elements, and `{}` reads the element", name.text);
        self.cx.report(
            Diagnostic::new(&code::ELEMENT_TOO_EARLY, name.span, message)
                .label("there is no element yet")
                .related(place, "reads `@`")
                .help("a `let` that reads `$` alone can be read here"),
        );
        broken(name.span)
    }

    fn unknown_to_accept(&mut self, name: &Identifier) -> Expression {
        let diagnostic =
            Diagnostic::new(&code::UNKNOWN_NAME, name.span, format!("`accept` cannot see `{}`", name.text))
                .label("is not known yet")
                .note("`accept` sees the payload, and each `let` above it that reads `$` alone");
        let better = self.document_name(&diagnostic, name);
        self.cx.report(better.unwrap_or_else(|| diagnostic.help("read it from the payload: `$.…`")));
        broken(name.span)
    }

    fn word_of_answer(&mut self, name: &Identifier) -> Expression {
        self.cx.report(
            Diagnostic::new(&code::UNKNOWN_NAME, name.span, format!("an answer cannot see `{}`", name.text))
                .label("is not known here")
                .note("an answer is to the whole payload, whatever became of its events")
                .suggest("read it from the payload", name.span, format!("$.{}", name.text)),
        );
        broken(name.span)
    }

    fn word_of_element(&mut self, name: &Identifier, lets: &LetScope) -> Expression {
        if let Some(KnownLet { id, types, .. }) = lets.find(&name.text) {
            return make(ExpressionKind::Let(id), types, name.span);
        }
        if lets.is_reported(&name.text) {
            return broken(name.span);
        }
        if let Some(place) = lets.place(&name.text) {
            let message = format!("`{}` is used above its `let`", name.text);
            self.cx.report(
                Diagnostic::new(&code::LET_BEFORE_USE, name.span, message)
                    .label("not known yet")
                    .related(place, "stands here")
                    .help("move the `let` above its first use"),
            );
        } else if is_field(&name.text) {
            self.event_in_mapping(name);
        } else if let Some(place) = self.cx.names.defines.place(&name.text) {
            let message =
                format!("`{}` is a define, which reads the event that this mapping has yet to make", name.text);
            self.cx.report(
                Diagnostic::new(&code::EVENT_IN_MAPPING, name.span, message)
                    .related(place, "defined here, over the event")
                    .help("write the condition over the payload, with `$` and `@`"),
            );
        } else {
            self.unknown_word(name, "let", |_| lets.names());
        }
        broken(name.span)
    }

    fn event_in_mapping(&mut self, name: &Identifier) {
        let (message, help) = if &*name.text == "labels" {
            (
                "a mapping makes the event's labels and cannot read them".to_owned(),
                "read the payload's, where they come from: `@.labels.…`".to_owned(),
            )
        } else {
            (
                format!("a mapping makes the event's `{}` and cannot read it", name.text),
                format!("name the value first: `let {0}_value = …`, then `{0} = {0}_value`", name.text),
            )
        };
        self.cx.report(
            Diagnostic::new(&code::EVENT_IN_MAPPING, name.span, message)
                .label("a field of the event, not of the payload")
                .help(help),
        );
    }

    fn parameter(&mut self, name: &Identifier, parameters: &[Identifier], types: &[ValueType]) -> Expression {
        let position = parameters.iter().position(|parameter| parameter.text == name.text);
        if let Some(position) = position {
            let types = types.get(position).copied().unwrap_or(ValueType::UNKNOWN);
            return make(ExpressionKind::Parameter(position), types, name.span);
        }
        if is_field(&name.text) || self.cx.names.defines.place(&name.text).is_some() {
            let message = format!("a table sees its parameters alone, not `{}`", name.text);
            self.cx.report(
                Diagnostic::new(&code::UNKNOWN_NAME, name.span, message)
                    .help("add a parameter, and pass the value where the table is called"),
            );
        } else {
            self.unknown_word(name, "parameter", |_| parameters.iter().map(|parameter| &*parameter.text).collect());
        }
        broken(name.span)
    }

    /// A column of the family whose parameters are read.
    fn column(&mut self, name: &Identifier) -> Option<Expression> {
        let columns = self.cx.columns.as_mut()?;
        let (position, types) = columns.read(&name.text)?;
        if let Some(taken) = column_name::taken(&name.text, self.cx) {
            column_name::report(&name.text, taken, name.span, self.cx);
            return Some(broken(name.span));
        }
        Some(make(ExpressionKind::Parameter(position), types, name.span))
    }

    fn word_of_event(&mut self, name: &Identifier) -> Expression {
        if let Some(column) = self.column(name) {
            return column;
        }
        if let Some(field) = field_named(&name.text) {
            return make(ExpressionKind::Field(field), field.value_type(), name.span);
        }
        if let Some(position) = self.cx.names.defines.find(&name.text) {
            return match self.cx.defines.get(position).copied().flatten() {
                Some((id, types)) => make(ExpressionKind::Define(id), types, name.span),
                None => broken(name.span),
            };
        }
        if &*name.text == GROUP {
            return self.whole_group(name);
        }
        let columns: Vec<String> = self.cx.columns.iter().flat_map(FamilyColumns::names).map(str::to_owned).collect();
        let columns = columns.iter().map(String::as_str);
        let kind = if self.cx.stands_alone { "event field" } else { "event field or define" };
        self.unknown_word(name, kind, |names| fields().chain(names.defines.names()).chain(columns).collect());
        broken(name.span)
    }

    fn unknown_word<'n>(
        &mut self,
        name: &Identifier,
        kind: &str,
        names: impl FnOnce(&DeclaredNames<'c>) -> Vec<&'n str>,
    ) {
        let text = &name.text;
        if self.cx.names.unparsed_names.contains(&**text) {
            return;
        }
        let callable = is_built_in(text) || self.cx.names.tables.place(text).is_some();
        let near = self.cx.nearest_of(text, names);
        let diagnostic = Diagnostic::new(&code::UNKNOWN_NAME, name.span, format!("there is no {kind} named `{text}`"));
        let habit = self.document_name(&diagnostic, name).or_else(|| self.clock(&diagnostic, text, None));
        let habit = habit.or_else(|| self.schedule_name(&diagnostic, name));
        let habit = habit.or_else(|| self.foreign_constant(&diagnostic, name));
        if let Some(better) = habit {
            return self.cx.report(better);
        }
        if let Some(better) = self.suggestion_from_context(&diagnostic, name, near.is_some()) {
            return self.cx.report(better);
        }
        if self.cx.names.channels.place(text).is_some() {
            return self.cx.report(diagnostic.help(format!("`{text}` is a channel, which stands after `=>` alone")));
        }
        self.cx.report(if callable {
            diagnostic.help(format!("there is a function or table of that name; it is called as `{text}(…)`"))
        } else if let Some(near) = near {
            diagnostic.did_you_mean(name.span, near)
        } else if self.cx.stands_alone {
            silence::rule_name(name.span, text).help("write out what it stands for; a string stands in quotes")
        } else {
            diagnostic.suggest("a string stands in quotes", name.span, format!("\"{text}\""))
        });
    }

    /// What the words around an unknown one show about its meaning.
    fn suggestion_from_context(
        &self,
        diagnostic: &Diagnostic,
        name: &Identifier,
        has_near: bool,
    ) -> Option<Diagnostic> {
        let text = &*name.text;
        let diagnostic = diagnostic.clone();
        let (before, after) = self.cx.surrounding_text(name.span);
        let next = after.trim_start();
        if let Some(same) = constant_names().find(|known| known.eq_ignore_ascii_case(text)) {
            return Some(diagnostic.suggest(format!("the constant is `{same}`"), name.span, same));
        }
        if next.starts_with("=>") && matches!(text, "default" | "otherwise" | "other" | "others" | "any") {
            return Some(diagnostic.suggest("what is left over is taken by `else`", name.span, "else"));
        }
        if has_near {
            return None;
        }
        if let ExpressionScope::Payload(PayloadReader::Each, _) = self.scope {
            return Some(diagnostic.did_you_mean(name.span, format!("$.{text}")));
        }
        if before.ends_with('{') && after.starts_with('}') {
            let place = Span { start: name.span.start - 1, end: name.span.end + 1, ..name.span };
            let corrected = format!("{{{{{text}}}}}");
            return Some(diagnostic.suggest("double the braces to mean the characters themselves", place, corrected));
        }
        if let ExpressionScope::Event = self.scope
            && before.ends_with('[')
            && after.starts_with(']')
        {
            let diagnostic = diagnostic.suggest("a label is a value", name.span, format!("labels.{text}"));
            return Some(diagnostic.help(format!("a member that is written out stands in quotes: `\"{text}\"`")));
        }
        if after.starts_with(['.', '[']) {
            return self.base_of_members(diagnostic, name);
        }
        if !COMPARISON_STARTS.iter().any(|sign| next.starts_with(sign)) {
            return None;
        }
        let corrected = match self.scope {
            ExpressionScope::Event | ExpressionScope::Body => format!("labels.{text}"),
            ExpressionScope::Element(_) => format!("@.{text}"),
            ExpressionScope::Payload(..) => format!("$.{text}"),
            ExpressionScope::Parameters(..) | ExpressionScope::Answer => return None,
        };
        Some(diagnostic.did_you_mean(name.span, corrected))
    }

    /// An unknown word before `.` or `[`, which no string could be.
    fn base_of_members(&self, diagnostic: Diagnostic, name: &Identifier) -> Option<Diagnostic> {
        let text = &*name.text;
        if matches!(text, "header" | "headers") {
            return Some(diagnostic.help("a header of the request is `header(\"x-github-event\")`"));
        }
        if is_built_in(text) || self.cx.names.tables.place(text).is_some() {
            return None;
        }
        let root = match self.scope {
            ExpressionScope::Event if self.cx.stands_alone => {
                return Some(diagnostic.help("an event has its fields and `labels.name`"));
            }
            ExpressionScope::Event | ExpressionScope::Body => {
                return Some(
                    diagnostic.help("an event has its fields and `labels.name`; other values are named by `define`"),
                );
            }
            ExpressionScope::Element(_) => "@",
            ExpressionScope::Payload(..) => "$",
            ExpressionScope::Parameters(..) | ExpressionScope::Answer => return None,
        };
        Some(diagnostic.help(format!("a member of the payload is `{root}.{text}`; other values are named by `let`")))
    }

    /// A capitalised word.
    pub(super) fn constant(&mut self, name: &Identifier) -> Expression {
        if let Some(constant) = constant(&name.text) {
            return literal(constant, name.span);
        }
        let meant = match &*name.text {
            "Ok" | "OK" | "Recovered" => Some("Resolved"),
            "Error" | "Fatal" | "Emergency" => Some("Critical"),
            "Warn" => Some("Warning"),
            "Information" | "Notice" => Some("Info"),
            "Active" | "Open" => Some("Firing"),
            _ => None,
        };
        let near = match meant {
            Some(meant) => Some(meant.to_owned()),
            None => self.cx.nearest(&name.text, constant_names()),
        };
        let diagnostic =
            Diagnostic::new(&code::UNKNOWN_CONSTANT, name.span, format!("there is no constant `{}`", name.text))
                .note("the severities are `Critical`, `Warning`, `Info`; the statuses are `Firing`, `Resolved`");
        if let Some(better) = self.foreign_constant(&diagnostic, name) {
            self.cx.report(better);
            return broken(name.span);
        }
        let (before, _) = self.cx.surrounding_text(name.span);
        let of_severity = ["severity ==", "severity !=", "severity >", "severity <", "severity >=", "severity <="];
        self.cx.report(if let Some(near) = near {
            diagnostic.did_you_mean(name.span, near)
        } else if of_severity.iter().any(|left| before.trim_end().ends_with(left)) {
            diagnostic.help(format!(
                "a sender's own word, such as `{0}`, becomes a severity in a mapping: `match $.level {{ \"{0}\" => Critical  else => Warning }}`",
                name.text
            ))
        } else {
            diagnostic.suggest("a string stands in quotes", name.span, format!("\"{}\"", name.text))
        });
        broken(name.span)
    }
}

/// The constant of that name.
pub(super) fn constant(name: &str) -> Option<Literal> {
    let severity = Severity::ALL.into_iter().find(|severity| severity.name() == name).map(Literal::Severity);
    severity.or_else(|| AlertStatus::ALL.into_iter().find(|status| status.name() == name).map(Literal::Status))
}

/// The names of all constants.
pub(super) fn constant_names() -> impl Iterator<Item = &'static str> {
    Severity::ALL.into_iter().map(Severity::name).chain(AlertStatus::ALL.into_iter().map(AlertStatus::name))
}

/// The names of the constants of a type.
pub(super) fn constant_names_of(types: ValueType) -> impl Iterator<Item = &'static str> {
    constant_names().filter(move |name| constant(name).is_some_and(|constant| constant.value_type() == types))
}
