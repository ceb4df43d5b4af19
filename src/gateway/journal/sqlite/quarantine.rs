//! Refused payloads as rows. All integrations share the room for them; where it is spent, the integration that takes most of
//! it loses its oldest payload. So what one sender has refused pushes out its own payloads first.

use super::accept::request_text;
use super::{SqliteResult, SqliteTransaction, StoreResult, checksum, size};
use crate::gateway::journal::{PushId, RefusedPayload};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeMap;

/// How many payloads one transaction removes to make room.
const MAX_REMOVED: usize = 64;

/// A number of payloads and their bytes, or a change of both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct QuarantineShare {
    pub(super) count: i64,
    pub(super) bytes: i64,
}

impl QuarantineShare {
    pub(super) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }

    fn negated(self) -> Self {
        Self { count: -self.count, bytes: -self.bytes }
    }
}

/// What is kept, as committed and with the changes of the transaction at hand.
#[derive(Debug, Default)]
pub(super) struct QuarantineTotals {
    pub(super) all: QuarantineShare,
    shares: BTreeMap<i64, IntegrationShare>,
}

#[derive(Debug, Default)]
struct IntegrationShare {
    share: QuarantineShare,
    /// The last of its rows that was removed: older ones need not be looked for.
    removed: i64,
}

impl QuarantineTotals {
    /// Reads the shares of integrations.
    pub(super) fn load(connection: &Connection, all: QuarantineShare) -> SqliteResult<Self> {
        let sql = "SELECT name, quarantined, quarantined_bytes FROM integration WHERE quarantined <> 0";
        let shares = connection
            .prepare(sql)?
            .query_map([], |row| {
                let share = QuarantineShare { count: row.get(1)?, bytes: row.get(2)? };
                Ok((row.get(0)?, IntegrationShare { share, removed: 0 }))
            })?
            .collect::<SqliteResult<_>>()?;
        Ok(Self { all, shares })
    }

    /// The integration that has most of what there is too much of.
    fn largest(&self, most: QuarantineShare) -> Option<i64> {
        let by_count = self.all.count > most.count;
        let held = |share: &QuarantineShare| if by_count { share.count } else { share.bytes };
        self.shares.iter().max_by_key(|(_, each)| held(&each.share)).map(|(integration, _)| *integration)
    }
}

impl SqliteTransaction<'_> {
    pub(super) fn insert_refused(&mut self, refused: &RefusedPayload) -> StoreResult<()> {
        let integration = self.name_id(&refused.integration)?;
        let sql = "INSERT INTO quarantine (ulid, integration, received, door, status, checksum, reason, payload, request) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (ulid) DO NOTHING";
        let request = request_text(&refused.request);
        let bytes = size(&refused.payload) + request.as_ref().map_or(0, |text| size(text.as_bytes()));
        let changed = self.connection.prepare_cached(sql)?.execute((
            refused.id,
            integration,
            refused.received,
            refused.origin,
            refused.status,
            checksum(&refused.payload),
            &refused.reason,
            &refused.payload,
            request,
        ))?;
        if changed > 0 {
            self.change_share(integration, QuarantineShare { count: 1, bytes });
            self.counts.refused(integration, refused.received);
        }
        Ok(())
    }

    pub(super) fn remove_refused(&mut self, id: PushId) -> StoreResult<u64> {
        let sql = "DELETE FROM quarantine WHERE ulid = ?1 RETURNING integration, \
                   length(payload) + coalesce(octet_length(request), 0)";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let removed = self.connection.prepare_cached(sql)?.query_row([id], row).optional()?;
        let Some((integration, bytes)) = removed else { return Ok(0) };
        self.change_share(integration, QuarantineShare { count: 1, bytes }.negated());
        Ok(1)
    }

    /// Removes refused payloads, at most 64 of them, until no more are left than may be.
    pub(super) fn bound_quarantine(&mut self) -> StoreResult<()> {
        let count = i64::try_from(self.options.most_quarantined).unwrap_or(i64::MAX);
        let most = QuarantineShare { count, bytes: self.budget.quarantine() };
        for _ in 0..MAX_REMOVED {
            let QuarantineTotals { all, .. } = self.cache.quarantine;
            if all.count <= most.count && all.bytes <= most.bytes {
                break;
            }
            let largest = self.cache.quarantine.largest(most);
            if !self.remove_oldest_refused(largest)? {
                break;
            }
        }
        Ok(())
    }

    /// Removes the oldest payload of an integration; whether there was one. Where its share is wrong, as after damage, the
    /// oldest of all goes.
    fn remove_oldest_refused(&mut self, integration: Option<i64>) -> StoreResult<bool> {
        let known = integration.and_then(|integration| self.cache.quarantine.shares.get(&integration));
        let (share, after) = known.map(|known| (known.share, known.removed)).unwrap_or_default();
        let sql = "DELETE FROM quarantine WHERE id = (SELECT id FROM quarantine WHERE id >= ?2 AND \
                   (integration = ?1 OR ?1 IS NULL) ORDER BY id LIMIT 1) RETURNING id, integration, \
                   length(payload) + coalesce(octet_length(request), 0)";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let removed = self.connection.prepare_cached(sql)?.query_row((integration, after), row).optional()?;
        let Some((id, owner, bytes)) = removed else {
            let Some(integration) = integration else { return Ok(false) };
            self.change_share(integration, share.negated());
            self.cache.quarantine.all.add(share);
            return self.remove_oldest_refused(None);
        };
        self.change_share(owner, QuarantineShare { count: 1, bytes }.negated());
        if integration.is_some() {
            self.cache.quarantine.shares.entry(owner).or_default().removed = id;
        }
        Ok(true)
    }

    fn change_share(&mut self, integration: i64, change: QuarantineShare) {
        self.cache.quarantine.all.add(change);
        self.cache.quarantine.shares.entry(integration).or_default().share.add(change);
        self.cache.totals_changed = true;
        self.counts.quarantined(integration, change);
    }
}
