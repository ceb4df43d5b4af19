//! Regexes, globs and networks: which texts they match, and their errors.

use expect_test::expect_file;
use pointsman::pattern::{Case, Glob, Network, PatternError, RegexPattern, address, fold};
use proptest::prelude::*;
use std::fmt::Write;
use std::time::{Duration, Instant};

fn regex(pattern: &str) -> RegexPattern {
    RegexPattern::new(pattern, "", Case::Sensitive).unwrap()
}

fn glob(text: &str) -> Glob {
    Glob::new(text, Case::Sensitive).unwrap()
}

#[test]
fn errors_have_a_message_and_help() {
    let mut report = String::new();
    for line in include_str!("cases/pattern/refused.txt").lines() {
        let (kind, text) = line.split_once(' ').unwrap();
        let invalid: PatternError = match kind {
            "regex" => RegexPattern::new(text, "", Case::Sensitive).expect_err(text),
            "flags" => RegexPattern::new("a", text, Case::Sensitive).expect_err(text),
            "network" => Network::new(text).expect_err(text),
            _ => panic!("{kind}"),
        };
        let offence = if kind == "flags" { "" } else { &text[invalid.range.clone()] };
        writeln!(report, "{kind} {text}\n  at {:?} `{offence}`\n  {}", invalid.range, invalid.message).unwrap();
        if let Some(help) = invalid.help {
            writeln!(report, "  help: {help}").unwrap();
        }
    }
    expect_file!["cases/pattern/refused.expected.txt"].assert_eq(&report);
}

#[test]
fn matches_is_whole_and_finds_is_anywhere() {
    let alternatives = regex("a|ab");
    assert!(alternatives.matches("ab") && alternatives.matches("a") && !alternatives.matches("abc"));
    assert!(alternatives.finds("xxabxx") && !alternatives.finds("xyz"));
    assert!(!regex("a").matches("a\n"));
    assert!(!RegexPattern::new("a", "m", Case::Sensitive).unwrap().matches("x\na"));
    assert!(RegexPattern::new("a", "", Case::Ignored).unwrap().matches("A"));
    assert!(RegexPattern::new("ä.ö", "is", Case::Sensitive).unwrap().matches("Ä\nÖ"));
}

#[test]
fn a_comment_does_not_include_the_anchor() {
    for (pattern, flags) in [("a # first", "x"), ("(?x)a # first", ""), ("a # one\n b", "x")] {
        let regex = RegexPattern::new(pattern, flags, Case::Sensitive).unwrap();
        let fitting = if pattern.contains('b') { "ab" } else { "a" };
        assert!(regex.matches(fitting) && !regex.matches("aa"), "{pattern}");
    }
}

#[test]
fn groups_are_named_and_captured() {
    let regex = regex(r"(?P<host>[a-z]+):(?<port>\d+)(x)?");
    assert_eq!(regex.groups(), ["host", "port"]);
    assert_eq!(regex.capture("at db:5432", "port"), Some("5432"));
    assert_eq!(regex.capture("at db:5432", "none"), None);
    assert_eq!(regex.capture("at db", "port"), None);
}

#[test]
fn limits_hold() {
    assert!(RegexPattern::new(&"a".repeat(1024), "", Case::Sensitive).is_ok());
    assert!(RegexPattern::new(&"a".repeat(1025), "", Case::Sensitive).is_err());
    assert!(Glob::new(&"*".repeat(1025), Case::Sensitive).is_err());
    assert!(RegexPattern::new("(a{1000}){1000}", "", Case::Sensitive).is_err());
    assert!(RegexPattern::new("((a{0,1000}){0,1000}){0,1000}", "", Case::Sensitive).is_err());
}

#[test]
fn globs_match_whole_texts() {
    for (text, fitting, other) in [
        ("mysql-*", "mysql-1", "xmysql-1"),
        ("*", "", "\u{0}none"),
        ("", "", "a"),
        ("a?c", "a值c", "ac"),
        ("*.example.com", "db.example.com", "example.com"),
        ("a*b*c", "a-b-b-c", "a-c-b"),
        ("ab*ba", "abba", "aba"),
        ("**x**", "x", "y"),
        ("?*?", "ab", "a"),
        ("[a]\\", "[a]\\", "a"),
        ("*?b*", "aab", "b"),
    ] {
        assert!(glob(text).fits(fitting), "{text} {fitting}");
        assert!(text == "*" || !glob(text).fits(other), "{text} {other}");
    }
}

