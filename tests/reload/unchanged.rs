//! T56 to T58: what is written without end, beside the rules or into them, and changes nothing.

use super::{Folder, Subject, WATCHDOG, ms};
use pointsman::reload::ReloadOptions;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::Instant;

/// Saves a file at once, so that no reading sees half of it.
fn save(folder: &Folder, text: &str) {
    folder.write("saved", text);
    fs::rename(folder.path("saved"), folder.path("rules/r.rules")).unwrap();
}

/// T56: a log beside the rules, into which each failed load writes. A load is caused by a changed file or a request, so
/// the number of writes does not matter.
#[test]
fn t56_unrelated_writes_in_the_parent() {
    let folder = Folder::with("one");
    let subject = Subject::start(ReloadOptions { quiet: ms(5), max_delay: ms(20), ..folder.options() });
    save(&folder, "BROKEN");
    subject.refuses("broken");
    for number in 0..200 {
        folder.write("gateway.log", &format!("ERROR {number}"));
        sleep(ms(2));
    }
    subject.reloader.reload().unwrap_err();
    assert_eq!(subject.outcomes(), ["published", "rejected", "rejected again"]);
    assert_eq!(subject.builds(), 3);
    // The way to the rules is watched all the same.
    fs::rename(folder.path("rules"), folder.path("before")).unwrap();
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}

/// T57: the same bytes, again and again, in the folder of the rules: by events, and by the poll.
#[test]
fn t57_the_same_failure_is_told_once() {
    let folder = Folder::with("one");
    for options in [ReloadOptions { quiet: ms(5), max_delay: ms(20), ..folder.options() }, folder.polled()] {
        save(&folder, "one");
        let subject = Subject::start(options);
        save(&folder, "BROKEN");
        subject.refuses("broken");
        let failing_since = subject.report().failing_since;
        assert!(failing_since.is_some());
        for _ in 0..50 {
            save(&folder, "BROKEN");
            sleep(ms(4));
        }
        assert_eq!((subject.outcomes(), subject.builds()), (vec!["published", "rejected"], 2));
        // Other bytes that fail are another failure, although the first one lasts.
        save(&folder, "BROKEN too");
        subject.until(|subject| subject.outcomes().len() == 3);
        assert_eq!(subject.report().failing_since, failing_since);
        save(&folder, "one");
        subject.recovers();
        assert_eq!(subject.outcomes(), ["published", "rejected", "rejected", "restored"]);
        assert_eq!((subject.generation(), subject.report().failing_since), (1, None));
    }
}

/// T58: a file that is rewritten with the same bytes keeps no change of another away, nor one of a table or a secret.
#[test]
fn t58_the_same_bytes_without_end() {
    let folder = Folder::with("one");
    for name in ["a.rules", "key", "t.csv"] {
        folder.write(&format!("rules/{name}"), "x");
    }
    let subject = Subject::start(folder.options());
    let stop = AtomicBool::new(false);
    scope(|scope| {
        scope.spawn(|| {
            let began = Instant::now();
            while !stop.load(Ordering::Relaxed) && began.elapsed() < 2 * WATCHDOG {
                for name in ["a.rules", "key", "t.csv"] {
                    folder.write(&format!("rules/{name}"), "x");
                }
                sleep(ms(20));
            }
        });
        save(&folder, "two\ntable t.csv\nsecret key\n");
        subject.holds("xtwo\ntable t.csv\nsecret key\nxx");
        stop.store(true, Ordering::Relaxed);
    });
}

/// A folder too deep to be searched is said, and does not take its rules out of the set.
#[test]
fn deep_folders_are_said() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    folder.write(&format!("rules/{}deep.rules", "d/".repeat(32)), "two");
    subject.holds("twoone");
    folder.write(&format!("rules/{}deeper.rules", "d/".repeat(33)), "three");
    subject.refuses("lies more than 32 folders deep");
    assert_eq!(subject.text(), "twoone");
}
