//! A gateway that a test can inspect: rules from text, a journal in memory, a real listener.

use pointsman::channel::{self, Secret, Setting, Settings};
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::intake::{IntakeBackend, IntakeState, serve};
use pointsman::gateway::journal::{AcceptResult, JournalError, Push, PushStore, RefusedPayload};
use pointsman::gateway::metrics::Metrics;
use pointsman::gateway::served_rules::{ServedChannel, ServedIntegration, ServedRules};
use pointsman::reload::{RuleSetHash, RuleSetVersion};
use pointsman::ruleset::{RuleSet, SystemClock};
use pointsman::source::Sources;
use pointsman::time::{Clock, Timestamp};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// No test waits longer than this for anything.
pub(super) const WATCHDOG: Duration = Duration::from_mins(1);

#[derive(Default)]
pub(super) struct Kept {
    pub(super) pushes: Mutex<Vec<Push>>,
    pub(super) refused: Mutex<Vec<RefusedPayload>>,
    pub(super) rules: Mutex<Vec<RuleSetHash>>,
    pub(super) fault: Mutex<Option<JournalError>>,
    pub(super) open: Mutex<HashMap<String, Vec<String>>>,
    /// While it holds no permit, pushes are not stored.
    pub(super) storing: Mutex<Option<Arc<Semaphore>>>,
    /// How many pushes waited to be stored.
    pub(super) waiting: AtomicUsize,
    /// The next question for open firings says so, and waits for an answer.
    pub(super) asking: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>>,
}

#[derive(Clone, Default)]
pub(super) struct Memory(pub Arc<Kept>);

impl PushStore for Memory {
    fn keep_rules(&self, hash: RuleSetHash, _archive: &[u8]) -> Result<(), JournalError> {
        self.0.rules.lock().unwrap().push(hash);
        Ok(())
    }

    async fn accept(&self, push: Push) -> Result<AcceptResult, JournalError> {
        if let Some(fault) = self.0.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let storing = self.0.storing.lock().unwrap().clone();
        if let Some(storing) = storing {
            self.0.waiting.fetch_add(1, Ordering::Relaxed);
            storing.acquire().await.unwrap().forget();
        }
        let mut pushes = self.0.pushes.lock().unwrap();
        if let Some(own) = push.deduplicate {
            let same = |other: &&Push| other.deduplicate.is_some_and(|known| known.body_hash == own.body_hash);
            if let Some(first) = pushes.iter().find(same) {
                return Ok(AcceptResult::Duplicate(first.id));
            }
        }
        pushes.push(push);
        Ok(AcceptResult::Stored)
    }

    async fn quarantine(&self, refused: RefusedPayload) -> Result<(), JournalError> {
        self.0.refused.lock().unwrap().push(refused);
        Ok(())
    }

    fn open_channels(&self, _integration: &str, key: &str, _at: Timestamp) -> Vec<String> {
        if let Some((asked, answer)) = self.0.asking.lock().unwrap().take() {
            asked.send(()).unwrap();
            answer.recv().unwrap();
        }
        self.0.open.lock().unwrap().get(key).cloned().unwrap_or_default()
    }
}

/// The system's clock, so many milliseconds ahead.
#[derive(Default)]
pub(super) struct ShiftedClock(pub AtomicI64);

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_epoch_milliseconds(SystemClock.now().epoch_milliseconds() + self.0.load(Ordering::Relaxed))
    }
}

pub(super) struct Parts {
    version: Mutex<Arc<RuleSetVersion<ServedRules>>>,
    pub(super) store: Memory,
    intake: IntakeState,
    pub(super) clock: Arc<ShiftedClock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) stopping: AtomicBool,
}

impl IntakeBackend for Parts {
    type Store = Memory;

    fn current(&self) -> Arc<RuleSetVersion<ServedRules>> {
        self.version.lock().unwrap().clone()
    }

    fn store(&self) -> &Memory {
        &self.store
    }

