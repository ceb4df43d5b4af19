//! Scenarios: texts that say what happens in an editor. The recorded answers stand beside them.
//!
//! A line is a step. Lines that begin with four blanks are the text that belongs to the step above. A place is
//! `file:line:column`, from 1, in characters; a range is `file:line:column-line:column`.
//!
//! | step | what it does |
//! |---|---|
//! | `settings JSON` | before anything else: the settings of the client |
//! | `file NAME` | a file on the disk, before the server starts |
//! | `open NAME` | opens a file |
//! | `type PLACE TEXT` | types; `\n` is a line end |
//! | `replace RANGE TEXT` | replaces a part |
//! | `save NAME`, `close NAME` | saves or closes a text |
//! | `disk NAME`, `remove NAME` | another program changes or removes a file |
//! | `format NAME`, `format RANGE` | formats, and shows the text |
//! | `actions RANGE` | lists the code actions |
//! | `apply RANGE TITLE` | applies a code action, and shows the text |
//! | `run NAME JSON` | executes a command with these arguments |
//! | `symbols`, `folds`, `lenses`, `links`, `hints`, `tokens NAME` | what the editor asks of a whole text |
//! | `hover`, `complete`, `definition`, `references`, `highlight`, `signature`, `select PLACE` | of a place |
//! | `rename PLACE NAME` | renames, and shows the texts |
//! | `find TEXT` | symbols of the workspace |

use super::client::{ClientKind, EditorClient};
use super::transcript::Transcript;
use crate::common::Folder;
use serde_json::{Value, json};
use std::ops::Range;

/// A step with the text below it.
#[derive(Debug, Clone)]
struct ScenarioStep {
    words: String,
    text: String,
}

fn steps(scenario: &str) -> Vec<ScenarioStep> {
    let mut steps: Vec<ScenarioStep> = Vec::new();
    for line in scenario.lines() {
        if let Some(text) = line.strip_prefix("    ") {
            let step = steps.last_mut().expect("a text belongs to a step");
            step.text += text;
            step.text.push('\n');
        } else if line.is_empty() && steps.last().is_some_and(|step| !step.text.is_empty()) {
            steps.last_mut().unwrap().text.push('\n');
        } else if !line.is_empty() && !line.starts_with('#') {
            steps.push(ScenarioStep { words: line.to_owned(), text: String::new() });
        }
    }
    for step in &mut steps {
        // Empty lines behind a text part it from the next step.
        step.text.truncate(step.text.trim_end_matches('\n').len() + usize::from(!step.text.is_empty()));
    }
    steps
}

/// Plays a scenario. Returns what the server said.
pub(crate) fn play(scenario: &str, kind: ClientKind) -> String {
    let mut steps = steps(scenario);
    let folder = Folder::new();
    let mut settings = Value::Null;
    steps.retain(|step| match step.words.split_once(' ') {
        Some(("file", name)) => {
            folder.write(name, &step.text);
            false
        }
        Some(("settings", value)) => {
            settings = serde_json::from_str(value).unwrap();
            false
        }
        _ => true,
    });
    let client = EditorClient::start(folder, kind, settings);
    let mut player = ScenarioPlayer { client, transcript: Transcript::default() };
    player.client.settle();
    player.record("start");
    for step in steps {
        player.step(&step);
    }
    let left = player.client.end();
    assert!(left.is_empty(), "nobody asked for {left:?}");
    player.transcript.text
}

struct ScenarioPlayer {
    client: EditorClient,
    transcript: Transcript,
}

impl ScenarioPlayer {
    fn step(&mut self, step: &ScenarioStep) {
        let (verb, rest) = step.words.split_once(' ').unwrap_or((&step.words, ""));
        let shown: Option<String> = match verb {
            "open" => {
                self.client.open(rest);
                None
            }
            "type" | "replace" => {
                let (place, text) = rest.split_once(' ').unwrap_or((rest, ""));
                let (name, range) = self.range(place);
                let text = if step.text.is_empty() { text.replace("\\n", "\n") } else { step.text.clone() };
                self.client.replace(&name, range, &text);
                None
            }
            "save" => {
                self.client.save(rest);
                None
            }
            "close" => {
                self.client.close(rest);
                None
            }
            "disk" => {
                self.client.folder.write(rest, &step.text);
                self.client.watched(rest);
                None
            }
            "remove" => {
                std::fs::remove_file(self.client.folder.join(rest)).unwrap();
                self.client.watched(rest);
                None
            }
            "format" => Some(self.format(rest)),
            "actions" => Some(self.actions(rest)),
            "apply" => Some(self.apply(rest)),
            "rename" => Some(self.rename(rest)),
            "tokens" => Some(self.tokens(rest)),
            "find" => Some(self.ask("", "workspace/symbol", json!({"query": rest}))),
            "run" => {
                let (command, argument) = rest.split_once(' ').unwrap_or((rest, "{}"));
                let mut argument: Value = serde_json::from_str(argument).unwrap();
                if let Some(name) = argument["file"].as_str() {
                    argument["uri"] = self.client.uri(name).into();
                }
                Some(self.ask("", "workspace/executeCommand", json!({"command": command, "arguments": [argument]})))
            }
            _ => Some(self.simple(verb, rest)),
        };
        self.client.settle();
        self.client.compare_texts();
        self.record(&step.words);
        if let Some(shown) = shown {
            self.transcript.text += &shown;
        }
    }

