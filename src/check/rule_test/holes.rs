//! Holes and the rows that fill them.

use super::event::{EventRole, known, meant};
use super::{InputStatement, TestChecker, code};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::sequence::TIMES_HOLE;
use crate::source::Span;
use crate::syntax::tree::{
    CaseHoles, CaseRow, CaseRows, CaseTable, ExpectationKind, Identifier, TestJson, TestJsonKind, TestSubject, TestTime,
};
use crate::text::plural;
use std::collections::{BTreeMap, BTreeSet};

/// How many alternatives of a row are compared with other rows.
const ALTERNATIVES: usize = 1_000;

/// A hole where it is used, and the event field that it fills, if it fills one.
struct HoleUse<'t> {
    hole: &'t str,
    span: Span,
    fills: Option<HoleTarget<'t>>,
    place: HolePlace,
}

/// Where a hole is used.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HolePlace {
    /// In the event of `times`, where `n` is the number of the event.
    Times,
    /// Elsewhere.
    Elsewhere,
}

/// What a hole fills.
#[derive(Clone, Copy)]
enum HoleTarget<'t> {
    Field(&'t str, EventRole),
    Label(&'t str),
    Payload,
    Request,
    Time,
}

impl HoleUse<'_> {
    /// The constant that was likely meant, where a field takes constants.
    fn constant(&self) -> Option<&'static str> {
        if let Some(HoleTarget::Field(field, _)) = self.fills { meant(field, self.hole) } else { None }
    }

    /// What to write where the number of an event of `times` was meant.
    fn help_with_number(&self, found: Diagnostic) -> Diagnostic {
        match self.place {
            HolePlace::Times => found.suggest(
                format!("if it is the number of the event, which `times` fills: `{TIMES_HOLE}`"),
                self.span,
                TIMES_HOLE,
            ),
            HolePlace::Elsewhere if self.hole == TIMES_HOLE => found.help(format!(
                "only in the event of `times 40 event {{ … }}`, `{TIMES_HOLE}` is the number of the event"
            )),
            HolePlace::Elsewhere => found,
        }
    }

    fn suggest_string(&self, found: Diagnostic) -> Diagnostic {
        let quoted = format!("\"{}\"", self.hole);
        found.suggest(format!("if it is a string: `{quoted}`"), self.span, quoted)
    }
}

