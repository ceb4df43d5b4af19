//! What a server said, in a form that is the same for all clients: places in characters from 1, names in the place of URIs.

use super::client::EditorClient;
use lsp_server::Message;
use serde_json::{Map, Value};

/// The lines so far.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    pub(crate) text: String,
}

impl Transcript {
    /// Adds a message that is not an answer.
    pub(crate) fn message(&mut self, client: &EditorClient, message: Message) {
        match message {
            Message::Notification(each) if each.method == "textDocument/publishDiagnostics" => {
                self.diagnostics(client, &each.params);
            }
            Message::Notification(each) => {
                let shown = shown(client, "", &each.params);
                self.text += &format!("  {} {shown}\n", each.method);
            }
            Message::Request(each) => self.text += &format!("  asks {}\n", each.method),
            Message::Response(each) => panic!("an answer that nobody waits for: {each:?}"),
        }
    }

    fn diagnostics(&mut self, client: &EditorClient, parameters: &Value) {
        let name = name(client, parameters["uri"].as_str().unwrap());
        let version = parameters["version"].as_i64().map(|version| format!(" version {version}")).unwrap_or_default();
        let found = parameters["diagnostics"].as_array().unwrap();
        let count = if found.is_empty() { "no problems".to_owned() } else { found.len().to_string() };
        self.text += &format!("  diagnostics of {name}{version}: {count}\n");
        for each in found {
            let level = if each["severity"] == 1 { "error" } else { "warning" };
            let range = shown_range(client, &name, &each["range"]).unwrap();
            let tags = if each["tags"].is_array() { " (unnecessary)" } else { "" };
            let message = each["message"].as_str().unwrap().replace('\n', "\n      ");
            let folder = client.folder.path().display().to_string();
            let message = message.replace(&format!("{folder}/"), "").replace(&folder, "FOLDER");
            self.text += &format!("    {range} {level} {}{tags}: {message}\n", each["code"].as_str().unwrap());
            for related in each["relatedInformation"].as_array().into_iter().flatten() {
                let other = self::name(client, related["location"]["uri"].as_str().unwrap());
                let range = shown_range(client, &other, &related["location"]["range"]).unwrap();
                self.text += &format!("      see {other}:{range}: {}\n", related["message"].as_str().unwrap());
            }
        }
    }

    /// The lines of an answer.
    pub(crate) fn answer(client: &EditorClient, name: &str, answer: Result<Value, String>) -> String {
        match answer {
            Ok(Value::Array(items)) if !items.is_empty() => {
                let lines: Vec<String> =
                    items.iter().map(|item| format!("  {}\n", shown(client, name, item))).collect();
                lines.concat()
            }
            Ok(value) => format!("  {}\n", shown(client, name, &value)),
            Err(reason) => format!("  refused: {reason}\n"),
        }
    }
}

/// A value on one line; long texts as they are.
fn shown(client: &EditorClient, name: &str, value: &Value) -> String {
    let text = serde_json::to_string(&plain(client, name, value)).unwrap();
    let text = text.replace(&format!("{}/", client.folder.path().display()), "");
    text.replace("\\n", "\n    ").replace("\\\"", "\"")
}

/// The value with places as people write them.
fn plain(client: &EditorClient, name: &str, value: &Value) -> Value {
    if let Some(range) = shown_range(client, name, value) {
        return range.into();
    }
    match value {
        Value::String(text) if text.starts_with("file://") => self::name(client, text).into(),
        Value::Array(items) => items.iter().map(|item| plain(client, name, item)).collect(),
        Value::Object(members) => {
            let own = members.get("uri").or_else(|| members.get("targetUri")).and_then(Value::as_str);
            let own = own.or_else(|| members.get("textDocument")?.get("uri")?.as_str());
            let own = own.map_or_else(|| name.to_owned(), |uri| self::name(client, uri));
            let member = |(key, value): (&String, &Value)| {
                let of_key = if key.starts_with("file://") { self::name(client, key) } else { own.clone() };
                let key = if key.starts_with("file://") { of_key.clone() } else { key.clone() };
                (key, plain(client, &of_key, value))
            };
            Value::Object(members.iter().map(member).collect::<Map<String, Value>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// A range or a position, if the value is one.
fn shown_range(client: &EditorClient, name: &str, value: &Value) -> Option<String> {
    if value.get("start").is_some_and(Value::is_object) {
        let (start, end) = (shown_range(client, name, &value["start"])?, shown_range(client, name, &value["end"])?);
        return Some(if start == end { start } else { format!("{start}-{end}") });
    }
    value.get("line").and_then(|_| value.get("character"))?;
    let on_disk = || std::fs::read_to_string(client.folder.join(name)).unwrap_or_default();
    let text = client.texts.get(name).map_or_else(on_disk, |own| own.text.clone());
    let offset = client.offset(&text, value);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Some(format!("{}:{}", before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
}

/// The name of a file in the folder.
fn name(client: &EditorClient, uri: &str) -> String {
    uri.strip_prefix(&client.uri("")).unwrap_or(uri).to_owned()
}
