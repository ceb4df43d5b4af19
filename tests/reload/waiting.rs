//! T45 to T51: storms, limits, requests, and what survives an end.

use super::{Folder, Subject, WATCHDOG, ms};
use pointsman::reload::ReloadOptions;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

/// T46: writes that never end put a load off no longer than the limit.
#[test]
fn t46_writes_without_end() {
    let folder = Folder::with("one");
    let options = ReloadOptions { quiet: ms(100), max_delay: ms(600), ..folder.options() };
    let subject = Subject::start(options);
    let stop = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                folder.write("rules/unrelated.txt", "x");
                sleep(ms(10));
            }
        });
        sleep(ms(50));
        let began = Instant::now();
        folder.write("rules/r.rules", "two");
        while subject.text() != "two" && began.elapsed() < WATCHDOG {
            sleep(ms(5));
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(subject.text(), "two");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    });
}

#[test]
fn t45_a_storm_of_events() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    for number in 0..20_000 {
        fs::write(folder.path(&format!("rules/{}.txt", number % 50)), "x").unwrap();
    }
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}

/// Files that are never twice the same are never taken, and the old version stays.
#[test]
fn files_that_do_not_hold_still() {
    let folder = Folder::with("one");
    // Long enough for the writer to have its turn on a busy machine.
    let subject = Subject::start(ReloadOptions { settle: ms(100), ..folder.options() });
    let stop = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            let mut number = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                fs::write(folder.path("rules/next"), format!("{number}")).unwrap();
                fs::rename(folder.path("rules/next"), folder.path("rules/r.rules")).unwrap();
            }
        });
        sleep(ms(20));
        let failure = subject.reloader.reload();
        stop.store(true, Ordering::Relaxed);
        assert!(failure.is_err_and(|failure| failure.message.contains("unstable")));
        assert_eq!(subject.text(), "one");
    });
    let last = fs::read_to_string(folder.path("rules/r.rules")).unwrap();
    subject.holds(&last);
}

#[test]
fn t49_times_before_and_after() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let far = Duration::from_hours(1_192_152);
    for (text, time) in [("two", std::time::UNIX_EPOCH), ("three", std::time::UNIX_EPOCH + far)] {
        let file = File::create(folder.path("rules/r.rules")).unwrap();
        std::io::Write::write_all(&mut &file, text.as_bytes()).unwrap();
        file.set_modified(time).unwrap();
        subject.holds(text);
    }
}

#[test]
fn t50_a_thousand_triggers() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let told = || subject.outcomes.lock().unwrap().len();
    let before = told();
    for _ in 0..1_000 {
        subject.reloader.trigger();
    }
    folder.write("rules/r.rules", "two");
    // A request is answered by a load that began after it: it sees what was written before.
    assert_eq!(subject.reloader.reload().unwrap(), 2);
    assert_eq!(subject.text(), "two");
    assert!(told() - before < 900, "each trigger had a load of its own");
}

#[test]
fn requests_at_once_are_all_answered() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(subject.reloader.reload().unwrap(), 1);
                }
            });
        }
    });
}

#[test]
fn the_end_is_quick() {
    let folder = Folder::with("one");
    let subject = Subject::start(ReloadOptions { settle: Duration::from_secs(5), ..folder.options() });
    folder.write("rules/r.rules", "two");
    subject.reloader.trigger();
    sleep(ms(50));
    let began = Instant::now();
    drop(subject);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn versions_live_as_long_as_somebody_holds_them() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let old = subject.reloader.current();
    folder.write("rules/r.rules", "two");
    subject.holds("two");
    subject.until(|subject| subject.report().versions_in_use == 2);
    assert_eq!(old.value, "one");
    let age = subject.report().oldest_in_use.unwrap();
    sleep(ms(20));
    folder.write("rules/r.rules", "three");
    subject.holds("three");
    assert!(subject.report().oldest_in_use.unwrap() >= age + ms(20), "it counts from its own replacement");
    drop(old);
    assert_eq!((subject.report().versions_in_use, subject.report().oldest_in_use), (1, None));
}

/// T51: what was in force before the end is there after it, whatever the files hold then.
#[test]
fn t51_the_last_good_set() {
    let folder = Folder::with("one\ntable t.csv\nsecret key\n");
    folder.write("rules/t.csv", "rows");
    folder.write("rules/key", " and a key");
    let options = ReloadOptions {
        last_good: Some(folder.path("state/last-good")),
        start_with_last_good: true,
        ..folder.options()
    };
    fs::create_dir(folder.path("state")).unwrap();
    let hash = Subject::start(options.clone()).report().hash;
    folder.write("rules/r.rules", "BROKEN");
    fs::remove_file(folder.path("rules/t.csv")).unwrap();
    // Somebody died while writing the next one.
    folder.write("state/last-good.tmp", "torn");
    let strict = ReloadOptions { start_with_last_good: false, ..options.clone() };
    assert!(Subject::try_start(strict).is_err_and(|failure| failure.message.contains("broken")));
    let subject = Subject::start(options.clone());
    assert_eq!(subject.text(), "one\ntable t.csv\nsecret key\nrows and a key");
    let report = subject.report();
    assert_eq!((report.hash, report.succeeded), (hash, None));
    assert!(report.failure.is_some());
    folder.write("rules/r.rules", "two");
    subject.holds("two");
    subject.recovers();
    drop(subject);
    folder.write("rules/r.rules", "BROKEN");
    folder.write("state/last-good", "garbage");
    assert!(Subject::try_start(options).is_err_and(|failure| failure.message.contains("last good")));
}

/// T47: a set that cannot be kept is served nonetheless.
#[test]
fn t47_no_room_for_the_last_good_set() {
    let folder = Folder::with("one");
    let options = ReloadOptions { last_good: Some(folder.path("no/such/folder/last-good")), ..folder.options() };
    let subject = Subject::start(options);
    assert!(subject.report().last_good_error.is_some_and(|reason| reason.contains("last-good")));
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}

/// A root that does not exist yet is a mistake at the start, and a change later.
#[test]
fn several_roots() {
    let folder = Folder::with("one ");
    let more = folder.path("more");
    let options = ReloadOptions { roots: vec![folder.path("rules"), more.join("x.rules")], ..folder.options() };
    assert!(Subject::try_start(options.clone()).is_err());
    folder.write("elsewhere/x", "two ");
    fs::create_dir(&more).unwrap();
    symlink("../elsewhere/x", more.join("x.rules")).unwrap();
    let subject = Subject::start(options);
    assert_eq!(subject.text(), "two one ");
    folder.write("elsewhere/x", "three ");
    subject.holds("three one ");
}
