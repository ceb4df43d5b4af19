//! One line of a snapshot: an outcome as `run` prints it, as JSON.
//!
//! Places are relative to the folder of the test, so that a snapshot does not depend on where the tests are started.

use crate::event::{Outcome, OutcomeKind, RuleReason};
use crate::json::{Arena, ToJson};

/// The line of an outcome for a test in that folder.
pub(super) fn snapshot_line(outcome: &Outcome<'_>, folder: &str) -> String {
    let arena = Arena::new();
    let place = |at: &str| arena.text(&relative(at, folder));
    let mut outcome = outcome.clone();
    match &mut outcome.kind {
        OutcomeKind::Routed(_, decision) => {
            let reasons = decision.reasons.iter().map(|reason| RuleReason { at: place(reason.at), ..*reason });
            decision.reasons = arena.collect(reasons);
        }
        OutcomeKind::Dropped(reason) => reason.at = place(reason.at),
        OutcomeKind::Unaccepted(refusals) => {
            for refusal in refusals {
                refusal.at = place(refusal.at);
            }
        }
        OutcomeKind::Event(_) | OutcomeKind::Empty | OutcomeKind::Invalid { .. } => {}
    }
    outcome.to_json()
}

/// `path` relative to `folder`.
fn relative(path: &str, folder: &str) -> String {
    let folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let shared = folders.iter().zip(&parts).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..", folders.len() - shared);
    up.chain(parts.into_iter().skip(shared)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn places_are_relative_to_the_folder_of_the_test() {
        assert_eq!(relative("rules/arms/arms.rules:3", "rules/arms"), "arms.rules:3");
        assert_eq!(relative("rules/main.rules:3", "rules/arms"), "../main.rules:3");
        assert_eq!(relative("main.rules:3", ""), "main.rules:3");
    }
}
