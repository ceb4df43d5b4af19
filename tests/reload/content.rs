//! T31 to T42: what files hold.

use super::{Folder, Subject, ms};
use pointsman::reload::{FingerprintKey, LoadStage, ReloadOptions, Snapshot};
use pointsman::ruleset::RuleSet;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread::sleep;

/// What can be read in between is complete at that moment as far as anybody can tell; no more is promised than that the
/// rest follows, unless a manifest says what is whole.
#[test]
fn t31_a_prefix_that_is_valid() {
    let folder = Folder::with("one");
    let sum = |text: &str| {
        use sha2::Digest as _;
        let digest: [u8; 32] = sha2::Sha256::digest(text).into();
        folder.write("rules/MANIFEST.sha256", &format!("{}  r.rules\n", pointsman::reload::RuleSetHash(digest)));
    };
    sum("one");
    let subject = Subject::start(folder.options());
    sum("first, second");
    folder.write("rules/r.rules", "first");
    subject.refuses("`r.rules` does not match the manifest");
    assert_eq!(subject.report().failure.unwrap().stage, LoadStage::Read);
    sleep(ms(150));
    assert_eq!(subject.text(), "one");
    folder.write("rules/r.rules", "first, second");
    subject.holds("first, second");
    assert_eq!(subject.generation(), 2);
    folder.write("rules/s.rules", "unlisted");
    subject.refuses("`s.rules` is not listed");
}

/// A poll, or a load that earlier signs asked for, may fall into the pause of a writer: it waits for the rest.
#[test]
fn a_pause_of_the_writer_shorter_than_the_quiet_is_no_end() {
    let folder = Folder::with("one");
    let subject = Subject::start(ReloadOptions { poll: Some(ms(20)), quiet: ms(2_000), ..folder.options() });
    subject.until(|subject| subject.generation() == 1 && subject.report().failure.is_none());
    folder.write("rules/r.rules", "BROKEN first");
    subject.refuses("broken");
    folder.write("rules/r.rules", "first");
    sleep(ms(300));
    folder.write("rules/r.rules", "first, second");
    subject.holds("first, second");
    assert_eq!(subject.generation(), 2);
}

#[test]
fn a_change_of_several_files_behind_a_manifest_is_one() {
    let folder = Folder::new();
    for name in ["a", "b", "c"] {
        folder.write(&format!("rules/{name}.rules"), "1 ");
    }
    let manifest = folder.path("rules/MANIFEST.sha256");
    let options = ReloadOptions { manifest: Some(manifest.clone()), ..folder.options() };
    assert!(Subject::try_start(options.clone()).is_err_and(|failure| failure.message.contains("the manifest")));
    let sums = |text: &str| {
        use sha2::Digest as _;
        let digest: [u8; 32] = sha2::Sha256::digest(text).into();
        let digest = pointsman::reload::RuleSetHash(digest);
        fs::write(&manifest, format!("{digest}  a.rules\n{digest} *./b.rules\n{digest}  c.rules\n")).unwrap();
    };
    sums("1 ");
    let subject = Subject::start(options);
    for name in ["a", "b", "c"] {
        folder.write(&format!("rules/{name}.rules"), "2 ");
        sleep(ms(200));
        assert_eq!(subject.text(), "1 1 1 ");
    }
    sums("2 ");
    subject.holds("2 2 2 ");
    assert_eq!(subject.generation(), 2);
}

#[test]
fn t32_broken_and_mended() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    folder.write("rules/r.rules", "BROKEN");
    subject.refuses("broken");
    let report = subject.report();
    assert_eq!((subject.text(), report.generation), ("one".to_owned(), 1));
    assert!(subject.reloader.reload().is_err());
    folder.write("rules/r.rules", "two");
    subject.holds("two");
    subject.recovers();
    assert_eq!(subject.reloader.reload().unwrap(), 2);
}

#[test]
fn t36_no_change_no_generation() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let path = folder.path("rules/r.rules");
    let hash = subject.report().hash;
    folder.write("rules/r.rules", "one");
    File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    folder.write("rules/README.md", "no rule");
    for _ in 0..3 {
        assert_eq!(subject.reloader.reload().unwrap(), 1);
    }
    assert_eq!(subject.report().hash, hash);
}