    fn intake(&self) -> &IntakeState {
        &self.intake
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// A running listener.
pub(super) struct Running {
    pub(super) parts: Arc<Parts>,
    pub(super) address: SocketAddr,
    pub(super) stop: watch::Sender<bool>,
    pub(super) task: tokio::task::JoinHandle<()>,
}

pub(super) fn text(text: &str) -> Setting {
    Setting::Text(text.to_owned())
}

pub(super) fn secret(text: &str) -> Setting {
    Setting::Secret(Secret::new(text.to_owned()))
}

pub(super) fn keys(keys: &[&str]) -> Setting {
    Setting::Secrets(keys.iter().map(|&key| Secret::new(key.to_owned())).collect())
}

/// Rules with the parameters of each integration, by name.
pub(super) fn version(
    generation: u64,
    rules: &str,
    settings: &[(&str, &[(&str, Setting)])],
) -> Arc<RuleSetVersion<ServedRules>> {
    let mut sources = Sources::default();
    sources.add("it.rules", rules);
    for shipped in ["alertmanager/alertmanager.rules", "standard/standard.rules"] {
        let text = std::fs::read_to_string(format!("rules/{shipped}")).unwrap();
        sources.add(shipped, text.as_str());
    }
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let rules = loaded.rules.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    let channels = rules.program.channels.iter();
    let channels = channels.map(|channel| ServedChannel {
        name: channel.name.to_string(),
        kind: channel::find("stdout").unwrap(),
        settings: Settings::default(),
        policy: channel::NotificationPolicy::EVERY_EVENT,
    });
    let channels = channels.collect();
    let integrations = settings.iter().map(|(name, entries)| ServedIntegration {
        name: (*name).to_owned(),
        settings: Settings {
            entries: entries.iter().map(|(name, setting)| ((*name).to_owned(), setting.clone())).collect(),
        },
        mappings: Vec::new(),
        destination: String::new(),
    });
    let integrations = integrations.collect();
    Arc::new(RuleSetVersion {
        generation,
        hash: RuleSetHash([u8::try_from(generation).unwrap(); 32]),
        loaded: Timestamp::read("2026-11-20T12:00:00Z").unwrap(),
        value: ServedRules { rules, channels, integrations, archive: Vec::new(), warnings: Vec::new() },
    })
}

pub(super) async fn start(version: Arc<RuleSetVersion<ServedRules>>, limits: ListenerLimits) -> Running {
    start_with(version, limits, None, &[]).await
}

/// With integrations that had pushes before the start.
pub(super) async fn start_with(
    version: Arc<RuleSetVersion<ServedRules>>,
    limits: ListenerLimits,
    tls: Option<Arc<rustls::ServerConfig>>,
    past: &[&str],
) -> Running {
    let (metrics, clock): (Arc<Metrics>, Arc<ShiftedClock>) = Default::default();
    let intake = IntakeState::new(Arc::<ShiftedClock>::clone(&clock), Arc::clone(&metrics), limits);
    let parts = Arc::new(Parts {
        version: Mutex::new(version),
        store: Memory::default(),
        intake: intake.with_past_integrations(past.iter().map(|&name| name.to_owned())),
        clock,
        metrics,
        stopping: AtomicBool::new(false),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(serve(Arc::clone(&parts), listener, tls, stopped));
    Running { parts, address, stop, task }
}

/// An answer: the status, the headers in lower case, the body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

impl Running {
    pub(super) fn publish(&self, version: Arc<RuleSetVersion<ServedRules>>) {
        *self.parts.version.lock().unwrap() = version;
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the listener closes the connection.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // A listener that refuses early may close before all is written.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(WATCHDOG, stream.read_to_end(&mut answer)).await;
        let _ = read.expect("the listener closes the connection");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends one request.
    pub(super) async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: it\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let answer = self.raw(&[request.as_bytes(), body].concat()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, headers: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(super) async fn post(&self, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send("POST", target, headers, body).await
    }

    pub(super) fn pushes(&self) -> Vec<Push> {
        self.parts.store.0.pushes.lock().unwrap().clone()
    }

    pub(super) fn refused(&self) -> Vec<RefusedPayload> {
        self.parts.store.0.refused.lock().unwrap().clone()
    }
}
