//! Paths that no sample has.

use super::followed_path::FollowedPath;
use super::seen::Seen;
use crate::check::sample_code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::Mapping;
use crate::path::{CompiledPath, SingularStep};
use crate::text::{backticked, enumeration, plural, quoted};
use std::collections::HashSet;

/// How many names a note lists.
const MAX_LISTED: usize = 12;

/// One finding for each path that no sample of its mapping has, at its first place.
pub(super) fn findings(mappings: &[Mapping], seen: &Seen<'_>) -> Vec<Diagnostic> {
    let mut reported: HashSet<(usize, &str)> = HashSet::new();
    let mut found = Vec::new();
    for path in &seen.paths {
        let Some((id, mapping)) = path.mapping.and_then(|id| Some((id, mappings.get(id)?))) else { continue };
        if !path.is_found && path.has_start && reported.insert((id, path.read.path.text())) {
            found.push(finding(path, seen, &mapping.name));
        }
    }
    found
}

fn finding(followed: &FollowedPath<'_>, seen: &Seen<'_>, mapping: &str) -> Diagnostic {
    let (path, span) = (followed.read.path, followed.read.span);
    let samples = followed.mapping.and_then(|id| seen.mappings.get(id));
    let (payloads, elements) = samples.map_or((0, 0), |samples| (samples.payloads, samples.elements));
    let (alerts, samples) = (plural(elements, "alert"), plural(payloads, "sample"));
    let found = Diagnostic::new(&sample_code::ABSENT_PATH, span, format!("no sample has `{}`", path.text()))
        .label("is always missing")
        .note(format!("`{mapping}` reads {alerts} of {samples}"));
    let Some(SingularStep::Name(name)) = path.steps().get(followed.depth) else { return found };
    match nearest(name.name().text(), followed.names.iter().map(|name| &**name)) {
        Some(near) => found.did_you_mean(span, with_step(path, followed.depth, near)),
        None if (1..=MAX_LISTED).contains(&followed.names.len()) => {
            let names = backticked(followed.names.iter());
            found.note(format!("`{}` has {}", prefix(path, followed.depth), enumeration(&names, "and")))
        }
        None => found,
    }
}

/// The path with another name at a step.
fn with_step(path: &CompiledPath, at: usize, name: &str) -> String {
    let rest = path.steps().get(at + 1..).unwrap_or_default();
    prefix(path, at) + &member(name) + &rest.iter().map(written).collect::<String>()
}

/// The first steps of a path.
fn prefix(path: &CompiledPath, steps: usize) -> String {
    path.start_text().to_owned() + &path.steps().iter().take(steps).map(written).collect::<String>()
}

fn written(step: &SingularStep) -> String {
    match step {
        SingularStep::Name(name) => member(name.name().text()),
        SingularStep::Index(index) => format!("[{index}]"),
    }
}

fn member(name: &str) -> String {
    let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word { format!(".{name}") } else { format!("[{}]", quoted(name)) }
}
