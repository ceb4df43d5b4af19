//! Which records are meant, as people and query strings write it.

use super::OperationError;
use crate::gateway::journal::{EventId, PushId, RecordFilter};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use ulid::Ulid;

/// How many records a listing holds by default.
const DEFAULT_LIMIT: usize = 100;
/// How many it holds at most.
const MAX_RECORDS: usize = 1_000;

/// Which records are meant; a member that is not given does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordSelection {
    /// From this time on: RFC 3339, or so long ago: `2h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Before this time, in the same words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of this integration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integration: Option<String>,
    /// To this channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// With this alert key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of this push or event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Before this push, or after this event of it, for the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl RecordSelection {
    /// Whether nothing but perhaps a limit is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self { limit: self.limit, ..Self::default() }
    }

    /// How many records a listing holds, where it is not bounded otherwise.
    #[must_use]
    pub fn limit_or_default(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// The filter of the journal for a listing, which is always bounded.
    ///
    /// # Errors
    /// What cannot be read, and how to fix it.
    pub fn filter(&self, now: Timestamp) -> Result<RecordFilter, OperationError> {
        let time =
            |name: &str, text: &Option<String>| text.as_deref().map(|text| parse_time(name, text, now)).transpose();
        let (since, until) = (time("since", &self.since)?, time("until", &self.until)?);
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            return Err(OperationError::invalid(
                "nothing is between `since` and `until`: the first has to be the earlier",
            ));
        }
        let named = self.id.as_deref().map(RecordId::parse).transpose()?;
        let before = self.before.as_deref().map(RecordId::parse).transpose()?;
        Ok(RecordFilter {
            since,
            until,
            integration: self.integration.clone(),
            channel: self.channel.clone(),
            key: self.key.clone(),
            push: named.map(|named| named.push),
            index: named.and_then(|named| named.index),
            before: before.map(|before| before.push),
            before_index: before.and_then(|before| before.index),
            limit: self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_RECORDS),
        })
    }

    /// As [`RecordSelection::filter`], for what changes records: without a limit unless one is given.
    ///
    /// # Errors
    /// As there.
    pub fn bulk_filter(&self, now: Timestamp) -> Result<RecordFilter, OperationError> {
        Ok(RecordFilter { limit: self.limit.unwrap_or(0), ..self.filter(now)? })
    }

    /// The query string of it, `since=2h&limit=10`.
    #[must_use]
    pub fn query(&self) -> String {
        let limit = self.limit.map(|limit| limit.to_string());
        let members = [
            ("since", &self.since),
            ("until", &self.until),
            ("integration", &self.integration),
            ("channel", &self.channel),
            ("key", &self.key),
            ("id", &self.id),
            ("before", &self.before),
            ("limit", &limit),
        ];
        let said = members.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }

    /// Reads what [`RecordSelection::query`] writes.
    ///
    /// # Errors
    /// A member that is not known, or that is given twice.
    pub fn from_query(query: &str) -> Result<Self, OperationError> {
        let mut selection = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let twice = match &*name {
                "since" => selection.since.replace(value).is_some(),
                "until" => selection.until.replace(value).is_some(),
                "integration" => selection.integration.replace(value).is_some(),
                "channel" => selection.channel.replace(value).is_some(),
                "key" => selection.key.replace(value).is_some(),
                "id" => selection.id.replace(value).is_some(),
                "before" => selection.before.replace(value).is_some(),
                "limit" => {
                    let limit = value
                        .parse()
                        .map_err(|_| OperationError::invalid(format!("`limit` is not a number: `{value}`")))?;
                    selection.limit.replace(limit).is_some()
                }
                _ => {
                    return Err(OperationError::invalid(format!(
                        "unknown parameter `{name}`: expected since, until, integration, channel, key, id, before or limit"
                    )));
                }
            };
            if twice {
                return Err(OperationError::invalid(format!("`{name}` is given twice")));
            }
        }
        Ok(selection)
    }
}

/// Names a push, or one event of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordId {
    /// The push.
    pub(super) push: PushId,
    /// The position of the event.
    pub(super) index: Option<u32>,
}

impl RecordId {
    /// Reads the id of an event, `01J…-0`, or of a push.
    pub(super) fn parse(text: &str) -> Result<Self, OperationError> {
        if text.contains('-') {
            let event: EventId = text.parse().map_err(OperationError::InvalidRequest)?;
            return Ok(Self { push: event.push, index: Some(event.index) });
        }
        let push = Ulid::from_string(text).map_err(|_| {
            OperationError::invalid(format!(
                "`{text}` is not an id: expected something like 01KADZ3V9G0000000000000000, or 01KADZ3V9G0000000000000000-0 for one event"
            ))
        })?;
        Ok(Self { push: PushId(push), index: None })
    }
}

