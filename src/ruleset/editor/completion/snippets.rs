//! Texts with gaps: declarations, durations, days.

use super::cursor::Cursor;
use super::{Completion, CompletionKind};
use crate::ruleset::editor::description::{self, WordContext};

/// The declarations, with what most of them hold. Each is formatted, and its gaps filled with the given words it parses.
const DECLARATIONS: [(&str, &str); 11] = [
    (
        "mapping",
        r#"mapping ${1:name} {
  severity = ${2:Warning}
  status   = ${3:Firing}
  title    = \$.${4:title} ?? "${5:no title}"
  key      = key("${1:name}", \$.${6:id}) ?? "${1:name}"$0
}"#,
    ),
    (
        "table",
        r#"table ${1:name}(${2:value}) {
  "${3:ab}" => "${4:c}"
  else => missing
}"#,
    ),
    ("define", "define ${1:name} = ${2:severity == Critical}"),
    (
        "schedule",
        r#"schedule ${1:name} in "${2:Asia/Shanghai}" {
  ${3:mon..fri 09:00..18:00}
}"#,
    ),
    ("channel", "channel ${1:name} = ${2:stdout}($0)"),
    (
        "routing",
        r"routing ${1:main} {
  route ${2:urgent} when ${3:severity == Critical} => ${4:page}
  else => ${5:chat}
}",
    ),
    ("mute", "mute ${1:name} when ${2:labels.job == \"batch\"} because \"${3:the reason}\""),
    (
        "heartbeat",
        r#"heartbeat ${1:name} {
  when ${2:labels.alert == "Watchdog"}
  timeout ${3:5m}
  title = "${4:nothing is heard}"
  => routing ${5:main}
}"#,
    ),
    (
        "integration",
        r#"integration ${1:name} {
  keys = [env("${2:KEY}")]
  ${3:mapping_name} => routing ${4:main}
}"#,
    ),
    (
        "test",
        r#"test "${1:what it shows}" {
  routing ${2:main}
  event { severity: ${3:Critical} }
  expect sent [${4:page}]
}"#,
    ),
    (
        "prove",
        r#"prove "${1:what holds}" {
  routing ${2:main}
  when ${3:severity == Critical}
  expect not dropped
}"#,
    ),
];

pub(super) fn declarations(cursor: &Cursor<'_>) -> Vec<Completion> {
    let completion = |(word, gaps): (&str, &str)| {
        let described = description::keyword(word, WordContext::File, &[word]);
        Completion::new(word, CompletionKind::Snippet, cursor.span())
            .documentation(described.map(|found| found.markdown()).unwrap_or_default())
            .gaps(gaps)
            .rank(1)
    };
    DECLARATIONS.into_iter().map(completion).collect()
}

pub(super) fn durations(cursor: &Cursor<'_>) -> Vec<Completion> {
    values(cursor, &["30s", "5m", "30m", "1h", "4h", "24h"])
}

pub(super) fn days(cursor: &Cursor<'_>) -> Vec<Completion> {
    values(cursor, &["mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon..fri"])
}

pub(super) fn kinds(cursor: &Cursor<'_>) -> Vec<Completion> {
    values(cursor, &["missing", "null", "empty", "string", "number", "boolean", "array", "object"])
}

fn values(cursor: &Cursor<'_>, texts: &[&str]) -> Vec<Completion> {
    texts.iter().map(|text| Completion::new(*text, CompletionKind::Value, cursor.span()).rank(2)).collect()
}

#[cfg(test)]
mod tests {
    use super::DECLARATIONS;
    use crate::format;

    /// A text with its gaps filled.
    fn filled(gaps: &str) -> String {
        let mut text = String::new();
        let mut rest = gaps;
        while let Some((before, after)) = rest.split_once("${") {
            let (gap, behind) = after.split_once('}').unwrap();
            text.push_str(before);
            text.push_str(gap.split_once(':').unwrap().1);
            rest = behind;
        }
        text.push_str(rest);
        text.replace("\\$", "\u{1}").replace("$0", "").replace('\u{1}', "$")
    }

    #[test]
    fn declarations_are_formatted() {
        for (word, gaps) in DECLARATIONS {
            let text = format!("edition 1\n\n{}\n", filled(gaps));
            assert_eq!(format::changes(&text).unwrap(), [], "{word}: {text}");
        }
    }
}
