//! Explains why a route did not get an event, and which values would have passed.

use super::trace::{ComparisonTrace, ElementTrace, RouteTrace, TraceStep};
use super::{RuleSet, UnknownName};
use crate::diagnostic::nearest;
use crate::evaluate::LineOutcome;
use crate::model::{ExpressionKind, RoutingLine};
use crate::pattern::{MatchScope, PiecePosition};
use crate::program::{Comparison, ComparisonSubject, Node, Predicate, Program, TextPredicate};
use crate::syntax::tree::{LineKind, OrderRelation};
use crate::text::quoted;
use crate::time::Timestamp;
use std::fmt::Write;

/// Explains why a route did not get the event of a traced element. Nothing if no route has that path.
#[must_use]
pub fn why_not(rules: &RuleSet, element: &ElementTrace, path: &str, now: Timestamp) -> Option<String> {
    let chain = chain(rules, path)?;
    let mut out = String::new();
    let mut declined_above = None;
    for (depth, line) in chain.iter().enumerate() {
        let tried = element.line(&line.path);
        let is_asked = depth + 1 == chain.len();
        match tried {
            None => return Some(out + &explain_untried(rules, element, line)),
            Some(traced) => match traced.end {
                LineOutcome::Skipped => return Some(out + &explain_skipped(rules, traced, now)),
                LineOutcome::Declined if is_asked => return Some(out + &explain_declined(traced)),
                LineOutcome::Hit if is_asked => {
                    // If a line above declined, the channels of the lines below were withdrawn.
                    return Some(
                        out + &declined_above.map_or_else(|| explain_hit(element, &line.path), explain_declined),
                    );
                }
                LineOutcome::Declined => {
                    declined_above.get_or_insert(traced);
                    let _ = writeln!(out, "`{}` was entered, and declined in the end", line.path);
                }
                LineOutcome::Hit => {
                    let _ = writeln!(out, "`{}` was entered", line.path);
                }
            },
        }
    }
    Some(out)
}

/// Checks that a route has that path.
///
/// # Errors
/// If none has; the error suggests the nearest path.
pub fn is_route(rules: &RuleSet, path: &str) -> Result<(), UnknownName> {
    if chain(rules, path).is_some() {
        return Ok(());
    }
    let paths = || rules.model.routing_lines().map(|line| &*line.path);
    let longer = paths().find(|known| known.starts_with(path));
    let nearest = longer.or_else(|| nearest(path, paths())).map(str::to_owned);
    Err(UnknownName { kind: "route", name: path.to_owned(), nearest })
}

/// The line with that path.
#[must_use]
pub fn line_at<'r>(rules: &'r RuleSet, path: &str) -> Option<&'r RoutingLine> {
    rules.model.routing_lines().find(|line| *line.path == *path)
}

/// The lines from a routing's own block down to the one of that path.
fn chain<'r>(rules: &'r RuleSet, path: &str) -> Option<Vec<&'r RoutingLine>> {
    let leads_there = |line: &&RoutingLine| {
        path.strip_prefix(&*line.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let chain: Vec<_> = rules.model.routing_lines().filter(leads_there).collect();
    chain.last().is_some_and(|line| *line.path == *path).then_some(chain)
}

fn explain_hit(element: &ElementTrace, path: &str) -> String {
    if element.followed.is_empty() {
        format!("`{path}` did hit: the event went where it says\n")
    } else {
        format!("`{path}` hit, but a recovery goes where its firing went: {}\n", element.followed.join(", "))
    }
}

fn explain_declined(line: &RouteTrace) -> String {
    if let Some(missing) = line.steps.iter().find_map(TraceStep::missing_member) {
        return format!("`{}` declined: {}, as if its condition had been false\n", line.path, missing.reason());
    }
    let inner = line.lines.iter().rev().find(|inner| inner.end == LineOutcome::Declined);
    let decliner = inner.map(|inner| format!(" (by `{}`)", inner.path)).unwrap_or_default();
    format!("`{}` was entered and declined{decliner}, as if its condition had been false\n", line.path)
}

/// Explains a line that was not tried: an earlier line took the event, or its routing was not called.
fn explain_untried(rules: &RuleSet, element: &ElementTrace, line: &RoutingLine) -> String {
    let (above, name) = line.path.rsplit_once('.').unwrap_or(("", &line.path));
    let siblings = match element.line(above) {
        Some(outer) => &outer.lines,
        None => &element.lines,
    };
    let prefix = format!("{above}.");
    let beside = |other: &&RouteTrace| other.path.strip_prefix(&prefix).is_some_and(|name| !name.contains('.'));
    let taker = siblings.iter().filter(beside).find(|other| {
        other.end == LineOutcome::Hit && kind(rules, &other.path).is_some_and(|kind| kind != LineKind::Always)
    });
    match taker {
        Some(taker) => {
            let place = rules.sources.file_and_line(taker.place);
            let fate = if name == "else" { "runs only if nothing hit" } else { "was never tried" };
            format!("`{}` {fate}: `{}` ({place}) took the event before\n", line.path, taker.path)
        }
        None => format!("`{}` was never tried: nothing called its routing for this event\n", line.path),
    }
}

fn kind(rules: &RuleSet, path: &str) -> Option<LineKind> {
    line_at(rules, path).map(|line| line.kind)
}

fn explain_skipped(rules: &RuleSet, line: &RouteTrace, now: Timestamp) -> String {
    let mut out =
        format!("`{}` ({}) was skipped: its condition is false\n", line.path, rules.sources.file_and_line(line.place));
    for tried in line.steps.iter().filter_map(TraceStep::comparison) {
        let _ = writeln!(out, "  {}", tried.render(&rules.sources));
    }
    for tried in line.steps.iter().filter_map(TraceStep::comparison).filter(|tried| !tried.holds) {
        if let Some(passing) = passing_value(&rules.program, tried, now) {
            let comparison = rules.sources.text(tried.place);
            let _ = writeln!(out, "  `{comparison}` would hold with {passing}");
        }
    }
    if has_untried_part(rules, line) {
        let _ = writeln!(out, "  the rest of its condition was not tried");
    }
    out
}

/// Whether the last part of a line's `and` was not tried, because one before it was false.
fn has_untried_part(rules: &RuleSet, line: &RouteTrace) -> bool {
    let condition = line_at(rules, &line.path).and_then(|line| line.when.as_ref());
    match condition.map(|condition| &condition.kind) {
        Some(ExpressionKind::And(parts)) => parts.last().is_some_and(|last| {
            let is_define = matches!(last.kind, ExpressionKind::Define(_));
            !is_define
                && !line.steps.iter().filter_map(TraceStep::comparison).any(|tried| last.span.covers(tried.place))
        }),
        Some(_) | None => false,
    }
}

/// A value with which a comparison would have held, in words.
fn passing_value(program: &Program, tried: &ComparisonTrace, now: Timestamp) -> Option<String> {
    let comparison = comparison(program, tried)?;
    let subject = match &comparison.subject {
        ComparisonSubject::Value(node) => program.source_text(*node).to_owned(),
        ComparisonSubject::Nodes(_, nodes) => format!("an item of {}", nodes.path.text()),
        ComparisonSubject::Now => "a time of evaluation".to_owned(),
    };
    let wanted = wanted_operand(program, &comparison.test, tried, now)?;
    let unless = if comparison.negated { "anything but " } else { "" };
    Some(format!("{subject} = {unless}{wanted}"))
}

fn comparison<'p>(program: &'p Program, tried: &ComparisonTrace) -> Option<&'p Comparison> {
    let position = program
        .places
        .iter()
        .zip(&program.nodes)
        .position(|(place, node)| *place == tried.place && matches!(node, Node::Compare(_)))?;
    match program.nodes.get(position) {
        Some(Node::Compare(comparison)) => Some(comparison),
        _ => None,
    }
}

