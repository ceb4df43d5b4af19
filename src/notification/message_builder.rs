//! Builds the event of a message. Its alerts are given one by one: however many they are, only counts, the labels that all share
//! and the worst of them are kept.

use super::message::MessageRecord;
use super::message_event::{MessageEvent, NamedValue, owned};
use super::record::NewsKind;
use super::title_lines::{AlertRank, TitleLines, TitleList};
use crate::event::{AlertStatus, Event, GroupFacts, OwnedEvent, Severity};
use crate::json::ToJson as _;
use crate::text::plural;
use crate::time::Timestamp;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many alerts `group.alerts` holds.
const MAX_ALERTS: usize = 100;
/// How many labels the description counts.
const COUNTED_LABELS: usize = 2;
/// A label is counted if it has at least two values, and at most so many.
const MAX_VALUES: usize = 20;

/// An alert of a message, with its last event.
#[derive(Debug, Clone, Copy)]
pub struct AlertInMessage<'a> {
    /// Its last event.
    pub event: &'a Event<'a>,
    /// What is news of it; nothing where the message repeats it.
    pub news: Option<NewsKind>,
    /// The severity that it has, or, where it is over, that was told.
    pub severity: Severity,
    /// When its last event came.
    pub at: Timestamp,
}

/// Builds the event of a message from its alerts.
#[derive(Debug, Default)]
pub struct MessageBuilder {
    count: usize,
    severities: BTreeMap<Reverse<Severity>, usize>,
    resolved: usize,
    shared: SharedFields,
    /// Counts of the labels that every alert so far has.
    labels: BTreeMap<String, LabelCounts>,
    worst: BTreeMap<AlertRank, ListedAlert>,
    titles: TitleLines,
}

/// Fields as long as all alerts agree on them.
#[derive(Debug, Default)]
struct SharedFields {
    title: Option<String>,
    description: Option<String>,
    link: Option<String>,
    source: Option<String>,
    integration: Option<String>,
    labels: Vec<(String, String)>,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

/// How often each value of a label occurs; nothing where it has too many values.
#[derive(Debug)]
struct LabelCounts {
    values: Option<BTreeMap<String, usize>>,
    seen: usize,
}

#[derive(Debug)]
struct ListedAlert {
    /// The JSON of its event.
    json: String,
    news: Option<NewsKind>,
}

impl MessageBuilder {
    /// Adds an alert. Those of one message are given in an order of their own, such as that of their ids.
    pub fn add(&mut self, alert: &AlertInMessage<'_>) {
        let event = alert.event;
        if self.count == 0 {
            self.shared = SharedFields::of(event);
        } else {
            self.shared.keep(event);
        }
        let is_over = alert.news == Some(NewsKind::Over);
        if is_over {
            self.resolved += 1;
        } else {
            *self.severities.entry(Reverse(alert.severity)).or_default() += 1;
        }
        self.count_labels(event);
        let rank = AlertRank { is_over, severity: Reverse(alert.severity), at: Reverse(alert.at), number: self.count };
        self.count += 1;
        self.titles.add(rank, event.title);
        if self.worst.len() < MAX_ALERTS || self.worst.last_key_value().is_some_and(|(last, _)| rank < *last) {
            let listed = ListedAlert { json: event.to_json(), news: alert.news };
            self.worst.insert(rank, listed);
            if self.worst.len() > MAX_ALERTS {
                self.worst.pop_last();
            }
        }
    }

