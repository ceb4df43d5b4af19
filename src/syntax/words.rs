//! The words that begin declarations and statements, the reserved ones, and words of other languages.
//!
//! Lists that repeat the grammar are held to it by a test.

use crate::syntax::grammar::Rule;

/// The words that begin a declaration.
pub(super) const DECLARATIONS: &[&str] = &[
    "mapping",
    "table",
    "define",
    "schedule",
    "channel",
    "routing",
    "mute",
    "heartbeat",
    "integration",
    "test",
    "prove",
];

/// The words that cannot be names.
pub(super) const RESERVED: &[&str] = &[
    "all", "also", "always", "and", "any", "contains", "decline", "during", "else", "false", "finds", "in", "is",
    "like", "match", "matches", "missing", "none", "not", "nothing", "null", "or", "route", "routing", "true", "when",
];

/// Every word of the language, in alphabetical order. Most may be names where no mistake is possible.
pub(super) const KEYWORDS: &[&str] = &[
    "accept",
    "after",
    "all",
    "allow",
    "also",
    "always",
    "and",
    "answer",
    "any",
    "as",
    "at",
    "because",
    "body",
    "by",
    "case",
    "cases",
    "channel",
    "cidr",
    "contains",
    "decline",
    "define",
    "down",
    "drop",
    "dropped",
    "during",
    "each",
    "edition",
    "else",
    "empty",
    "end",
    "ends",
    "event",
    "events",
    "every",
    "exactly",
    "except",
    "excludes",
    "expect",
    "file",
    "finds",
    "for",
    "from",
    "header",
    "heartbeat",
    "held",
    "ignore",
    "in",
    "includes",
    "input",
    "integration",
    "invalid",
    "is",
    "key",
    "labels",
    "let",
    "like",
    "mapping",
    "match",
    "matches",
    "mute",
    "none",
    "not",
    "note",
    "nothing",
    "notified",
    "open",
    "or",
    "outcome",
    "path_suffix",
    "pause",
    "prove",
    "restart",
    "resume",
    "route",
    "routing",
    "same",
    "schedule",
    "sent",
    "silence",
    "snapshot",
    "starts",
    "table",
    "test",
    "timeout",
    "times",
    "unaccepted",
    "until",
    "via",
    "waits",
    "when",
    "while",
    "with",
];

/// The words that begin a statement of a mapping.
pub(super) const MAPPING: &[&str] = &[
    "accept",
    "each",
    "let",
    "drop",
    "labels",
    "severity",
    "status",
    "title",
    "key",
    "description",
    "starts_at",
    "ends_at",
    "link",
    "source",
];

/// The words that begin a line of a routing.
pub(super) const ROUTING: &[&str] = &["route", "also", "always", "else"];

/// What begins a line of a heartbeat.
pub(super) const HEARTBEAT: &[&str] = &["when", "by", "timeout", "severity", "title", "labels", "=>"];

/// The words that begin a line of a `prove`; the subjects of tests have their own message there.
pub(super) const PROVE: &[&str] = &["routing", "when", "at", "expect"];

/// The words that begin a statement of a test.
pub(super) const TEST: &[&str] = &[
    "mapping",
    "routing",
    "integration",
    "channel",
    "input",
    "header",
    "path_suffix",
    "event",
    "at",
    "open",
    "cases",
    "expect",
    "times",
    "silence",
    "end",
    "restart",
    "down",
    "pause",
    "resume",
];

/// What begins a value.
pub(super) const VALUES: &[Rule] =
    &[Rule::reference, Rule::path, Rule::template, Rule::number, Rule::fixed, Rule::match_subject];

/// What begins a comparison after its subject.
pub(super) const COMPARISONS: &[Rule] =
    &[Rule::equal, Rule::unequal, Rule::order, Rule::order_sign, Rule::is, Rule::like, Rule::k_like];

/// The operators of comparisons.
pub(super) const SIGNS: &[&str] =
    &["==", "!=", "<", "<=", ">", ">=", "in", "like", "matches", "finds", "contains", "starts", "ends", "is", "during"];

