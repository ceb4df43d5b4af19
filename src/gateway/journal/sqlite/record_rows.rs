//! The rows of alerts and groups of channels that gather messages.

use super::{SqliteResult, StoreResult};
use crate::event::Severity;
use crate::gateway::journal::number::StoredNumber as _;
use crate::notification::{
    AlertId, AlertRecord, GroupCounts, GroupId, GroupRecord, LapsedNews, MessageId, NewsRecord, TimingReason,
};
use crate::time::Timestamp;
use rusqlite::{Connection, Row, params};

/// The row of an alert.
pub(super) struct AlertRow {
    /// Without the message that is undelivered: the channel says which are.
    pub(super) record: AlertRecord,
    /// Its last event, where that was noted.
    pub(super) event: Option<NotedEvent>,
    pub(super) is_copy: bool,
    /// Where it is tellable: the watermark of its group when it was written.
    pub(super) mark: Option<MessageId>,
}

/// How far a group is told by messages that told all its news at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watermark {
    /// The last such message; 0 where there was none.
    pub(super) message: MessageId,
    /// Whether rows of alerts may not say so yet.
    pub(super) is_folding: bool,
}

impl Default for Watermark {
    fn default() -> Self {
        Self { message: MessageId(0), is_folding: false }
    }
}

/// The event of an alert that its row names.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotedEvent {
    /// `push.id`.
    pub(super) push: i64,
    /// Its position among the outcomes.
    pub(super) position: u32,
    /// When that was.
    pub(super) heard: Timestamp,
}

/// The row of a group.
pub(super) struct GroupRow {
    pub(super) record: GroupRecord,
    /// The column of its values.
    pub(super) values: Option<String>,
    pub(super) watermark: Watermark,
}

/// The class of news that makes no group due.
const NO_CLASS: i64 = -1;

/// The columns of an alert's record, in the order of [`alert_record`].
macro_rules! record_columns {
    () => {
        "grp, firing, told, hold, routing, told_in, news_since, news_critical, news_origin, lapsed_until, lapsed_since, \
         lapsed_critical, lapsed_origin, entry, fallback, dropped"
    };
}
pub(super) use record_columns;

/// The columns of an alert, in the order of [`alert_row`].
macro_rules! alert_columns {
    () => {
        concat!(
            crate::gateway::journal::sqlite::record_rows::record_columns!(),
            ", iif(tellable, mark, NULL), push, position, heard, coalesce(copy, 0)"
        )
    };
}
pub(super) use alert_columns;

/// The columns of a group, in the order of [`group_row`].
macro_rules! group_columns {
    () => {
        "since, messages, last_message, last_message_id, last_change, last_end, changes, undelivered, due, known, told_info, \
         told_warning, told_critical, repeated, still_critical, held, news, news_info, news_warning, news_critical, passed_on, \
         given_up, owed_since, fallback_due, timing, vals, watermark, folding"
    };
}
pub(super) use group_columns;

/// The column of the worst news of a group.
pub(super) fn urgency(worst: Option<Severity>) -> i64 {
    worst.map_or(0, |worst| worst.stored() + 1)
}

/// The record of an alert of a row, whose columns begin there. Most alerts lack most of what it may hold, and that is not read.
pub(super) fn alert_record(row: &Row<'_>, first: usize) -> SqliteResult<AlertRecord> {
    let news = |at: usize| {
        let Some(since) = row.get(at)? else { return Ok(None) };
        let (critical_since, origin) = (row.get(at + 1)?, row.get::<_, Option<_>>(at + 2)?);
        Ok::<_, rusqlite::Error>(origin.map(|origin| NewsRecord { since, critical_since, origin }))
    };
    let lapsed = match row.get(first + 9)? {
        Some(until) => news(first + 10)?.map(|news| LapsedNews { news, until }),
        None => None,
    };
    Ok(AlertRecord {
        group: row.get(first)?,
        firing: row.get(first + 1)?,
        told: row.get(first + 2)?,
        hold: row.get(first + 3)?,
        routing: row.get(first + 4)?,
        message: None,
        told_in: row.get(first + 5)?,
        news: news(first + 6)?,
        lapsed,
        entry: row.get(first + 13)?,
        fallback: row.get(first + 14)?,
        dropped: row.get(first + 15)?,
    })
}

/// An alert of a row, whose columns begin there.
pub(super) fn alert_row(row: &Row<'_>, first: usize) -> SqliteResult<AlertRow> {
    let event = match row.get(first + 17)? {
        Some(push) => Some(NotedEvent { push, position: row.get(first + 18)?, heard: row.get(first + 19)? }),
        None => None,
    };
    Ok(AlertRow { record: alert_record(row, first)?, event, is_copy: row.get(first + 20)?, mark: row.get(first + 16)? })
}

