//! What must not stop a running gateway, and files that rules must not reach.

use super::{KEY, PATIENCE, Place, request, root};
use pointsman::channel::StateFile;
use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_log_that_nobody_reads_stops_no_push() {
    let place = Place::new();
    let mut child = place
        .serve(&["--log-level", "debug", "--poll", "--poll-interval", "1h"])
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut ready = String::new();
    while !ready.contains("the gateway is ready") {
        ready.clear();
        assert!(log.read_line(&mut ready).unwrap() > 0, "it ended");
    }
    let listen = ready.split("listen=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    // From here on nobody reads the log: a pipe holds 64 KiB, and each of these writes a line of more than 100 bytes.
    for _ in 0..1_200 {
        assert_eq!(request(&listen, "POST", "/push/demo?integration_key=none", "", b"{}").0, 404);
    }
    let body = fs::read(root().join("rules/arms/samples/severity-critical.json")).unwrap();
    let path = format!("/push/demo?integration_key={KEY}");
    assert_eq!(request(&listen, "POST", &path, "", &body).0, 202);
    let term = std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(term.success());
    let end = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = child.try_wait().unwrap();
    let _ = child.kill();
    assert_eq!(ended.expect("it ends although nobody reads its log").code(), Some(0));
}

#[test]
fn clients_that_hold_the_admin_listener_stop_neither_health_nor_operators() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &[]);
    let mut held = Vec::new();
    for index in 0..96 {
        let mut stream = TcpStream::connect(&gateway.admin).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(1))).unwrap();
        // Some ask and never read, some ask nothing.
        let requests = if index % 2 == 0 { 2_000 } else { 0 };
        let _ = stream.write_all("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(requests).as_bytes());
        held.push(stream);
    }
    for _ in 0..100 {
        for path in ["/-/healthy", "/-/ready"] {
            assert_eq!(request(&gateway.admin, "GET", path, "", b"").0, 200);
        }
    }
    assert_eq!(gateway.ask("GET", "/api/v1/rules").0, 200);
    let (code, answer) = request(&gateway.admin, "GET", "/metrics", "", b"");
    assert!(code == 503 && answer.contains("too many connections"), "{code} {answer}");
    drop(held);
    let end = Instant::now() + PATIENCE;
    while request(&gateway.admin, "GET", "/metrics", "", b"").0 != 200 {
        assert!(Instant::now() < end, "the connections stay");
    }
}

#[test]
fn a_web_page_does_not_read_the_metrics() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &["--admin-host", "metrics.example.com"]);
    let of = |host: &str, more: &str| {
        let mut stream = TcpStream::connect(&gateway.admin).unwrap();
        let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(of("pages.example.com", ""), "421");
    assert_eq!(of("metrics.example.com:8481", ""), "200");
    assert_eq!(of("pages.example.com", &format!("Authorization: Bearer {}\r\n", gateway.token)), "200");
}

#[test]
fn a_wrong_key_is_seen() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &[]);
    let listen = gateway.listen();
    // Prometheus sees no increase in a counter that begins at 1.
    let metrics = request(&gateway.admin, "GET", "/metrics", "", b"").1;
    for begun in [
        "pushes_rejected_total{integration=\"demo\",reason=\"unknown_key\"} 0",
        "pushes_total{integration=\"demo\",status=\"422\"} 0",
        "attempts_total{channel=\"demo_page\",result=\"dead\"} 0",
    ] {
        assert!(metrics.contains(begun), "{begun} is not in {metrics}");
    }
    for path in ["/push/demo?integration_key=canary-of-a-sender", "/push/dmo", "/push/anything"] {
        for _ in 0..3 {
            assert_eq!(request(&listen, "POST", path, "", b"{}").0, 404);
        }
    }
    let line = gateway.err.wait("its key does not open the integration");
    assert!(line.contains("WARN") && line.contains("key") && line.contains("127.0.0.1"), "{line}");
    let told = || gateway.err.all().matches("its key does not open the integration").count();
    let end = Instant::now() + PATIENCE;
    while told() < 3 {
        assert!(Instant::now() < end, "a name is not told");
        std::thread::sleep(Duration::from_millis(5));
    }
    let log = gateway.err.all();
    assert_eq!(told(), 3, "once for each name: {log}");
    assert!(!log.contains("canary"), "{log}");
    let status = gateway.status();
    let mut seen: Vec<_> = status["rejected_senders"].as_array().unwrap().iter().collect();
    seen.sort_by_key(|one| one["integration"].to_string());
    assert_eq!((&seen[1]["integration"], &seen[1]["unknown_keys"]), (&"demo".into(), &3.into()), "{status:#}");
    assert_eq!(seen[1]["peer"], "127.0.0.1");
    let shown = place.pointsman(&["status", "--problems", "--state", "state"]).code(1).run().stdout;
    assert!(shown.contains("integration demo") && shown.contains("(did it mean `demo`?)"), "{shown}");
    // A name that may be a key is shown nowhere, but the sender is, with what to do.
    assert!(
        !shown.contains("anything") && !log.contains("anything") && !log.contains("integration=\"\""),
        "{shown}{log}"
    );
    assert!(shown.contains("unknown integrations") && shown.contains("the last from 127.0.0.1"), "{shown}");
    assert!(shown.contains("compare its push URL and key"), "{shown}");
}

