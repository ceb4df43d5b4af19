//! The findings about mappings.

use super::{Guard, GuardRole, PayloadOutcome, PayloadWitness};
use crate::check::proof_code;
use crate::diagnostic::Diagnostic;
use crate::model::{DropCondition, Mapping};
use crate::prove::message::related;
use crate::source::Span;

/// A condition of `accept` that no payload meets together with those before it.
pub(super) fn never_accepted(mapping: &Mapping, condition: Span, causes: &[Guard]) -> Diagnostic {
    let message = format!("no payload meets this condition, so `{}` accepts none", mapping.name);
    let found = Diagnostic::new(&proof_code::ACCEPTS_NOTHING, condition, message);
    let others: Vec<_> = others(causes, condition).collect();
    let found = found.label(if others.is_empty() { "never true" } else { "never true where the other one is" });
    related(found, others.into_iter())
        .help("fix it; of two conditions of which one is enough, write one `accept when … or …`")
}

/// A `drop` that drops nothing.
pub(super) fn never_dropped(line: &DropCondition, causes: &[Guard], shown: Option<String>) -> Diagnostic {
    let found = Diagnostic::new(&proof_code::DROPS_NOTHING, line.when.span, "this `drop` drops nothing");
    let is_taken = causes.iter().any(|cause| cause.role == GuardRole::NotDropped);
    let found = found.label(if is_taken { "all of it is dropped before" } else { "never true here" });
    let found = related(found, others(causes, line.when.span));
    let is_met = shown.is_some();
    let found = shown.into_iter().fold(found, Diagnostic::note);
    found.help(match (is_taken, is_met) {
        (true, true) => "remove it, or move it above the other",
        (true, false) => "remove it, or change what drops it before",
        (false, _) => "fix its condition, or remove it",
    })
}

/// A `drop` that leaves nothing.
pub(super) fn drops_all(mapping: &Mapping, line: &DropCondition, causes: &[Guard]) -> Diagnostic {
    let message = format!("this `drop` leaves nothing of what `{}` accepts", mapping.name);
    let found = Diagnostic::new(&proof_code::DROPS_ALL, line.when.span, message).label("true for all that is left");
    related(found, others(causes, line.when.span)).help(
        "fix its condition; if nothing of these payloads is to become an event, say so with `allow W0077 because \"…\"`",
    )
}

/// An arm that no payload chooses.
pub(super) fn dead_arm(arm: Span, causes: &[Guard], shown: Option<String>) -> Diagnostic {
    let is_taken = causes.iter().any(|cause| cause.role == GuardRole::ArmBefore);
    let is_alone = causes.iter().all(|cause| cause.role == GuardRole::Own);
    let found = Diagnostic::new(&proof_code::UNREACHABLE_ARM, arm, "no payload chooses this arm");
    let found = found.label(match (is_alone, is_taken) {
        (true, _) => "fits nothing",
        (false, true) => "what it fits is taken before",
        (false, false) => "what it fits does not get here",
    });
    let found = related(found, others(causes, arm));
    let found = shown.into_iter().fold(found, Diagnostic::note);
    found.help(match (is_alone, is_taken) {
        (true, _) => "fix its pattern, or remove it",
        (false, true) => "move it above the arms that take its values, or remove it",
        (false, false) => "remove it, or change the lines that keep its values away",
    })
}

/// The places of the causes besides the part itself.
fn others(causes: &[Guard], part: Span) -> impl Iterator<Item = (Span, String)> {
    causes.iter().filter(move |cause| cause.span != part && cause.role != GuardRole::Own).map(|cause| {
        let text = match cause.role {
            GuardRole::Accepted => "only what meets this is accepted",
            GuardRole::NotDropped => "drops what meets this",
            GuardRole::Around => "only then is it evaluated",
            GuardRole::ArmBefore => "takes some of it",
            GuardRole::Own | GuardRole::Always => "",
        };
        (cause.span, text.to_owned())
    })
}

/// What becomes of a payload that does not meet a part. Nothing if it does.
pub(super) fn becomes(witness: &PayloadWitness, outcome: &PayloadOutcome, part: Span) -> Option<String> {
    if outcome.arms.contains(&part) {
        return None;
    }
    let at = witness.at.map_or_else(String::new, |at| format!(" at {at}"));
    let fate = if !outcome.is_accepted {
        "is not accepted"
    } else if outcome.dropped.is_some() {
        "is dropped"
    } else {
        "chooses another arm"
    };
    Some(format!("`{witness}`{at} {fate}"))
}
