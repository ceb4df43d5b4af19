//! A full disk: nothing is answered that is not stored, what was delivered can still be noted, and when there is room again
//! it goes on without a restart.

use super::{StateFolder, accept_all, ago, body, given_up, push, read, refused, settlement, wait};
use pointsman::gateway::journal::{
    AcceptResult, CheckpointMode, DeliveryId, DeliveryStore as _, DiskShortage, Journal, JournalConfig, JournalError,
    Push, PushStore as _, RecordFilter, Settlement, SettlementResult, Transaction,
};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

struct Mount<'p>(&'p Path);

/// A journal in a folder of the file system, with so many bytes to be left free.
fn open(folder: &StateFolder, least_free: u64) -> Journal {
    let (directory, least_free) = (folder.path("state"), Some(least_free));
    folder.open_with(&JournalConfig { directory, least_free, ..folder.options() }, Arc::default())
}

impl Mount<'_> {
    /// A file system of so many MiB; nothing, and a word about it, where none can be mounted.
    fn new(path: &Path, size: u32) -> Option<Mount<'_>> {
        std::fs::create_dir_all(path).unwrap();
        let size = format!("size={size}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output();
        let mount = mounted.is_ok_and(|output| output.status.success()).then_some(Mount(path));
        if mount.is_none() {
            eprintln!("SKIPPED: a small file system cannot be mounted here, so no disk was filled");
        }
        mount
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(self.0).output());
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let folder = StateFolder::new();
    let Some(mount) = Mount::new(folder.folder.path(), 24) else { return };
    let journal = open(&folder, 0);
    let filler = folder.path("filler");
    let mut answered = Vec::new();
    let mut number = 0;
    for round in 0..3 {
        wait(journal.accept(push(number, "page", "a", Some(b"early")))).unwrap();
        answered.push(number);
        number += 1;
        let early = read(&journal).pending("page", DeliveryId::NONE, 1_000).unwrap().pop().unwrap().id;
        std::fs::write(&filler, vec![0; 1 << 20]).unwrap();
        let mut fill = std::fs::OpenOptions::new().append(true).open(&filler).unwrap();
        while std::io::Write::write(&mut fill, &[0; 4_096]).is_ok_and(|written| written > 0) {}
        drop(fill);
        let fault = loop {
            let body = vec![b'x'; 100_000];
            match wait(journal.accept(push(number, "page", "a", Some(&body)))) {
                Ok(_) => answered.push(number),
                Err(fault) => break fault,
            }
            number += 1;
        };
        assert_eq!(fault, JournalError::NoSpace);
        number += 1;
        wait(journal.settle(settlement(early, SettlementResult::Delivered))).expect("the ballast lets it be noted");

        std::fs::remove_file(&filler).unwrap();
        wait(async {
            loop {
                match journal.accept(push(number, "page", "a", Some(b"late"))).await {
                    Ok(accepted) => break assert_eq!(accepted, AcceptResult::Stored),
                    Err(fault) => assert_eq!(fault, JournalError::NoSpace, "round {round}"),
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        answered.push(number);
        number += 1;
        for number in answered.drain(..) {
            let stored = read(&journal).find_push(push(number, "", "", None).id).unwrap();
            assert!(stored.is_some(), "push {number} is lost");
        }
        // What is settled now may go in the next round, where the disk is full again.
        for found in read(&journal).pending("page", DeliveryId::NONE, 10_000).unwrap() {
            wait(journal.settle(settlement(found.id, SettlementResult::Delivered))).unwrap();
        }
    }
    drop(journal);
    drop(mount);
}

/// A push of 8 KiB and more.
fn large(number: u64, body: Option<&[u8]>) -> Push {
    Push { payload: vec![b'x'; 8_192], ..push(number, "page", "a", body) }
}

/// Twice the size of the disk comes in and is delivered. Nothing is refused, and the oldest goes.
#[test]
fn settled_events_make_room_on_a_small_disk() {
    let folder = StateFolder::new();
    let Some(mount) = Mount::new(folder.folder.path(), 32) else { return };
    let journal = open(&folder, 2 << 20);
    wait(async {
        for number in 0..8_000 {
            assert_eq!(journal.accept(large(number, None)).await, Ok(AcceptResult::Stored), "push {number}");
        }
    });
    let is_stored = |number| read(&journal).find_push(push(number, "", "", None).id).unwrap().is_some();
    assert!(!is_stored(0) && is_stored(7_999) && is_stored(7_500));
    drop(journal);
    drop(mount);
}

/// The same where all that comes in is given up: once nothing else is left to remove, the oldest dead letters go.
#[test]
fn dead_letters_make_room_where_nothing_else_can() {
    let folder = StateFolder::new();
    let Some(mount) = Mount::new(folder.folder.path(), 32) else { return };
    let journal = open(&folder, 2 << 20);
    wait(journal.accept(large(0, Some(b"this one waits")))).unwrap();
    wait(async {
        for number in 1..4_000 {
            let accepted = journal.accept(large(number, Some(&[b'x'; 8_192]))).await;
            assert_eq!(accepted, Ok(AcceptResult::Stored), "push {number}");
            let id = DeliveryId(i64::try_from(number).unwrap() + 1);
            let dead = given_up("gone");
            journal.settle(settlement(id, dead)).await.unwrap();
        }
    });
    let left = read(&journal).dead_letters(&RecordFilter::default()).unwrap();
    let newest = left.first().unwrap().event.push;
    assert_eq!(newest, push(3_999, "", "", None).id);
    assert!(left.len() < 2_000, "{} dead letters are left", left.len());
    assert_eq!(read(&journal).channels().unwrap()[0].dead, left.len() as u64);
    let waiting = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(waiting.len(), 1, "what waits is never removed");
    assert_eq!(body(&journal, waiting[0].id).as_deref(), Some(&b"this one waits"[..]));
    drop(journal);
    drop(mount);
}

/// So much goes as makes room, and no more.
#[test]
fn few_dead_letters_go_where_little_room_is_missing() {
    const LETTERS: u64 = 400;
    let folder = StateFolder::new();
    let mut store = folder.store(&folder.options());
    accept_all(&mut *store, (0..LETTERS).map(|number| large(number, Some(&[b'x'; 8_192]))));
    let mut dead = |transaction: &mut dyn Transaction| {
        (0..LETTERS).try_for_each(|number| {
            let id = DeliveryId(i64::try_from(number).unwrap() + 1);
            let result = given_up("gone");
            let at = ago(1_000 * i64::try_from(LETTERS - number).unwrap());
            transaction.settle(&Settlement { at, ..settlement(id, result) }).map(drop)
        })
    };
    store.transact(&mut dead).unwrap();
    store.checkpoint(CheckpointMode::Full).unwrap();
    // The file itself may lack pages that are still in the log.
    let reader = rusqlite::Connection::open(folder.path("journal.db")).unwrap();
    let pragma = |name: &str| reader.pragma_query_value(None, name, |row| row.get::<_, u32>(0)).map(u64::from).unwrap();
    let stored = pragma("page_count") * pragma("page_size");
    // Half is for the log. Ten letters with their pushes have 160 KiB.
    store.limit_bytes(2 * (stored - 160 * 1_024));
    for _ in 0..10 {
        store.prune(ago(0)).unwrap();
    }
    let left = store.reader(&Arc::default()).dead_letters(&RecordFilter::default()).unwrap();
    let oldest = left.last().unwrap().event.push;
    assert!((LETTERS - 30..LETTERS - 5).contains(&(left.len() as u64)), "{} dead letters are left", left.len());
    assert_eq!(oldest, push(LETTERS - left.len() as u64, "", "", None).id, "the oldest have gone");
}

/// A journal that has filled the disk frees pages in its file, and these are room.
#[test]
fn a_disk_that_settled_events_have_filled_takes_pushes_again() {
    let folder = StateFolder::new();
    let Some(mount) = Mount::new(folder.folder.path(), 32) else { return };
    let journal = open(&folder, 2 << 20);
    wait(async {
        for number in 0..2_000 {
            journal.accept(large(number, None)).await.unwrap();
        }
    });
    journal.close();
    drop(journal);
    std::fs::write(folder.path("filler"), vec![0; 8 << 20]).unwrap();
    let journal = open(&folder, 12 << 20);
    let mut refused = 0;
    wait(async {
        while let Err(fault) = journal.accept(large(5_000 + refused, None)).await {
            assert!(matches!(fault, JournalError::NoSpace | JournalError::LowSpace(_)), "{fault:?}");
            refused += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(refused > 0, "the disk was not full");
    drop(journal);
    drop(mount);
}

/// Refused payloads have a share of a small disk.
#[test]
fn refused_payloads_do_not_fill_a_small_disk() {
    let folder = StateFolder::new();
    let Some(mount) = Mount::new(folder.folder.path(), 32) else { return };
    let journal = open(&folder, 2 << 20);
    let payload = vec![b'{'; 1 << 19];
    for number in 0..100 {
        wait(journal.quarantine(refused(number, &payload))).unwrap();
    }
    let left = read(&journal).quarantined(&RecordFilter::default()).unwrap();
    assert!((2..10).contains(&left.len()), "{} are left", left.len());
    wait(journal.accept(large(1, None))).unwrap();
    drop(journal);
    drop(mount);
}

#[test]
fn a_journal_whose_files_were_taken_away_acknowledges_nothing_more() {
    for taken in ["journal.db", "lock"] {
        let folder = StateFolder::new();
        let journal = folder.open();
        wait(journal.accept(push(1, "page", "a", Some(b"x")))).unwrap();
        let path = folder.options().directory.join(taken);
        std::fs::rename(&path, path.with_extension("gone")).unwrap();
        std::fs::write(&path, "another").unwrap();
        wait(journal.shutdown_requested());
        assert_eq!(wait(journal.accept(push(2, "page", "a", Some(b"x")))), Err(JournalError::Closed), "{taken}");
    }
}

#[test]
fn too_little_free_space_refuses_before_the_disk_is_full() {
    let folder = StateFolder::new();
    let journal = folder.open_with(&JournalConfig { least_free: Some(u64::MAX), ..folder.options() }, Arc::default());
    let refused = wait(journal.accept(push(1, "page", "a", None))).unwrap_err();
    assert!(matches!(refused, JournalError::LowSpace(DiskShortage { least: u64::MAX, .. })), "{refused:?}");
    let (shown, mib) = (refused.to_string(), (u64::MAX >> 20) + 1);
    assert!(shown.ends_with(&format!("MiB free for pushes, and they are accepted from {mib} MiB on")), "{shown}");
}
