//! Proofs that are kept over random edits say the same as proofs that begin anew.

use super::edit::edit;
use super::generator::{self, Random};
use pointsman::prove::KnownEvent;
use pointsman::ruleset::{ProofSummary, Proofs, RuleSet};
use pointsman::source::Sources;
use std::collections::BTreeSet;

/// The lines that are undecided, and the findings by code, place and message.
fn outcome(rules: &RuleSet, proofs: &mut Proofs) -> (BTreeSet<Box<str>>, BTreeSet<String>, ProofSummary) {
    let (found, summary) = rules.prove_with(proofs);
    let undecided = summary.undecided.iter().map(|line| line.path.clone()).collect();
    let findings = found.iter().map(|one| format!("{} {:?} {}", one.code.id, one.span, one.message)).collect();
    (undecided, findings, summary)
}

fn load(text: &str) -> Option<RuleSet> {
    let mut sources = Sources::default();
    sources.add("random.rules", text);
    RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None).rules
}

#[test]
fn kept_proofs_say_what_new_proofs_say() {
    let (mut compared, mut spared) = (0, 0);
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut text = generator::rules(&mut random);
        let mut proofs = Proofs::default();
        for _ in 0..6 {
            if let Some(rules) = load(&text) {
                let new = outcome(&rules, &mut Proofs::default());
                let kept = outcome(&rules, &mut proofs);
                // An event that was found before may decide what no search finds again.
                assert!(kept.0.is_subset(&new.0), "seed {seed}: {:?} {:?}\n{text}", kept.0, new.0);
                if kept.0 == new.0 {
                    assert_eq!(kept.1, new.1, "seed {seed}\n{text}");
                    assert_eq!(kept.2.reachable, new.2.reachable, "seed {seed}\n{text}");
                    compared += 1;
                }
                spared += new.2.statistics.questions.saturating_sub(kept.2.statistics.questions);
            }
            text = edit(&text, &mut random);
        }
    }
    assert!(compared > 100 && spared > 500, "{compared} compared, {spared} questions spared");
}

const OPAQUE: &str = r#"edition 1
channel page = stdout()
channel chat = stdout()
routing main {
  route odd when sha256(labels.host) starts with "1" => page
  else => chat
}
"#;

#[test]
fn an_event_of_a_test_decides_what_no_search_finds() {
    let rules = load(OPAQUE).expect("rules");
    assert_eq!(rules.prove().1.undecided.len(), 1);
    let odd = (0..200).map(|number| KnownEvent {
        routing: "main".into(),
        event: pointsman::prove::Witness {
            labels: [("host".to_owned(), format!("h{number}"))].into(),
            ..Default::default()
        },
    });
    let mut proofs = Proofs::knowing(odd.collect());
    assert_eq!(rules.prove_with(&mut proofs).1.undecided, []);
    // Only what is needed is kept.
    assert_eq!(proofs.events(), 2);
}

#[test]
fn an_event_that_enters_elsewhere_shows_nothing() {
    let text = OPAQUE.replace("routing main {", "routing inner {")
        + "routing main { route db when labels.team == \"db\" => routing inner  else => chat }\n";
    let rules = load(&text).expect("rules");
    let events = (0..200).map(|number| KnownEvent {
        routing: "inner".into(),
        event: pointsman::prove::Witness {
            labels: [("host".to_owned(), format!("h{number}"))].into(),
            ..Default::default()
        },
    });
    assert_eq!(rules.prove_with(&mut Proofs::knowing(events.collect())).1.undecided.len(), 1);
}
