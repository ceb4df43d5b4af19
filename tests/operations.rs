//! What operators do on the command line: with a scripted admin listener, and with a running gateway.

mod connection;
mod problems;
mod whole;

use crate::common::Folder;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// An admin listener that gives these answers in turn, and returns the requests that it received.
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

/// A request with its head and body; none if the client only connected.
fn hear(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
    }
    let length = request
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().and_then(|length| length.parse().ok()).expect("a length"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body");
    Some(request + &String::from_utf8(body).expect("text"))
}

#[test]
fn a_running_gateway_is_asked_with_its_token() {
    let folder = Folder::new();
    let letters = r#"{"items":[{"event":"01KADZ3V9G0000000000000000-0","channel":"oncall","key":"disk\u001b[2J","integration":"arms","received":"2026-03-06T18:00:00Z","died":"2026-03-07T18:00:00Z","attempts":3,"reason":"status 410"}]}"#;
    let gateway = play(&folder.join("pointsman-state"), vec![(200, letters)]);
    let output = folder.pointsman(["dead", "list", "--channel", "oncall", "--since", "2h"]).finish();
    let heard = gateway.join().expect("it ended");
    assert!(heard[0].starts_with("GET /api/v1/dead?since=2h&channel=oncall&limit=100 HTTP/1.1"), "{heard:?}");
    assert!(heard[0].to_lowercase().contains(&format!("authorization: bearer {TOKEN}")), "{heard:?}");
    assert!(output.stdout.contains("oncall") && output.stdout.contains("3  status 410"));
    assert!(!output.stdout.contains('\u{1b}'));
    assert!(output.stderr.contains("pointsman dead retry"), "{}", output.stderr);
    assert_eq!(output.code, Some(0));
}

/// A status with a problem that is longer than a narrow terminal.
const FAILING: &str = r#"{"version":"0.1.0","listen":"127.0.0.1:8480","accepting":true,"rules":{"roots":["a.rules"],
"generation":1,"sha256":"00","loaded":"2026-03-07T01:00:00Z","attempted":"2026-03-07T01:00:00Z","failure":null,
"watching":"inotify","why_poll":null,"alive":1,"warnings":[]},"integrations":[],"channels":[],"problems":[{"level":
"failing","kind":"held","subject":"channel page","since":null,"next":"2026-03-07T02:00:00Z","summary":
"the receiver asked to wait: 130101 send too fast","fix":"deliveries continue by themselves; to avoid it, send less"}]}"#;

#[test]
fn problems_are_shown_with_what_to_do_and_by_the_exit_code() {
    let folder = Folder::new();
    let state = folder.join("pointsman-state");
    let (healthy, _) = FAILING.split_once("\"problems\":[").expect("problems");
    let healthy: &str = Box::leak(format!("{healthy}\"problems\":[]}}").into_boxed_str());
    for (status, code, expected) in [
        (FAILING, 1, "FAILING  channel page\n         the receiver asked to wait: 130101 send\n         too fast\n"),
        (healthy, 0, "nothing needs a look\n"),
    ] {
        let gateway = play(&state, vec![(200, status)]);
        let output = folder.pointsman(["status", "--problems"]).env("COLUMNS", "50").code(code).run();
        gateway.join().expect("it ended");
        assert!(output.stdout.contains(expected), "{}", output.stdout);
    }
    let gateway = play(&state, vec![(200, FAILING)]);
    let output = folder.pointsman(["status", "--problems", "--json"]).code(1).run();
    gateway.join().expect("it ended");
    assert!(output.stdout.starts_with("[\n") && output.stdout.contains("\"kind\": \"held\""), "{}", output.stdout);
}

