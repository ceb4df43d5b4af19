//! Warnings about rules that work, but likely not as their author wants. A lint is one file and one line in [`LINTS`].
//!
//! Lints read the tree where the source text matters and the checked model where types matter. No lint repeats what an
//! error has reported. Each is linear in the size of the rule set. Lints that scope at every node of the tree share one
//! walk: a large tree does not fit the processor's caches, so walking costs more than looking.

mod alert_origin;
mod coarse_group;
mod dead_negation;
mod endless_alert;
mod endless_mute;
mod endless_source;
mod exclusive_accepts;
mod foreign_glob;
mod foreign_template;
mod idle_mute;
mod impossible_regex;
mod impossible_text;
mod label_severity;
mod late_critical;
mod literal_star;
mod long_wait;
mod mention;
mod near_name;
mod needless_regex;
mod overwritten;
mod past_date;
mod routed_beat;
mod same_fallback;
mod unasked_mapping;
mod unknown_result;
mod unset_label;
mod unshared_value;
mod unsigned_condition;
mod unstable_key;
mod unused;
mod visit;
mod written_secret;

use crate::check::CheckEnvironment;
use crate::diagnostic::{DiagnosticCode, Findings};
use crate::model;
use crate::model::mention::ModelMentions;
use crate::syntax::tree;
use mention::Mentions;
use visit::TreeNode;

/// The input of a lint.
pub(crate) struct LintInput<'a> {
    /// The files as written.
    pub(crate) files: &'a [tree::RuleFile],
    /// The same, checked.
    pub(crate) model: &'a model::Model,
    /// Texts, and the date.
    pub(crate) environment: &'a CheckEnvironment<'a>,
    /// Whether there are errors: then something that seems absent may be misspelt or not parsed.
    pub(crate) partial: bool,
    /// What the expressions name.
    pub(crate) mentions: Mentions<'a>,
    /// What the checked expressions test and read.
    pub(crate) model_mentions: ModelMentions<'a>,
}

impl<'a> LintInput<'a> {
    /// Every declaration of every file.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a tree::DocumentedDeclaration> + use<'a> {
        self.files.iter().flat_map(|file| &file.items)
    }
}

/// A node of the tree, and where it stands.
pub(crate) struct VisitedNode<'a> {
    /// The declaration that holds it.
    pub(crate) item: &'a tree::DocumentedDeclaration,
    /// The node.
    pub(crate) node: TreeNode<'a>,
    /// Texts, and the date.
    pub(crate) environment: &'a CheckEnvironment<'a>,
}

