//! A key that changes while its alert lasts: it reads what `status`, `severity` or a time reads, so a recovery does not
//! find its firing.
//!
//! A severity may also come from a table of names, such as the tier of a service, and a service may well be part of a
//! key. So a path counts as a severity only if its name or the words that it is compared with say so.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Comparator, ComparisonSubject, EventField, Expression, ExpressionKind, LetId, Literal, Mapping, Match, NodesPath,
    TableRows,
};
use crate::path::PathRoot;
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
                for (source, place) in FieldReader::new(input, mapping, wanted).sources(value) {
                    changing.entry(source).or_insert((wanted, place));
                }
            }
        }
        let mut sources = KeyReader::new(mapping).sources(key);
        sources.sort_by_key(|source| source.place.start);
        let mut reported = HashSet::new();
        for KeySource { source, value, place } in sources {
            if let Some((field, read)) = changing.get(&source).or_else(|| whole_element(&source, value, &changing))
                && reported.insert(source)
            {
                let text = input.environment.sources.text(value.span);
                diagnostics.push(unstable(text, place, *field, *read));
            }
        }
    }
}

fn unstable(text: &str, place: Span, field: EventField, read: Span) -> Diagnostic {
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
    source: &str,
    value: &Expression,
    changing: &'c BTreeMap<String, (EventField, Span)>,
) -> Option<&'c (EventField, Span)> {
    let ExpressionKind::Path(path) = &value.kind else { return None };
    let within = changing.iter().filter(|(text, _)| path.is_root() && text.starts_with(source));
    within.map(|(_, found)| found).min_by_key(|(field, _)| *field)
}

/// Where a value comes from, in one notation: `$["state"]` and `$.state` are the same, as are `given.state` and
/// `$.given.state` where `given` is `$.given`. Nothing for a value that is computed.
fn source(mapping: &Mapping, value: &Expression) -> Option<String> {
    /// A value does not nest deeper, and a chain of lets may be long.
    const MAXIMUM_STEPS: usize = 127;
    let (mut value, mut steps) = (value, Vec::new());
    let start = loop {
        if steps.len() > MAXIMUM_STEPS {
            return None;
        }
        match &value.kind {
            ExpressionKind::Navigate(base, path) => {
                steps.push(path);
                value = base;
            }
            ExpressionKind::Let(id) => {
                let binding = mapping.lets.get(*id)?;
                if !names_source(&binding.value) {
                    break format!("let {id}");
                }
                value = &binding.value;
            }
            ExpressionKind::Path(path) => {
                steps.push(path);
                let is_element = path.root() == PathRoot::Element && mapping.each.is_some();
                break if is_element { "@".to_owned() } else { "$".to_owned() };
            }
            ExpressionKind::Request(part) => break format!("{part:?}"),
            ExpressionKind::Nodes(nodes) => break nodes_source(mapping, nodes)?,
            ExpressionKind::Call(function, arguments) => {
                let arguments: Option<Vec<String>> = arguments.iter().map(|each| argument(mapping, each)).collect();
                break format!("{}({})", function.name, arguments?.join(", "));
            }
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Define(_)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Compare(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => return None,
        }
    };
    let steps = steps.iter().rev().flat_map(|path| path.steps());
    Some(steps.fold(start, |text, step| format!("{text}{step:?} ")))
}
fn nodes_source(mapping: &Mapping, nodes: &NodesPath) -> Option<String> {
    let start = nodes.start.as_deref().map_or(Some(String::new()), |start| source(mapping, start))?;
    Some(format!("nodes {start} {}", nodes.path.text()))
}

/// Whether a let only names where a value is.
fn names_source(value: &Expression) -> bool {
    let start = if let ExpressionKind::Navigate(base, _) = &value.kind { base } else { value };
    matches!(start.kind, ExpressionKind::Path(_) | ExpressionKind::Let(_) | ExpressionKind::Request(_))
}

fn argument(mapping: &Mapping, value: &Expression) -> Option<String> {
    value.literal().map(|literal| format!("{literal:?}")).or_else(|| source(mapping, value))
}

/// A value that a key reads.
struct KeySource<'m> {
    source: String,
    value: &'m Expression,
    /// Where the key reads it, which may be by a let.
    place: Span,
}

/// Reads what a key is made of. Lets wait in a list, because a chain of them may be long.
struct KeyReader<'m> {
    mapping: &'m Mapping,
    seen: HashSet<LetId>,
    waiting: Vec<(&'m Expression, Span)>,
    found: Vec<KeySource<'m>>,
}

impl<'m> KeyReader<'m> {
    fn new(mapping: &'m Mapping) -> Self {
        Self { mapping, seen: HashSet::new(), waiting: Vec::new(), found: Vec::new() }
    }

