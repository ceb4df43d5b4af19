//! Silences for people: what one would have held, what it is, and a listing of them.

use super::layout::TextLayout;
use super::listing::ListingRow;
use super::local_time::LocalTime;
use super::table::TextTable;
use crate::diagnostic::visible_line;
use crate::gateway::journal::{SilenceEndCause, SilencePhase};
use crate::gateway::operations::{PreviewedAlert, SilencePreview, SilenceSummary};
use crate::text::plural;
use std::fmt::Write as _;

/// What a silence would have held.
pub(super) fn preview(preview: &SilencePreview, time: &LocalTime, layout: TextLayout) -> String {
    let since = time.moment(&preview.since.to_string());
    let scope = if preview.is_complete { "" } else { ", the newest" };
    let mut text = match preview.matched {
        0 => layout.paragraph(
            &format!("none of {} since {since}{scope} meets the condition", plural(preview.events, "event")),
            2,
        ),
        matched => layout.paragraph(
            &format!(
                "since {since} it would have held {} of {} ({matched} of {}{scope})",
                plural(preview.alerts, "alert"),
                plural(preview.channels.iter().map(|row| row.messages).sum::<u64>(), "message"),
                plural(preview.events, "event"),
            ),
            2,
        ),
    };
    if preview.is_cut {
        text += &layout.paragraph("no events are kept from before that", 2);
    }
    for label in &preview.unknown_labels {
        let near = label.nearest.as_ref().map(|near| format!("; did you mean `{}`?", visible_line(near)));
        let near = near.unwrap_or_default();
        text += &layout.paragraph(&format!("no event has the label `{}`{near}", visible_line(&label.label)), 2);
    }
    if !preview.channels.is_empty() {
        let mut table = TextTable::new(&["channel", "severity", "alerts", "messages"]);
        for row in &preview.channels {
            table.row(vec![
                visible_line(&row.channel),
                row.severity.clone(),
                row.alerts.to_string(),
                row.messages.to_string(),
            ]);
        }
        text += &table.render(layout);
    }
    if !preview.titles.is_empty() {
        let mut table = TextTable::new(&["events", "title"]);
        for row in &preview.titles {
            table.row(vec![row.events.to_string(), visible_line(&row.title)]);
        }
        text += &table.render(layout);
    }
    text += &match preview.firing {
        0 => layout.paragraph("nothing of it fires now and was told", 2),
        1 => layout.paragraph("1 alert of it fires now and was told; its end is told all the same:", 2),
        count => layout
            .paragraph(&format!("{count} alerts of it fire now and were told; their ends are told all the same:"), 2),
    };
    text.extend(preview.firing_alerts.iter().map(|alert| firing(alert, layout)));
    let more = preview.firing.saturating_sub(preview.firing_alerts.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more");
    }
    text
}

fn firing(alert: &PreviewedAlert, layout: TextLayout) -> String {
    let channels = visible_line(&alert.channels.join(", "));
    format!("  {}", layout.paragraph(&format!("{} {} in {channels}", alert.severity, visible_line(&alert.title)), 4))
}

/// A silence that was added.
pub(super) fn added(added: &SilenceSummary, time: &LocalTime, layout: TextLayout) -> String {
    let silence = &added.silence;
    let from = match added.state {
        SilencePhase::Pending => format!("from {} ", time.moment(&silence.from.to_string())),
        SilencePhase::Active | SilencePhase::Ended => String::new(),
    };
    let until = time.moment(&silence.until.to_string());
    layout.paragraph(&format!("silence {} lasts {from}until {until}", silence.id), 2)
}

/// A silence with all that is known of it.
pub(super) fn silence(shown: &SilenceSummary, time: &LocalTime, layout: TextLayout) -> String {
    let silence = &shown.silence;
    let at = |moment: &dyn std::fmt::Display| time.moment(&moment.to_string());
    let mut text = format!("{}: {}\n", layout.styling.styled("1", &silence.id.to_string()), state(shown, time));
    let mut line = |words: String| {
        text.push_str("  ");
        text.push_str(&layout.paragraph(&words, 4));
    };
    line(visible_line(&silence.condition));
    line(format!("because {}", visible_line(&silence.because)));
    line(format!("by {}, added {}", visible_line(&silence.author), at(&silence.created)));
    line(format!("from {} until {}", at(&silence.from), at(&silence.until)));
    if !silence.channels.is_empty() {
        line(format!("in {}", visible_line(&silence.channels.join(", "))));
    }
    if silence.until_resolved {
        line("ends once nothing that it holds has fired for 5 minutes".to_owned());
    }
    for extension in &silence.extensions {
        let by = visible_line(&extension.by);
        line(format!("extended until {} by {by}, {}", at(&extension.until), at(&extension.at)));
    }
    if shown.state == SilencePhase::Active {
        line(format!("matches {}", plural(shown.alerts, "firing alert")));
    }
    text
}

