//! Labels in the names that Prometheus allows: `[a-zA-Z_][a-zA-Z0-9_]*`.

use crate::event::Labels;
use std::collections::HashSet;

/// Names and values in order, and notes on what was changed. Other characters of a name become `_`; a name that is then taken
/// gets a number.
pub(super) fn prometheus(labels: &Labels<'_>, most: usize) -> (Vec<(String, String)>, Vec<String>) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut kept = Vec::with_capacity(labels.len().min(most));
    let mut renamed = 0_usize;
    for (name, value) in labels.iter().take(most) {
        let wanted = super::cut::characters(name, 128).value;
        let mut valid = sanitized_name(&wanted);
        let mut number = 2;
        while !taken.insert(valid.clone()) {
            valid = format!("{}_{number}", sanitized_name(&wanted.chars().take(120).collect::<String>()));
            number += 1;
        }
        renamed += usize::from(valid != name);
        kept.push((valid, value.to_owned()));
    }
    let mut notes = Vec::new();
    if renamed > 0 {
        notes.push(format!("label names were changed to what the receiver allows: {renamed}"));
    }
    if labels.len() > most {
        notes.push(format!("of {} labels the first {most} are sent", labels.len()));
    }
    (kept, notes)
}

fn sanitized_name(name: &str) -> String {
    let mut valid: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if !valid.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        valid.insert(0, '_');
    }
    valid.truncate(128);
    valid
}
