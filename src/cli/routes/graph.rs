//! Trees as graphs, for Graphviz and Mermaid.

use crate::ruleset::{RouteTarget, RouteTreeLine, RoutingTree};
use crate::text::quoted;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A graph in the language of Graphviz.
pub(super) fn dot(trees: &[RoutingTree]) -> String {
    let graph = RouteGraph::of(trees);
    let mut out = "digraph routes {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (name, number) in &graph.nodes {
        let shape = if name.starts_with(CHANNEL) { " shape=oval" } else { "" };
        _ = writeln!(out, "  n{number} [label={}{shape}];", quoted(label(name)));
    }
    for edge in &graph.edges {
        _ = writeln!(out, "  n{} -> n{} [label={}];", edge.from, edge.to, quoted(&edge.text));
    }
    out + "}\n"
}

/// A graph in the language of Mermaid.
pub(super) fn mermaid(trees: &[RoutingTree]) -> String {
    let graph = RouteGraph::of(trees);
    // What its parser reads as its own signs is written as entities.
    let written =
        |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let mut out = "flowchart LR\n".to_owned();
    for (name, number) in &graph.nodes {
        let text = written(label(name));
        let [open, close] = if name.starts_with(CHANNEL) { ["([", "])"] } else { ["[", "]"] };
        _ = writeln!(out, "  n{number}{open}\"{text}\"{close}");
    }
    for edge in &graph.edges {
        let text = if edge.text.is_empty() { String::new() } else { format!("|\"{}\"|", written(&edge.text)) };
        _ = writeln!(out, "  n{} -->{text} n{}", edge.from, edge.to);
    }
    out
}

/// How the names of channels begin among the nodes, so that a routing may have the same name.
const CHANNEL: &str = "channel ";

fn label(name: &str) -> &str {
    name.strip_prefix(CHANNEL).unwrap_or(name)
}

struct RouteGraph {
    nodes: BTreeMap<String, usize>,
    edges: Vec<RouteEdge>,
}

struct RouteEdge {
    from: usize,
    to: usize,
    text: String,
}

impl RouteGraph {
    fn of(trees: &[RoutingTree]) -> Self {
        let mut graph = Self { nodes: BTreeMap::new(), edges: Vec::new() };
        for tree in trees {
            let routing = format!("routing {}", tree.routing);
            graph.lines(&routing, &tree.lines);
        }
        graph
    }

    fn lines(&mut self, from: &str, lines: &[RouteTreeLine]) {
        for line in lines {
            self.edge(from, &line.path, &line.head);
            if let Some(target) = &line.target {
                self.target(&line.path, target, "");
            }
            for arm in &line.arms {
                self.target(&line.path, &arm.target, &arm.pattern);
            }
            self.lines(&line.path, &line.lines);
        }
    }

    fn target(&mut self, from: &str, target: &RouteTarget, text: &str) {
        for channel in &target.channels {
            self.edge(from, &format!("{CHANNEL}{channel}"), text);
        }
        for routing in &target.routings {
            self.edge(from, &format!("routing {routing}"), text);
        }
        if let Some(next) = &target.next {
            self.edge(from, next, if text.is_empty() { "decline" } else { text });
        }
        if target.channels.is_empty() && target.routings.is_empty() && target.next.is_none() {
            self.edge(from, &target.text, text);
        }
    }

    fn edge(&mut self, from: &str, to: &str, text: &str) {
        let (from, to) = (self.node(from), self.node(to));
        self.edges.push(RouteEdge { from, to, text: text.to_owned() });
    }

    fn node(&mut self, name: &str) -> usize {
        let next = self.nodes.len();
        *self.nodes.entry(name.to_owned()).or_insert(next)
    }
}
