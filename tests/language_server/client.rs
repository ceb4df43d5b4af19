//! An editor without windows: it speaks with the server over the real message types, and keeps its own texts.

use crate::common::Folder;
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use pointsman::language_server::{ServerExit, serve};
use pointsman::source::{ColumnUnit, EditorLines, EditorPosition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::Duration;

/// A server that takes longer to answer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// Everything, with columns in bytes.
    Utf8,
    /// Everything, with columns in UTF-16.
    Utf16,
    /// No optional capability.
    Bare,
}

/// A text of the editor.
#[derive(Debug, Clone)]
pub(crate) struct EditorText {
    pub(crate) text: String,
    pub(crate) version: i32,
}

/// The editor.
pub(crate) struct EditorClient {
    pub(crate) folder: Folder,
    pub(crate) kind: ClientKind,
    connection: Connection,
    server: Option<JoinHandle<ServerExit>>,
    /// The open texts by their names in the folder.
    pub(crate) texts: BTreeMap<String, EditorText>,
    settings: Value,
    requests: i32,
    /// What the server sent besides answers since it was last asked for.
    pub(crate) received: Vec<Message>,
    /// The answer to `initialize`.
    pub(crate) capabilities: Value,
}

impl EditorClient {
    /// Starts a server, and opens a folder.
    pub(crate) fn start(folder: Folder, kind: ClientKind, settings: Value) -> Self {
        let (server, connection) = Connection::memory();
        let server = std::thread::spawn(move || serve(server).unwrap());
        let mut client = Self {
            folder,
            kind,
            connection,
            server: Some(server),
            texts: BTreeMap::new(),
            settings,
            requests: 0,
            received: Vec::new(),
            capabilities: Value::Null,
        };
        let capabilities = match kind {
            ClientKind::Utf8 => capabilities(&json!({"positionEncodings": ["utf-16", "utf-8"]})),
            ClientKind::Utf16 => capabilities(&json!({"positionEncodings": ["utf-16"]})),
            ClientKind::Bare => json!({}),
        };
        let uri = client.uri("");
        let uri = uri.trim_end_matches('/');
        let options = if kind == ClientKind::Bare { client.settings.clone() } else { Value::Null };
        let parameters = json!({
            "processId": null,
            "rootUri": uri,
            "initializationOptions": options,
            "capabilities": capabilities,
        });
        client.capabilities = client.request("initialize", parameters).unwrap();
        client.notify("initialized", json!({}));
        client
    }

    fn unit(&self) -> ColumnUnit {
        if self.kind == ClientKind::Utf8 { ColumnUnit::Utf8 } else { ColumnUnit::Utf16 }
    }

    /// The URI of a name in the folder.
    pub(crate) fn uri(&self, name: &str) -> String {
        let path = self.folder.join(name).display().to_string();
        let encode = |byte: u8| match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        format!("file://{}", path.bytes().map(encode).collect::<String>())
    }

    /// The position of a byte of an open text.
    pub(crate) fn position(&self, name: &str, offset: usize) -> Value {
        let text = &self.texts[name].text;
        let position = EditorLines::new(text).position(text, offset, self.unit());
        json!({"line": position.line, "character": position.column})
    }

    /// The byte of a position in a text.
    pub(crate) fn offset(&self, text: &str, position: &Value) -> usize {
        let number = |name: &str| u32::try_from(position[name].as_u64().unwrap()).unwrap();
        let position = EditorPosition { line: number("line"), column: number("character") };
        EditorLines::new(text).offset(text, position, self.unit())
    }

    /// Opens a file of the folder.
    pub(crate) fn open(&mut self, name: &str) {
        let text = std::fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        self.open_text(name, text);
    }

    /// Opens a text.
    pub(crate) fn open_text(&mut self, name: &str, text: String) {
        let item = json!({"uri": self.uri(name), "languageId": "rules", "version": 1, "text": text});
        self.texts.insert(name.to_owned(), EditorText { text, version: 1 });
        self.notify("textDocument/didOpen", json!({"textDocument": item}));
    }

    /// Replaces a part of an open text: it is sent as a range.
    pub(crate) fn replace(&mut self, name: &str, range: std::ops::Range<usize>, text: &str) {
        self.replace_all(name, vec![(range, text.to_owned())]);
    }

