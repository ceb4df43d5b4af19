//! `pointsman.showRoutes`: the routings as trees, with the number of tests that hit each line.

use super::{AnswerContext, RequestError, rules, show};
use crate::ruleset::RouteTreeLine;
use crate::text::plural;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The name of the command.
pub(in super::super) const NAME: &str = "pointsman.showRoutes";

/// Returns the trees as data, and as a text.
pub(super) fn run(context: &AnswerContext, argument: &Value) -> Result<Value, RequestError> {
    let (snapshot, rules) = rules(context)?;
    let mut trees = rules.route_trees();
    if let Some(name) = argument.get("routing").and_then(Value::as_str) {
        trees.retain(|tree| *tree.routing == *name);
    }
    let hits = snapshot.route_hits();
    let mut words = String::new();
    for tree in &trees {
        let _ = writeln!(words, "{}", tree.routing);
        for line in &tree.lines {
            write_line(line, 1, hits, &mut words);
        }
    }
    show(context, words.trim_end());
    Ok(json!({"routings": trees, "tests": hits, "text": words}))
}

fn write_line(line: &RouteTreeLine, depth: usize, hits: &BTreeMap<Box<str>, usize>, words: &mut String) {
    let name = if line.kind == "else" { String::new() } else { format!(" {}", line.name()) };
    let head = if line.head.is_empty() { String::new() } else { format!(" {}", line.head) };
    let target = line.target.as_ref().map(|target| format!(" => {}", target.text)).unwrap_or_default();
    let tests = match hits.get(&line.path).copied().unwrap_or(0) {
        0 => String::new(),
        count => format!("   {}", plural(count, "test")),
    };
    let _ = writeln!(words, "{}{}{name}{head}{target}{tests}", "  ".repeat(depth), line.kind);
    for arm in &line.arms {
        let _ = writeln!(words, "{}{} => {}", "  ".repeat(depth + 1), arm.pattern, arm.target.text);
    }
    for inner in &line.lines {
        write_line(inner, depth + 1, hits, words);
    }
}