type RuleSetLint = fn(&LintInput<'_>, &mut Findings);
type NodeLint = fn(&VisitedNode<'_>, &mut Findings);

/// What a lint looks at.
enum LintScope {
    /// At the rule set as a whole.
    RuleSet(RuleSetLint),
    /// At each node of the tree.
    Nodes(NodeLint),
    /// Both ways.
    Both(RuleSetLint, NodeLint),
}

/// Every lint with its code, in the order of the codes.
const LINTS: &[(&DiagnosticCode, LintScope)] = &[
    (&unused::CODE, LintScope::RuleSet(unused::run)),
    (&past_date::CODE, LintScope::Both(past_date::run, past_date::check_node)),
    (&literal_star::CODE, LintScope::Nodes(literal_star::check_node)),
    (&needless_regex::CODE, LintScope::Nodes(needless_regex::check_node)),
    (&overwritten::CODE, LintScope::RuleSet(overwritten::run)),
    (&foreign_template::CODE, LintScope::Nodes(foreign_template::check_node)),
    (&label_severity::CODE, LintScope::Nodes(label_severity::check_node)),
    (&near_name::CODE, LintScope::RuleSet(near_name::run)),
    (&dead_negation::CODE, LintScope::RuleSet(dead_negation::run)),
    (&unsigned_condition::CODE, LintScope::RuleSet(unsigned_condition::run)),
    (&unset_label::CODE, LintScope::RuleSet(unset_label::run)),
    (&unasked_mapping::CODE, LintScope::RuleSet(unasked_mapping::run)),
    (&exclusive_accepts::CODE, LintScope::RuleSet(exclusive_accepts::run)),
    (&unstable_key::CODE, LintScope::RuleSet(unstable_key::run)),
    (&endless_alert::CODE, LintScope::RuleSet(endless_alert::run)),
    (&foreign_glob::CODE, LintScope::Nodes(foreign_glob::check_node)),
    (&impossible_text::CODE, LintScope::RuleSet(impossible_text::run)),
    (&unknown_result::CODE, LintScope::RuleSet(unknown_result::run)),
    (&impossible_regex::CODE, LintScope::Nodes(impossible_regex::check_node)),
    (&written_secret::CODE, LintScope::RuleSet(written_secret::run)),
    (&coarse_group::CODE, LintScope::RuleSet(coarse_group::run)),
    (&long_wait::CODE, LintScope::RuleSet(long_wait::run)),
    (&late_critical::CODE, LintScope::RuleSet(late_critical::run)),
    (&unshared_value::CODE, LintScope::RuleSet(unshared_value::run)),
    (&endless_mute::CODE, LintScope::RuleSet(endless_mute::run)),
    (&idle_mute::CODE, LintScope::RuleSet(idle_mute::run)),
    (&routed_beat::CODE, LintScope::RuleSet(routed_beat::run)),
    (&endless_source::CODE, LintScope::RuleSet(endless_source::run)),
    (&same_fallback::CODE, LintScope::RuleSet(same_fallback::run)),
];

/// Runs every lint; `diagnostics` holds what was found before.
pub(crate) fn run(
    files: &[tree::RuleFile],
    model: &model::Model,
    environment: &CheckEnvironment<'_>,
    diagnostics: &mut Findings,
) {
    // An error may hide the use of a declaration that seems unused.
    let partial = diagnostics.has_errors();
    let mentions = visit_nodes(files, environment, diagnostics);
    let model_mentions = ModelMentions::of(model);
    let input = LintInput { files, model, environment, partial, mentions, model_mentions };
    for (_, scope) in LINTS {
        match scope {
            LintScope::RuleSet(run) | LintScope::Both(run, _) => run(&input, diagnostics),
            LintScope::Nodes(_) => {}
        }
    }
}

/// The one walk over all expressions: shows every node to the lints that scope at nodes, and gathers what is named.
fn visit_nodes<'a>(
    files: &'a [tree::RuleFile],
    environment: &'a CheckEnvironment<'a>,
    diagnostics: &mut Findings,
) -> Mentions<'a> {
    let lints: Vec<NodeLint> = LINTS.iter().filter_map(|(_, scope)| scope.nodes()).collect();
    let mut mentions = Mentions::default();
    for item in files.iter().flat_map(|file| &file.items) {
        visit::walk(item, &mut |node| {
            let seen = VisitedNode { item, node, environment };
            mentions.add(&seen);
            for lint in &lints {
                lint(&seen, diagnostics);
            }
        });
    }
    mentions
}

impl LintScope {
    fn nodes(&self) -> Option<NodeLint> {
        match self {
            Self::Nodes(see) | Self::Both(_, see) => Some(*see),
            Self::RuleSet(_) => None,
        }
    }
}

/// Whether findings of a code say that a test never holds: a text, a value or a regex cannot occur.
pub(crate) fn never_holds(code: &DiagnosticCode) -> bool {
    [&impossible_text::CODE, &unknown_result::CODE, &impossible_regex::CODE].iter().any(|own| own.id == code.id)
}

/// Whether findings of a code say that nothing uses a declaration.
pub(crate) fn is_unused(code: &DiagnosticCode) -> bool {
    unused::CODE.id == code.id
}

/// Whether findings of a code say that a mapping accepts nothing.
pub(crate) fn accepts_nothing(code: &DiagnosticCode) -> bool {
    exclusive_accepts::CODE.id == code.id
}

/// The codes of all lints, in the order of their numbers.
pub(crate) fn codes() -> impl Iterator<Item = &'static DiagnosticCode> {
    LINTS.iter().map(|(code, _)| *code)
}