    /// A request for a whole text, or for a place.
    fn simple(&mut self, verb: &str, place: &str) -> String {
        let (method, extra) = match verb {
            "symbols" => ("textDocument/documentSymbol", json!({})),
            "folds" => ("textDocument/foldingRange", json!({})),
            "lenses" => ("textDocument/codeLens", json!({})),
            "links" => ("textDocument/documentLink", json!({})),
            "hints" => ("textDocument/inlayHint", json!({})),
            "hover" => ("textDocument/hover", json!({})),
            "complete" => ("textDocument/completion", json!({})),
            "definition" => ("textDocument/definition", json!({})),
            "references" => ("textDocument/references", json!({"context": {"includeDeclaration": true}})),
            "highlight" => ("textDocument/documentHighlight", json!({})),
            "signature" => ("textDocument/signatureHelp", json!({})),
            "select" => ("textDocument/selectionRange", json!({})),
            other => panic!("no step `{other}`"),
        };
        let mut parameters = extra;
        let name = place.split(':').next().unwrap().to_owned();
        parameters["textDocument"] = json!({"uri": self.client.uri(&name)});
        if place.contains(':') {
            let (_, range) = self.range(place);
            parameters["position"] = self.client.position(&name, range.start);
            parameters["positions"] = json!([parameters["position"]]);
        } else {
            parameters["range"] = self.whole(&name);
        }
        self.ask(&name, method, parameters)
    }

    fn ask(&mut self, name: &str, method: &str, parameters: Value) -> String {
        let answer = self.client.request(method, parameters);
        Transcript::answer(&self.client, name, answer)
    }

    fn whole(&self, name: &str) -> Value {
        let end = self.client.texts[name].text.len();
        json!({"start": self.client.position(name, 0), "end": self.client.position(name, end)})
    }

    fn format(&mut self, place: &str) -> String {
        let (name, method, range) = if place.contains(':') {
            let (name, range) = self.range(place);
            let start = self.client.position(&name, range.start);
            let range = json!({"start": start, "end": self.client.position(&name, range.end)});
            (name, "textDocument/rangeFormatting", range)
        } else {
            (place.to_owned(), "textDocument/formatting", Value::Null)
        };
        let document = json!({"uri": self.client.uri(&name)});
        let options = json!({"tabSize": 8, "insertSpaces": false});
        let mut parameters = json!({"textDocument": document, "options": options});
        if !range.is_null() {
            parameters["range"] = range;
        }
        let edits = self.client.request(method, parameters).unwrap();
        let edits = edits.as_array().cloned().unwrap_or_default();
        self.client.apply(&name, &edits);
        self.shown_text(&name, edits.len())
    }

    fn shown_text(&self, name: &str, edits: usize) -> String {
        let text = &self.client.texts[name].text;
        let lines: Vec<String> = text.split_inclusive('\n').map(|line| format!("  | {line}")).collect();
        format!("  edits in {name}: {edits}\n{}", lines.concat())
    }

    fn code_actions(&mut self, name: &str, range: Range<usize>) -> Vec<Value> {
        let start = self.client.position(name, range.start);
        let range = json!({"start": start, "end": self.client.position(name, range.end)});
        let document = json!({"uri": self.client.uri(name)});
        let parameters = json!({"textDocument": document, "range": range, "context": {"diagnostics": []}});
        let actions = self.client.request("textDocument/codeAction", parameters).unwrap();
        actions.as_array().cloned().unwrap_or_default()
    }

    fn actions(&mut self, place: &str) -> String {
        let (name, range) = self.range(place);
        let actions = self.code_actions(&name, range);
        let line = |action: &Value| {
            let preferred = if action["isPreferred"] == true { " (preferred)" } else { "" };
            let kind = action["kind"].as_str().unwrap_or("command");
            format!("  {kind}: {}{preferred}\n", action["title"].as_str().unwrap())
        };
        actions.iter().map(line).collect()
    }

