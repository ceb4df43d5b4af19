//! The news of a group, read from the rows of its alerts.
//!
//! An index knows which alerts they are, in the order of their times. Rows lie in the order of ids: to look each up where the index
//! names it costs more than all else of telling a hundred thousand. So of many the ids are read first, and then the table is
//! walked along them.

use super::record_cache::{MOST_KEPT, SqliteChannel};
use super::record_rows::{alert_columns, alert_record, alert_row, record_columns};
use super::{SqliteResult, StoreResult};
use crate::gateway::journal::StoreError;
use crate::notification::{AlertId, AlertRecord, GroupId, MessageId};
use std::cmp::Ordering;

/// The news of a group that is looked up one by one at most, and kept. In debug builds it is little, so that tests meet both ways.
const MOST_LOOKED_UP: usize = if cfg!(debug_assertions) { 4 } else { MOST_KEPT };

/// How many rows of other groups are passed on the way to the next alert before that is searched: a search costs as much.
const MOST_PASSED: usize = 16;

impl SqliteChannel<'_> {
    /// The alerts of a group with news to tell, by rising id.
    pub(super) fn read_news(&self, group: GroupId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        self.write_records()?;
        let (watermark, count) = {
            let known = self.cached_group(group)?;
            (known.watermark.message, known.record.map_or(0, |group| group.counts.news))
        };
        let is_looked_up = usize::try_from(count).is_ok_and(|count| count <= MOST_LOOKED_UP);
        if is_looked_up { self.look_up_news(group, watermark) } else { self.walk_news(group, watermark) }
    }

    /// Looks up each where the index names it.
    fn look_up_news(&self, group: GroupId, watermark: MessageId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        let sql = concat!(
            "SELECT alert, ",
            alert_columns!(),
            " FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 AND grp = ?2 AND mark = ?3 AND class IS NOT NULL"
        );
        let (mut news, mut read) = (Vec::new(), Vec::new());
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((self.channel, group, watermark))?;
        while let Some(row) = rows.next()? {
            let (id, alert) = (row.get(0)?, alert_row(row, 1)?);
            news.push((id, self.with_message(alert.record)?));
            read.push((id, alert.into()));
        }
        self.keep_alerts(read);
        news.sort_unstable_by_key(|(id, _)| *id);
        Ok(news)
    }

    /// Walks the table along their ids. They are not kept: there are many.
    fn walk_news(&self, group: GroupId, watermark: MessageId) -> StoreResult<Vec<(AlertId, AlertRecord)>> {
        let sql = concat!(
            "SELECT alert, ",
            record_columns!(),
            " FROM told_alert WHERE channel = ?1 AND alert >= ?2 ORDER BY alert"
        );
        let ids = self.news_ids(group, watermark)?;
        let mut news: Vec<(AlertId, AlertRecord)> = Vec::with_capacity(ids.len());
        let mut statement = self.connection.prepare_cached(sql)?;
        while let Some(first) = ids.get(news.len()) {
            let mut rows = statement.query((self.channel, first))?;
            let mut passed = 0;
            while passed <= MOST_PASSED
                && let Some(id) = ids.get(news.len())
            {
                let row = rows.next()?.ok_or_else(without_row)?;
                match row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?.cmp(&id.0) {
                    Ordering::Less => passed += 1,
                    Ordering::Equal => {
                        news.push((*id, self.with_message(alert_record(row, 1)?)?));
                        passed = 0;
                    }
                    Ordering::Greater => return Err(without_row()),
                }
            }
        }
        Ok(news)
    }

    /// Their ids, in order.
    fn news_ids(&self, group: GroupId, watermark: MessageId) -> StoreResult<Vec<AlertId>> {
        let sql = "SELECT alert FROM told_alert INDEXED BY told_alert_class WHERE channel = ?1 AND grp = ?2 AND mark = ?3 \
                   AND class IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map((self.channel, group, watermark), |row| row.get(0))?;
        let mut ids: Vec<AlertId> = rows.collect::<SqliteResult<_>>()?;
        // Those of one time are in order already, which this sort uses.
        ids.sort();
        Ok(ids)
    }
}

/// The index names an alert that has no row.
fn without_row() -> StoreError {
    StoreError::Damaged("an alert with news has no row".to_owned())
}
