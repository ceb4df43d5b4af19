//! The schema, and the steps from each version to the next.
//!
//! `PRAGMA user_version` is the version of a database. A step is one transaction, so that a step that fails leaves the
//! version before it. A step that was released is never changed; numbers on disk keep their meaning.

use rusqlite::Connection;

/// Step `n` leads from version `n` to version `n + 1`; the first one makes the tables.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];

/// The version that this build writes.
pub(super) const SCHEMA_VERSION: usize = STEPS.len();

/// The version of a database; 0 where it has no tables.
pub(super) fn schema_version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Brings a database to the version of this build.
pub(super) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    run_steps(connection, STEPS)
}

fn run_steps(connection: &Connection, steps: &[&str]) -> rusqlite::Result<()> {
    for (version, step) in steps.iter().enumerate().skip(schema_version(connection)?) {
        let next = version + 1;
        let sql = format!("BEGIN IMMEDIATE; {step}; PRAGMA user_version = {next}; COMMIT");
        if let Err(error) = connection.execute_batch(&sql) {
            drop(connection.execute_batch("ROLLBACK"));
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{run_steps, schema_version};
    use rusqlite::Connection;

    const FIRST: &str = "CREATE TABLE one (a INTEGER)";
    const SECOND: &str = "ALTER TABLE one ADD COLUMN b INTEGER DEFAULT 7";

    #[test]
    fn each_step_runs_once_and_one_that_fails_leaves_the_version_before_it() {
        let connection = Connection::open_in_memory().unwrap();
        run_steps(&connection, &[FIRST]).unwrap();
        connection.execute_batch("INSERT INTO one VALUES (1)").unwrap();
        let failing = "CREATE TABLE two (a INTEGER); INSERT INTO nowhere VALUES (1)";
        run_steps(&connection, &[FIRST, SECOND, failing]).unwrap_err();
        assert_eq!(schema_version(&connection), Ok(2));
        connection.prepare("SELECT * FROM two").unwrap_err();
        run_steps(&connection, &[FIRST, SECOND, "CREATE TABLE two (a INTEGER)"]).unwrap();
        assert_eq!(schema_version(&connection), Ok(3));
        let kept = connection.query_row("SELECT a + b FROM one", [], |row| row.get(0));
        assert_eq!(kept, Ok(8));
    }
}
