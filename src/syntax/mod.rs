//! From rule text to a tree: the pest grammar in `grammar/`, the tree builder, and recovery from what does not parse.

pub mod tree;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources};

/// Reads one rule file. Whatever did not parse is in the diagnostics, all of it; whatever did is in the tree.
pub fn parse(_sources: &Sources, _file: FileId, _diagnostics: &mut Vec<Diagnostic>) -> tree::File {
    todo!()
}
