//! The campaign of differences: random rule sets, each with one random edit, compared with random events.

use super::campaign::entries;
use super::edit::edit;
use super::generator::{self, Random};
use pointsman::prove::{ChannelChange, Reachability, RoutingComparison, Witness};
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use std::collections::BTreeMap;

/// What a campaign saw.
#[derive(Debug, Default)]
pub(crate) struct EditReport {
    /// Edits that give a rule set without errors.
    pub(crate) edits: usize,
    /// Edits that are proven to change nothing.
    pub(crate) equal: usize,
    /// Edits for which an event was found that differs.
    pub(crate) different: usize,
    /// Those of them of which no random event differs.
    pub(crate) unseen: usize,
    /// Undecided edits, by reason.
    pub(crate) undecided: BTreeMap<String, usize>,
    /// Some undecided edits.
    pub(crate) examples: Vec<String>,
    /// Undecided edits of which a random event differs.
    pub(crate) missed: usize,
    /// What is wrong.
    pub(crate) wrong: Vec<String>,
}

impl EditReport {
    /// One line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} edits: {} equal, {} different ({} of them by no random event), undecided {:?} ({} of them differ), \
             {} false claims",
            self.edits,
            self.equal,
            self.different,
            self.unseen,
            self.undecided,
            self.missed,
            self.wrong.len()
        )
    }
}

/// Runs the campaign.
pub(crate) fn run(edits: usize, events: usize, seed: u64) -> EditReport {
    let mut report = EditReport::default();
    let mut number = 0;
    while report.edits < edits {
        number += 1;
        assert!(number < 100 * edits as u64 + 200, "nearly all edits are refused");
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(number);
        let mut random = Random::new(seed);
        let text = generator::rules(&mut random);
        let Some(old) = load(&text) else { continue };
        for _ in 0..4 {
            let edited = edit(&text, &mut random);
            let Some(new) = load(&edited) else { continue };
            report.edits += 1;
            compare(&old, &new, &format!("seed {seed}\n{text}\n{edited}"), events, &mut random, &mut report);
        }
    }
    report
}

fn load(text: &str) -> Option<RuleSet> {
    let mut sources = Sources::default();
    sources.add("random.rules", text);
    RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules
}

/// An event for each line that one can reach.
fn witnesses(rules: &RuleSet) -> Vec<Witness> {
    let proofs = rules.prove_lines();
    let witness = |(_, verdict): (&str, &Reachability)| match verdict {
        Reachability::Reachable(witness) => Some((**witness).clone()),
        _ => None,
    };
    proofs.lines().filter_map(witness).collect()
}

fn compare(old: &RuleSet, new: &RuleSet, about: &str, events: usize, random: &mut Random, report: &mut EditReport) {
    let comparison = old.compare_routings(new);
    let entries = entries(old);
    let mut differing = None;
    // Events that are known to reach lines find what random ones miss.
    let known = [old, new].into_iter().flat_map(witnesses);
    let random_events = (0..events).map(|_| generator::event(random));
    for event in known.chain(random_events) {
        let differs = |entry: &usize| {
            !ChannelChange::between(&old.outcome(&event, *entry), &new.outcome(&event, *entry)).is_empty()
        };
        if entries.iter().any(differs) {
            differing = Some(event);
            break;
        }
    }
    match comparison {
        RoutingComparison::Equal => {
            report.equal += 1;
            if let Some(event) = differing {
                report.wrong.push(format!("{event} at {:?} differs, and is said to be equal: {about}", event.at));
            }
        }
        RoutingComparison::Differs(found) => {
            report.different += 1;
            report.unseen += usize::from(differing.is_none());
            let position =
                |rules: &RuleSet| rules.model.routings.iter().position(|routing| routing.name == found.entry);
            let (one, two) = (position(old).unwrap(), position(new).unwrap());
            let change = ChannelChange::between(&old.outcome(&found.event, one), &new.outcome(&found.event, two));
            if change.is_empty() {
                report.wrong.push(format!("{} does not differ: {about}", found.event));
            }
        }
        RoutingComparison::Undecided(reason) => {
            let count = report.undecided.entry(reason.to_string()).or_default();
            *count += 1;
            report.missed += usize::from(differing.is_some());
            if *count <= 3 {
                report.examples.push(format!("{reason}: {about}"));
            }
        }
    }
}