#[test]
fn a_refusal_of_the_gateway_is_told_in_its_words_and_without_the_token() {
    let folder = Folder::new();
    let state = folder.join("pointsman-state");
    for (status, body, expected) in [
        (503, r#"{"detail":"the journal is closed"}"#, "the journal is closed"),
        (401, "{}", "does not accept the token: name the one that it was started with, by `--token-file FILE`"),
        (404, "<html>", "is not a gateway of this version"),
    ] {
        let gateway = play(&state, vec![(status, body)]);
        let output = folder.pointsman(["dead", "retry", "--all"]).finish();
        gateway.join().expect("it ended");
        assert_eq!(output.code, Some(3));
        assert!(output.stderr.contains(expected), "{}", output.stderr);
        assert!(!output.stderr.contains(TOKEN));
    }
}

#[test]
fn a_replay_is_planned_and_goes_from_the_oldest_to_the_newest() {
    let folder = Folder::new();
    let plan = r#"{"items":[{"id":"01KADZ3V9G0000000000000002","integration":"arms","received":"2026-03-07T18:00:00Z","events":[0]},{"id":"01KADZ3V9G0000000000000001","integration":"arms","received":"2026-03-06T18:00:00Z","events":[0,1]}],"next":"01KADZ3V9G0000000000000001"}"#;
    let done = r#"{"items":[{"id":"01KADZ3V9G0000000000000001","refused":"no mapping accepts it"}]}"#;
    let gateway = play(&folder.join("pointsman-state"), vec![(200, plan), (200, r#"{"items":[]}"#), (200, done)]);
    let output = folder.pointsman(["replay", "--since", "2h", "--rate", "50"]).finish();
    let heard = gateway.join().expect("it ended");
    assert!(heard[1].contains("before=01KADZ3V9G0000000000000001"), "{heard:?}");
    assert!(heard[2].starts_with("POST /api/v1/replay "), "{heard:?}");
    assert!(heard[2].contains(r#""ids":["01KADZ3V9G0000000000000001","01KADZ3V9G0000000000000002"]"#), "{heard:?}");
    assert!(heard[2].contains(r#""rate":50"#), "{heard:?}");
    assert!(output.stdout.contains("refused: no mapping accepts it"));
    assert_eq!(output.code, Some(1), "{}", output.stderr);
}

const LETTER: &str = r#"{"event":"01KADZ3V9G0000000000000000-0","channel":"oncall","key":"disk","integration":"arms","received":"2026-03-06T18:00:00Z","died":"2026-03-07T18:00:00Z","attempts":3,"reason":"status 410"}"#;

#[test]
fn a_listing_says_where_it_stops_and_goes_on_where_all_is_asked_for() {
    let folder = Folder::new();
    let state = folder.join("pointsman-state");
    let page = |next: &str| -> &'static str {
        let next = if next.is_empty() { String::new() } else { format!(",\"next\":\"{next}\"") };
        Box::leak(format!("{{\"items\":[{LETTER},{LETTER}]{next}}}").into_boxed_str())
    };
    let (cut, last) = (page("01KADZ3V9G0000000000000000"), page(""));
    let [none, one, many, most] = [
        r#"{"count":0,"is_complete":true}"#,
        r#"{"count":1,"is_complete":true}"#,
        r#"{"count":1447,"is_complete":true}"#,
        r#"{"count":10000,"is_complete":false}"#,
    ];
    for (options, answers, shown, told) in [
        (&["--limit", "2"][..], vec![cut, many], 2, Some("1,447 more are not shown, only the newest 2: ")),
        (&["--limit", "2"], vec![cut, most], 2, Some("more than 10,000 more are not shown, ")),
        (&["--limit", "2"], vec![cut, one], 2, Some("1 more is not shown, ")),
        (&["--limit", "2"], vec![cut, none], 2, None),
        (&["--limit", "1"], vec![last], 1, Some("1 more is not shown, ")),
        (&["--limit", "1"], vec![cut, one], 1, Some("2 more are not shown, ")),
        (&["--limit", "3"], vec![cut, last], 3, Some("1 more is not shown, ")),
        (&[], vec![cut, last], 4, None),
        (&["--all"], vec![cut, cut, last], 6, None),
    ] {
        let is_counted = answers.iter().any(|answer| answer.contains("count"));
        let gateway = play(&state, answers.into_iter().map(|answer| (200, answer)).collect());
        let output = folder.pointsman([&["dead", "list"][..], options].concat()).run();
        let heard = gateway.join().expect("it ended");
        assert_eq!(heard.iter().any(|request| request.starts_with("GET /api/v1/dead/count?")), is_counted, "{heard:?}");
        assert_eq!(output.stdout.matches("oncall").count(), shown, "{options:?} {}", output.stdout);
        assert_eq!(output.stdout.matches("given up (+00:00)").count(), 1, "the heading stands once: {}", output.stdout);
        assert_eq!(output.stderr.contains("not shown"), told.is_some(), "{options:?} {}", output.stderr);
        assert!(output.stderr.contains(told.unwrap_or_default()), "{options:?} {}", output.stderr);
    }
    let help = folder.pointsman(["dead", "list", "--help"]).run().stdout;
    assert!(help.contains("[default: 100]") && help.contains("--all"), "{help}");
}

#[test]
fn a_wrong_request_is_an_error_of_the_command_line() {
    let folder = Folder::new();
    let unknown = r#"{"detail":"there is no channel named `oncal`; did you mean `oncall`?"}"#;
    let gateway = play(&folder.join("pointsman-state"), vec![(400, unknown)]);
    let output = folder.pointsman(["events", "--channel", "oncal"]).code(2).run();
    gateway.join().expect("it ended");
    assert!(output.stderr.contains("did you mean `oncall`?"), "{}", output.stderr);
}

#[test]
fn what_changes_everything_is_said_to_be_meant() {
    let folder = Folder::new();
    for words in [&["dead", "drop"][..], &["dead", "retry"], &["replay"], &["quarantine", "replay"]] {
        let output = folder.pointsman(words).finish();
        assert_eq!(output.code, Some(2), "{words:?}");
        assert!(output.stderr.contains("--all"), "{}", output.stderr);
    }
}

#[test]
fn a_state_directory_that_is_not_there_is_not_made() {
    let folder = Folder::new();
    let output = folder.pointsman(["events", "--state", "elsewhere"]).finish();
    assert_eq!(output.code, Some(3));
    assert!(output.stderr.contains("there is no state directory `elsewhere`"), "{}", output.stderr);
    assert!(!folder.join("elsewhere").exists());

    folder.write("logs/gateway.log", "");
    for words in [&["events"][..], &["dead", "list"], &["quarantine", "list"], &["replay", "--all", "--stored"]] {
        let output = folder.pointsman(words).args(["--state", "logs"]).code(3).run();
        assert!(output.stderr.contains("there is no journal in `logs`"), "{}", output.stderr);
    }
    assert_eq!(fs::read_dir(folder.join("logs")).expect("a folder").count(), 1, "nothing was made in it");
}

/// A gateway on a state directory; it is killed where the test fails.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const RULES: &str = r#"edition 1
mapping arms {
  accept when $.alerts is not missing
  each $.alerts[*]
  severity = Critical
  status   = match @.status { "resolved" => Resolved  else => Firing }
  title    = "disk full"
  key      = "disk"
}
channel oncall = webhook(url = env("ONCALL_URL"))
routing main { else => oncall }
integration arms_prod { keys = [env("ARMS_KEY")]  arms => routing main }
"#;

/// The whole way: a destination that refuses for good, dead letters, a refused body, replays, and the explanation.
#[test]
fn a_push_is_decided_again_by_named_rules_where_no_gateway_runs() {
    let folder = Folder::new();
    folder.write("a.rules", RULES);
    let sink = TcpListener::bind("127.0.0.1:0").expect("a port");
    let sink_url = format!("http://{}/hook", sink.local_addr().expect("an address"));
    // The first delivery is refused for good, all others arrive.
    let (tell, bodies) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for (count, stream) in sink.incoming().flatten().enumerate() {
            let Some(request) = hear(&stream) else { continue };
            let status = if count == 0 { 410 } else { 200 };
            let _ = write!(&stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = tell.send(request);
        }
    });
    let heard = || bodies.recv_timeout(std::time::Duration::from_mins(1)).expect("a delivery");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let with_secrets = |words: &[&str]| folder.pointsman(words).env("ARMS_KEY", TOKEN).env("ONCALL_URL", &sink_url);
    let serve = with_secrets(&["serve", "--rules", "a.rules", "--admin", "127.0.0.1:0", "--allow-private"]);
    let mut serve = serve.args(["--least-free", "1MiB", "--listen", &format!("127.0.0.1:{port}")]).command();
    let gateway = Gateway(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    let patience = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let push = |body: &str| loop {
        let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else {
            assert!(std::time::Instant::now() < patience, "the gateway does not listen");
            thread::sleep(std::time::Duration::from_millis(50));
            continue;
        };
        let start = format!("POST /push/arms_prod?integration_key={TOKEN} HTTP/1.1\r\nhost: x\r\n");
        let rest = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        write!(&stream, "{start}{rest}connection: close\r\n\r\n{body}").expect("sent");
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).expect("answered");
        break answer;
    };
    let run = |words: &[&str]| {
        let output = folder.pointsman(words).finish();
        (output.code, output.stdout, output.stderr)
    };
    // A listing is asked for until what is expected is in it: settling is not part of the delivery.
    let until = |words: &[&str], expected: &str| {
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        loop {
            let (_, text, told) = run(words);
            if text.contains(expected) {
                return text;
            }
            assert!(std::time::Instant::now() < end, "{text}{told}");
            thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    assert!(push(r#"{"alerts":[{"status":"firing"}]}"#).starts_with("HTTP/1.1 202"));
    let first = heard();
    let letter = until(&["dead", "list"], "oncall");
    let first_word = |text: &str, of: &str| {
        let line = text.lines().find(|line| line.contains(of)).expect("a line");
        line.split_whitespace().next().expect("an id").to_owned()
    };
    let id = first_word(&letter, "oncall");
    until(&["events", &id], "dead");
    assert_eq!(run(&["dead", "retry", "--id", &id]).1, "1 dead letter to be delivered again\n");
    let body = |request: &str| request.split("\r\n\r\n").nth(1).map(str::to_owned);
    assert_eq!(body(&heard()), body(&first));
    until(&["events"], "oncall delivered");

    assert!(push(r#"{"alarms":[]}"#).starts_with("HTTP/1.1 422"));
    let refused = until(&["quarantine", "list"], "422");
    let refused = first_word(&refused, "422");
    assert!(run(&["quarantine", "show", &refused]).1.contains("alarms"));
    assert_eq!(run(&["quarantine", "replay", "--id", &refused]).0, Some(1));

    let push_id = id.split('-').next().expect("a push");
    assert_eq!(run(&["replay", "--stored", "--id", &id]).0, Some(0));
    assert_eq!(body(&heard()), body(&first));
    let (code, text, told) = run(&["replay", "--id", push_id]);
    assert!(code == Some(0) && text.contains("accepted as"), "{text}{told}");
    heard();

    folder.write("a.rules", RULES.replace("disk full", "disk nearly full"));
    let (code, text, told) = run(&["explain", "--event", &id]);
    assert!(code == Some(0) && text.contains("\"disk full\""), "{text}{told}");

    drop(gateway);
    let (code, _, told) = run(&["replay", "--id", push_id]);
    assert!(code == Some(3) && told.contains("--rules"), "{told}");
    let output = with_secrets(&["replay", "--id", push_id, "--rules", "a.rules"]).run();
    assert!(output.stdout.contains("accepted as"), "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("once `pointsman serve` runs"), "{}", output.stderr);
    let (_, text, _) = run(&["events", "--limit", "1"]);
    assert!(text.contains("oncall pending") && text.contains("disk nearly full"), "{text}");
}
