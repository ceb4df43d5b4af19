//! From tree to model. All mistakes that can be known before evaluation are reported here: names, types, totality,
//! arms, and the warnings of lints.
//!
//! A broken declaration keeps its name and its position in the model, so that its uses are not reported as well. For
//! the same reason, an expression that was reported has the type "unknown", which fits everywhere.

mod alert_value;
mod allow;
mod alternative;
mod answer;
mod argument;
mod bare_names;
mod bare_word;
mod block;
mod call;
mod channel;
mod code;
mod column_name;
mod column_text;
mod comparison;
mod context;
mod cover;
mod csv;
mod define;
mod destination;
mod duration;
mod expression;
mod fallback;
mod family;
mod family_columns;
mod family_rows;
mod field;
mod foreign_parameter;
mod graph;
mod group;
mod habit;
mod heartbeat;
pub(crate) mod import_code;
mod integration;
mod kind_of_finding;
mod lint;
mod literal;
mod mapping;
mod matching;
mod message_group;
mod mismatch;
mod mute;
mod names;
mod navigation;
mod notification;
mod parameter;
mod parameter_value;
mod possible_status;
pub(crate) mod proof_code;
mod request;
mod routing;
mod rule_test;
pub(crate) mod sample_code;
mod schedule;
mod scope;
mod secret;
mod secret_name;
mod secret_text;
mod silence;
mod statement;
mod table;

pub use allow::{can_be_allowed, silence_proofs, silence_samples};
pub(crate) use csv::stays_below;
pub use kind_of_finding::{is_unknown_name, marks_unneeded};
pub(crate) use lint::{accepts_nothing, never_holds};
pub use silence::check_condition;

use crate::diagnostic::{DiagnosticCode, Findings};
use crate::model::{self, Model};
use crate::source::Sources;
use crate::syntax::{self, tree};
use crate::time::Timestamp;
use context::LoweringContext;
use names::{Declarations, DeclaredNames};
use rule_test::TestedRules;
use std::path::Path;

/// What `check` needs from outside: files that the rules name, and the date.
pub struct CheckEnvironment<'s> {
    /// The text of every rule file.
    pub sources: &'s Sources,
    /// Reads a file that a rule names, relative to the rule file's folder: a table's CSV. The error is the reason.
    pub read: &'s dyn Fn(&std::path::Path) -> Result<String, String>,
    /// The date that warnings about past windows take; none: they are not given.
    pub at: Option<Timestamp>,
}

/// Checks all files as one rule set. `parsed` holds the findings of the parser. The model holds every valid
/// declaration; a set with an error in its diagnostics must not be run.
#[must_use]
pub fn check(files: &[tree::RuleFile], environment: &CheckEnvironment<'_>, mut parsed: Findings) -> (Model, Findings) {
    let declarations = Declarations::of(files);
    let names = DeclaredNames::collect(&declarations, environment.sources, &mut parsed);
    let mut cx = LoweringContext::new(environment, names, parsed);
    let mut model = lower(&declarations, &mut cx);
    model.later_allows = allow::of_later_stages(files);
    let (mut found, unparsed) = (cx.diagnostics, cx.names.unparsed_names);
    mute::check_reach(&model, &mut found);
    let tested = TestedRules { model: &model, unparsed: &unparsed, sources: environment.sources };
    for test in &model.tests {
        rule_test::check(&test.tree, test.span, &tested, &mut found);
    }
    for (item, statement) in declarations.statements.iter().filter(|(item, _)| !item.broken) {
        rule_test::check_statement(statement, item.span, &tested, &mut found);
    }
    lint::run(files, &model, environment, &mut found);
    let known: Vec<&DiagnosticCode> = codes().into_iter().chain(syntax::codes().iter().copied()).collect();
    allow::apply(files, &known, &mut found);
    found.sort();
    (model, found)
}

/// The codes of this stage.
#[must_use]
pub fn codes() -> Vec<&'static DiagnosticCode> {
    code::CODES
        .iter()
        .chain(proof_code::CODES)
        .chain(sample_code::CODES)
        .chain(import_code::CODES)
        .chain(cover::CODES)
        .chain(rule_test::CODES)
        .copied()
        .chain(lint::codes())
        .collect()
}

fn lower(all: &Declarations<'_>, cx: &mut LoweringContext<'_>) -> Model {
    let tables: Vec<_> = all.tables.iter().map(|(item, table)| table::lower(item, table, cx)).collect();
    let defines = define::lower(&all.defines, cx);
    let schedules = all.schedules.iter().filter_map(|(_, schedule)| schedule::lower(schedule, cx)).collect();
    let mut channels = channel::lower(&all.channels, cx);
    fallback::resolve(&all.channels, &mut channels, cx);
    let mappings: Vec<_> = all.mappings.iter().map(|(item, mapping)| mapping::lower(item, mapping, cx)).collect();
    let routings = all.routings.iter().map(|(item, routing)| routing::lower(item, routing, cx)).collect();
    routing::check_calls(&all.routings, cx);
    let mutes = all.mutes.iter().filter_map(|(_, it)| mute::lower(it, cx)).collect();
    let heartbeats = all.heartbeats.iter();
    let heartbeats = heartbeats.filter_map(|(item, it)| heartbeat::lower(item, it, &defines, cx)).collect();
    let mut keys = integration::KeyOwners::new();
    let integrations = all.integrations.iter();
    let integrations =
        integrations.map(|(item, it)| integration::lower(item, it, (&mappings, &tables), &mut keys, cx)).collect();
    let complete_tests = all.tests.iter().filter(|(item, _)| !item.broken);
    let tests = complete_tests.map(|(item, test)| self::test(item, test, cx)).collect();
    let families = std::mem::take(&mut cx.families);
    let mut model = Model {
        mappings,
        tables,
        defines,
        schedules,
        channels,
        families,
        routings,
        mutes,
        heartbeats,
        integrations,
        tests,
        statements: Vec::new(),
        statement_places: all.statements.iter().map(|(item, _)| item.span).collect(),
        later_allows: Vec::new(),
    };
    model.statements = all.statements.iter().filter_map(|(item, it)| statement::lower(item, it, &model, cx)).collect();
    model
}

/// A test as it is written; the files that it names lie beside its own.
fn test(item: &tree::DocumentedDeclaration, test: &tree::Test, cx: &LoweringContext<'_>) -> model::Test {
    let name = cx.environment.sources.name(item.span);
    let folder = Path::new(name).parent().unwrap_or(Path::new("")).to_path_buf();
    model::Test { tree: test.clone(), span: item.span, folder }
}
