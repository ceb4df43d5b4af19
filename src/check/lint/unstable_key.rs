//! A key that changes while its alert lasts: it reads what `status`, `severity` or a time reads, so a recovery does not
//! find its firing.
//!
//! A severity may also come from a table of names, such as the tier of a service, and a service may well be part of a
//! key. So a path counts as a severity only if its name or the words that it is compared with say so.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Comparator, ComparisonSubject, EventField, Expression, ExpressionKind, Literal, Mapping, Match, Model, TableRows,
};
use crate::path::CompiledPath;
use crate::source::Span;
use std::collections::{BTreeMap, HashSet};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0034", "key that changes with the alert");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for mapping in &input.model.mappings {
        let field = |wanted| mapping.fields.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value);
        let Some(key) = field(EventField::Key) else { continue };
        let mut changing = BTreeMap::new();
        let fields = [EventField::Status, EventField::Severity, EventField::StartsAt, EventField::EndsAt];
        for wanted in fields {
            if let Some(value) = field(wanted) {
                let mut reader = FieldReader::new(input.model, mapping, wanted);
                reader.read(value, PathUse::Direct);
                reader.found.into_iter().for_each(|(path, place)| {
                    changing.entry(path).or_insert((wanted, place));
                });
            }
        }
        let mut keys = KeyReader { mapping, seen: HashSet::new(), paths: Vec::new() };
        keys.read(key, None);
        let mut reported = HashSet::new();
        for (path, place) in &keys.paths {
            if let Some((field, read)) = changing.get(path.text()).or_else(|| whole_element(path, &changing))
                && reported.insert(path.text())
            {
                diagnostics.push(unstable(path, *place, *field, *read));
            }
        }
    }
}

fn unstable(path: &CompiledPath, place: Span, field: EventField, read: Span) -> Diagnostic {
    let text = path.text();
    let message = format!("the key reads `{text}`, which `{}` reads as well", field.name());
    let why = if field == EventField::Severity {
        "changes while the alert lasts"
    } else if field == EventField::Status {
        "differs between a firing and its recovery"
    } else {
        "may differ between a firing and its recovery"
    };
    Diagnostic::new(&CODE, place, message)
        .label(why)
        .related(read, format!("`{}` reads it here", field.name()))
        .note("a recovery that has another key than its firing is routed as a new event, and the firing stays open")
        .help("make the key of what names the alert: a rule and an object, or the identifier of the alert")
}

/// A field that changes and is read from within the element or payload that the key takes as a whole.
fn whole_element<'c>(
    path: &CompiledPath,
    changing: &'c BTreeMap<&str, (EventField, Span)>,
) -> Option<&'c (EventField, Span)> {
    let within = |text: &&&str| text.starts_with(path.text());
    let first = changing.keys().filter(within).min_by_key(|text| changing.get(**text).map(|(field, _)| *field))?;
    changing.get(*first).filter(|_| path.is_root())
}

/// The paths that a key reads, with the place in the key.
struct KeyReader<'m> {
    mapping: &'m Mapping,
    seen: HashSet<usize>,
    paths: Vec<(&'m CompiledPath, Span)>,
}

impl<'m> KeyReader<'m> {
    fn read(&mut self, value: &'m Expression, through: Option<Span>) {
        if let ExpressionKind::Path(path) = &value.kind {
            self.paths.push((path, through.unwrap_or(value.span)));
        }
        if let ExpressionKind::Let(id) = value.kind
            && self.seen.insert(id)
            && let Some(binding) = self.mapping.lets.get(id)
        {
            self.read(&binding.value, Some(through.unwrap_or(value.span)));
        }
        // What chooses an arm is not in the key, unless the key holds it too.
        if let ExpressionKind::Match(choice) = &value.kind {
            choice.arms.iter().for_each(|arm| self.read(&arm.result, through));
        } else if !matches!(value.kind, ExpressionKind::Compare(_) | ExpressionKind::Navigate(..)) {
            value.each_part(&mut |part| self.read(part, through));
        }
    }
}

/// How a path takes part in the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PathUse {
    /// It is the value, or decides it.
    Direct,
    /// It may only select which other value decides.
    Selecting,
}

/// The paths that decide a field.
struct FieldReader<'m> {
    model: &'m Model,
    mapping: &'m Mapping,
    field: EventField,
    seen: HashSet<(usize, PathUse)>,
    found: BTreeMap<&'m str, Span>,
}

