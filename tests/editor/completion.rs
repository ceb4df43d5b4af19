//! What may be written at a place of a text that is being written.

use super::{from_disk, single};
use expect_test::expect_file;
use pointsman::ruleset::RuleSet;
use pointsman::ruleset::editor::{Completion, CompletionText, EditorView, rule_names};
use pointsman::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What stands above each text, and is without errors.
pub(super) const SET: &str = r#"edition 1

schedule office in "Europe/Berlin" { mon..fri 09:00..18:00 }
define urgent = severity == Critical
channel chat = stdout()
channel page = stdout()
mapping shop {
  let host = $.host
  severity = Critical
  status   = Firing
  title    = "on {host}"
  key      = key("shop", host) ?? "shop"
  labels { host = host  team = $.team }
}
table tier(team) { "pay" => "gold"  else => missing }
routing main {
  route pay when labels.team == "pay" => page
  route data when labels.team in ["data", "ml"] => chat
  else => chat
}
test "pay" {
  routing main
  event { severity: Critical, labels: { team: "pay", host: "a" } }
  expect via main.pay
}
"#;

/// Makes an answer about a text below [`SET`], at its mark.
fn at_mark<T>(text: &str, answer: impl FnOnce(&EditorView<'_>, pointsman::source::FileId, usize) -> T) -> T {
    let sound = RuleSet::from_sources(single(SET), &from_disk, None).rules.unwrap();
    let whole = format!("{SET}\n{text}");
    let offset = whole.find('‸').unwrap();
    let sources = single(&whole.replacen('‸', "", 1));
    let (routes, samples) = (BTreeMap::new(), BTreeMap::new());
    let view = EditorView {
        sources: &sources,
        names: &rule_names(&sources),
        sound: Some(&sound),
        routes: &routes,
        samples: &samples,
        read: &from_disk,
        now: Timestamp::read("2026-03-07T02:00:00+08:00").unwrap(),
    };
    let file = sources.iter().next().unwrap().0;
    answer(&view, file, offset)
}

fn line(completion: &Completion) -> String {
    let text = match &completion.insert {
        CompletionText::Plain(text) | CompletionText::Gaps(text) => text.replace('\n', "⏎"),
    };
    let written = if text == completion.label { String::new() } else { format!(" writes `{text}`") };
    format!("  {:?} {}{written} {}", completion.kind, completion.label, completion.detail).trim_end().to_owned()
}

#[test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime only")]
fn what_may_stand_at_a_place_is_offered() {
    let cases = include_str!("../cases/editor/completion.txt");
    let mut shown = String::new();
    for case in cases.split("\n=\n") {
        let (name, text) = case.split_once('\n').unwrap();
        let found = at_mark(text.trim_end_matches('\n'), |view, file, offset| view.complete(file, offset));
        writeln!(shown, "{name}: {}", found.len()).unwrap();
        for completion in found.iter().take(16) {
            writeln!(shown, "{}", line(completion)).unwrap();
        }
    }
    expect_file!["../cases/editor/completion.offers.txt"].assert_eq(&shown);
}

#[test]
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime only")]
fn the_call_around_a_place_is_shown() {
    let signature = |text: &str| {
        let found = at_mark(text, |view, file, offset| view.signature(file, offset));
        found.map(|call| format!("{} {}", call.label, call.active))
    };
    assert_eq!(signature("mapping m { title = slice($.a, 1, ‸").unwrap(), "slice(text, from, to?) 2");
    assert_eq!(signature("mapping m { title = tier(‸").unwrap(), "tier(team) 0");
    let channel = signature("channel c = flashduty(key = env(\"K\"), title = ‸").unwrap();
    assert!(channel.starts_with("flashduty(key = …, api_host = …, title = …") && channel.ends_with(" 2"), "{channel}");
    assert_eq!(signature("channel c = ‸"), None);
}

#[test]
fn a_completion_never_fails_wherever_the_text_ends() {
    for (offset, _) in SET.char_indices().step_by(7) {
        let text = &SET[..offset];
        let sources = single(text);
        let (routes, samples) = (BTreeMap::new(), BTreeMap::new());
        let view = EditorView {
            sources: &sources,
            names: &rule_names(&sources),
            sound: None,
            routes: &routes,
            samples: &samples,
            read: &from_disk,
            now: Timestamp::read("2026-03-07T02:00:00+08:00").unwrap(),
        };
        let file = sources.iter().next().unwrap().0;
        let _ = (view.complete(file, offset), view.hover(file, offset), view.signature(file, offset));
        assert!(view.colors(file).windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
    }
}
