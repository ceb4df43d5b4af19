//! What operators do from the command line: against an admin listener that is played, and against a gateway that runs.

mod whole;

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pointsman");
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pointsman-operations-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pointsman(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).env_clear().env("NO_COLOR", "1").stdin(Stdio::null());
    command.args(words).output().expect("the program starts")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Plays an admin listener that gives these answers in turn, and hands out the requests that it heard.
fn play(state: &Path, answers: Vec<(u16, &'static str)>) -> thread::JoinHandle<Vec<String>> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    fs::create_dir_all(state).expect("a state directory");
    fs::write(state.join("admin.json"), format!(r#"{{"url":"{url}","pid":1}}"#)).expect("written");
    fs::write(state.join("admin.token"), format!("{TOKEN}\n")).expect("written");
    thread::spawn(move || {
        let mut heard = Vec::new();
        let mut answers = answers.into_iter().peekable();
        while answers.peek().is_some() {
            let (stream, _) = listener.accept().expect("a connection");
            if let Some(request) = hear(&stream) {
                heard.push(request);
                let (status, body) = answers.next().expect("an answer");
                let start = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
                write!(&stream, "{start}connection: close\r\n\r\n{body}").expect("answered");
            }
        }
        heard
    })
}

/// A request with its head and body; nothing where the connection was only tried.
fn hear(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
    }
    let length = request.to_lowercase().split("content-length: ").nth(1).map_or(0, |rest| {
        rest.split("\r\n").next().and_then(|length| length.parse().ok()).expect("a length")
    });
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    Some(request + &String::from_utf8(body).expect("text"))
}

#[test]
fn a_running_gateway_is_asked_with_its_token() {
    let folder = Folder::new("asked");
    let letters = r#"{"items":[{"event":"01KADZ3V9G0000000000000000-0","channel":"oncall","key":"disk\u001b[2J","integration":"arms","received":"2026-03-06T18:00:00Z","died":"2026-03-07T18:00:00Z","attempts":3,"reason":"status 410"}]}"#;
    let gateway = play(&folder.0.join("pointsman-state"), vec![(200, letters)]);
    let output = pointsman(&folder.0, &["dead", "list", "--channel", "oncall", "--since", "2h"]);
    let heard = gateway.join().expect("it ended");
    assert!(heard[0].starts_with("GET /api/v1/dead?since=2h&channel=oncall HTTP/1.1"), "{heard:?}");
    assert!(heard[0].to_lowercase().contains(&format!("authorization: bearer {TOKEN}")), "{heard:?}");
    assert!(out(&output).contains("oncall") && out(&output).contains("3 attempts  status 410"));
    assert!(!out(&output).contains('\u{1b}'));
    assert!(err(&output).contains("pointsman dead retry"), "{}", err(&output));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_refusal_of_the_gateway_is_told_in_its_words_and_without_the_token() {
    let folder = Folder::new("refused");
    let state = folder.0.join("pointsman-state");
    for (status, body, expected) in [
        (503, r#"{"detail":"the journal is closed"}"#, "the journal is closed"),
        (401, "{}", "does not know the token"),
        (404, "<html>", "is no gateway of this version"),
    ] {
        let gateway = play(&state, vec![(status, body)]);
        let output = pointsman(&folder.0, &["dead", "retry", "--all"]);
        gateway.join().expect("it ended");
        assert_eq!(output.status.code(), Some(3));
        assert!(err(&output).contains(expected), "{}", err(&output));
        assert!(!err(&output).contains(TOKEN));
    }
}

#[test]
fn a_replay_is_planned_and_goes_from_the_oldest_to_the_newest() {
    let folder = Folder::new("replay");
    let plan = r#"{"items":[{"id":"01KADZ3V9G0000000000000002","integration":"arms","received":"2026-03-07T18:00:00Z","events":[0]},{"id":"01KADZ3V9G0000000000000001","integration":"arms","received":"2026-03-06T18:00:00Z","events":[0,1]}]}"#;
    let done = r#"{"items":[{"id":"01KADZ3V9G0000000000000001","refused":"no mapping accepts it"}]}"#;
    let gateway =
        play(&folder.0.join("pointsman-state"), vec![(200, plan), (200, r#"{"items":[]}"#), (200, done)]);
    let output = pointsman(&folder.0, &["replay", "--since", "2h", "--rate", "50"]);
    let heard = gateway.join().expect("it ended");
    assert!(heard[1].contains("before=01KADZ3V9G0000000000000001"), "{heard:?}");
    assert!(heard[2].starts_with("POST /api/v1/replay "), "{heard:?}");
    assert!(
        heard[2].contains(r#""ids":["01KADZ3V9G0000000000000001","01KADZ3V9G0000000000000002"]"#),
        "{heard:?}"
    );
    assert!(heard[2].contains(r#""rate":50"#), "{heard:?}");
    assert!(out(&output).contains("refused: no mapping accepts it"));
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
}

#[test]
fn what_changes_everything_is_said_to_be_meant() {
    let folder = Folder::new("all");
    for words in [&["dead", "drop"][..], &["dead", "retry"], &["replay"], &["quarantine", "replay"]] {
        let output = pointsman(&folder.0, words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(err(&output).contains("--all"), "{}", err(&output));
    }
}

#[test]
fn a_state_directory_that_is_not_there_is_not_made() {
    let folder = Folder::new("none");
    let output = pointsman(&folder.0, &["events", "--state", "elsewhere"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(err(&output).contains("there is no state directory `elsewhere`"), "{}", err(&output));
    assert!(!folder.0.join("elsewhere").exists());
}
