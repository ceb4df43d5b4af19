//! One way through a gateway that runs: pushes that die, are refused, are mended, retried and replayed, what is asked
//! about them, and the same on the journal alone.

use super::{TOKEN, hear};
use crate::common::{Folder, Run};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_mins(1);

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

/// A mapping for what the rules above refuse, and another title for what they accept.
const MENDED: &str = r#"
mapping alarms {
  accept when $.alarms is not missing
  severity = Warning
  status   = Firing
  title    = "an alarm"
  key      = "alarm"
}
"#;

const FIRING: &str = r#"{"alerts":[{"status":"firing"}]}"#;

/// A destination that answers each request with the next of some codes, the last of them for ever.
struct Sink {
    url: String,
    requests: Receiver<String>,
}

impl Sink {
    fn new(codes: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (tell, requests) = channel();
        thread::spawn(move || {
            let mut codes = codes.iter().peekable();
            for stream in listener.incoming().flatten() {
                let Some(request) = hear(&stream) else { continue };
                let code = if codes.len() > 1 { codes.next() } else { codes.peek().copied() };
                let code = code.expect("a code");
                let _ = write!(&stream, "HTTP/1.1 {code} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = tell.send(request);
            }
        });
        Self { url, requests }
    }

    /// The next request.
    fn next(&self) -> String {
        self.requests.recv_timeout(PATIENCE).expect("a delivery")
    }
}

fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").expect("a head and a body").1
}

/// A header's value.
fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let lines = request.lines().take_while(|line| !line.is_empty());
    let mut pairs = lines.filter_map(|line| line.split_once(": "));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A folder with rules and a journal, whether or not a gateway runs on it.
struct Place {
    folder: Folder,
    sink: Sink,
}

impl Place {
    fn new(codes: &'static [u16]) -> Self {
        let place = Self { folder: Folder::new(), sink: Sink::new(codes) };
        place.write(RULES);
        place
    }

    fn write(&self, rules: &str) {
        self.folder.write("a.rules", rules);
    }

