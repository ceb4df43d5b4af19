//! Values of samples whose severity or status an `else` decides.

use super::seen::Seen;
use crate::check::sample_code;
use crate::diagnostic::Diagnostic;
use crate::text::{enumeration, plural};

/// How many values a message lists.
const MAX_LISTED: usize = 6;

/// One finding for each `else` that decides about a value.
pub(super) fn findings(seen: &Seen<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (place, samples) in &seen.levels {
        let Some((first, (_, file))) = samples.values.iter().next() else { continue };
        let mut shown: Vec<String> = samples.values.keys().take(MAX_LISTED).cloned().collect();
        let more = samples.values.len() - shown.len();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        let times: usize = samples.values.values().map(|(count, _)| count).sum();
        let message = format!("`else` decides about {} of samples", enumeration(&shown, "and"));
        found.push(
            Diagnostic::new(&sample_code::FALLS_TO_ELSE, *place, message)
                .label(format!("is chosen for {}", plural(times, "alert")))
                .note(format!("{first} comes first in {file}"))
                .help("write an arm for each value that has a meaning of its own"),
        );
    }
    found
}
