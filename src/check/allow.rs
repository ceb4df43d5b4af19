//! `allow CODE because "…"`: warnings that the author accepts. Errors cannot be silenced, because later stages cannot
//! run what they refuse. Findings of proofs and of samples come later, and all of them can be silenced.

use crate::check::{code, proof_code, sample_code};
use crate::diagnostic::{Diagnostic, DiagnosticCode, DiagnosticLevel, Findings, nearest};
use crate::source::{FileId, Span};
use crate::syntax::tree::{AllowDirective, RuleFile};
use std::collections::HashMap;

/// Removes the silenced findings, and reports every `allow` that silences nothing.
pub(super) fn apply(files: &[RuleFile], known: &[&'static DiagnosticCode], diagnostics: &mut Findings) {
    let allows: Vec<&AllowDirective> = files.iter().flat_map(|file| &file.allows).collect();
    if allows.is_empty() {
        return;
    }
    let index = AllowIndex::of(&allows);
    let mut used = vec![false; allows.len()];
    diagnostics.retain(|diagnostic| !index.silences(diagnostic, &mut used));
    // What is left out may be what an `allow` silences.
    let is_partial = diagnostics.has_errors() || diagnostics.is_cut();
    for (allow, used) in allows.into_iter().zip(used) {
        if let Some(diagnostic) = unknown(allow, known) {
            diagnostics.push(diagnostic);
        } else if !used && !is_partial && !is_of_later_stage(allow) {
            diagnostics.push(unused_allow(allow));
        }
    }
}

/// The places where findings of proofs and of samples are silenced.
pub(super) fn of_later_stages(files: &[RuleFile]) -> Vec<AllowDirective> {
    files.iter().flat_map(|file| &file.allows).filter(|allow| is_of_later_stage(allow)).cloned().collect()
}

/// Removes the findings of proofs that are silenced, and returns a finding for each `allow` that silences none.
#[must_use]
pub fn silence_proofs(allows: &[AllowDirective], found: &mut Vec<Diagnostic>) -> Vec<Diagnostic> {
    let allows: Vec<&AllowDirective> = allows.iter().filter(|allow| is_proof_code(&allow.code.text)).collect();
    let index = AllowIndex::of(&allows);
    let mut used = vec![false; allows.len()];
    found.retain(|diagnostic| !index.silences(diagnostic, &mut used));
    allows.into_iter().zip(used).filter(|(_, used)| !used).map(|(allow, _)| unused_allow(allow)).collect()
}

/// Removes the findings of samples that are silenced. An `allow` that silences none is not reported: other samples may show
/// what these do not.
pub fn silence_samples(allows: &[AllowDirective], found: &mut Vec<Diagnostic>) {
    let allows: Vec<&AllowDirective> = allows.iter().collect();
    let index = AllowIndex::of(&allows);
    found.retain(|diagnostic| !index.silences(diagnostic, &mut vec![false; allows.len()]));
}

/// Whether an `allow` can silence findings of a code: warnings, and what proofs find.
#[must_use]
pub fn can_be_allowed(code: &DiagnosticCode) -> bool {
    code.level() == DiagnosticLevel::Warning || is_proof_code(code.id)
}

fn is_of_later_stage(allow: &AllowDirective) -> bool {
    let id = &*allow.code.text;
    is_proof_code(id) || sample_code::CODES.iter().any(|code| code.id == id)
}

fn is_proof_code(id: &str) -> bool {
    proof_code::CODES.iter().any(|code| code.id == id)
}

/// What the allows cover, by code and file, so that a large set with many of them stays fast.
struct AllowIndex<'a> {
    covers: HashMap<(&'a str, FileId), Vec<SilencedSpan>>,
}

/// A place where a code is silenced.
struct SilencedSpan {
    place: Span,
    /// The furthest end of this place and of the places that begin before it.
    furthest: u32,
    /// Which `allow` it is.
    position: usize,
}

impl<'a> AllowIndex<'a> {
    fn of(allows: &[&'a AllowDirective]) -> Self {
        let mut positions: Vec<(usize, &AllowDirective)> = allows.iter().copied().enumerate().collect();
        positions.sort_by_key(|(_, allow)| allow.covers);
        let mut covers: HashMap<(&str, FileId), Vec<SilencedSpan>> = HashMap::new();
        for (position, allow) in positions {
            let place = allow.covers;
            let before = covers.entry((&allow.code.text, place.file)).or_default();
            let furthest = before.last().map_or(place.end, |cover| cover.furthest.max(place.end));
            before.push(SilencedSpan { place, furthest, position });
        }
        Self { covers }
    }

    /// Whether a finding is silenced; every `allow` that does so counts as used.
    fn silences(&self, diagnostic: &Diagnostic, used: &mut [bool]) -> bool {
        let place = diagnostic.span;
        let Some(covers) = self.covers.get(&(diagnostic.code.id, place.file)) else { return false };
        if diagnostic.level() == DiagnosticLevel::Error && !is_proof_code(diagnostic.code.id) {
            return false;
        }
        let after = covers.partition_point(|cover| cover.place.start <= place.start);
        let before = covers.iter().take(after).rev().take_while(|cover| cover.furthest >= place.end);
        let mut is_silenced = false;
        for cover in before.filter(|cover| cover.place.covers(place)) {
            is_silenced = true;
            if let Some(used) = used.get_mut(cover.position) {
                *used = true;
            }
        }
        is_silenced
    }
}

fn unknown(allow: &AllowDirective, known: &[&'static DiagnosticCode]) -> Option<Diagnostic> {
    let name = &allow.code;
    let warnings = known.iter().filter(|code| code.level() == DiagnosticLevel::Warning);
    if is_of_later_stage(allow) || warnings.clone().any(|code| *code.id == *name.text) {
        return None;
    }
    if let Some(error) = known.iter().find(|code| *code.id == *name.text) {
        let message = format!("`{}` ({}) is an error, which cannot be silenced", error.id, error.title);
        return Some(
            Diagnostic::new(&code::UNKNOWN_CODE, name.span, message)
                .help("fix what it reports, and remove the `allow`"),
        );
    }
    let diagnostic = Diagnostic::new(&code::UNKNOWN_CODE, name.span, format!("there is no warning `{}`", name.text));
    Some(match nearest(&name.text, warnings.map(|code| code.id)) {
        Some(near) => diagnostic.did_you_mean(name.span, near),
        None => diagnostic,
    })
}

fn unused_allow(allow: &AllowDirective) -> Diagnostic {
    let message = format!("this `allow` silences nothing: there is no `{}` here", allow.code.text);
    Diagnostic::new(&code::IDLE_ALLOW, allow.span, message).suggest("leave it out", allow.span, "")
}
