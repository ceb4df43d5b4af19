//! The form of what is expected, with an example: the way out where nothing more is known about a mistake.

use super::{ParseFailure, mutes, proves};
use crate::syntax::grammar::Rule;

/// How what is expected is written.
pub(super) fn form(failure: &ParseFailure<'_>) -> Option<&'static str> {
    let declaration = failure.declaration();
    statement(failure, declaration).or_else(|| part(failure, declaration))
}

/// Lines of blocks and declarations.
fn statement(failure: &ParseFailure<'_>, declaration: &str) -> Option<&'static str> {
    let goes_on = failure.expects(Rule::coalesce) && !failure.starts_line(failure.index);
    if let Some(form) = test_statement(failure, declaration, goes_on) {
        return Some(form);
    }
    if declaration == "mute"
        && failure.expects_any(&[Rule::k_when, Rule::k_while, Rule::k_same, Rule::k_until, Rule::k_because])
        && !failure.expects_any(&[Rule::equal, Rule::is])
    {
        return Some(mutes::FORM);
    }
    if goes_on {
        return None;
    }
    if failure.expects_any(&[Rule::line, Rule::head, Rule::k_route]) {
        return Some(
            "a line is `route NAME when labels.team == \"web\" => channel`, `also route …`, `always …` or `else => channel`",
        );
    }
    if failure.expects_any(&[Rule::accept, Rule::field, Rule::k_accept, Rule::k_each]) && declaration == "mapping" {
        return Some(
            "a statement is `title = $.title ?? \"alert\"`, `let name = …`, `accept when …`, `drop when … because \"…\"`, `each $.alerts[*]` or `labels { … }`",
        );
    }
    if failure.expects_any(&[Rule::beat_when, Rule::beat_by, Rule::beat_timeout]) {
        return Some(
            "a line of a heartbeat is `when labels.alert == \"Watchdog\"`, `by labels.cluster`, `timeout 5m`, `severity = …`, `title = …`, `labels { … }` or `=> routing main`",
        );
    }
    if failure.expects_any(&[Rule::label, Rule::spread]) {
        return Some("a label is `team = $.team`; all labels of an object are `...$.labels`");
    }
    if failure.expects_any(&[Rule::schedule_line, Rule::day_range, Rule::day, Rule::clock, Rule::time_range]) {
        return Some(
            "a line of a schedule is `mon..fri 09:00..12:00, 13:30..18:30`, `except 2026-10-01` or `also 2026-10-10 09:00..18:00`",
        );
    }
    if failure.expects_any(&[Rule::file, Rule::k_define]) || failure.expects(Rule::EOI) && failure.expects(Rule::allow)
    {
        return Some(
            "a declaration is, for example, `channel page = stdout()` or `routing main { route urgent when severity == Critical => page  else => page }`",
        );
    }
    None
}

/// Statements of tests, and their parts.
fn test_statement(failure: &ParseFailure<'_>, declaration: &str, goes_on: bool) -> Option<&'static str> {
    if proves::begins_line(failure) && !goes_on {
        return Some(proves::FORM);
    }
    if failure.expects_any(&[Rule::expect, Rule::k_expect, Rule::cases]) && !goes_on {
        return Some(
            "a statement of a test begins with `mapping`, `routing`, `integration`, `channel`, `input`, `event`, `at`, `open`, `cases` or `expect`; a step of a sequence with its moment, `+30s`",
        );
    }
    if declaration == "test" && failure.expects_any(&[Rule::duration, Rule::moment, Rule::moments]) {
        return Some("a duration is `30s`, `10m`, `4h`, `7d` or `1h30m`; a moment of a sequence is `+30s`");
    }
    if failure.expects_any(&[Rule::exactly, Rule::sent, Rule::dropped, Rule::k_sent, Rule::k_dropped]) {
        return Some(
            "write `expect 1 event`, `expect { severity: Critical }`, `expect sent [page]`, `expect via main.page` or `expect dropped`",
        );
    }
    if failure.expects_any(&[Rule::k_includes, Rule::k_excludes]) {
        return Some("channels of a test stand in brackets: `expect sent [page, chat]`");
    }
    if failure.expects_any(&[Rule::case_row, Rule::case_value]) {
        return Some("a row gives a value for each name, then what is expected: `\"P1\" => Critical`");
    }
    None
}

/// Values, names and other parts of a statement.
fn part(failure: &ParseFailure<'_>, declaration: &str) -> Option<&'static str> {
    if failure.expects_any(&[Rule::json_word, Rule::json_object, Rule::json_array, Rule::json_member, Rule::member]) {
        return Some(
            "JSON is `\"text\"`, `1`, `true`, `null`, `[…]` or `{ \"name\": … }`; members and items are separated by `,`",
        );
    }
    if failure.expects_any(&[Rule::destination, Rule::to_routing, Rule::target, Rule::k_routing]) {
        return Some("after `=>` stand channels, as in `=> page, chat`, or `routing NAME`, or `nothing because \"…\"`");
    }
    let operator = failure.expects(Rule::coalesce);
    if operator && failure.expects_any(&[Rule::equal, Rule::order, Rule::order_sign, Rule::is]) {
        return Some(
            "after a value stands `==`, `!=`, `<`, `in […]`, `like \"…\"`, `contains \"…\"`, `is missing` or another comparison; `and` and `or` join conditions",
        );
    }
    if operator {
        return Some(
            "after a value may stand `??` and what is taken where it is missing, as in `$.title ?? \"alert\"`",
        );
    }
    if failure.expects_any(&[Rule::pattern, Rule::column, Rule::wildcard, Rule::arm, Rule::route_arm]) {
        return Some("an arm is `\"web\" | \"shop\" => result`, and the last one `else => result`");
    }
    if failure.expects_any(&[Rule::condition, Rule::quantifier]) {
        return Some(
            "a condition is `labels.team == \"web\"`, `severity >= Warning` or `any $.alerts[*].status == \"firing\"`",
        );
    }
    if failure.expects_any(&[Rule::string, Rule::fixed]) && !failure.expects(Rule::reference) {
        return Some("a string stands in quotes: `\"…\"`");
    }
    if failure.expects(Rule::regex) && !failure.expects(Rule::reference) {
        return Some("a regex stands between slashes: `/disk (full|failed)/`");
    }
    if failure.expects_any(&[
        Rule::list,
        Rule::object,
        Rule::reference,
        Rule::path,
        Rule::template,
        Rule::number,
        Rule::match_subject,
    ]) {
        return Some(match declaration {
            "mapping" => {
                "a value is a path such as `$.host`, a string such as `\"{$.host} is down\"`, a number, or a call such as `lower($.host)`"
            }
            "table" | "test" => {
                "a value is a string such as `\"web\"`, a number, a constant such as `Critical`, or `missing`"
            }
            "channel" | "integration" => {
                "a value is a string such as `\"…\"`, a number, or a secret such as `env(\"NAME\")`"
            }
            _ => {
                "a value is a label such as `labels.team`, a field such as `title`, a string, a number, or a call such as `lower(title)`"
            }
        });
    }
    name(failure)
}

fn name(failure: &ParseFailure<'_>) -> Option<&'static str> {
    if failure.expects_any(&[Rule::name, Rule::word, Rule::kind, Rule::setting, Rule::holes]) {
        return Some(
            "a name begins with a letter and holds letters, digits, `_` and `-`; words of the language cannot be names",
        );
    }
    if failure.expects_any(&[Rule::close_bracket, Rule::close_paren, Rule::close_brace]) {
        return Some("what stands in brackets is separated by `,`, and the bracket is closed");
    }
    if failure.expects_any(&[Rule::open_brace, Rule::block]) {
        return Some("a block begins with `{`");
    }
    failure.expects_any(&[Rule::integer, Rule::count]).then_some("a whole number is written in digits: `1`")
}