#[test]
fn globs_may_ignore_case() {
    let glob = Glob::new("ÄPFEL-*-K", Case::Ignored).unwrap();
    assert!(glob.fits("äpfel-x-k") && glob.fits("Äpfel-\u{212a}-\u{212a}") && !glob.fits("apfel-x-k"));
    assert!(Glob::new("MySQL*", Case::Ignored).unwrap().fits(&format!("mysql{}", "X".repeat(1000))));
    assert_eq!(fold("ΣΑΣ"), fold("σας"));
}

#[test]
fn a_hostile_glob_is_fast() {
    let text = "a".repeat(200_000);
    let begun = Instant::now();
    assert!(!glob(&format!("{}b", "*a".repeat(500))).fits(&text));
    assert!(!glob(&format!("*{}b*", "a".repeat(1000))).fits(&text));
    assert!(!glob(&format!("*{}b*", "a?".repeat(100))).fits(&text));
    // This is a timeout, not a measurement. With backtracking, the test would practically never end.
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn networks_contain_addresses() {
    let holds = |network: &str, text: &str| Network::new(network).unwrap().holds(address(text).unwrap());
    assert!(holds("10.0.0.0/8", "10.1.2.3:9100"));
    assert!(holds("10.0.0.0/8", "[::ffff:10.1.2.3]:9100"));
    assert!(holds("::ffff:10.0.0.0/104", "10.1.2.3"));
    assert!(holds("2001:db8::/32", "[2001:db8::1]:443"));
    assert!(holds("fe80::/10", "fe80::1%eth0"));
    assert!(holds("10.0.0.7", "10.0.0.7") && !holds("10.0.0.7", "10.0.0.8"));
    assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
}

#[test]
fn other_texts_are_not_addresses() {
    for text in [
        "",
        "db-1",
        "10.0.0.7:",
        "10.0.0.7:99999",
        "10.0.0.7:+1",
        "[::1",
        "[::1]x",
        "[10.0.0.1]",
        "10.0.0",
        "::1]",
        "[]",
        "010.0.0.1",
    ] {
        assert_eq!(address(text), None, "{text}");
    }
}

/// The definition of a glob match: exponential, but simple.
fn naive(glob: &[char], text: &[char]) -> bool {
    match (glob, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|at| naive(rest, &text[at..])),
        (['?', glob @ ..], [_, text @ ..]) => naive(glob, text),
        ([wanted, glob @ ..], [found, text @ ..]) => wanted == found && naive(glob, text),
        ([], _) | (_, []) => false,
    }
}

proptest! {
    #[test]
    fn globs_match_by_definition(text in "[ab?*é]{0,8}", subject in "[abé]{0,8}") {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob(&text).fits(&subject), naive(&characters(&text), &characters(&subject)));
    }

    #[test]
    fn globs_ignore_case_as_folding_does(text in "[aB?*éK]{0,8}", subject in "[AbÉék]{0,8}") {
        let folded = glob(&fold(&text)).fits(&fold(&subject));
        prop_assert_eq!(Glob::new(&text, Case::Ignored).unwrap().fits(&subject), folded);
    }

    #[test]
    fn whole_matches_are_those_of_anchors(pattern in "[ab|()*?.]{0,8}", subject in "[ab]{0,6}") {
        if let Ok(regex) = RegexPattern::new(&pattern, "", Case::Sensitive) {
            let anchored = RegexPattern::new(&format!("^(?:{pattern})$"), "", Case::Sensitive).unwrap();
            prop_assert_eq!(regex.matches(&subject), anchored.finds(&subject));
        }
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,40}", subject in "\\PC{0,40}", flags in "[imsxUug]{0,3}") {
        if let Ok(regex) = RegexPattern::new(&text, &flags, Case::Ignored) {
            let _ = regex.matches(&subject);
            let _ = regex.finds(&subject);
        }
        let _ = Glob::new(&text, Case::Ignored).unwrap().fits(&subject);
        if let Err(invalid) = Network::new(&text) {
            prop_assert!(text.get(invalid.range).is_some());
        }
        let _ = address(&text);
    }

    #[test]
    fn regexes_from_their_own_alphabet_do_not_panic(text in "[a\\\\(){}\\[\\]?*+|^$.<>:=!PpxiUd0-9,-]{0,24}") {
        match RegexPattern::new(&text, "", Case::Sensitive) {
            Ok(regex) => prop_assert!(regex.matches("a") <= regex.finds("a")),
            Err(invalid) => prop_assert!(text.get(invalid.range).is_some()),
        }
    }
}
