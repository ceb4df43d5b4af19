//! Rules that a gateway archived: those that decided an event, or those in force.

use crate::reload::Snapshot;
use crate::ruleset::RuleSet;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The rules of an archive in base64. `which` says in an error which they are: `the rules that decided the event`.
///
/// # Errors
/// Why they cannot be used, in words.
pub(super) fn read(archive: &str, which: &str) -> Result<RuleSet, String> {
    let archive = STANDARD.decode(archive).map_err(|error| error.to_string())?;
    let snapshot = Snapshot::from_archive(&archive).map_err(|error| format!("cannot read {which}: {error}"))?;
    let loaded = RuleSet::from_served_sources(snapshot.sources().clone(), &|path| snapshot.read(path), None);
    loaded.rules.ok_or_else(|| {
        let first = loaded.diagnostics.first().map(|found| format!(": {}", found.message)).unwrap_or_default();
        format!("this version of pointsman rejects {which}{first}")
    })
}
