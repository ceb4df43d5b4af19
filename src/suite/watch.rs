//! What happened while a case ran: the arms chosen, the comparisons made, the routes tried.
//!
//! A failure shows the value of every part of the condition that decided, and coverage counts what was hit; both come
//! from here. What is recorded is bounded, so that a batch of ten thousand elements costs a test no gigabyte.

use super::shown::Shown;
use crate::evaluate::{LineEnd, Observer};
use crate::source::{Sources, Span};
use crate::value::Value;
use std::collections::BTreeSet;

/// So many steps are kept; what follows counts for coverage alone.
const KEPT: usize = 50_000;
/// So many lines of a walk are shown.
const SHOWN: usize = 40;
/// A longer value is cut.
const WIDTH: usize = 100;

/// Listens to one evaluation.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The arms that were chosen, by place.
    pub(super) arms: BTreeSet<Span>,
    /// The paths of the lines that hit or declined.
    pub(super) lines: BTreeSet<Box<str>>,
    /// Each with the element of the payload that it belongs to.
    steps: Vec<(Option<usize>, Step)>,
    element: Option<usize>,
}

#[derive(Debug)]
enum Step {
    Arm(Span, Vec<Shown>),
    Row {
        lookup: Span,
        found: bool,
        arguments: Vec<Shown>,
    },
    Comparison {
        place: Span,
        subject: Shown,
        operand: Option<Shown>,
        holds: bool,
    },
    Assigned(Box<str>),
    Enter(Box<str>),
    Leave(LineEnd),
    /// A whole condition was decided: what it compared belongs to no field.
    Decided,
}

impl Watch {
    fn keep(&mut self, step: impl FnOnce() -> Step) {
        if self.steps.len() < KEPT {
            self.steps.push((self.element, step()));
        }
    }

    /// The steps of one element, or of the payload or event as a whole.
    fn of(&self, element: Option<usize>) -> impl Iterator<Item = &Step> {
        let wanted = move |of: Option<usize>| element.is_none() || of == element;
        self.steps.iter().filter(move |(of, _)| wanted(*of)).map(|(_, step)| step)
    }
}

impl Observer for Watch {
    const LISTENS: bool = true;

    fn arm(&mut self, arm: Span, subjects: &[Value<'_>]) {
        self.arms.insert(arm);
        self.keep(|| Step::Arm(arm, subjects.iter().map(Shown::from).collect()));
    }

    fn mapping(&mut self, _name: &str) {
        self.element = None;
    }

    fn element(&mut self, index: usize) {
        self.element = Some(index);
    }

    fn routed(&mut self, index: usize) {
        self.element = Some(index);
    }

    fn row(&mut self, lookup: Span, row: Option<usize>, arguments: &[Value<'_>]) {
        let arguments = || arguments.iter().map(Shown::from).collect();
        self.keep(|| Step::Row { lookup, found: row.is_some(), arguments: arguments() });
    }

    fn comparison(&mut self, place: Span, subject: &Value<'_>, operand: Option<&Value<'_>>, holds: bool) {
        let (subject, operand) = (|| Shown::from(subject), || operand.map(Shown::from));
        self.keep(|| Step::Comparison { place, subject: subject(), operand: operand(), holds });
    }

    fn condition(&mut self, _place: Span, _holds: bool) {
        self.keep(|| Step::Decided);
    }

    fn assigned(&mut self, name: &str, _place: Span, _value: &Value<'_>) {
        self.keep(|| Step::Assigned(name.into()));
    }

    fn enter(&mut self, path: &str, _place: Span) {
        self.keep(|| Step::Enter(path.into()));
    }

    fn leave(&mut self, path: &str, end: LineEnd) {
        if end != LineEnd::Skipped {
            self.lines.insert(path.into());
        }
        self.keep(|| Step::Leave(end));
    }
}

/// A line of a routing that was tried, with what its condition saw.
struct Try<'w> {
    path: &'w str,
    depth: usize,
    end: Option<LineEnd>,
    parts: Vec<&'w Step>,
}

impl Watch {
    /// The walk of one event through routings: lines that hit or declined, and those that `interests` names.
    pub(super) fn walk(
        &self,
        sources: &Sources,
        element: Option<usize>,
        interests: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let tries = self.tries(element);
        let all = tries.len() <= 8;
        let wanted = |line: &&Try| all || line.end != Some(LineEnd::Skipped) || interests(line.path);
        let chosen: Vec<&Try> = tries.iter().filter(wanted).collect();
        let others = tries.len() - chosen.len();
        let mut lines: Vec<String> = chosen.iter().flat_map(|line| line.render(sources)).collect();
        if lines.len() > SHOWN {
            lines.truncate(SHOWN);
            lines.push("…".to_owned());
        }
        if others > 0 {
            lines.push(format!("{} skipped that could not have changed it", were(others)));
        }
        lines
    }

