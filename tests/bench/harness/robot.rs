//! A receiver of messages: it keeps each body that comes, and misbehaves now and then, or as a robot with a limit does.

use super::{Random, http, micros};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// When, in microseconds.
    pub(crate) at: u64,
    /// Its path.
    pub(crate) path: String,
    /// Its `Idempotency-Key`.
    pub(crate) id: String,
    /// Its body.
    pub(crate) body: Value,
    /// Whether the robot took it.
    pub(crate) taken: bool,
}

/// How a robot answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Temper {
    /// It takes everything.
    Good,
    /// Now and then it answers 503, or closes without an answer.
    Troubled,
    /// As a chat does: the message after so many in a minute blocks it for ten minutes.
    Limited(usize),
}

/// A receiver in threads of its own; it ends with the program.
#[derive(Clone)]
pub(crate) struct Robot {
    /// Where it is.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    temper: Temper,
    /// The machine has no power: nothing comes from it.
    dark: AtomicBool,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    messages: Vec<Message>,
    blocked_until: Option<u64>,
}

/// For how long a robot with a limit is blocked, in microseconds.
const BLOCKED: u64 = 600_000_000;
const MINUTE: u64 = 60_000_000;

impl Robot {
    /// Starts one; `seed` decides when it misbehaves.
    pub(crate) fn start(temper: Temper, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { temper, dark: AtomicBool::new(false), log: Mutex::default() });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (number, stream) in (0_u64..).zip(listener.incoming().map_while(Result::ok)) {
                let (shared, random) = (Arc::clone(&accepting), Random::new(seed.wrapping_add(number)));
                std::thread::spawn(move || shared.serve(stream, random));
            }
        });
        Self { address, shared }
    }

    /// Whether the machine of the gateway has power: without it, nothing of what it does counts.
    pub(crate) fn set_dark(&self, is_dark: bool) {
        self.shared.dark.store(is_dark, Ordering::SeqCst);
    }

    /// What came from a position on.
    pub(crate) fn log_from(&self, position: usize) -> Vec<Message> {
        self.shared.log().messages.get(position..).unwrap_or_default().to_vec()
    }

    /// Whether the limit was ever exceeded.
    pub(crate) fn was_blocked(&self) -> bool {
        self.shared.log().blocked_until.is_some()
    }
}

impl Shared {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: TcpStream, mut random: Random) {
        let _ = stream.set_nodelay(true);
        let (mut buffer, mut chunk) = (Vec::new(), [0; 16_384]);
        loop {
            let head = http::Head::read(&buffer).filter(|head| buffer.len() >= head.end + head.length);
            let Some(head) = head else {
                match stream.read(&mut chunk) {
                    Ok(count) if count > 0 => buffer.extend_from_slice(&chunk[..count]),
                    _ => return,
                }
                continue;
            };
            let request: Vec<u8> = buffer.drain(..head.end + head.length).collect();
            let (text, body) = request.split_at(head.end);
            let Some(answer) = self.answer(&String::from_utf8_lossy(text), body, &mut random) else { return };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// Keeps a message; its answer, or nothing where the connection closes without one.
    fn answer(&self, head: &str, body: &[u8], random: &mut Random) -> Option<String> {
        let mut log = self.log();
        if self.dark.load(Ordering::SeqCst) {
            return None;
        }
        let at = micros();
        let trouble = if self.temper == Temper::Troubled { random.below(100) } else { 100 };
        let (mut status, mut text) = ("200 OK", "{\"errcode\":0,\"errmsg\":\"ok\"}");
        if let Temper::Limited(most) = self.temper {
            let recent = log.messages.iter().filter(|message| message.at + MINUTE > at).count();
            if recent >= most {
                log.blocked_until = Some(at + BLOCKED);
            }
            if log.blocked_until.is_some_and(|until| at < until) {
                text = "{\"errcode\":660026,\"errmsg\":\"send too fast\"}";
            }
        }
        if trouble < 3 {
            (status, text) = ("503 Service Unavailable", "");
        }
        let taken = trouble >= 4 && !text.contains("fast");
        log.messages.push(Message {
            at,
            path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
            id: http::header(head, "idempotency-key").unwrap_or_default().to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            taken,
        });
        drop(log);
        // Once before it takes a message, and once after.
        let is_silent = trouble == 3 || trouble == 4;
        if self.temper == Temper::Troubled && random.below(20) == 0 {
            std::thread::sleep(Duration::from_millis(random.below(120)));
        }
        let length = text.len();
        (!is_silent).then(|| format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{text}"))
    }
}
