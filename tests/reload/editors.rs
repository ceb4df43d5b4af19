//! T1 to T15: how programs write a file.

use super::{Folder, Subject, ms};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::thread::sleep;

/// Starts with `one`, does something, and waits for a text to be in force, which must be taken over once.
#[track_caller]
fn becomes(text: &str, change: impl FnOnce(&Folder)) {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    assert_eq!(subject.text(), "one");
    change(&folder);
    subject.holds(text);
    subject.recovers();
    assert_eq!(subject.generation(), 2);
}

fn open(folder: &Folder) -> File {
    OpenOptions::new().write(true).open(folder.path("rules/r.rules")).unwrap()
}

#[test]
fn t1_truncated_and_written() {
    becomes("two", |folder| folder.write("rules/r.rules", "two"));
}

#[test]
fn t2_written_in_pieces() {
    let text = "0123456789abcdef".repeat(20);
    becomes(&text, |folder| {
        let mut file = File::create(folder.path("rules/r.rules")).unwrap();
        sleep(ms(20));
        for piece in text.as_bytes().chunks(16) {
            file.write_all(piece).unwrap();
            sleep(ms(5));
        }
    });
}

#[test]
fn t3_appended() {
    becomes("one more", |folder| {
        let mut file = OpenOptions::new().append(true).open(folder.path("rules/r.rules")).unwrap();
        file.write_all(b" more").unwrap();
    });
}

#[test]
fn t4_same_size_and_time() {
    becomes("two", |folder| {
        let file = open(folder);
        let time = file.metadata().unwrap().modified().unwrap();
        file.write_all_at(b"two", 0).unwrap();
        file.set_modified(time).unwrap();
    });
}

/// No memory is mapped here, as that takes unsafe code: what is left of it, a close after writing, is the filter's test.
/// A poll sees what no event shows.
#[test]
fn t5_unseen_but_by_the_poll() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.polled());
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}

#[test]
fn t6_closed_late() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let mut file = File::create(folder.path("rules/r.rules")).unwrap();
    file.write_all(b"two").unwrap();
    file.sync_all().unwrap();
    subject.holds("two");
    drop(file);
}

#[test]
fn t7_lengthened_by_nothing() {
    becomes("one\0\0", |folder| open(folder).set_len(5).unwrap());
}

#[test]
fn t8_vim() {
    becomes("two", |folder| {
        folder.write("rules/4913", "");
        fs::remove_file(folder.path("rules/4913")).unwrap();
        fs::rename(folder.path("rules/r.rules"), folder.path("rules/r.rules~")).unwrap();
        folder.write("rules/r.rules", "two");
        fs::remove_file(folder.path("rules/r.rules~")).unwrap();
    });
}

#[test]
fn t9_vim_that_copies() {
    becomes("two", |folder| {
        fs::copy(folder.path("rules/r.rules"), folder.path("rules/r.rules~")).unwrap();
        folder.write("rules/r.rules", "two");
        fs::remove_file(folder.path("rules/r.rules~")).unwrap();
    });
}

#[test]
fn t10_visual_studio_code() {
    becomes("two", |folder| {
        folder.write("rules/r.rules", "two");
        open(folder).set_modified(std::time::SystemTime::now()).unwrap();
    });
}

#[test]
fn t11_jetbrains() {
    becomes("two", |folder| {
        folder.write("rules/r.rules___jb_tmp___", "two");
        fs::rename(folder.path("rules/r.rules"), folder.path("rules/r.rules___jb_old___")).unwrap();
        fs::rename(folder.path("rules/r.rules___jb_tmp___"), folder.path("rules/r.rules")).unwrap();
        fs::remove_file(folder.path("rules/r.rules___jb_old___")).unwrap();
    });
}

#[test]
fn t12_emacs() {
    becomes("two", |folder| {
        std::os::unix::fs::symlink("user@host.1:2", folder.path("rules/.#r.rules")).unwrap();
        folder.write("rules/#r.rules#", "half");
        folder.write("rules/r.rules", "two");
        fs::remove_file(folder.path("rules/#r.rules#")).unwrap();
        fs::remove_file(folder.path("rules/.#r.rules")).unwrap();
    });
}

#[test]
fn t13_sed() {
    becomes("two", |folder| {
        folder.write("rules/sedAbCdEf", "two");
        fs::rename(folder.path("rules/sedAbCdEf"), folder.path("rules/r.rules")).unwrap();
    });
}

#[test]
fn t14_renamed_from_another_folder_twice() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    for text in ["two", "three"] {
        folder.write("elsewhere/new", text);
        fs::rename(folder.path("elsewhere/new"), folder.path("rules/r.rules")).unwrap();
        subject.holds(text);
    }
}

#[test]
fn t15_copied_over() {
    becomes("two", |folder| {
        folder.write("elsewhere/new", "two");
        fs::remove_file(folder.path("rules/r.rules")).unwrap();
        fs::copy(folder.path("elsewhere/new"), folder.path("rules/r.rules")).unwrap();
    });
}
