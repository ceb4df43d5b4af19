//! What a client should not send: every request is answered, and the session goes on.

use super::client::{ClientKind, EditorClient};
use crate::common::Folder;
use lsp_server::{Connection, Message, Notification, Request, Response};
use pointsman::language_server::{ServerExit, serve};
use serde_json::{Value, json};

const RULES: &str = "edition 1\nchannel chat = stdout()\nrouting main { else => chat }\n";

/// Every method that the server knows, and some that it does not.
pub(crate) const METHODS: &[&str] = &[
    "textDocument/formatting",
    "textDocument/rangeFormatting",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/documentLink",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/inlayHint",
    "textDocument/selectionRange",
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/rename",
    "textDocument/prepareRename",
    "textDocument/signatureHelp",
    "textDocument/semanticTokens/full",
    "workspace/symbol",
    "workspace/executeCommand",
    "pointsman/text",
    "no/such/method",
];

/// Parameters that fit all of these methods, for a document and a range.
pub(crate) fn parameters(uri: &str, range: &Value) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "range": range,
        "position": range["start"],
        "positions": [range["start"], range["end"]],
        "context": {"diagnostics": [], "includeDeclaration": true},
        "options": {"tabSize": 4, "insertSpaces": true},
        "newName": "renamed",
        "query": "",
        "command": "pointsman.runTest",
        "arguments": [{"uri": uri}],
    })
}

#[test]
fn every_request_is_answered_whatever_its_parameters_are() {
    let folder = Folder::new().file("main.rules", RULES);
    let mut client = EditorClient::start(folder, ClientKind::Utf16, Value::Null);
    client.open("main.rules");
    let own = client.uri("main.rules");
    let uris = [&*own, "file:///no/such.rules", "untitled:one", "nonsense [", "file:///%zz%00", ""];
    let far = json!({"line": u32::MAX, "character": u32::MAX});
    let ranges = [
        json!({"start": far, "end": {"line": 0, "character": 0}}),
        json!({"start": {"line": 1, "character": 99}, "end": far}),
    ];
    for method in METHODS {
        for uri in uris {
            for range in &ranges {
                let _ = client.request(method, parameters(uri, range));
            }
        }
        for parameters in [Value::Null, json!({}), json!([1]), json!("x"), json!({"textDocument": 7})] {
            let _ = client.request(method, parameters);
        }
    }
    let sound = client.request("textDocument/documentSymbol", json!({"textDocument": {"uri": own}})).unwrap();
    assert!(sound.as_array().is_some_and(|symbols| symbols.len() == 2), "{sound}");
    client.settle();
    client.end();
}

#[test]
fn notifications_out_of_order_are_taken_as_they_come() {
    let folder = Folder::new().file("main.rules", RULES);
    let mut client = EditorClient::start(folder, ClientKind::Utf8, Value::Null);
    let uri = client.uri("main.rules");
    let change = |version: i32, range: Value, text: &str| json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"range": range, "text": text}]});
    let start = json!({"line": 0, "character": 0});
    client.notify("textDocument/didChange", change(1, json!({"start": start, "end": start}), "x"));
    client.notify("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    client.open("main.rules");
    client.open("main.rules");
    let far = json!({"line": 99, "character": 99});
    client.notify("textDocument/didChange", change(-7, json!({"start": far, "end": start}), "edition 1\n"));
    let text = client.request("pointsman/text", json!({"textDocument": {"uri": uri}})).unwrap();
    assert_eq!(text, json!({"version": -7, "text": "edition 1\n"}), "a range that is turned round");
    client.notify("textDocument/didChange", json!({"textDocument": {"uri": uri, "version": 5}, "contentChanges": 7}));
    client.notify("$/cancelRequest", json!({"id": 12345}));
    client.notify("$/cancelRequest", json!({"id": {}}));
    client.notify("no/such/notification", json!([1, 2]));
    client.notify("workspace/didChangeConfiguration", json!({"settings": {"pointsman": {"sets": [["."], "x", 7]}}}));
    client.settle();
    client.end();
}

#[test]
fn a_session_has_a_beginning_and_an_end() {
    let (server, client) = Connection::memory();
    let server = std::thread::spawn(move || serve(server).unwrap());
    let ask = |id: i32, method: &str| -> Response {
        let request = Request { id: id.into(), method: method.to_owned(), params: json!({}) };
        client.sender.send(request.into()).unwrap();
        match client.receiver.recv().unwrap() {
            Message::Response(response) => response,
            other => panic!("{other:?}"),
        }
    };
    let code = |response: Response| response.response_result.err().map(|error| error.code);
    assert_eq!(code(ask(1, "textDocument/hover")), Some(-32002), "it is not initialised");
    assert_eq!(code(ask(2, "initialize")), None);
    assert_eq!(code(ask(3, "initialize")), Some(-32600), "it is initialised");
    assert_eq!(code(ask(4, "shutdown")), None);
    assert_eq!(code(ask(5, "textDocument/hover")), Some(-32600), "it is shutting down");
    client.sender.send(Notification { method: "exit".to_owned(), params: Value::Null }.into()).unwrap();
    assert_eq!(server.join().unwrap(), ServerExit::Asked);
}

#[test]
fn a_client_that_is_gone_ends_the_session() {
    let (server, client) = Connection::memory();
    let server = std::thread::spawn(move || serve(server).unwrap());
    drop(client);
    assert_eq!(server.join().unwrap(), ServerExit::Abrupt);
}

#[test]
fn requests_about_an_older_text_are_refused_or_cancelled() {
    let folder = Folder::new().file("main.rules", RULES);
    let mut client = EditorClient::start(folder, ClientKind::Utf8, Value::Null);
    client.open("main.rules");
    let uri = client.uri("main.rules");
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    let mut asked = Vec::new();
    for _ in 0..20 {
        client.replace("main.rules", 0..0, "#\n");
        asked.push(client.begin("textDocument/codeAction", parameters(&uri, &range)));
        asked.push(client.begin("textDocument/inlayHint", parameters(&uri, &range)));
    }
    client.notify("$/cancelRequest", serde_json::to_value(json!({"id": asked.last().unwrap()})).unwrap());
    for id in asked {
        if let Err(reason) = client.answer(&id) {
            assert!(reason.contains("-32801") || reason.contains("-32800"), "{reason}");
        }
    }
    client.settle();
    client.end();
}