#[test]
fn t37_there_and_back() {
    let folder = Folder::with("A");
    let subject = Subject::start(folder.options());
    let hash = subject.report().hash;
    folder.write("rules/r.rules", "B");
    sleep(ms(25));
    folder.write("rules/r.rules", "A");
    subject.reloader.reload().unwrap();
    assert_eq!(subject.text(), "A");
    assert_eq!(subject.report().hash, hash);
}

#[test]
fn t38_nothing_left() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    fs::remove_file(folder.path("rules/r.rules")).unwrap();
    subject.refuses("no rule file");
    assert_eq!(subject.text(), "one");
    folder.write("rules/r.rules", "");
    subject.holds("");
    let bare = Folder::new();
    assert!(Subject::try_start(bare.options()).is_err());
    let options = ReloadOptions { allow_empty: true, ..bare.options() };
    let subject = Subject::start(options);
    bare.write("rules/r.rules", "one");
    subject.holds("one");
    fs::remove_file(bare.path("rules/r.rules")).unwrap();
    subject.holds("");
}

#[test]
fn t39_bytes_that_are_no_text() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    fs::write(folder.path("rules/r.rules"), b"edition 1\n\xff").unwrap();
    subject.refuses("not UTF-8");
    let failure = subject.report().failure.unwrap();
    let span = failure.diagnostics[0].span;
    assert!(failure.sources.file_and_line(span).ends_with("r.rules:2"));
    folder.write("rules/r.rules", "\u{feff}two\r\n\0");
    subject.holds("\u{feff}two\r\n\0");
}

#[test]
fn t40_what_is_no_file_hangs_nothing() {
    let folder = Folder::with("one");
    let pipe = |name: &str| {
        let made = std::process::Command::new("mkfifo").arg(folder.path(name)).status();
        assert!(made.is_ok_and(|status| status.success()));
    };
    pipe("rules/pipe.rules");
    let subject = Subject::start(folder.options());
    assert_eq!(subject.text(), "one");
    pipe("rules/t.csv");
    folder.write("rules/r.rules", "table t.csv");
    subject.refuses("not a regular file");
    folder.write("rules/r.rules", "two");
    subject.holds("two");
    File::create(folder.path("rules/large.rules")).unwrap().set_len(1 << 30).unwrap();
    subject.refuses("1073741824 bytes");
    fs::remove_file(folder.path("rules/large.rules")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path("rules/zero.csv")).unwrap();
    folder.write("rules/r.rules", "secret zero.csv");
    subject.refuses("leads outside");
    fs::remove_file(folder.path("rules/zero.csv")).unwrap();
    pipe("rules/zero.csv");
    folder.write("rules/r.rules", "secret ./zero.csv");
    subject.refuses("not a regular file");
    folder.write("rules/r.rules", "three");
    subject.holds("three");
}

#[test]
fn t41_ten_thousand_files() {
    let folder = Folder::new();
    for number in 0..10_000 {
        fs::write(folder.path(&format!("rules/{number}.rules")), "x").unwrap();
    }
    let subject = Subject::start(folder.options());
    assert_eq!(subject.text().len(), 10_000);
    folder.write("rules/more.rules", "x");
    subject.refuses("at most 10000 files");
    fs::remove_file(folder.path("rules/more.rules")).unwrap();
    subject.recovers();
}

#[test]
fn t42_another_case() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    let hash = subject.report().hash;
    fs::rename(folder.path("rules/r.rules"), folder.path("rules/R.rules")).unwrap();
    subject.until(|subject| subject.generation() == 2);
    assert_ne!(subject.report().hash, hash);
}

#[test]
fn tables_and_secrets_are_part_of_the_set() {
    let folder = Folder::with("table t.csv\nsecret ../secrets/key\n");
    folder.write("rules/t.csv", "a");
    folder.write("secrets/key", "canary");
    let subject = Subject::start(folder.options());
    let hash = subject.report().hash;
    folder.write("rules/t.csv", "b");
    subject.until(|subject| subject.text().ends_with("bcanary"));
    folder.write("secrets/key", "nightingale");
    subject.until(|subject| subject.text().ends_with("bnightingale"));
    assert_eq!(subject.generation(), 3);
    assert_ne!(subject.report().hash, hash);
    fs::remove_file(folder.path("secrets/key")).unwrap();
    subject.refuses("there is no such file");
    folder.write("secrets/key", "nightingale");
    subject.recovers();
    assert_eq!(subject.generation(), 3);
}

