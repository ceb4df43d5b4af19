//! The routing tree as a routing.

use super::channel::ChannelPlan;
use super::condition;
use super::configuration::RouteNode;
use super::line::{self, RouteLine, RouteRun};
use super::route_name;
use crate::source::Sources;
use crate::text::rule_string;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The longest line that is written where it can be broken.
const MAX_WIDTH: usize = 116;

/// The longest head, so that destinations stand beside it.
const MAX_HEAD: usize = 92;

/// Why a node is left out, by its id.
pub(super) type LeftOut = BTreeMap<usize, String>;

/// Writes routings.
pub(super) struct RoutingWriter<'r> {
    pub(super) plan: &'r ChannelPlan,
    pub(super) sources: &'r Sources,
    pub(super) left_out: &'r LeftOut,
}

impl RoutingWriter<'_> {
    /// The routing, with the name `main`.
    pub(super) fn routing(&self, root: &RouteNode) -> String {
        let mut out = String::new();
        if uses_severity(root) {
            out.push_str("allow W0008 because \"as in Alertmanager, which compares what the sender wrote\"\n");
        }
        out.push_str("routing main {\n");
        self.block(root, 1, &mut out);
        out.push_str("}\n");
        out
    }

    fn block(&self, node: &RouteNode, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let mut children: Vec<&RouteNode> = Vec::new();
        let mut takes_all = None;
        for child in &node.children {
            match self.left_out.get(&child.id) {
                Some(reason) => {
                    let _ =
                        writeln!(out, "{indent}# Left out: {} to {}: {reason}.", self.place(&[child]), child.receiver);
                }
                None if takes_all.is_some() => {}
                None if condition::conditions(&child.matchers).is_empty() && !child.continues => {
                    takes_all = Some(child);
                }
                None => children.push(child),
            }
        }
        let lines = line::lines(&children);
        // What no line before ended goes to an unconditional `route`; where no line continues, `else` says the same.
        let is_else = |child: &RouteNode| child.children.is_empty() && children.iter().all(|each| !each.continues);
        let last = takes_all.filter(|child| !is_else(child));
        let mut named: Vec<RouteLine<'_>> = lines;
        named.extend(last.map(RouteLine::Node));
        for (line, name) in named.iter().zip(route_name::names(&named)) {
            match line {
                RouteLine::Node(node) => self.node(node, &name, depth, out),
                RouteLine::Run(run) => self.run(run, &name, depth, out),
            }
        }
        if last.is_none() {
            let decider = takes_all.unwrap_or(node);
            let target = format!("{indent}else => {}", self.plan.destinations(&decider.receiver));
            let _ = writeln!(out, "{target}{}", self.comment(&[decider], &decider.receiver));
        }
    }

    fn node(&self, node: &RouteNode, name: &str, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let head = head(node.continues, name, &condition::conditions(&node.matchers), &indent);
        if node.children.iter().any(|child| !self.left_out.contains_key(&child.id)) {
            let _ = writeln!(out, "{head} {{{}", self.comment(&[node], ""));
            self.block(node, depth + 1, out);
            let _ = writeln!(out, "{indent}}}");
            return;
        }
        let comment = self.comment(&[node], &node.receiver);
        commented(&format!("{head} => {}", self.plan.destinations(&node.receiver)), &comment, &indent, out);
        for child in &node.children {
            if let Some(reason) = self.left_out.get(&child.id) {
                let _ = writeln!(out, "{indent}# Left out: {} to {}: {reason}.", self.place(&[child]), child.receiver);
            }
        }
    }

    fn run(&self, run: &RouteRun<'_>, name: &str, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let continues = run.nodes.first().is_some_and(|node| node.continues);
        if let [arm] = run.arms.as_slice() {
            let mut conditions = run.rest.clone();
            conditions.push(values(run.label, &arm.values, &indent));
            let head = head(continues, name, &conditions, &indent);
            let comment = self.comment(&arm.nodes, arm.receiver);
            commented(&format!("{head} => {}", self.plan.destinations(arm.receiver)), &comment, &indent, out);
            return;
        }
        let head = head(continues, name, &run.rest, &indent);
        let _ = writeln!(out, "{head} match {} {{", condition::label(run.label));
        let written: Vec<String> = run.arms.iter().map(|arm| alternatives(&arm.values, &indent)).collect();
        let width = written.iter().map(|arm| arm.lines().last().map_or(0, |line| line.chars().count()));
        let width = width.chain([4]).max().unwrap_or(0).min(48);
        for (arm, patterns) in run.arms.iter().zip(written) {
            let comment = self.comment(&arm.nodes, arm.receiver);
            let text = format!("{indent}  {patterns:width$} => {}", self.plan.destinations(arm.receiver));
            commented(&text, &comment, &format!("{indent}  "), out);
        }
        let _ = writeln!(out, "{indent}  {:width$} => decline", "else");
        let _ = writeln!(out, "{indent}}}");
    }

    /// Where nodes stand, and what their timing says otherwise than the channels of the receiver.
    fn comment(&self, nodes: &[&RouteNode], receiver: &str) -> String {
        let difference = nodes.first().and_then(|node| self.plan.difference(receiver, &node.timing));
        let difference = difference.map(|words| format!("; {words}")).unwrap_or_default();
        format!("   # {}{difference}", self.place(nodes))
    }

    /// `line 12`, `lines 12, 16, 20`
    fn place(&self, nodes: &[&RouteNode]) -> String {
        let mut lines: Vec<usize> = nodes.iter().map(|node| self.sources.position(node.span).line).collect();
        lines.sort_unstable();
        lines.dedup();
        let numbers = |lines: &[usize]| lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match lines.as_slice() {
            [line] => format!("line {line}"),
            few if few.len() < 7 => format!("lines {}", numbers(few)),
            [first, second, .., last] => format!("lines {first}, {second} … {last}"),
            few => format!("lines {}", numbers(few)),
        }
    }
}