pub(super) fn parse_time(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, OperationError> {
    if let Some(ago) = parse_duration(text) {
        return Ok(now.saturating_sub(ago));
    }
    Timestamp::read(text).ok_or_else(|| {
        OperationError::invalid(format!(
            "`{name}` is not a time: `{text}`; expected something like 2026-03-07T02:00:00+08:00, or 2h, 90m, 7d for so long ago"
        ))
    })
}

/// `1d12h`: numbers with units, each unit at most once and the larger before the smaller.
fn parse_duration(text: &str) -> Option<Duration> {
    const SECONDS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut units = SECONDS.iter();
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let number: u64 = number.parse().ok()?;
        let (left, unit) = units.by_ref().find_map(|(word, unit)| Some((after.strip_prefix(word)?, unit)))?;
        sum = sum.checked_add(number.checked_mul(*unit)?)?;
        rest = left;
    }
    (!text.is_empty()).then_some(Duration::from_secs(sum))
}

#[cfg(test)]
mod tests {
    use super::{Duration, MAX_RECORDS, OperationError, RecordId, RecordSelection, Timestamp, parse_duration};

    fn now() -> Timestamp {
        Timestamp::from_epoch_milliseconds(1_772_820_000_000)
    }

    fn ago(hours: u64) -> Timestamp {
        now().saturating_sub(Duration::from_hours(hours))
    }

    fn since(text: &str) -> Result<Option<Timestamp>, OperationError> {
        let selection = RecordSelection { since: Some(text.to_owned()), ..RecordSelection::default() };
        selection.filter(now()).map(|filter| filter.since)
    }

    #[test]
    fn times_are_moments_or_durations_before_now() {
        assert_eq!(since("2h"), Ok(Some(ago(2))));
        assert_eq!(since("1d12h"), Ok(Some(ago(36))));
        assert_eq!(since("2026-03-07T02:00:00+08:00"), Ok(Some(now())));
        for wrong in ["yesterday", "2x", "h", "", "2h2h", "1m1h", "99999999999999999999d", "-2h"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_duration("0s"), Some(Duration::ZERO));
    }

    #[test]
    fn a_span_without_extent_is_refused() {
        let selection =
            RecordSelection { since: Some("1h".into()), until: Some("2h".into()), ..RecordSelection::default() };
        assert!(selection.filter(now()).unwrap_err().to_string().contains("earlier"));
    }

    #[test]
    fn ids_name_pushes_or_events() {
        assert_eq!(RecordId::parse("01KADZ3V9G0000000000000000").unwrap().index, None);
        assert_eq!(RecordId::parse("01KADZ3V9G0000000000000000-3").unwrap().index, Some(3));
        for wrong in ["", "1", "01KADZ3V9G0000000000000000-", "01KADZ3V9G0000000000000000-x", "é-0"] {
            assert!(RecordId::parse(wrong).unwrap_err().to_string().contains("expected"), "{wrong}");
        }
    }

    #[test]
    fn queries_come_back_as_they_went_out() {
        let selection = RecordSelection {
            since: Some("2026-03-07T02:00:00+08:00".into()),
            key: Some("a&b=c 磁盘".into()),
            limit: Some(7),
            ..RecordSelection::default()
        };
        assert_eq!(RecordSelection::from_query(&selection.query()), Ok(selection));
        assert_eq!(RecordSelection::from_query(""), Ok(RecordSelection::default()));
        for wrong in ["chanel=page", "limit=many", "key=a&key=b"] {
            assert!(RecordSelection::from_query(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn listings_are_bounded_and_changes_are_whole() {
        let selection = RecordSelection { limit: Some(1_000_000), ..RecordSelection::default() };
        assert_eq!(selection.filter(now()).unwrap().limit, MAX_RECORDS);
        assert_eq!(RecordSelection { limit: Some(0), ..RecordSelection::default() }.filter(now()).unwrap().limit, 1);
        assert_eq!(RecordSelection::default().bulk_filter(now()).unwrap().limit, 0);
    }

    #[test]
    fn a_number_alone_selects_nothing() {
        assert!(RecordSelection { limit: Some(3), ..RecordSelection::default() }.is_empty());
        assert!(!RecordSelection { channel: Some("page".into()), ..RecordSelection::default() }.is_empty());
    }
}
