//! What is pending, by channel and severity, and what channels that get every event were sent of it.

use super::{JournalError, ReaderPool, SqliteResult};
use crate::event::Severity;
use crate::gateway::journal::number::number;
use crate::gateway::journal::sqlite::record_cache::{RecordAccess, SqliteChannel};
use crate::gateway::journal::{PendingCount, ReadResult, StoreResult};
use crate::notification::{ChannelStore as _, MessageRecord, NewsKind};
use crate::time::Timestamp;
use rusqlite::{Connection, Row};
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What is pending, while it is counted.
#[derive(Default)]
struct PendingCounts(BTreeMap<(String, Option<Severity>), PendingCount>);

impl PendingCounts {
    /// The count of a severity, where something is pending since that time.
    fn of(&mut self, channel: &str, severity: Option<Severity>, since: Timestamp) -> &mut PendingCount {
        let new = || {
            let (waiting, in_messages, events) = (0, 0, 0);
            PendingCount { channel: channel.to_owned(), severity, waiting, in_messages, events, oldest: since }
        };
        let count = self.0.entry((channel.to_owned(), severity)).or_insert_with(new);
        count.oldest = count.oldest.min(since);
        count
    }

    fn add_message(&mut self, channel: &str, message: &MessageRecord) {
        if message.news.is_empty() {
            self.of(channel, Some(message.severity), message.at).in_messages += 1;
        }
        for news in &message.news {
            match news.kind {
                NewsKind::New | NewsKind::Worse => self.of(channel, news.now, news.since).in_messages += 1,
                NewsKind::Over => self.of(channel, None, news.since).in_messages += 1,
                // It goes along, and cannot be dropped.
                NewsKind::Better => {}
            }
        }
    }
}

impl ReaderPool {
    pub(super) fn read_pending_counts(&self, channel: Option<&str>) -> ReadResult<Vec<PendingCount>> {
        let read = self.run_query(|connection| Ok(pending_counts(connection, channel)));
        self.count_error(read)?.map_err(JournalError::from)
    }

    pub(super) fn read_sent_firings(&self, channel: &str) -> ReadResult<BTreeMap<String, Severity>> {
        let sql = concat!(
            "SELECT sent.key, sent.urgency, max(sent.id) FROM delivery sent WHERE \
             sent.channel = (SELECT id FROM name WHERE text = ?1) AND sent.state = ",
            number!(Delivered),
            " AND sent.message IS NULL AND NOT sent.replay AND EXISTS (SELECT 1 FROM delivery queued \
             INDEXED BY delivery_pending_key WHERE queued.channel = sent.channel AND queued.key = sent.key \
             AND queued.state = ",
            number!(Pending),
            ") GROUP BY sent.integration, sent.key"
        );
        let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Option<Severity>>(1)?));
        let sent: Vec<(String, Option<Severity>)> =
            self.query(|connection| connection.prepare_cached(sql)?.query_map([channel], row)?.collect())?;
        Ok(sent.into_iter().filter_map(|(key, severity)| Some((key, severity?))).collect())
    }
}

fn pending_counts(connection: &Connection, channel: Option<&str>) -> StoreResult<Vec<PendingCount>> {
    let mut counts = PendingCounts::default();
    let sql = "SELECT text, firing, told, count(*), min(news_since) FROM told_alert a INDEXED BY told_alert_class \
               JOIN told_group g ON g.channel = a.channel AND g.id = grp JOIN name ON name.id = a.channel \
               WHERE class IS NOT NULL AND mark = watermark AND (?1 IS NULL OR text = ?1) GROUP BY a.channel, firing, told";
    let row = |row: &Row<'_>| {
        let (firing, told): (Option<Severity>, Option<Severity>) = (row.get(1)?, row.get(2)?);
        let (alerts, since): (u64, Option<Timestamp>) = (super::count(row, 3)?, row.get(4)?);
        Ok((row.get::<_, String>(0)?, firing, told, alerts, since))
    };
    let mut statement = connection.prepare_cached(sql)?;
    for waiting in statement.query_map([channel], row)? {
        let (channel, firing, told, alerts, since) = waiting?;
        // A fall of severity goes along with other news, and cannot be dropped.
        if firing.is_none() || firing > told {
            counts.of(&channel, firing, since.unwrap_or_default()).waiting += alerts;
        }
    }
    let sql = "SELECT channel, text FROM told_channel JOIN name ON name.id = channel WHERE undelivered <> '[]' \
               AND (?1 IS NULL OR text = ?1)";
    let mut statement = connection.prepare_cached(sql)?;
    let channels = statement.query_map([channel], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let channels: Vec<(i64, String)> = channels.collect::<SqliteResult<_>>()?;
    for (channel, name) in channels {
        let cache = RefCell::default();
        let records = SqliteChannel { connection, channel, records: &cache, access: RecordAccess::Read };
        for undelivered in records.channel()?.undelivered {
            if let Some(message) = records.message(undelivered.id)? {
                counts.add_message(&name, &message);
            }
        }
    }
    let sql = concat!(
        "SELECT text, urgency, count(*), min(since) FROM delivery INDEXED BY delivery_pending \
         JOIN name ON name.id = channel WHERE state = ",
        number!(Pending),
        " AND message IS NULL AND (?1 IS NULL OR text = ?1) GROUP BY channel, urgency"
    );
    let row = |row: &Row<'_>| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<Severity>>(1)?, super::count(row, 2)?, row.get(3)?))
    };
    let mut statement = connection.prepare_cached(sql)?;
    for queued in statement.query_map([channel], row)? {
        let (channel, severity, events, since): (_, _, u64, Timestamp) = queued?;
        counts.of(&channel, severity, since).events += events;
    }
    let mut counts: Vec<PendingCount> = counts.0.into_values().collect();
    counts.sort_by(|one, other| (&one.channel, Reverse(one.severity)).cmp(&(&other.channel, Reverse(other.severity))));
    Ok(counts)
}