impl<'t> TestChecker<'_, 't> {
    /// Every hole is filled, every name of `cases` used.
    pub(super) fn holes(&mut self) {
        let uses = self.uses();
        let cases = self.statements.cases.first().map(|(cases, _)| *cases);
        let Some(cases) = cases else {
            for used in &uses {
                self.without_cases(used);
            }
            return;
        };
        let names: &[Identifier] = match &cases.holes {
            CaseHoles::Positional(names) | CaseHoles::Named(names, _) => names,
            CaseHoles::FromFile => return,
        };
        for used in uses.iter().filter(|used| names.iter().all(|name| *name.text != *used.hole)) {
            self.unfilled(used, names);
        }
        self.unused(names, &uses);
        self.filled(cases, names, &uses);
    }

    fn without_cases(&mut self, used: &HoleUse) {
        let message = format!("nothing fills the hole `{}`: this test has no `cases`", used.hole);
        let found = Diagnostic::new(&code::UNFILLED, used.span, message);
        if let Some(constant) = used.constant() {
            let help = format!("did you mean the constant `{constant}`?");
            return self.report(found.suggest(help, used.span, constant));
        }
        let help = format!("if it varies: `cases {} => severity {{ \"P1\" => Critical }}`", used.hole);
        self.report(used.help_with_number(used.suggest_string(found)).help(help));
    }

    fn unfilled(&mut self, used: &HoleUse, names: &[Identifier]) {
        let message = format!("nothing fills the hole `{}`", used.hole);
        let found = Diagnostic::new(&code::UNFILLED, used.span, message);
        self.report(match nearest(used.hole, names.iter().map(|name| &*name.text)) {
            Some(near) => found.did_you_mean(used.span, near),
            None => used.help_with_number(used.suggest_string(found)).help(format!(
                "if it varies, name it in `cases`: `cases {}, {} => …`",
                listed(names),
                used.hole
            )),
        });
    }

    fn unused(&mut self, names: &[Identifier], uses: &[HoleUse]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for name in names {
            if let Some(first) = seen.insert(&name.text, name.span) {
                let message = format!("the hole `{}` is named twice", name.text);
                self.report(Diagnostic::new(&code::ROW, name.span, message).related(first, "the first is here"));
            } else if uses.iter().all(|used| *used.hole != *name.text) {
                let message = format!("the hole `{}` is never used", name.text);
                let found = Diagnostic::new(&code::UNUSED, name.span, message);
                let help =
                    format!("write `{0}` without quotes where the input varies, or take it out of `cases`", name.text);
                self.report(found.help(help));
            }
        }
    }

    /// The values of the rows fit what their holes fill.
    fn filled(&mut self, cases: &'t CaseTable, names: &'t [Identifier], uses: &[HoleUse<'t>]) {
        let CaseRows::Inline(rows) = &cases.rows else { return };
        for (at, name) in names.iter().enumerate() {
            let fills: Vec<HoleTarget> =
                uses.iter().filter(|used| *used.hole == *name.text).filter_map(|used| used.fills).collect();
            let values = rows.iter().flat_map(|row| cell(&cases.holes, row, at, name));
            for value in values {
                for fill in &fills {
                    self.value(*fill, value);
                }
            }
        }
    }

    fn value(&mut self, fill: HoleTarget, value: &TestJson) {
        if self.is_bare_word(value) {
            return;
        }
        match fill {
            HoleTarget::Field(field, side) => self.field(field, value, side),
            HoleTarget::Label(name) => self.label(name, value),
            HoleTarget::Payload => self.payload(value),
            HoleTarget::Request => self.request_value(value),
            HoleTarget::Time => {
                if !self.is_time_or_missing(value) {
                    let found = Diagnostic::new(&code::TIME, value.span, "`at` takes a time");
                    self.report(found.help("write it in quotes: `\"2026-03-07T02:00:00+08:00\"`"));
                }
            }
        }
    }

    /// Whether a value of a row is a bare word, which would be a hole elsewhere; it is reported.
    fn is_bare_word(&mut self, value: &TestJson) -> bool {
        let TestJsonKind::Hole(word) = &value.kind else { return false };
        self.quote(value.span, format!("`{word}` is a bare word, and rows hold values"), word);
        true
    }

    /// Every hole that the test uses.
    fn uses(&self) -> Vec<HoleUse<'t>> {
        let mut uses = Vec::new();
        for (input, _) in &self.statements.inputs {
            match input {
                InputStatement::Payload(json) => gather(json, Some(HoleTarget::Payload), &mut uses),
                InputStatement::Event(json) => gather_event(json, EventRole::Given, &mut uses),
                InputStatement::Times(json) => {
                    let mut repeated = Vec::new();
                    gather_event(json, EventRole::Given, &mut repeated);
                    let others = repeated.into_iter().filter(|used| used.hole != TIMES_HOLE);
                    uses.extend(others.map(|used| HoleUse { place: HolePlace::Times, ..used }));
                }
                InputStatement::File => {}
            }
        }
        let headers = self.statements.headers.iter().map(|(_, value, _)| *value);
        for value in headers.chain(self.statements.path_suffixes.iter().map(|(value, _)| *value)) {
            gather(value, Some(HoleTarget::Request), &mut uses);
        }
        for (at, _) in &self.statements.at {
            if let TestTime::Hole(name) = at {
                let fills = Some(HoleTarget::Time);
                uses.push(HoleUse { hole: &name.text, span: name.span, fills, place: HolePlace::Elsewhere });
            }
        }
        for (expectation, _) in &self.statements.expectations {
            if let ExpectationKind::Subset(json) | ExpectationKind::Exactly(json) = &expectation.kind {
                gather_event(json, EventRole::Expected, &mut uses);
            } else if let ExpectationKind::Body(json) | ExpectationKind::Answer(json) = &expectation.kind {
                gather(json, None, &mut uses);
            } else if let ExpectationKind::Notified(_, messages) = &expectation.kind {
                for message in messages {
                    gather_event(message, EventRole::Expected, &mut uses);
                }
            }
        }
        uses
    }

    /// Checks what the rows expect, their shapes, and that no case is given twice.
    pub(super) fn rows(&mut self) {
        let Some((cases, _)) = self.statements.cases.first().copied() else { return };
        let subject = &cases.subject;
        self.row_subject(subject);
        let CaseRows::Inline(rows) = &cases.rows else { return };
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for row in rows {
            self.shape(&cases.holes, row);
            self.expected(&subject.text, &row.expected);
            self.duplicates(row, &mut seen);
        }
        if rows.is_empty() {
            let found = Diagnostic::new(&code::ROW, subject.span, "these `cases` have no row");
            self.report(found.help("write one a line: `\"P1\" => Critical`"));
        }
    }

    fn row_subject(&mut self, subject: &Identifier) {
        let word = &*subject.text;
        let kind = self.kind();
        let label = word.strip_prefix("labels.").is_some_and(|label| !label.is_empty());
        let routed = matches!(kind, Some(TestSubject::Routing | TestSubject::Integration));
        let channel = matches!(kind, Some(TestSubject::Channel));
        let message = match word {
            _ if kind.is_none() => return,
            "sent" if routed => return,
            "sent" => "only a routing or an integration sends".to_owned(),
            "body" if channel => return,
            "body" => "only a channel has a body".to_owned(),
            _ if channel => format!("a channel has no `{word}`, only a `body`"),
            "dropped" => return,
            _ if label || known(word, EventRole::Expected) => return,
            _ => {
                self.unknown_subject(subject);
                return;
            }
        };
        let help = match kind {
            Some(TestSubject::Channel) => "write `cases … => body { … => { \"text\": \"…\" } }`",
            Some(TestSubject::Mapping) => "a mapping has event fields and `dropped`: `cases … => severity`",
            Some(TestSubject::Routing | TestSubject::Integration) | None => "write `cases … => sent`",
        };
        self.report(Diagnostic::new(&code::EXPECTATION, subject.span, message).help(help));
    }

    fn unknown_subject(&mut self, subject: &Identifier) {
        let own = ["sent", "dropped"];
        match nearest(&subject.text, own) {
            Some(near) => {
                let message = format!("`cases` cannot expect `{}`", subject.text);
                let found = Diagnostic::new(&code::FIELD, subject.span, message);
                self.report(found.did_you_mean(subject.span, near));
            }
            None => self.unknown_field(&subject.text, subject.span, EventRole::Expected),
        }
    }

    fn expected(&mut self, subject: &str, expected: &TestJson) {
        match subject {
            "sent" => self.channels(expected),
            "body" => self.body(expected),
            "dropped" => {
                if !matches!(expected.kind, TestJsonKind::Text(_) | TestJsonKind::Missing) {
                    let found = Diagnostic::new(&code::VALUE, expected.span, "`dropped` takes a reason");
                    let help = "write it in quotes: `\"heartbeat\"`, or `missing` where nothing is dropped";
                    self.report(found.help(help));
                }
            }
            _ => {
                if self.is_bare_word(expected) {
                    return;
                }
                if let Some(label) = subject.strip_prefix("labels.") {
                    self.label(label, expected);
                } else if known(subject, EventRole::Expected) {
                    self.field(subject, expected, EventRole::Expected);
                }
            }
        }
    }

    fn shape(&mut self, holes: &CaseHoles, row: &CaseRow) {
        match holes {
            CaseHoles::Positional(names) if names.len() != row.values.len() => {
                let (wanted, found) = (names.len(), row.values.len());
                let message =
                    format!("this row has {}, and `cases` names {}", plural(found, "value"), plural(wanted, "hole"));
                let found = Diagnostic::new(&code::ROW, row.span, message);
                let shape = listed(names);
                self.report(found.help(format!("a row is `{shape} => …`; `missing` takes a name out of the input")));
            }
            CaseHoles::Named(names, _) => {
                for value in row.values.iter().flatten() {
                    self.named_row(names, value);
                }
            }
            CaseHoles::Positional(_) | CaseHoles::FromFile => {}
        }
    }

    fn named_row(&mut self, names: &[Identifier], value: &TestJson) {
        let Some(members) = value.members() else {
            let found = Diagnostic::new(&code::ROW, value.span, "a row of `cases { … }` is an object");
            let hole = names.first().map_or("hole", |name| &name.text);
            return self.report(found.help(format!("write `{{ {hole}: … }} => …`")));
        };
        for (key, _) in members.iter().filter(|(key, _)| names.iter().all(|name| name.text != key.value)) {
            let found = Diagnostic::new(&code::ROW, key.span, format!("`cases` names no hole `{}`", key.value));
            self.report(match nearest(&key.value, names.iter().map(|name| &*name.text)) {
                Some(near) => found.did_you_mean(key.span, near),
                None => found.help(format!("its holes are `{}`", listed(names))),
            });
        }
    }

    fn duplicates(&mut self, row: &CaseRow, seen: &mut BTreeMap<String, Span>) {
        for case in alternatives(row) {
            if let Some(first) = seen.get(&case) {
                let found = Diagnostic::new(&code::DUPLICATE, row.span, "this case is given twice");
                self.report(found.related(*first, "the first is here").help("take one of them out"));
                return;
            }
            seen.insert(case, row.span);
        }
    }
}

