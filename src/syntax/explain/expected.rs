//! From the grammar's rules to words.

use crate::syntax::grammar::{Rule, is_pattern_test};
use crate::syntax::words::DECLARATIONS;
use crate::text::enumeration;

/// What could have stood there: at most four things, the most helpful first.
pub(super) fn phrase(rules: &[Rule]) -> String {
    let compares = rules.contains(&Rule::equal) || rules.contains(&Rule::order);
    // After a value, `not` begins a comparison, as in `not in`, not a condition.
    let rules = rules.iter().filter(|rule| !(compares && **rule == Rule::k_not));
    let rules: Vec<Rule> = rules.copied().collect();
    if rules.contains(&Rule::k_define) {
        return format!("one of `{}`", DECLARATIONS.join("`, `"));
    }
    // Only steps have moments, so that nothing else follows one.
    if rules.contains(&Rule::k_restart) && !rules.contains(&Rule::k_cases) {
        return "a step such as `event { … }`".into();
    }
    let mut words: Vec<(u8, String)> =
        rules.iter().map(|rule| name(*rule)).filter(|(_, word)| !word.is_empty()).collect();
    words.sort();
    words.dedup();
    let has = |what: &str| words.iter().any(|(_, word)| word == what);
    let (value, condition) = (has("a value"), has("a condition"));
    let operand = value || condition;
    let line = has("a day or a time");
    words.retain(|(_, word)| match word.as_str() {
        "a value" => !condition,
        "a time such as `09:00`" | "a day such as `mon` or `2026-10-01`" => !line,
        "a duration such as `30s`"
        | "a name"
        | "`match`"
        | "a pattern"
        | "an operator"
        | "`,` or `)`"
        | "`,` or `]`" => !operand,
        _ => true,
    });
    if operand {
        words.extend(rules.contains(&Rule::close_bracket).then(|| (9, "`]`".into())));
        words.extend(rules.contains(&Rule::close_paren).then(|| (9, "`)`".into())));
    }
    if let [(rank, only)] = words.as_slice()
        && only == "`}`"
    {
        words = vec![(*rank, "`,` or `}`".into())];
    }
    // Parameters take lists, and places that take conditions alone do not.
    if rules.contains(&Rule::quantifier) && rules.contains(&Rule::k_match) || rules.contains(&Rule::list) {
        words.iter_mut().filter(|(_, word)| word == "a condition").for_each(|(_, word)| *word = "a value".into());
    }
    words.truncate(4);
    let words: Vec<String> = words.into_iter().map(|(_, word)| word).collect();
    if words.is_empty() { "something else".into() } else { enumeration(&words, "or") }
}

/// The name of a rule, and its rank: lower ranks are named first.
fn name(rule: Rule) -> (u8, String) {
    match kind(rule) {
        (_, "") => other(rule),
        (rank, name) => (rank, name.into()),
    }
}

/// Rules with a name in plain words; the others have none here.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is made by pest; a new rule shows as its kind of word")]
fn kind(rule: Rule) -> (u8, &'static str) {
    match rule {
        Rule::condition | Rule::quantifier | Rule::k_not => (0, "a condition"),
        Rule::reference
        | Rule::arguments
        | Rule::path
        | Rule::template
        | Rule::raw
        | Rule::number
        | Rule::durations
        | Rule::truth
        | Rule::match_value
        | Rule::open_paren
        | Rule::fixed
        | Rule::hole_value
        | Rule::lone_condition
        | Rule::list
        | Rule::object
        | Rule::match_subject => (0, "a value"),
        Rule::name
        | Rule::word
        | Rule::kind
        | Rule::setting
        | Rule::label
        | Rule::member
        | Rule::channel_member
        | Rule::family
        | Rule::family_name => (0, "a name"),
        Rule::string => (0, "a string in quotes"),
        Rule::regex => (0, "a regular expression between slashes"),
        Rule::json_word | Rule::json_object | Rule::json_array | Rule::json_member => (0, "JSON"),
        Rule::integer | Rule::count => (1, "a whole number"),
        Rule::timestamp => (0, "a time such as `2026-03-07T02:00:00+08:00`"),
        Rule::clock | Rule::time_range | Rule::times | Rule::spans | Rule::span => (1, "a time such as `09:00`"),
        Rule::date | Rule::day | Rule::day_range | Rule::days => (0, "a day such as `mon` or `2026-10-01`"),
        Rule::schedule_line => (0, "a day or a time"),
        Rule::mapping
        | Rule::table
        | Rule::define
        | Rule::schedule
        | Rule::channel
        | Rule::routing
        | Rule::heartbeat
        | Rule::mute
        | Rule::integration
        | Rule::test
        | Rule::allow
        | Rule::file
        | Rule::edition => (0, "a declaration"),
        Rule::accept | Rule::each | Rule::drop | Rule::let_ | Rule::field | Rule::labels => (1, "a statement"),
        Rule::beat_when | Rule::beat_by | Rule::beat_timeout | Rule::beat_target => (1, "a line of a heartbeat"),
        Rule::line | Rule::head | Rule::k_route | Rule::k_always => (1, "a route"),
        Rule::spread => (1, "`...`"),
        Rule::reading => (1, "a mapping's name"),
        Rule::destination | Rule::to_routing | Rule::to_member | Rule::target => (0, "a channel"),
        Rule::expect
        | Rule::cases
        | Rule::input
        | Rule::request_header
        | Rule::request_suffix
        | Rule::event
        | Rule::at
        | Rule::open
        | Rule::repeated_event
        | Rule::restart
        | Rule::down
        | Rule::pause
        | Rule::resume
        | Rule::silence
        | Rule::silence_end
        | Rule::timed_step
        | Rule::subject => (1, "a statement of a test"),
        Rule::moment | Rule::moments => (2, "a moment such as `+30s`"),
        Rule::duration => (0, "a duration such as `30s`"),
        Rule::case_row | Rule::case_value | Rule::case_rows => (1, "a row"),
        Rule::arm | Rule::route_arm | Rule::column | Rule::pattern | Rule::wildcard | Rule::order_sign => {
            (0, "a pattern")
        }
        _ if is_pattern_test(rule) => (2, "an operator"),
        Rule::equal
        | Rule::unequal
        | Rule::is
        | Rule::during
        | Rule::k_is
        | Rule::k_in
        | Rule::k_like
        | Rule::k_matches
        | Rule::k_finds
        | Rule::k_contains
        | Rule::k_starts
        | Rule::k_ends
        | Rule::k_during
        | Rule::k_and
        | Rule::k_or
        | Rule::coalesce => (2, "an operator"),
        Rule::block => (3, "`{`"),
        Rule::close_bracket => (3, "`,` or `]`"),
        Rule::close_paren => (3, "`,` or `)`"),
        Rule::EOI => (9, "the end of the file"),
        _ => (9, ""),
    }
}

/// Signs as written, and keywords by the names of their rules.
#[expect(clippy::wildcard_enum_match_arm, reason = "the enum is made by pest; a keyword's rule bears its word")]
fn other(rule: Rule) -> (u8, String) {
    let sign = match rule {
        Rule::arrow => "=>",
        Rule::assign => "=",
        Rule::close_brace => "}",
        Rule::colon => ":",
        Rule::column_arrow => "->",
        Rule::open_brace => "{",
        Rule::open_bracket => "[",
        Rule::ignore_case => "ignore case",
        Rule::k_events => "events",
        _ => {
            let name = format!("{rule:?}");
            return (4, name.strip_prefix("k_").map_or_else(String::new, |word| format!("`{word}`")));
        }
    };
    (3, format!("`{sign}`"))
}