/// A word of another language, and what this one has in its place.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    Some(match word {
        "if" | "elif" | "elsif" | "elseif" | "unless" | "switch" | "case" | "then" => {
            "write `when` for a condition of a line, and `match x { \"a\" => …  else => … }` to choose a value"
        }
        "for" | "foreach" | "while" | "loop" => "a mapping has one loop: `each $.alerts[*]`",
        "import" | "include" | "use" | "require" => {
            "every `*.rules` file of the set is read, so the line can be left out"
        }
        "var" | "const" | "set" => "write `let name = …` in a mapping, or `define name = …`",
        "fn" | "func" | "function" | "def" => {
            "write `define name = …` for a value, or `table name(a) { … }` for a choice"
        }
        "return" => "write a field, such as `severity = …`",
        _ => return None,
    })
}

/// A word of another alerting tool.
pub(super) struct OtherTool {
    /// Why there is no such word here.
    pub(super) fact: &'static str,
    /// What there is in its place.
    pub(super) instead: &'static str,
}

const GROUPS: OtherTool = OtherTool {
    fact: "what is told together, and when, is a matter of each channel",
    instead: "give it to the channel: `channel chat = dingtalk(url = …, repeat = 4h, group_by = [labels.cluster], wait = 30s..10m)`",
};

const REPEATS: OtherTool = OtherTool {
    fact: "when an alert that still fires is told again is a matter of each channel",
    instead: "give it to the channel: `channel chat = dingtalk(url = …, repeat = 4h)`",
};

const INHIBITS: OtherTool = OtherTool {
    fact: "what another alert holds back is a mute",
    instead: "declare `mute behind_node when labels.alert == \"PodDown\" while labels.alert == \"NodeDown\" same labels.node because \"its node is down\"`",
};

const SILENCES: OtherTool = OtherTool {
    fact: "what is not told for a time is a declaration, and what is not told on one occasion is a matter of operators",
    instead: "declare `mute batch when labels.job == \"batch\" and during nightly because \"…\"`, or run `pointsman silence add`; what is never told is a route, `=> nothing because \"…\"`",
};

const MUTES: OtherTool = OtherTool {
    fact: "times stand in a schedule",
    instead: "declare `schedule office in \"Asia/Shanghai\" { mon..fri 09:00..18:00 }`, and ask `during office` or `not during office` in a route or a mute",
};

const ESCALATES: OtherTool = OtherTool {
    fact: "all channels of a line get the event at once, and each waits for itself",
    instead: "name one more channel, which waits longer: `channel boss = flashduty(key = …, repeat = \"never\", wait = 30m, wait_critical = 30m)`",
};

const THROTTLES: OtherTool = OtherTool {
    fact: "how fast a channel is called is its own affair",
    instead: "give the channel a rate, in requests a minute: `channel chat = webhook(url = …, rate = 20)`",
};

/// What Pointsman has in the place of a word of Alertmanager, Grafana, Flashduty and their like.
pub(super) fn other_tool(word: &str) -> Option<&'static OtherTool> {
    Some(match word {
        "group" | "group_by" | "group_wait" | "group_interval" | "aggregate" => &GROUPS,
        "repeat" | "repeat_interval" | "resend_delay" | "renotify" | "dedup" | "deduplicate" => &REPEATS,
        "inhibit" | "inhibit_rule" | "inhibit_rules" | "suppress" | "depends_on" => &INHIBITS,
        "silence" | "silences" | "mute" | "mutes" | "snooze" => &SILENCES,
        "mute_time_intervals" | "mute_timings" | "active_time_intervals" | "active_timings" | "time_intervals" => {
            &MUTES
        }
        "escalate" | "escalation" | "escalate_to" | "notify_after" | "oncall" | "on_call" => &ESCALATES,
        "throttle" | "rate_limit" | "throttle_period" => &THROTTLES,
        _ => return None,
    })
}
