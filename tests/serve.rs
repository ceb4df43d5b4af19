//! The built program as a gateway with the shipped rules: pushes, status, reloads and shutdown.

#[path = "serve/access.rs"]
mod access;
#[path = "serve/beats.rs"]
mod beats;
#[path = "serve/families.rs"]
mod families;
#[path = "serve/gathers.rs"]
mod gathers;
#[path = "serve/holds.rs"]
mod holds;
#[path = "serve/memory.rs"]
mod memory;
#[path = "serve/rehearsal.rs"]
mod rehearsal;
#[path = "serve/robust.rs"]
mod robust;
#[path = "serve/secrets.rs"]
mod secrets;
#[path = "serve/setup.rs"]
mod setup;
#[path = "serve/silences.rs"]
mod silences;
#[path = "serve/whole.rs"]
mod whole;

use crate::common::{Finished, Folder, Run};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// It must appear only in the environment of the gateway and in requests of senders.
const KEY: &str = "canary-0123456789-canary-0123456789";
/// How long a test waits for anything; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with rules and a state directory, removed after the test.
struct Place(Folder);

impl Place {
    fn new() -> Self {
        let place = Self(Folder::new());
        fs::create_dir(place.rules()).unwrap();
        for set in ["arms/arms.rules", "quickstart/quickstart.rules"] {
            let from = root().join("rules").join(set);
            fs::copy(&from, place.rules().join(from.file_name().unwrap())).unwrap();
        }
        place
    }

    fn rules(&self) -> PathBuf {
        self.0.join("rules")
    }

    fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// The file that tests change.
    fn quickstart(&self) -> PathBuf {
        self.rules().join("quickstart.rules")
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.quickstart()).unwrap();
        assert!(text.contains(from), "{from} is not there");
        fs::write(self.quickstart(), text.replace(from, to)).unwrap();
    }

    fn pointsman(&self, words: &[&str]) -> Run {
        self.0.pointsman(words).env("POINTSMAN_DEMO_KEY", KEY)
    }

    fn serve(&self, words: &[&str]) -> Run {
        self.pointsman(&["serve", "--rules", "rules", "--state", "state"])
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--least-free", "1MiB"])
            .args(words)
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of a stream, as they arrive.
#[derive(Clone, Default)]
#[expect(clippy::type_complexity, reason = "the lines so far, whether the stream has ended, and who waits")]
struct Lines(Arc<(Mutex<(Vec<String>, bool)>, Condvar)>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let kept = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                kept.0.0.lock().unwrap().0.push(line);
                kept.0.1.notify_all();
            }
            kept.0.0.lock().unwrap().1 = true;
            kept.0.1.notify_all();
        });
        lines
    }

    /// Waits for a line that holds a text.
    fn wait(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.0.0.lock().unwrap();
        loop {
            if let Some(line) = lines.0.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            assert!(!lines.1 && Instant::now() < end, "no `{text}` in\n{}", lines.0.join("\n"));
            lines = self.0.1.wait_timeout(lines, Duration::from_secs(1)).unwrap().0;
        }
    }

    /// Everything, once the stream has ended.
    fn whole(&self) -> String {
        let mut lines = self.0.0.lock().unwrap();
        while !lines.1 {
            lines = self.0.1.wait_timeout(lines, Duration::from_secs(1)).unwrap().0;
        }
        lines.0.join("\n") + "\n"
    }

    fn all(&self) -> String {
        self.0.0.lock().unwrap().0.join("\n")
    }
}

/// A running gateway; killed when dropped.
struct Running {
    child: Child,
    out: Lines,
    err: Lines,
    state: PathBuf,
    admin: String,
    token: String,
}

impl Running {
    fn start(place: &Place, words: &[&str]) -> Self {
        Self::of(place, place.serve(words))
    }

    fn of(place: &Place, run: Run) -> Self {
        Self::adopt(place, run.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// A gateway that was started; its standard output is read unless it was taken.
    fn adopt(place: &Place, mut child: Child) -> Self {
        let out = child.stdout.take().map(Lines::of).unwrap_or_default();
        let err = Lines::of(child.stderr.take().unwrap());
        let state = place.state();
        let mut running = Self { child, out, err, state, admin: String::new(), token: String::new() };
        running.err.wait("the gateway is ready");
        let said = fs::read_to_string(running.state.join("admin.json")).unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        running.admin = String::from(said["url"].as_str().unwrap().trim_start_matches("http://"));
        running.token = String::from(fs::read_to_string(running.state.join("admin.token")).unwrap().trim());
        running
    }

    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let token = format!("Authorization: Bearer {}\r\n", self.token);
        request(&self.admin, method, path, &token, b"")
    }

    fn ask_with(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.token);
        request(&self.admin, method, path, &headers, body.as_bytes())
    }

