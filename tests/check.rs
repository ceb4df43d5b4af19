//! Truncated and large rule sets: the work of `check` and the number of its findings stay bounded. The tests of its
//! messages are in `messages`.

use pointsman::check::{self, CheckEnvironment};
use pointsman::diagnostic::{DiagnosticFormat, Findings, render};
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::time::Timestamp;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// The report about a file, and the codes in it.
fn check(text: &str) -> (String, Vec<&'static str>) {
    let mut sources = Sources::default();
    let id = sources.add("case.rules", text);
    let mut findings = Findings::default();
    let files = [findings.add_with(|diagnostics| syntax::parse(&sources, id, diagnostics))];
    let read = |_: &Path| Err("there is no such file".to_owned());
    let at = Timestamp::read("2026-11-20T12:00:00Z");
    let (_, findings) = check::check(&files, &CheckEnvironment { sources: &sources, read: &read, at }, findings);
    let (diagnostics, _) = findings.finish();
    let codes = diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
    (render(DiagnosticFormat::Human, &diagnostics, &sources), codes)
}

#[test]
fn a_rule_set_without_one_of_its_words_is_checked_to_the_end() {
    let text = include_str!("cases/check/valid/values.rules");
    let words: Vec<(usize, &str)> =
        text.split(' ').scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word))).collect();
    for (at, word) in words.into_iter().filter(|(_, word)| !word.is_empty()).step_by(3) {
        let without = format!("{}{}", &text[..at], &text[at + word.len()..]);
        let (said, codes) = check(&without);
        assert!(codes.len() < 20, "without `{word}` at {at}, one word makes many findings:\n{said}");
    }
}

/// A family of so many members, and a route to one of them.
fn family(name: &str, members: usize) -> String {
    let members: Vec<String> = (0..members).map(|at| format!("\"m{at}\"")).collect();
    format!(
        "channel {name}[member] in [{}] = webhook(url = env(\"HOOK\"), body = {{ \"text\": \"{{member}}: {{title}}\" }})\n\
         routing to_{name} {{ route one => {name}[labels.member]  else => {name}[\"m0\"] }}\n\
         mapping map_{name} {{ severity = Info  status = match $.s {{ \"over\" => Resolved  else => Firing }} \
           title = \"a\"  key = \"k\"  labels {{ member = $.m }} }}\n\
         integration push_{name} {{ keys = [env(\"KEY_{name}\")]  map_{name} => routing to_{name} }}\n",
        members.join(", ")
    )
}

#[test]
fn families_and_rule_sets_have_limits() {
    let most: String = ["one", "two", "three", "four", "five"].map(|name| family(name, 1_000)).concat();
    let (said, found) = check(&format!("edition 1\n{most}"));
    assert!(found.is_empty(), "{said}");
    let (said, found) = check(&format!("edition 1\n{most}channel more = stdout()\nrouting last {{ else => more }}\n"));
    assert!(found.contains(&"E0154") && said.contains("more than the 5000 channels"), "{said}");
    let (said, found) = check(&format!("edition 1\n{}", family("one", 1_001)));
    assert_eq!(found, ["E0154"], "{said}");
    assert!(said.contains("has 1001 members") && said.contains("at most 1000 members"), "{said}");
}

#[test]
fn large_rule_sets_are_linted_in_time() {
    let mut text = String::from("edition 1\n\nchannel sre = stdout()\nchannel feed = stdout()\n\nrouting main {\n");
    for at in 0..4_000 {
        let word = if at % 2 == 0 { "route" } else { "also route" };
        writeln!(text, "  {word} r{at} when labels.service == \"s{at}\" => feed").unwrap();
    }
    text.push_str("  else => sre\n}\n");
    for at in 0..4_000 {
        writeln!(text, "define is_{at}x{} = labels.label{} == \"a\"", at * 7, at * 13).unwrap();
    }
    let start = std::time::Instant::now();
    let (_, found) = check(&text);
    assert!(found.contains(&"W0002"));
    assert!(start.elapsed() < Duration::from_mins(1));
}
