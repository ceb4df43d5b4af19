//! One event for people: what it is, why it went where it went, and what happened to each of its deliveries.

use super::layout::TextLayout;
use super::local_time::LocalTime;
use super::request;
use super::table::RowMark;
use crate::diagnostic::{visible_line, visible_text};
use crate::gateway::journal::{AttemptRecord, ChannelFate, DeliveryRecord, DeliveryState};
use crate::gateway::operations::EventDetail;
use crate::text::{plural, quoted, shorten};
use serde_json::Value;
use std::fmt::Write as _;

/// How much of a label or a reason is shown.
const TEXT_CHARACTERS: usize = 300;

/// The story of an event, in the form of `explain`.
pub(super) fn render(detail: &EventDetail, time: &LocalTime, layout: TextLayout) -> String {
    let mut story = EventStory { time, layout, text: String::new() };
    story.outcome(detail);
    for fate in &detail.fates {
        story.fate(fate);
    }
    for delivery in &detail.event.deliveries {
        story.delivery(delivery, detail);
    }
    let request = request::lines(&detail.request);
    if !request.is_empty() {
        story.line(0, &layout.styling.styled("1", "request"));
        for line in &request {
            story.line(2, line);
        }
    }
    story.line(0, &layout.styling.styled("1", "payload"));
    // A payload is never cut, as the answer may be at its end.
    story.text + visible_text(detail.payload.trim_end()).as_str() + "\n"
}

struct EventStory<'s> {
    time: &'s LocalTime,
    layout: TextLayout,
    text: String,
}

impl EventStory<'_> {
    fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(&self.layout.paragraph(text, indent + 2));
    }

    fn styled(&self, code: &str, text: &str) -> String {
        self.layout.styling.styled(code, text)
    }

    fn outcome(&mut self, detail: &EventDetail) {
        let event = &detail.event;
        let outcome = &event.outcome;
        let channels = names(&outcome["channels"]);
        let result = if channels.is_empty() {
            self.styled("33", &visible_line(outcome["outcome"].as_str().unwrap_or("unknown")))
        } else {
            self.styled("1;32", &format!("sent to {channels}"))
        };
        let _ = writeln!(self.text, "{}: {result}", self.styled("1", &event.id.to_string()));
        let fields = &outcome["event"];
        if let (Some(severity), Some(status)) = (fields["severity"].as_str(), fields["status"].as_str()) {
            let text = |name: &str| shown(&quoted(fields[name].as_str().unwrap_or_default()), TEXT_CHARACTERS);
            self.line(2, &format!("{severity} {status} {}, key {}", text("title"), text("key")));
        }
        let labels = fields["labels"].as_object().into_iter().flatten();
        let label = |(name, value): (&String, &Value)| shown(&format!("{name}={value}"), TEXT_CHARACTERS);
        let labels: Vec<String> = labels.map(label).collect();
        if !labels.is_empty() {
            self.line(2, &format!("labels: {}", labels.join(" ")));
        }
        for note in fields["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.line(2, &format!("note: {}", shown(note, TEXT_CHARACTERS)));
        }
        for reason in outcome["reasons"].as_array().into_iter().flatten() {
            let text = |name: &str| shown(reason[name].as_str().unwrap_or_default(), TEXT_CHARACTERS);
            self.line(2, &format!("because: {} ({})", text("reason"), text("at")));
        }
        let routes = names(&outcome["routes"]);
        if !routes.is_empty() {
            self.line(2, &format!("by the routes {routes}"));
        }
        if outcome["followed"] == true {
            self.line(2, "the recovery follows its firing");
        }
        if let Some(text) = outcome.as_str() {
            self.line(2, &shown(text, TEXT_CHARACTERS));
        }
        let received = self.time.moment(&event.received.to_string());
        let integration = visible_line(&event.integration);
        self.line(2, &format!("received {received} from {integration}, by {}", event.origin.name()));
        let rules = event.rules.get(..12).unwrap_or(&event.rules);
        self.line(2, &format!("decided by generation {} of the rules ({rules})", event.generation));
    }

    /// What the event is for a channel that gathers messages.
    fn fate(&mut self, fate: &ChannelFate) {
        let text = fate.text(&|at| self.time.moment(&at.to_string()));
        let channel = self.styled("1", &format!("{}:", visible_line(&fate.channel)));
        self.line(0, &format!("{channel} {text}"));
    }

    fn delivery(&mut self, delivery: &DeliveryRecord, detail: &EventDetail) {
        let mark = match delivery.state {
            DeliveryState::Delivered => RowMark::None,
            DeliveryState::Pending => RowMark::Warning,
            DeliveryState::Dead | DeliveryState::Dropped => RowMark::Failing,
        };
        let state = match delivery.state {
            DeliveryState::Pending if delivery.attempts > 0 => "waits for its next attempt",
            DeliveryState::Pending => "waits",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Dead => "dead: it was given up",
            DeliveryState::Dropped => "dropped",
        };
        let count = if delivery.attempts > 0 {
            format!(" after {}", plural(delivery.attempts, "attempt"))
        } else {
            String::new()
        };
        let channel = visible_line(&delivery.channel);
        let state = self.styled(mark.ansi_code(), state);
        let _ = writeln!(self.text, "{} {state}{count}", self.styled("1", &format!("delivery to {channel}:")));
        let attempts: Vec<&AttemptRecord> =
            detail.attempts.iter().filter(|attempt| attempt.channel == delivery.channel).collect();
        if usize::try_from(delivery.attempts).is_ok_and(|count| count > attempts.len()) && !attempts.is_empty() {
            self.line(2, &format!("the last {} of them:", attempts.len()));
        }
        for alike in attempts.chunk_by(|one, next| (one.status, &one.result) == (next.status, &next.result)) {
            self.attempts(alike);
        }
        if let Some(held) = detail.held.iter().find(|held| held.channel == delivery.channel) {
            let until = self.time.moment(&held.until.to_string());
            self.line(2, &format!("held until {until}: {}", shown(&held.reason, TEXT_CHARACTERS)));
        }
        if let Some(reason) = delivery.reason.as_ref().filter(|_| delivery.state != DeliveryState::Delivered)
            && !attempts.iter().any(|attempt| attempt.result == *reason)
        {
            self.line(2, &format!("because: {}", shown(reason, TEXT_CHARACTERS)));
        }
        if let Some(dropped) = &delivery.dropped {
            let at = self.time.moment(&dropped.to_string());
            self.line(2, &format!("dropped by an operator at {at}: it is not delivered again"));
        }
    }

    /// Attempts in a row that had one result.
    fn attempts(&mut self, alike: &[&AttemptRecord]) {
        let [first, others @ ..] = alike else { return };
        let at = |attempt: &AttemptRecord| self.time.clock(&attempt.at.to_string());
        let result = shown(&first.result, TEXT_CHARACTERS);
        let status = first.status.map(|status| format!("status {status}"));
        // Most reasons begin with the status.
        let status = status.filter(|status| !result.starts_with(status.as_str()));
        let status = status.map(|status| format!("{status}, ")).unwrap_or_default();
        let line = match others.last() {
            None => format!("{} {status}{result} (in {} ms)", at(first), first.took),
            Some(last) => {
                let times = alike.len();
                format!("{} to {}, {times} times: {status}{result}", at(first), at(last))
            }
        };
        self.line(2, &line);
    }
}