/// The values that a row gives a hole.
fn cell<'t>(holes: &CaseHoles, row: &'t CaseRow, at: usize, name: &Identifier) -> Vec<&'t TestJson> {
    match holes {
        CaseHoles::Positional(_) => row.values.get(at).into_iter().flatten().collect(),
        CaseHoles::Named(..) => {
            let objects = row.values.iter().flatten().filter_map(TestJson::members);
            objects.flatten().filter(|(key, _)| key.value == name.text).map(|(_, value)| value).collect()
        }
        CaseHoles::FromFile => Vec::new(),
    }
}

/// Every choice of a row, as text; so many at most.
fn alternatives(row: &CaseRow) -> BTreeSet<String> {
    let mut cases = BTreeSet::from([String::new()]);
    for column in &row.values {
        let extend = |case: &String| {
            column.iter().map(move |value| format!("{case}{}\u{0}", written(value))).collect::<Vec<_>>()
        };
        cases = cases.iter().flat_map(extend).take(ALTERNATIVES).collect();
    }
    cases
}

/// One text for equal values; the order of members does not count.
fn written(json: &TestJson) -> String {
    match &json.kind {
        TestJsonKind::Null => "null".to_owned(),
        TestJsonKind::Missing => "missing".to_owned(),
        TestJsonKind::Boolean(value) => value.to_string(),
        TestJsonKind::Number(text) | TestJsonKind::Hole(text) | TestJsonKind::Constant(text) => text.to_string(),
        TestJsonKind::Text(text) => format!("{text:?}"),
        TestJsonKind::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(",")),
        TestJsonKind::Object(members) => {
            let members: BTreeMap<&str, String> =
                members.iter().map(|(name, value)| (&*name.value, written(value))).collect();
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn gather_event<'t>(json: &'t TestJson, side: EventRole, uses: &mut Vec<HoleUse<'t>>) {
    let Some(members) = json.members() else { return gather(json, None, uses) };
    for (name, value) in members {
        match (&*name.value, value.members()) {
            ("labels", Some(labels)) => {
                for (label, value) in labels {
                    gather(value, Some(HoleTarget::Label(&label.value)), uses);
                }
            }
            (field, _) => gather(value, known(field, side).then_some(HoleTarget::Field(field, side)), uses),
        }
    }
}

/// The holes of a value. For a hole inside a field, what it fills is not known.
fn gather<'t>(json: &'t TestJson, fills: Option<HoleTarget<'t>>, uses: &mut Vec<HoleUse<'t>>) {
    let inner = fills.filter(|fills| matches!(fills, HoleTarget::Payload));
    if let TestJsonKind::Hole(hole) = &json.kind {
        uses.push(HoleUse { hole, span: json.span, fills, place: HolePlace::Elsewhere });
    }
    json.parts().for_each(|part| gather(part, inner, uses));
}

fn listed(names: &[Identifier]) -> String {
    names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(", ")
}