    /// Replaces parts of an open text, the first one first: they are sent as ranges, in one message.
    pub(crate) fn replace_all(&mut self, name: &str, edits: Vec<(std::ops::Range<usize>, String)>) {
        let mut changes = Vec::new();
        for (range, text) in edits {
            let lsp_range = json!({"start": self.position(name, range.start), "end": self.position(name, range.end)});
            self.texts.get_mut(name).unwrap().text.replace_range(range, &text);
            changes.push(json!({"range": lsp_range, "text": text}));
        }
        let own = self.texts.get_mut(name).unwrap();
        own.version += 1;
        let version = own.version;
        let document = json!({"uri": self.uri(name), "version": version});
        self.notify("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    /// Writes the open text to its file.
    pub(crate) fn save(&mut self, name: &str) {
        self.folder.write(name, &self.texts[name].text);
        self.notify("textDocument/didSave", json!({"textDocument": {"uri": self.uri(name)}}));
    }

    /// Closes a text.
    pub(crate) fn close(&mut self, name: &str) {
        self.texts.remove(name);
        self.notify("textDocument/didClose", json!({"textDocument": {"uri": self.uri(name)}}));
    }

    /// Says that a file was changed on the disk.
    pub(crate) fn watched(&mut self, name: &str) {
        let change = json!({"uri": self.uri(name), "type": 2});
        self.notify("workspace/didChangeWatchedFiles", json!({"changes": [change]}));
    }

    /// Applies edits of the protocol to an open text, and sends them.
    pub(crate) fn apply(&mut self, name: &str, edits: &[Value]) {
        let text = self.texts[name].text.clone();
        let range =
            |edit: &Value| self.offset(&text, &edit["range"]["start"])..self.offset(&text, &edit["range"]["end"]);
        let mut edits: Vec<(std::ops::Range<usize>, String)> =
            edits.iter().map(|edit| (range(edit), edit["newText"].as_str().unwrap().to_owned())).collect();
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        edits.reverse();
        if !edits.is_empty() {
            self.replace_all(name, edits);
        }
    }

    /// Sends a notification.
    pub(crate) fn notify(&mut self, method: &str, params: Value) {
        self.send(Notification { method: method.to_owned(), params }.into());
    }

    fn send(&mut self, message: Message) {
        self.connection.sender.send(message).unwrap();
    }

    /// Sends a request, and waits for its answer. What else comes is kept.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.begin(method, params);
        self.answer(&id)
    }

    /// Sends a request.
    pub(crate) fn begin(&mut self, method: &str, params: Value) -> RequestId {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        self.send(Request { id: id.clone(), method: method.to_owned(), params }.into());
        id
    }

    /// Waits for an answer.
    pub(crate) fn answer(&mut self, id: &RequestId) -> Result<Value, String> {
        let kept = self.received.iter().position(|each| matches!(each, Message::Response(each) if each.id == *id));
        let response = kept.map(|at| self.received.remove(at));
        loop {
            let message = match &response {
                Some(response) => response.clone(),
                None => self.connection.receiver.recv_timeout(PATIENCE).expect("the server answers"),
            };
            match message {
                Message::Response(Response { id: answered, response_result }) if answered == *id => {
                    return response_result.map_err(|error| format!("{}: {}", error.code, error.message));
                }
                Message::Request(request) => {
                    self.answer_server(&request);
                    self.received.push(request.into());
                }
                other => self.received.push(other),
            }
        }
    }

    fn answer_server(&mut self, request: &Request) {
        let result = match &*request.method {
            "workspace/configuration" => json!([self.settings]),
            "workspace/applyEdit" => json!({"applied": true}),
            _ => Value::Null,
        };
        self.send(Response { id: request.id.clone(), response_result: Ok(result) }.into());
    }

    /// Waits until the server has done everything that was asked of it. The server answers no such command, but only after the
    /// checks that are due.
    pub(crate) fn settle(&mut self) {
        for _ in 0..2 {
            let refused = self.request("workspace/executeCommand", json!({"command": "wait"}));
            assert!(refused.is_err_and(|reason| reason.contains("no command `wait`")));
        }
    }

    /// The texts of the server are those of the client.
    pub(crate) fn compare_texts(&mut self) {
        for (name, own) in self.texts.clone() {
            let uri = self.uri(&name);
            let theirs = self.request("pointsman/text", json!({"textDocument": {"uri": uri}})).unwrap();
            if !theirs.is_null() {
                assert_eq!(theirs["text"], own.text, "{name}");
                assert_eq!(theirs["version"], own.version, "{name}");
            }
        }
    }

    /// Ends the session. Returns what the server sent that was not asked for.
    pub(crate) fn end(&mut self) -> Vec<Message> {
        self.request("shutdown", Value::Null).unwrap();
        self.notify("exit", Value::Null);
        let exit = self.server.take().unwrap().join().expect("the server does not panic");
        assert_eq!(exit, ServerExit::Asked);
        std::mem::take(&mut self.received)
    }
}

fn capabilities(general: &Value) -> Value {
    json!({
        "general": general,
        "textDocument": {
            "publishDiagnostics": {
                "relatedInformation": true,
                "tagSupport": {"valueSet": [1, 2]},
                "codeDescriptionSupport": true,
                "versionSupport": true,
            },
            "documentSymbol": {"hierarchicalDocumentSymbolSupport": true},
            "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source.fixAll"]}}},
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "completion": {"completionItem": {"snippetSupport": true}},
            "signatureHelp": {"signatureInformation": {"documentationFormat": ["markdown"]}},
        },
        "workspace": {
            "applyEdit": true,
            "configuration": true,
            "workspaceFolders": true,
            "didChangeWatchedFiles": {"dynamicRegistration": true},
            "workspaceEdit": {"documentChanges": true},
        },
    })
}
