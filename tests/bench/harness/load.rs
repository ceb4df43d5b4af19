//! The load generator: many connections on one thread, one push under way on each, every push logged.

use super::http::{self, Connection};
use super::micros;
use super::server::KEY;
use crate::checker::Push;
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What load there is.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Where pushes go.
    pub(crate) to: SocketAddr,
    /// Connections, each with at most one push under way.
    pub(crate) connections: u32,
    /// The pause of a connection after each push.
    pub(crate) pause: Duration,
    /// The pause after anything but 202.
    pub(crate) pause_when_refused: Duration,
    /// Bytes of a body at least.
    pub(crate) size: usize,
    /// Whether every second push of a connection is the recovery of the one before.
    pub(crate) pairs: bool,
    /// The first number of an event.
    pub(crate) first: u64,
    /// How many alerts the events are about; without it each is about its own.
    pub(crate) keys: Option<u64>,
}

impl Plan {
    /// Some connections at full speed, small bodies, firings alone.
    pub(crate) fn new(to: SocketAddr, connections: u32) -> Self {
        Self {
            to,
            connections,
            pause: Duration::ZERO,
            pause_when_refused: Duration::from_millis(20),
            size: 0,
            pairs: false,
            first: 1,
            keys: None,
        }
    }

    /// Starts the load in a thread of its own.
    pub(crate) fn start(self) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicU64::new(0));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&accepted));
        let thread = std::thread::spawn(move || run(&self, stopped, counted));
        Load { stop, accepted, thread }
    }
}

/// Load that runs.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
    thread: JoinHandle<Vec<Push>>,
}

impl Load {
    /// How many pushes were answered with 202 so far.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Ends it; everything that was sent.
    pub(crate) fn stop(self) -> Vec<Push> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the load generator does not fail")
    }
}

/// What the connections share.
struct Shared {
    plan: Plan,
    stop: Arc<AtomicBool>,
    accepted: Arc<AtomicU64>,
    next: RefCell<u64>,
    log: RefCell<Vec<Push>>,
}

fn run(plan: &Plan, stop: Arc<AtomicBool>, accepted: Arc<AtomicU64>) -> Vec<Push> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime of one thread");
    let local = tokio::task::LocalSet::new();
    let next = RefCell::new(plan.first);
    let shared = Rc::new(Shared { plan: plan.clone(), stop, accepted, next, log: RefCell::default() });
    let tasks: Vec<_> =
        (0..plan.connections).map(|number| local.spawn_local(connection(Rc::clone(&shared), number))).collect();
    local.block_on(&runtime, async {
        for task in tasks {
            let _ = task.await;
        }
    });
    shared.log.take()
}

async fn connection(shared: Rc<Shared>, number: u32) {
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + number / 32);
    let mut open: Option<Connection> = None;
    let mut firing: Option<u64> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        let connection = if let Some(connection) = &mut open {
            connection
        } else {
            let Ok(Ok(fresh)) =
                tokio::time::timeout(Duration::from_secs(5), Connection::open(from, shared.plan.to)).await
            else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            open.insert(fresh)
        };
        let id = shared.next.replace_with(|next| *next + 1);
        let alert = firing.unwrap_or_else(|| shared.plan.keys.map_or(id, |keys| id % keys));
        let resolved = firing.is_some();
        let request = http::push("load", KEY, &body(id, alert, resolved, shared.plan.size));
        let sent = micros();
        let exchange = tokio::time::timeout(Duration::from_secs(30), connection.exchange(&request)).await;
        let answered = micros();
        let status = exchange.ok().and_then(Result::ok).unwrap_or(0);
        shared.log.borrow_mut().push(Push { id, alert, resolved, sent, answered, status });
        firing = (shared.plan.pairs && !resolved).then_some(id);
        if status == 202 {
            shared.accepted.fetch_add(1, Ordering::Relaxed);
            if !shared.plan.pause.is_zero() {
                tokio::time::sleep(shared.plan.pause).await;
            }
            continue;
        }
        if status == 0 {
            open = None;
        }
        if !shared.plan.pause_when_refused.is_zero() {
            tokio::time::sleep(shared.plan.pause_when_refused).await;
        }
    }
}

/// The number of events that the sink counts and does not log, so that a probe is no part of a history.
pub(crate) const PROBE: u64 = u64::MAX;

/// The body of a push.
pub(crate) fn body(id: u64, alert: u64, resolved: bool, size: usize) -> String {
    let status = if resolved { "resolved" } else { "firing" };
    let mut body = format!("{{\"id\":\"{id}\",\"alert\":\"{alert}\",\"status\":\"{status}\",\"padding\":\"");
    let padding = size.saturating_sub(body.len() + 2);
    body.extend(std::iter::repeat_n('x', padding));
    body.push_str("\"}");
    body
}
