//! A rehearsal as people read it.

use super::{RehearsalOutcome, RuleSetRehearsal};
use crate::cli::layout::TextLayout;
use crate::cli::listing::grouped;
use crate::cli::local_time::LocalTime;
use crate::cli::table::TextTable;
use crate::gateway::rehearsal::{
    ChannelDifference, ChannelRehearsal, LoudGroup, MuteRehearsal, ReasonCounts, RehearsalDifference, RehearsalReport,
};
use crate::notification::MessageReason;
use crate::ruleset::visible_excerpt;
use crate::time::{DurationText, Timestamp};
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::Duration;

/// How a rehearsal is written.
pub(super) struct RehearsalText {
    pub(super) time: LocalTime,
    pub(super) layout: TextLayout,
}

impl RehearsalText {
    /// The whole text.
    pub(super) fn render(&self, outcome: &RehearsalOutcome) -> String {
        let played = &outcome.played;
        let mut text = format!(
            "{} from {} to {} ({})\n",
            counted(played.pushes, "push", "pushes"),
            self.clock(played.since),
            self.clock(played.until),
            self.time.offset()
        );
        for rehearsal in &outcome.rehearsals {
            self.rule_set(rehearsal, &mut text);
        }
        if let (Some(difference), [after, before]) = (&outcome.difference, outcome.rehearsals.as_slice()) {
            let rate = MessageRate::of(&after.report);
            let title = format!("{}: {} against {}", after.rules, rate.unit(), before.rules);
            self.title(&title, &mut text);
            text.push_str(&difference_table(difference, rate).render(self.layout));
        }
        text.push('\n');
        for note in &outcome.notes {
            text.push_str(&self.layout.paragraph(&format!("note: {note}"), 6));
        }
        text
    }

    fn rule_set(&self, rehearsal: &RuleSetRehearsal, text: &mut String) {
        let report = &rehearsal.report;
        let (rate, events) = (MessageRate::of(report), report.events);
        self.title(&format!("{}: {}", rehearsal.rules, rate.total(report.messages())), text);
        let _ = writeln!(
            text,
            "{} to channels, {} to none, {} dropped{}",
            counted(events.routed, "event", "events"),
            grouped(events.nowhere),
            grouped(events.dropped),
            if events.of_clock == 0 { String::new() } else { format!(", {} of the clock", grouped(events.of_clock)) }
        );
        if !report.channels.is_empty() {
            text.push('\n');
            text.push_str(&self.channels(report, rate).render(self.layout));
        }
        if !report.loudest.is_empty() {
            self.title("Loudest groups", text);
            text.push_str(&loudest(&report.loudest).render(self.layout));
        }
        if report.channels.iter().any(|channel| channel.criticals > 0) {
            self.title("Criticals, and the one that waited longest", text);
            text.push_str(&self.criticals(&report.channels).render(self.layout));
        }
        if !report.mutes.is_empty() {
            self.title("Alerts that mutes held", text);
            text.push_str(&mutes(&report.mutes).render(self.layout));
        }
    }

    /// Messages by channel and reason.
    fn channels(&self, report: &RehearsalReport, rate: MessageRate) -> TextTable {
        let reasons: Vec<MessageReason> = MessageReason::ALL
            .into_iter()
            .filter(|reason| report.channels.iter().any(|channel| channel.reasons.of(*reason) > 0))
            .collect();
        let names = reasons.iter().map(|reason| reason.name());
        let heading: Vec<&str> =
            ["channel", rate.heading()].into_iter().chain(names).chain(["busiest day", "from"]).collect();
        let mut table = TextTable::new(&heading).fitting(1, &["from", "busiest day"]);
        for channel in &report.channels {
            let ChannelRehearsal { busiest_day, .. } = channel;
            let counts = reasons.iter().map(|reason| rate.text(channel.reasons.of(*reason)));
            let name = visible_excerpt(&channel.channel);
            let cells = [name, rate.text(channel.messages)].into_iter().chain(counts);
            table.row(cells.chain([busiest_day.messages.to_string(), self.clock(busiest_day.since)]).collect());
        }
        table
    }

    /// The longest wait of a Critical in each channel.
    fn criticals(&self, channels: &[ChannelRehearsal]) -> TextTable {
        let mut table =
            TextTable::new(&["channel", "Criticals", "longest wait", "told", "message"]).fitting(3, &["told"]);
        for channel in channels {
            let Some(longest) = &channel.longest_critical else { continue };
            let cells = [
                visible_excerpt(&channel.channel),
                channel.criticals.to_string(),
                DurationText(longest.waited).to_string(),
                self.clock(longest.at),
                visible_excerpt(&longest.title),
            ];
            table.row(cells.into());
        }
        table
    }

    fn title(&self, title: &str, text: &mut String) {
        text.push('\n');
        text.push_str(&self.layout.styling.styled("1", &visible_excerpt(title)));
        text.push('\n');
    }

    fn clock(&self, time: Timestamp) -> String {
        self.time.clock(&time.to_string())
    }
}

