//! Why a parse failed, in the words of the language: the message of a mistake that is known, or what was expected and
//! what was found.

mod choices;
mod conditions;
mod context;
mod declarations;
mod destinations;
mod durations;
mod expected;
mod fields;
mod forms;
mod heartbeats;
mod lines;
mod mistakes;
mod mutes;
mod operators;
mod proves;
mod schedules;
mod statements;
mod tools;
mod trial;

pub(super) use declarations::YAML;
pub(super) use fields::function;

use crate::text::shorten;
use pest::error::{Error, ErrorVariant, InputLocation};

use super::codes;
use super::grammar::Rule;
use super::lex::{self, Token, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// Where a parse failed and what could have stood there, with the words around.
pub(super) struct ParseFailure<'t> {
    file: FileId,
    base: usize,
    text: &'t str,
    tokens: &'t [Token],
    /// The token at which the parse failed; their number at the end of the text.
    pub(super) index: usize,
    expected: Vec<Rule>,
}

impl<'t> ParseFailure<'t> {
    pub(super) fn new(file: FileId, base: usize, text: &'t str, tokens: &'t [Token], error: &Error<Rule>) -> Self {
        let at = position(error);
        let index = tokens.partition_point(|token| token.end <= at);
        Self { file, base, text, tokens, index, expected: rules(error) }
    }

    /// Whether the block, or the file, could have ended here: what stands before is complete.
    pub(super) fn may_end(&self) -> bool {
        let open: isize = self.tokens.iter().take(self.index).map(|token| token.kind.depth_change()).sum();
        self.expects(Rule::close_brace) || (open <= 0 && self.expects_any(&[Rule::EOI, Rule::file]))
    }

    /// The token with the mistake: the one that was found, or the one before it if that is incomplete.
    pub(super) fn offending_token(&self) -> usize {
        let found = self.tokens.get(self.index);
        let fresh = found.is_none_or(|token| token.starts_line || token.kind == TokenKind::Close);
        if fresh && !self.may_end() { self.index.saturating_sub(1) } else { self.index }
    }

    fn expects(&self, rule: Rule) -> bool {
        self.expected.contains(&rule)
    }

    fn expects_any(&self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.expects(*rule))
    }

    fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    fn word(&self, index: usize) -> &'t str {
        self.tokens.get(index).and_then(|token| self.text.get(token.start..token.end)).unwrap_or_default()
    }

    fn found(&self) -> &'t str {
        self.word(self.index)
    }

    /// The word `back` tokens before the failure; empty where there is none.
    fn before(&self, back: usize) -> &'t str {
        self.index.checked_sub(back).map_or("", |index| self.word(index))
    }

    fn span(&self, index: usize) -> Span {
        let end = self.text.len();
        let (start, end) = self.tokens.get(index).map_or((end, end), |token| (token.start, token.end));
        Span::new(self.file, self.base + start, self.base + end)
    }

    fn here(&self) -> Span {
        self.span(self.index)
    }

    fn span_before(&self, back: usize) -> Span {
        self.index.checked_sub(back).map_or_else(|| self.here().before(), |index| self.span(index))
    }

    /// Whether the token begins a line.
    fn starts_line(&self, index: usize) -> bool {
        self.tokens.get(index).is_some_and(|token| token.starts_line)
    }
}

/// The finding for a failure.
pub(super) fn explain(failure: &ParseFailure<'_>) -> Diagnostic {
    mistakes::known(failure).unwrap_or_else(|| general(failure))
}

/// The finding for a condition that stands alone and does not parse.
pub(super) fn condition(file: FileId, text: &str, error: &Error<Rule>) -> Diagnostic {
    let tokens: Vec<Token> = lex::tokens(text).collect();
    let failure = ParseFailure::new(file, 0, text, &tokens, error);
    if failure.tokens.is_empty() {
        let finding = Diagnostic::new(&codes::UNEXPECTED, Span::new(file, 0, text.len()), "expected a condition");
        return finding.help("write what its alerts have in common, as in `labels.service == \"cart\"`");
    }
    let first = failure.span(0);
    if failure.index == 0 && failure.found() == "when" {
        let blank = Span { end: failure.span(1).start.max(first.end), ..first };
        let finding = ParseFailure::unexpected(first, "a condition stands alone, found `when` before it");
        return finding.suggest("leave it out", blank, "");
    }
    let is_clause = matches!(failure.found(), "because" | "for" | "until" | "from" | "in" | "by");
    if is_clause && failure.expects(Rule::EOI) {
        let finding = failure.unexpected_here(format!("a condition ends before `{}`", failure.found()));
        return finding.help("what else there is to say about a silence is not a part of its condition");
    }
    let mut finding = mistakes::known(&failure).unwrap_or_else(|| general(&failure));
    finding.message = finding.message.replace("the end of the file", "the end of the condition");
    finding
}

fn general(failure: &ParseFailure<'_>) -> Diagnostic {
    let expected = expected::phrase(&failure.expected);
    let found = found(failure);
    // If a line is incomplete, something is missing at its end, not in the next line.
    let found_elsewhere = failure.offending_token() < failure.index;
    if found_elsewhere {
        let last = failure.span_before(1);
        let message = format!("expected {expected} after `{}`", clipped(failure.before(1)));
        let finding = Diagnostic::new(&codes::UNEXPECTED, last.after(), message);
        let telling = failure.kind(failure.index).is_some_and(|kind| kind != TokenKind::Close);
        let finding = if telling { finding.related(failure.here(), format!("found {found} instead")) } else { finding };
        return with_form(failure, finding);
    }
    let message = format!("expected {expected}, found {found}");
    let mut finding = Diagnostic::new(&codes::UNEXPECTED, failure.here(), message);
    let Some(fix) = trial::fix(failure) else { return with_form(failure, finding) };
    finding.help.push(fix);
    finding
}

/// Shows how what is expected is written.
fn with_form(failure: &ParseFailure<'_>, finding: Diagnostic) -> Diagnostic {
    match forms::form(failure) {
        Some(form) => finding.help(form),
        None => finding,
    }
}

fn found(failure: &ParseFailure<'_>) -> String {
    match failure.kind(failure.index) {
        None => "the end of the file".into(),
        Some(_) => format!("`{}`", clipped(failure.found())),
    }
}

/// A token cut to what a message can hold.
fn clipped(text: &str) -> String {
    shorten(text, 40)
}

/// Looks at the words around a failure, and reports the mistake if it recognises it.
pub(super) type MistakeDetector = fn(&ParseFailure<'_>) -> Option<Diagnostic>;

/// Where a parse failed, and what could have stood there, as words.
pub(super) fn failure(error: &Error<Rule>) -> (usize, String) {
    (position(error), expected::phrase(&rules(error)))
}

fn position(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

fn rules(error: &Error<Rule>) -> Vec<Rule> {
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives.clone(),
        ErrorVariant::CustomError { .. } => Vec::new(),
    }
}
