//! Repairs a copy of one declaration that does not parse, in several rounds.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;

use super::characters;
use super::outline::{BracketMismatch, Outline};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::explain::{ParseFailure, explain};
use crate::syntax::grammar::Rule;
use crate::syntax::lex::{self, Token, TokenKind};
use crate::syntax::lower::{self, ParsedDeclarations};

/// How many bytes may be parsed again for each byte of a declaration, and for a short declaration.
const MAX_REPARSES: usize = 64;
const SHORT_DECLARATION: usize = 1 << 18;

/// How many bytes of one declaration may be parsed again in all: a declaration of megabytes is likely not a rule, and each
/// round over it takes a good part of a second.
const MAX_REPARSED_BYTES: usize = MAX_REPARSES * SHORT_DECLARATION;

/// How many brackets of one declaration are repaired.
const MAX_BRACKETS: usize = 64;

/// How often the same message may be reported for one declaration.
const MAX_REPEATS: usize = 8;

/// A copy of a declaration's text in which what is broken is blanked.
pub(super) struct DeclarationRepair {
    file: FileId,
    text: Vec<u8>,
    base: usize,
    blanks: Vec<BlankedRange>,
    /// Blocks of routes whose own line is blanked: they are parsed separately.
    routing_blocks: Vec<Range<usize>>,
    /// Where the text ends, if its end is missing, with all its brackets.
    cut: Option<usize>,
    budget: usize,
}

/// A stretch that was blanked because of a mistake in it.
struct BlankedRange {
    bytes: Range<usize>,
    /// The units around it, each within the one before it: these are blanked next if the text still does not parse.
    wider: Vec<Range<usize>>,
}

impl DeclarationRepair {
    pub(super) fn new(file: FileId, text: &str, base: usize) -> Self {
        let budget = (text.len() * MAX_REPARSES).min(MAX_REPARSED_BYTES).max(text.len()) + SHORT_DECLARATION;
        Self {
            file,
            text: text.as_bytes().to_vec(),
            base,
            blanks: Vec::new(),
            routing_blocks: Vec::new(),
            cut: None,
            budget,
        }
    }

    /// Reports every mistake and builds what is left.
    pub(super) fn recover(mut self, diagnostics: &mut Vec<Diagnostic>) -> ParsedDeclarations {
        let original = self.text.clone();
        let built = self.repair_failures(diagnostics);
        for block in std::mem::take(&mut self.routing_blocks) {
            if let Some(mut inner) = self.apart(&original, &block) {
                inner.repair_failures(diagnostics);
            }
        }
        built
    }

