//! Open firings and repeated bodies: what is found by a digest.

use super::recent_firings::LookupDigest;
use super::{BatchTransaction, SqliteResult};
use crate::gateway::journal::record::FiringTransition;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use ulid::Ulid;

/// What separates channels in a row; no name of a channel can hold it.
pub(in crate::gateway::journal) const SEPARATOR: char = '\u{1f}';

/// How old the time of an open firing may become before a repetition writes it anew, in milliseconds.
const REFRESH_AFTER: i64 = 3_600_000;

/// The digest by which a key of an integration, or a body of it, is found.
pub(in crate::gateway::journal) fn lookup_digest(integration: &str, rest: &[u8]) -> LookupDigest {
    let digest = Sha256::new().chain_update(integration).chain_update([0]).chain_update(rest).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    id
}

impl BatchTransaction<'_> {
    /// Since when and where a firing is open; nothing where it is not, or closed.
    fn firing(&self, id: LookupDigest) -> SqliteResult<Option<(i64, Box<str>)>> {
        if let Some(change) = self.recent_change(&id) {
            return Ok(Some((change.since, change.channels)));
        }
        self.connection
            .prepare_cached("SELECT since, channels FROM firing WHERE id = ?1")?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
    }

    fn open_firing(&mut self, id: LookupDigest, now: i64, channels: &[String]) -> SqliteResult<()> {
        let known = self.firing(id)?;
        let mut all: Vec<&str> = Vec::new();
        if let Some((_, open)) = &known {
            all.extend(open.split(SEPARATOR).filter(|channel| !channel.is_empty()));
        }
        let before = all.len();
        for channel in channels {
            if !all.contains(&channel.as_str()) {
                all.push(channel);
            }
        }
        if known.as_ref().is_some_and(|(since, _)| before == all.len() && now - since < REFRESH_AFTER)
            || all.is_empty()
        {
            return Ok(());
        }
        let joined = all.join("\u{1f}");
        self.append_change(id, now, &joined)
    }

    pub(super) fn change_firing(
        &mut self,
        integration: &str,
        now: i64,
        firing: &FiringTransition,
    ) -> SqliteResult<()> {
        match firing {
            FiringTransition::Opened { key, channels } => {
                self.open_firing(lookup_digest(integration, key.as_bytes()), now, channels)
            }
            FiringTransition::Closed { key, .. } => {
                self.append_change(lookup_digest(integration, key.as_bytes()), now, "")
            }
        }
    }

    /// The push that brought the same body within its time; otherwise this one is noted as having brought it.
    pub(super) fn find_duplicate(
        &self,
        id: [u8; 16],
        push: Ulid,
        now: i64,
        within: i64,
    ) -> SqliteResult<Option<Ulid>> {
        let first: Option<[u8; 16]> = self
            .connection
            .prepare_cached("SELECT push FROM seen WHERE hash = ?1 AND until > ?2")?
            .query_row((id, now), |row| row.get(0))
            .optional()?;
        if let Some(first) = first {
            return Ok(Some(Ulid::from_bytes(first)));
        }
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO seen (hash, until, push) VALUES (?1, ?2, ?3)")?
            .execute((id, now.saturating_add(within), push.to_bytes()))?;
        Ok(None)
    }
}
