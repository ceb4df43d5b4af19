//! A name that differs from another of its kind by one letter: one of the two is likely a typing error.

use super::{LintInput, unset_label, visit};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::source::Span;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0009", "names that differ by one letter");

/// Shorter names often differ by one letter on purpose; longer ones are not compared.
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=64;

/// Labels that are compared although they are short, because a condition on a label that does not exist says nothing.
const SHORT_LENGTHS: std::ops::RangeInclusive<usize> = 3..=5;

/// Short labels that differ from others by one letter and are words of their own.
const SHORT_WORDS: [&str; 41] = [
    "api", "apm", "app", "apps", "area", "code", "core", "cost", "end", "env", "gpu", "cpu", "host", "job", "kind",
    "line", "mode", "name", "net", "node", "owner", "part", "path", "pid", "pod", "port", "rack", "role", "rule",
    "site", "sort", "tag", "task", "team", "term", "test", "tier", "type", "unit", "user", "zone",
];

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
    let labels = labels(input);
    near("label", &labels, diagnostics);
    near_labels(input, &labels, diagnostics);
}

/// The labels that conditions read and mappings set, each once, with its first place. Those that mappings set
/// and those that are used most stand first, so that the other name of a pair is reported. Labels that are certainly unknown have a finding of their own.
fn labels<'t>(input: &LintInput<'t>) -> Vec<(&'t str, Span)> {
    let unset = unset_label::reported(input);
    let mut labels = input.mentions.labels.clone();
    labels.retain(|_, (_, first)| !unset.contains(first));
    let set: HashSet<&str> = input.items().flat_map(visit::set_labels).map(|(name, _)| &*name.value).collect();
    for (name, _) in input.items().flat_map(visit::set_labels) {
        labels.entry(&name.value).or_insert((0, name.span)).0 += 1;
    }
    let mut labels: Vec<_> = labels.into_iter().collect();
    labels.sort_by_key(|(name, (count, first))| (!set.contains(name), Reverse(*count), *first));
    labels.into_iter().map(|(name, (_, first))| (name, first)).collect()
}

/// Reports each name that is one letter away from an earlier one.
fn near(kind: &str, names: &[(&str, Span)], diagnostics: &mut Findings) {
    let mut earlier = EarlierNames::default();
    for (name, span) in names.iter().filter(|(name, _)| LENGTHS.contains(&name.chars().count())) {
        if let Some(other) = earlier.one_letter_away(name) {
            diagnostics.push(finding(kind, (name, *span), other, "by one letter"));
        }
        earlier.add(name, *span);
    }
}

/// Letters that are exchanged, and labels that are shorter. A label that a mapping sets by its name is meant, and so
/// is a short one that is a word.
fn near_labels(input: &LintInput<'_>, labels: &[(&str, Span)], diagnostics: &mut Findings) {
    let set: HashSet<&str> = input.items().flat_map(visit::set_labels).map(|(name, _)| &*name.value).collect();
    let mut earlier = EarlierNames::default();
    let mut places: HashMap<&str, Span> = HashMap::new();
    for (name, span) in labels {
        let length = name.chars().count();
        let is_meant = set.contains(name) || SHORT_WORDS.contains(name);
        let short = Some(*name).filter(|_| SHORT_LENGTHS.contains(&length) && !is_meant);
        let other = short.and_then(|name| earlier.one_letter_away(name));
        let other = other.filter(|(other, _)| length.min(other.chars().count()) < *LENGTHS.start());
        let swapped = swapped(name).find_map(|swapped| places.get_key_value(&*swapped));
        let swapped = swapped.filter(|_| !is_meant && LENGTHS.end() >= &length);
        if let Some((other, first)) = swapped {
            diagnostics.push(finding("label", (name, *span), (other, *first), "by two letters that are exchanged"));
        } else if let Some(other) = other {
            diagnostics.push(finding("label", (name, *span), other, "by one letter"));
        }
        if SHORT_LENGTHS.contains(&length) {
            earlier.add(name, *span);
        }
        places.insert(name, *span);
    }
}

/// The name with each two letters side by side exchanged.
fn swapped(name: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = name.chars().take(*LENGTHS.end() + 1).collect();
    (1..letters.len()).filter_map(move |at| {
        let mut letters = letters.clone();
        letters.swap(at - 1, at);
        let digits = letters.get(at - 1..=at)?.iter().any(char::is_ascii_digit);
        (!digits).then(|| letters.into_iter().collect())
    })
}

fn finding(kind: &str, (name, span): (&str, Span), (other, first): (&str, Span), differs: &str) -> Diagnostic {
    Diagnostic::new(&CODE, span, format!("{kind} `{name}` differs from `{other}` {differs}"))
        .label("is the same meant?")
        .related(first, format!("`{other}` stands here"))
        .help(format!("write `{other}`, or give the two names that are easier to tell apart"))
}

/// Names by the texts that are left when one letter is removed, so the cost grows with their number and length alone.
#[derive(Default)]
struct EarlierNames<'n> {
    named: HashMap<&'n str, Span>,
    cut_at: HashMap<(usize, String), (&'n str, Span)>,
    cut_anywhere: HashMap<String, (&'n str, Span)>,
}

impl<'n> EarlierNames<'n> {
    /// An earlier name with one letter more, less, or different.
    fn one_letter_away(&self, name: &str) -> Option<(&'n str, Span)> {
        let letters: Vec<char> = name.chars().collect();
        let longer = self.cut_anywhere.get(name).filter(|(other, _)| may_be_typo(other, name)).copied();
        let shorter = || {
            let rests = (0..letters.len()).map(|at| cut(&letters, at));
            let known = rests.filter_map(|rest| self.named.get_key_value(&*rest));
            known.map(|(other, first)| (*other, *first)).find(|(other, _)| may_be_typo(name, other))
        };
        let same = (0..letters.len()).find_map(|at| {
            let known = self.cut_at.get(&(at, cut(&letters, at)));
            known.filter(|(other, _)| is_slip(&letters, other, at)).copied()
        });
        same.or(longer).or_else(shorter).filter(|(other, _)| *other != name)
    }

    fn add(&mut self, name: &'n str, span: Span) {
        let letters: Vec<char> = name.chars().collect();
        for at in 0..letters.len() {
            let rest = cut(&letters, at);
            self.cut_anywhere.entry(rest.clone()).or_insert((name, span));
            self.cut_at.entry((at, rest)).or_insert((name, span));
        }
        self.named.entry(name).or_insert(span);
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