#[test]
fn the_state_directory_is_its_owners_alone() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &[]);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.state()), 0o700);
    for entry in fs::read_dir(place.state()).unwrap() {
        let path = entry.unwrap().path();
        let most = if path.extension().is_some_and(|ending| ending == "ndjson") { 0o640 } else { 0o600 };
        assert_eq!(mode(&path) & !most, 0, "{}", path.display());
    }
}

#[test]
fn a_journal_that_was_lost_is_not_begun_anew_without_a_word() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &[]);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    assert_eq!(gateway.end("-TERM").code(), Some(0));
    let journal = place.state().join("journal.db");
    fs::write(&journal, b"").unwrap();
    let told = place.serve(&[]).code(3).run().stderr;
    assert!(told.contains("is empty, but its state directory was in use"), "{told}");
    assert!(told.contains("Move `journal.db` elsewhere"), "{told}");
    let told = place.pointsman(&["events", "--state", "state"]).code(3).run().stderr;
    assert!(told.contains("was in use"), "{told}");
    fs::remove_file(&journal).unwrap();
    let gateway = super::Running::start(&place, &[]);
    let line = gateway.err.wait("beginning with an empty journal");
    assert!(line.contains("WARN") && line.contains("journal.db` is missing"), "{line}");
}

#[test]
fn a_push_that_has_no_room_is_logged_once() {
    let place = Place::new();
    let serve = place.pointsman(&["serve", "--rules", "rules", "--state", "state", "--least-free", "1000TiB"]);
    let gateway = super::Running::of(&place, serve.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]));
    assert_eq!(gateway.push("severity-critical.json").0, 503);
    gateway.err.wait("push refused");
    let log = gateway.err.all();
    assert_eq!(log.matches("and they are accepted from").count(), 2, "at the start, and for the push: {log}");
}

#[test]
fn rules_are_served_without_their_broken_tests() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &["--poll", "--poll-interval", "1h"]);
    let broken = r#"
test "a renamed channel" {
  integration demo
  input { "alerts": [] }
  expect sent [demo_scren]
}
"#;
    let rules = fs::read_to_string(place.quickstart()).unwrap();
    fs::write(place.quickstart(), rules + broken).unwrap();
    let (code, answer) = gateway.ask("POST", "/-/reload");
    assert_eq!((code, answer.as_str()), (200, "{\"generation\":2}"));
    let line = gateway.err.wait("the tests of the rules have 1 error");
    assert!(line.contains("WARN") && line.contains("quickstart.rules:"), "{line}");
    assert!(line.contains("`demo_scren`; the rules are served without these tests"), "{line}");
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let shown = place.pointsman(&["status", "--problems", "--state", "state"]).code(1).run().stdout;
    assert!(shown.contains("WARNING  rules") && shown.contains("run `pointsman check`"), "{shown}");
    let told = place.serve(&["--run-tests", "--check"]).code(1).run().stderr;
    assert!(told.contains("E0161") && told.contains("did you mean `demo_screen`?"), "{told}");
}

#[test]
fn file_channels_do_not_write_into_the_files_of_the_gateway() {
    let place = Place::new();
    let gateway = super::Running::start(&place, &[]);
    assert_eq!(gateway.push("severity-critical.json").0, 202);
    let made = fs::read_dir(place.state()).unwrap().map(|entry| entry.unwrap().file_name());
    let made = made.map(|name| name.into_string().unwrap()).filter(|name| !name.ends_with(".ndjson"));
    let mut names: Vec<String> = made.collect();
    drop(gateway);
    for file in StateFile::ALL {
        assert!(names.iter().any(|name| name == file.name()), "no file of the gateway: {file:?}");
    }
    // While they are written, and as another file system may spell them.
    names.extend(["./journal.db-wal", "last-good.tmp", "admin.new", "fingerprint.new", "LOCK"].map(str::to_owned));
    let mut before = "demo-page.ndjson".to_owned();
    for name in names {
        place.edit(&format!("\"{before}\""), &format!("\"{name}\""));
        let stderr = place.serve(&["--check"]).code(1).run().stderr;
        assert!(stderr.contains("keeps something of its own"), "{name}: {stderr}");
        before = name;
    }
    place.edit(&before, "pages/journal.db");
    place.serve(&["--check"]).run();
}
