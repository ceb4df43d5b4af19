//! The memory of a running gateway, within what the shipped unit and the Kubernetes example give it: 512 MiB.
//!
//! It is measured as the peak of anonymous memory in `/proc/PID/smaps_rollup`, sampled every 50 ms, so that a test needs no
//! right to make a cgroup.

use super::{KEY, Place, Running};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What the gateway may take, in MiB.
const MOST: u64 = 512;

/// Any list of alerts, for a file.
const RULES: &str = r#"edition 1
mapping batch {
  accept when $.alerts is array because "there are no alerts"
  each $.alerts[*]
  severity = Warning
  status   = Firing
  title    = "disk full"
  key      = string(@.key) ?? "k"
  labels { ...@.labels }
}
channel lines = file(path = "lines.ndjson")
integration batch { keys = [env("POINTSMAN_DEMO_KEY")]  batch => lines }
integration prometheus { keys = [env("PROMETHEUS_KEY")]  alertmanager => lines }
"#;

/// Samples the memory of a process until it is asked for the peak.
struct PeakMemory {
    stop: Arc<AtomicBool>,
    sampling: JoinHandle<u64>,
}

impl PeakMemory {
    fn of(process: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let sampling = thread::spawn(move || {
            let mut peak = 0;
            while !until.load(Ordering::Relaxed) {
                let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
                let line = text.lines().find_map(|line| line.strip_prefix("Anonymous:"));
                let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
                peak = peak.max(kilobytes.unwrap_or(0) >> 10);
                thread::sleep(Duration::from_millis(50));
            }
            peak
        });
        Self { stop, sampling }
    }

    /// The peak, in MiB.
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.sampling.join().unwrap()
    }
}

fn gateway(place: &Place) -> Running {
    fs::remove_dir_all(place.rules()).unwrap();
    fs::create_dir(place.rules()).unwrap();
    fs::write(place.rules().join("batch.rules"), RULES).unwrap();
    let shipped = super::root().join("rules/alertmanager/alertmanager.rules");
    fs::copy(shipped, place.rules().join("alertmanager.rules")).unwrap();
    Running::of(place, place.serve(&[]).env("PROMETHEUS_KEY", format!("{KEY}-p")))
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Posts a body from many connections at once; the statuses of the answers.
fn post_at_once(gateway: &Running, target: &str, bodies: Vec<Vec<u8>>) -> Vec<u16> {
    let listen = gateway.listen();
    let start = Arc::new(Barrier::new(bodies.len()));
    let pushing = bodies.into_iter().map(|body| {
        let (start, listen) = (Arc::clone(&start), listen.clone());
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: it\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        thread::spawn(move || {
            start.wait();
            let mut stream = TcpStream::connect(listen).unwrap();
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse::<u16>().unwrap()
        })
    });
    let pushing: Vec<_> = pushing.collect();
    pushing.into_iter().map(|push| push.join().unwrap()).collect()
}

#[test]
fn sixty_batches_of_ten_thousand_alerts_at_once() {
    let place = Place::new();
    let gateway = gateway(&place);
    let batch = |batch: usize| {
        let alerts: Vec<_> = (0..10_000).map(|alert| format!("{{\"key\":\"{batch}.{alert}\"}}")).collect();
        gzip(&format!("{{\"alerts\":[{}]}}", alerts.join(",")))
    };
    let memory = PeakMemory::of(gateway.child.id());
    let statuses = post_at_once(&gateway, &format!("/push/batch?integration_key={KEY}"), (0..60).map(batch).collect());
    let peak = memory.end();
    assert!(peak < MOST, "{peak} MiB");
    assert!(statuses.contains(&202) && statuses.iter().all(|status| [202, 503].contains(status)), "{statuses:?}");
}

#[test]
fn sixteen_requests_to_the_alertmanager_endpoint_at_once() {
    let place = Place::new();
    let gateway = gateway(&place);
    let request = |request: usize| {
        let alerts: Vec<_> =
            (0..10_000).map(|alert| format!("{{\"labels\":{{\"a\":\"{request}.{alert}\"}}}}")).collect();
        gzip(&format!("[{}]", alerts.join(",")))
    };
    let memory = PeakMemory::of(gateway.child.id());
    let target = format!("/api/v2/alerts?integration_key={KEY}-p");
    let statuses = post_at_once(&gateway, &target, (0..16).map(request).collect());
    let peak = memory.end();
    assert!(peak < MOST, "{peak} MiB");
    assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
}
