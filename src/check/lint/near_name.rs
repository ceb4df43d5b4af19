//! A name that differs from another of its kind by one letter: one of the two is likely a typing error.

use super::{LintInput, visit};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::source::Span;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0009", "names that differ by one letter");

/// Shorter names often differ by one letter on purpose; longer ones are not compared.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=64;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let mut kinds: BTreeMap<&str, Vec<(&str, Span)>> = BTreeMap::new();
    for item in input.items() {
        if let Some(name) = visit::name(item) {
            kinds.entry(visit::kind(item)).or_default().push((&name.text, name.span));
        }
        let lets = visit::lets(item).into_iter().map(|name| (&*name.text, name.span)).collect::<Vec<_>>();
        near("let", &lets, diagnostics);
    }
    for (kind, names) in &kinds {
        near(kind, names, diagnostics);
    }
    near("label", &labels(input), diagnostics);
}

/// The labels that conditions read and mappings set, each once, with its first place. The most used stand first, so
/// that the rare name of a pair is reported.
fn labels<'t>(input: &LintInput<'t>) -> Vec<(&'t str, Span)> {
    let mut labels = input.mentions.labels.clone();
    for (name, _) in input.items().flat_map(visit::set_labels) {
        labels.entry(&name.value).or_insert((0, name.span)).0 += 1;
    }
    let mut labels: Vec<_> = labels.into_iter().collect();
    labels.sort_by_key(|(_, (count, first))| (Reverse(*count), *first));
    labels.into_iter().map(|(name, (_, first))| (name, first)).collect()
}

/// Reports each name that is one letter away from an earlier one. Names are compared by the texts
/// that are left when one letter is removed, so the cost grows with their number and length alone.
fn near(kind: &str, names: &[(&str, Span)], diagnostics: &mut Findings) {
    let mut by_name: HashMap<String, (&str, Span)> = HashMap::new();
    let mut by_cut: HashMap<(usize, String), (&str, Span)> = HashMap::new();
    let mut by_rest: HashMap<String, (&str, Span)> = HashMap::new();
    for (name, span) in names.iter().filter(|(name, _)| LENGTHS.contains(&name.chars().count())) {
        let letters: Vec<char> = name.chars().collect();
        let cuts: Vec<(usize, String)> = (0..letters.len()).map(|at| (at, cut(&letters, at))).collect();
        let longer = by_rest.get(*name).filter(|(other, _)| may_be_typo(other, name));
        let shorter = cuts.iter().find_map(|(_, rest)| by_name.get(rest).filter(|(other, _)| may_be_typo(name, other)));
        let same = cuts.iter().find_map(|key| by_cut.get(key).filter(|(other, _)| is_slip(&letters, other, key.0)));
        if let Some((other, first)) = same.or(longer).or(shorter).filter(|(other, _)| other != name) {
            let finding =
                Diagnostic::new(&CODE, *span, format!("{kind} `{name}` differs from `{other}` by one letter"));
            let finding = finding.label("is the same meant?").related(*first, format!("`{other}` stands here"));
            let help = format!("write `{other}`, or give the two names that are easier to tell apart");
            diagnostics.push(finding.help(help));
        }
        for (at, rest) in cuts {
            by_rest.entry(rest.clone()).or_insert((name, *span));
            by_cut.entry((at, rest)).or_insert((name, *span));
        }
        by_name.entry((*name).to_owned()).or_insert((name, *span));
    }
}

fn cut(letters: &[char], at: usize) -> String {
    letters.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, letter)| *letter).collect()
}

/// Whether an additional letter may be a typing error. A different digit counts names, but a separator is worth a
/// warning.
fn may_be_typo(longer: &str, shorter: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    digits(longer) == digits(shorter)
}

/// Whether a different letter may be a typing error. Digits count names, and a single letter between separators
/// (`team_a`, `team_b`) is a name.
fn is_slip(letters: &[char], other: &str, at: usize) -> bool {
    let other: Vec<char> = other.chars().collect();
    let (Some(one), Some(two)) = (letters.get(at), other.get(at)) else { return false };
    let separates = |letter: Option<&char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    let before = at.checked_sub(1).and_then(|before| letters.get(before));
    let alone = separates(before) && separates(letters.get(at + 1));
    one != two && !one.is_ascii_digit() && !two.is_ascii_digit() && !alone
}
