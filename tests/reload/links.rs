//! T16 to T22: links to files and folders.

use super::{Folder, Subject, ms};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Makes a link, or puts it in the place of another in one step.
fn relink(target: impl AsRef<Path>, link: &Path) {
    let beside = link.with_file_name("link_tmp");
    symlink(target, &beside).unwrap();
    fs::rename(beside, link).unwrap();
}

/// A configuration map as the kubelet writes it: two files behind `..data`.
fn map(folder: &Folder, version: &str) {
    let old = fs::read_link(folder.path("rules/..data")).ok();
    for name in ["a.rules", "b.rules"] {
        folder.write(&format!("rules/..{version}/{name}"), &format!("{version} "));
    }
    relink(format!("..{version}"), &folder.path("rules/..data"));
    for name in ["a.rules", "b.rules"] {
        let link = folder.path("rules").join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(format!("..data/{name}"), link).unwrap();
        }
    }
    if let Some(old) = old {
        fs::remove_dir_all(folder.path("rules").join(old)).unwrap();
    }
}

/// T16 and T17: the old version is gone long before the second scan.
#[test]
fn t16_configuration_map() {
    let folder = Folder::new();
    map(&folder, "0");
    let subject = Subject::start(folder.options());
    let check = |subject: &Subject| {
        let text = subject.text();
        let (one, two) = text.split_at(text.len() / 2);
        assert_eq!(one, two, "two versions are mixed");
    };
    for version in 1..=20_u64 {
        map(&folder, &version.to_string());
        if version % 5 == 0 {
            subject.holds(&format!("{version} {version} "));
        }
        std::thread::sleep(ms(version * 37 % 90));
        check(&subject);
    }
    subject.holds("20 20 ");
}

#[test]
fn t18_work_trees() {
    let folder = Folder::new();
    fs::remove_dir(folder.path("rules")).unwrap();
    let check_out = |commit: &str| {
        folder.write(&format!("git/worktrees/{commit}/rules/r.rules"), commit);
        relink(format!("git/worktrees/{commit}/rules"), &folder.path("rules"));
    };
    check_out("aaa");
    let subject = Subject::start(folder.options());
    for commit in ["bbb", "ccc"] {
        check_out(commit);
        subject.holds(commit);
    }
    folder.write("git/worktrees/ccc/rules/r.rules", "edited in place");
    subject.holds("edited in place");
}

#[test]
fn t19_chain_of_links() {
    let folder = Folder::new();
    folder.write("one/r.rules", "one");
    folder.write("two/r.rules", "two");
    for step in ["first", "middle"] {
        fs::create_dir(folder.path(step)).unwrap();
    }
    symlink("../one/r.rules", folder.path("middle/link")).unwrap();
    symlink("../middle/link", folder.path("first/link")).unwrap();
    symlink("../first/link", folder.path("rules/r.rules")).unwrap();
    let subject = Subject::start(folder.options());
    relink("../two/r.rules", &folder.path("middle/link"));
    subject.holds("two");
    folder.write("two/r.rules", "three");
    subject.holds("three");
}

#[test]
fn t20_dangling_link() {
    let folder = Folder::with("one ");
    let subject = Subject::start(folder.options());
    symlink("../later/s.rules", folder.path("rules/s.rules")).unwrap();
    subject.refuses("s.rules");
    assert_eq!(subject.text(), "one ");
    folder.write("later/s.rules", "two");
    subject.holds("one two");
}

#[test]
fn t21_links_in_a_circle() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    symlink("circle.rules", folder.path("rules/circle.rules")).unwrap();
    symlink("..", folder.path("rules/above")).unwrap();
    subject.refuses("circle.rules");
    fs::remove_file(folder.path("rules/circle.rules")).unwrap();
    subject.recovers();
    folder.write("rules/r.rules", "two");
    subject.until(|subject| subject.text().contains("two"));
}

#[test]
fn t22_hard_link() {
    let folder = Folder::with("one");
    fs::create_dir(folder.path("unwatched")).unwrap();
    fs::hard_link(folder.path("rules/r.rules"), folder.path("unwatched/other")).unwrap();
    let subject = Subject::start(folder.polled());
    folder.write("unwatched/other", "two");
    subject.holds("two");
}

#[test]
fn links_that_lead_away_are_refused() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    symlink("/etc/passwd", folder.path("rules/p.rules")).unwrap();
    subject.refuses("leads outside");
    fs::remove_file(folder.path("rules/p.rules")).unwrap();
    subject.recovers();
    symlink("/etc/passwd", folder.path("rules/t.csv")).unwrap();
    folder.write("rules/r.rules", "table t.csv");
    subject.refuses("leads outside");
    assert_eq!(subject.text(), "one");
}
