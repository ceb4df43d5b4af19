//! What is read of silences, and of what is held.

use super::{ReaderPool, SqliteResult, count, limit};
use crate::event::Severity;
use crate::gateway::journal::sqlite::hold_records::holder_bytes;
use crate::gateway::journal::sqlite::silences::{find_silence, silence_columns, silence_record};
use crate::gateway::journal::{
    EventId, ExpiredSource, HeldCount, NotifiedAlert, PushId, ReadResult, Silence, SilenceFilter, SilenceId,
    SilenceList, SilenceReader,
};
use crate::notification::AlertId;
use crate::notification::holds::HolderId;
use crate::time::Timestamp;
use rusqlite::{OptionalExtension as _, Row};
use serde_json::value::RawValue;
use std::sync::Arc;

/// How many bytes of outcomes a look at alerts that fire may keep; a few more by the last push.
const MAX_NOTIFIED_BYTES: usize = 32 << 20;

impl SilenceReader for ReaderPool {
    fn open_silences(&self) -> Arc<SilenceList> {
        self.memory.silences.list()
    }

    fn silences(&self, filter: &SilenceFilter) -> ReadResult<Vec<Silence>> {
        let sql = concat!(
            "SELECT ",
            silence_columns!(),
            " FROM silence WHERE (?1 OR ended IS NULL) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
        );
        self.query(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((filter.with_ended, filter.before, limit(filter.limit)), silence_record)?;
            rows.collect::<SqliteResult<_>>()
        })
    }

    fn silence(&self, id: SilenceId) -> ReadResult<Option<Silence>> {
        self.query(|connection| find_silence(connection, id))
    }

    fn silenced_alerts(&self, id: SilenceId) -> ReadResult<u64> {
        let sql = "SELECT count(*) FROM hold_candidate WHERE holder = ?1";
        let holder = holder_bytes(HolderId::Silence(id));
        self.query(|connection| connection.prepare_cached(sql)?.query_row([&holder], |row| count(row, 0)))
    }

    fn told_messages(&self, channel: &str, alert: AlertId, since: Timestamp) -> ReadResult<Vec<(u64, Severity)>> {
        let sql = "SELECT DISTINCT number, severity FROM told_change JOIN told_message \
                   ON told_message.channel = told_change.channel AND number = message \
                   WHERE told_change.channel = (SELECT id FROM name WHERE text = ?1) AND alert = ?2 AND told_change.at >= ?3 \
                   UNION SELECT number, severity FROM told_alert a JOIN told_group g ON g.channel = a.channel AND g.id = grp \
                   JOIN told_message m ON m.channel = a.channel AND number = watermark \
                   WHERE a.channel = (SELECT id FROM name WHERE text = ?1) AND alert = ?2 AND m.at >= ?3 \
                   AND tellable AND mark <> watermark";
        self.query(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
            statement.query_map((channel, alert, since), row)?.collect()
        })
    }

    fn notified_alerts(&self, most: usize) -> ReadResult<Vec<NotifiedAlert>> {
        let sql = "SELECT push, position, name.text, iif(tellable AND mark <> watermark, firing, told) AS known \
                   FROM told_alert a JOIN told_group g ON g.channel = a.channel AND g.id = grp JOIN name ON name.id = a.channel \
                   WHERE known IS NOT NULL AND firing IS NOT NULL AND push IS NOT NULL ORDER BY push LIMIT ?1";
        let noted: Vec<(i64, u32, String, Severity)> = self.query(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_map([limit(most)], |row| row.try_into())?.collect()
        })?;
        let sql = "SELECT text, outcomes FROM push JOIN name ON name.id = push.integration WHERE push.id = ?1";
        let (mut alerts, mut bytes) = (Vec::with_capacity(noted.len()), 0);
        // A push is read once, however many of its alerts fire.
        for of_push in noted.chunk_by(|one, next| one.0 == next.0) {
            let Some((push, ..)) = of_push.first() else { continue };
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let found: Option<(String, String)> =
                self.query(|connection| connection.prepare_cached(sql)?.query_row([push], row).optional())?;
            let Some((integration, outcomes)) = found else { continue };
            let texts: Vec<&RawValue> = serde_json::from_str(&outcomes).unwrap_or_default();
            for (_, position, channel, severity) in of_push {
                let Some(text) = usize::try_from(*position).ok().and_then(|at| texts.get(at)) else { continue };
                let (channel, integration) = (channel.clone(), integration.clone());
                bytes += text.get().len();
                alerts.push(NotifiedAlert {
                    channel,
                    severity: *severity,
                    integration,
                    outcome: text.get().to_owned(),
                });
            }
            if bytes > MAX_NOTIFIED_BYTES {
                break;
            }
        }
        Ok(alerts)
    }

    fn held_counts(&self) -> ReadResult<Vec<HeldCount>> {
        let sql = "SELECT c.text, held_by, sum(alerts) FROM (SELECT channel, held_by, count(*) AS alerts FROM told_alert \
                   INDEXED BY told_alert_held WHERE hold = 1 AND firing IS NOT NULL GROUP BY channel, held_by UNION ALL \
                   SELECT channel, held_by, count(*) FROM held_event WHERE hold = 1 GROUP BY channel, held_by) \
                   JOIN name c ON c.id = channel GROUP BY c.text, held_by ORDER BY c.text, held_by";
        let row = |row: &Row<'_>| Ok(HeldCount { channel: row.get(0)?, mute: row.get(1)?, alerts: count(row, 2)? });
        self.query(|connection| connection.prepare_cached(sql)?.query_map([], row)?.collect())
    }

    fn expired_sources(&self, most: usize) -> ReadResult<Vec<ExpiredSource>> {
        // An alert may be a source of several mutes.
        let sql = "SELECT s.key, ulid, position, min(s.since), max(at) FROM hold_source s LEFT JOIN hold_alert a \
                   ON a.alert = s.alert LEFT JOIN push ON push.id = a.push WHERE state = 2 GROUP BY s.alert \
                   ORDER BY max(at) DESC, s.alert LIMIT ?1";
        let row = |row: &Row<'_>| {
            let (push, index): (Option<PushId>, Option<u32>) = (row.get(1)?, row.get(2)?);
            let event = push.zip(index).map(|(push, index)| EventId { push, index });
            Ok(ExpiredSource { key: row.get(0)?, event, since: row.get(3)?, expired: row.get(4)? })
        };
        self.query(|connection| connection.prepare_cached(sql)?.query_map([limit(most)], row)?.collect())
    }
}
