//! Literals that are parsed at check: numbers, paths, regexes, globs, networks, times.

use crate::check::code;
use crate::check::names::is_field;
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, literal, make};
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::json::Number;
use crate::model::{Expression, ExpressionKind, Literal};
use crate::path::{CompiledPath, PathRoot};
use crate::pattern::{Case, Glob, Network, PatternError, RegexPattern};
use crate::source::Span;
use crate::syntax::tree::{self, StringLiteral};
use crate::time::Timestamp;
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
        let text = &path.text;
        self.cx.report(
            Diagnostic::new(&code::LIST_AS_VALUE, path.span, format!("`{text}` is a list of nodes, not one value"))
                .label("may choose none, one or many")
                .help(format!("test its nodes with `any`, `all` or `none`: `any {text} == …`"))
                .help(format!("or make one value of them: `count({text})`, `join({text}, \",\")`"))
                .suggest("or take the first", path.span, format!("first({text})")),
        );
        broken(path.span)
    }

    /// A path of many nodes; `what` names the operator or function that takes it.
    pub(super) fn nodes(&mut self, expression: &tree::Expression, what: &str) -> Option<Arc<CompiledPath>> {
        let span = expression.span;
        let tree::ExpressionKind::Path(path) = &expression.kind else {
            let found = self.value_or_labels(expression);
            if found.types.overlaps(ValueType::UNKNOWN) {
                return None;
            }
            let excerpt = self.cx.excerpt(span);
            self.cx.report(
                Diagnostic::new(&code::NOT_A_PATH, span, format!("{what} takes a path, found `{excerpt}`"))
                    .label("is not a path")
                    .help("a path begins with `$` (the payload) or `@` (the element): `@.items[*]`"),
            );
            return None;
        };
        let parsed = self.path(path)?;
        if !parsed.is_singular() {
            return Some(parsed);
        }
        self.report_singular(path, what);
        None
    }

    /// Reports one value where a list of nodes belongs.
    pub(super) fn report_singular(&mut self, path: &tree::PathExpression, what: &str) {
        self.cx.report(
            Diagnostic::new(
                &code::SINGULAR_AS_LIST,
                path.span,
                format!("{what} takes a list of nodes, and `{}` is one value", path.text),
            )
            .label("names and indices alone choose at most one node")
            .suggest("to mean the items in it, add `[*]`", path.span.after(), "[*]"),
        );
    }

    /// A path, if this scope allows it.
    pub(super) fn path(&mut self, path: &tree::PathExpression) -> Option<Arc<CompiledPath>> {
        if !self.can_read_payload(path) {
            return None;
        }
        let parsed = self.parse_path(path)?;
        if parsed.root() == PathRoot::Element
            && matches!(self.scope, ExpressionScope::Payload | ExpressionScope::Answer)
        {
            let corrected = path.text.replacen('@', "$", 1);
            let message = match self.scope {
                ExpressionScope::Answer => "an answer is to the whole payload, not to an element",
                ExpressionScope::Payload
                | ExpressionScope::Element(_)
                | ExpressionScope::Parameters(..)
                | ExpressionScope::Event
                | ExpressionScope::Body => "`accept` is asked before `each` chooses elements",
            };
            self.cx.report(
                Diagnostic::new(&code::ELEMENT_TOO_EARLY, path.span, message).label("there is no element yet").suggest(
                    "read the payload",
                    path.span,
                    corrected,
                ),
            );
            return None;
        }
        Some(parsed)
    }

    fn can_read_payload(&mut self, path: &tree::PathExpression) -> bool {
        let (message, help) = match self.scope {
            ExpressionScope::Payload | ExpressionScope::Element(_) | ExpressionScope::Answer => return true,
            ExpressionScope::Parameters(..) => {
                ("a table sees its parameters alone, not the payload", "pass the value where the table is called")
            }
            ExpressionScope::Event | ExpressionScope::Body => (
                "the payload is read by mappings alone; here there is the event",
                "keep the value in a label of the mapping, and read `labels.name` here",
            ),
        };
        let diagnostic = Diagnostic::new(&code::PAYLOAD_OUTSIDE_MAPPING, path.span, message).label("not known here");
        // Without its `$.` or `@.`, the path names a part of the event.
        let member = path.text.get(2..).unwrap_or_default();
        let is_event = !matches!(self.scope, ExpressionScope::Parameters(..))
            && (is_field(member) && member != "labels" || member.strip_prefix("labels.").is_some_and(is_word));
        self.cx.report(if is_event {
            diagnostic.suggest(format!("the event has it as `{member}`"), path.span, member)
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

    fn refuse(&mut self, code: &'static DiagnosticCode, place: Span, message: &str, help: Option<String>) {
        let diagnostic = Diagnostic::new(code, place, message);
        self.cx.report(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }
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
