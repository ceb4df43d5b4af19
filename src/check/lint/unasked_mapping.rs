//! A mapping that an integration never asks, because an earlier one accepts whatever it would accept.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{Expression, ExpressionKind, Mapping};
use crate::syntax::tree::{Declaration, Identifier};
use std::collections::{BTreeSet, HashMap};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0032", "mapping that is never asked");

/// How many mappings of one integration are compared with each other.
const MAX_COMPARED: usize = 64;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let mappings: HashMap<&str, &Mapping> = input.model.mappings.iter().map(|each| (&*each.name, each)).collect();
    for item in input.items().filter(|item| !item.broken) {
        let Declaration::Integration(integration) = &item.kind else { continue };
        for route in &integration.routes {
            let names = route.mappings.iter().take(MAX_COMPARED);
            let asked: Vec<AskedMapping<'_>> = names
                .filter_map(|name| Some(AskedMapping { name, accepts: accepts(input, mappings.get(&*name.text)?)? }))
                .collect();
            for (at, later) in asked.iter().enumerate() {
                let earlier = asked.iter().take(at).find(|earlier| earlier.accepts.is_subset(&later.accepts));
                if let Some(earlier) = earlier.filter(|earlier| earlier.name.text != later.name.text) {
                    diagnostics.push(never_asked(input, earlier, later));
                }
            }
        }
    }
}

/// A mapping of an integration: its place there, and the conditions that all must hold, as written.
struct AskedMapping<'t> {
    name: &'t Identifier,
    accepts: BTreeSet<&'t str>,
}

fn never_asked(input: &LintInput<'_>, earlier: &AskedMapping<'_>, later: &AskedMapping<'_>) -> Diagnostic {
    let (first, name) = (&earlier.name.text, &later.name.text);
    let message = format!("the mapping `{name}` is never asked");
    let (reason, help) = if earlier.accepts.is_empty() {
        (format!("`{first}` accepts every payload"), format!("give `{first}` an `accept when …`"))
    } else {
        (format!("`{first}` accepts all that `{name}` would"), format!("let `{first}` accept less"))
    };
    let finding = Diagnostic::new(&CODE, later.name.span, message)
        .label("the first mapping that accepts reads the payload")
        .related(earlier.name.span, reason)
        .help(help);
    if earlier.accepts == later.accepts {
        return finding;
    }
    let between = input.environment.sources.text(earlier.name.span.to(later.name.span));
    let moved = between.strip_suffix(&**name).map(|rest| rest.trim_end().trim_end_matches(','));
    match moved {
        Some(rest) if !rest.contains('#') => {
            let order = format!("{name}, {rest}");
            finding.suggest(format!("or put `{name}` before it"), earlier.name.span.to(later.name.span), order)
        }
        Some(_) | None => finding.help(format!("or put `{name}` before it")),
    }
}

/// The conditions of a mapping; nothing if they read lets, whose values the text does not show.
fn accepts<'i>(input: &LintInput<'i>, mapping: &Mapping) -> Option<BTreeSet<&'i str>> {
    let parts = mapping.accept.iter().flat_map(|accept| accept.when.conjuncts());
    parts.map(|part| (!reads_let(part)).then(|| input.environment.sources.text(part.span))).collect()
}

fn reads_let(value: &Expression) -> bool {
    let mut found = matches!(value.kind, ExpressionKind::Let(_));
    value.each_part(&mut |part| found |= reads_let(part));
    found
}
