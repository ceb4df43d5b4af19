//! The text of an explanation: first the decision, then the values of the event, then the way through the routing.

use crate::diagnostic::{Styling, visible_json, visible_line};
use crate::evaluate::{AnswerBody, LineOutcome, PushAnswer};
use crate::event::{Event, Outcome, OutcomeKind};
use crate::model::{RoutingLine, RoutingLineBody};
use crate::ruleset::{
    ArmTrace, AssignedValue, ComparisonTrace, ElementTrace, RouteTrace, RuleSet, TraceStep, line_at, visible_excerpt,
};
use crate::source::Span;
use std::fmt::Write;

/// Writes an explanation line by line.
pub(super) struct ExplanationWriter<'r> {
    rules: &'r RuleSet,
    styling: Styling,
    text: String,
}

/// The meaning of a piece of text, shown by its colour.
#[derive(Debug, Clone, Copy)]
enum TextStyle {
    Title,
    Hit,
    Passed,
    Stopped,
    Declined,
    Aside,
}

impl TextStyle {
    fn ansi_code(self) -> &'static str {
        match self {
            Self::Title => "1",
            Self::Hit => "1;32",
            Self::Passed => "32",
            Self::Stopped => "31",
            Self::Declined => "33",
            Self::Aside => "2",
        }
    }
}

