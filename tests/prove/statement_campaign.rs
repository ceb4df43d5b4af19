//! The campaign of statements: random rule sets with random statements, each compared with random events.

use super::generator::{self, Random};
use pointsman::model::{Mute, StatementExpectationKind};
use pointsman::prove::{ObservedRouting, Reachability, StatementVerdict, Witness};
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::suite::files::DiskFiles;
use pointsman::suite::{self, TestOptions, TestSelection};
use std::collections::BTreeMap;

/// How many statements a set has.
const STATEMENTS: usize = 6;

/// What a campaign saw.
#[derive(Debug, Default)]
pub(crate) struct StatementReport {
    pub(crate) sets: usize,
    pub(crate) proven: usize,
    pub(crate) refuted: usize,
    /// Statements about no event.
    pub(crate) empty: usize,
    /// Undecided expectations, by reason.
    pub(crate) undecided: BTreeMap<String, usize>,
    /// How many events met the `when` of a proven statement.
    pub(crate) met: usize,
    /// Refuted statements that no random event refutes.
    pub(crate) unseen: usize,
    /// What is wrong.
    pub(crate) wrong: Vec<String>,
}

impl StatementReport {
    /// One line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{} sets, {} expectations proven ({} events met their conditions), {} refuted ({} of them by no random \
             event), {} about no event, undecided {:?}, {} false claims",
            self.sets,
            self.proven,
            self.met,
            self.refuted,
            self.unseen,
            self.empty,
            self.undecided,
            self.wrong.len()
        )
    }
}

fn load(text: &str) -> Option<RuleSet> {
    let mut sources = Sources::default();
    sources.add("random.rules", text);
    RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules
}

/// Runs the campaign.
pub(crate) fn run(sets: usize, events: usize, seed: u64) -> StatementReport {
    let mut report = StatementReport::default();
    let mut number = 0;
    while report.sets < sets {
        number += 1;
        assert!(number < 200 * sets as u64 + 200, "nearly all sets are refused");
        let seed = seed.wrapping_add(number);
        let mut random = Random::new(seed ^ 0x5eed);
        let text = generator::rules(&mut random) + &generator::statements(&mut random, STATEMENTS);
        let Some(rules) = load(&text) else { continue };
        report.sets += 1;
        compare(&rules, &text, seed, events, &mut random, &mut report);
    }
    report
}

fn compare(rules: &RuleSet, text: &str, seed: u64, events: usize, random: &mut Random, report: &mut StatementReport) {
    let mut prover = rules.statement_prover();
    let verdicts: Vec<_> = (0..rules.model.statements.len()).map(|id| prover.prove(id)).collect();
    let pool = pool(rules, random, events, &verdicts);
    for (id, verdicts) in verdicts.iter().enumerate() {
        let observed: Vec<(&Witness, ObservedRouting)> = pool
            .iter()
            .map(|event| (event, rules.observe(&at_the_time(rules, id, event), id)))
            .filter(|(_, observed)| observed.meets)
            .collect();
        for (expectation, verdict) in verdicts {
            let refuting = observed.iter().find(|(_, observed)| is_refuted(rules, &expectation.kind, observed));
            let wrong = |what: &str, event: &Witness| {
                format!("seed {seed}: s{id} {:?} is {what} by {event} at {:?}\n{text}", expectation.kind, event.at)
            };
            match verdict {
                StatementVerdict::Proven(_) => {
                    report.proven += 1;
                    report.met += observed.len();
                    report.wrong.extend(refuting.map(|(event, _)| wrong("proven and refuted", event)));
                }
                StatementVerdict::Refuted(found) => {
                    report.refuted += 1;
                    report.unseen += usize::from(refuting.is_none());
                    let again = rules.observe(&found.event, id);
                    if !again.meets || !is_refuted(rules, &expectation.kind, &again) {
                        report.wrong.push(wrong("not refuted", &found.event));
                    }
                }
                StatementVerdict::Undecided(reason) => {
                    *report.undecided.entry(reason.to_string()).or_default() += 1;
                }
                StatementVerdict::NoEvent => {
                    report.empty += 1;
                    report.wrong.extend(observed.first().map(|(event, _)| wrong("about no event and met", event)));
                }
            }
        }
    }
    if seed.is_multiple_of(4) {
        suggested_tests_fail(rules, text, seed, report);
    }
}

