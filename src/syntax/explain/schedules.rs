//! Zones and lines of schedules as people write them: all of a line is corrected at once.

use super::{MistakeDetector, ParseFailure, TokenKind, clipped};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::grammar::{Grammar, Rule};
use crate::time::Day;
use pest::Parser as _;

pub(super) const MISTAKES: &[MistakeDetector] = &[bare_zone, line, ends_of_windows];

/// `schedule office in Asia/Shanghai { … }`
fn bare_zone(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let named = failure.before(1) == "in" && failure.before(3) == "schedule" && failure.is(TokenKind::Word);
    let start = failure.tokens.get(failure.index).filter(|_| named)?.start;
    let rest = failure.text.get(start..)?;
    let zone = rest.lines().next()?.split('{').next()?.trim_end();
    let end = u32::try_from(failure.base + start + zone.len()).unwrap_or(u32::MAX);
    let place = Span { end, ..failure.here() };
    let finding = ParseFailure::unexpected(place, format!("a time zone stands in quotes, found `{}`", clipped(zone)));
    Some(finding.rewrite(place, format!("\"{zone}\"")))
}

/// `mon-fri 9-18`, `Monday to Friday 09:00 - 18:00`, `2026-12-12T22:00..2026-12-13T02:00`
fn line(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    let inside = failure.declaration() == "schedule" && failure.block() != "";
    let at = failure.index.min(failure.tokens.len().checked_sub(1)?);
    let at = if failure.kind(at) == Some(TokenKind::Close) || failure.starts_line(at) && !failure.may_end() {
        at.checked_sub(1)?
    } else {
        at
    };
    let start = failure.line_start(at);
    let first = (start..=at).rev().find(|at| failure.word(*at) == "{").map_or(start, |brace| brace + 1);
    let end = failure.line_end(at);
    let last = (first..=end).find(|at| failure.word(*at) == "}").map_or(end, |brace| brace.saturating_sub(1));
    if !inside || first > last {
        return None;
    }
    let written = failure.text(first, last);
    let place = failure.range(first, last);
    let message = format!("days and times are written as in `mon..fri 09:00..18:00`, found `{}`", clipped(written));
    let finding = ParseFailure::unexpected(place, message);
    let corrected = corrected(written);
    if corrected == written {
        return None;
    }
    Some(if is_line(&corrected) {
        finding.rewrite(place, corrected)
    } else if corrected.contains("..") && written.contains('T') {
        finding.help("a window over several days is a line for each: `2026-12-12 22:00..24:00`, then `2026-12-13`")
    } else {
        return None;
    })
}

/// Windows over several days of which an end has no day or no time: `22:00..mon 06:00`, `fri..mon 06:00`,
/// `fri 22:00..mon 06:00, 23:00..24:00`
fn ends_of_windows(failure: &ParseFailure<'_>) -> Option<Diagnostic> {
    const FORM: &str = "a window over several days has a day and a time at both ends: `fri 22:00..mon 06:00`";
    if failure.declaration() != "schedule" || failure.block() == "" {
        return None;
    }
    let at = failure.index;
    let is_day = |at: usize| Day::new(failure.word(at)).is_ok();
    let is_time = |at: usize| failure.word(at).contains(':') && time(failure.word(at)).is_some();
    let ranged = at.checked_sub(3).filter(|first| failure.before(2) == ".." && is_day(*first) && is_day(at - 1));
    if let Some(first) = ranged.filter(|_| is_time(at) && failure.word(at + 1) != "..") {
        let [from, to] = [first, at - 1].map(|day| failure.word(day));
        let window = format!("{from} 00:00..{to} {}", failure.found());
        let finding = ParseFailure::unexpected(
            failure.range(first, at),
            format!("the window that begins on `{from}` has no time"),
        );
        return Some(finding.help(FORM).rewrite(failure.range(first, at), window));
    }
    if is_day(at) && failure.before(1) == ".." && at.checked_sub(2).is_some_and(is_time) {
        let finding =
            failure.unexpected_here(format!("expected a time such as `09:00`, found `{}`", clipped(failure.found())));
        return Some(finding.help(FORM).help("the same hours on several days are `mon..fri 22:00..06:00`"));
    }
    let behind = failure.before(1) == "," && at.checked_sub(2).is_some_and(is_time);
    if behind && is_time(at) {
        let finding =
            failure.unexpected_here(format!("expected a day such as `mon`, found `{}`", clipped(failure.found())));
        return Some(
            finding.help(FORM).help("times of every day stand on a line of their own, as `mon..sun 09:00..18:00`"),
        );
    }
    if failure.found() == ".."
        && is_day(at.checked_sub(1)?)
        && failure.before(2) == ","
        && at.checked_sub(3).is_some_and(is_time)
    {
        let finding = failure.unexpected_here("expected a time such as `09:00`, found `..`");
        return Some(
            finding
                .help(FORM)
                .help("the same hours on several days stand on a line of their own, as `mon..fri 09:00..18:00`"),
        );
    }
    None
}

