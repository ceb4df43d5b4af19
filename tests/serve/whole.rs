//! The whole gateway: its shutdown with open requests, and the limits of integrations, from the rule file to the counts.

use super::{KEY, PATIENCE, Place, Running, request, root};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// A destination that reports when a request has arrived, and answers it on demand.
struct Hook(TcpListener);

impl Hook {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.0.local_addr().unwrap())
    }

    /// Waits for a request, and leaves it without an answer.
    fn hear(&self) -> (TcpStream, String) {
        self.0.set_nonblocking(true).unwrap();
        let end = Instant::now() + PATIENCE;
        let mut stream = loop {
            match self.0.accept() {
                Ok((stream, _)) => break stream,
                Err(_) => assert!(Instant::now() < end, "no request comes"),
            }
            thread::sleep(Duration::from_millis(5));
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut text, mut chunk) = (String::new(), [0; 4096]);
        while !text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.trim_end().ends_with('}')) {
            let count = stream.read(&mut chunk).unwrap();
            assert!(count > 0, "{text}");
            text.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
        }
        (stream, text)
    }
}

fn answer(mut stream: TcpStream) {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}

/// A push whose head was read and whose body is waited for.
fn begin(listen: &str, length: usize) -> TcpStream {
    let mut sender = TcpStream::connect(listen).unwrap();
    sender.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "POST /push/demo?integration_key={KEY} HTTP/1.1\r\nHost: it\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    );
    sender.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; 25];
    sender.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    sender
}

/// No new push is accepted, open requests are finished, running deliveries are waited for, and the others are delivered
/// after the next start. Each is delivered once.
#[test]
fn shutdown_waits_for_open_requests_and_the_next_start_delivers_the_rest() {
    let place = Place::new();
    place.edit("file(path = \"demo-page.ndjson\")", "webhook(url = env(\"HOOK\"))");
    let hook = Hook::new();
    let serve = || place.serve(&["--allow-private"]).env("HOOK", hook.url());
    let mut gateway = Running::of(&place, serve());
    let listen = gateway.listen();
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let (first, heard) = hook.hear();
    assert!(heard.contains("Critical"), "{heard}");

    let body = fs::read(root().join("rules/arms/samples/severity-critical.json")).unwrap();
    let mut sender = begin(&listen, body.len());
    gateway.signal("-TERM");
    let end = Instant::now() + PATIENCE;
    while request(&gateway.admin, "GET", "/-/ready", "", b"").0 != 503 || TcpStream::connect(&listen).is_ok() {
        assert!(Instant::now() < end, "pushes are still accepted");
        thread::sleep(Duration::from_millis(5));
    }
    sender.write_all(&body).unwrap();
    let mut said = String::new();
    sender.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 202 "), "{said}");
    assert!(gateway.child.try_wait().unwrap().is_none(), "a delivery is under way");
    answer(first);
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0), "{}", gateway.err.all());
    drop(gateway);

    let gateway = Running::of(&place, serve());
    let (second, request) = hook.hear();
    assert!(request.contains("Critical"), "{request}");
    answer(second);
    let status = gateway.until("delivered", |status| {
        status["channels"].as_array().unwrap().iter().all(|channel| channel["pending"] == 0)
    });
    let page = status["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "demo_page");
    assert_eq!(page.unwrap()["delivered"], 2, "{status:#}");
    assert_eq!(gateway.end("-TERM").code(), Some(0));
}

