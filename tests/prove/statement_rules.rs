//! Random statements about random rule sets.

use super::generator::{Random, SetGenerator};
use std::fmt::Write;

/// Mutes, and statements about the routings, to stand beside a set of [`rules`].
pub(crate) fn statements(random: &mut Random, count: usize) -> String {
    let mut text = String::new();
    let mut set = SetGenerator { random, defines: 3, depth: 0 };
    for mute in 0..set.random.below(3) {
        let channels = *set.random.pick(&["", " in c1", " in c0, c2", " in fam", " in c3, c4, c5"]);
        let condition = loop {
            let condition = set.leaf();
            // A mute does not ask for the status, and `d0` to `d2` may.
            if !condition.contains("status") && !matches!(&*condition, "d0" | "d1" | "d2") {
                break condition;
            }
        };
        let source = if set.random.one_in(4) { " while labels.a == \"zz\" same labels.b" } else { "" };
        let _ = writeln!(text, "mute m{mute}{channels} when {condition}{source} because \"quiet\"");
    }
    for statement in 0..count {
        let routing = *set.random.pick(&["main", "main", "main", "second", "third"]);
        let when = if set.random.one_in(6) { String::new() } else { format!("  when {}\n", set.condition(2)) };
        let at = if set.random.one_in(6) { "  at 2026-05-01T10:30:00+08:00\n" } else { "" };
        let mut expectations = String::new();
        for _ in 0..=usize::from(set.random.one_in(4)) {
            let expectation = expectation(set.random);
            let _ = writeln!(expectations, "  expect {expectation}");
        }
        let _ = writeln!(text, "prove \"s{statement}\" {{\n  routing {routing}\n{when}{at}{expectations}}}");
    }
    text
}

fn expectation(random: &mut Random) -> String {
    let mut channels: Vec<String> = (0..6).filter(|_| random.one_in(3)).map(|c| format!("c{c}")).collect();
    if channels.is_empty() {
        channels.push(format!("c{}", random.below(6)));
    }
    let family = random.one_in(4);
    match random.below(8) {
        0..=2 => {
            channels.extend(family.then(|| "fam".to_owned()));
            format!("sent includes any [{}]", channels.join(", "))
        }
        3 => format!("sent includes [{}]", if family { "fam[\"pay\"]" } else { &*channels[0] }),
        4 | 5 => {
            channels.extend(family.then(|| "fam".to_owned()));
            format!("sent excludes [{}]", channels.join(", "))
        }
        6 => "not dropped".to_owned(),
        _ if family => format!("sent [{}]", channels.join(", ")),
        _ => "via main.else".to_owned(),
    }
}