/// The event at the time of a statement that has one.
fn at_the_time(rules: &RuleSet, id: usize, event: &Witness) -> Witness {
    let at = rules.model.statements[id].at;
    Witness { at: at.or(event.at), ..event.clone() }
}

/// Random events, and events that reach lines or refute statements with a few changes.
fn pool<E>(
    rules: &RuleSet,
    random: &mut Random,
    events: usize,
    verdicts: &[Vec<(E, StatementVerdict)>],
) -> Vec<Witness> {
    let mut known: Vec<Witness> = Vec::new();
    for (_, verdict) in rules.prove_lines().lines() {
        if let Reachability::Reachable(witness) = verdict {
            known.push((**witness).clone());
        }
    }
    for (_, verdict) in verdicts.iter().flatten() {
        if let StatementVerdict::Refuted(refutation) = verdict {
            known.push(refutation.event.clone());
        }
    }
    (0..events)
        .map(|number| {
            let other = generator::event(random);
            if number % 2 == 0 || known.is_empty() {
                return other;
            }
            let mut event = random.pick(&known).clone();
            for (name, value) in other.labels {
                if random.one_in(4) {
                    event.labels.insert(name, value);
                }
            }
            if random.one_in(4) {
                event.severity = other.severity;
            }
            if random.one_in(6) {
                event.at = other.at;
            }
            event
        })
        .collect()
}

/// Whether what becomes of an event refutes an expectation, as the reference says.
pub(crate) fn is_refuted(rules: &RuleSet, kind: &StatementExpectationKind, observed: &ObservedRouting) -> bool {
    let covers = |mute: &Mute, channel: usize| mute.channels.as_ref().is_none_or(|all| all.contains(&channel));
    let is_held = |channel: usize| {
        !observed.copies.contains(&channel)
            && observed.mutes.iter().any(|mute| covers(&rules.model.mutes[*mute], channel))
    };
    let is_told = |channel: &usize| observed.channels.contains(channel) && !is_held(*channel);
    match kind {
        StatementExpectationKind::Includes(channels) => !channels.iter().all(is_told),
        StatementExpectationKind::Any(channels) => !channels.iter().any(is_told),
        StatementExpectationKind::Excludes(channels) => channels.iter().any(|one| observed.channels.contains(one)),
        StatementExpectationKind::Exactly(channels) => {
            !channels.iter().all(is_told) || observed.channels.iter().any(|one| !channels.contains(one))
        }
        StatementExpectationKind::Via(paths) => {
            !paths.iter().all(|path| observed.routes.iter().any(|route| route == path))
        }
        StatementExpectationKind::NotDropped => observed.channels.is_empty(),
    }
}

/// Each test that a refutation offers fails by the rules as they are.
fn suggested_tests_fail(rules: &RuleSet, text: &str, seed: u64, report: &mut StatementReport) {
    let options = TestOptions { selection: TestSelection::Statements, ..TestOptions::default() };
    let results = suite::run(rules, &options, &mut DiskFiles).results;
    let tests: Vec<String> = results
        .iter()
        .flat_map(|result| &result.failures)
        .filter_map(|failure| failure.help.as_ref()?.split_once('\n').map(|(_, test)| test.to_owned()))
        .collect();
    let Some(with_tests) = load(&format!("{text}\n{}", tests.join("\n"))) else {
        report.wrong.push(format!("seed {seed}: the suggested tests are refused:\n{}\n{text}", tests.join("\n")));
        return;
    };
    let all = suite::run(&with_tests, &TestOptions::default(), &mut DiskFiles);
    let passed: Vec<String> =
        all.results.iter().filter(|result| !result.is_statement && result.passed()).map(|one| one.name()).collect();
    if !passed.is_empty() {
        report.wrong.push(format!("seed {seed}: suggested tests pass: {passed:?}\n{}\n{text}", tests.join("\n")));
    }
}
