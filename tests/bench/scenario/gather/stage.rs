//! What the players share: the gateway as they reach it, and the messages that arrived, by the site that they are about.

use crate::harness::robot::Robot;
use crate::harness::server::Setup;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Channels of the players.
pub(super) const LANES: u64 = 4;

/// How long a player tries to reach the gateway, and waits for a message.
const PATIENCE: Duration = Duration::from_secs(90);

/// A message that arrived, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Its channel.
    pub(super) path: String,
    /// The key of its group.
    pub(super) key: String,
    /// Whether anything that was told still fires.
    pub(super) status: String,
    /// What is news of which alert.
    pub(super) news: BTreeMap<String, String>,
    /// When it arrived, in microseconds.
    pub(super) at: u64,
}

/// What arrived.
#[derive(Default)]
struct Inbox {
    /// How much of the robot's log was looked at.
    seen: usize,
    bodies: HashMap<(String, String), (Value, bool)>,
    by_site: HashMap<String, Vec<Told>>,
    repeated: u64,
    messages: u64,
}

/// The outcome of the rounds that were played.
#[derive(Default)]
struct Ledger {
    /// Sites whose rounds ended, and how many messages they got.
    ended: Vec<(String, usize)>,
    rounds: BTreeMap<&'static str, u64>,
    broken: Vec<String>,
}

pub(super) struct Stage {
    pub(super) setup: Setup,
    pub(super) robot: Robot,
    /// Odd while the machine has no power.
    cuts: AtomicU64,
    is_over: AtomicBool,
    inbox: Mutex<Inbox>,
    ledger: Mutex<Ledger>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    pub(super) fn new(setup: Setup, robot: Robot) -> Self {
        Self {
            setup,
            robot,
            cuts: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            inbox: Mutex::default(),
            ledger: Mutex::default(),
        }
    }

