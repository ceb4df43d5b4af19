//! Literals that are parsed at check: numbers, paths, regexes, globs, networks, times.

use crate::check::code;
use crate::check::names::is_field;
use crate::check::scope::{ExpressionLowering, ExpressionScope, PayloadReader, broken, is_known, literal, make};
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::function::read_time;
use crate::json::Number;
use crate::model::{Expression, ExpressionKind, Literal, NodesPath};
use crate::path::{CompiledPath, PathRoot};
use crate::pattern::{Case, Glob, Network, PatternError, RegexPattern};
use crate::source::Span;
use crate::syntax::tree::{self, StringLiteral};
use crate::time::{Timestamp, Zone};
use crate::value::ValueType;
use std::ops::Range;
use std::sync::Arc;

impl ExpressionLowering<'_, '_> {
    /// A number as written.
    pub(super) fn number(&mut self, text: &str, span: Span) -> Expression {
        if let Ok(number) = text.parse::<Number>() {
            return literal(Literal::Number(number), span);
        }
        self.cx.report(
            Diagnostic::new(&code::BAD_NUMBER, span, format!("`{text}` is not a number that JSON can hold"))
                .help("numbers look like `90`, `-2.5`, `1e3`, without leading zeros, and fit 64 bits"),
        );
        broken(span)
    }

    /// A path that is a value: names and indices alone.
    pub(super) fn singular(&mut self, path: &tree::PathExpression) -> Expression {
        let Some(parsed) = self.path(path) else { return broken(path.span) };
        if parsed.is_singular() {
            return make(ExpressionKind::Path(parsed), ValueType::JSON, path.span);
        }
        self.list_as_value(path.span)
    }

    /// Reports a list of nodes where one value belongs.
    pub(super) fn list_as_value(&mut self, place: Span) -> Expression {
        let text = self.cx.text(place);
        self.cx.report(
            Diagnostic::new(&code::LIST_AS_VALUE, place, format!("`{text}` is a list of nodes, not one value"))
                .label("may choose none, one or many")
                .help(format!("test its nodes with `any`, `all` or `none`: `any {text} == …`"))
                .help(format!("or make one value of them: `count({text})`, `join({text}, \",\")`"))
                .suggest("or take the first", place, format!("first({text})")),
        );
        broken(place)
    }

    /// A value, or a path of many nodes.
    pub(super) fn value_or_nodes(&mut self, expression: &tree::Expression) -> Expression {
        let span = expression.span;
        if let tree::ExpressionKind::Navigate(base, segments) = &expression.kind {
            return self.navigated(base, segments, span);
        }
        let tree::ExpressionKind::Path(path) = &expression.kind else { return self.value(expression) };
        match self.path(path) {
            None => broken(span),
            Some(path) if path.is_singular() => make(ExpressionKind::Path(path), ValueType::JSON, span),
            Some(path) => make(ExpressionKind::Nodes(NodesPath { start: None, path }), ValueType::NODES, span),
        }
    }

    /// A path of many nodes; `what` names the operator or function that takes it.
    pub(super) fn nodes(&mut self, expression: &tree::Expression, what: &str) -> Option<NodesPath> {
        let span = expression.span;
        if let tree::ExpressionKind::Navigate(base, segments) = &expression.kind {
            return self.nodes_over(base, segments, span, what);
        }
        let tree::ExpressionKind::Path(path) = &expression.kind else {
            let found = self.value_or_labels(expression);
            let has_parts = found.types.overlaps(ValueType::ARRAY | ValueType::OBJECT);
            if is_known(found.types) && has_parts && is_read(&found) {
                self.report_singular(span, what);
            } else if is_known(found.types) {
                self.not_a_path(span, what);
            }
            return None;
        };
        let parsed = self.path(path)?;
        if !parsed.is_singular() {
            return Some(NodesPath { start: None, path: parsed });
        }
        self.report_singular(path.span, what);
        None
    }

    /// Reports a value that no path leads over.
    pub(super) fn not_a_path(&mut self, place: Span, what: &str) {
        let excerpt = self.cx.excerpt(place);
        self.cx.report(
            Diagnostic::new(&code::NOT_A_PATH, place, format!("{what} takes a path, found `{excerpt}`"))
                .label("is not a path")
                .help("a path begins with `$` (the payload), `@` (the element), a let or a call: `@.items[*]`"),
        );
    }

