//! Mappings and edits of them, compared with payloads: nothing that is said to be the same differs for any, and what is shown
//! to differ does.

use super::generator::Random;
use super::load;
use super::mappings::{mapping, payload_witness};
use pointsman::prove::{MappedElement, MappedPayload, MappingComparison, MappingPart};
use pointsman::ruleset::RuleSet;
use std::collections::{BTreeMap, BTreeSet};

/// What a campaign saw.
#[derive(Debug, Default)]
struct EditReport {
    pairs: usize,
    /// Parts of mappings that are proven to be the same, those that differ, and others by reason.
    equal: usize,
    different: usize,
    undecided: BTreeMap<String, usize>,
    /// The same for all that a mapping makes.
    whole_equal: usize,
    whole_different: usize,
    whole_undecided: BTreeMap<String, usize>,
    examples: Vec<String>,
    wrong: Vec<String>,
}

#[test]
fn no_random_payload_tells_mappings_apart_that_are_proven_equal() {
    let report = campaign(40, 100, 1);
    assert!(report.wrong.is_empty(), "{} wrong; the first:\n{}", report.wrong.len(), report.wrong[0]);
    assert!(report.equal > 20 && report.different > 10 && report.whole_equal > 3, "{report:?}");
}

/// A campaign of another size: `SETS=300 EVENTS=300 SEED=7 cargo test --test pointsman -- --ignored prove::mapping_edits`.
#[test]
#[ignore = "takes as long as it is told to"]
fn campaign_of_edited_mappings_of_a_given_size() {
    let number =
        |name: &str, default: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let report = campaign(number("SETS", 300) as usize, number("EVENTS", 300) as usize, number("SEED", 1));
    println!(
        "{} edits; parts: {} equal, {} different, undecided {:?}; wholes: {} equal, {} different, undecided {:?}; {} false claims\n{}",
        report.pairs,
        report.equal,
        report.different,
        report.undecided,
        report.whole_equal,
        report.whole_different,
        report.whole_undecided,
        report.wrong.len(),
        report.examples.join("\n")
    );
    assert!(report.wrong.is_empty(), "{}", report.wrong[0]);
}

fn campaign(pairs: usize, payloads: usize, seed: u64) -> EditReport {
    let mut report = EditReport::default();
    let mut number = 0;
    while report.pairs < pairs {
        number += 1;
        assert!(number < 400 * pairs as u64 + 400, "nearly all edits are refused");
        let mut random = Random::new(seed.wrapping_mul(1_000_033).wrapping_add(number));
        let old = mapping(&mut random);
        let Some(new) = edited(&old, &mut random) else { continue };
        let rules = |text: &str| load("random.rules", text).rules;
        let (Some(old_rules), Some(new_rules)) = (rules(&old), rules(&new)) else { continue };
        report.pairs += 1;
        compare(
            &old_rules,
            &new_rules,
            &format!("{old}\n=== after the edit\n{new}"),
            payloads,
            &mut random,
            &mut report,
        );
    }
    report
}

fn compare(old: &RuleSet, new: &RuleSet, texts: &str, payloads: usize, random: &mut Random, report: &mut EditReport) {
    let parts = [MappingPart::Accept, MappingPart::Drop, MappingPart::Severity, MappingPart::Status];
    let (mut shown, mut unknown) = (BTreeSet::new(), BTreeSet::new());
    for (part, found) in old.mapping_differences(0, new, 0) {
        match found {
            MappingComparison::Equal => {}
            MappingComparison::Differs(changed) => {
                let made = [old, new].map(|rules| rules.map_payload(&changed.payload, 0, changed.while_open));
                if !sorts(&made[0], &made[1]).iter().any(|(other, _)| *other == part) {
                    report.wrong.push(format!("{} does not differ in {part:?}\n{texts}", changed.payload));
                }
                shown.extend(sorts(&made[0], &made[1]));
            }
            MappingComparison::Undecided(reason) => {
                unknown.insert(part);
                let count = report.undecided.entry(reason.to_string()).or_default();
                *count += 1;
                if *count <= 3 {
                    report.examples.push(format!("{part:?} of\n{texts}"));
                }
            }
        }
    }
    let is_shown = |part: &MappingPart| shown.iter().any(|(other, _)| other == part);
    report.different += parts.iter().filter(|part| is_shown(part)).count();
    report.equal += parts.iter().filter(|part| !is_shown(part) && !unknown.contains(part)).count();
    let whole = old.compare_mappings(0, new, 0);
    match &whole {
        MappingComparison::Equal => report.whole_equal += 1,
        MappingComparison::Differs(_) => report.whole_different += 1,
        MappingComparison::Undecided(reason) => {
            *report.whole_undecided.entry(reason.to_string()).or_default() += 1;
        }
    }
    for round in 0..payloads {
        let witness = payload_witness(random);
        let made = [old, new].map(|rules| rules.map_payload(&witness, 0, round % 2 == 1));
        if matches!(whole, MappingComparison::Equal) && made[0] != made[1] {
            report.wrong.push(format!("{witness} differs: {:?} and {:?}\n{texts}", made[0], made[1]));
            return;
        }
        for sort in sorts(&made[0], &made[1]) {
            if !unknown.contains(&sort.0) && !shown.contains(&sort) {
                report.wrong.push(format!("{witness} differs in {sort:?}\n{texts}"));
                return;
            }
        }
    }
}