    fn tries(&self, element: Option<usize>) -> Vec<Try<'_>> {
        let mut tries: Vec<Try> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for step in self.of(element) {
            match step {
                Step::Enter(path) => {
                    tries.push(Try { path, depth: open.len(), end: None, parts: Vec::new() });
                    open.push(tries.len() - 1);
                }
                Step::Leave(end) => {
                    if let Some(line) = open.pop().and_then(|at| tries.get_mut(at)) {
                        line.end = Some(*end);
                    }
                }
                Step::Arm(..) | Step::Row { .. } | Step::Comparison { .. } => {
                    if let Some(line) = open.last().and_then(|at| tries.get_mut(*at)) {
                        line.parts.push(step);
                    }
                }
                Step::Assigned(_) | Step::Decided => {}
            }
        }
        tries
    }

    /// What chose the value of a field: the arms and comparisons since the assignment before it.
    pub(super) fn deciders(&self, sources: &Sources, element: Option<usize>, field: &str) -> Vec<String> {
        let mut parts = Vec::new();
        for step in self.of(element) {
            match step {
                Step::Assigned(name) if **name == *field => {
                    return parts
                        .into_iter()
                        .take(SHOWN)
                        .filter_map(|step: &Step| step.render(sources))
                        .collect();
                }
                Step::Assigned(_) | Step::Decided | Step::Enter(_) | Step::Leave(_) => parts.clear(),
                Step::Arm(..) | Step::Row { .. } | Step::Comparison { .. } => parts.push(step),
            }
        }
        Vec::new()
    }

    /// The comparisons that were made within the places.
    pub(super) fn comparisons(
        &self,
        sources: &Sources,
        element: Option<usize>,
        within: &[Span],
    ) -> Vec<String> {
        let inside = |place: &Span| within.iter().any(|span| span.covers(*place));
        let made =
            self.of(element).filter(|step| matches!(step, Step::Comparison { place, .. } if inside(place)));
        made.take(SHOWN).filter_map(|step| step.render(sources)).collect()
    }
}

impl Try<'_> {
    fn render(&self, sources: &Sources) -> Vec<String> {
        let end = match self.end {
            Some(LineEnd::Skipped) => "skipped",
            Some(LineEnd::Hit) => "hit",
            Some(LineEnd::Declined) => "declined",
            None => "entered",
        };
        let margin = "  ".repeat(self.depth);
        let head = format!("{margin}{}: {end}", self.path);
        let parts = self.parts.iter().filter_map(|step| step.render(sources));
        std::iter::once(head).chain(parts.map(|part| format!("{margin}  {part}"))).collect()
    }
}

impl Step {
    fn render(&self, sources: &Sources) -> Option<String> {
        let listed = |values: &[Shown]| values.iter().map(cut).collect::<Vec<_>>().join(", ");
        match self {
            Self::Comparison { place, subject, operand, holds } => {
                let text = one_line(sources.text(*place));
                // An operand that is written out would only be said twice.
                let computed = operand.as_ref().filter(|operand| !text.ends_with(&operand.to_string()));
                let values = match (subject, computed) {
                    (Shown::Boolean(value), None) if value == holds => {
                        return Some(format!("`{text}` → {holds}"));
                    }
                    (subject, None) => was(subject),
                    (subject, Some(operand)) => format!("{}, against {}", was(subject), cut(operand)),
                };
                Some(format!("`{text}` {values} → {holds}"))
            }
            Self::Arm(place, subjects) => {
                Some(format!("{} took the arm `{}`", listed(subjects), one_line(sources.text(*place))))
            }
            Self::Row { lookup, found, arguments } => {
                let found = if *found { "found" } else { "found no row for" };
                Some(format!("`{}` {found} {}", one_line(sources.text(*lookup)), listed(arguments)))
            }
            Self::Assigned(_) | Self::Decided | Self::Enter(_) | Self::Leave(_) => None,
        }
    }
}

fn were(count: usize) -> String {
    if count == 1 { "1 other line was".to_owned() } else { format!("{count} other lines were") }
}

fn was(subject: &Shown) -> String {
    match subject {
        Shown::Missing => "was missing".to_owned(),
        Shown::Null
        | Shown::Boolean(_)
        | Shown::Number(_)
        | Shown::Text(_)
        | Shown::Name(_)
        | Shown::List(_)
        | Shown::Object(_) => format!("was {}", cut(subject)),
    }
}

fn cut(value: &Shown) -> String {
    shorten(&value.to_string(), WIDTH)
}

/// The text, cut where it is longer than so many characters.
pub(super) fn shorten(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Rule text on one line, without its comments' line breaks.
pub(super) fn one_line(text: &str) -> String {
    shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), WIDTH + 20)
}

/// `1 line`, `2 lines`
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
