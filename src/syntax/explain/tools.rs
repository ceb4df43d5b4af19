//! Words of other alerting tools: what Pointsman has in their place, or what stands behind it and does that.

use super::{MistakeDetector, ParseFailure, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::words::{DECLARATIONS, other_tool};

pub(super) const MISTAKES: &[MistakeDetector] = &[statement, after_line, sending_word, delay, then];

/// `group_by …`, `inhibit …`, `silence …` as a declaration, a line or a statement
fn statement(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1);
    let index =
        [Some(failure.index), before].into_iter().flatten().find(|at| other_tool(failure.word(*at)).is_some())?;
    let follows = failure.word(index + 1);
    let begins = failure.starts_line(index) && failure.is_word(index) && !failure.expects(Rule::coalesce);
    let top = failure.expects_any(&[Rule::EOI, Rule::file]) || DECLARATIONS.contains(&failure.declaration());
    // A field, a parameter or a channel may have the name of such a word.
    let is_own = failure.declaration() == "test" && failure.word(index) == "silence"
        || failure.declaration() == "mute" && failure.word(index) == "mute";
    if !begins || !top || is_own || follows == ":" || matches!(follows, "=>" | "(" | "[") && index != failure.index {
        return None;
    }
    report(failure, index)
}

/// `=> page group_by [labels.team]`, `when severity == Critical repeat_interval 4h`
fn after_line(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let after = !failure.starts_line(failure.index) && failure.declaration() == "routing";
    let before = failure.index.checked_sub(1).filter(|at| !failure.starts_line(*at));
    let index =
        [Some(failure.index), before].into_iter().flatten().find(|at| other_tool(failure.word(*at)).is_some())?;
    let named = matches!(failure.word(index.checked_sub(1)?), "." | "=>" | "," | "route" | "always" | "[");
    if !after || named || !failure.is_word(index) { None } else { report(failure, index) }
}

/// `=> escalate page`, `=> send page`: the first word was read as a channel.
fn sending_word(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let word = failure.index.checked_sub(1)?;
    let channel = failure.is_word(failure.index) && !failure.starts_line(failure.index);
    if !channel || failure.before(2) != "=>" || failure.declaration() != "routing" {
        return None;
    }
    if other_tool(failure.word(word)).is_some() {
        return report(failure, word);
    }
    let sends = matches!(failure.word(word), "send" | "to" | "channel" | "goto");
    let place = failure.span(word);
    let blank = crate::source::Span { end: failure.here().start, ..place };
    sends.then(|| {
        ParseFailure::foreign(place, format!("after `=>` stand channels alone, found `{}`", failure.word(word)))
            .suggest("leave it out", blank, "")
    })
}

fn report(failure: &ParseFailure<'_>, index: usize) -> Option<Diagnostic> {
    let word = failure.word(index);
    let tool = other_tool(word)?;
    if word == "mute" {
        let finding =
            ParseFailure::unexpected(failure.span(index), "a mute is a declaration, and not a part of another");
        return Some(finding.help("write it by itself: `mute NAME when … and during SCHEDULE because \"…\"`; what is never told is a route, `=> nothing because \"…\"`"));
    }
    Some(
        ParseFailure::foreign(failure.span(index), format!("there is no `{word}` in rules: {}", tool.fact))
            .help(tool.instead),
    )
}

/// `severity == Critical for 5m`, `=> page after 15m`
fn delay(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1);
    let is_delay = |at: &usize| {
        let duration = failure.kind(at + 1) == Some(TokenKind::Number)
            && failure.word(at + 1).ends_with(['s', 'm', 'h', 'd', 'n'])
            || failure.kind(at + 1) == Some(TokenKind::String) && !matches!(failure.word(*at), "for" | "in");
        let word = matches!(failure.word(*at), "for" | "after" | "every" | "wait" | "delay" | "within" | "in");
        word && duration && !failure.starts_line(*at)
    };
    let index = [Some(failure.index), before].into_iter().flatten().find(is_delay)?;
    // Steps of sequences have durations.
    if failure.declaration() == "test" {
        return None;
    }
    let written = failure.text(index, index + 1);
    let finding = ParseFailure::foreign(
        failure.range(index, index + 1),
        format!("a rule does not wait, found `{written}`: each event is routed at once, and channels wait"),
    );
    Some(match failure.word(index) {
        "for" => {
            finding.help("to tell only what lasts, give the channel a wait: `channel chat = dingtalk(url = …, repeat = 4h, wait = 5m)`")
        }
        "every" => {
            finding.help("to tell again what still fires, give the channel `repeat`: `channel chat = dingtalk(url = …, repeat = 4h)`")
        }
        _ => finding.help(
            "name one more channel, which waits longer: `channel boss = flashduty(key = …, repeat = \"never\", wait = 30m, wait_critical = 30m)`",
        ),
    })
}

/// `=> page then chat`
fn then(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let before = failure.index.checked_sub(1)?;
    let index = [failure.index, before].into_iter().find(|at| failure.word(*at) == "then")?;
    let arrow = (failure.line_start(index)..index).any(|at| failure.word(at) == "=>");
    if !arrow || failure.declaration() != "routing" || failure.starts_line(index) {
        return None;
    }
    let place = failure.span(index);
    let place = crate::source::Span { start: failure.span(index.checked_sub(1)?).end, ..place };
    Some(
        ParseFailure::foreign(failure.span(index), "channels are listed with `,`, found `then`")
            .note("all of them get the event at once; who is called next, and when, is escalation and belongs to what stands behind")
            .suggest("write `,`", place, ","),
    )
}
