//! The state directory: nobody else may write to it or lead elsewhere from it.

use super::StateFolder;
use pointsman::gateway::journal::{DirectoryOwner, Journal, JournalConfig, JournalError};
use pointsman::ruleset::SystemClock;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::sync::Arc;

fn refusal(folder: &StateFolder) -> Option<String> {
    refusal_with(&folder.options())
}

fn refusal_with(options: &JournalConfig) -> Option<String> {
    match Journal::open(options, Arc::new(SystemClock), Arc::default(), Arc::new(|_: &str| {})) {
        Err(JournalError::Failed(message)) => Some(message),
        Err(fault) => panic!("{fault}"),
        Ok(_) => None,
    }
}

fn set_mode(folder: &StateFolder, mode: u32) {
    fs::set_permissions(folder.options().directory, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    let folder = StateFolder::new();
    for mode in [0o777, 0o1777, 0o702] {
        set_mode(&folder, mode);
        let message = refusal(&folder).expect("others can write to it");
        assert!(message.contains("can be written by others: run `chmod go-w`"), "{message}");
        assert!(!folder.path("lock").exists(), "nothing was made in it");
    }
    for mode in [0o700, 0o755, 0o2775] {
        set_mode(&folder, mode);
        assert_eq!(refusal(&folder), None, "{mode:o}: its group is that of the process");
    }
}

#[test]
fn a_directory_of_another_user_or_group_is_refused() {
    let folder = StateFolder::new();
    let directory = folder.options().directory;
    if fs::metadata(&directory).unwrap().uid() != 0 {
        eprintln!("SKIPPED: only root can give a directory away");
        return;
    }
    chown(&directory, Some(12_345), None).unwrap();
    assert!(refusal(&folder).expect("its owner can write").contains("belongs to user 12345"));
    chown(&directory, Some(0), Some(12_345)).unwrap();
    set_mode(&folder, 0o770);
    assert!(refusal(&folder).expect("its group can write").contains("can be written by others"));
    set_mode(&folder, 0o750);
    assert_eq!(refusal(&folder), None);
}

#[test]
fn a_command_of_root_opens_the_journal_of_another_user_and_leaves_that_user_able_to() {
    let folder = StateFolder::new();
    let directory = folder.options().directory;
    if fs::metadata(&directory).unwrap().uid() != 0 {
        eprintln!("SKIPPED: only root can give a directory away");
        return;
    }
    chown(&directory, Some(12_345), Some(12_345)).unwrap();
    set_mode(&folder, 0o2770);
    let command = JournalConfig { owner: DirectoryOwner::AnybodyForRoot, ..folder.options() };
    assert_eq!(refusal_with(&command), None);
    for name in ["lock", "ballast"] {
        assert_eq!(fs::metadata(folder.path(name)).unwrap().uid(), 12_345, "{name}");
    }
    set_mode(&folder, 0o707);
    assert!(refusal_with(&command).expect("others can write to it").contains("can be written by others"));
    set_mode(&folder, 0o700);
    symlink("/dev/null", folder.path("pages.ndjson")).unwrap();
    assert!(refusal_with(&command).expect("it is a link").contains("is a link"));
}

#[test]
fn links_in_the_directory_are_refused_and_what_they_name_stays() {
    for name in ["lock", "journal.db", "journal.db-wal", "ballast", "admin.token", "pages.ndjson"] {
        let folder = StateFolder::new();
        let elsewhere = folder.another();
        fs::write(elsewhere.path("precious"), "precious").unwrap();
        symlink(elsewhere.path("precious"), folder.path(name)).unwrap();
        let message = refusal(&folder).expect("it is a link");
        assert!(message.contains(&format!("{name}` is a link")), "{message}");
        assert_eq!(fs::read_to_string(elsewhere.path("precious")).unwrap(), "precious");
    }
    let folder = StateFolder::new();
    fs::write(folder.path("other"), "precious").unwrap();
    fs::hard_link(folder.path("other"), folder.path("lock")).unwrap();
    assert!(refusal(&folder).expect("it is a hard link").contains("lock` is a link"));
    assert_eq!(fs::read_to_string(folder.path("other")).unwrap(), "precious");
}