    fn serve(&self) -> Run {
        self.folder
            .pointsman(["serve", "--rules", "a.rules", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--allow-private", "--least-free", "1MiB"])
            .env("ARMS_KEY", TOKEN)
            .env("ONCALL_URL", &self.sink.url)
    }

    /// A gateway that is ready.
    fn start(&self) -> Gateway {
        let child = self.serve().command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
        let mut gateway = Gateway { child, listen: String::new() };
        gateway.listen = self.until(|| {
            let status = serde_json::from_str::<serde_json::Value>(&self.run(&["status", "--json"]).1).ok()?;
            Some(status["listen"].as_str()?.to_owned())
        });
        gateway
    }

    /// Exit code, output and messages of a command.
    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let finished = self.folder.pointsman(words).finish();
        (finished.code, finished.stdout, finished.stderr)
    }

    /// What a command prints that is expected to end well.
    fn fine(&self, words: &[&str]) -> String {
        self.folder.pointsman(words).run().stdout
    }

    /// A name that nobody has is an error: to select nothing would look like peace.
    fn names_are_known(&self) {
        for words in [
            &["events", "--channel", "oncal"][..],
            &["dead", "list", "--channel", "oncal"],
            &["dead", "drop", "--channel", "oncal"],
            &["replay", "--channel", "oncal", "--dry-run"],
        ] {
            let (code, _, told) = self.run(words);
            assert!(code == Some(2) && told.contains("did you mean `oncall`?"), "{words:?} {code:?} {told}");
        }
        let (code, _, told) = self.run(&["quarantine", "list", "--integration", "arms_prd"]);
        assert!(code == Some(2) && told.contains("did you mean `arms_prod`?"), "{code:?} {told}");
    }

    /// Asks until there is an answer.
    fn until<T>(&self, ask: impl Fn() -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(Instant::now() < end, "never: {:?}", self.run(&["status"]));
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The first word of the listing, once it holds a text: what is settled is settled a little after it was heard.
    fn listed(&self, words: &[&str], text: &str) -> String {
        self.until(|| {
            let listing = self.run(words).1;
            let line = listing.lines().find(|line| line.contains(text))?;
            Some(line.split_whitespace().next()?.to_owned())
        })
    }
}

/// A gateway that runs; killed where a test fails.
struct Gateway {
    child: Child,
    listen: String,
}

impl Gateway {
    /// The whole answer to a push.
    fn push(&self, body: &str) -> String {
        self.push_to("/push/arms_prod", "", body)
    }

    /// The same, to another path and with more headers.
    fn push_to(&self, path: &str, headers: &str, body: &str) -> String {
        let stream = TcpStream::connect(&self.listen).expect("a connection");
        let start = format!("POST {path}?integration_key={TOKEN} HTTP/1.1\r\nhost: x\r\n{headers}");
        let rest = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        write!(&stream, "{start}{rest}connection: close\r\n\r\n{body}").expect("sent");
        let mut answer = String::new();
        (&stream).read_to_string(&mut answer).expect("answered");
        answer
    }

    /// Ends it in order.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        assert_eq!(self.child.wait().expect("an end").code(), Some(0));
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_event_is_followed_from_its_push_to_its_replay() {
    let place = Place::new(&[410, 200]);
    let gateway = place.start();
    assert!(gateway.push(FIRING).starts_with("HTTP/1.1 202"));
    let first = place.sink.next();
    let id = place.listed(&["dead", "list"], "oncall");
    place.listed(&["events"], "oncall dead");
    assert!(place.fine(&["events", &id]).contains("410"), "why it died is said");

    // A retry is what was tried before, to the byte and to its id.
    assert_eq!(place.fine(&["dead", "retry", "--id", &id]), "1 dead letter to be delivered again\n");
    let again = place.sink.next();
    assert_eq!(body(&again), body(&first));
    let identity = header(&first, "idempotency-key");
    assert!(identity.is_some() && header(&first, "pointsman-replay").is_none(), "{first}");
    assert_eq!(header(&again, "idempotency-key"), identity);
    place.listed(&["events"], "oncall delivered");
    assert_eq!(place.fine(&["dead", "list"]), "");

    // What is stored goes out once more, and says that it is a replay.
    place.fine(&["replay", "--stored", "--id", &id]);
    let replayed = place.sink.next();
    assert_eq!(body(&replayed), body(&first));
    assert_eq!(header(&replayed, "idempotency-key"), identity);
    assert!(header(&replayed, "pointsman-replay").is_some(), "{replayed}");

    // Rules that change decide replays of today, and explain nothing of yesterday.
    place.write(&RULES.replace("disk full", "disk nearly full"));
    place.listed(&["status"], "generation 2");
    let push = id.split('-').next().expect("a push");
    assert!(place.fine(&["replay", "--id", push]).contains("accepted as"));
    let today = place.sink.next();
    assert!(body(&today).contains("disk nearly full"), "{today}");
    let told = place.fine(&["explain", "--event", &id]);
    assert!(told.contains("by generation 1 of the rules") && told.contains("\"disk full\""), "{told}");
    let newest = place.listed(&["events", "--limit", "1"], "disk nearly full");
    assert!(place.fine(&["explain", "--event", &newest]).contains("by generation 2 of the rules"));
    gateway.end();
}

#[test]
fn a_refused_body_is_replayed_once_the_rules_are_mended() {
    let place = Place::new(&[200]);
    let gateway = place.start();
    let payload = format!(r#"{{"alarms":[],"text":"{}","last":"seen"}}"#, "x".repeat(3_000));
    let answer = gateway.push(&payload);
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    let id = place.listed(&["quarantine", "list"], "422");
    assert!(answer.contains(&id), "the sender hears the same id: {answer}");
    assert!(place.fine(&["quarantine", "show", &id]).contains(&payload), "a payload is shown whole");
    let (code, text, told) = place.run(&["quarantine", "replay", "--id", &id]);
    assert!(code == Some(1) && text.contains("refused"), "{text}{told}");

    // A broken save changes nothing but the status.
    place.write(&(RULES.to_owned() + "mapping"));
    place.until(|| place.run(&["status"]).1.contains("NOT those on the disk").then_some(()));
    assert_eq!(place.run(&["status"]).0, Some(1));
    assert!(gateway.push(FIRING).starts_with("HTTP/1.1 202"));
    assert!(body(&place.sink.next()).contains("disk full"));

    let reads = "arms, alarms => routing main";
    place.write(&(RULES.replace("arms => routing main", reads) + MENDED));
    place.listed(&["status"], "generation 2");
    let text = place.fine(&["quarantine", "replay", "--id", &id]);
    assert!(text.contains("accepted as"), "{text}");
    assert!(body(&place.sink.next()).contains("an alarm"));
    assert_eq!(place.fine(&["quarantine", "list"]), "", "what was accepted has left");
    gateway.end();
}

/// What a mapping reads of a request is stored with the payload: what decides again has it.
#[test]
fn a_replay_and_explain_have_the_headers_and_the_path_of_the_request() {
    const READING: &str = r#"edition 1
mapping hooks {
  accept when header("x-kind") == "alert"
  severity = Critical
  status   = Firing
  title    = "{header("x-kind")} {path_suffix()}"
  key      = "disk"
}
channel oncall = webhook(url = env("ONCALL_URL"))
routing main { else => oncall }
integration arms_prod { keys = [env("ARMS_KEY")]  hooks => routing main }
"#;
    let place = Place::new(&[200]);
    place.write(READING);
    let gateway = place.start();
    let answer = gateway.push_to("/push/arms_prod/disk/full", "X-Kind: alert\r\nX-Other: canary\r\n", "{}");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(body(&place.sink.next()).contains("alert disk/full"));
    let id = place.listed(&["events", "--limit", "1"], "alert disk/full");
    let told = place.fine(&["explain", "--event", &id]);
    assert!(told.contains("\"alert disk/full\""), "{told}");
    let told = place.fine(&["events", &id]);
    assert!(told.contains("header \"x-kind\": \"alert\"") && told.contains("path_suffix \"disk/full\""), "{told}");
    assert!(!told.contains("canary"), "{told}");

    // Both replays decide by the stored request, and what they accept is stored with it in turn.
    let answer = gateway.push_to("/push/arms_prod/later", "X-Kind: event\r\n", "{}");
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    let refused = place.listed(&["quarantine", "list"], "422");
    let told = place.fine(&["quarantine", "show", &refused]);
    assert!(told.contains("header \"x-kind\": \"event\"") && told.contains("path_suffix \"later\""), "{told}");
    place.write(&READING.replace("== \"alert\"", "in [\"alert\", \"event\"]"));
    place.listed(&["status"], "generation 2");
    assert!(place.fine(&["quarantine", "replay", "--id", &refused]).contains("accepted as"));
    assert!(body(&place.sink.next()).contains("event later"));
    let push = id.split('-').next().expect("a push");
    assert!(place.fine(&["replay", "--id", push]).contains("accepted as"));
    assert!(body(&place.sink.next()).contains("alert disk/full"));
    let newest = place.listed(&["events", "--limit", "1"], "alert disk/full");
    assert_ne!(newest, id);
    assert!(place.fine(&["explain", "--event", &newest]).contains("\"alert disk/full\""));
    gateway.end();
}

#[test]
fn a_start_on_broken_rules_names_those_that_worked() {
    let place = Place::new(&[200]);
    place.write(&(RULES.to_owned() + "mapping"));
    let told = place.serve().code(1).run().stderr;
    assert!(!told.contains("--start-with-last-good"), "no rules have worked yet: {told}");
    place.write(RULES);
    place.start().end();
    place.write(&(RULES.to_owned() + "mapping"));
    let told = place.serve().code(1).run().stderr;
    assert!(told.contains("--start-with-last-good"), "{told}");
}

#[test]
fn a_journal_is_asked_without_a_gateway_and_only_by_one_process() {
    let place = Place::new(&[410, 410, 200]);
    let gateway = place.start();
    assert!(gateway.push(FIRING).starts_with("HTTP/1.1 202"));
    assert!(gateway.push(r#"{"alarms":[]}"#).starts_with("HTTP/1.1 422"));
    let id = place.listed(&["dead", "list"], "oncall");
    let first = place.sink.next();

    // The state directory is one gateway's.
    let second = place.serve().code(3).run();
    assert!(second.stderr.contains("`pointsman-state`"), "{}", second.stderr);
    // A command that finds no listener finds the lock.
    let address = place.folder.join("pointsman-state/admin.json");
    let kept = fs::read(&address).expect("an address");
    fs::remove_file(&address).expect("removed");
    let (code, _, told) = place.run(&["events"]);
    assert!(code == Some(3) && told.contains("is in use by process"), "{told}");
    fs::write(&address, kept).expect("written");
    place.names_are_known();
    gateway.end();
    place.names_are_known();

    // Everything that needs no rules needs no gateway.
    assert!(place.fine(&["events"]).contains("oncall dead"));
    assert!(place.fine(&["explain", "--event", &id]).contains("\"disk full\""));
    assert!(place.fine(&["quarantine", "list"]).contains("422"));
    let (code, _, told) = place.run(&["replay", "--id", &id]);
    assert!(code == Some(3) && told.contains("`pointsman serve`"), "{told}");
    assert_eq!(place.fine(&["dead", "retry", "--id", &id]), "1 dead letter to be delivered again\n");

    // The next gateway delivers what was asked for meanwhile, and it dies once more.
    let gateway = place.start();
    let retried = place.sink.next();
    assert_eq!(body(&retried), body(&first));
    place.listed(&["dead", "list"], "oncall");
    // An id that selects nothing is not a success.
    for command in [&["dead", "retry"][..], &["dead", "drop"], &["replay"], &["quarantine", "replay"]] {
        let (code, text, told) = place.run(&[command, &["--id", "01KADZ3V9G0000000000000000"]].concat());
        assert!(code == Some(3) && told.contains("`01KADZ3V9G0000000000000000`"), "{command:?}: {text}{told}");
    }
    assert_eq!(place.fine(&["dead", "drop", "--all"]), "1 dead letter dropped\n");
    let told = place.fine(&["events", &id]);
    assert!(told.contains("dropped by an operator at"), "the event keeps the mark: {told}");
    gateway.end();
}
