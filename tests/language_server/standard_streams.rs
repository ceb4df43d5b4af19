//! The program over its standard input and output.

use crate::common::{Folder, PROGRAM};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{ChildStdout, Command, Stdio};

#[test]
fn the_program_speaks_over_its_standard_streams() {
    let folder =
        Folder::new().file("main.rules", "edition 1\nchannel chat = stdout()\nrouting main { else => chatt }\n");
    let uri = format!("file://{}/main.rules", folder.path().display());
    let mut program = Command::new(PROGRAM)
        .args(["lsp", "--stdio"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = program.stdin.take().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut send = |message: &str| write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).unwrap();
    let root = format!("file://{}", folder.path().display());
    let parameters = json!({"rootUri": root, "capabilities": {}});
    send(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters}).to_string());
    let answer = read(&mut output);
    assert_eq!(answer["result"]["serverInfo"]["name"], "pointsman", "{answer}");
    assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
    send("this is no message");
    assert_eq!(read(&mut output)["error"]["code"], -32700, "the session goes on");
    send(&json!({"jsonrpc": "2.0", "method": "initialized", "params": {}}).to_string());
    let text = std::fs::read_to_string(folder.join("main.rules")).unwrap();
    let item = json!({"uri": uri, "languageId": "rules", "version": 1, "text": text});
    let open = json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item}});
    send(&open.to_string());
    let published = read(&mut output);
    assert_eq!(published["params"]["diagnostics"][0]["code"], "E0031", "{published}");
    send(&json!({"jsonrpc": "2.0", "id": "two", "method": "shutdown"}).to_string());
    assert_eq!(read(&mut output)["id"], "two");
    send(&json!({"jsonrpc": "2.0", "method": "exit"}).to_string());
    assert!(program.wait().unwrap().success());
}

#[test]
fn the_program_ends_when_nobody_speaks() {
    let folder = Folder::new();
    folder.pointsman(["lsp"]).stdin("").code(1).stdout("").run();
}

fn read(output: &mut BufReader<ChildStdout>) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some((_, number)) => length = number.parse().unwrap(),
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    output.read_exact(&mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
