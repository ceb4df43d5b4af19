//! Code actions of the cases: each that has an edit removes its diagnostic, and adds no syntax error.

use super::client::{ClientKind, EditorClient};
use crate::common::Folder;
use lsp_server::Message;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The first comment of a case in which a second mistake appears only when the first is fixed.
const ANOTHER: &str = "# one mistake behind another\n";

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let folders = ["syntax", "check", "lint", "prove"].map(|folder| root.join(folder));
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rules"));
    paths.sort();
    paths
}

/// Applies every edit of every `stride`-th case. Returns how many there were.
pub(crate) fn run(stride: usize, first: usize) -> usize {
    let mut client = EditorClient::start(Folder::new(), ClientKind::Utf16, Value::Null);
    client.settle();
    let mut count = 0;
    for (number, case) in cases().into_iter().enumerate().skip(first).step_by(stride) {
        let Ok(text) = fs::read_to_string(&case) else { continue };
        // A folder of its own, so that the cases are not one rule set.
        let name = format!("case{number}/{}", case.file_name().unwrap().display());
        client.folder.write(&name, &text);
        client.open(&name);
        // A text that does not name its edition is not taken for a rule file.
        let Some(before) = published(&mut client, &name) else { continue };
        for finding in &before {
            for title in titles(&mut client, &name, finding) {
                count += 1;
                apply(&mut client, &name, finding, &title);
                let after = published(&mut client, &name).unwrap();
                let is_same =
                    |one: &Value, two: &Value| first_line(one) == first_line(two) && one["code"] == two["code"];
                let number = |all: &[Value]| all.iter().filter(|other| is_same(other, finding)).count();
                let case = format!("{}: `{title}` for {finding}", case.display());
                assert!(number(&after) < number(&before), "it remains: {case}");
                let is_new = |other: &&Value| {
                    let is_syntax = other["severity"] == 1 && other["code"].as_str().unwrap() < "E0030";
                    is_syntax && !before.iter().any(|known| is_same(known, other))
                };
                let new = after.iter().find(is_new);
                assert!(new.is_none() || text.contains(ANOTHER), "{case} adds {}", new.unwrap());
                let length = client.texts[&name].text.len();
                client.replace(&name, 0..length, &text);
                assert_eq!(published(&mut client, &name).unwrap().len(), before.len());
            }
        }
        client.close(&name);
        client.settle();
        client.received.clear();
    }
    client.end();
    count
}

fn first_line(diagnostic: &Value) -> &str {
    diagnostic["message"].as_str().unwrap().lines().next().unwrap_or_default()
}

/// The newest diagnostics of a file.
fn published(client: &mut EditorClient, name: &str) -> Option<Vec<Value>> {
    client.settle();
    let uri = client.uri(name);
    let received = std::mem::take(&mut client.received);
    let own = received.iter().rev().find_map(|message| match message {
        Message::Notification(each) if each.params["uri"] == uri => Some(each.params["diagnostics"].clone()),
        _ => None,
    });
    own?.as_array().cloned()
}

fn actions(client: &mut EditorClient, name: &str, finding: &Value) -> Vec<Value> {
    let document = json!({"uri": client.uri(name)});
    let context = json!({"diagnostics": [], "only": ["quickfix"]});
    let parameters = json!({"textDocument": document, "range": finding["range"], "context": context});
    let actions = client.request("textDocument/codeAction", parameters).unwrap();
    let own = |action: &&Value| {
        action["diagnostics"][0]["code"] == finding["code"]
            && action["diagnostics"][0]["range"] == finding["range"]
            && action["diagnostics"][0]["message"] == finding["message"]
            && !action["edit"].is_null()
    };
    actions.as_array().unwrap().iter().filter(own).cloned().collect()
}

fn titles(client: &mut EditorClient, name: &str, finding: &Value) -> Vec<String> {
    let actions = actions(client, name, finding);
    actions.iter().map(|action| action["title"].as_str().unwrap().to_owned()).collect()
}

fn apply(client: &mut EditorClient, name: &str, finding: &Value, title: &str) {
    let actions = actions(client, name, finding);
    let action = actions.iter().find(|action| action["title"] == title).unwrap();
    let changes = action["edit"]["documentChanges"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{action}");
    client.apply(name, changes[0]["edits"].as_array().unwrap());
}
