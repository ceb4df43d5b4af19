//! The schema, and the steps from each version to the next.
//!
//! `PRAGMA user_version` is the version of a database. A step is one transaction, so that a step that fails leaves the
//! version before it. A step that was released is never changed; numbers on disk keep their meaning.

use super::SqliteResult;
use super::firing::{LookupDigest, lookup_digest};
use crate::function::{LONGEST_KEY, key_digest};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row};
use std::collections::HashSet;

/// A step from one version to the next.
struct SchemaStep {
    sql: &'static str,
    /// Fills what the step added from the rows that are there.
    fill: fn(&Connection) -> SqliteResult<()>,
}

/// Step `n` leads from version `n` to version `n + 1`; the first one makes the tables.
const STEPS: &[SchemaStep] = &[
    SchemaStep { sql: include_str!("schema/1.sql"), fill: |_| Ok(()) },
    SchemaStep { sql: include_str!("schema/2.sql"), fill: fill_version_2 },
    SchemaStep { sql: include_str!("schema/3.sql"), fill: |_| Ok(()) },
    SchemaStep { sql: include_str!("schema/4.sql"), fill: |_| Ok(()) },
    SchemaStep { sql: include_str!("schema/5.sql"), fill: |_| Ok(()) },
    SchemaStep { sql: include_str!("schema/6.sql"), fill: fill_version_6 },
    SchemaStep { sql: include_str!("schema/7.sql"), fill: |_| Ok(()) },
];

/// The version that this build writes.
pub(super) const SCHEMA_VERSION: usize = STEPS.len();

/// The version of a database; 0 where it has no tables.
pub(super) fn schema_version(connection: &Connection) -> SqliteResult<usize> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Brings a database to the version of this build.
pub(super) fn migrate(connection: &Connection) -> SqliteResult<()> {
    run_steps(connection, STEPS)
}

fn run_steps(connection: &Connection, steps: &[SchemaStep]) -> SqliteResult<()> {
    for (version, step) in steps.iter().enumerate().skip(schema_version(connection)?) {
        let next = version + 1;
        let run = || {
            connection.execute_batch(&format!("BEGIN IMMEDIATE; {}", step.sql))?;
            (step.fill)(connection)?;
            connection.execute_batch(&format!("PRAGMA user_version = {next}; COMMIT"))
        };
        if let Err(error) = run() {
            drop(connection.execute_batch("ROLLBACK"));
            return Err(error);
        }
    }
    Ok(())
}

/// The generation of the latest push, the shares of integrations in the quarantine, and digests in the place of keys that
/// are longer than alert keys may be now.
fn fill_version_2(connection: &Connection) -> SqliteResult<()> {
    let generation = "UPDATE total SET generation = latest.generation, rules = latest.hash FROM (SELECT generation, hash \
                      FROM push JOIN rule_set ON rule_set.id = rules ORDER BY push.id DESC LIMIT 1) AS latest";
    let shares = "UPDATE integration SET quarantined = share.count, quarantined_bytes = share.bytes FROM (SELECT \
                  integration, count(*) AS count, sum(length(payload)) AS bytes FROM quarantine GROUP BY integration) \
                  AS share WHERE share.integration = integration.name";
    for sql in [generation, shares] {
        around_damage(connection.execute(sql, []))?;
    }
    shorten_keys(connection)
}

/// Keys are shortened one by one: any of them may have a megabyte.
fn shorten_keys(connection: &Connection) -> SqliteResult<()> {
    let sql = format!("SELECT id FROM delivery WHERE octet_length(key) > {LONGEST_KEY}");
    let mut statement = connection.prepare(&sql)?;
    let long: Vec<i64> = around_damage(statement.query_map([], |row| row.get(0)).and_then(Iterator::collect))?;
    for id in long {
        let key = connection.query_row("SELECT key FROM delivery WHERE id = ?1", [id], |row| row.get::<_, String>(0));
        if let Some(digest) = key_digest(&around_damage(key)?) {
            around_damage(connection.execute("UPDATE delivery SET key = ?2 WHERE id = ?1", (id, digest)))?;
        }
    }
    Ok(())
}