    /// Reports one value where a list of nodes belongs.
    pub(super) fn report_singular(&mut self, place: Span, what: &str) {
        let text = self.cx.excerpt(place);
        self.cx.report(
            Diagnostic::new(
                &code::SINGULAR_AS_LIST,
                place,
                format!("{what} takes a list of nodes, and `{text}` is one value"),
            )
            .label("names and indices alone choose at most one node")
            .suggest("to mean the items in it, add `[*]`", place.after(), "[*]"),
        );
    }

    /// A path, if this scope allows it.
    pub(super) fn path(&mut self, path: &tree::PathExpression) -> Option<Arc<CompiledPath>> {
        if !self.can_read_payload(&path.text, path.span) {
            return None;
        }
        let parsed = self.parse_path(path)?;
        let too_early = match self.scope {
            ExpressionScope::Payload(PayloadReader::Accept, _) => {
                Some(("`accept` is asked before `each` chooses elements", "read the payload"))
            }
            ExpressionScope::Payload(PayloadReader::Each, _) => {
                Some(("`@` is the element that `each` chooses", "choose from the payload"))
            }
            ExpressionScope::Payload(PayloadReader::Let, _) => Some((
                "a `let` above `each` gets its value once for a payload, before `each` chooses elements",
                "read the payload, or move the `let` below `each`",
            )),
            ExpressionScope::Answer => {
                Some(("an answer is to the whole payload, not to an element", "read the payload"))
            }
            ExpressionScope::Element(_)
            | ExpressionScope::Parameters(..)
            | ExpressionScope::Event
            | ExpressionScope::Body => None,
        };
        if let Some((message, help)) = too_early
            && parsed.root() == PathRoot::Element
        {
            let corrected = path.text.replacen('@', "$", 1);
            self.cx.report(
                Diagnostic::new(&code::ELEMENT_TOO_EARLY, path.span, message)
                    .label("there is no element yet")
                    .suggest(help, path.span, corrected),
            );
            return None;
        }
        Some(parsed)
    }

    /// Whether a path from `$` or `@` may stand here; else it is reported.
    pub(super) fn can_read_payload(&mut self, path: &str, place: Span) -> bool {
        let (message, help) = match self.scope {
            ExpressionScope::Payload(..) | ExpressionScope::Element(_) | ExpressionScope::Answer => return true,
            ExpressionScope::Parameters(..) => {
                ("a table sees its parameters alone, not the payload", "pass the value where the table is called")
            }
            ExpressionScope::Event | ExpressionScope::Body => (
                "the payload is read by mappings alone; here there is the event",
                "keep the value in a label of the mapping, and read `labels.name` here",
            ),
        };
        let diagnostic = Diagnostic::new(&code::PAYLOAD_OUTSIDE_MAPPING, place, message).label("not known here");
        // Without its `$.` or `@.`, the path names a part of the event.
        let member = path.get(2..).unwrap_or_default();
        let is_event = !matches!(self.scope, ExpressionScope::Parameters(..))
            && (is_field(member) && member != "labels" || member.strip_prefix("labels.").is_some_and(is_word));
        self.cx.report(if is_event {
            diagnostic.suggest(format!("the event has it as `{member}`"), place, member)
        } else {
            diagnostic.help(help)
        });
        false
    }

    fn parse_path(&mut self, path: &tree::PathExpression) -> Option<Arc<CompiledPath>> {
        if let Some(known) = self.cx.paths.get(&path.text) {
            return Some(Arc::clone(known));
        }
        let parsed = match CompiledPath::parse(&path.text) {
            Ok(parsed) => parsed,
            Err(invalid) => {
                if !self.cx.is_reported(path.span) {
                    let place = within(path.span, 0, &invalid.range);
                    self.refuse(&code::BAD_PATH, place, &invalid.message, invalid.help);
                }
                return None;
            }
        };
        if let Some(invalid) = parsed.costly() {
            let place = within(path.span, 0, &invalid.range);
            self.refuse(&code::COSTLY_PATH, place, &invalid.message, invalid.help);
            return None;
        }
        let parsed = Arc::new(parsed);
        self.cx.paths.insert(path.text.clone(), Arc::clone(&parsed));
        Some(parsed)
    }

