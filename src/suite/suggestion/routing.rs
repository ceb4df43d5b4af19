//! Events for lines of routings: one table of cases for each routing.

use super::MissedParts;
use crate::evaluate::EvaluationContext;
use crate::event::{AlertStatus, Outcome, Severity};
use crate::json::Arena;
use crate::model::EventField;
use crate::prove::{RoutedWitness, Witness, WitnessFinder};
use crate::ruleset::{EvaluationTrace, RuleSet};
use crate::suite::test_value::TestValue;
use crate::text::quoted;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A row of a table: an event, what it is for, and the channels that get it.
struct Row {
    event: Witness,
    for_line: String,
    channels: Vec<String>,
}

/// A table for each routing with lines that nothing reached and events can reach.
pub(super) fn tables(rules: &RuleSet, missed: &mut MissedParts) -> Vec<String> {
    let mut finder = WitnessFinder::new(&rules.model);
    let mut witnesses = finder.lines(&rules.prove_lines());
    witnesses.extend(finder.arms(&|arm| missed.arms.contains(&arm)));
    let mut tables = Vec::new();
    for routing in &rules.model.routings {
        let own: Vec<&RoutedWitness> = witnesses.iter().filter(|witness| *witness.routing == *routing.name).collect();
        let rows: Vec<Row> = own.into_iter().filter_map(|witness| row(rules, witness, missed)).collect();
        if !rows.is_empty() {
            tables.push(table(&routing.name, &rows));
        }
    }
    tables
}

/// A row, if the event reaches a line or an arm that nothing reached.
fn row(rules: &RuleSet, witness: &RoutedWitness, missed: &mut MissedParts) -> Option<Row> {
    let arena = Arena::new();
    let event = witness.event.event(&arena);
    let context = EvaluationContext::at(witness.event.time());
    let mut trace = EvaluationTrace::with_limit(0);
    let outcome = rules.route(&witness.routing, &event, &context, &arena, &mut trace).ok()?;
    if !missed.reach(&trace) {
        return None;
    }
    let decision = Outcome::decision(&outcome)?;
    let channels = decision.channels.iter().map(|channel| (*channel).to_owned()).collect();
    Some(Row { event: witness.event.clone(), for_line: witness.line.to_string(), channels })
}

/// What differs among the rows is a hole of the event.
fn table(routing: &str, rows: &[Row]) -> String {
    let columns = Columns::of(rows);
    let mut text = format!("test {} {{\n  routing {routing}\n", quoted(&format!("suggested: routes of {routing}")));
    if columns.has_time {
        text += "  at time\n";
    }
    let _ = writeln!(text, "  event {}", columns.event());
    let _ = writeln!(text, "  cases {{ {} }} => sent {{", columns.names().join(", "));
    for row in rows {
        let cells = columns.cells(&row.event);
        let _ = writeln!(text, "    {cells} => [{}]   # {}", row.channels.join(", "), row.for_line);
    }
    text + "  }\n}\n"
}

/// The members of events that rows give, and the names of their holes.
struct Columns {
    has_time: bool,
    has_severity: bool,
    has_status: bool,
    fields: Vec<EventField>,
    /// The labels, each with the name of its hole.
    labels: Vec<(String, String)>,
}

impl Columns {
    fn of(rows: &[Row]) -> Self {
        let events = || rows.iter().map(|row| &row.event);
        let mut fields: BTreeSet<EventField> = events().flat_map(|event| event.texts.keys().copied()).collect();
        let times = |field| events().any(|event| time(event, field).is_some()).then_some(field);
        fields.extend([EventField::StartsAt, EventField::EndsAt].into_iter().filter_map(times));
        let labels: BTreeSet<&String> = events().flat_map(|event| event.labels.keys()).collect();
        let mut taken: BTreeSet<String> = fields.iter().map(|field| field.name().to_owned()).collect();
        taken.extend(["severity", "status", "time"].map(str::to_owned));
        let labels = labels.into_iter().map(|label| (label.clone(), hole(label, &mut taken))).collect();
        let mut columns = Self {
            has_time: events().any(|event| event.at.is_some()),
            has_severity: events().any(|event| event.severity != Severity::Warning),
            has_status: events().any(|event| event.status != AlertStatus::Firing),
            fields: fields.into_iter().collect(),
            labels,
        };
        // A table has at least one column.
        columns.has_severity |= columns.names().is_empty();
        columns
    }

    fn names(&self) -> Vec<&str> {
        let flags = [("time", self.has_time), ("severity", self.has_severity), ("status", self.has_status)];
        let own = flags.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name);
        own.chain(self.fields.iter().map(|field| field.name()))
            .chain(self.labels.iter().map(|(_, hole)| hole.as_str()))
            .collect()
    }

    /// The event with its holes.
    fn event(&self) -> String {
        let own: Vec<&str> = self.names().into_iter().filter(|name| *name != "time").collect();
        let fields = own.iter().take(own.len() - self.labels.len());
        let mut members: Vec<String> = fields.map(|name| format!("{name}: {name}")).collect();
        if !self.labels.is_empty() {
            let labels =
                self.labels.iter().map(|(label, hole)| (label.as_str().into(), TestValue::Name(hole.as_str().into())));
            members.push(format!("labels: {}", TestValue::Object(labels.collect())));
        }
        if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
    }

    /// The values of a row.
    fn cells(&self, event: &Witness) -> TestValue {
        let text = |text: &str| TestValue::Text(text.into());
        let mut cells: Vec<(&str, TestValue)> = Vec::new();
        if let Some(at) = event.at {
            cells.push(("time", text(&at.to_string())));
        }
        if self.has_severity {
            cells.push(("severity", TestValue::Name(event.severity.name().into())));
        }
        if self.has_status {
            cells.push(("status", TestValue::Name(event.status.name().into())));
        }
        for field in &self.fields {
            let value = event.texts.get(field).cloned().or_else(|| time(event, *field));
            cells.extend(value.map(|value| (field.name(), text(&value))));
        }
        for (label, hole) in &self.labels {
            cells.extend(event.labels.get(label).map(|value| (hole.as_str(), text(value))));
        }
        TestValue::Object(cells.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

fn time(event: &Witness, field: EventField) -> Option<String> {
    let time = if field == EventField::StartsAt { event.starts_at } else { event.ends_at };
    let is_time = matches!(field, EventField::StartsAt | EventField::EndsAt);
    time.filter(|_| is_time).map(|time| time.to_string())
}

/// The name of the hole of a label: the label where it is a word, otherwise its letters.
fn hole(label: &str, taken: &mut BTreeSet<String>) -> String {
    const WORDS: [&str; 4] = ["missing", "null", "true", "false"];
    let letters: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let begins = letters.starts_with(|first: char| first.is_ascii_lowercase());
    let mut name = if begins && !WORDS.contains(&&*letters) { letters } else { format!("label_{letters}") };
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}