/// The severities of the firings that are open: those of the last events of which a delivery is kept.
fn fill_version_6(connection: &Connection) -> SqliteResult<()> {
    let mut open = around_damage(open_firings(connection))?;
    around_damage(connection.execute_batch("CREATE INDEX firing_change_key ON firing_change (key)"))?;
    let sql =
        "SELECT text, key, push, position FROM delivery JOIN name ON name.id = integration ORDER BY delivery.id DESC";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while !open.is_empty()
        && let Some((integration, key, push, position)) = around_damage(next_delivery(rows.next()))?
    {
        let firing = lookup_digest(&integration, key.as_bytes());
        if !open.remove(&firing) {
            continue;
        }
        let sql = "SELECT CASE iif(json_valid(outcomes), json_extract(outcomes, '$[' || ?2 || '].event.severity'), NULL) \
                   WHEN 'Info' THEN 0 WHEN 'Warning' THEN 1 WHEN 'Critical' THEN 2 END FROM push WHERE id = ?1";
        let severity = connection.prepare_cached(sql)?.query_row((push, position), |row| row.get::<_, Option<i64>>(0));
        let severity = around_damage(severity.optional())?.flatten();
        for sql in
            ["UPDATE firing SET severity = ?2 WHERE id = ?1", "UPDATE firing_change SET severity = ?2 WHERE key = ?1"]
        {
            around_damage(connection.prepare_cached(sql)?.execute((firing, severity)))?;
        }
    }
    // Nothing else looks for a key there.
    drop(rows);
    drop(statement);
    connection.execute_batch("DROP INDEX IF EXISTS firing_change_key")
}

/// The digests of open firings.
fn open_firings(connection: &Connection) -> SqliteResult<HashSet<LookupDigest>> {
    let mut open: HashSet<LookupDigest> =
        connection.prepare("SELECT id FROM firing")?.query_map([], |row| row.get(0))?.collect::<SqliteResult<_>>()?;
    let mut changes = connection.prepare("SELECT key, channels = '' FROM firing_change ORDER BY id")?;
    let mut rows = changes.query([])?;
    while let Some(row) = rows.next()? {
        let (key, is_closed) = (row.get(0)?, row.get(1)?);
        if is_closed {
            open.remove(&key)
        } else {
            open.insert(key)
        };
    }
    Ok(open)
}

/// The integration, key, push and position of a delivery.
type DeliveryOrigin = (String, String, i64, i64);

fn next_delivery(row: SqliteResult<Option<&Row<'_>>>) -> SqliteResult<Option<DeliveryOrigin>> {
    row?.map(TryInto::try_into).transpose()
}

/// Where rows are damaged, what is computed from them is left out: the journal opens as it did before.
fn around_damage<T: Default>(result: SqliteResult<T>) -> SqliteResult<T> {
    match result {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            tracing::error!(%error, "damaged rows of the journal are left out of its new schema");
            Ok(T::default())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::{SchemaStep, run_steps, schema_version};
    use rusqlite::{Connection, Error};

    const FIRST: SchemaStep = SchemaStep { sql: "CREATE TABLE one (a INTEGER);", fill: |_| Ok(()) };
    const SECOND: SchemaStep = SchemaStep { sql: "ALTER TABLE one ADD COLUMN b INTEGER DEFAULT 7;", fill: |_| Ok(()) };

    #[test]
    fn each_step_runs_once_and_one_that_fails_leaves_the_version_before_it() {
        let connection = Connection::open_in_memory().unwrap();
        run_steps(&connection, &[FIRST]).unwrap();
        connection.execute_batch("INSERT INTO one VALUES (1)").unwrap();
        let third = "CREATE TABLE two (a INTEGER);";
        let failing = SchemaStep { sql: "CREATE TABLE two (a INTEGER); INSERT INTO nowhere VALUES (1);", ..FIRST };
        run_steps(&connection, &[FIRST, SECOND, failing]).unwrap_err();
        let unfilled = SchemaStep { sql: third, fill: |_| Err(Error::QueryReturnedNoRows) };
        run_steps(&connection, &[FIRST, SECOND, unfilled]).unwrap_err();
        assert_eq!(schema_version(&connection), Ok(2));
        connection.prepare("SELECT * FROM two").unwrap_err();
        run_steps(&connection, &[FIRST, SECOND, SchemaStep { sql: third, ..FIRST }]).unwrap();
        assert_eq!(schema_version(&connection), Ok(3));
        let kept = connection.query_row("SELECT a + b FROM one", [], |row| row.get(0));
        assert_eq!(kept, Ok(8));
    }
}
