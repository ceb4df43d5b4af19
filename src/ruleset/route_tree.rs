//! The routings as data: their lines in the words of the rules, and where events go on.

use super::RuleSet;
use crate::model::{
    Destination, LineKind, MatchArm, Model, Pattern, Routing, RoutingBlock, RoutingId, RoutingLine, RoutingLineBody,
    Target,
};
use crate::source::{Sources, Span};
use crate::text::one_line;
use serde::Serialize;

/// A routing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoutingTree {
    /// Its name.
    pub routing: Box<str>,
    /// Where it stands: `shop.rules:12`.
    pub at: String,
    /// The integrations and heartbeats whose events enter it.
    pub entered_from: Vec<String>,
    /// Its lines in order.
    pub lines: Vec<RouteTreeLine>,
}

/// A line of a routing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteTreeLine {
    /// Its path: `main.payments.page`.
    pub path: Box<str>,
    /// `route`, `also route`, `always` or `else`.
    pub kind: &'static str,
    /// Its condition and what it matches, as written, on one line.
    pub head: String,
    /// Where it stands: `shop.rules:14`.
    pub at: String,
    /// What stands behind `=>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<RouteTarget>,
    /// The arms of its `match`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<RouteArm>,
    /// The lines of its block.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<RouteTreeLine>,
}

/// An arm of a line that matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteArm {
    /// What it asks for, as written; `else` of the last one.
    pub pattern: String,
    /// What stands behind `=>`.
    pub target: RouteTarget,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteTarget {
    /// As written, on one line: `pay_page, routing night`.
    pub text: String,
    /// The channels, and the families of which a value chooses one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Box<str>>,
    /// The routings that are called.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routings: Vec<Box<str>>,
    /// Of `decline`, the path of the line that is asked next; missing where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<str>>,
}

impl RuleSet {
    /// All routings in the order of the rules.
    #[must_use]
    pub fn route_trees(&self) -> Vec<RoutingTree> {
        let reader = TreeReader { model: &self.model, sources: &self.sources };
        self.model.routings.iter().enumerate().map(|(id, routing)| reader.routing(id, routing)).collect()
    }
}

struct TreeReader<'r> {
    model: &'r Model,
    sources: &'r Sources,
}

impl<'r> TreeReader<'r> {
    fn routing(&self, id: RoutingId, routing: &'r Routing) -> RoutingTree {
        RoutingTree {
            routing: routing.name.clone(),
            at: self.sources.file_and_line(routing.span),
            entered_from: self.entered_from(id),
            lines: self.lines(&routing.block, None),
        }
    }

    fn entered_from(&self, id: RoutingId) -> Vec<String> {
        let enters = |destination: &Destination| matches!(destination, Destination::Routing(routing) if *routing == id);
        let integrations = self.model.integrations.iter().filter(|integration| enters(&integration.destination));
        let heartbeats = self.model.heartbeats.iter().filter(|heartbeat| heartbeat.routing == id);
        let heartbeats = heartbeats.map(|heartbeat| format!("heartbeat {}", heartbeat.name));
        integrations.map(|integration| integration.name.to_string()).chain(heartbeats).collect()
    }

    /// The lines of a block. `behind` is the line that is asked where none of them hits.
    fn lines(&self, block: &'r RoutingBlock, behind: Option<&'r RoutingLine>) -> Vec<RouteTreeLine> {
        let line = |(at, line): (usize, &'r RoutingLine)| {
            let later = block.lines.iter().skip(at + 1).find(|later| later.kind != LineKind::Always);
            // Where an `else` declines, the whole block does not hit.
            self.line(line, later.or(behind))
        };
        block.lines.iter().enumerate().map(line).collect()
    }

    fn line(&self, line: &'r RoutingLine, next: Option<&'r RoutingLine>) -> RouteTreeLine {
        let mut node = RouteTreeLine {
            path: (*line.path).into(),
            kind: kind_words(line.kind),
            head: self.head(line),
            at: self.sources.file_and_line(line.span),
            target: None,
            arms: Vec::new(),
            lines: Vec::new(),
        };
        match &line.body {
            RoutingLineBody::Block(block) => node.lines = self.lines(block, next),
            RoutingLineBody::Target(target) => node.target = Some(self.target(target, next)),
            RoutingLineBody::Match(choice) => {
                let arm = |arm| RouteArm { pattern: self.pattern(arm), target: self.target(&arm.result, next) };
                node.arms = choice.arms.iter().map(arm).collect();
            }
        }
        node
    }

    /// What stands between the name of a line and its body.
    fn head(&self, line: &RoutingLine) -> String {
        let rest = Span { start: line.title.end, ..line.head };
        let condition = one_line(self.sources.text(rest));
        let subjects = match &line.body {
            RoutingLineBody::Match(choice) => {
                let subjects = choice.subjects.iter().map(|subject| one_line(self.sources.text(subject.span)));
                format!("match {}", subjects.collect::<Vec<_>>().join(", "))
            }
            RoutingLineBody::Block(_) | RoutingLineBody::Target(_) => String::new(),
        };
        [condition, subjects].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// What an arm asks for: `"a" | "b", _`.
    fn pattern(&self, arm: &MatchArm<Target>) -> String {
        let pattern = |pattern: &Pattern| match pattern {
            Pattern::Any => "_".to_owned(),
            Pattern::Test(_, place) => one_line(self.sources.text(*place)),
        };
        let column = |column: &Vec<Pattern>| column.iter().map(pattern).collect::<Vec<_>>().join(" | ");
        match arm.columns.as_slice() {
            [] => "else".to_owned(),
            columns => columns.iter().map(column).collect::<Vec<_>>().join(", "),
        }
    }

    fn target(&self, target: &Target, next: Option<&RoutingLine>) -> RouteTarget {
        let mut read = RouteTarget { text: String::new(), channels: Vec::new(), routings: Vec::new(), next: None };
        let mut words = Vec::new();
        match target {
            Target::Decline => {
                read.next = next.map(|line| (*line.path).into());
                words.push("decline".to_owned());
            }
            Target::Nothing(_, place) => words.push(one_line(self.sources.text(*place))),
            Target::Destinations(_) => {}
        }
        for destination in target.destinations() {
            match destination {
                Destination::Channel(id) => {
                    let name = self.model.channels.get(*id).map(|channel| channel.name.clone());
                    words.extend(name.as_deref().map(str::to_owned));
                    read.channels.extend(name);
                }
                Destination::Member(choice) => {
                    words.push(one_line(self.sources.text(choice.span)));
                    read.channels.extend(self.model.families.get(choice.family).map(|family| family.name.clone()));
                }
                Destination::Routing(id) => {
                    let name = self.model.routings.get(*id).map(|routing| routing.name.clone());
                    words.extend(name.as_deref().map(|name| format!("routing {name}")));
                    read.routings.extend(name);
                }
            }
        }
        read.text = words.join(", ");
        read
    }
}

fn kind_words(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Route => "route",
        LineKind::AlsoRoute => "also route",
        LineKind::Always => "always",
        LineKind::Else => "else",
    }
}

impl RouteTreeLine {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}
