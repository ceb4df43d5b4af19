//! The destination of the channels: takes deliveries, logs them, and misbehaves where it is told to.

use super::load::PROBE;
use super::{Random, http, micros, rules};
use crate::checker::Delivery;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a sink behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mood {
    /// It answers 200 at once.
    Good,
    /// Now and then it is slow, answers with errors, or closes without an answer.
    Troubled,
    /// It takes connections and never answers.
    Hanging,
    /// It answers 503.
    Refusing,
    /// It answers 202, as a gateway would; for trying out the load generator.
    Accepting,
}

/// A sink in a thread of its own; it ends with the program.
#[derive(Clone)]
pub(crate) struct Sink {
    /// Where it is.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    mood: AtomicU8,
    logging: AtomicBool,
    taken: AtomicU64,
    probes: AtomicU64,
    newest: AtomicU32,
    log: Mutex<Vec<Delivery>>,
    seed: u64,
}

impl Sink {
    /// Starts one; `seed` decides when it misbehaves.
    pub(crate) fn start(seed: u64) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("a listener of tokio's");
        let shared = Arc::new(Shared {
            mood: AtomicU8::new(Mood::Good as u8),
            logging: AtomicBool::new(true),
            taken: AtomicU64::new(0),
            probes: AtomicU64::new(0),
            newest: AtomicU32::new(0),
            log: Mutex::default(),
            seed,
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(accept(listener, accepting));
        });
        Self { address, shared }
    }

    /// Changes how it behaves.
    pub(crate) fn set_mood(&self, mood: Mood) {
        self.shared.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// Only counts from now on.
    pub(crate) fn stop_logging(&self) {
        self.shared.logging.store(false, Ordering::Relaxed);
    }

    /// How many deliveries it answered well.
    pub(crate) fn taken(&self) -> u64 {
        self.shared.taken.load(Ordering::Relaxed)
    }

    /// How many probes came.
    pub(crate) fn probes(&self) -> u64 {
        self.shared.probes.load(Ordering::Relaxed)
    }

    /// The highest version whose stamp it saw.
    pub(crate) fn newest_version(&self) -> u32 {
        self.shared.newest.load(Ordering::Relaxed)
    }

    /// What it logged from a position on.
    pub(crate) fn log_from(&self, position: usize) -> Vec<Delivery> {
        self.shared.log.lock().map(|log| log.get(position..).unwrap_or_default().to_vec()).unwrap_or_default()
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut count = 0_u64;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        count += 1;
        let random = Random::new(shared.seed.wrapping_add(count));
        tokio::spawn(connection(stream, Arc::clone(&shared), random));
    }
}

async fn connection(mut stream: TcpStream, shared: Arc<Shared>, mut random: Random) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let Some(head) = http::Head::read(&buffer).filter(|head| buffer.len() >= head.end + head.length) else {
            if !matches!(stream.read_buf(&mut buffer).await, Ok(count) if count > 0) {
                return;
            }
            continue;
        };
        let request: Vec<u8> = buffer.drain(..head.end + head.length).collect();
        let answer = answer(&shared, &mut random).await;
        if shared.logging.load(Ordering::Relaxed) {
            let delivery = read_delivery(&request[..head.end], &request[head.end..], matches!(answer, Some(200 | 202)));
            if delivery.id == PROBE {
                shared.probes.fetch_add(1, Ordering::Relaxed);
            } else if let Ok(mut log) = shared.log.lock() {
                if delivery.stamps[0] != rules::TORN {
                    shared.newest.fetch_max(delivery.stamps[0], Ordering::Relaxed);
                }
                log.push(delivery);
            }
        }
        let Some(status) = answer else { return };
        if status == 200 {
            shared.taken.fetch_add(1, Ordering::Relaxed);
        }
        let extra = if status == 429 { "retry-after: 1\r\n" } else { "" };
        let text = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n{extra}\r\n");
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The status to answer with; none closes the connection without one.
async fn answer(shared: &Shared, random: &mut Random) -> Option<u16> {
    let mood = shared.mood.load(Ordering::Relaxed);
    if mood == Mood::Hanging as u8 {
        tokio::time::sleep(Duration::from_mins(10)).await;
        return None;
    }
    if mood == Mood::Refusing as u8 {
        return Some(503);
    }
    if mood == Mood::Accepting as u8 {
        return Some(202);
    }
    if mood == Mood::Good as u8 {
        return Some(200);
    }
    match random.below(400) {
        0..4 => Some(503),
        4..6 => Some(500),
        6 => Some(429),
        7..9 => None,
        9..13 => {
            tokio::time::sleep(random.pause(10, 120)).await;
            Some(200)
        }
        13 => {
            // Longer than the channel's time-out: the sender is gone before the end.
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            None
        }
        _ => Some(200),
    }
}

fn read_delivery(head: &[u8], body: &[u8], taken: bool) -> Delivery {
    let head = String::from_utf8_lossy(head);
    let number = |text: Option<&serde_json::Value>| {
        text.and_then(|text| text.as_str()).and_then(|text| text.parse().ok()).unwrap_or(0_u64)
    };
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let mut stamps = [rules::TORN; rules::STAMPS];
    for (stamp, text) in stamps.iter_mut().zip(value["stamps"].as_array().into_iter().flatten()) {
        *stamp = text.as_str().and_then(|text| text.parse().ok()).unwrap_or(rules::TORN);
    }
    let (id, alert) = (number(value.get("id")), number(value.get("alert")));
    let resolved = value["status"] == "Resolved";
    let path = head.split(' ').nth(1).unwrap_or_default();
    Delivery {
        id,
        alert,
        resolved,
        sink: path.rsplit('/').next().and_then(|sink| sink.parse().ok()).unwrap_or(u32::MAX),
        at: micros(),
        taken,
        idempotency: digest(http::header(&head, "idempotency-key").unwrap_or_default().as_bytes()),
        body: digest(body),
        stamps,
        as_reference: body == rules::reference(stamps[0], id, alert, resolved).as_bytes(),
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