impl<'r> ExplanationWriter<'r> {
    pub(super) fn new(rules: &'r RuleSet, styling: Styling) -> Self {
        Self { rules, styling, text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, indent: &str, text: &str) {
        let _ = writeln!(self.text, "{indent}{text}");
    }

    fn styled(&self, style: TextStyle, text: &str) -> String {
        self.styling.styled(style.ansi_code(), text)
    }

    fn place(&self, place: Span) -> String {
        self.styled(TextStyle::Aside, &format!("({})", visible_line(&self.rules.sources.file_and_line(place))))
    }

    /// The outcome of the alert, and the reasons for it.
    pub(super) fn outcome(&mut self, name: &str, outcome: &Outcome<'_>) {
        let index = outcome.index.map(|index| format!(", alert {index}")).unwrap_or_default();
        let title = self.styled(TextStyle::Title, &visible_excerpt(&format!("{name}{index}")));
        let channels = outcome.decision().map(|decision| decision.channels.join(", ")).unwrap_or_default();
        let result = if channels.is_empty() {
            self.styled(TextStyle::Declined, outcome.name())
        } else {
            self.styled(TextStyle::Hit, &format!("sent to {channels}"))
        };
        self.line("", &format!("{title}: {result}"));
        match &outcome.kind {
            OutcomeKind::Unaccepted(refusals) => {
                for refusal in refusals {
                    let reason = visible_excerpt(refusal.reason);
                    let place = if refusal.at.is_empty() { String::new() } else { format!(" ({})", refusal.at) };
                    let text = format!("`{}` does not accept it: {reason}{place}", refusal.mapping);
                    self.line("  ", &text);
                }
            }
            OutcomeKind::Dropped(reason) => self.reason(reason.reason, reason.at),
            OutcomeKind::Event(_) | OutcomeKind::Routed(..) | OutcomeKind::Empty | OutcomeKind::Invalid { .. } => {}
        }
        if let Some(event) = outcome.event() {
            self.event(event);
        }
        if let Some(decision) = outcome.decision() {
            for reason in decision.reasons {
                self.reason(reason.reason, reason.at);
            }
        }
    }

    /// What the sender gets once the push is durable.
    pub(super) fn answer(&mut self, answer: &PushAnswer) {
        let body = match &answer.body {
            AnswerBody::Receipt => "the id and the outcomes".to_owned(),
            AnswerBody::Empty => "no body".to_owned(),
            AnswerBody::TooLarge => "no body, as it would be larger than 4 KiB".to_owned(),
            AnswerBody::Text(text) => visible_json(&serde_json::Value::from(text.as_str()).to_string()).into_owned(),
            AnswerBody::Json(json) => visible_json(&json.to_string()).into_owned(),
        };
        self.line("", &format!("the sender of the whole payload gets {} with {body}", answer.status));
    }

    fn reason(&mut self, reason: &str, at: &str) {
        let at = self.styled(TextStyle::Aside, &format!("({at})"));
        self.line("  ", &format!("because: {} {at}", visible_excerpt(reason)));
    }

    fn event(&mut self, event: &Event<'_>) {
        let quoted = |text: &str| visible_json(&serde_json::Value::from(text).to_string()).into_owned();
        let (title, key) = (quoted(event.title), quoted(event.key));
        self.line("  ", &format!("{} {} {title}, key {key}", event.severity, event.status));
        self.labels(event);
        for note in event.notes {
            let note = self.styled(TextStyle::Declined, &format!("note: {}", visible_excerpt(note)));
            self.line("  ", &note);
        }
    }

    /// The labels, several on a line.
    fn labels(&mut self, event: &Event<'_>) {
        let mut line = "labels:".to_owned();
        for (name, value) in event.labels.iter() {
            let label = visible_excerpt(&format!("{name}={}", serde_json::Value::from(value)));
            if line.chars().count() + label.chars().count() > 110 {
                self.line("  ", &line);
                "       ".clone_into(&mut line);
            }
            let _ = write!(line, " {label}");
        }
        if !event.labels.is_empty() {
            self.line("  ", &line);
        }
    }

    /// The values of the payload and of the event, with the arms that were chosen for them.
    pub(super) fn mapping(&mut self, name: &str, lets: &[AssignedValue], element: &ElementTrace) {
        let values = || lets.iter().chain(&element.assigned);
        if values().next().is_none() && element.drops.is_empty() {
            return;
        }
        let heading = self.styled(TextStyle::Title, &format!("mapping `{name}`"));
        self.line("", &heading);
        for tried in element.drops.iter().filter_map(TraceStep::comparison) {
            let tried = self.tried(tried, None);
            self.line("  drop?  ", &tried);
        }
        let names = values().map(|assigned| assigned.name.chars().count());
        let width = names.max().unwrap_or(0).min(20);
        for assigned in values() {
            self.assigned(assigned, width);
        }
    }

    fn assigned(&mut self, assigned: &AssignedValue, width: usize) {
        self.line("  ", &format!("{:width$} = {}", assigned.name, visible_excerpt(&assigned.value)));
        let indent = " ".repeat(width + 5);
        for arm in assigned.steps.iter().filter_map(TraceStep::arm) {
            let arm = self.arm(arm);
            self.line(&indent, &arm);
        }
        for note in &assigned.notes {
            let note = self.styled(TextStyle::Declined, &format!("note: {}", visible_excerpt(note)));
            self.line(&indent, &note);
        }
    }

    fn arm(&self, arm: &ArmTrace) -> String {
        let written = visible_excerpt(self.rules.sources.text(arm.place));
        let subjects = visible_excerpt(&arm.subjects.join(", "));
        let place = self.place(arm.place);
        match arm.row {
            Some(row) => format!("row {} of {written}, for {subjects}  {place}", row + 1),
            None => format!("{written}, for {subjects}  {place}"),
        }
    }

    /// A part of a condition, with its place if it is outside the line, in a `define`.
    fn tried(&self, tried: &ComparisonTrace, within: Option<Span>) -> String {
        let text = tried.render(&self.rules.sources);
        let (mark, rest) = text.split_at_checked(3).unwrap_or((&text, ""));
        let mark = self.styled(if tried.holds { TextStyle::Passed } else { TextStyle::Stopped }, mark);
        let elsewhere = within.is_some_and(|within| !within.covers(tried.place));
        let place = if elsewhere { format!("  {}", self.place(tried.place)) } else { String::new() };
        format!("{mark}{rest}{place}")
    }

    /// The way through the routing, as a tree.
    pub(super) fn routing(&mut self, element: &ElementTrace) {
        if !element.lines.is_empty() {
            let heading = self.styled(TextStyle::Title, "routing");
            self.line("", &heading);
        }
        self.lines(&element.lines, "  ");
        if !element.followed.is_empty() {
            let channels = element.followed.join(", ");
            self.line("  ", &format!("a recovery follows its firing: {channels}, and what `always` lines give"));
        }
    }

    fn lines(&mut self, lines: &[RouteTrace], indent: &str) {
        for (position, line) in lines.iter().enumerate() {
            let last = position + 1 == lines.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let head = self.head(line);
            self.line(&format!("{indent}{branch}"), &head);
            let indent = format!("{indent}{below}");
            let inner = format!("{indent}{} ", if line.lines.is_empty() { "  " } else { "│ " });
            for tried in line.steps.iter().filter_map(TraceStep::comparison) {
                let tried = self.tried(tried, Some(line.place));
                self.line(&inner, &tried);
            }
            for arm in line.steps.iter().filter_map(TraceStep::arm) {
                let arm = self.arm(arm);
                self.line(&inner, &arm);
            }
            for missing in line.steps.iter().filter_map(TraceStep::missing_member) {
                let did = if line.end == LineOutcome::Declined { "declined" } else { "left out" };
                let reason = self.styled(TextStyle::Declined, &format!("{did}: {}", missing.reason()));
                self.line(&inner, &reason);
            }
            self.lines(&line.lines, &indent);
        }
    }

    /// A line as it is written, with its destinations if it hit, and its path.
    fn head(&self, line: &RouteTrace) -> String {
        let is_target =
            |written: &&RoutingLine| line.end == LineOutcome::Hit && matches!(written.body, RoutingLineBody::Target(_));
        let written = line_at(self.rules, &line.path).filter(is_target);
        let shown = written.map_or(line.place, |written| line.place.to(written.span));
        let head = visible_excerpt(self.rules.sources.text(shown));
        let (style, end) = match line.end {
            LineOutcome::Hit => (TextStyle::Hit, "HIT"),
            LineOutcome::Skipped => (TextStyle::Aside, "skipped"),
            LineOutcome::Declined => (TextStyle::Declined, "declined"),
        };
        let place = format!("({}, {})", line.path, self.rules.sources.file_and_line(line.place));
        format!("{}: {head}  {}", self.styled(style, end), self.styled(TextStyle::Aside, &place))
    }

    /// The answers to "why not this route?".
    pub(super) fn why_not(&mut self, path: &str, answer: &str) {
        let heading = self.styled(TextStyle::Title, &format!("why not `{path}`?"));
        self.line("", &heading);
        for line in answer.lines() {
            self.line("  ", line);
        }
    }
}