/// What a sender wrote, on one line and without control characters.
fn shown(text: &str, characters: usize) -> String {
    visible_line(&shorten(text, characters))
}

fn names(list: &Value) -> String {
    let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    visible_line(&names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::cli::layout::TextLayout;
    use crate::cli::local_time::LocalTime;
    use crate::gateway::operations::EventDetail;
    use expect_test::expect;

    #[test]
    fn an_event_tells_its_story() {
        let detail: EventDetail = serde_json::from_value(serde_json::json!({
            "event": {
                "id": "01KADZ3V9G0000000000000000-0", "integration": "shop", "received": "2026-03-07T01:56:00Z",
                "door": "push", "generation": 7, "rules": "0123456789abcdef",
                "outcome": {
                    "outcome": "sent", "integration": "shop", "mapping": "arms", "index": 0,
                    "event": {
                        "severity": "Critical", "status": "Firing", "event_status": "Critical",
                        "title": "disk\nfull \u{1b}[2J", "key": "disk", "labels": { "host": "db-1", "env": "prod" },
                        "source": "arms", "notes": ["`severity` was missing"]
                    },
                    "channels": ["page", "chat"], "routes": ["main.urgent"],
                    "reasons": [{ "reason": "it is night", "at": "shop.rules:7" }]
                },
                "deliveries": [
                    { "channel": "page", "state": "delivered", "attempts": 2 },
                    { "channel": "robot", "state": "pending", "attempts": 23, "reason": "130101 too fast" },
                    { "channel": "chat", "state": "dropped", "attempts": 1, "reason": "status 410: gone",
                      "dropped": "2026-03-07T01:59:00Z" }
                ]
            },
            "payload": "{\"alerts\":\n [1]}",
            "held": [{ "channel": "robot", "until": "2026-03-07T02:10:00Z", "reason": "130101 too fast" }],
            "request": { "headers": { "x-kind": "a\u{1b}[2J", "x-long": null }, "path_suffix": "close" },
            "attempts": [
                { "channel": "page", "at": "2026-03-07T01:56:01Z", "took": 12, "status": 503, "result": "status 503" },
                { "channel": "robot", "at": "2026-03-07T01:56:01Z", "took": 1, "status": 200, "result": "130101 too fast" },
                { "channel": "robot", "at": "2026-03-07T01:57:01Z", "took": 1, "status": 200, "result": "130101 too fast" },
                { "channel": "chat", "at": "2026-03-07T01:56:02Z", "took": 3, "status": 410, "result": "status 410: gone" },
                { "channel": "page", "at": "2026-03-07T01:56:03Z", "took": 8, "status": 200, "result": "delivered" }
            ]
        }))
        .expect("an event");
        let time = LocalTime::in_zone("Asia/Shanghai", "2026-03-07T02:00:00Z");
        expect![[r#"
            01KADZ3V9G0000000000000000-0: sent to page, chat
              Critical Firing "disk\nfull \u001b[2J", key "disk"
              labels: host="db-1" env="prod"
              note: `severity` was missing
              because: it is night (shop.rules:7)
              by the routes main.urgent
              received 09:56:00 +08:00 (4 min ago) from shop, by push
              decided by generation 7 of the rules (0123456789ab)
            delivery to page: delivered after 2 attempts
              09:56:01 status 503 (in 12 ms)
              09:56:03 status 200, delivered (in 8 ms)
            delivery to robot: waits for its next attempt after 23 attempts
              the last 2 of them:
              09:56:01 to 09:57:01, 2 times: status 200, 130101 too fast
              held until 10:10:00 +08:00 (in 10 min): 130101 too fast
            delivery to chat: dropped after 1 attempt
              09:56:02 status 410: gone (in 3 ms)
              dropped by an operator at 09:59:00 +08:00 (60 s ago): it is not delivered again
            request
              header "x-kind": "a\u001b[2J"
              # the header x-long cannot be read
              path_suffix "close"
            payload
            {"alerts":
             [1]}
        "#]]
        .assert_eq(&render(&detail, &time, TextLayout::PLAIN));
    }
}
