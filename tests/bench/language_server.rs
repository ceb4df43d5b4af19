//! The language server in process: from a key press to its diagnostics, and the answers that an editor waits for.
//!
//! `cargo bench --bench language_server -- [KEYS]`: so many keys are pressed in rule sets of 1,000 and 10,000 routes. Medians and
//! the worst of twenty; memory before and after ten times as many keys.

#![allow(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures time, prints, and may fail by a panic"
)]

use lsp_server::{Connection, Message, Notification, Request, RequestId};
use pointsman::language_server::serve;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const METHODS: &[&str] = &[
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/documentSymbol",
    "textDocument/codeAction",
    "textDocument/formatting",
    "textDocument/inlayHint",
    "textDocument/semanticTokens/full",
];

fn main() {
    let keys = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(100);
    for routes in [1_000, 10_000] {
        let mut editor = Editor::open(routes);
        let (mut typed, mut answered) = (Vec::new(), vec![Vec::new(); METHODS.len()]);
        for key in 0..keys {
            typed.push(editor.press(key));
            if key % 10 == 0 {
                for (method, times) in METHODS.iter().zip(&mut answered) {
                    times.extend(editor.ask(method));
                }
            }
        }
        let pause = if routes > 5_000 { " (200 ms of it are the pause)" } else { "" };
        println!("{routes} routes: diagnostics after a key press: {}{pause}", shown(&mut typed));
        for (method, times) in METHODS.iter().zip(&mut answered) {
            println!("  {method}: {}", shown(times));
        }
        let before = resident();
        let more = if routes > 5_000 { keys } else { 10 * keys };
        for key in 0..more {
            editor.press(key);
        }
        println!("  memory: {} MiB, after {more} more keys {} MiB", before >> 10, resident() >> 10);
    }
}

/// The median, and the worst of the first nineteen twentieths.
fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    if times.is_empty() { "not answered".to_owned() } else { format!("{:.1} ms, 95 % within {:.1} ms", at(50), at(95)) }
}

/// Memory of the process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn rules(routes: usize) -> String {
    let mut text = "edition 1\n\n".to_owned();
    for channel in 0..20 {
        let _ = writeln!(text, "channel team{channel} = stdout()");
    }
    text.push_str("\nrouting main {\n");
    for route in 0..routes {
        let severity = ["Critical", "Warning"][route % 2];
        let _ = writeln!(
            text,
            "  route r{route} when labels.service == \"service-{route}\" and severity >= {severity} => team{}",
            route % 20
        );
    }
    text.push_str("  else => team0\n}\n\ntest \"first\" {\n  routing main\n");
    text.push_str("  event { severity: Critical, labels: { service: \"service-0\" } }\n  expect sent [team0]\n}\n");
    text
}

struct Editor {
    connection: Connection,
    uri: String,
    /// The line on which keys are pressed, and its length.
    line: usize,
    version: i32,
    requests: i32,
    _folder: tempfile::TempDir,
}

impl Editor {
    fn open(routes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = rules(routes);
        let path = folder.path().join("main.rules");
        std::fs::write(&path, &text).unwrap();
        let (server, connection) = Connection::memory();
        std::thread::spawn(move || serve(server).unwrap());
        let uri = format!("file://{}", path.display());
        let root = format!("file://{}", folder.path().display());
        let line = text.lines().position(|line| line.contains("route r500 ")).unwrap();
        let mut editor = Self { connection, uri, line, version: 1, requests: 0, _folder: folder };
        let capabilities = json!({"general": {"positionEncodings": ["utf-8"]}});
        editor.request("initialize", json!({"rootUri": root, "capabilities": capabilities})).unwrap();
        let item = json!({"uri": editor.uri, "languageId": "pointsman", "version": 1, "text": text});
        editor.notify("textDocument/didOpen", json!({"textDocument": item}));
        editor.await_diagnostics();
        editor
    }

    /// Types a letter into a string of the rules, or removes it. Returns how long the diagnostics took.
    fn press(&mut self, key: usize) -> Duration {
        let column = "  route r500 when labels.service == \"service-".len();
        let (end, text) = if key.is_multiple_of(2) { (column, "x") } else { (column + 1, "") };
        let range =
            json!({"start": {"line": self.line, "character": column}, "end": {"line": self.line, "character": end}});
        self.version += 1;
        let document = json!({"uri": self.uri, "version": self.version});
        let began = Instant::now();
        self.notify(
            "textDocument/didChange",
            json!({
                "textDocument": document,
                "contentChanges": [{"range": range, "text": text}],
            }),
        );
        self.await_diagnostics();
        began.elapsed()
    }

    /// How long an answer takes; nothing if the server does not know the method.
    fn ask(&mut self, method: &str) -> Option<Duration> {
        let position = json!({"line": self.line, "character": 20});
        let began = Instant::now();
        let answer = self.request(
            method,
            json!({
                "textDocument": {"uri": self.uri},
                "position": position,
                "range": {"start": {"line": 0, "character": 0}, "end": position},
                "context": {"diagnostics": []},
                "options": {"tabSize": 2, "insertSpaces": true},
            }),
        );
        answer.map(|_| began.elapsed())
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.connection.sender.send(Notification { method: method.to_owned(), params }.into()).unwrap();
    }

    fn request(&mut self, method: &str, params: Value) -> Option<Value> {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        self.connection.sender.send(Request { id: id.clone(), method: method.to_owned(), params }.into()).unwrap();
        loop {
            if let Message::Response(response) = self.connection.receiver.recv().unwrap()
                && response.id == id
            {
                return response.response_result.ok();
            }
        }
    }

    fn await_diagnostics(&mut self) {
        loop {
            if let Message::Notification(each) = self.connection.receiver.recv().unwrap()
                && each.method == "textDocument/publishDiagnostics"
                && each.params["version"] == self.version
            {
                return;
            }
        }
    }
}