    /// A regex, compiled.
    pub(super) fn regex(&mut self, regex: &tree::RegexLiteral, case: Case) -> Option<Arc<RegexPattern>> {
        let key = (regex.pattern.clone(), regex.flags.clone(), case);
        if let Some(known) = self.cx.regexes.get(&key) {
            return Some(Arc::clone(known));
        }
        let read = RegexPattern::new_measured(&regex.pattern, &regex.flags, case, &mut self.cx.measurements_left);
        match read {
            Ok(compiled) => {
                let compiled = Arc::new(compiled);
                self.cx.regexes.insert(key, Arc::clone(&compiled));
                Some(compiled)
            }
            Err(invalid) => {
                let place = within_regex(regex, &invalid.range);
                self.refuse(&code::BAD_REGEX, place, &invalid.message, invalid.help);
                None
            }
        }
    }

    /// Globs, read.
    pub(super) fn globs(&mut self, globs: &[StringLiteral], case: Case) -> Option<Vec<Glob>> {
        self.patterns(globs, &code::BAD_GLOB, |text| Glob::new(text, case))
    }

    /// Networks, read.
    pub(super) fn networks(&mut self, networks: &[StringLiteral]) -> Option<Vec<Network>> {
        self.patterns(networks, &code::BAD_NETWORK, Network::new)
    }

    fn patterns<P>(
        &mut self,
        texts: &[StringLiteral],
        code: &'static DiagnosticCode,
        read: impl Fn(&str) -> Result<P, PatternError>,
    ) -> Option<Vec<P>> {
        let mut patterns = Vec::with_capacity(texts.len());
        for text in texts {
            match read(&text.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(invalid) => self.refuse(code, text.span, &invalid.message, invalid.help),
            }
        }
        (patterns.len() == texts.len()).then_some(patterns)
    }

    /// `time("…")` with a constant.
    pub(super) fn literal_time(&mut self, text: &str, place: Span, span: Span) -> Expression {
        if let Some(instant) = Timestamp::read(text) {
            return literal(Literal::Time(instant), span);
        }
        self.cx.report(
            Diagnostic::new(&code::BAD_TIME, place, format!("`{text}` is not a time"))
                .help("write it as RFC 3339 does: `time(\"2026-03-07T02:00:00+08:00\")`"),
        );
        broken(span)
    }

    /// `time("…", zone, form)` with a constant.
    pub(super) fn literal_time_of(
        &mut self,
        text: &str,
        arguments: &[Expression],
        place: Span,
        span: Span,
    ) -> Expression {
        let constant = |at: usize| {
            let ExpressionKind::Literal(Literal::Text(text)) = &arguments.get(at)?.kind else { return None };
            Some(&**text)
        };
        let (zone, form) = (constant(1).and_then(|name| Zone::new(name).ok()), constant(2));
        if let Some(instant) = read_time(text, zone.as_ref(), form) {
            return literal(Literal::Time(instant), span);
        }
        let diagnostic = Diagnostic::new(&code::BAD_TIME, place, format!("`{text}` is not a time"));
        self.cx.report(match form {
            Some(form) => diagnostic.label(format!("not in the form `{form}`")),
            None => diagnostic.help("write it as `2026-03-07 02:00:00`, or give its form as the last argument"),
        });
        broken(span)
    }

    pub(super) fn refuse(&mut self, code: &'static DiagnosticCode, place: Span, message: &str, help: Option<String>) {
        let diagnostic = Diagnostic::new(code, place, message);
        self.cx.report(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
}

/// Whether a value is read by one name or call, so that a segment may follow it.
pub(super) fn is_read(value: &Expression) -> bool {
    matches!(
        value.kind,
        ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Define(_)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
    )
}

/// The place of some bytes of a text that begins `offset` bytes into a span and is written there without escapes.
fn within(span: Span, offset: usize, range: &Range<usize>) -> Span {
    let at = |byte: usize| (span.start as usize + offset + byte).min(span.end as usize);
    Span::new(span.file, at(range.start), at(range.end))
}

/// The place of some bytes of a regex; the whole of it where an escaped slash has moved them.
fn within_regex(regex: &tree::RegexLiteral, range: &Range<usize>) -> Span {
    let written = regex.span.range().len();
    let read = regex.pattern.len() + regex.flags.len() + 2;
    if written == read && range.end <= regex.pattern.len() { within(regex.span, 1, range) } else { regex.span }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
