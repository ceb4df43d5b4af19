//! The grammar of Pointsman's rule files for Tree-sitter, and the queries that editors need.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_pointsman() -> *const ();
}

/// The language: `tree_sitter::Parser::set_language(&LANGUAGE.into())`.
// SAFETY: the generated parser defines this function, and it returns a constant.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_pointsman) };

/// What parts are, for colours.
pub const HIGHLIGHTS: &str = include_str!("../queries/highlights.scm");

/// What folds.
pub const FOLDS: &str = include_str!("../queries/folds.scm");

/// How lines are indented.
pub const INDENTS: &str = include_str!("../queries/indents.scm");

/// What can be selected or jumped to as a whole.
pub const TEXT_OBJECTS: &str = include_str!("../queries/textobjects.scm");

/// Parts of other languages.
pub const INJECTIONS: &str = include_str!("../queries/injections.scm");
