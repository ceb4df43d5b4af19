//! The counts of a transaction, written once at its end.

use super::SqliteResult;
use super::quarantine::QuarantineShare;
use crate::gateway::journal::{Backlog, ChannelError, CommittedChanges, IntegrationBacklog, Push};
use crate::reload::RuleSetHash;
use crate::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Default)]
pub(super) struct BatchCounts {
    integrations: BTreeMap<i64, IntegrationDelta>,
    channels: BTreeMap<i64, ChannelDelta>,
    rules: BTreeMap<i64, i64>,
    wake: BTreeSet<String>,
}

#[derive(Default)]
struct IntegrationDelta {
    latest: Timestamp,
    accepted: i64,
    dropped: i64,
    refused: i64,
    sent: i64,
    backlog: Backlog,
    quarantined: QuarantineShare,
}

#[derive(Default)]
struct ChannelDelta {
    delivered: i64,
    retried: i64,
    dead: i64,
    pending: i64,
    latest: Option<Timestamp>,
    error: Option<ChannelError>,
}

impl BatchCounts {
    pub(super) fn accepted(&mut self, integration: i64, push: &Push) {
        let counted = self.integrations.entry(integration).or_default();
        counted.accepted += 1;
        counted.latest = counted.latest.max(push.received);
        counted.sent += i64::from(push.sent);
        counted.dropped += i64::from(push.dropped);
    }

    pub(super) fn refused(&mut self, integration: i64, received: Timestamp) {
        let counted = self.integrations.entry(integration).or_default();
        counted.refused += 1;
        counted.latest = counted.latest.max(received);
    }

    pub(super) fn quarantined(&mut self, integration: i64, change: QuarantineShare) {
        self.integrations.entry(integration).or_default().quarantined.add(change);
    }

    pub(super) fn decided(&mut self, rules: i64, pushes: i64) {
        *self.rules.entry(rules).or_default() += pushes;
    }

    /// Whether a rule set decided something in this transaction, which is not in its row yet.
    pub(super) fn decides(&self, rules: Option<&i64>) -> bool {
        rules.is_some_and(|rules| self.rules.get(rules).is_some_and(|pushes| *pushes != 0))
    }

    /// Adds pending deliveries; removes them where the numbers are negative.
    pub(super) fn pending(&mut self, integration: i64, wake: &str, channel: i64, count: i64, bytes: i64) {
        self.integrations.entry(integration).or_default().backlog.add(Backlog { count, bytes });
        self.channels.entry(channel).or_default().pending += count;
        if count > 0 && !self.wake.contains(wake) {
            self.wake.insert(wake.to_owned());
        }
    }

    /// The channel has something to tell.
    pub(super) fn wake(&mut self, channel: &str) {
        if !self.wake.contains(channel) {
            self.wake.insert(channel.to_owned());
        }
    }

    pub(super) fn delivered(&mut self, channel: i64, at: Timestamp) {
        let counted = self.channels.entry(channel).or_default();
        counted.delivered += 1;
        counted.latest = counted.latest.max(Some(at));
    }

    pub(super) fn retried(&mut self, channel: i64, at: Timestamp, reason: &str) {
        let counted = self.channels.entry(channel).or_default();
        counted.retried += 1;
        counted.error = Some(ChannelError { at, reason: reason.to_owned() });
    }

    pub(super) fn dead_letter_added(&mut self, channel: i64, at: Timestamp, reason: &str) {
        let counted = self.channels.entry(channel).or_default();
        counted.dead += 1;
        counted.error = Some(ChannelError { at, reason: reason.to_owned() });
    }

    pub(super) fn dead_letter_removed(&mut self, channel: i64) {
        self.channels.entry(channel).or_default().dead -= 1;
    }

    /// Writes all counts, and removes rule sets without pushes from the known ones.
    pub(super) fn write(
        &mut self,
        connection: &Connection,
        rules: &mut HashMap<RuleSetHash, i64>,
    ) -> SqliteResult<CommittedChanges> {
        let mut changes = CommittedChanges {
            wake: std::mem::take(&mut self.wake).into_iter().collect(),
            ..CommittedChanges::default()
        };
        for (name, counted) in &self.integrations {
            let sql = "INSERT INTO integration (name, latest, accepted, dropped, refused, sent, pending, pending_bytes, \
                       quarantined, quarantined_bytes) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (name) DO UPDATE SET \
                       latest = max(latest, excluded.latest), accepted = accepted + excluded.accepted, \
                       dropped = dropped + excluded.dropped, refused = refused + excluded.refused, \
                       sent = sent + excluded.sent, pending = pending + excluded.pending, \
                       pending_bytes = pending_bytes + excluded.pending_bytes, \
                       quarantined = quarantined + excluded.quarantined, \
                       quarantined_bytes = quarantined_bytes + excluded.quarantined_bytes";
            let IntegrationDelta { latest, accepted, dropped, refused, sent, backlog, quarantined } = counted;
            connection.prepare_cached(sql)?.execute((
                name,
                latest,
                accepted,
                dropped,
                refused,
                sent,
                backlog.count,
                backlog.bytes,
                quarantined.count,
                quarantined.bytes,
            ))?;
            if *backlog != Backlog::default() {
                let sql = "SELECT text, ?2, ?3 FROM name WHERE id = ?1";
                let mut named = connection.prepare_cached(sql)?;
                let values = (name, backlog.count, backlog.bytes);
                changes.backlogs.push(named.query_row(values, integration_backlog)?);
            }
        }
        for (name, counted) in &self.channels {
            let sql = "INSERT INTO channel (name, delivered, retried, dead, pending, latest, error_at, error) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (name) DO UPDATE SET \
                       delivered = delivered + excluded.delivered, retried = retried + excluded.retried, \
                       dead = dead + excluded.dead, pending = pending + excluded.pending, \
                       latest = coalesce(max(latest, excluded.latest), latest, excluded.latest), \
                       error_at = coalesce(excluded.error_at, error_at), error = coalesce(excluded.error, error)";
            let ChannelDelta { delivered, retried, dead, pending, latest, error } = counted;
            let (error_at, error) = error.as_ref().map(|error| (error.at, &error.reason)).unzip();
            connection
                .prepare_cached(sql)?
                .execute((name, delivered, retried, dead, pending, latest, error_at, error))?;
        }
        self.write_rules(connection, rules)?;
        Ok(changes)
    }

    fn write_rules(&self, connection: &Connection, rules: &mut HashMap<RuleSetHash, i64>) -> SqliteResult<()> {
        for (id, pushes) in &self.rules {
            connection
                .prepare_cached("UPDATE rule_set SET pushes = pushes + ?2 WHERE id = ?1")?
                .execute((id, pushes))?;
            if *pushes >= 0 {
                continue;
            }
            let sql = "DELETE FROM rule_set WHERE id = ?1 AND pushes <= 0 RETURNING id";
            let gone: Option<i64> = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            if gone.is_some() {
                rules.retain(|_, known| known != id);
            }
        }
        Ok(())
    }
}

/// A row of an integration, its pending deliveries and their bytes.
pub(super) fn integration_backlog(row: &Row<'_>) -> SqliteResult<IntegrationBacklog> {
    Ok(IntegrationBacklog { integration: row.get(0)?, backlog: Backlog { count: row.get(1)?, bytes: row.get(2)? } })
}
