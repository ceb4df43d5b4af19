//! The rows of messages, with their news.

use super::StoreResult;
use super::record_cache::SqliteChannel;
use super::record_rows::read_timing;
use crate::event::Severity;
use crate::gateway::journal::MessageUlid;
use crate::gateway::journal::number::StoredNumber as _;
use crate::notification::{AlertId, GroupId, MessageId, MessageNews, MessageRecord, NewsKind, TimingReason};
use crate::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row, params};

/// The bytes of an alert in the column of a message's news.
const NEWS_BYTES: usize = 43;

/// The byte of a severity that there is not.
const NO_SEVERITY: u8 = u8::MAX;

impl SqliteChannel<'_> {
    pub(super) fn read_message(&self, id: MessageId) -> StoreResult<Option<MessageRecord>> {
        let sql = "SELECT at, reason, status, severity, firing, critical, resolved, muted, changes, since, grps, news, timing \
                   FROM told_message WHERE channel = ?1 AND number = ?2 AND grps IS NOT NULL";
        let row = |row: &Row<'_>| {
            Ok(MessageRecord {
                id,
                at: row.get(0)?,
                reason: row.get(1)?,
                timing: read_timing(row, 12)?.unwrap_or(TimingReason::New { wait: 0, number: 1 }),
                status: row.get(2)?,
                severity: row.get(3)?,
                firing: row.get(4)?,
                critical: row.get(5)?,
                resolved: row.get(6)?,
                muted: row.get(7)?,
                changes: row.get(8)?,
                since: row.get(9)?,
                groups: row.get_ref(10)?.as_blob()?.as_chunks().0.iter().map(|id| GroupId(*id)).collect(),
                news: row.get_ref(11)?.as_blob()?.as_chunks().0.iter().filter_map(read_news).collect(),
            })
        };
        Ok(self.connection.prepare_cached(sql)?.query_row((self.channel, id), row).optional()?)
    }

    pub(super) fn write_message(&self, message: &MessageRecord) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO told_message (channel, number, at, reason, status, severity, firing, critical, \
                   resolved, muted, changes, since, alerts, grps, news, ulid, timing, groups, vals) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
        let groups: Vec<u8> = message.groups.iter().flat_map(|group| group.0).collect();
        let mut news = Vec::with_capacity(message.news.len() * NEWS_BYTES);
        message.news.iter().for_each(|one| write_news(one, &mut news));
        let values = match message.groups.as_slice() {
            [group] => self.stored_values(*group)?,
            _ => None,
        };
        self.connection.prepare_cached(sql)?.execute(params![
            self.channel,
            message.id,
            message.at,
            message.reason,
            message.status,
            message.severity,
            message.firing,
            message.critical,
            message.resolved,
            message.muted,
            message.changes,
            message.since,
            u32::try_from(message.news.len()).unwrap_or(u32::MAX),
            groups,
            news,
            MessageUlid::of(self.channel, message.id, message.at),
            serde_json::to_string(&message.timing).unwrap_or_default(),
            u32::try_from(message.groups.len()).unwrap_or(u32::MAX),
            values,
        ])?;
        Ok(())
    }
}

fn write_news(news: &MessageNews, bytes: &mut Vec<u8>) {
    let byte = |number: i64| u8::try_from(number).unwrap_or(NO_SEVERITY);
    let severity = |severity: Option<Severity>| severity.map_or(NO_SEVERITY, |severity| byte(severity.stored()));
    bytes.extend_from_slice(&news.alert.0);
    bytes.extend_from_slice(&news.group.0);
    bytes.extend_from_slice(&[byte(news.kind.stored()), severity(news.before), severity(news.now)]);
    bytes.extend_from_slice(&news.since.epoch_milliseconds().to_be_bytes());
}

pub(super) fn read_news(bytes: &[u8; NEWS_BYTES]) -> Option<MessageNews> {
    let (alert, rest) = bytes.split_first_chunk()?;
    let (group, rest) = rest.split_first_chunk()?;
    let ([kind, before, now], since) = rest.split_first_chunk()?;
    let severity = |byte: u8| Severity::from_stored(byte.into());
    Some(MessageNews {
        alert: AlertId(*alert),
        group: GroupId(*group),
        kind: NewsKind::from_stored((*kind).into())?,
        before: severity(*before),
        now: severity(*now),
        since: Timestamp::from_epoch_milliseconds(i64::from_be_bytes(since.try_into().ok()?)),
    })
}