/// Writes the row of an alert. `mark` is the watermark of its group.
pub(super) fn write_alert(
    connection: &Connection,
    (channel, id): (i64, AlertId),
    AlertRow { record: alert, event, is_copy, mark }: &AlertRow,
) -> StoreResult<()> {
    let sql = "INSERT INTO told_alert (channel, alert, grp, firing, told, hold, routing, mark, told_in, news_since, \
               news_critical, news_origin, lapsed_since, lapsed_critical, lapsed_origin, lapsed_until, tellable, class, \
               critical_due, entry, fallback, passed_on, push, position, heard, copy, dropped) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, \
               ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27) \
               ON CONFLICT (channel, alert) DO UPDATE SET grp = excluded.grp, firing = excluded.firing, \
               told = excluded.told, hold = excluded.hold, routing = excluded.routing, mark = excluded.mark, \
               told_in = excluded.told_in, news_since = excluded.news_since, news_critical = excluded.news_critical, \
               news_origin = excluded.news_origin, lapsed_since = excluded.lapsed_since, \
               lapsed_critical = excluded.lapsed_critical, lapsed_origin = excluded.lapsed_origin, \
               lapsed_until = excluded.lapsed_until, tellable = excluded.tellable, class = excluded.class, \
               critical_due = excluded.critical_due, entry = excluded.entry, fallback = excluded.fallback, \
               passed_on = excluded.passed_on, push = excluded.push, position = excluded.position, heard = excluded.heard, \
               copy = excluded.copy, dropped = excluded.dropped";
    let (news, lapsed, dues) = (alert.news, alert.lapsed.map(|lapsed| lapsed.news), alert.dues());
    let class = dues.ordinary.map_or(NO_CLASS, |(class, _)| class.stored());
    connection.prepare_cached(sql)?.execute(params![
        channel,
        id,
        alert.group,
        alert.firing,
        alert.told,
        alert.hold,
        alert.routing,
        mark.unwrap_or(Watermark::default().message),
        alert.told_in,
        news.map(|news| news.since),
        news.and_then(|news| news.critical_since),
        news.map(|news| news.origin),
        lapsed.map(|news| news.since),
        lapsed.and_then(|news| news.critical_since),
        lapsed.map(|news| news.origin),
        alert.lapsed.map(|lapsed| lapsed.until),
        alert.tellable().is_some(),
        alert.tellable().map(|_| class),
        dues.critical.map(|(_, since)| since),
        alert.entry,
        alert.fallback,
        alert.pass_state(),
        event.map(|event| event.push),
        event.map(|event| event.position),
        event.map(|event| event.heard),
        is_copy,
        alert.dropped,
    ])?;
    Ok(())
}

/// Writes the row of a group.
pub(super) fn write_group(
    connection: &Connection,
    (channel, id): (i64, GroupId),
    group: &GroupRecord,
    values: Option<&str>,
    watermark: Watermark,
) -> StoreResult<()> {
    let sql = "INSERT INTO told_group VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
               ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31) ON CONFLICT (channel, id) DO UPDATE SET since = excluded.since, \
               messages = excluded.messages, last_message = excluded.last_message, \
               last_message_id = excluded.last_message_id, last_change = excluded.last_change, \
               last_end = excluded.last_end, changes = excluded.changes, undelivered = excluded.undelivered, \
               due = excluded.due, known = excluded.known, told_info = excluded.told_info, \
               told_warning = excluded.told_warning, told_critical = excluded.told_critical, \
               repeated = excluded.repeated, still_critical = excluded.still_critical, held = excluded.held, \
               news = excluded.news, news_info = excluded.news_info, news_warning = excluded.news_warning, \
               news_critical = excluded.news_critical, passed_on = excluded.passed_on, given_up = excluded.given_up, \
               owed_since = excluded.owed_since, fallback_due = excluded.fallback_due, urgency = excluded.urgency, \
               vals = excluded.vals, timing = excluded.timing, watermark = excluded.watermark, folding = excluded.folding";
    let GroupCounts { known, told, repeated, told_critical, held, news, firing_news, passed_on, given_up } =
        group.counts;
    let ([info, warning, critical], [news_info, news_warning, news_critical]) = (told, firing_news);
    connection.prepare_cached(sql)?.execute(params![
        channel,
        id,
        group.since,
        group.messages,
        group.last_message,
        group.last_message_id,
        group.last_change,
        group.last_end,
        group.changes,
        group.undelivered,
        group.due,
        known,
        info,
        warning,
        critical,
        repeated,
        told_critical,
        held,
        news,
        news_info,
        news_warning,
        news_critical,
        passed_on,
        given_up,
        group.owed_since,
        group.fallback_due,
        urgency(group.counts.worst_news()),
        values,
        group.timing.and_then(|timing| serde_json::to_string(&timing).ok()),
        watermark.message,
        watermark.is_folding,
    ])?;
    Ok(())
}

/// Why something was made or is due at its time; nothing where that cannot be read.
pub(super) fn read_timing(row: &Row<'_>, column: usize) -> SqliteResult<Option<TimingReason>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// A group of a row.
pub(super) fn group_row(row: &Row<'_>) -> SqliteResult<GroupRow> {
    let record = GroupRecord {
        since: row.get(0)?,
        messages: row.get(1)?,
        last_message: row.get(2)?,
        last_message_id: row.get(3)?,
        last_change: row.get(4)?,
        last_end: row.get(5)?,
        changes: row.get(6)?,
        undelivered: row.get(7)?,
        due: row.get(8)?,
        owed_since: row.get(22)?,
        fallback_due: row.get(23)?,
        timing: read_timing(row, 24)?,
        counts: GroupCounts {
            known: row.get(9)?,
            told: [row.get(10)?, row.get(11)?, row.get(12)?],
            repeated: row.get(13)?,
            told_critical: row.get(14)?,
            held: row.get(15)?,
            news: row.get(16)?,
            firing_news: [row.get(17)?, row.get(18)?, row.get(19)?],
            passed_on: row.get(20)?,
            given_up: row.get(21)?,
        },
    };
    let watermark = Watermark { message: row.get(26)?, is_folding: row.get(27)? };
    Ok(GroupRow { record, values: row.get(25)?, watermark })
}