    fn sources(mut self, key: &'m Expression) -> Vec<KeySource<'m>> {
        self.read(key, None);
        while let Some((value, place)) = self.waiting.pop() {
            self.read(value, Some(place));
        }
        self.found
    }

    fn read(&mut self, value: &'m Expression, through: Option<Span>) {
        let place = through.unwrap_or(value.span);
        if let ExpressionKind::Let(id) = value.kind {
            let binding = self.mapping.lets.get(id).filter(|_| self.seen.insert(id));
            self.waiting.extend(binding.map(|binding| (&binding.value, place)));
        } else if let ExpressionKind::Match(choice) = &value.kind {
            // What chooses an arm is not in the key, unless the key holds it too.
            choice.arms.iter().for_each(|arm| self.read(&arm.result, through));
        } else if is_read(value) {
            let source = source(self.mapping, value);
            self.found.extend(source.map(|source| KeySource { source, value, place }));
        } else if !matches!(value.kind, ExpressionKind::Compare(_)) {
            value.each_part(&mut |part| self.read(part, through));
        }
    }
}

/// Whether a value is read, and not made of others. A member of a value is another value than the whole.
fn is_read(value: &Expression) -> bool {
    use ExpressionKind::{Navigate, Nodes, Path, Request};
    matches!(value.kind, Path(_) | Request(_) | Navigate(..) | Nodes(_))
}

/// How a path takes part in the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PathUse {
    /// It is the value, or decides it.
    Direct,
    /// It may only select which other value decides.
    Selecting,
}

/// Reads what decides a field. Lets wait in a list, because a chain of them may be long.
struct FieldReader<'f, 'm> {
    input: &'f LintInput<'m>,
    mapping: &'m Mapping,
    field: EventField,
    seen: HashSet<(LetId, PathUse)>,
    waiting: Vec<(&'m Expression, PathUse)>,
    found: BTreeMap<String, Span>,
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

impl<'f, 'm> FieldReader<'f, 'm> {
    fn new(input: &'f LintInput<'m>, mapping: &'m Mapping, field: EventField) -> Self {
        Self { input, mapping, field, seen: HashSet::new(), waiting: Vec::new(), found: BTreeMap::new() }
    }

    fn sources(mut self, value: &'m Expression) -> BTreeMap<String, Span> {
        self.read(value, PathUse::Direct);
        while let Some((value, usage)) = self.waiting.pop() {
            self.read(value, usage);
        }
        self.found
    }

    fn read(&mut self, value: &'m Expression, usage: PathUse) {
        if is_read(value) {
            let name = self.input.environment.sources.text(value.span);
            self.found(source(self.mapping, value), name, value.span, usage);
        } else if let ExpressionKind::Let(id) = &value.kind {
            let binding = self.mapping.lets.get(*id).filter(|_| self.seen.insert((*id, usage)));
            self.waiting.extend(binding.map(|binding| (&binding.value, usage)));
        } else if let ExpressionKind::Match(choice) = &value.kind {
            self.columns(choice.subjects.iter(), choice);
            choice.arms.iter().for_each(|arm| self.read(&arm.result, usage));
        } else if let ExpressionKind::Lookup(table, arguments) = &value.kind {
            match self.input.model.tables.get(*table).map(|table| &table.rows) {
                Some(TableRows::Arms(rows)) => self.columns(arguments.iter(), rows),
                Some(TableRows::Csv(_)) | None => {
                    arguments.iter().for_each(|argument| self.read(argument, PathUse::Selecting));
                }
            }
        } else if let ExpressionKind::Compare(comparison) = &value.kind {
            let usage = if usage == PathUse::Direct { usage } else { self.usage(std::iter::once(&comparison.test)) };
            match &comparison.subject {
                ComparisonSubject::Value(subject) => self.read(subject, usage),
                ComparisonSubject::Nodes(_, nodes) => {
                    self.found(nodes_source(self.mapping, nodes), nodes.path.text(), value.span, usage);
                }
                ComparisonSubject::Now => {}
            }
        } else {
            // One of several conditions may only select.
            let is_joined = matches!(value.kind, ExpressionKind::And(_) | ExpressionKind::Or(_));
            let usage = if is_joined { PathUse::Selecting } else { usage };
            value.each_part(&mut |part| self.read(part, usage));
        }
    }

    fn found(&mut self, source: Option<String>, name: &str, place: Span, usage: PathUse) {
        if let Some(source) = source.filter(|_| usage == PathUse::Direct || self.is_named(name)) {
            self.found.entry(source).or_insert(place);
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
