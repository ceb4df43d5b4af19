//! Open firings as rows: the digest by which one is found, and the column of its channels.

use super::SqliteResult;
use crate::gateway::journal::StoredFiring;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

/// What separates channels in a row; no name of a channel can hold it.
const SEPARATOR: &str = "\u{1f}";

/// The digest of an integration and a key, or a body.
pub(super) type LookupDigest = [u8; 16];

/// The digest by which a key of an integration, or a body of it, is found.
pub(super) fn lookup_digest(integration: &str, rest: &[u8]) -> LookupDigest {
    let digest = Sha256::new().chain_update(integration).chain_update([0]).chain_update(rest).finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    id
}

/// The column of these channels.
pub(super) fn join_channels(channels: &[String]) -> String {
    channels.join(SEPARATOR)
}

/// The channels of a column.
pub(super) fn split_channels(column: &str) -> Vec<String> {
    column.split(SEPARATOR).filter(|channel| !channel.is_empty()).map(ToOwned::to_owned).collect()
}

/// The row of a firing.
pub(super) fn find_firing(connection: &Connection, id: LookupDigest) -> SqliteResult<Option<StoredFiring>> {
    let mut statement = connection.prepare_cached("SELECT since, channels, severity FROM firing WHERE id = ?1")?;
    let firing = statement.query_row([id], |row| {
        let channels = split_channels(row.get_ref(1)?.as_str()?);
        Ok(StoredFiring { since: row.get(0)?, channels, severity: row.get(2)? })
    });
    firing.optional()
}
