//! The language server: scenarios with recorded answers, and what holds whatever a client sends.

mod client;
mod scenario;
mod transcript;

use client::ClientKind;
use expect_test::expect_file;
use std::fs;
use std::path::PathBuf;

fn scenarios() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/language_server");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "scenario"));
    paths.sort();
    paths
}

#[test]
fn scenarios_say_what_is_recorded_in_both_units_of_columns() {
    for path in scenarios() {
        let scenario = fs::read_to_string(&path).unwrap();
        let said = scenario::play(&scenario, ClientKind::Utf8);
        expect_file![path.with_extension("txt")].assert_eq(&said);
        assert_eq!(scenario::play(&scenario, ClientKind::Utf16), said, "{}", path.display());
    }
}

#[test]
fn scenarios_run_with_a_client_that_offers_nothing() {
    for path in scenarios() {
        let scenario = fs::read_to_string(&path).unwrap();
        let said = scenario::play(&scenario, ClientKind::Bare);
        let asked = said.lines().find(|line| line.starts_with("  asks ") || line.trim_start().starts_with("see "));
        assert_eq!(asked, None, "{}", path.display());
    }
}