    /// A copy that holds nothing but the block, as a routing of its own.
    fn apart(&self, original: &[u8], block: &Range<usize>) -> Option<Self> {
        const HEAD: &[u8] = b"routing _";
        let mut text: Vec<u8> = original.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }).collect();
        text.get_mut(block.clone())?.copy_from_slice(original.get(block.clone())?);
        let head = block.start.checked_sub(HEAD.len())?;
        text.get_mut(head..block.start)?.copy_from_slice(HEAD);
        Some(Self { text, budget: SHORT_DECLARATION, ..Self::new(self.file, "", self.base) })
    }

    fn repair_failures(&mut self, diagnostics: &mut Vec<Diagnostic>) -> ParsedDeclarations {
        let Some(text) = self.copy() else { return ParsedDeclarations::default() };
        if let Ok(built) = lower::file(self.file, &text, self.base, diagnostics) {
            return built;
        }
        let condemned = self.characters(diagnostics);
        self.brackets(diagnostics);
        self.blank_units(&condemned);
        loop {
            let Some(text) = self.copy() else { return ParsedDeclarations::default() };
            if self.budget < text.len() {
                return ParsedDeclarations::default();
            }
            self.budget -= text.len();
            match lower::file(self.file, &text, self.base, diagnostics) {
                Ok(built) => return built,
                Err(error) => {
                    if !self.repair_failure(&text, &error, diagnostics) {
                        return ParsedDeclarations::default();
                    }
                }
            }
        }
    }

    fn copy(&self) -> Option<String> {
        String::from_utf8(self.text.clone()).ok()
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, self.base + range.start, self.base + range.end)
    }

    fn blank(&mut self, range: Range<usize>) {
        if let Some(bytes) = self.text.get_mut(range.clone()) {
            bytes.iter_mut().filter(|byte| !matches!(**byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        }
    }

    /// Blanks the smallest unit around a token. Gives whether that changed anything.
    fn blank_unit(&mut self, outline: &Outline<'_>, index: usize) -> bool {
        let units = outline.units(index.min(outline.tokens.len().saturating_sub(1)));
        let mut wider: Vec<Range<usize>> = units.iter().map(|unit| bytes_of(outline.tokens, unit)).collect();
        let Some(bytes) = wider.pop().filter(|bytes| !bytes.is_empty()) else { return false };
        self.routing_blocks.extend(
            units.last().and_then(|unit| outline.routes_in(unit, index)).map(|block| bytes_of(outline.tokens, &block)),
        );
        self.blank(bytes.clone());
        self.blanks.push(BlankedRange { bytes, wider });
        true
    }

    /// Blanks the next wider unit around what was blanked.
    fn widen(&mut self, blank: usize) -> bool {
        let Some(blank) = self.blanks.get_mut(blank) else { return false };
        let Some(wider) = blank.wider.pop() else { return false };
        blank.bytes = wider.clone();
        self.blank(wider);
        true
    }

    /// Reports characters that belong to no rule, and blanks or replaces them. Gives the places whose unit cannot be
    /// kept.
    fn characters(&mut self, diagnostics: &mut Vec<Diagnostic>) -> Vec<usize> {
        let Some(text) = self.copy() else { return Vec::new() };
        let mut condemned = Vec::new();
        let mut line = 0;
        let mut comment_end = None;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for token in lex::tokens(&text) {
            line = if token.starts_line { token.start } else { line };
            let Some(fix) = characters::fix(&token, &text, self.span(token.start..token.end)) else {
                continue;
            };
            // Foreign comments on neighbouring lines are one mistake, and so are those whose line is lost anyway.
            let blanks = |end: usize| text.get(end..token.start).is_some_and(|gap| gap.trim().is_empty());
            let comment = token.kind == TokenKind::ForeignComment;
            let repeats = comment && comment_end.is_some_and(blanks);
            comment_end = if comment { Some(token.end) } else { comment_end };
            let lost = !fix.is_unambiguous && condemned.last().is_some_and(|place| *place >= line);
            let count = counts.entry(fix.finding.message.clone()).or_default();
            if !repeats && !lost && *count < MAX_REPEATS {
                *count += 1;
                diagnostics.push(fix.finding);
            }
            self.blank(token.start..token.start + fix.blank);
            if let Some(bytes) = self.text.get_mut(token.start..token.start + fix.replacement.len()) {
                bytes.copy_from_slice(fix.replacement.as_bytes());
            }
            if !fix.is_unambiguous {
                condemned.push(token.start);
            }
        }
        condemned
    }

    /// Blanks the unit around each place.
    fn blank_units(&mut self, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        let Some(text) = self.copy() else { return };
        let tokens: Vec<Token> = lex::tokens(&text).collect();
        let outline = Outline::new(&text, &tokens);
        for place in places {
            let cost = tokens.len() * 4;
            if self.budget < cost {
                return self.budget = 0;
            }
            self.budget -= cost;
            if let Some(index) = neighbour(&outline, *place) {
                self.blank_unit(&outline, index);
            }
        }
    }

    /// Reports brackets without a partner, and repairs them.
    fn brackets(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        for _ in 0..MAX_BRACKETS.min(MAX_REPARSED_BYTES / self.text.len().max(1)).max(1) {
            let Some(text) = self.copy() else { return };
            let tokens: Vec<Token> = lex::tokens(&text).collect();
            let outline = Outline::new(&text, &tokens);
            match outline.mismatch {
                None => return,
                Some(BracketMismatch::Stray { close }) => self.stray(&outline, close, diagnostics),
                // Brackets that are open at the end are one mistake.
                Some(BracketMismatch::Unclosed { open, shown_by: None }) if self.cut.is_some() => {
                    self.insert_closer(text.len(), closer(outline.word(open)));
                }
                Some(BracketMismatch::Unclosed { open, shown_by }) => {
                    if shown_by.is_none() && outline.misaligned_braces(Ordering::Less).is_none() {
                        self.cut = Some(tokens.last().map_or(0, |token| token.end));
                    }
                    self.unclosed(&outline, open, shown_by, diagnostics);
                }
            }
        }
    }

    fn stray(&mut self, outline: &Outline<'_>, close: usize, diagnostics: &mut Vec<Diagnostic>) {
        let suspect = if outline.word(close) == "}" { outline.misaligned_braces(Ordering::Greater) } else { None };
        let index = suspect.map_or(close, |pair| pair.close);
        let Some(token) = outline.tokens.get(index) else { return };
        let bracket = outline.word(index);
        let span = self.span(token.start..token.end);
        let mut finding = Diagnostic::new(&codes::BRACKET, span, format!("`{bracket}` closes nothing"));
        if let Some(open) = suspect.and_then(|pair| outline.tokens.get(pair.open)) {
            finding = Diagnostic::new(&codes::BRACKET, span, format!("one `{bracket}` too many"))
                .related(self.span(open.start..open.end), "it closes this brace, which stands further left");
        }
        diagnostics.push(finding.suggest(format!("remove `{bracket}`"), span, ""));
        self.blank(token.start..token.end);
    }

    fn unclosed(
        &mut self,
        outline: &Outline<'_>,
        open: usize,
        shown_by: Option<usize>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let bracket = outline.word(open);
        let suspect = if bracket == "{" { outline.misaligned_braces(Ordering::Less) } else { None };
        let open = suspect.map_or(open, |pair| pair.open);
        let Some(token) = outline.tokens.get(open) else { return };
        let closer = closer(bracket);
        // The end of what the bracket can hold: where a line begins that is indented no further than the opener's.
        let indent = outline.indent(open);
        let ends_line = |index: usize| {
            outline.tokens.get(index).is_some_and(|token| token.starts_line) && outline.indent(index) <= indent
        };
        let next = (open + 1..outline.tokens.len()).find(|index| {
            shown_by == Some(*index) || (bracket != "{" && outline.word(*index) == "=>") || ends_line(*index)
        });
        let end_before = |next: Option<usize>| {
            let last = next.unwrap_or(outline.tokens.len()).saturating_sub(1);
            outline.tokens.get(last).map_or(token.end, |token| token.end)
        };
        let end = end_before(next);
        let place = self.span(end..end);
        let mut finding =
            Diagnostic::new(&codes::BRACKET, self.span(token.start..token.end), format!("`{bracket}` is never closed"))
                .label(format!("expected `{closer}` for this `{bracket}`"));
        if let Some(next) = next.and_then(|next| outline.tokens.get(next)) {
            finding = finding.related(self.span(next.start..next.end), format!("expected `{closer}` before this"));
        }
        diagnostics.push(if bracket == "{" && self.is_later_line(token.end, end) {
            // A brace that closes lines stands on a line of its own, after everything that may follow the last word.
            let rest = outline.text.get(end..).unwrap_or_default();
            let end = end + rest.find('\n').unwrap_or(rest.len());
            let closer = format!("\n{}{closer}", " ".repeat(indent));
            finding.suggest("write `}` here", self.span(end..end), closer)
        } else {
            finding.suggest(format!("write `{closer}` here"), place, closer)
        });
        if bracket == "{" {
            self.insert_closer(end, closer);
        } else {
            let mut units: Vec<_> = outline.units(open).iter().map(|unit| bytes_of(outline.tokens, unit)).collect();
            // The rest of the line has lost its beginning.
            let line = (open + 1..outline.tokens.len()).find(|index| shown_by == Some(*index) || ends_line(*index));
            let end = end.max(end_before(line));
            let start = units.pop().map_or(token.start, |unit| unit.start);
            self.blank(start..end);
            self.blanks.push(BlankedRange { bytes: start..end, wider: units });
        }
    }

    fn is_later_line(&self, start: usize, end: usize) -> bool {
        self.text.get(start..end).is_some_and(|between| between.contains(&b'\n'))
    }

    /// Writes a closing bracket over the blank or comment at `at`, or at the end of the text.
    fn insert_closer(&mut self, at: usize, closer: &str) {
        let Some(byte) = self.text.get(at).copied() else {
            // The text may end in a comment.
            self.text.push(b'\n');
            self.text.extend_from_slice(closer.as_bytes());
            return;
        };
        if byte == b'#' {
            let line = self.text.get(at..).unwrap_or_default();
            let length = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
            self.blank(at..at + length);
        }
        if matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'#')
            && let Some(bytes) = self.text.get_mut(at..=at)
        {
            bytes.copy_from_slice(closer.as_bytes());
        }
    }

    /// Reports one failure, unless it follows from an earlier one, and blanks its unit. Gives whether that changed
    /// anything.
    fn repair_failure(
        &mut self,
        text: &str,
        error: &pest::error::Error<Rule>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let tokens: Vec<Token> = lex::tokens(text).collect();
        let outline = Outline::new(text, &tokens);
        let failure = ParseFailure::new(self.file, self.base, text, &tokens, error);
        if let Some(blank) = self.preceding_blank(text, &outline, &failure) {
            return self.widen(blank);
        }
        let at = outline.tokens.get(failure.index).map_or(text.len(), |token| token.start);
        let finding = explain(&failure);
        // A comma too many does no harm to what stands around it.
        let comma = (finding.code.id == codes::TRAILING_COMMA.id).then(|| self.range(finding.span));
        if self.cut.is_none_or(|cut| at < cut) {
            diagnostics.push(finding);
        }
        match comma.filter(|comma| text.get(comma.clone()) == Some(",")) {
            Some(comma) => {
                self.blank(comma);
                true
            }
            None => self.blank_unit(&outline, failure.offending_token()),
        }
    }

    /// Where a place of the file is in the copy.
    fn range(&self, span: Span) -> Range<usize> {
        let range = span.range();
        range.start.saturating_sub(self.base)..range.end.saturating_sub(self.base)
    }

    /// The blank that a failure follows from: it lies directly before the failure, and nothing could end there.
    fn preceding_blank(&self, text: &str, outline: &Outline<'_>, failure: &ParseFailure<'_>) -> Option<usize> {
        if failure.may_end() {
            return None;
        }
        let at = outline.tokens.get(failure.index).map_or(text.len(), |token| token.start);
        let before = failure.index.checked_sub(1).and_then(|index| outline.tokens.get(index));
        let before = before.map_or(0, |token| token.end);
        self.blanks.iter().rposition(|blank| before <= blank.bytes.start && blank.bytes.end <= at)
    }
}

/// A word on the line of a place that is blank by now: the one before it, or else the one after it.
fn neighbour(outline: &Outline<'_>, place: usize) -> Option<usize> {
    let together = |start: usize, end: usize| outline.text.get(start..end).is_some_and(|gap| !gap.contains('\n'));
    let after = outline.token_at(place);
    let follows = outline.tokens.get(after).is_some_and(|token| together(place, token.start));
    let before = after.checked_sub(1).filter(|index| {
        let opens = outline.word(*index) == "{" && outline.partner(*index).is_some();
        !(opens && follows) && outline.tokens.get(*index).is_some_and(|token| together(token.end, place))
    });
    before.or(follows.then_some(after))
}

fn bytes_of(tokens: &[Token], unit: &Range<usize>) -> Range<usize> {
    let start = tokens.get(unit.start).map_or(0, |token| token.start);
    let end = unit.end.checked_sub(1).and_then(|last| tokens.get(last)).map_or(start, |token| token.end);
    start..end.max(start)
}

fn closer(opener: &str) -> &'static str {
    match opener {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}
