//! What must not stop a running gateway, and files that rules must not reach.

use super::{KEY, PATIENCE, Place, request, root};
use pointsman::channel::StateFile;
use std::fs;
use std::io::{BufRead, BufReader};
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