fn wanted_operand(program: &Program, test: &Predicate, tried: &ComparisonTrace, now: Timestamp) -> Option<String> {
    let operand = tried.operand.clone();
    match test {
        Predicate::In(nodes) => nodes.first().map(|node| program.source_text(*node).to_owned()),
        Predicate::Equal(_) | Predicate::Order(OrderRelation::LessOrEqual | OrderRelation::GreaterOrEqual, _) => {
            operand
        }
        Predicate::Order(OrderRelation::Less, _) => Some(format!("something below {}", operand?)),
        Predicate::Order(OrderRelation::Greater, _) => Some(format!("something above {}", operand?)),
        Predicate::Text(test) => wanted_text(test, operand),
        Predicate::During(schedule) => next_opening(program, *schedule, now),
        Predicate::Missing => Some("missing".to_owned()),
        Predicate::Null => Some("null".to_owned()),
        Predicate::Is(kind) => Some(kind.name().to_owned()),
        Predicate::Any => None,
    }
}

fn wanted_text(test: &TextPredicate, operand: Option<String>) -> Option<String> {
    Some(match test {
        TextPredicate::Equal(literal) => quoted(literal),
        TextPredicate::OneOf(texts) => quoted(texts.first()?),
        TextPredicate::Piece(PiecePosition::Start, _) => format!("a string that begins with {}", operand?),
        TextPredicate::Piece(PiecePosition::End, _) => format!("a string that ends with {}", operand?),
        TextPredicate::Piece(PiecePosition::Anywhere, _) => format!("a string that holds {}", operand?),
        TextPredicate::Like(globs) => quoted(&globs.first()?.text().replace(['*', '?'], "x")),
        TextPredicate::Cidr(networks) => format!("an address such as {}", networks.first()?.first()),
        TextPredicate::Regex(scope, regex) => match (regex.sample(), scope) {
            (Some(sample), _) => quoted(&sample),
            (None, MatchScope::Whole) => format!("a string that /{}/ fits as a whole", regex.pattern()),
            (None, MatchScope::Anywhere) => format!("a string in which /{}/ fits", regex.pattern()),
        },
    })
}

/// The next full quarter of an hour within the schedule, up to 14 days ahead.
fn next_opening(program: &Program, schedule: usize, now: Timestamp) -> Option<String> {
    const QUARTER: i64 = 15 * 60 * 1000;
    let (name, windows) = program.schedules.get(schedule)?;
    let start = now.epoch_milliseconds().div_euclid(QUARTER) * QUARTER;
    let quarters = (1..=14 * 24 * 4).filter_map(|step| {
        let milliseconds = u64::try_from(start + step * QUARTER).ok()?;
        Timestamp::from_whole_epoch(milliseconds)
    });
    let mut quarters = quarters;
    let open = quarters.find(|instant| windows.holds(*instant));
    Some(open.map_or_else(
        || format!("a time within `{name}`"),
        |instant| format!("{} ({instant})", windows.local_time(instant)),
    ))
}
