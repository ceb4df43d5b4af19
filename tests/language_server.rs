//! The language server: scenarios with recorded answers, and what holds whatever a client sends.

mod campaign;
mod client;
mod fixes;
mod hostile;
mod scenario;
mod standard_streams;
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

/// Every fifth case; all of them by hand: `STRIDE=1 cargo test --test pointsman -- --ignored language_server::fixes`.
#[test]
fn code_actions_fix_what_they_are_for() {
    assert!(fixes::run(5, 1) > 50);
}

#[test]
#[ignore = "takes some minutes"]
fn fixes_of_all_cases() {
    println!("{} code actions", fixes::run(number("STRIDE", 1) as usize, 0));
}

#[test]
fn random_editing_publishes_what_check_finds() {
    for (seed, kind) in [(1, ClientKind::Utf8), (2, ClientKind::Utf16), (3, ClientKind::Bare)] {
        let counts = campaign::run(60, seed, kind);
        assert!(counts.edits > 20 && counts.requests > 3 && counts.with_findings > 10, "{counts:?}");
    }
}

/// As in `STEPS=20000 SEED=7 cargo test --test pointsman -- --ignored --nocapture language_server::random_editing_of`.
#[test]
#[ignore = "takes as long as it is told to"]
fn random_editing_of_a_given_size() {
    let counts = campaign::run(number("STEPS", 2_000) as usize, number("SEED", 1), ClientKind::Utf16);
    println!("{counts:?}");
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
