//! The warnings: a rule set that works, but likely not as its author wants. A lint is one file and one line in [`LINTS`].
//!
//! Lints read the tree where the words matter and the checked model where types do; none of them says anything twice
//! that an error has said. Each is linear in the size of the rule set.

mod copy;
mod dead_negation;
mod foreign_template;
mod label_severity;
mod near_name;
mod needless_regex;
mod overwritten;
mod passed;
mod resolved;
mod star;
mod unused;
mod visit;

use crate::check::{Surroundings, model};
use crate::diagnostic::{Code, Diagnostic, Level};
use crate::syntax::tree;

/// What a lint looks at.
pub(crate) struct Input<'a> {
    /// The files as written.
    pub(crate) files: &'a [tree::File],
    /// The same, checked.
    pub(crate) model: &'a model::Model,
    /// Texts, and the date.
    pub(crate) surroundings: &'a Surroundings<'a>,
    /// Whether there are errors, so that what is absent may merely be misspelt or unread.
    pub(crate) partial: bool,
}

impl<'a> Input<'a> {
    /// Every declaration of every file.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a tree::Item> + use<'a> {
        self.files.iter().flat_map(|file| &file.items)
    }
}

type Run = fn(&Input<'_>, &mut Vec<Diagnostic>);

/// Every lint with its code, in the order of the codes.
const LINTS: &[(&Code, Run)] = &[
    (&unused::CODE, unused::run),
    (&passed::CODE, passed::run),
    (&star::CODE, star::run),
    (&needless_regex::CODE, needless_regex::run),
    (&overwritten::CODE, overwritten::run),
    (&foreign_template::CODE, foreign_template::run),
    (&label_severity::CODE, label_severity::run),
    (&near_name::CODE, near_name::run),
    (&dead_negation::CODE, dead_negation::run),
    (&resolved::CODE, resolved::run),
    (&copy::CODE, copy::run),
];

/// Runs every lint; `diagnostics` holds what was found before.
pub(crate) fn run(
    files: &[tree::File],
    model: &model::Model,
    surroundings: &Surroundings<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    // A name that an error keeps from being found may be the use of a declaration that seems unused.
    let partial = diagnostics.iter().any(|found| found.level() == Level::Error);
    let input = Input { files, model, surroundings, partial };
    for (_, lint) in LINTS {
        lint(&input, diagnostics);
    }
}

/// The codes of all lints, in the order of their numbers.
pub(crate) fn codes() -> impl Iterator<Item = &'static Code> {
    LINTS.iter().map(|(code, _)| *code)
}
