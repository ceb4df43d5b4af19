//! Large blocks have an index, which the evaluator does not use if an observer listens. Both must give the same decision.

mod cases;
mod conditions;
mod dice;
mod events;
mod rules;

use dice::Dice;
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, LineOutcome, Observer, route};
use pointsman::event::Event;
use pointsman::json::Arena;
use pointsman::program::{Destination, MAX_SHARED, RoutingBlock, RoutingLineBody};
use pointsman::ruleset::RuleSet;
use pointsman::source::{Sources, Span};
use pointsman::time::Timestamp;
use proptest::prelude::*;
use rules::Rules;
use std::collections::{BTreeMap, BTreeSet};

/// Records every match of a line of a routing; a decision would list each line once.
///
/// Matches in a body that declined are removed, because the index may skip the whole line. Lines of called routings are
/// not recorded: each routing is run only for its first caller, which the index may skip.
struct Hits<const LISTENS: bool> {
    routing: String,
    lines: Vec<String>,
    /// For each line that is being tried, the number of lines that had matched when it was entered.
    entered: Vec<usize>,
}

impl<const LISTENS: bool> Hits<LISTENS> {
    fn of(routing: usize) -> Self {
        Self { routing: format!("q{routing}."), lines: Vec::new(), entered: Vec::new() }
    }
}

impl<const LISTENS: bool> Observer for Hits<LISTENS> {
    const LISTENS: bool = LISTENS;

    fn enter(&mut self, _: &str, _: Span) {
        self.entered.push(self.lines.len());
    }

    fn leave(&mut self, path: &str, end: LineOutcome) {
        let before = self.entered.pop().unwrap();
        match end {
            LineOutcome::Hit if path.starts_with(&self.routing) => self.lines.push(path.to_owned()),
            LineOutcome::Hit => {}
            LineOutcome::Skipped | LineOutcome::Declined => self.lines.truncate(before),
        }
    }
}

fn load(text: &str) -> Result<RuleSet, String> {
    let mut sources = Sources::default();
    sources.add("routing.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|each| each.code.id.starts_with('E')).cloned().collect();
    let report = render(DiagnosticFormat::Short, &errors, &loaded.sources);
    loaded.rules.ok_or(report)
}

/// The channels of an open firing, by key.
fn open(key: &str) -> Vec<String> {
    let names: &[&str] = match key {
        "web" => &["c1", "c3"],
        "k" => &["c5", "gone"],
        _ => &[],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The difference between the two decisions for an event, if any.
fn difference(rules: &RuleSet, routing: usize, event: &Event<'_>, now: Timestamp) -> Option<String> {
    let arena = Arena::new();
    let (event, context) = (arena.alloc(*event), EvaluationContext { open: &open, ..EvaluationContext::at(now) });
    let to = Destination::Routing(routing);
    let (mut some, mut every) = (Hits::<false>::of(routing), Hits::<true>::of(routing));
    let found = route(&rules.program, to, event, &context, &arena, &mut some);
    let walked = route(&rules.program, to, event, &context, &arena, &mut every);
    let differ = found != walked || some.lines != every.lines;
    differ.then(|| format!("by the index: {:?}\n{found:?}\nline by line: {:?}\n{walked:?}", some.lines, every.lines))
}

/// The rules with as few lines as possible that still give a difference.
fn smallest(mut rules: Rules, routing: usize, event: &Event<'_>, now: Timestamp) -> Rules {
    let mut is_smaller = true;
    while std::mem::take(&mut is_smaller) {
        for at in 0..rules.routings.len() {
            for line in (0..rules.routings[at].len()).rev() {
                let mut fewer = rules.clone();
                fewer.routings[at].remove(line);
                if load(&fewer.text()).is_ok_and(|loaded| difference(&loaded, routing, event, now).is_some()) {
                    (rules, is_smaller) = (fewer, true);
                }
            }
        }
    }
    rules
}

/// The number of cases. It is small, because each case loads a rule set.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(80)
}

proptest! {
    // Shrinking the seed gives other rules, not smaller ones.
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn the_index_and_the_full_walk_decide_alike(seed: u64) {
        let (mut dice, arena) = (Dice::new(seed), Arena::new());
        let rules = dice.rules();
        let loaded = load(&rules.text()).unwrap_or_else(|report| panic!("{report}\n{}", rules.text()));
        let nows = ["2026-11-20T03:00:00Z", "2026-11-20T12:00:00Z"].map(|now| Timestamp::read(now).unwrap());
        for _ in 0..60 {
            let (event, now) = (dice.event(&arena), nows[dice.roll(2)]);
            for routing in 0..rules.routings.len() {
                if difference(&loaded, routing, &event, now).is_some() {
                    let rules = smallest(rules, routing, &event, now);
                    let report = difference(&load(&rules.text()).unwrap(), routing, &event, now);
                    panic!("q{routing} differs for {event:?} at {now:?}\n{}\n{}", report.unwrap(), rules.text());
                }
            }
        }
    }
}

/// Counts the parts of the indexes of a block and of its inner blocks.
fn count(block: &RoutingBlock, parts: &mut BTreeMap<&'static str, usize>) {
    if let Some(index) = &block.index {
        let folded =
            index.text_pairs.iter().filter(|pairs| pairs.sources.iter().any(|source| source.case.is_ignored()));
        let sources = index.regexes.iter().map(|patterns| patterns.source);
        let apart: BTreeSet<_> = sources.collect();
        for (part, count) in [
            ("wholes", index.texts.len()),
            ("pairs", index.text_pairs.len()),
            ("pairs without case", folded.count()),
            ("automata", index.substrings.len()),
            ("bounds of several numbers", index.numbers.len().saturating_sub(1)),
            ("regexes", index.regexes.len()),
            ("more regexes than a set holds", index.regexes.len() - apart.len()),
            ("groups", index.condition_groups.len()),
            ("as many shared conditions as can be", usize::from(index.shared_conditions.len() == MAX_SHARED)),
            ("rest", index.rest.iter().map(|lines| lines.len()).sum()),
            ("lines of which nothing is left to ask", index.guards.iter().filter(|guard| guard.is_complete()).count()),
        ] {
            *parts.entry(part).or_default() += count;
        }
    }
    for line in &block.lines {
        if let RoutingLineBody::Block(block) = &line.body {
            count(block, parts);
        }
    }
}

/// If the index changes, the random rules must still use every part of it, or the comparison above proves nothing.
#[test]
fn the_random_rules_fill_every_part_of_an_index() {
    let mut parts = BTreeMap::new();
    for seed in 0..16 {
        let rules = Dice::new(seed).rules();
        let loaded = load(&rules.text()).unwrap_or_else(|report| panic!("{report}\n{}", rules.text()));
        loaded.program.routings.iter().for_each(|routing| count(&routing.block, &mut parts));
    }
    let empty: Vec<_> = parts.iter().filter(|(_, count)| **count == 0).collect();
    assert!(empty.is_empty(), "{empty:?} of {parts:?}");
}