/// The text, with the comment behind it, or before it where the line is too long.
fn commented(text: &str, comment: &str, indent: &str, out: &mut String) {
    let width = text.lines().last().map_or(0, |line| line.chars().count());
    let _ = if width + comment.chars().count() <= MAX_WIDTH + 2 {
        writeln!(out, "{text}{comment}")
    } else {
        writeln!(out, "{indent}{}\n{text}", comment.trim_start())
    };
}

/// `also route name when a and b`, on several lines where it is long.
fn head(continues: bool, name: &str, conditions: &[String], indent: &str) -> String {
    let kind = if continues { "also route" } else { "route" };
    if conditions.is_empty() {
        return format!("{indent}{kind} {name}");
    }
    let line = format!("{indent}{kind} {name} when {}", conditions.join(" and "));
    let is_short = line.lines().all(|line| line.chars().count() <= MAX_HEAD);
    if is_short {
        line
    } else {
        format!("{indent}{kind} {name} when {}", conditions.join(&format!("\n{indent}  and ")))
    }
}

/// `labels.team in ["a", "b"]`
fn values(label: &str, values: &[String], indent: &str) -> String {
    let label = condition::label(label);
    let Some((only, [])) = values.split_first() else {
        let line = format!("{label} in {}", condition::list(values));
        return if line.chars().count() + indent.len() <= 80 {
            line
        } else {
            format!("{label} in [\n{indent}    {}\n{indent}  ]", wrapped(values, ",", &format!("{indent}    ")))
        };
    };
    format!("{label} == {}", rule_string(only))
}

/// `"a" | "b"`
fn alternatives(values: &[String], indent: &str) -> String {
    wrapped(values, " |", &format!("{indent}  "))
}

/// Texts with a separator after each but the last, on lines that are not too long.
fn wrapped(values: &[String], separator: &str, indent: &str) -> String {
    let mut out = String::new();
    let mut width = indent.len();
    for (at, value) in values.iter().enumerate() {
        let mut text = rule_string(value);
        if at + 1 < values.len() {
            text.push_str(separator);
        }
        if at > 0 && width + text.chars().count() + 1 > MAX_WIDTH - 16 {
            out.push('\n');
            out.push_str(indent);
            width = indent.len();
        } else if at > 0 {
            out.push(' ');
        }
        width += text.chars().count() + 1;
        out.push_str(&text);
    }
    out
}

/// Whether a condition compares the label that the mapping reads as the severity.
pub(super) fn uses_severity(root: &RouteNode) -> bool {
    root.nodes().iter().any(|node| node.matchers.iter().any(|matcher| matcher.label == "severity"))
}

/// The tree with one route for each node, named by its id: what proofs are asked about.
pub(super) fn plain(root: &RouteNode, plan: &ChannelPlan) -> String {
    fn block(node: &RouteNode, plan: &ChannelPlan, out: &mut String) {
        let mut takes_all = false;
        for child in &node.children {
            let conditions = condition::conditions(&child.matchers);
            takes_all |= conditions.is_empty() && !child.continues;
            let head = head(child.continues, &format!("r{}", child.id), &conditions, "");
            if child.children.is_empty() {
                let _ = writeln!(out, "{head} => {}", plan.destinations(&child.receiver));
            } else {
                let _ = writeln!(out, "{head} {{");
                block(child, plan, out);
                out.push_str("}\n");
            }
            if takes_all {
                return;
            }
        }
        let _ = writeln!(out, "else => {}", plan.destinations(&node.receiver));
    }
    let mut out = String::from("routing main {\n");
    block(root, plan, &mut out);
    out.push_str("}\n");
    out
}