/// Whoever may write rules cannot have the gateway send away what else it may read.
#[test]
fn secrets_lie_with_the_rules_whatever_links_lead_there() {
    let folder = Folder::with("secret key\n");
    folder.write("rules/..v1/key", "canary");
    symlink("..v1", folder.path("rules/..data")).unwrap();
    symlink("..data/key", folder.path("rules/key")).unwrap();
    let subject = Subject::start(folder.options());
    assert_eq!(subject.text(), "secret key\ncanary");
    for away in ["/etc/hostname", "../../../../../../../../etc/hostname", "/proc/self/environ", "link"] {
        folder.write("rules/r.rules", &format!("secret {away}\n"));
        let _ = symlink("/etc/hostname", folder.path("rules/link"));
        assert!(subject.reloader.reload().is_err_and(|no| no.message.contains("leads outside")), "{away}");
        assert!(subject.report().failure.unwrap().message.contains("`/run/secrets`"), "{away}");
    }
    folder.write("rules/kubernetes.io/token", "canary");
    folder.write("rules/r.rules", "secret kubernetes.io/token\n");
    assert!(subject.reloader.reload().is_err(), "it may be the pod's own");
}

#[test]
fn secret_files_that_everybody_may_read_are_named() {
    let folder = Folder::with("secret open\nsecret shut\n");
    folder.write("rules/open", "canary");
    folder.write("rules/shut", "canary");
    fs::set_permissions(folder.path("rules/open"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(folder.path("rules/shut"), fs::Permissions::from_mode(0o640)).unwrap();
    let snapshot = Snapshot::of(&[folder.path("rules")]).unwrap();
    super::join(&snapshot).unwrap();
    assert_eq!(snapshot.world_readable_secrets(), [folder.path("rules/open")]);
}

/// A restart is no change, and neither tells the hash what a secret holds.
#[test]
fn the_hash_of_a_set_with_secrets_is_that_of_its_key() {
    let folder = Folder::with("secret key\n");
    folder.write("rules/key", "canary");
    let hash = |key: &str| {
        let fingerprints = FingerprintKey::of(key);
        Subject::start(ReloadOptions { fingerprint_key: fingerprints, ..folder.options() }).report().hash
    };
    assert_eq!(hash("one"), hash("one"));
    assert_ne!(hash("one"), hash("two"));
}

#[test]
fn what_is_reported_and_archived_holds_no_secret() {
    let folder = Folder::with("secret key\ntable t.csv\n");
    folder.write("rules/key", "canary-7c1f");
    folder.write("rules/t.csv", "rows");
    let snapshot = Snapshot::of(&[folder.path("rules")]).unwrap();
    assert!(super::join(&snapshot).unwrap().contains("canary-7c1f"));
    assert!(!format!("{snapshot:?}").contains("canary"));
    let again = Snapshot::from_archive(&snapshot.archive()).unwrap();
    assert!(!format!("{again:?}").contains("canary"));
    assert_eq!(again.read(&folder.path("rules/t.csv")).unwrap(), "rows");
}

/// What a reload serves is what `check` reads, by the same names.
#[test]
fn names_are_those_of_check() {
    let folder = Folder::with("edition 1\nchannel c = stdout()\n");
    folder.write("rules/below/s.rules", "edition 1\nchannel d = stdout()\n");
    let roots = [folder.path("rules/below/s.rules"), folder.path("rules/.")];
    let snapshot = Snapshot::of(&roots).unwrap();
    let loaded = RuleSet::load(&roots, None).unwrap();
    let names = |sources: &pointsman::source::Sources| -> Vec<String> {
        sources.iter().map(|(_, file)| file.name().to_owned()).collect()
    };
    assert_eq!(names(snapshot.sources()), names(&loaded.sources));
    let read = |path: &std::path::Path| snapshot.read(path);
    assert!(RuleSet::from_sources(snapshot.sources().clone(), &read, None).rules.is_some());
}

#[test]
fn files_on_which_the_build_panics_are_refused_and_reloading_goes_on() {
    let folder = Folder::with("one");
    let subject = Subject::start(folder.options());
    folder.write("rules/r.rules", "FOUNDER");
    subject.refuses("the build panicked on these files");
    assert_eq!(subject.text(), "one");
    folder.write("rules/r.rules", "two");
    subject.holds("two");
}
