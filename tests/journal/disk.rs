//! A full disk: nothing is answered that is not stored, what was delivered can still be noted, and when there is room again
//! it goes on without a restart.

use super::{StateFolder, push, read, settlement, wait};
use pointsman::gateway::journal::{
    AcceptResult, DeliveryId, DeliveryStore as _, JournalConfig, JournalError, PushStore as _, SettlementResult,
};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

struct Mount<'p>(&'p Path);

impl Mount<'_> {
    fn new(path: &Path) -> Option<Mount<'_>> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(path).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Mount(path))
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
    let Some(mount) = Mount::new(folder.folder.path()) else {
        eprintln!("SKIPPED: a small file system cannot be mounted here, so no disk was filled");
        return;
    };
    let journal = folder
        .open_with(&JournalConfig { directory: folder.path("state"), ..folder.options() }, std::sync::Arc::default());
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
        for found in read(&journal).pending("page", DeliveryId::NONE, 10_000).unwrap() {
            wait(journal.settle(settlement(found.id, SettlementResult::Delivered))).unwrap();
        }
    }
    for number in answered {
        assert!(read(&journal).find_push(push(number, "", "", None).id).unwrap().is_some(), "push {number} is lost");
    }
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
    let journal =
        folder.open_with(&JournalConfig { least_free: Some(u64::MAX), ..folder.options() }, std::sync::Arc::default());
    assert_eq!(wait(journal.accept(push(1, "page", "a", None))), Err(JournalError::NoSpace));
}
