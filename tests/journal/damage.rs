//! Damage: what cannot be read is set aside and counted, everything after it is still served, and nothing is begun anew.

use super::{StateFolder, accept_all, ago, body, push, read, settlement, wait};
use pointsman::gateway::journal::{
    CheckpointMode, DeliveryId, DeliveryStore as _, Journal, JournalConfig, JournalError, JournalStore as _,
    PruneProgress, Push, PushStore as _, RecordFilter, SettlementResult, SqliteStore,
};
use pointsman::gateway::metrics::Metrics;
use pointsman::ruleset::SystemClock;
use std::collections::HashSet;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::time::Duration;

fn change(folder: &StateFolder, sql: &str) {
    rusqlite::Connection::open(folder.path("journal.db")).unwrap().execute_batch(sql).unwrap();
}

fn refused(folder: &StateFolder) -> String {
    match Journal::open(&folder.options(), Arc::new(SystemClock), Arc::default(), Arc::new(|_: &str| {})) {
        Err(JournalError::Failed(message)) => message,
        Err(fault) => panic!("{fault}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[test]
fn a_damaged_body_becomes_a_dead_letter() {
    let folder = StateFolder::new();
    let journal = folder.open();
    for number in 1..=2 {
        wait(journal.accept(push(number, "page", "a", Some(b"body")))).unwrap();
    }
    journal.close();
    change(&folder, "UPDATE body SET bytes = 'bold' WHERE id = 1");
    let metrics = Arc::new(Metrics::default());
    let journal = folder.open_with(&folder.options(), Arc::clone(&metrics));
    assert_eq!(body(&journal, DeliveryId(1)), None);
    wait(journal.accept(push(3, "page", "b", None))).unwrap();
    assert_eq!(read(&journal).dead_letters(&RecordFilter::default()).unwrap()[0].reason, "damaged record");
    assert_eq!(metrics.damaged.get(), 1);
    let pending = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(pending.iter().map(|found| found.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(body(&journal, DeliveryId(2)).as_deref(), Some(&b"body"[..]));
}

/// Overwrites a page in the middle of a table.
fn overwrite(folder: &StateFolder, table: &str) {
    let connection = rusqlite::Connection::open(folder.path("journal.db")).unwrap();
    let sql = format!(
        "SELECT pageno FROM dbstat WHERE name = '{table}' AND pagetype = 'leaf' ORDER BY path LIMIT 1 OFFSET 3"
    );
    let page: u32 = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    drop(connection);
    let mut file = std::fs::OpenOptions::new().write(true).open(folder.path("journal.db")).unwrap();
    file.seek(SeekFrom::Start(u64::from(page - 1) * 4_096)).unwrap();
    file.write_all(&[0xA5; 4_096]).unwrap();
}

/// A journal of 600 pushes with a page of that table overwritten.
fn damaged(folder: &StateFolder, table: &str) -> (Journal, Arc<Metrics>) {
    let journal = folder.open();
    wait(async {
        for number in 0..600 {
            journal.accept(push(number, "page", &format!("{number:0>40}"), Some(b"body"))).await.unwrap();
        }
    });
    journal.close();
    drop(journal);
    overwrite(folder, table);
    let metrics = Arc::new(Metrics::default());
    let journal = folder.open_with(&folder.options(), Arc::clone(&metrics));
    (journal, metrics)
}

#[test]
fn a_damaged_page_hides_its_own_rows_only() {
    let folder = StateFolder::new();
    let (journal, metrics) = damaged(&folder, "delivery");
    let found = read(&journal).pending("page", DeliveryId::NONE, 1_000).unwrap();
    assert!((400..600).contains(&found.len()), "{} of 600 are left", found.len());
    assert_eq!(found.last().unwrap().id, DeliveryId(600), "what follows the damage is served");
    assert_eq!(metrics.damaged.get(), 600 - found.len() as u64);
    wait(journal.accept(push(1_000, "page", "new", Some(b"body")))).unwrap();
}

#[test]
fn a_damaged_page_of_pushes_is_passed_over_by_listings() {
    let folder = StateFolder::new();
    let (journal, metrics) = damaged(&folder, "push");
    let found = read(&journal).events(&RecordFilter::default()).unwrap();
    assert!((500..600).contains(&found.len()), "{} of 600 are listed", found.len());
    assert_eq!(metrics.damaged.get(), 600 - found.len() as u64);
    let paged = read(&journal).events(&RecordFilter { limit: 7, ..RecordFilter::default() }).unwrap();
    assert_eq!(paged[0].id, found[0].id);
}

#[test]
fn a_damaged_record_costs_only_the_writes_that_touch_it() {
    let folder = StateFolder::new();
    let (journal, _) = damaged(&folder, "delivery");
    let sound: HashSet<DeliveryId> =
        read(&journal).pending("page", DeliveryId::NONE, 1_000).unwrap().into_iter().map(|found| found.id).collect();
    let lost: Vec<DeliveryId> = (1..=600).map(DeliveryId).filter(|id| !sound.contains(id)).collect();
    wait(async {
        for (id, number) in lost.iter().zip(1_000..1_005) {
            let settled = journal.settle(settlement(*id, SettlementResult::Delivered));
            let accepted = journal.accept(push(number, "page", "new", Some(b"body")));
            let (settled, accepted) = tokio::join!(settled, accepted);
            assert!(matches!(settled, Err(JournalError::Failed(_))), "{settled:?}");
            accepted.unwrap();
        }
        for id in lost.iter().take(5) {
            journal.settle(settlement(*id, SettlementResult::Delivered)).await.unwrap_err();
        }
        journal.accept(push(2_000, "page", "new", Some(b"body"))).await.unwrap();
    });
}

#[test]
fn retention_passes_over_damage() {
    let folder = StateFolder::new();
    let options = JournalConfig { keep_for: Duration::from_mins(1), ..folder.options() };
    let old = |number| Push { received: ago(120_000), ..push(number, "page", "a", None) };
    let mut store = SqliteStore::open(&options).unwrap();
    accept_all(&mut store, (0..2_000).map(old));
    store.checkpoint(CheckpointMode::Full).unwrap();
    drop(store);
    overwrite(&folder, "push");
    let mut store = SqliteStore::open(&options).unwrap();
    while store.prune(ago(0)).unwrap() == PruneProgress::More {}
    accept_all(&mut store, [push(9_999, "page", "a", None)]);
    drop(store);
    let left = read(&folder.open()).events(&RecordFilter::default()).unwrap().len();
    assert!((1..100).contains(&left), "{left} of 2,000 are left");
}

#[test]
fn what_is_no_journal_is_not_begun_anew() {
    let folder = StateFolder::new();
    std::fs::write(folder.path("journal.db"), [b'x'; 8_192]).unwrap();
    let message = refused(&folder);
    assert!(message.contains(".recover"), "{message}");
    assert_eq!(std::fs::read(folder.path("journal.db")).unwrap(), [b'x'; 8_192]);
}

#[test]
fn a_journal_that_was_emptied_is_not_begun_anew() {
    let folder = StateFolder::new();
    let journal = folder.open();
    wait(journal.accept(push(1, "page", "a", Some(b"body")))).unwrap();
    journal.close();
    let empty = || std::fs::write(folder.path("journal.db"), b"").unwrap();
    empty();
    // A first start that ended early leaves as much.
    folder.open().close();

    empty();
    // What a gateway makes once its journal is open.
    std::fs::write(folder.path("fingerprint.key"), b"key").unwrap();
    let message = refused(&folder);
    assert!(message.contains("`journal.db` elsewhere, then put a backup"), "{message}");
    assert_eq!(std::fs::read(folder.path("journal.db")).unwrap(), b"");

    std::fs::remove_file(folder.path("fingerprint.key")).unwrap();
    std::fs::write(folder.path("journal.db-wal"), b"the latest pushes").unwrap();
    let message = refused(&folder);
    assert!(message.contains("`journal.db` and `journal.db-wal` elsewhere"), "{message}");
    std::fs::remove_file(folder.path("journal.db")).unwrap();
    assert!(refused(&folder).contains("is missing, but its log is there"));
    assert_eq!(std::fs::read(folder.path("journal.db-wal")).unwrap(), b"the latest pushes");

    std::fs::remove_file(folder.path("journal.db-wal")).unwrap();
    drop(folder.open());
}

#[test]
fn a_later_schema_is_refused() {
    let folder = StateFolder::new();
    folder.open().close();
    change(&folder, "PRAGMA user_version = 99");
    assert!(refused(&folder).contains("schema 99"));
}