    fn apply(&mut self, rest: &str) -> String {
        let (place, title) = rest.split_once(' ').unwrap();
        let (name, range) = self.range(place);
        let actions = self.code_actions(&name, range);
        let action = actions.iter().find(|action| action["title"] == title);
        let action = action.unwrap_or_else(|| panic!("no action `{title}` among {actions:#?}"));
        // A client without literals gets commands, which the server turns into edits.
        let edit = if action["edit"].is_null() {
            let command = if action["command"].is_string() { action } else { &action["command"] };
            let parameters = json!({"command": command["command"], "arguments": command["arguments"]});
            self.client.request("workspace/executeCommand", parameters).unwrap()
        } else {
            action["edit"].clone()
        };
        self.apply_workspace_edit(&edit)
    }

    fn rename(&mut self, rest: &str) -> String {
        let (place, new) = rest.split_once(' ').unwrap();
        let (name, range) = self.range(place);
        let position = self.client.position(&name, range.start);
        let document = json!({"uri": self.client.uri(&name)});
        let parameters = json!({"textDocument": document, "position": position, "newName": new});
        match self.client.request("textDocument/rename", parameters) {
            Ok(edit) => self.apply_workspace_edit(&edit),
            Err(reason) => format!("  refused: {reason}\n"),
        }
    }

    /// The semantic tokens: each word with its type, a declaration with a `!`.
    fn tokens(&mut self, name: &str) -> String {
        const TYPES: [&str; 14] = [
            "keyword",
            "string",
            "regexp",
            "number",
            "comment",
            "operator",
            "enumMember",
            "function",
            "parameter",
            "variable",
            "property",
            "type",
            "namespace",
            "class",
        ];
        let parameters = json!({"textDocument": {"uri": self.client.uri(name)}});
        let answer = self.client.request("textDocument/semanticTokens/full", parameters).unwrap();
        let data: Vec<u64> = answer["data"].as_array().unwrap().iter().map(|each| each.as_u64().unwrap()).collect();
        let text = self.client.texts[name].text.clone();
        let (mut line, mut character, mut shown) = (0, 0, String::new());
        for token in data.chunks(5) {
            character = if token[0] == 0 { character + token[1] } else { token[1] };
            line += token[0];
            let start = self.client.offset(&text, &json!({"line": line, "character": character}));
            let end = self.client.offset(&text, &json!({"line": line, "character": character + token[2]}));
            let declares = if token[4] & 1 == 1 { "!" } else { "" };
            let separator = if token[0] == 0 && !shown.is_empty() { " " } else { "\n  " };
            shown += &format!("{separator}{}:{}{declares}", &text[start..end], TYPES[token[3] as usize]);
        }
        format!("{}\n", shown.trim_start_matches('\n'))
    }

    fn apply_workspace_edit(&mut self, edit: &Value) -> String {
        let mut changes: Vec<(String, Vec<Value>)> = Vec::new();
        for change in edit["documentChanges"].as_array().into_iter().flatten() {
            let edits = change["edits"].as_array().unwrap().clone();
            changes.push((change["textDocument"]["uri"].as_str().unwrap().to_owned(), edits));
        }
        for (uri, edits) in edit["changes"].as_object().into_iter().flatten() {
            changes.push((uri.clone(), edits.as_array().unwrap().clone()));
        }
        changes.sort_by(|one, other| one.0.cmp(&other.0));
        let mut shown = String::new();
        for (uri, edits) in changes {
            let names: Vec<String> = self.client.texts.keys().cloned().collect();
            let Some(name) = names.into_iter().find(|name| self.client.uri(name) == uri) else {
                let name = uri.rsplit('/').next().unwrap();
                shown += &format!("  edits in {name}, which is not open: {}\n", edits.len());
                continue;
            };
            self.client.apply(&name, &edits);
            shown += &self.shown_text(&name, edits.len());
        }
        shown
    }

    /// Writes down what came besides answers.
    fn record(&mut self, words: &str) {
        self.transcript.text += &format!("> {words}\n");
        let received = std::mem::take(&mut self.client.received);
        for message in received {
            self.transcript.message(&self.client, message);
        }
    }

    /// `main.rules:7:12` or `main.rules:7:12-7:15`
    fn range(&self, place: &str) -> (String, Range<usize>) {
        let (name, numbers) = place.split_once(':').unwrap_or_else(|| panic!("`{place}` is no place"));
        let text = &self.client.texts[name].text;
        let (start, end) = numbers.split_once('-').unwrap_or((numbers, numbers));
        (name.to_owned(), offset(text, start)..offset(text, end))
    }
}

/// The byte of a line and a column from 1, in characters.
fn offset(text: &str, place: &str) -> usize {
    let (line, column) = place.split_once(':').unwrap();
    let (line, column): (usize, usize) = (line.parse().unwrap(), column.parse().unwrap());
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
}