    /// The event of a message. `key` is that of its group, or of the alert that stands alone; `values` are those of its group;
    /// `rest` says where the alerts are listed that the description leaves out.
    #[must_use]
    pub fn finish(
        self,
        record: &MessageRecord,
        key: String,
        values: &[NamedValue],
        rest: Option<&str>,
    ) -> MessageEvent {
        // Of very many alerts the events of some are given.
        let count = self.count.max(record.news.len());
        let title = self.title(count, values);
        let description = if count == 1 { self.shared.description.clone() } else { self.summary(count, rest) };
        let mut labels = self.shared.labels;
        for NamedValue { name, value } in values {
            // The values are those of the group, whatever its alerts say by now.
            match labels.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => known.clone_from(value),
                None => labels.push((name.clone(), value.clone())),
            }
        }
        let is_over = record.status == AlertStatus::Resolved;
        MessageEvent {
            event: OwnedEvent {
                severity: record.severity,
                status: record.status,
                title,
                key,
                description,
                labels,
                starts_at: self.shared.starts_at,
                ends_at: self.shared.ends_at.filter(|_| is_over),
                link: self.shared.link,
                source: self.shared.source.unwrap_or_default(),
                integration: self.shared.integration,
            },
            group: GroupFacts {
                reason: record.reason.name(),
                firing: record.firing,
                critical: record.critical,
                resolved: record.resolved,
                muted: record.muted,
                news: u32::try_from(record.news.len()).unwrap_or(u32::MAX),
                changes: record.changes,
                since: Some(record.since),
                alerts: self.worst.values().map(listed).collect(),
            },
        }
    }

    /// `401 alerts: cluster a, node n7`
    fn title(&self, count: usize, values: &[NamedValue]) -> String {
        if let Some(title) = self.shared.title.as_ref().filter(|_| count == 1) {
            return title.clone();
        }
        let count = plural(u32::try_from(count).unwrap_or(u32::MAX), "alert");
        let values: Vec<String> = values.iter().map(|NamedValue { name, value }| format!("{name} {value}")).collect();
        match (&self.shared.title, values.as_slice()) {
            (Some(title), []) => format!("{count}: {title}"),
            (None, []) => count,
            (_, values) => format!("{count}: {}", values.join(", ")),
        }
    }

    /// Counts by severity, counts by the labels with the fewest values, the worst and newest by title, how many more.
    fn summary(&self, count: usize, rest: Option<&str>) -> Option<String> {
        if self.count == 0 {
            return None;
        }
        let severities = self.severities.iter().map(|(Reverse(severity), count)| format!("{count} {severity}"));
        let resolved = (self.resolved > 0).then(|| format!("{} resolved", self.resolved));
        let mut lines = vec![severities.chain(resolved).collect::<Vec<_>>().join(", ")];
        lines.extend(self.counted_labels());
        let TitleList { lines: titles, counted } = self.titles.list();
        lines.extend(titles);
        let more = count.saturating_sub(counted);
        if more > 0 {
            lines.push(match rest {
                Some(rest) => format!("and {more} more: {rest}"),
                None => format!("and {more} more"),
            });
        }
        Some(lines.join("\n"))
    }

    /// `alert: PodDown 400, NodeDown 1`
    fn counted_labels(&self) -> Vec<String> {
        let counted = self.labels.iter().filter_map(|(name, counts)| {
            let values = counts.values.as_ref().filter(|values| values.len() >= 2)?;
            (counts.seen == self.count).then_some((values.len(), name, values))
        });
        let mut counted: Vec<_> = counted.collect();
        counted.sort_by_key(|(values, name, _)| (*values, *name));
        let line = |(_, name, values): (usize, &String, &BTreeMap<String, usize>)| {
            let mut values: Vec<(&String, &usize)> = values.iter().collect();
            values.sort_by_key(|(value, count)| (Reverse(**count), *value));
            let values: Vec<String> = values.iter().map(|(value, count)| format!("{value} {count}")).collect();
            format!("{name}: {}", values.join(", "))
        };
        counted.into_iter().take(COUNTED_LABELS).map(line).collect()
    }

    fn count_labels(&mut self, event: &Event<'_>) {
        let before = self.count;
        for (name, value) in event.labels.iter() {
            if before == 0 && !self.labels.contains_key(name) {
                self.labels.insert(name.to_owned(), LabelCounts { values: Some(BTreeMap::new()), seen: 0 });
            }
            let Some(counts) = self.labels.get_mut(name).filter(|counts| counts.seen == before) else { continue };
            counts.seen += 1;
            let Some(values) = &mut counts.values else { continue };
            let is_full = values.len() >= MAX_VALUES;
            match values.get_mut(value) {
                Some(count) => *count += 1,
                None if !is_full => {
                    values.insert(value.to_owned(), 1);
                }
                None => counts.values = None,
            }
        }
    }
}

