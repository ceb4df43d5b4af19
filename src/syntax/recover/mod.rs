//! Recovers declarations from a file that does not parse.
//!
//! The text is cut into declarations. Within each, broken text is blanked in a copy, so that all places keep their
//! offsets, and the copy is parsed again until it parses. Each round reports one mistake. A failure that touches
//! blanked text is a consequence of it: it widens the blank and is not reported. What parses in the end goes into the
//! tree. The work is bounded by the length of the text.

mod characters;
mod outline;
mod repair;

use std::collections::BTreeSet;
use std::ops::Range;

use outline::Outline;
use repair::DeclarationRepair;

use super::codes;
use super::explain::YAML;
use super::lex::{self, Token, TokenKind};
use super::lower::ParsedDeclarations;
use super::tree::{Identifier, RuleFile};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// The most mistakes of one file that are reported. A file with more is likely in another language.
const MAX_MISTAKES: usize = 100;

/// Reads the declarations of a text that did not parse.
pub(super) fn file(tree: &mut RuleFile, text: &str, diagnostics: &mut Vec<Diagnostic>) {
    let tokens: Vec<Token> = lex::tokens(text).collect();
    let outline = Outline::new(text, &tokens);
    let mut mistakes = 0;
    for (number, range) in outline.declarations().into_iter().enumerate() {
        if mistakes >= MAX_MISTAKES {
            tree.unparsed_names.extend(declared(tree.id, &outline, &range));
            continue;
        }
        let bytes = declaration_bytes(&outline, &range, number == 0);
        let piece = text.get(bytes.clone()).unwrap_or_default();
        let found = diagnostics.len();
        let mut built = DeclarationRepair::new(tree.id, piece, bytes.start).recover(diagnostics);
        let broken = diagnostics.len() > found;
        mistakes += diagnostics.len() - found;
        report_once(diagnostics, found);
        if number > 0
            && let Some((_, span)) = built.edition.take()
        {
            let finding = Diagnostic::new(&codes::EDITION, span, "the edition stands in the first line of a file");
            diagnostics.push(finding.help("write `edition 1` above everything else, once"));
        }
        add_declarations(tree, &mut built, broken);
        if broken {
            record_unparsed_name(tree, &outline, &range);
        }
    }
}

/// A file of another kind is one mistake, however many of its lines show it: it is reported at the first of them.
fn report_once(diagnostics: &mut Vec<Diagnostic>, from: usize) {
    let is_yaml = |finding: &Diagnostic| finding.code.id == codes::FOREIGN.id && finding.message.ends_with(YAML);
    let mut is_reported = diagnostics.iter().take(from).any(is_yaml);
    let mut strange = diagnostics.iter().take(from).any(is_unknown);
    let mut kept = diagnostics.split_off(from);
    kept.sort_by_key(|finding| finding.span.start);
    kept.retain(|finding| {
        let repeats = is_reported && is_yaml(finding) || strange && is_unknown(finding);
        is_reported |= is_yaml(finding);
        strange |= is_unknown(finding) || is_yaml(finding);
        !repeats
    });
    diagnostics.append(&mut kept);
}

/// A line whose first word is not near to any keyword.
fn is_unknown(finding: &Diagnostic) -> bool {
    finding.code.id == codes::UNKNOWN_DECLARATION.id && finding.help.iter().all(|help| help.edit.is_none())
}

/// The bytes of a declaration: up to where the next begins.
fn declaration_bytes(outline: &Outline<'_>, range: &Range<usize>, first: bool) -> Range<usize> {
    let start = outline.tokens.get(range.start).map_or(0, |token| token.start);
    let start = if first { 0 } else { start };
    let end = outline.tokens.get(range.end).map_or(outline.text.len(), |token| token.start);
    start..end.max(start)
}

fn add_declarations(tree: &mut RuleFile, built: &mut ParsedDeclarations, broken: bool) {
    if tree.edition.is_none() {
        tree.edition = built.edition;
    }
    for item in &mut built.items {
        item.broken |= broken;
    }
    tree.items.append(&mut built.items);
    tree.allows.append(&mut built.allows);
}

/// Remembers the name of a declaration that is not in the tree.
fn record_unparsed_name(tree: &mut RuleFile, outline: &Outline<'_>, range: &Range<usize>) {
    let kept: BTreeSet<u32> = tree.items.iter().map(|item| item.span.start).collect();
    let lost = declared(tree.id, outline, range);
    tree.unparsed_names.extend(
        lost.into_iter()
            .filter(|name| !kept.iter().any(|start| *start < name.span.start && name.span.start < *start + 16)),
    );
}

/// The name that a declaration gives, by its place in the text.
fn declared(file: FileId, outline: &Outline<'_>, range: &Range<usize>) -> Option<Identifier> {
    let words =
        range.clone().filter(|index| outline.tokens.get(*index).is_some_and(|token| token.kind == TokenKind::Word));
    let mut pairs = words.filter(|index| outline.tokens.get(*index).is_some_and(|token| token.starts_line));
    let keyword = pairs.find(|index| outline.word(*index) != "allow" && outline.word(*index) != "edition")?;
    let name = outline.tokens.get(keyword + 1).filter(|token| token.kind == TokenKind::Word)?;
    Some(Identifier { text: outline.word(keyword + 1).into(), span: Span::new(file, name.start, name.end) })
}

/// The bytes of each declaration of a text.
pub(super) fn pieces(text: &str) -> Vec<Range<usize>> {
    let tokens: Vec<Token> = lex::tokens(text).collect();
    let outline = Outline::new(text, &tokens);
    let ranges = outline.declarations().into_iter().enumerate();
    ranges.map(|(number, range)| declaration_bytes(&outline, &range, number == 0)).collect()
}

/// The names of all declarations, for a text that is not parsed at all.
pub(super) fn names(file: FileId, text: &str) -> Vec<Identifier> {
    let tokens: Vec<Token> = lex::tokens(text).collect();
    let outline = Outline::new(text, &tokens);
    let declared = (0..tokens.len()).filter(|index| outline.declares(*index));
    declared.filter_map(|index| self::declared(file, &outline, &(index..index + 2))).collect()
}
