//! From rule text to a tree: the pest grammar in `grammar/`, the tree builder, and recovery from what does not parse.

mod classification;
pub(crate) mod codes;
mod concrete;
mod disguise;
mod expectation;
mod explain;
mod grammar;
mod lex;
mod lower;
mod recover;
#[cfg(test)]
mod tests;
pub mod tree;
mod words;

use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::source::{FileId, Sources, Span};
pub use classification::{ClassifiedToken, TokenClass, classified_tokens};
pub use concrete::{BlockKind, ConcreteToken, ItemKind, TokenPlace, concrete_tokens};
pub use expectation::{ExpectedSyntax, SyntaxPlace, expected_at};
use grammar::{Grammar, Rule};
use pest::Parser as _;

/// The largest file that is read, in bytes.
const LARGEST: usize = 8 << 20;

/// The longest line that is read, in bytes.
const LONGEST: usize = 1 << 20;

/// Reads one rule file. The tree holds everything that could be parsed; everything else is reported.
pub fn parse(sources: &Sources, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> tree::RuleFile {
    let text = sources.file(file).map_or("", crate::source::SourceFile::text);
    let mut tree =
        tree::RuleFile { id: file, edition: None, items: Vec::new(), allows: Vec::new(), unparsed_names: Vec::new() };
    if let Some(finding) = too_large(file, text) {
        diagnostics.push(finding);
        return tree;
    }
    if let Err(excess) = lex::check_limits(text) {
        diagnostics.push(codes::limit_exceeded(file, 0, excess));
        tree.unparsed_names = recover::names(file, text);
        return tree;
    }
    let findings = diagnostics.len();
    match lower::file(file, text, 0, diagnostics) {
        Ok(built) => {
            tree.edition = built.edition;
            tree.items = built.items;
            tree.allows = built.allows;
        }
        Err(_) => recover::file(&mut tree, text, diagnostics),
    }
    edition(&tree, text, diagnostics, findings);
    disguise::check(file, text, diagnostics);
    tree
}

/// Reads a condition that stands alone, as that of a silence. Everything that does not parse is reported.
pub fn parse_condition(sources: &Sources, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> Option<tree::Expression> {
    let text = sources.file(file).map_or("", crate::source::SourceFile::text);
    if let Err(excess) = lex::check_limits(text) {
        diagnostics.push(codes::limit_exceeded(file, 0, excess));
        return None;
    }
    match lower::condition(file, text, diagnostics) {
        Ok(condition) => condition,
        Err(error) => {
            diagnostics.push(explain::condition(file, text, &error));
            None
        }
    }
}

/// Whether the grammar accepts a text as a rule file. No tree is built: this measures the least cost of [`parse`].
#[must_use]
pub fn accepts(text: &str) -> bool {
    Grammar::parse(Rule::file, text).is_ok()
}

fn too_large(file: FileId, text: &str) -> Option<Diagnostic> {
    if text.len() > LARGEST {
        let message = format!("the file has {} bytes, the largest that is read {LARGEST}", text.len());
        return Some(
            Diagnostic::new(&codes::TOO_LARGE, Span::new(file, 0, 0), message)
                .help("split it: every `*.rules` file of the set is read"),
        );
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.len() > LONGEST {
            let message = format!("the line has {} bytes, the longest that is read {LONGEST}", line.len());
            let finding = Diagnostic::new(&codes::TOO_LARGE, Span::new(file, start, start + 1), message);
            return Some(finding.help("a payload of a test may stand in a file of its own: `input file \"…\"`"));
        }
        start += line.len();
    }
    None
}

/// Reports a missing or unknown edition.
fn edition(tree: &tree::RuleFile, text: &str, diagnostics: &mut Vec<Diagnostic>, findings: usize) {
    match tree.edition {
        Some((1, _)) => {}
        Some((_, span)) => {
            let finding = Diagnostic::new(&codes::EDITION, span, "the only edition is 1");
            diagnostics.push(finding.rewrite(span, "edition 1"));
        }
        // A broken edition line has been reported already.
        None if diagnostics.iter().skip(findings).any(|finding| finding.code == &codes::EDITION) => {}
        None => {
            let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
            let place = Span::new(tree.id, start, start);
            let finding =
                Diagnostic::new(&codes::NO_EDITION, place, "the file does not say which edition it is written in");
            diagnostics.insert(findings, finding.suggest("begin it with `edition 1`", place, "edition 1\n\n"));
        }
    }
}

/// Every code of this stage, in the order of their numbers.
#[must_use]
pub fn codes() -> &'static [&'static DiagnosticCode] {
    codes::CODES
}

/// Whether a word cannot be a name.
#[must_use]
pub fn is_reserved(word: &str) -> bool {
    words::RESERVED.contains(&word)
}

/// Every word of the language, in alphabetical order.
#[must_use]
pub fn keywords() -> &'static [&'static str] {
    words::KEYWORDS
}

/// Where the last declaration of a text begins, with its documentation and `allow`s.
#[must_use]
pub fn declaration_start(text: &str) -> usize {
    recover::pieces(text).last().map_or(0, |piece| piece.start)
}