fn state(shown: &SilenceSummary, time: &LocalTime) -> String {
    let Some(end) = &shown.silence.ended else {
        return match shown.state {
            SilencePhase::Pending => "not begun".to_owned(),
            SilencePhase::Active => "active".to_owned(),
            SilencePhase::Ended => "ended".to_owned(),
        };
    };
    let why = match (end.cause, &end.by) {
        (SilenceEndCause::Operator, Some(by)) => format!(" by {}", visible_line(by)),
        (SilenceEndCause::Operator, None) | (SilenceEndCause::Time, _) => String::new(),
        (SilenceEndCause::Resolved, _) => ", as nothing that it held fired any more".to_owned(),
    };
    format!("ended {}{why}", time.moment(&end.at.to_string()))
}

impl ListingRow for SilenceSummary {
    const HEADING: &'static [&'static str] =
        &["id", "state", "until", "by", "channels", "alerts", "because", "condition"];
    const SPARE: &'static [&'static str] = &["channels", "by", "because"];

    fn columns(&self, time: &LocalTime) -> Vec<String> {
        let silence = &self.silence;
        let (state, until) = match (&silence.ended, self.state) {
            (Some(end), _) => ("ended", end.at),
            (None, SilencePhase::Ended) => ("ended", silence.until),
            (None, SilencePhase::Pending) => ("pending", silence.until),
            (None, SilencePhase::Active) => ("active", silence.until),
        };
        let channels = if silence.channels.is_empty() { "all".to_owned() } else { silence.channels.join(", ") };
        vec![
            silence.id.to_string(),
            state.to_owned(),
            time.clock(&until.to_string()),
            silence.author.clone(),
            channels,
            self.alerts.to_string(),
            silence.because.clone(),
            silence.condition.clone(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{preview, silence};
    use crate::cli::layout::TextLayout;
    use crate::cli::local_time::LocalTime;
    use crate::gateway::operations::{SilencePreview, SilenceSummary};
    use expect_test::expect;
    use serde_json::json;

    fn time() -> LocalTime {
        LocalTime::in_zone("Asia/Shanghai", "2026-03-07T02:00:00Z")
    }

    #[test]
    fn a_preview_says_what_would_have_been_held() {
        let shown: SilencePreview = serde_json::from_value(json!({
            "since": "2026-03-06T02:00:00Z", "events": 900, "is_complete": true, "matched": 31, "alerts": 12,
            "channels": [
                { "channel": "chat", "severity": "Critical", "alerts": 2, "messages": 3 },
                { "channel": "chat", "severity": "Warning", "alerts": 10, "messages": 4 }
            ],
            "titles": [{ "title": "cart is slow\u{1b}[2J", "events": 20 }, { "title": "cart is down", "events": 11 }],
            "firing": 2,
            "firing_alerts": [
                { "integration": "shop", "key": "k", "title": "cart is down", "severity": "Critical", "channels": ["chat"] }
            ],
            "unknown_labels": [{ "label": "servce", "nearest": "service" }, { "label": "x" }]
        }))
        .expect("a preview");
        expect![[r"
            since 2026-03-06 10:00:00 +08:00 (24 h ago) it would have held 12 alerts of 7 messages (31 of 900
              events)
            no event has the label `servce`; did you mean `service`?
            no event has the label `x`
            channel  severity  alerts  messages
            chat     Critical       2         3
            chat     Warning       10         4
            events  title
                20  cart is slow␛[2J
                11  cart is down
            2 alerts of it fire now and were told; their ends are told all the same:
              Critical cart is down in chat
              and 1 more
        "]]
        .assert_eq(&preview(&shown, &time(), TextLayout::PLAIN));
        let none = SilencePreview { is_complete: true, is_cut: true, ..SilencePreview::default() };
        expect![[r"
            none of 0 events since 1970-01-01 08:00:00 +08:00 (20519 d ago) meets the condition
            no events are kept from before that
            nothing of it fires now and was told
        "]]
        .assert_eq(&preview(&none, &time(), TextLayout::PLAIN));
    }

    #[test]
    fn a_silence_shows_who_did_what() {
        let shown: SilenceSummary = serde_json::from_value(json!({
            "id": "01KADZ3V9G0000000000000000", "condition": "labels.service == \"cart\"",
            "from": "2026-03-07T01:00:00Z", "until": "2026-03-07T03:00:00Z", "until_resolved": true,
            "channels": ["chat"], "because": "deploy 812", "author": "mia", "created": "2026-03-07T01:00:00Z",
            "extensions": [{ "at": "2026-03-07T01:30:00Z", "by": "leo", "until": "2026-03-07T03:00:00Z" }],
            "state": "active", "alerts": 3
        }))
        .expect("a silence");
        expect![[r#"
            01KADZ3V9G0000000000000000: active
              labels.service == "cart"
              because deploy 812
              by mia, added 09:00:00 +08:00 (60 min ago)
              from 09:00:00 +08:00 (60 min ago) until 11:00:00 +08:00 (in 60 min)
              in chat
              ends once nothing that it holds has fired for 5 minutes
              extended until 11:00:00 +08:00 (in 60 min) by leo, 09:30:00 +08:00 (30 min ago)
              matches 3 firing alerts
        "#]]
        .assert_eq(&silence(&shown, &time(), TextLayout::PLAIN));
    }
}
