//! T23 to T30: folders that go, come back, and are exchanged.

use super::{Folder, Subject, ms};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::thread::sleep;

#[test]
fn t23_removed_and_made_again() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    for (pause, text) in [(0, "two"), (50, "three"), (300, "four")] {
        fs::remove_dir_all(folder.path("rules")).unwrap();
        sleep(ms(pause));
        folder.write("rules/r.rules", text);
        subject.holds(text);
    }
    // The watch of the new folder hears, too.
    folder.write("rules/r.rules", "five");
    subject.holds("five");
}

#[test]
fn a_root_that_is_gone_leaves_the_last_good_in_force() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    fs::remove_dir_all(folder.path("rules")).unwrap();
    subject.refuses("cannot read");
    assert_eq!((subject.text(), subject.generation()), ("one".to_owned(), 1));
    folder.write("rules/r.rules", "one");
    subject.recovers();
    assert_eq!(subject.generation(), 1);
}

#[test]
fn t24_moved_away_and_another_in() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    for text in ["two", "three"] {
        folder.write("prepared/r.rules", text);
        fs::rename(folder.path("rules"), folder.path(&format!("before-{text}"))).unwrap();
        fs::rename(folder.path("prepared"), folder.path("rules")).unwrap();
        subject.holds(text);
    }
}

#[test]
fn t25_a_tree_moved_in_and_edited() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    folder.write("outside/a/b/c/deep.rules", "two ");
    fs::rename(folder.path("outside"), folder.path("rules/in")).unwrap();
    folder.write("rules/in/a/b/c/deep.rules", "three ");
    subject.holds("three one");
    folder.write("rules/in/a/b/c/deep.rules", "four ");
    subject.holds("four one");
}

#[test]
fn t26_many_folders_at_once() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    for number in 0..500 {
        folder.write(&format!("rules/s{number}/t/x.rules"), "x");
    }
    subject.until(|subject| subject.text().len() == 503);
}

#[test]
fn t27_no_permission() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let path = folder.path("rules/r.rules");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).unwrap();
    if fs::read(&path).is_ok() {
        println!("skipped in part: this user may read everything");
    } else {
        subject.refuses("r.rules");
    }
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    subject.recovers();
    assert_eq!((subject.text(), subject.generation()), ("one".to_owned(), 1));
}

#[test]
fn t29_a_file_in_the_place_of_the_root() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    fs::rename(folder.path("rules"), folder.path("aside")).unwrap();
    folder.write("rules", "BROKEN");
    subject.refuses("broken");
    assert_eq!(subject.text(), "one");
    fs::remove_file(folder.path("rules")).unwrap();
    fs::rename(folder.path("aside"), folder.path("rules")).unwrap();
    subject.recovers();
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}

#[cfg(target_os = "linux")]
#[test]
fn t30_exchanged() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let folder = Folder::with("one");
    folder.write("other/r.rules", "two");
    let subject = Subject::start(folder.options());
    for text in ["two", "one", "two"] {
        renameat_with(CWD, folder.path("rules"), CWD, folder.path("other"), RenameFlags::EXCHANGE).unwrap();
        subject.holds(text);
    }
}
