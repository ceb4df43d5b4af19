//! Time intervals of routes and rules of inhibition as mutes.

use super::channel::ChannelPlan;
use super::condition;
use super::configuration::{Configuration, Inhibition, RouteNode};
use super::matcher::{Matcher, MatcherTest};
use super::name;
use crate::source::Sources;
use crate::text::rule_string;
use std::collections::{BTreeMap, BTreeSet};

/// A mute: its text, and the words that stand in its place if it cannot be carried.
pub(super) struct WrittenMute {
    pub(super) text: String,
    /// What it was in the configuration.
    pub(super) origin: String,
}

/// The schedules of the intervals, and the conditions that ask for them.
pub(super) struct SchedulePlan {
    pub(super) text: String,
    conditions: BTreeMap<String, String>,
}

impl SchedulePlan {
    /// The schedules that routes name; `year` is the first for which dates are written out.
    pub(super) fn new(configuration: &Configuration, year: i64) -> Self {
        let mut plan = Self { text: String::new(), conditions: BTreeMap::new() };
        let nodes = configuration.root.nodes();
        let is_used = |name: &String| nodes.iter().any(|node| node.muted.contains(name) || node.active.contains(name));
        let mut taken = BTreeSet::new();
        for interval in configuration.intervals.iter().filter(|interval| is_used(&interval.name)) {
            let base = name::unique(&name::allowed(&name::name(&interval.name), "times"), &mut taken);
            let schedules = interval.schedules(&base, year);
            let asked: Vec<String> = schedules.iter().map(|(name, _)| format!("during {name}")).collect();
            for (name, text) in schedules {
                taken.insert(name);
                plan.text += &text;
            }
            plan.conditions.insert(interval.name.clone(), asked.join(" or "));
        }
        plan
    }

    /// Whether one of the intervals holds.
    fn any(&self, names: &[String]) -> Option<(String, usize)> {
        let conditions: Vec<&str> =
            names.iter().filter_map(|name| self.conditions.get(name)).map(String::as_str).collect();
        let count = conditions.iter().map(|each| each.matches("during ").count()).sum();
        (count > 0).then(|| (conditions.join(" or "), count))
    }
}

/// All mutes of a configuration.
pub(super) fn mutes(
    configuration: &Configuration,
    plan: &ChannelPlan,
    schedules: &SchedulePlan,
    sources: &Sources,
) -> Vec<WrittenMute> {
    let mut taken = BTreeSet::new();
    let mut mutes = Vec::new();
    route_mutes(&configuration.root, &mut Vec::new(), plan, schedules, sources, &mut taken, &mut mutes);
    mutes.extend(configuration.inhibitions.iter().map(|rule| inhibition(rule, sources, &mut taken)));
    mutes
}

fn route_mutes<'r>(
    node: &'r RouteNode,
    path: &mut Vec<&'r Matcher>,
    plan: &ChannelPlan,
    schedules: &SchedulePlan,
    sources: &Sources,
    taken: &mut BTreeSet<String>,
    out: &mut Vec<WrittenMute>,
) {
    let before = path.len();
    path.extend(&node.matchers);
    let line = sources.position(node.span).line;
    let mut conditions = condition::conditions(path.iter().copied());
    // Where a child decides, its own intervals count.
    for child in node.children.iter().filter(|child| child.receiver == node.receiver) {
        let inner = condition::conditions(&child.matchers);
        if !inner.is_empty() {
            conditions.push(format!("not ({})", inner.join(" and ")));
        }
    }
    let spoken = |names: &[String]| crate::text::enumeration(names, "and");
    let times = [
        schedules.any(&node.muted).map(|(asked, count)| {
            let asked = if count > 1 { format!("({asked})") } else { asked };
            ("muted", asked, format!("muted during {}", spoken(&node.muted)))
        }),
        schedules.any(&node.active).map(|(asked, count)| {
            let asked = if count > 1 { format!("not ({asked})") } else { format!("not {asked}") };
            ("inactive", asked, format!("told only during {}", spoken(&node.active)))
        }),
    ];
    for (word, asked, reason) in times.into_iter().flatten() {
        let name = name::unique(&format!("{}-{word}", name::channel(&node.receiver)), taken);
        let mut all = conditions.clone();
        all.push(asked);
        let text = format!(
            "mute {name} in {}\n  when {}\n  because {}   # line {line}\n",
            plan.names(&node.receiver).join(", "),
            all.join("\n    and "),
            rule_string(&reason)
        );
        out.push(WrittenMute { text, origin: format!("the time intervals of the route on line {line}") });
    }
    for child in &node.children {
        route_mutes(child, path, plan, schedules, sources, taken, out);
    }
    path.truncate(before);
}

fn inhibition(rule: &Inhibition, sources: &Sources, taken: &mut BTreeSet<String>) -> WrittenMute {
    let line = sources.position(rule.span).line;
    let words = |matchers: &[Matcher]| {
        let words: Vec<String> = matchers.iter().filter_map(condition::words).map(|words| words.join("-or-")).collect();
        name::name(&words.join("-"))
    };
    let (held, source) = (words(&rule.target), words(&rule.source));
    let name = name::allowed(&name::name(&format!("behind-{source}")), "mute");
    let is_taken = taken.contains(&name) && !held.is_empty();
    let name = name::unique(&if is_taken { format!("{name}-{held}") } else { name }, taken);
    let conditions = |matchers: &[Matcher]| {
        let conditions = condition::conditions(matchers);
        if conditions.is_empty() { "labels is not empty".to_owned() } else { conditions.join(" and ") }
    };
    let same: Vec<String> = if rule.equal.is_empty() {
        vec!["source".to_owned()]
    } else {
        rule.equal.iter().map(|label| condition::label(label)).collect()
    };
    let reason: Vec<String> = rule.source.iter().map(spoken).collect();
    let whole = if rule.equal.is_empty() { "   # without `equal`: all alerts of one mapping" } else { "" };
    let text = format!(
        "mute {name} when {}\n  while {} same {}{whole}\n  because {}   # line {line}\n",
        conditions(&rule.target),
        conditions(&rule.source),
        same.join(", "),
        rule_string(&format!("an alert with {} fires", reason.join(", ")))
    );
    WrittenMute { text, origin: format!("the rule of inhibition on line {line}") }
}

fn spoken(matcher: &Matcher) -> String {
    let operator = match matcher.test {
        MatcherTest::Equal => "=",
        MatcherTest::Unequal => "!=",
        MatcherTest::Matches(_) => "=~",
        MatcherTest::MatchesNot(_) => "!~",
    };
    format!("{}{operator}{}", matcher.label, matcher.value)
}
