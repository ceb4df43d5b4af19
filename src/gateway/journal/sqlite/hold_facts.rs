//! What mutes and silences say of an alert, as text.

use crate::notification::holds::{AlertFacts, HoldCandidate, MuteCandidate, SilenceId, SourceId, SourceRole};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is said of an alert, as its column holds it.
#[derive(Serialize, Deserialize)]
struct StoredFacts {
    #[serde(rename = "c", default, skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<StoredCandidate>,
    /// The sources, and the milliseconds of `until … after`.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<([u8; 16], u64)>,
    /// In milliseconds.
    #[serde(rename = "f")]
    counts_for: u64,
}

#[derive(Serialize, Deserialize)]
enum StoredCandidate {
    #[serde(rename = "s")]
    Silence([u8; 16]),
    #[serde(rename = "m")]
    Mute {
        #[serde(rename = "n")]
        mute: String,
        #[serde(rename = "p")]
        place: String,
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        source: Option<[u8; 16]>,
        #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
        channels: Option<Vec<String>>,
        #[serde(rename = "b")]
        because: String,
    },
}

pub(super) fn facts_text(facts: &AlertFacts) -> String {
    let candidate = |candidate: &HoldCandidate| match candidate {
        HoldCandidate::Silence(silence) => StoredCandidate::Silence(silence.0),
        HoldCandidate::Mute(mute) => StoredCandidate::Mute {
            mute: mute.mute.clone(),
            place: mute.place.clone(),
            source: mute.source.map(|source| source.0),
            channels: mute.channels.clone(),
            because: mute.because.clone(),
        },
    };
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let stored = StoredFacts {
        candidates: facts.candidates.iter().map(candidate).collect(),
        roles: facts.roles.iter().map(|role| (role.source.0, milliseconds(role.until_after))).collect(),
        counts_for: milliseconds(facts.counts_for),
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

/// Reads them; what cannot be read holds nothing.
pub(super) fn read_facts(text: &str) -> AlertFacts {
    let Ok(stored) = serde_json::from_str::<StoredFacts>(text) else { return AlertFacts::default() };
    let candidate = |candidate: StoredCandidate| match candidate {
        StoredCandidate::Silence(id) => HoldCandidate::Silence(SilenceId(id)),
        StoredCandidate::Mute { mute, place, source, channels, because } => {
            HoldCandidate::Mute(MuteCandidate { mute, place, source: source.map(SourceId), channels, because })
        }
    };
    let role = |(source, after)| SourceRole { source: SourceId(source), until_after: Duration::from_millis(after) };
    AlertFacts {
        candidates: stored.candidates.into_iter().map(candidate).collect(),
        roles: stored.roles.into_iter().map(role).collect(),
        counts_for: Duration::from_millis(stored.counts_for),
    }
}