    fn status(&self) -> Value {
        let (code, body) = self.ask("GET", "/api/v1/status");
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Polls the status until a condition holds.
    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if holds(&status) {
                return status;
            }
            assert!(Instant::now() < end, "never {what}: {status:#}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn listen(&self) -> String {
        self.status()["listen"].as_str().unwrap().to_owned()
    }

    fn push(&self, sample: &str) -> (u16, String) {
        let listen = self.listen();
        let body = fs::read(root().join("rules/arms/samples").join(sample)).unwrap();
        let path = format!("/push/demo?integration_key={KEY}");
        request(&listen, "POST", &path, "Content-Type: application/json\r\n", &body)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn end(mut self, name: &str) -> ExitStatus {
        self.signal(name);
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request over a connection of its own: status and body.
fn request(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let code = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    (code, answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

#[test]
fn a_push_is_delivered_and_counted_and_the_end_is_in_order() {
    let place = Place::new();
    let gateway = Running::start(&place, &[]);
    let (code, answer) = gateway.push("severity-critical.json");
    assert_eq!(code, 202, "{answer}");
    gateway.out.wait("\"severity\":\"Critical\"");
    let status = gateway.until("delivered", |status| {
        status["channels"].as_array().unwrap().iter().all(|channel| channel["delivered"] == 1)
    });
    let integration = &status["integrations"][0];
    assert_eq!((&integration["name"], &integration["accepted"]), (&"demo".into(), &1.into()), "{status:#}");
    assert_eq!(integration["destination"], "routing demo");
    assert!(integration["latest"].is_string(), "{status:#}");
    let page = fs::read_to_string(place.state().join("demo-page.ndjson")).unwrap();
    assert_eq!(page.lines().count(), 1, "{page}");

    let shown = place.pointsman(&["status", "--state", "state"]).run().stdout;
    assert!(shown.contains("demo") && shown.contains("/push/demo") && shown.contains("demo_page"), "{shown}");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_pushes_total{integration=\"demo\",status=\"202\"} 1"), "{metrics}");

    let begun = Instant::now();
    let (err, state) = (gateway.err.clone(), gateway.state.clone());
    assert_eq!(gateway.end("-TERM").code(), Some(0), "{}", err.all());
    assert!(begun.elapsed() < Duration::from_secs(15), "the end took {:?}", begun.elapsed());
    assert!(!state.join("admin.json").exists(), "the address is taken back");
    for text in [err.all(), shown, metrics, status.to_string(), page] {
        assert!(!text.contains("canary"), "the key is shown: {text}");
    }
    place.pointsman(&["status", "--state", "state"]).code(3).run();
}

#[test]
fn broken_rules_never_replace_good_ones() {
    let place = Place::new();
    let gateway = Running::start(&place, &["--poll", "--poll-interval", "1h"]);
    place.edit("else => demo_screen", "else => demo_scren");
    let (code, answer) = gateway.ask("POST", "/-/reload");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!((code, &answer["generation"], &answer["stage"]), (400, &1.into(), &"check".into()), "{answer:#}");
    let error = answer["errors"][0].as_str().unwrap();
    assert!(error.contains("quickstart.rules:") && error.contains("E0031"), "{error}");
    assert_eq!(gateway.push("severity-warning.json").0, 202, "the last good rules serve");
    let shown = place.pointsman(&["status", "--state", "state"]).code(1).run().stdout;
    assert!(shown.contains("E0031"), "{shown}");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_config_last_reload_successful 0\n"), "{metrics}");
    assert!(metrics.contains("pointsman_reload_failures_total{stage=\"check\"} 1\n"), "{metrics}");

    // A request is answered and logged each time; a failure that is known is counted once.
    gateway.signal("-HUP");
    gateway.err.wait("reload failed as before, keeping generation 1: 1 error in rules/quickstart.rules");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_reload_failures_total{stage=\"check\"} 1\n"), "{metrics}");
    assert!(gateway.status()["rules"]["failing_since"].is_string());

    place.edit("else => demo_scren", "else => demo_screen");
    gateway.signal("-HUP");
    gateway.err.wait("the files are those of generation 1 again: the failed reload is over");
    gateway.until("recovered", |status| status["rules"]["failing_since"].is_null());
    gateway.signal("-HUP");
    gateway.err.wait("rules unchanged generation=1");

    place.edit("else => demo_screen", "else => demo_page");
    let (code, answer) = gateway.ask("POST", "/-/reload");
    assert_eq!((code, answer.as_str()), (200, "{\"generation\":2}"));
    assert_eq!(gateway.status()["rules"]["failure"], Value::Null);

    place.edit("else => demo_page", "else => demo_screen, demo_page");
    gateway.signal("-HUP");
    gateway.until("loaded after SIGHUP", |status| status["rules"]["generation"] == 3);
    assert_eq!(gateway.end("-INT").code(), Some(0));
}

#[test]
fn a_save_takes_effect_by_itself() {
    let place = Place::new();
    let gateway = Running::start(&place, &[]);
    place.edit("else => demo_screen", "else => demo_page");
    gateway.until("loaded after a save", |status| status["rules"]["generation"] == 2);
}

#[test]
fn generations_count_on_over_restarts() {
    let place = Place::new();
    let generation = |gateway: &Running| gateway.status()["rules"]["generation"].clone();
    let gateway = Running::start(&place, &[]);
    place.edit("else => demo_screen", "else => demo_page");
    gateway.until("loaded after a save", |status| status["rules"]["generation"] == 2);
    drop(gateway);
    let gateway = Running::start(&place, &[]);
    assert_eq!(generation(&gateway), 2, "the same rules keep it, also after a kill");
    assert_eq!(gateway.end("-TERM").code(), Some(0));
    place.edit("else => demo_page", "else => demo_screen");
    let gateway = Running::start(&place, &[]);
    assert_eq!(generation(&gateway), 3, "rules that were changed meanwhile get the next");
}

#[test]
fn the_admin_listener_wants_its_token() {
    let place = Place::new();
    let gateway = Running::start(&place, &[]);
    for path in ["/-/ready", "/-/healthy", "/metrics"] {
        assert_eq!(request(&gateway.admin, "GET", path, "", b"").0, 200, "{path}");
    }
    for (method, path) in [("GET", "/api/v1/status"), ("GET", "/api/v1/rules"), ("POST", "/-/reload")] {
        for token in ["", "Authorization: Bearer 0\r\n", "Authorization: Basic 0\r\n"] {
            assert_eq!(request(&gateway.admin, method, path, token, b"").0, 401, "{path} {token}");
        }
    }
    assert_eq!(gateway.ask("GET", "/api/v1/nothing").0, 404);
    assert_eq!(gateway.ask("GET", "/-/reload").0, 405);
}

#[test]
fn one_state_directory_has_one_gateway() {
    let place = Place::new();
    let gateway = Running::start(&place, &[]);
    let told = place.serve(&[]).code(3).run().stderr;
    assert!(told.contains("`state`"), "{told}");
    assert_eq!(gateway.ask("GET", "/-/ready").0, 200);
    place.pointsman(&["status", "--state", "state"]).run();
}

#[test]
fn what_cannot_be_served_ends_the_start() {
    let place = Place::new();
    let told = place.serve(&[]).env_remove("POINTSMAN_DEMO_KEY").code(1).run().stderr;
    assert!(told.contains("set these environment variables: `POINTSMAN_DEMO_KEY`"), "{told}");
    assert!(told.lines().count() < 8, "{told}");
    place.edit("else => demo_screen", "else => demo_scren");
    let told = place.serve(&[]).code(1).run().stderr;
    assert!(told.contains("E0031") && told.contains("did you mean `demo_screen`?"), "{told}");
    fs::remove_dir_all(place.rules()).unwrap();
    place.serve(&[]).code(1).run();
}

#[test]
fn the_example_names_all_that_it_lacks_at_once() {
    let place = Place::new();
    let rules = root().join("rules");
    let words = ["serve", "--rules", rules.to_str().unwrap(), "--state", "state", "--check"];
    let told = place.pointsman(&words).code(1).run().stderr;
    let summary = told.lines().find(|line| line.starts_with("error: the rules cannot be served")).expect(&told);
    for name in ["SHOP_ARMS_KEY", "SHOP_PAYMENTS_KEY", "SHOP_STATUS_URL", "SHOP_ANY_OLD_KEY"] {
        assert!(summary.contains(&format!("`{name}`")), "{summary}");
    }
    assert!(!place.state().exists(), "a check makes no state directory");
}

#[test]
fn a_check_shows_what_would_be_served_and_no_secret() {
    let place = Place::new();
    let Finished { stdout: plan, stderr: told, .. } =
        place.serve(&["--public-url", "https://alerts.example.com", "--check"]).run();
    for part in ["https://alerts.example.com/push/demo", "routing demo", "demo_page", "demo-page.ndjson", "sha256 "] {
        assert!(plan.contains(part), "{part} is missing in\n{plan}");
    }
    assert!(!plan.contains("canary") && !told.contains("canary"), "{plan}{told}");
    assert!(!place.state().exists());
}

#[test]
fn a_route_that_no_event_reaches_stops_a_check_alone() {
    let place = Place::new();
    place.edit("routing demo {", "routing demo {\n  route never when severity > Critical => demo_page\n");
    let told = place.serve(&["--check"]).code(1).run().stderr;
    assert!(told.contains("E0220") && told.contains("no event can reach `demo.never`"), "{told}");
    // What was served yesterday is served today.
    Running::start(&place, &[]);
}

#[test]
fn a_channel_that_may_not_be_reached_is_named_by_a_check_and_at_the_start() {
    let place = Place::new();
    place.edit("file(path = \"demo-page.ndjson\")", "webhook(url = \"http://10.20.30.40:8080/canary\")");
    let told = place.serve(&["--check"]).code(1).run().stderr;
    assert!(told.contains("`demo_page`") && told.contains("`--allow 10.20.30.40/32`"), "{told}");
    assert!(!told.contains("canary"), "{told}");
    place.serve(&["--check", "--allow", "10.0.0.0/8"]).run();
    let told = place.serve(&["--check", "--allow", "*"]).code(2).run().stderr;
    assert!(told.contains("--allow-private"), "{told}");
    let gateway = Running::start(&place, &[]);
    let line = gateway.err.wait("channel blocked");
    assert!(line.contains("demo_page") && line.contains("`--allow 10.20.30.40/32`"), "{line}");
    gateway.until("shown", |status| {
        let channels = status["channels"].as_array().unwrap();
        channels.iter().any(|channel| channel["blocked"].as_str().is_some_and(|text| text.contains("--allow ")))
    });
}

#[test]
fn a_dead_receiver_its_recovery_and_each_delivery_are_told_once() {
    let place = Place::new();
    place.edit("file(path = \"demo-page.ndjson\")", "webhook(url = env(\"HOOK\"))");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let serve = place.serve(&["--allow", "127.0.0.1"]).env("HOOK", format!("http://127.0.0.1:{port}/"));
    let gateway = Running::of(&place, serve);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let line = gateway.err.wait("channel failing, retrying");
    assert!(line.contains("WARN") && line.contains("demo_page") && line.contains("no connection"), "{line}");
    // Between two attempts, as while one is under way there is no next one.
    gateway.until("shown", |status| {
        let channels = status["channels"].as_array().unwrap();
        let page = channels.iter().find(|channel| channel["name"] == "demo_page").unwrap();
        ["failing_since", "oldest_pending", "next_attempt"].iter().all(|time| page[*time].is_string())
    });
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut vec![0; 65_536]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    });
    gateway.err.wait("channel recovered, resuming deliveries");
    answering.join().unwrap();
    let line = gateway.err.wait("delivered channel=\"demo_page\"");
    assert!(line.contains("INFO"), "{line}");
    let told = gateway.err.all();
    assert_eq!(told.matches("channel failing").count(), 1, "{told}");
}

#[test]
fn deliveries_are_not_told_where_nobody_wants_to_know() {
    let place = Place::new();
    let gateway = Running::start(&place, &["--log-deliveries", "false"]);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    gateway.until("delivered", |status| {
        status["channels"].as_array().unwrap().iter().all(|channel| channel["delivered"] == 1)
    });
    assert!(!gateway.err.all().contains("delivered"), "{}", gateway.err.all());
}

#[test]
fn bad_rules_start_with_the_last_good_ones_where_that_was_asked_for() {
    let place = Place::new();
    let gateway = Running::start(&place, &[]);
    assert_eq!(gateway.end("-TERM").code(), Some(0));
    place.edit("else => demo_screen", "else => demo_scren");
    place.serve(&[]).code(1).run();
    let gateway = Running::start(&place, &["--start-with-last-good"]);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let status = gateway.status();
    assert_eq!(status["rules"]["failure"]["stage"], "check", "{status:#}");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_config_last_reload_successful 0\n"), "{metrics}");
}

#[test]
fn rules_whose_tests_fail_are_refused_where_tests_are_run() {
    let place = Place::new();
    place.edit("\"P3\", \"prod\" => [demo_screen]", "\"P3\", \"prod\" => [demo_page]");
    place.serve(&["--check"]).run();
    let told = place.serve(&["--check", "--run-tests"]).code(1).run().stderr;
    assert!(told.contains("1 of 3 test"), "{told}");
}
