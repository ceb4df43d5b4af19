//! Rehearsals by the command line: a stored journal, the rules to play it by, and what is shown. A case is a folder of
//! `cases/rehearse` with `pushes.jsonl`, `old.rules` and `new.rules`.

use crate::common::{Finished, Folder};
use crate::journal::{accept_all, push, push_id};
use expect_test::expect_file;
use pointsman::gateway::journal::{
    ChannelPause, JournalConfig, JournalStore as _, Push, PushOrigin, Silence, SilenceId, SqliteStore, Transaction,
};
use pointsman::reload::{PastGeneration, Snapshot};
use pointsman::time::{Timestamp, duration};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn case(name: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/rehearse").join(name).join(file)
}

/// The pushes of a case, in the order of their times.
fn pushes(name: &str) -> Vec<Push> {
    let text = fs::read_to_string(case(name, "pushes.jsonl")).unwrap();
    let mut pushes = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let begin = Timestamp::read(line["at"].as_str().unwrap()).unwrap();
        let every = line["every"].as_str().map(|every| duration(every).unwrap()).unwrap_or_default();
        for number in 0..u32::try_from(line["times"].as_u64().unwrap_or(1)).unwrap() {
            pushes.push((begin.saturating_add(every * number), line.clone()));
        }
    }
    pushes.sort_by_key(|(received, _)| *received);
    let push = |(number, (received, line)): (u64, (Timestamp, Value))| Push {
        received,
        payload: line["payload"].to_string().into_bytes(),
        origin: if line["replay"] == true { PushOrigin::Replay } else { PushOrigin::Push },
        replay_of: (line["replay"] == true).then(|| push_id(0)),
        outcomes: "[]".into(),
        deliveries: Vec::new(),
        transitions: Vec::new(),
        ..push(number, "", "", None)
    };
    (0..).zip(pushes).map(push).collect()
}

/// A folder with the journal and the rules of a case. The old rules are those that were in force.
fn folder(name: &str) -> Folder {
    let folder = Folder::new();
    for file in ["old.rules", "new.rules"] {
        folder.write(file, fs::read(case(name, file)).unwrap());
    }
    let state = folder.join("pointsman-state");
    fs::create_dir(&state).unwrap();
    let options = JournalConfig { directory: state, least_free: Some(0), ..JournalConfig::default() };
    let mut store = SqliteStore::open(&options).unwrap();
    let snapshot = Snapshot::of(&[folder.join("old.rules")]).unwrap();
    let (rules, archive) = (snapshot.hash(), snapshot.archive());
    let mut note = |transaction: &mut dyn Transaction| {
        transaction.keep_rules(rules, &archive)?;
        transaction.note_generation(PastGeneration { generation: 3, rules })
    };
    store.transact(&mut note).unwrap();
    accept_all(&mut store, pushes(name).into_iter().map(|push| Push { rules, ..push }));
    folder
}

fn rehearse(folder: &Folder, columns: &str, words: &[&str]) -> Finished {
    let run = folder.pointsman(["rehearse"]).args(words).env("COLUMNS", columns).env("TZ", "Asia/Shanghai");
    run.stderr("").run()
}

const WEEK: [&str; 4] = ["--since", "2026-03-01T00:00:00+08:00", "--until", "2026-03-08T00:00:00+08:00"];

#[test]
fn a_week_is_played_by_new_rules_and_compared_with_the_old_ones() {
    let folder = folder("shop");
    let words = [&WEEK[..], &["--rules", "new.rules", "--against", "old.rules"]].concat();
    for columns in ["80", "160"] {
        let shown = rehearse(&folder, columns, &words).stdout;
        let widest = shown.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.parse().unwrap(), "{widest}: {shown}");
        expect_file![case("shop", &format!("columns-{columns}.txt"))].assert_eq(&shown);
    }
    let found: Value =
        serde_json::from_str(&rehearse(&folder, "80", &[&words[..], &["--json"]].concat()).stdout).unwrap();
    expect_file![case("shop", "report.json")].assert_eq(&format!("{found:#}\n"));
}

#[test]
fn the_rules_in_force_are_rehearsed_where_none_are_named() {
    let folder = folder("shop");
    let by_name = rehearse(&folder, "80", &[&WEEK[..], &["--rules", "old.rules"]].concat()).stdout;
    let in_force = rehearse(&folder, "80", &WEEK).stdout;
    assert_eq!(by_name.replace("old.rules", "the rules that were in force last (generation 3)"), in_force);
    let against = rehearse(&folder, "80", &[&WEEK[..], &["--rules", "new.rules", "--against"]].concat()).stdout;
    assert!(
        against.contains("new.rules: messages a day against the rules that were in force last (generation 3)"),
        "{against}"
    );
}

#[test]
fn silences_and_pauses_in_force_are_played() {
    let folder = folder("shop");
    let time = |text: &str| Timestamp::read(text).unwrap();
    let silence = Silence {
        id: SilenceId([1; 16]),
        condition: "true".to_owned(),
        from: time("2026-03-01T00:00:00Z"),
        until: time("2026-04-01T00:00:00Z"),
        until_resolved: false,
        channels: vec!["chat".to_owned()],
        because: "a move".to_owned(),
        author: "ops".to_owned(),
        created: time("2026-03-01T00:00:00Z"),
        extensions: Vec::new(),
        ended: None,
        quiet_since: None,
        has_begun: true,
    };
    let (since, until) = (time("2026-03-01T00:00:00Z"), time("2026-04-01T00:00:00Z"));
    let pause = ChannelPause { since, until, because: "a move".to_owned(), by: "ops".to_owned() };
    let options =
        JournalConfig { directory: folder.join("pointsman-state"), least_free: Some(0), ..JournalConfig::default() };
    let mut add = |transaction: &mut dyn Transaction| {
        transaction.put_silence(&silence)?;
        transaction.pause_channel("page", &pause).map(drop)
    };
    SqliteStore::open(&options).unwrap().transact(&mut add).unwrap();
    let words = [&WEEK[..], &["--rules", "new.rules", "--json"]].concat();
    let found: Value = serde_json::from_str(&rehearse(&folder, "80", &words).stdout).unwrap();
    let told = found["rehearsals"][0]["channels"].as_array().unwrap();
    let names: Vec<&str> = told.iter().map(|channel| channel["channel"].as_str().unwrap()).collect();
    assert_eq!(names, ["boss"]);
    let notes = found["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note == "played as they were: 1 silence and 1 pause in force"), "{notes:?}");
}

#[test]
fn a_time_without_pushes_and_rules_that_are_wrong_are_told() {
    let folder = folder("shop");
    let nothing =
        rehearse(&folder, "80", &["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z"]).stdout;
    assert!(nothing.contains("note: the journal has no push of this time\n"), "{nothing}");
    folder.write("wrong.rules", "edition 1\nchannel chat = dingtlk(url = env(\"A\"))\n");
    let wrong = folder.pointsman(["rehearse", "--rules", "wrong.rules"]).code(1).run();
    assert!(wrong.stderr.contains("the rules cannot be used: 1 error"), "{}", wrong.stderr);
    let unknown = folder.pointsman(["rehearse", "--integration", "shp"]).code(2).run();
    assert!(unknown.stderr.contains("did you mean `shop`?"), "{}", unknown.stderr);
    let alone = folder.pointsman(["rehearse", "--against", "old.rules"]).code(2).run();
    assert!(alone.stderr.contains("--rules"), "{}", alone.stderr);
}
