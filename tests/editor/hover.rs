//! What stands at a place.

use super::completion::SET;
use super::{from_disk, single};
use expect_test::expect_file;
use pointsman::ruleset::RuleSet;
use pointsman::ruleset::editor::{EditorView, RouteFacts, rule_names};
use pointsman::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A text with marks before the words that are looked at.
const MARKED: &str = r#"
## Who sells.
define ‸seller = labels.‸team ?? "none"
allow ‸W0002 because "kept"
mute ‸quiet ‸when ‸severity ‸< ‸Warning and during ‸office ‸because "low"
channel ‸more = ‸flashduty(‸key = ‸env("K"), ‸repeat = "never")
routing night {
  ‸also route ‸old when title ‸finds /a[b-d]+/i or labels.host like "‸db-*" => ‸chat
  route x ‸match severity { Critical ‸=> page  ‸else => ‸decline }
  else ‸=> ‸nothing because "x"
}
test "more" {
  routing ‸main
  event { ‸labels: { ‸host: "a" } }
  ‸expect via main.‸pay
}
mapping other {
  ‸let name = ‸trim($.name)
  title = "{‸name}"
}
"#;

#[test]
fn every_mark_has_a_text() {
    let sound = RuleSet::from_sources(single(SET), &from_disk, None).rules.unwrap();
    let sources = single(&format!("{SET}{}", MARKED.replace('‸', "")));
    let facts = RouteFacts { hits: Some(2), verdict: Some("This event reaches it: {}".to_owned()) };
    let routes = BTreeMap::from([("main.pay".into(), facts)]);
    let samples = BTreeMap::new();
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
    let mut shown = String::new();
    let mut offset = SET.len();
    for (number, part) in MARKED.split('‸').enumerate() {
        if number > 0 {
            let word: String = part.chars().take_while(|letter| !letter.is_whitespace()).collect();
            let found = view.hover(file, offset).map_or_else(|| "NOTHING".to_owned(), |found| found.markdown);
            writeln!(shown, "===== {word}\n{found}").unwrap();
        }
        offset += part.len();
    }
    assert!(!shown.contains("NOTHING"), "{shown}");
    expect_file!["../cases/editor/hover.txt"].assert_eq(&shown);
}