/// The limits that rules give an integration, its two keys, and the first of its mappings that accepts, from the file to
/// what the journal counts.
#[test]
fn an_integration_has_the_limits_of_its_rules() {
    let place = Place::new();
    place.edit(
        "integration demo { keys = [env(\"POINTSMAN_DEMO_KEY\")]  arms => routing demo }",
        r#"
mapping note { accept when $.note is string  severity = Info  status = Firing  title = string($.note) ?? "note"  key = "note" }
integration demo {
  keys = [env("POINTSMAN_DEMO_KEY"), env("OLD_KEY")]  max_body = 1  deduplicate_for = "1h"
  arms, note => routing demo
}
integration direct { keys = [env("DIRECT_KEY")]  rate = 1  note => demo_screen }
"#,
    );
    let serve = place.serve(&[]).env("OLD_KEY", "canary-old-key-0123456789");
    let gateway = Running::of(&place, serve.env("DIRECT_KEY", "canary-direct-0123456789"));
    let listen = gateway.listen();
    let push = |name: &str, key: &str, body: &str| {
        let path = format!("/push/{name}?integration_key={key}");
        request(&listen, "POST", &path, "Content-Type: application/json\r\n", body.as_bytes())
    };
    let (code, first) = push("demo", KEY, r#"{"note": "one"}"#);
    assert!(code == 202 && first.contains("\"mapping\":\"note\""), "{code} {first}");
    let (code, again) = push("demo", "canary-old-key-0123456789", r#"{"note": "one"}"#);
    let id = |answer: &str| serde_json::from_str::<Value>(answer).unwrap()["id"].clone();
    assert!(code == 202 && again.contains("\"duplicate\":true") && id(&again) == id(&first), "{code} {again}");
    let large = format!(r#"{{"note": "{}"}}"#, "x".repeat(1024));
    assert_eq!(push("demo", KEY, &large).0, 413);
    assert_eq!(push("demo", KEY, r#"{"neither": 1}"#).0, 422);
    assert_eq!(push("demo", KEY, r#"{"note": "two"}"#).0, 202);
    assert_eq!(push("direct", KEY, r#"{"note": "one"}"#).0, 404, "a key is of one integration");
    assert_eq!(push("direct", "canary-direct-0123456789", r#"{"note": "one"}"#).0, 202);
    let (code, slow) = push("direct", "canary-direct-0123456789", r#"{"note": "two"}"#);
    assert!(code == 503 && slow.contains("accepts 1 push a minute"), "{code} {slow}");
    let status = gateway.status();
    let counted: Vec<_> = status["integrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let counts = ["accepted", "sent", "dropped", "refused"].map(|count| one[count].as_u64().unwrap());
            (one["name"].as_str().unwrap(), one["kind"].as_str().unwrap(), counts)
        })
        .collect();
    let expected = [("demo", "shared", [2, 2, 0, 1]), ("direct", "dedicated", [1, 1, 0, 0])];
    assert_eq!(counted, expected, "{status:#}");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_outcomes_total{integration=\"demo\",outcome=\"sent\"} 2"), "{metrics}");
    assert!(!metrics.contains("canary") && !gateway.err.all().contains("canary"));
}

/// A channel that leads to the gateway's own push URL repeats an event a few times; then a dead letter says why.
#[test]
fn a_loop_through_the_own_push_url_ends_in_a_dead_letter() {
    let place = Place::new();
    place.edit(
        "integration demo { keys = [env(\"POINTSMAN_DEMO_KEY\")]  arms => routing demo }",
        r#"
mapping note { accept when $.note is string  severity = Info  status = Firing  title = "note"  key = "note" }
channel again = webhook(url = env("HOOK"), body = { "note": "again" })
integration demo { keys = [env("POINTSMAN_DEMO_KEY")]  arms => routing demo }
integration loop { keys = [env("LOOP_KEY")]  note => again }
"#,
    );
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (key, free) = ("canary-loop-0123456789-canary", free.to_string());
    let path = format!("/push/loop?integration_key={key}");
    let serve = place.pointsman(&["serve", "--rules", "rules", "--state", "state", "--admin", "127.0.0.1:0"]);
    let serve = serve.args(["--least-free", "1MiB", "--allow", "127.0.0.1", "--listen", &free]);
    let gateway = Running::of(&place, serve.env("HOOK", format!("http://{free}{path}")).env("LOOP_KEY", key));
    let pushed = request(&gateway.listen(), "POST", &path, "Content-Type: application/json\r\n", b"{\"note\": \"\"}");
    assert_eq!(pushed.0, 202, "{}", pushed.1);
    let status = gateway.until("stopped", |status| status["channels"].to_string().contains("\"dead\":1"));
    let again = status["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "again").unwrap();
    assert_eq!((&again["delivered"], &again["pending"]), (&8.into(), &0.into()), "{again:#}");
    let (_, dead) = gateway.ask("GET", "/api/v1/dead");
    assert!(dead.contains("stopped a loop: the event came here through 8 deliveries"), "{dead}");
}

/// Nobody reads the standard output, and the pipe is full: reloads and the end go on.
#[test]
fn a_standard_output_that_nobody_reads_stops_no_reload_and_no_end() {
    let place = Place::new();
    let big = "x".repeat(60_000);
    place.edit(
        "routing demo {",
        &format!(
            "mapping note {{ accept when $.note is string  severity = Info  status = Firing  \
        title = \"note\"  key = string($.note) ?? \"note\"  description = \"{big}\" }}\n\
        integration direct {{ keys = [env(\"DIRECT_KEY\")]  note => demo_screen }}\nrouting demo {{"
        ),
    );
    let key = "canary-direct-0123456789";
    let mut child = place.serve(&["--poll", "--poll-interval", "1h"]).env("DIRECT_KEY", key).command();
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let unread = child.stdout.take().unwrap();
    let mut gateway = Running::adopt(&place, child);
    let path = format!("/push/direct?integration_key={key}");
    for note in 0..40 {
        let body = format!("{{\"note\": \"{note}\"}}");
        let (code, said) =
            request(&gateway.listen(), "POST", &path, "Content-Type: application/json\r\n", body.as_bytes());
        assert_eq!(code, 202, "{said}");
    }
    gateway.until("stuck", |status| {
        let channels = status["channels"].as_array().unwrap();
        channels.iter().any(|channel| channel["name"] == "demo_screen" && channel["under_way"].as_u64() > Some(20))
    });
    place.edit("else => demo_screen", "else => demo_page");
    let (code, said) = gateway.ask("POST", "/-/reload");
    assert_eq!((code, said.as_str()), (200, "{\"generation\":2}"));
    let begun = Instant::now();
    gateway.signal("-TERM");
    let ended = loop {
        if let Some(status) = gateway.child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not end: {}", gateway.err.all());
        thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(ended.code(), Some(0), "{}", gateway.err.all());
    drop(unread);
}