/// Parts of names of a severity or status.
const SEVERITY_NAMES: [&str; 9] = ["sever", "level", "prio", "urgen", "grade", "crit", "stat", "sev", "threshold"];
const STATUS_NAMES: [&str; 6] = ["stat", "resol", "recover", "action", "firing", "closed"];

/// Words of a severity or status, in lower case.
const SEVERITY_WORDS: [&str; 22] = [
    "critical",
    "crit",
    "fatal",
    "emergency",
    "disaster",
    "error",
    "major",
    "high",
    "average",
    "warning",
    "warn",
    "minor",
    "medium",
    "low",
    "info",
    "notice",
    "p0",
    "p1",
    "p2",
    "p3",
    "sev1",
    "严重",
];
const STATUS_WORDS: [&str; 20] = [
    "resolved",
    "resolve",
    "recovered",
    "recovery",
    "ok",
    "normal",
    "closed",
    "close",
    "cleared",
    "firing",
    "alerting",
    "alert",
    "problem",
    "open",
    "opened",
    "triggered",
    "trigger",
    "active",
    "up",
    "down",
];

impl<'m> FieldReader<'m> {
    fn new(model: &'m Model, mapping: &'m Mapping, field: EventField) -> Self {
        Self { model, mapping, field, seen: HashSet::new(), found: BTreeMap::new() }
    }

    fn read(&mut self, value: &'m Expression, usage: PathUse) {
        if let ExpressionKind::Path(path) = &value.kind {
            if usage == PathUse::Direct || self.is_named(path.text()) {
                self.found.entry(path.text()).or_insert(value.span);
            }
        } else if let ExpressionKind::Let(id) = &value.kind {
            if self.seen.insert((*id, usage))
                && let Some(binding) = self.mapping.lets.get(*id)
            {
                self.read(&binding.value, usage);
            }
        } else if let ExpressionKind::Match(choice) = &value.kind {
            self.columns(choice.subjects.iter(), choice);
            choice.arms.iter().for_each(|arm| self.read(&arm.result, usage));
        } else if let ExpressionKind::Lookup(table, arguments) = &value.kind {
            match self.model.tables.get(*table).map(|table| &table.rows) {
                Some(TableRows::Arms(rows)) => self.columns(arguments.iter(), rows),
                Some(TableRows::Csv(_)) | None => {
                    arguments.iter().for_each(|argument| self.read(argument, PathUse::Selecting));
                }
            }
        } else if let ExpressionKind::Compare(comparison) = &value.kind {
            if let ComparisonSubject::Value(subject) = &comparison.subject {
                self.read(subject, self.usage(std::iter::once(&comparison.test)));
            }
        } else if !matches!(value.kind, ExpressionKind::Navigate(..)) {
            // A member of a value is another value than the whole.
            value.each_part(&mut |part| self.read(part, usage));
        }
    }

    /// The subjects of a match or the arguments of a table, each with the tests of its column.
    fn columns<R>(&mut self, subjects: impl ExactSizeIterator<Item = &'m Expression>, choice: &'m Match<R>) {
        let decides_alone = subjects.len() == 1 && self.field == EventField::Status;
        for (at, subject) in subjects.enumerate() {
            let patterns = choice.arms.iter().filter_map(|arm| arm.columns.get(at)).flatten();
            let usage = self.usage(patterns.filter_map(|pattern| pattern.test()).map(|(test, _)| test));
            self.read(subject, if decides_alone { PathUse::Direct } else { usage });
        }
    }

    /// Whether the words or numbers of these tests are those of a severity or status.
    fn usage(&self, mut tests: impl Iterator<Item = &'m Comparator>) -> PathUse {
        let words: &[&str] = if self.field == EventField::Severity { &SEVERITY_WORDS } else { &STATUS_WORDS };
        let is_word = |value: &Expression| match value.literal() {
            Some(Literal::Text(text)) => words.contains(&&*text.to_lowercase()),
            Some(_) | None => false,
        };
        let tells = |test: &Comparator| matches!(test, Comparator::Order(..)) || test.operands().iter().any(is_word);
        if tests.any(tells) { PathUse::Direct } else { PathUse::Selecting }
    }

    fn is_named(&self, path: &str) -> bool {
        let last = path.rsplit(['.', '[']).next().unwrap_or_default().to_lowercase();
        let names: &[&str] = if self.field == EventField::Severity { &SEVERITY_NAMES } else { &STATUS_NAMES };
        names.iter().any(|name| last.contains(name))
    }
}