/// How two results differ: the part of the mapping, and what it was and is.
fn sorts(old: &MappedPayload, new: &MappedPayload) -> BTreeSet<(MappingPart, String)> {
    let mut all = BTreeSet::new();
    if old.is_accepted != new.is_accepted {
        all.insert((MappingPart::Accept, format!("{} {}", old.is_accepted, new.is_accepted)));
        return all;
    }
    for pair in old.elements.iter().zip(&new.elements) {
        match pair {
            (MappedElement::Event(old), MappedElement::Event(new)) => {
                if old.severity != new.severity {
                    all.insert((MappingPart::Severity, format!("{:?} {:?}", old.severity, new.severity)));
                }
                if old.status != new.status {
                    all.insert((MappingPart::Status, format!("{:?} {:?}", old.status, new.status)));
                }
            }
            (MappedElement::Dropped(_), MappedElement::Dropped(_)) => {}
            (MappedElement::Dropped(_), MappedElement::Event(_)) => {
                all.insert((MappingPart::Drop, "kept".to_owned()));
            }
            (MappedElement::Event(_), MappedElement::Dropped(_)) => {
                all.insert((MappingPart::Drop, "dropped".to_owned()));
            }
        }
    }
    all
}

/// The text with one change.
fn edited(text: &str, random: &mut Random) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let of_mapping = lines.iter().position(|line| line.starts_with("mapping "))? + 1;
    let inner = || of_mapping..lines.len() - 1;
    let is_statement = |at: &usize| {
        let line = lines[*at].trim_start();
        line.starts_with("accept ") || line.starts_with("drop ") || line.contains(" => ")
    };
    let statements: Vec<usize> = inner().filter(is_statement).collect();
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    match random.below(6) {
        0 => {
            changed.remove(*random.pick(&statements));
        }
        1 => {
            let at = *random.pick(&statements);
            (at + 1 < lines.len() - 1).then(|| changed.swap(at, at + 1))?;
        }
        2 => {
            let at = *random.pick(&statements);
            let copy = changed[at].clone();
            changed.insert(at, copy);
        }
        _ => {
            let pairs = [
                ("==", "!="),
                (" and ", " or "),
                (" or ", " and "),
                ("\"x\"", "\"y\""),
                ("\"y\"", "\"x\""),
                ("\"pay\"", "\"pay-card\""),
                ("\"10\"", "10"),
                ("10", "9"),
                ("Critical", "Warning"),
                ("Warning", "Critical"),
                ("Firing", "Resolved"),
                ("is not ", "is "),
                (" is ", " is not "),
                (" < ", " <= "),
                (" >= ", " > "),
                (" ignore case", ""),
                ("not (", "("),
                ("missing", "null"),
                ("string(", "trim("),
                ("$.a.b", "$.a.c"),
                ("$.a", "$.b"),
                ("starts with", "ends with"),
                ("matches", "finds"),
            ];
            let mut possible = Vec::new();
            for at in inner() {
                possible.extend(pairs.iter().filter(|pair| lines[at].contains(pair.0)).map(|pair| (at, pair)));
            }
            let (at, (from, to)) = random.pick(&possible);
            changed[*at] = changed[*at].replacen(from, to, 1);
        }
    }
    let changed = changed.join("\n") + "\n";
    (changed != text).then_some(changed)
}
