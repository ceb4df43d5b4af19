//! The part of `check` that follows the reading of a rule set. The command line and the language server share it, so that they
//! find the same.

use super::known_event::known_events;
use super::test_files::TestFiles;
use crate::ruleset::{LoadedRules, ProofSummary, Proofs};

/// Adds the findings of proofs, and those of parameters that no secret can make right. `proofs` is what is known of an
/// earlier version of the rules; the events of the tests are added to it.
pub fn complete_check(loaded: &mut LoadedRules, proofs: &mut Proofs, files: &dyn TestFiles) -> Option<ProofSummary> {
    if let Some(rules) = &loaded.rules {
        proofs.learn(known_events(rules, files));
    }
    let summary = loaded.prove_with(proofs);
    if let Some(rules) = &loaded.rules {
        // Only the gateway knows the secrets; this reports what it would refuse in any case.
        loaded.diagnostics.extend(rules.check_parameters());
    }
    summary
}
