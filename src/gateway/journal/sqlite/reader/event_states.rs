//! What has happened to the events of a push, in one word each.

use super::SqliteResult;
use crate::gateway::journal::{AlertNow, EventState, NewsEnd, StoredFate};
use crate::notification::AlertId;
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::collections::BTreeMap;

/// What was noted of the events of a push for channels that gather messages, and of what was kept back.
pub(super) struct NotedFates {
    push: i64,
    by_position: BTreeMap<u32, Vec<(i64, StoredFate)>>,
}

impl NotedFates {
    pub(super) fn of(connection: &Connection, push: i64) -> SqliteResult<Self> {
        let sql = "SELECT position, channel, result FROM fate WHERE push = ?1 UNION ALL \
                   SELECT value ->> 0 AS at, value ->> 1 AS name, ?2 FROM push, json_each(gathered) WHERE push.id = ?1 \
                   AND NOT EXISTS (SELECT 1 FROM fate WHERE push = ?1 AND position = at AND channel = name)";
        let mut statement = connection.prepare_cached(sql)?;
        let mut by_position: BTreeMap<u32, Vec<(i64, StoredFate)>> = BTreeMap::new();
        let row = |row: &Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
        for row in statement.query_map((push, StoredFate::Unchanged), row)? {
            let (position, noted) = row?;
            by_position.entry(position).or_default().push(noted);
        }
        Ok(Self { push, by_position })
    }

    /// What has happened to an event of an alert; nothing where no channel gathers it or holds it back.
    pub(super) fn state(
        &self,
        connection: &Connection,
        position: u32,
        alert: impl FnOnce() -> AlertId,
    ) -> SqliteResult<Option<EventState>> {
        let Some(noted) = self.by_position.get(&position) else { return Ok(None) };
        let alert = alert();
        let mut states = Vec::with_capacity(noted.len());
        for (channel, fate) in noted {
            let (end, now) = match fate {
                StoredFate::News | StoredFate::Held => {
                    (self.news_end(connection, *channel, alert)?, alert_now(connection, *channel, alert)?)
                }
                StoredFate::KeptBack => (None, self.kept_back_now(connection, *channel, alert, position)?),
                StoredFate::Unchanged | StoredFate::OverUntold | StoredFate::NothingOpen | StoredFate::Dropped => {
                    (None, AlertNow::Unknown)
                }
            };
            states.push(EventState::of(*fate, end, now));
        }
        Ok(states.into_iter().max())
    }

    fn news_end(&self, connection: &Connection, channel: i64, alert: AlertId) -> SqliteResult<Option<NewsEnd>> {
        let sql =
            "SELECT result FROM told_change WHERE channel = ?1 AND alert = ?2 AND push >= ?3 ORDER BY push, id LIMIT 1";
        let found =
            connection.prepare_cached(sql)?.query_row((channel, alert, self.push), |row| row.get(0)).optional()?;
        if found.is_some() {
            return Ok(found);
        }
        let sql = "SELECT 1 FROM told_alert a JOIN told_group g ON g.channel = a.channel AND g.id = grp \
                   WHERE a.channel = ?1 AND alert = ?2 AND push >= ?3 AND tellable AND mark <> watermark";
        let is_told_at_once = connection.prepare_cached(sql)?.exists((channel, alert, self.push))?;
        Ok(is_told_at_once.then_some(NewsEnd::Told))
    }

    fn kept_back_now(
        &self,
        connection: &Connection,
        channel: i64,
        alert: AlertId,
        position: u32,
    ) -> SqliteResult<AlertNow> {
        let sql =
            "SELECT 1 FROM held_event WHERE alert = ?1 AND channel = ?2 AND push = ?3 AND position = ?4 AND hold = 1";
        let is_held = connection.prepare_cached(sql)?.exists((alert, channel, self.push, position))?;
        Ok(if is_held { AlertNow::Held } else { AlertNow::Unknown })
    }
}

fn alert_now(connection: &Connection, channel: i64, alert: AlertId) -> SqliteResult<AlertNow> {
    let sql = "SELECT tellable AND mark = watermark, hold = 1 AND firing IS NOT NULL, \
               iif(tellable AND mark <> watermark, firing, told) IS NOT NULL FROM told_alert a \
               JOIN told_group g ON g.channel = a.channel AND g.id = grp WHERE a.channel = ?1 AND alert = ?2";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<(bool, bool, bool)> =
        connection.prepare_cached(sql)?.query_row((channel, alert), row).optional()?;
    Ok(match found {
        Some((true, _, _)) => AlertNow::Waits,
        Some((false, true, _)) => AlertNow::Held,
        Some((false, false, true)) => AlertNow::Told,
        Some((false, false, false)) | None => AlertNow::Unknown,
    })
}
