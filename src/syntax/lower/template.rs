//! Strings that interpolate. The grammar finds where such a string ends; the text between braces is parsed here, at its
//! own place in the file.

use crate::syntax::lex::{check_limits, hole};
use pest::Parser as _;

use super::strings::bare;
use super::{Grammar, Rule, RulePair, RulePairs, TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::explain;
use crate::syntax::tree::{Expression, ExpressionKind, Template, TemplatePart};

impl TreeBuilder<'_> {
    pub(super) fn next_words(&mut self, pairs: &mut RulePairs<'_>) -> Option<Template> {
        let pair = self.next(pairs)?;
        Some(self.words(&pair))
    }

    /// A template, `r"…"`, or a string in which braces are doubled.
    pub(super) fn words(&mut self, pair: &RulePair<'_>) -> Template {
        if pair.as_rule() != Rule::template {
            let text = self.text(pair, super::strings::BraceMode::Doubled);
            let parts = if text.value.is_empty() { Vec::new() } else { vec![TemplatePart::Text(text.value)] };
            return Template { parts, span: text.span };
        }
        let span = self.leaf(pair);
        let inside = bare(pair.as_str(), "\"");
        let parts = self.parts(inside, span.start as usize + 1);
        self.end = span.end;
        Template { parts, span }
    }

    fn parts(&mut self, inside: &str, start: usize) -> Vec<TemplatePart> {
        if inside.is_empty() {
            return Vec::new();
        }
        if !inside.bytes().any(|byte| matches!(byte, b'\\' | b'{' | b'}')) {
            return vec![TemplatePart::Text(inside.into())];
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(rest) = inside.get(at..).filter(|rest| !rest.is_empty()) {
            let place = start + at;
            if let Some(length) = hole(rest) {
                if !text.is_empty() {
                    parts.push(TemplatePart::Text(std::mem::take(&mut text).into()));
                }
                parts.extend(self.hole(rest.get(..length).unwrap_or_default(), place));
                at += length;
                continue;
            }
            at += match rest.as_bytes() {
                [b'{', b'{', ..] | [b'}', b'}', ..] => {
                    text.extend(rest.chars().next());
                    2
                }
                [b'{', ..] if escaped_hole(rest).is_some() => {
                    let written = escaped_hole(rest).unwrap_or_default();
                    let span = Span::new(self.file, place, place + written.len());
                    self.diagnostics.push(codes::escaped_hole(span, &without_escapes(written)));
                    if !text.is_empty() {
                        parts.push(TemplatePart::Text(std::mem::take(&mut text).into()));
                    }
                    // What is inserted is not known, but the string is one that interpolates.
                    parts.push(TemplatePart::Value(Expression { kind: ExpressionKind::Missing, span }, span));
                    written.len()
                }
                [b'{' | b'}', ..] => {
                    let brace = if rest.starts_with('{') { '{' } else { '}' };
                    let span = Span::new(self.file, place, place + 1);
                    self.diagnostics.push(codes::lone_brace(span, brace, codes::LoneBrace::Interpolation));
                    1
                }
                _ => self.character(rest, place, &mut text),
            };
        }
        if !text.is_empty() {
            parts.push(TemplatePart::Text(text.into()));
        }
        parts
    }

    /// `{value}`
    fn hole(&mut self, written: &str, place: usize) -> Option<TemplatePart> {
        let span = Span::new(self.file, place, place + written.len());
        let inside = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        let value = self.hole_value(inside, place + 1, span)?;
        Some(TemplatePart::Value(value, span))
    }

    fn hole_value(&mut self, inside: &str, base: usize, span: Span) -> Option<Expression> {
        if let Err(excess) = check_limits(inside) {
            self.diagnostics.push(codes::limit_exceeded(self.file, base, excess));
            return None;
        }
        let mut pairs = match Grammar::parse(Rule::hole_value, inside) {
            Ok(pairs) => pairs,
            Err(error) => {
                self.diagnostics.push(hole_failure(&error, inside, base, span));
                return None;
            }
        };
        let root = pairs.next()?;
        let outside = std::mem::replace(&mut self.base, base);
        let value = self.nested(span, |builder| builder.value(&mut root.into_inner()));
        self.base = outside;
        value
    }
}

/// `{$.a ?? \"x\"}` at the beginning of the text: an interpolation but for the backslashes before its quotes.
fn escaped_hole(text: &str) -> Option<&str> {
    let written = text.get(..=text.find('}')?).filter(|written| written.contains("\\\""))?;
    let unescaped = without_escapes(written);
    let inside = unescaped.get(1..unescaped.len() - 1).filter(|inside| !inside.trim_start().starts_with('"'))?;
    let is_hole = hole(&unescaped) == Some(unescaped.len()) && check_limits(inside).is_ok();
    (is_hole && Grammar::parse(Rule::hole_value, inside).is_ok()).then_some(written)
}

fn without_escapes(hole: &str) -> String {
    hole.replace("\\\"", "\"")
}

fn hole_failure(error: &pest::error::Error<Rule>, inside: &str, base: usize, span: Span) -> Diagnostic {
    let finding = if inside.trim().is_empty() {
        Diagnostic::new(&codes::INTERPOLATION, span, "expected a value between the braces")
    } else {
        let (at, expected) = explain::failure(error);
        let expected = expected.replace("the end of the file", "`}`");
        let place = Span::new(span.file, base + at.min(inside.len()), base + inside.len());
        let place = if at >= inside.len() { Span { end: place.start + 1, ..place } } else { place };
        let message = format!("expected {expected} in `{{{inside}}}`");
        Diagnostic::new(&codes::INTERPOLATION, place, message).related(span, "within this interpolation")
    };
    if let Some((before, call)) = inside.split_once("!(") {
        let start = before.rfind(|last: char| !(last.is_ascii_alphanumeric() || last == '_')).map_or(0, |at| at + 1);
        let name = explain::function(before.get(start..).unwrap_or_default());
        let corrected = format!("{{{}{name}({call}}}", before.get(..start).unwrap_or_default());
        return finding.suggest("a function is called without `!`", span, corrected);
    }
    finding.help("between braces stands one value: a name, a path, a call; a brace itself is doubled: `{{` or `}}`")
}