impl SharedFields {
    fn of(event: &Event<'_>) -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            title: text(event.title),
            description: event.description.map(str::to_owned),
            link: event.link.map(str::to_owned),
            source: text(event.source),
            integration: event.integration.map(str::to_owned),
            labels: owned(event.labels),
            starts_at: event.starts_at,
            ends_at: event.ends_at,
        }
    }

    /// Drops what another alert does not share.
    fn keep(&mut self, event: &Event<'_>) {
        let keep = |field: &mut Option<String>, other: Option<&str>| {
            if field.as_deref() != other {
                *field = None;
            }
        };
        keep(&mut self.title, Some(event.title));
        keep(&mut self.description, event.description);
        keep(&mut self.link, event.link);
        keep(&mut self.source, Some(event.source));
        keep(&mut self.integration, event.integration);
        self.labels.retain(|(name, value)| event.labels.get(name) == Some(value));
        self.starts_at = match (self.starts_at, event.starts_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.ends_at = self.ends_at.max(event.ends_at);
    }
}

/// The JSON of an alert's event, with what is news of it.
fn listed(alert: &ListedAlert) -> Value {
    let mut json: Value = serde_json::from_str(&alert.json).unwrap_or_default();
    if let (Some(news), Value::Object(members)) = (alert.news, &mut json) {
        members.insert("news".to_owned(), news_name(news).into());
    }
    json
}

fn news_name(news: NewsKind) -> &'static str {
    match news {
        NewsKind::New => "new",
        NewsKind::Worse => "worse",
        NewsKind::Better => "better",
        NewsKind::Over => "over",
    }
}

#[cfg(test)]
mod tests {
    use super::{AlertInMessage, MessageBuilder};
    use crate::event::{AlertStatus, Event, Labels, Severity};
    use crate::json::Arena;
    use crate::notification::{AlertId, group_key};
    use crate::notification::{
        GroupId, MessageEvent, MessageId, MessageNews, MessageReason, MessageRecord, NamedValue, NewsKind, TimingReason,
    };
    use crate::time::Timestamp;
    use expect_test::expect;

