//! The warnings: a rule set that works, but likely not as its author wants. A lint is one file and one line in [`LINTS`].
//!
//! Lints read the tree where the words matter and the checked model where types do; none of them says anything twice
//! that an error has said. Each is linear in the size of the rule set, and those that look at every node of the tree share
//! one walk: a large tree does not fit the processor's caches, so that going through it costs more than looking.

mod copy;
mod dead_negation;
mod foreign_template;
mod label_severity;
mod mention;
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
use mention::Mentions;
use visit::Node;

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
    /// What the expressions name.
    pub(crate) mentions: Mentions<'a>,
}

impl<'a> Input<'a> {
    /// Every declaration of every file.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a tree::Item> + use<'a> {
        self.files.iter().flat_map(|file| &file.items)
    }
}

/// A node of the tree, and where it stands.
pub(crate) struct Seen<'a> {
    /// The declaration that holds it.
    pub(crate) item: &'a tree::Item,
    /// The node.
    pub(crate) node: Node<'a>,
    /// Texts, and the date.
    pub(crate) surroundings: &'a Surroundings<'a>,
}

type Run = fn(&Input<'_>, &mut Vec<Diagnostic>);
type See = fn(&Seen<'_>, &mut Vec<Diagnostic>);

/// How a lint looks.
enum Look {
    /// At the rule set as a whole.
    Whole(Run),
    /// At each node of the tree.
    Nodes(See),
    /// Both ways.
    Both(Run, See),
}

/// Every lint with its code, in the order of the codes.
const LINTS: &[(&Code, Look)] = &[
    (&unused::CODE, Look::Whole(unused::run)),
    (&passed::CODE, Look::Both(passed::run, passed::see)),
    (&star::CODE, Look::Nodes(star::see)),
    (&needless_regex::CODE, Look::Nodes(needless_regex::see)),
    (&overwritten::CODE, Look::Whole(overwritten::run)),
    (&foreign_template::CODE, Look::Nodes(foreign_template::see)),
    (&label_severity::CODE, Look::Nodes(label_severity::see)),
    (&near_name::CODE, Look::Whole(near_name::run)),
    (&dead_negation::CODE, Look::Whole(dead_negation::run)),
    (&resolved::CODE, Look::Whole(resolved::run)),
    (&copy::CODE, Look::Whole(copy::run)),
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
    let mentions = see_nodes(files, surroundings, diagnostics);
    let input = Input { files, model, surroundings, partial, mentions };
    for (_, look) in LINTS {
        match look {
            Look::Whole(run) | Look::Both(run, _) => run(&input, diagnostics),
            Look::Nodes(_) => {}
        }
    }
}

/// The one walk over all expressions: shows every node to the lints that look at nodes, and gathers what is named.
fn see_nodes<'a>(
    files: &'a [tree::File],
    surroundings: &'a Surroundings<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Mentions<'a> {
    let lints: Vec<See> = LINTS.iter().filter_map(|(_, look)| look.nodes()).collect();
    let mut mentions = Mentions::default();
    for item in files.iter().flat_map(|file| &file.items) {
        visit::walk(item, &mut |node| {
            let seen = Seen { item, node, surroundings };
            mentions.take_in(&seen);
            for lint in &lints {
                lint(&seen, diagnostics);
            }
        });
    }
    mentions
}

impl Look {
    fn nodes(&self) -> Option<See> {
        match self {
            Self::Nodes(see) | Self::Both(_, see) => Some(*see),
            Self::Whole(_) => None,
        }
    }
}

/// The codes of all lints, in the order of their numbers.
pub(crate) fn codes() -> impl Iterator<Item = &'static Code> {
    LINTS.iter().map(|(code, _)| *code)
}
