//! From rule text to a tree: the pest grammar in `grammar/`, the tree builder, and recovery from what does not parse.

mod build;
pub(crate) mod codes;
mod explain;
mod grammar;
mod lex;
pub mod tree;

pub use codes::CODES;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources, Span};

/// Reads one rule file. Whatever did not parse is in the diagnostics, all of it; whatever did is in the tree.
pub fn parse(sources: &Sources, file: FileId, diagnostics: &mut Vec<Diagnostic>) -> tree::File {
    let text = sources.file(file).map_or("", crate::source::SourceFile::text);
    let mut tree = tree::File { id: file, edition: None, items: Vec::new(), allows: Vec::new() };
    if let Err(at) = lex::depth(text) {
        diagnostics.push(codes::too_deep(Span::new(file, at, at + 1)));
        return tree;
    }
    match build::file(file, text, 0, diagnostics) {
        Ok(built) => {
            tree.edition = built.edition;
            tree.items = built.items;
            tree.allows = built.allows;
        }
        Err(error) => {
            let (at, expected) = explain::failure(&error);
            diagnostics.push(Diagnostic::new(&codes::UNEXPECTED, Span::new(file, at, at + 1), expected));
        }
    }
    tree
}
