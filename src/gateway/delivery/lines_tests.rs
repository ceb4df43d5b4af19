//! Files of lines: torn, full, renamed, and leading elsewhere.

#![expect(clippy::disallowed_methods, reason = "the tests look at the files")]

use super::LineFile;
use std::fs;
use std::io::Write;

const ROOMY: u64 = 1 << 30;

fn line(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn lines_are_appended_whole_and_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = LineFile::open(folder.path(), "a/b/events.ndjson", ROOMY).unwrap();
    lines.append(&[line("{\"a\":\n1}"), line("2")], "").unwrap();
    LineFile::open(folder.path(), "a/b/events.ndjson", ROOMY).unwrap().append(&[line("3")], "").unwrap();
    lines.append(&[line("4")], "").unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("a/b/events.ndjson")).unwrap(), "{\"a\": 1}\n2\n3\n4\n");
}

#[test]
fn a_torn_line_costs_no_other_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("e"), "1\n{\"half\":").unwrap();
    let mut lines = LineFile::open(folder.path(), "e", ROOMY).unwrap();
    lines.append(&[line("2")], "").unwrap();
    fs::OpenOptions::new().append(true).open(folder.path().join("e")).unwrap().write_all(b"torn").unwrap();
    lines.append(&[line("3"), line("4")], "").unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("e")).unwrap(), "1\n{\"half\":\n2\ntorn\n3\n4\n");
}

#[test]
fn a_full_file_is_renamed_and_no_line_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = LineFile::open(folder.path(), "e.ndjson", 4).unwrap();
    for number in 0..6 {
        lines.append(&[line(&number.to_string())], "T").unwrap();
    }
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        (read("e-T.ndjson"), read("e-T-1.ndjson"), read("e.ndjson")),
        ("0\n1\n".into(), "2\n3\n".into(), "4\n5\n".into())
    );
}

#[test]
fn a_file_that_others_renamed_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = LineFile::open(folder.path(), "e", ROOMY).unwrap();
    lines.append(&[line("1")], "").unwrap();
    fs::rename(folder.path().join("e"), folder.path().join("old")).unwrap();
    lines.append(&[line("2")], "").unwrap();
    fs::remove_file(folder.path().join("e")).unwrap();
    lines.append(&[line("3")], "").unwrap();
    assert_eq!(fs::read_to_string(folder.path().join("e")).unwrap(), "3\n");
}

#[test]
fn no_path_leads_out_of_the_directory() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    fs::write(folder.path().join("other"), "").unwrap();
    std::os::unix::fs::symlink(folder.path(), below.join("link")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("other"), below.join("file")).unwrap();
    for path in ["../other", "/etc/passwd", "a/../../other", "", ".", "link/other", "file"] {
        let result = LineFile::open(&below, path, ROOMY).and_then(|mut lines| lines.append(&[line("x")], ""));
        assert!(result.is_err(), "`{path}` was written");
    }
    assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "");
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut lines = LineFile::open(folder.path(), "folder", ROOMY).unwrap();
    assert!(lines.append(&[line("x")], "").is_err());
}