/// The loudest groups, with totals.
fn loudest(groups: &[LoudGroup]) -> TextTable {
    let mut table = TextTable::new(&["channel", "messages", "group", "why"]).fitting(2, &[]);
    for group in groups {
        let cells = [&*group.channel, &group.messages.to_string(), &group.group, &why(&group.reasons)];
        table.row(cells.into_iter().map(visible_excerpt).collect());
    }
    table
}

fn difference_table(difference: &RehearsalDifference, rate: MessageRate) -> TextTable {
    let heading = ["channel", "before", "after", "change", "longest Critical", "why"];
    let mut table = TextTable::new(&heading).fitting(5, &[]);
    for channel in &difference.channels {
        let ChannelDifference { before, after, reasons, .. } = channel;
        let mut reasons: Vec<_> = reasons.iter().collect();
        reasons.sort_by_key(|(_, difference)| Reverse(difference.unsigned_abs()));
        let why = reasons.iter().map(|(reason, difference)| format!("{reason} {}", rate.signed(**difference)));
        table.row(vec![
            visible_excerpt(&channel.channel),
            or_zero(&rate.text(*before)).to_owned(),
            or_zero(&rate.text(*after)).to_owned(),
            change(*before, *after),
            critical_change(channel),
            why.collect::<Vec<_>>().join(", "),
        ]);
    }
    table
}

/// What each mute held.
fn mutes(mutes: &[MuteRehearsal]) -> TextTable {
    let heading = ["mute", "channel", "held", "over meanwhile", "outlasted it"];
    let mut table = TextTable::new(&heading).fitting(2, &[]);
    for MuteRehearsal { mute, channel, held, over, outlasted } in mutes {
        let channel = visible_excerpt(channel.as_deref().unwrap_or("-"));
        table.row([mute.clone(), channel].into_iter().chain([held, over, outlasted].map(u64::to_string)).collect());
    }
    table
}

/// How counts are written: a day, or as they are where a rehearsal covers less than a day.
#[derive(Debug, Clone, Copy)]
struct MessageRate {
    /// Nothing where it is less than one.
    days: Option<f64>,
}

impl MessageRate {
    fn of(report: &RehearsalReport) -> Self {
        Self { days: Some(report.days()).filter(|days| *days >= 1.0) }
    }

    /// What the numbers are.
    fn unit(self) -> &'static str {
        if self.days.is_some() { "messages a day" } else { "messages" }
    }

    /// The number of all messages, in words.
    fn total(self, count: u64) -> String {
        match self.days {
            Some(_) => format!("{} {}", or_zero(&self.text(count)), self.unit()),
            None => counted(count, "message", "messages"),
        }
    }

    /// The title of a column.
    fn heading(self) -> &'static str {
        if self.days.is_some() { "a day" } else { "messages" }
    }

    /// A number, with one digit behind the point below a hundred; nothing for none.
    fn text(self, count: u64) -> String {
        if count == 0 {
            return String::new();
        }
        let Some(days) = self.days else { return grouped(count) };
        #[expect(clippy::cast_precision_loss, reason = "counts of messages are far below 2^52")]
        let number = count as f64 / days;
        match number {
            number if number < 0.05 => "<0.1".to_owned(),
            number if number < 99.95 => format!("{number:.1}"),
            // A whole number, with its digits in groups.
            number => format!("{number:.0}").parse().map_or_else(|_| format!("{number:.0}"), grouped),
        }
    }

    /// `+3.1`, `-12.0`
    fn signed(self, difference: i64) -> String {
        let sign = if difference < 0 { '-' } else { '+' };
        format!("{sign}{}", self.text(difference.unsigned_abs()))
    }
}

fn or_zero(number: &str) -> &str {
    if number.is_empty() { "0" } else { number }
}

/// `-92%`; nothing where there was nothing before.
fn change(before: u64, after: u64) -> String {
    if before == 0 || before == after {
        return String::new();
    }
    let percent = (i128::from(after) - i128::from(before)) * 100 / i128::from(before);
    if percent > 0 { format!("+{percent}%") } else { format!("{percent}%") }
}

/// `0s -> 30m`
fn critical_change(channel: &ChannelDifference) -> String {
    let shown =
        |waited: Option<Duration>| waited.map_or_else(|| "none".to_owned(), |waited| DurationText(waited).to_string());
    match (channel.critical_before, channel.critical_after) {
        (None, None) => String::new(),
        (before, after) if before == after => shown(before),
        (before, after) => format!("{} -> {}", shown(before), shown(after)),
    }
}

/// `repeat 290, new 10`: the most frequent reason first.
fn why(reasons: &ReasonCounts) -> String {
    let mut sorted: Vec<_> = reasons.iter().collect();
    sorted.sort_by_key(|(_, count)| Reverse(*count));
    let shown: Vec<String> = sorted.into_iter().map(|(reason, count)| format!("{} {count}", reason.name())).collect();
    shown.join(", ")
}

/// `1 push`, `12,345 pushes`
fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}
