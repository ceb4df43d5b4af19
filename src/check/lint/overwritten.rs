//! A label that a mapping sets and always sets again further down.

use super::{LintInput, visit};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::LabelEntry;
use crate::source::Span;
use std::collections::HashMap;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0006", "label that is always overwritten");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let set = input.items().flat_map(visit::set_labels);
    let names: HashMap<Span, Span> = set.map(|(name, value)| (value.span, name.span)).collect();
    for mapping in &input.model.mappings {
        // From the bottom: a label that is always set below makes every entry above it useless.
        let mut certain: HashMap<&str, Span> = HashMap::new();
        let mut found = Vec::new();
        for entry in mapping.labels.iter().rev() {
            let LabelEntry::Set(name, value) = entry else { continue };
            let place = names.get(&value.span).copied().unwrap_or(value.span);
            if let Some(below) = certain.get(&**name) {
                found.push(overwritten(name, place, *below));
            }
            if !value.types.may_be_missing() {
                certain.entry(name).or_insert(place);
            }
        }
        diagnostics.extend(found.into_iter().rev());
    }
}

fn overwritten(name: &str, place: Span, below: Span) -> Diagnostic {
    Diagnostic::new(&CODE, place, format!("label `{name}` is always overwritten"))
        .label("this value is never kept")
        .related(below, "set again here, and never missing")
        .help("remove one of the two, or join them with `??`")
}