fn is_line(text: &str) -> bool {
    let schedule = format!("schedule a in \"UTC\" {{ {text} }}");
    Grammar::parse(Rule::schedule, &schedule).is_ok_and(|parsed| parsed.as_str().len() == schedule.len())
}

/// The line with its days, times and ranges as rules write them; what is not known stays.
fn corrected(line: &str) -> String {
    let mut text = format!(" {line} ");
    for sign in [" - ", " – ", " — ", "–", " to ", " until ", " till ", " through ", " .. "] {
        text = text.replace(sign, "..");
    }
    let mut out = String::new();
    let mut word = String::new();
    for letter in text.trim().chars().chain([' ']) {
        if letter.is_whitespace() || letter == ',' {
            out += &corrected_word(&word);
            out.push(letter);
            word.clear();
        } else {
            word.push(letter);
        }
    }
    out.trim_end().to_owned()
}

fn corrected_word(word: &str) -> String {
    match &*word.to_ascii_lowercase() {
        "weekdays" | "weekday" | "workdays" => return "mon..fri".into(),
        "weekends" | "weekend" => return "sat..sun".into(),
        "daily" | "everyday" | "always" => return "mon..sun".into(),
        _ => {}
    }
    let parts = word.split_once("..").or_else(|| word.split_once('-').filter(|_| Day::new(word).is_err()));
    let Some((first, last)) = parts else { return day(word).unwrap_or_else(|| word.to_owned()) };
    if let (Some(first), Some(last)) = (moment(first), moment(last)) {
        return window(&first, &last);
    }
    match (day(first).zip(day(last)), time(first).zip(time(last))) {
        (Some((first, last)), _) | (None, Some((first, last))) => format!("{first}..{last}"),
        (None, None) => word.to_owned(),
    }
}

/// A date and a time of day.
struct Moment<'w> {
    date: &'w str,
    time: String,
}

/// `2026-12-12T22:00`, with or without seconds and an offset, which the zone of the schedule replaces
fn moment(word: &str) -> Option<Moment<'_>> {
    let (date, rest) = word.split_once(['T', 't'])?;
    let time = rest.get(..5).and_then(time)?;
    matches!(Day::new(date), Ok(Day::Date(_))).then_some(Moment { date, time })
}

fn window(first: &Moment<'_>, last: &Moment<'_>) -> String {
    let next = match (Day::new(first.date), Day::new(last.date)) {
        (Ok(Day::Date(one)), Ok(Day::Date(two))) => one.tomorrow().is_ok_and(|next| next == two),
        _ => false,
    };
    if first.date == last.date || next && last.time <= first.time {
        format!("{} {}..{}", first.date, first.time, last.time)
    } else {
        format!("{} {}..{} {}", first.date, first.time, last.date, last.time)
    }
}

/// A day as rules write it: `mon` for `Monday`.
fn day(word: &str) -> Option<String> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let lower = word.to_ascii_lowercase();
    let lower = lower.trim_end_matches(['.', 's']);
    let known = DAYS.iter().find(|day| lower.len() >= 3 && day.starts_with(lower) || **day == format!("{lower}s"));
    known.and_then(|day| day.get(..3)).map(str::to_owned).or_else(|| Day::new(word).is_ok().then(|| word.to_owned()))
}

/// A time as rules write it: `09:00` for `9`, `9am` and `9:00`.
fn time(word: &str) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    let (digits, noon) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (None, Some(digits)) => (digits, Some(12)),
        (None, None) => (lower.strip_suffix('h').unwrap_or(&lower), None),
    };
    let (hour, minute) = digits.split_once([':', '.', 'h']).unwrap_or((digits, "00"));
    let hour: u32 = hour.parse().ok()?;
    let hour = noon.map_or(hour, |noon| hour % 12 + noon);
    let minute: u32 = minute.parse().ok().filter(|minute| *minute < 60)?;
    (hour * 60 + minute <= 24 * 60).then(|| format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::{corrected, is_line};

    #[test]
    fn lines_are_corrected_at_once() {
        for (written, wanted) in [
            ("mon-fri 09:00-18:00", "mon..fri 09:00..18:00"),
            ("9..18", "09:00..18:00"),
            ("Monday to Friday 9am - 6:30pm", "mon..fri 09:00..18:30"),
            ("sat,sun 12am-2pm, 16h..18h", "sat,sun 00:00..14:00, 16:00..18:00"),
            ("except 2026-10-01-2026-10-07", "except 2026-10-01-2026-10-07"),
            ("weekdays 8.30-17", "mon..fri 08:30..17:00"),
            ("2026-12-12T22:00..2026-12-13T02:00", "2026-12-12 22:00..02:00"),
            ("also 2026-12-12T09:00:00+08:00..2026-12-12T18:00:00+08:00", "also 2026-12-12 09:00..18:00"),
        ] {
            assert_eq!(corrected(written), wanted);
        }
        assert!(is_line("mon..fri 09:00..18:00") && !is_line("mon-fri 9-18"));
    }
}
