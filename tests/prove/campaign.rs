//! The campaign of proofs: random rule sets, each compared with random events.

use super::generator::{self, Random};
use pointsman::prove::{Reachability, Witness};
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use std::collections::{BTreeMap, BTreeSet};

/// What a campaign saw.
#[derive(Debug, Default)]
pub(crate) struct CampaignReport {
    /// Rule sets without errors.
    pub(crate) sets: usize,
    /// Rule sets that `check` refused, by code.
    pub(crate) refused: BTreeMap<&'static str, usize>,
    pub(crate) reachable: usize,
    pub(crate) unreachable: usize,
    /// Undecided lines, by reason.
    pub(crate) undecided: BTreeMap<String, usize>,
    /// Some undecided lines, with their seeds.
    pub(crate) examples: Vec<String>,
    /// Reachable lines that no random event reached.
    pub(crate) unseen: usize,
    /// What is wrong.
    pub(crate) wrong: Vec<String>,
}

impl CampaignReport {
    /// One line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} sets (refused: {:?}), {} lines reachable ({} of them reached by no random event), {} unreachable, \
             undecided {:?}, {} false claims",
            self.sets,
            self.refused,
            self.reachable,
            self.unseen,
            self.unreachable,
            self.undecided,
            self.wrong.len()
        )
    }
}

/// Runs the campaign.
pub(crate) fn run(sets: usize, events: usize, seed: u64) -> CampaignReport {
    let mut report = CampaignReport::default();
    let mut number = 0;
    while report.sets < sets {
        number += 1;
        let mut random = Random::new(seed.wrapping_add(number));
        let text = generator::rules(&mut random);
        let mut sources = Sources::default();
        sources.add("random.rules", &text);
        let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
        let Some(rules) = loaded.rules else {
            let code = loaded.diagnostics.iter().map(|found| found.code.id).find(|id| id.starts_with('E'));
            *report.refused.entry(code.unwrap_or("?")).or_default() += 1;
            assert!(number < 200 * sets as u64 + 200, "nearly all sets are refused: {:?}", report.refused);
            continue;
        };
        report.sets += 1;
        compare(&rules, &text, seed.wrapping_add(number), events, &mut random, &mut report);
    }
    report
}

/// The paths of the lines that an event reaches, and of those around them.
pub(crate) fn reached(rules: &RuleSet, event: &Witness, routing: usize) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, _) in rules.outcome(event, routing).routes {
        let mut path = &*path;
        all.insert(path.to_owned());
        while let Some((outer, _)) = path.rsplit_once('.') {
            all.insert(outer.to_owned());
            path = outer;
        }
    }
    all
}

fn compare(rules: &RuleSet, text: &str, seed: u64, events: usize, random: &mut Random, report: &mut CampaignReport) {
    let proofs = rules.prove_lines();
    let entries = entries(rules);
    let mut unreachable = BTreeSet::new();
    let mut reachable = BTreeSet::new();
    for (path, verdict) in proofs.lines() {
        match verdict {
            Reachability::Reachable(witness) => {
                report.reachable += 1;
                reachable.insert(path.to_owned());
                if !entries.iter().any(|entry| reached(rules, witness, *entry).contains(path)) {
                    report.wrong.push(format!("seed {seed}: {witness} does not reach {path}\n{text}"));
                }
            }
            Reachability::Unreachable(_) | Reachability::WithinUnreachable => {
                report.unreachable += 1;
                unreachable.insert(path.to_owned());
            }
            Reachability::Undecided(reason) => {
                let count = report.undecided.entry(reason.to_string()).or_default();
                *count += 1;
                if *count <= 4 {
                    report.examples.push(format!("seed {seed}: {path}: {reason}"));
                }
            }
        }
    }
    let mut met = BTreeSet::new();
    for _ in 0..events {
        let event = generator::event(random);
        for entry in &entries {
            let paths = reached(rules, &event, *entry);
            if let Some(path) = paths.intersection(&unreachable).next() {
                report.wrong.push(format!(
                    "seed {seed}: {event} at {:?} reaches {path}, which no event can reach\n{text}",
                    event.at
                ));
                return;
            }
            met.extend(paths);
        }
    }
    report.unseen += reachable.difference(&met).count();
}

/// The routings that nothing calls: those where events enter, without an integration.
pub(crate) fn entries(rules: &RuleSet) -> Vec<usize> {
    let called: BTreeSet<usize> = rules
        .model
        .routing_lines()
        .flat_map(|line| line.body.own_targets())
        .flat_map(pointsman::model::Target::destinations)
        .filter_map(|destination| match destination {
            pointsman::model::Destination::Routing(routing) => Some(*routing),
            _ => None,
        })
        .collect();
    (0..rules.model.routings.len()).filter(|routing| !called.contains(routing)).collect()
}