    /// No player begins another round.
    pub(super) fn finish(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub(super) fn set_dark(&self, is_dark: bool) {
        self.cuts.fetch_add(1, Ordering::SeqCst);
        self.robot.set_dark(is_dark);
    }

    /// Asks until the answer is good. What is answered while the machine has no power is not heard.
    fn insist<T>(&self, what: &str, mut ask: impl FnMut() -> Result<T, u16>) -> Result<T, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let before = self.cuts.load(Ordering::SeqCst);
            match ask() {
                Ok(value) if before.is_multiple_of(2) && self.cuts.load(Ordering::SeqCst) == before => {
                    return Ok(value);
                }
                // The file with the token is on the disk that has no power.
                Err(status @ (400 | 402..=428)) => return Err(format!("{what} is answered with {status}")),
                Ok(_) | Err(_) if Instant::now() < end => std::thread::sleep(Duration::from_millis(25)),
                Ok(_) => return Err(format!("{what} is not answered")),
                Err(status) => return Err(format!("{what} is answered with {status} for {PATIENCE:?}")),
            }
        }
    }

    /// Pushes alerts until they are accepted.
    pub(super) fn push(&self, alerts: &[Value]) -> Result<(), String> {
        let body = json!({ "alerts": alerts }).to_string();
        self.insist("a push", || match self.setup.push(&body) {
            202 => Ok(()),
            status => Err(status),
        })
    }

    /// Silences a site.
    pub(super) fn silence(&self, site: &str) -> Result<(), String> {
        let request = json!({
            "condition": format!("labels.site == \"{site}\""), "for": "2h", "because": "a campaign", "by": "campaign",
            "force": true,
        });
        let request = request.to_string();
        self.insist("a silence", || match self.setup.admin_with("POST", "/api/v1/silences", &request) {
            (200..=299, _) => Ok(()),
            (status, _) => Err(status),
        })
    }

    /// Ends all silences of a site: where an answer was lost, there are several.
    pub(super) fn end_silences(&self, site: &str) -> Result<(), String> {
        let by = json!({ "by": "campaign" }).to_string();
        self.insist("the end of a silence", || {
            let mut page = "/api/v1/silences?limit=100".to_owned();
            loop {
                let (status, listed) = self.setup.admin_with("GET", &page, "");
                let listed: Value = serde_json::from_str(&listed).map_err(|_| status.min(399))?;
                for silence in listed["items"].as_array().into_iter().flatten() {
                    if !silence["condition"]
                        .as_str()
                        .is_some_and(|condition| condition.contains(&format!("\"{site}\"")))
                    {
                        continue;
                    }
                    let path = format!("/api/v1/silences/{}/end", silence["id"].as_str().unwrap_or_default());
                    let (status, _) = self.setup.admin_with("POST", &path, &by);
                    if !(200..=299).contains(&status) && status != 409 {
                        return Err(status.min(399));
                    }
                }
                let Some(next) = listed["next"].as_str() else { return Ok(()) };
                page = format!("/api/v1/silences?limit=100&before={next}");
            }
        })
    }

    /// The messages about a site.
    pub(super) fn told(&self, site: &str) -> Vec<Told> {
        let mut inbox = lock(&self.inbox);
        for message in self.robot.log_from(inbox.seen) {
            inbox.seen += 1;
            let id = (message.path.clone(), message.id.clone());
            let known = inbox.bodies.get(&id).cloned();
            if known.as_ref().is_some_and(|(body, _)| *body != message.body) {
                self.broken(format!("two bodies with the id {}: {known:?} and {}", message.id, message.body));
            }
            let was_taken = known.is_some_and(|(_, taken)| taken);
            inbox.repeated += u64::from(was_taken);
            inbox.bodies.insert(id, (message.body.clone(), was_taken || message.taken));
            if message.taken && !was_taken {
                inbox.messages += 1;
                let (site, told) = read(&message.path, &message.body, message.at);
                inbox.by_site.entry(site).or_default().push(told);
            }
        }
        inbox.by_site.get(site).cloned().unwrap_or_default()
    }

    /// Waits until what was told of a site is so.
    pub(super) fn until<T>(
        &self,
        site: &str,
        what: &str,
        mut is_so: impl FnMut(&[Told]) -> Result<Option<T>, String>,
    ) -> Result<T, String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let told = self.told(site);
            if let Some(found) = is_so(&told)? {
                return Ok(found);
            }
            if Instant::now() > end {
                return Err(format!("{what} is not told within {PATIENCE:?}, but {told:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Notes a round that ended, or why it is not as in an undisturbed run.
    pub(super) fn note(&self, story: &'static str, site: &str, played: Result<usize, String>) {
        let mut ledger = lock(&self.ledger);
        *ledger.rounds.entry(story).or_default() += 1;
        match played {
            Ok(count) => ledger.ended.push((site.to_owned(), count)),
            Err(reason) => ledger.broken.push(format!("{story} {site}: {reason}")),
        }
    }

    fn broken(&self, reason: String) {
        lock(&self.ledger).broken.push(reason);
    }

    /// Figures, and what was broken.
    pub(super) fn verdict(&self) -> (String, Vec<String>) {
        self.told("");
        let inbox = lock(&self.inbox);
        let mut ledger = lock(&self.ledger);
        let Ledger { ended, broken, .. } = &mut *ledger;
        for (site, count) in ended {
            let told = inbox.by_site.get(site).map(Vec::as_slice).unwrap_or_default();
            if told.len() != *count {
                broken.push(format!("{site}: {} messages and not {count}: {:?}", told.len(), &told[*count..]));
            }
        }
        let figures = format!(
            "{} messages, {} repeated; rounds {:?}, {} silences or more",
            inbox.messages,
            inbox.repeated,
            ledger.rounds,
            ledger.rounds.get("silenced").copied().unwrap_or(0)
        );
        (figures, ledger.broken.clone())
    }
}

/// The site of a message, and what it says.
fn read(path: &str, body: &Value, at: u64) -> (String, Told) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let alerts = body["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let news = alerts.iter().filter(|alert| alert["news"].is_string());
    let news: BTreeMap<String, String> = news.map(|alert| (text(&alert["key"]), text(&alert["news"]))).collect();
    let first = alerts.first().map(|alert| text(&alert["key"])).unwrap_or_default();
    let site = first.split('/').next().unwrap_or_default().to_owned();
    let told = Told { path: path.to_owned(), key: text(&body["key"]), status: text(&body["status"]), news, at };
    (site, told)
}