    /// An alert of a test: what is news of it, its severity, and its texts.
    struct Given<'t> {
        news: Option<NewsKind>,
        severity: Severity,
        title: &'t str,
        labels: &'t [(&'t str, &'t str)],
    }

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from_epoch_milliseconds(1_767_225_600_000 + seconds * 1_000)
    }

    fn message(given: &[Given<'_>], values: &[NamedValue]) -> MessageEvent {
        let mut builder = MessageBuilder::default();
        for (alert, number) in given.iter().zip(0..) {
            let arena = Arena::new();
            let event = Event {
                severity: alert.severity,
                status: AlertStatus::Firing,
                title: alert.title,
                key: "k",
                description: Some("more"),
                labels: Labels::of(alert.labels.iter().copied(), &arena),
                starts_at: Some(time(number)),
                ends_at: None,
                link: Some("https://example.org/"),
                source: "test",
                integration: None,
                notes: &[],
            };
            let (news, severity) = (alert.news, alert.severity);
            builder.add(&AlertInMessage { event: &event, news, severity, at: time(number) });
        }
        let news = given.iter().filter_map(|alert| {
            let kind = alert.news?;
            Some(MessageNews {
                alert: AlertId([0; 16]),
                group: GroupId([0; 16]),
                kind,
                before: None,
                now: None,
                since: time(0),
            })
        });
        let record = MessageRecord {
            id: MessageId(1),
            at: time(30),
            reason: MessageReason::New,
            timing: TimingReason::New { wait: 0, number: 1 },
            groups: vec![GroupId([0; 16])],
            news: news.collect(),
            status: AlertStatus::Firing,
            severity: Severity::Critical,
            firing: 2,
            critical: 1,
            resolved: 0,
            muted: 0,
            changes: 3,
            since: time(0),
        };
        builder.finish(&record, group_key(GroupId([7; 16])), values, Some("pointsman messages 01K"))
    }

    fn shown(message: &MessageEvent) -> String {
        let description = message.event.description.as_deref().unwrap_or_default();
        format!("{}\n{description}\n{:?}\n", message.event.title, message.event.labels)
    }

    fn value(name: &str, value: &str) -> NamedValue {
        NamedValue { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn a_message_of_one_alert_says_what_it_says() {
        let labels = [("cluster", "a"), ("pod", "web-1")];
        let alert = Given { news: Some(NewsKind::New), severity: Severity::Critical, title: "down", labels: &labels };
        let message = message(&[alert], &[value("cluster", "a")]);
        expect![[r#"
            down
            more
            [("cluster", "a"), ("pod", "web-1")]
        "#]]
        .assert_eq(&shown(&message));
        assert_eq!(message.group.alerts[0]["news"], "new");
        assert_eq!(message.event.key, "group:07070707070707070707070707070707");
    }

    #[test]
    fn a_message_of_many_counts_them_and_names_the_worst() {
        let pods: Vec<String> = (0..30).map(|number| format!("web-{number}")).collect();
        let labels: Vec<Vec<(&str, &str)>> = pods
            .iter()
            .zip(0..)
            .map(|(pod, number)| {
                let zone = if number % 3 == 0 { "z1" } else { "z2" };
                vec![("cluster", "a"), ("pod", pod), ("zone", zone), ("app", if number == 0 { "db" } else { "web" })]
            })
            .collect();
        let mut given: Vec<Given<'_>> = pods
            .iter()
            .zip(&labels)
            .map(|(pod, labels)| Given { news: None, severity: Severity::Warning, title: pod, labels })
            .collect();
        given[4].severity = Severity::Critical;
        given[5].news = Some(NewsKind::Over);
        let message = message(&given, &[value("cluster", "a"), value("tier", "gold")]);
        expect![[r#"
            30 alerts: cluster a, tier gold
            1 Critical, 28 Warning, 1 resolved
            app: web 29, db 1
            zone: z2 20, z1 10
            - Critical: web-4
            - Warning: web-29
            - Warning: web-28
            - Warning: web-27
            - Warning: web-26
            - Warning: web-25
            - Warning: web-24
            - Warning: web-23
            - Warning: web-22
            - Warning: web-21
            and 20 more: pointsman messages 01K
            [("cluster", "a"), ("tier", "gold")]
        "#]]
        .assert_eq(&shown(&message));
        assert_eq!((message.event.starts_at, message.group.since), (Some(time(0)), Some(time(0))));
        assert_eq!(message.group.alerts.last().map(|alert| alert["news"].clone()), Some("over".into()));
    }

    #[test]
    fn a_title_that_all_share_is_shown_where_they_have_no_group() {
        let alert = |title| Given { news: Some(NewsKind::New), severity: Severity::Info, title, labels: &[] };
        assert_eq!(message(&[alert("disk full"), alert("disk full")], &[]).event.title, "2 alerts: disk full");
        assert_eq!(message(&[alert("disk full"), alert("cpu")], &[]).event.title, "2 alerts");
    }

    #[test]
    fn equal_titles_are_one_line() {
        let alert = |news, severity, title| Given { news: Some(news), severity, title, labels: &[] };
        let mut given: Vec<Given<'_>> = (0..37).map(|_| alert(NewsKind::New, Severity::Warning, "disk full")).collect();
        given.push(alert(NewsKind::New, Severity::Critical, "disk full"));
        given.push(alert(NewsKind::Over, Severity::Warning, "disk full"));
        given.push(alert(NewsKind::New, Severity::Info, "cpu"));
        expect![[r"
            40 alerts
            1 Critical, 37 Warning, 1 Info, 1 resolved
            - Critical: disk full
            - Warning: disk full (37 alerts)
            - Info: cpu
            - resolved: disk full
            []
        "]]
        .assert_eq(&shown(&message(&given, &[])));
    }

    #[test]
    fn a_message_holds_a_hundred_alerts_at_most() {
        let alert = |_| Given { news: None, severity: Severity::Info, title: "disk full", labels: &[] };
        let many: Vec<Given<'_>> = (0..250).map(alert).collect();
        assert_eq!(message(&many, &[]).group.alerts.len(), 100);
    }
}
