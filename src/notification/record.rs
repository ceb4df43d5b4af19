//! The records of a channel: what it was told, what is true, and since when they differ.

use super::timing::TimingReason;
use crate::event::Severity;
use crate::mutant::Mutant;
use crate::time::Timestamp;

/// An alert: a digest of its integration and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub [u8; 16]);

/// A group of a channel: a digest of the values of `group_by`, or of the alert where it stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub [u8; 16]);

/// A message of a channel; later ones have larger numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

/// Whether a mute or a silence holds an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Nothing holds it.
    Free,
    /// Something does: it is not told, but for its end.
    Held,
}

/// Whether the last firing of an alert was routed to the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutingState {
    /// It was.
    Here,
    /// It went elsewhere; the channel still hears the end of what it was told.
    Elsewhere,
}

/// How an alert came to be open in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertEntry {
    /// Routing gave the channel.
    Routed,
    /// Another channel did not tell it, and this one is its fallback. It counts as routed here until it is over, whatever
    /// routing gives.
    Fallback,
}

/// What the fallback of a channel knows of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallbackState {
    /// It was not told of it.
    Untold,
    /// A message that told of it was given up: the fallback is told at once.
    GivenUp,
    /// It was told that the alert fires at this severity.
    PassedOn(Severity),
}

/// Whether the fallback of a channel was told of news, at its severity or a worse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PassState {
    /// It was not.
    Kept,
    /// It was.
    PassedOn,
}

/// What differs between what a channel was told and what is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsKind {
    /// It fires, and the channel does not know.
    New,
    /// It is worse than the channel knows.
    Worse,
    /// It is less bad than the channel knows.
    Better,
    /// It is over, and the channel believes that it fires.
    Over,
}

/// What calls for telling news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsOrigin {
    /// An event.
    Event,
    /// The end of a mute or silence.
    Unmuting,
    /// A receiver that refused the message: the news goes along with the next one.
    Refusal,
}

/// An alert of which true and told differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewsRecord {
    /// Since when.
    pub since: Timestamp,
    /// When it was Critical for the first time since then.
    pub critical_since: Option<Timestamp>,
    /// What calls for telling it.
    pub origin: NewsOrigin,
}

/// News that ended before it was told. Where the alert fires again before `until`, the news goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LapsedNews {
    /// The news.
    pub news: NewsRecord,
    /// Until when it is remembered.
    pub until: Timestamp,
}

/// An alert as one channel knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertRecord {
    /// Its group, from its first firing until its end was delivered or given up.
    pub group: GroupId,
    /// What is true: its severity while it fires.
    pub firing: Option<Severity>,
    /// The severity at which the channel last heard that it fires; nothing where it never heard, or heard that it is over.
    pub told: Option<Severity>,
    /// The worst severity at which an operator dropped it: as long as it fires no worse than that, it is not told.
    pub dropped: Option<Severity>,
    /// Whether a mute or silence holds it.
    pub hold: HoldState,
    /// Whether its last firing was routed here.
    pub routing: RoutingState,
    /// How it came to be open here.
    pub entry: AlertEntry,
    /// What the fallback of the channel knows of it.
    pub fallback: FallbackState,
    /// Since when true and told differ, where they do.
    pub news: Option<NewsRecord>,
    /// News that ended before it was told.
    pub lapsed: Option<LapsedNews>,
    /// The last message that told of it, as long as that is undelivered.
    pub message: Option<MessageId>,
    /// The last message that told of it.
    pub told_in: Option<MessageId>,
}

impl AlertRecord {
    /// An alert that the channel does not know yet.
    #[must_use]
    pub fn new(group: GroupId) -> Self {
        Self {
            group,
            firing: None,
            told: None,
            dropped: None,
            hold: HoldState::Free,
            routing: RoutingState::Here,
            entry: AlertEntry::Routed,
            fallback: FallbackState::Untold,
            news: None,
            lapsed: None,
            message: None,
            told_in: None,
        }
    }

    /// What differs between what the channel was told and what is true. What an operator dropped is as if it did not differ.
    #[must_use]
    pub fn difference(&self) -> Option<NewsKind> {
        match (self.told, self.firing) {
            _ if self.is_dropped() => None,
            (None, Some(_)) => Some(NewsKind::New),
            (Some(told), Some(firing)) if firing > told => Some(NewsKind::Worse),
            (Some(told), Some(firing)) if firing < told => Some(NewsKind::Better),
            (Some(_), None) => Some(NewsKind::Over),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }

    /// Whether it fires worse than the channel knows, and an operator dropped that.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.firing.is_some() && self.told < self.firing && self.dropped >= self.firing
    }

    /// The news that the next message of the group tells: all but what is held, and what was routed elsewhere.
    #[must_use]
    pub fn tellable(&self) -> Option<NewsKind> {
        let kind = self.difference()?;
        let is_held = self.hold == HoldState::Held && !Mutant::HeldTold.is_on();
        let is_kept_back = is_held || self.routing == RoutingState::Elsewhere;
        let passes = kind == NewsKind::Over && !(is_held && Mutant::MutedEnd.is_on());
        (passes || !is_kept_back).then_some(kind)
    }

    /// The news that makes its group due, and since when it counts.
    #[must_use]
    pub fn dues(&self) -> DueTimes {
        let (Some(kind), Some(news)) = (self.tellable(), self.news) else { return DueTimes::default() };
        if news.origin == NewsOrigin::Refusal {
            return DueTimes::default();
        }
        let ordinary = match kind {
            NewsKind::New => Some((DueClass::New, news.since)),
            NewsKind::Worse => Some((DueClass::Worse, news.since)),
            NewsKind::Over => Some((DueClass::Over, news.since)),
            NewsKind::Better => None,
        };
        let is_critical = self.firing == Some(Severity::Critical);
        let critical = news.critical_since.filter(|_| is_critical).map(|since| (DueClass::Critical, since));
        DueTimes { ordinary, critical }
    }

    /// Whether the fallback of the channel knows that it fires, as bad as it is or worse.
    #[must_use]
    pub fn pass_state(&self) -> PassState {
        match (self.fallback, self.firing) {
            (FallbackState::PassedOn(known), Some(firing)) if firing <= known => PassState::PassedOn,
            (FallbackState::PassedOn(_) | FallbackState::Untold | FallbackState::GivenUp, _) => PassState::Kept,
        }
    }

    /// Whether the fallback of the channel is to be told of it because a message was given up.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.fallback == FallbackState::GivenUp && self.firing.is_some() && self.tellable().is_some()
    }

    /// Whether it was told, and fires still.
    #[must_use]
    pub fn is_told_firing(&self) -> bool {
        self.told.is_some() && self.firing.is_some()
    }

    /// Whether it was told, fires still, and nothing keeps it from being told again.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        let is_kept_back = self.hold == HoldState::Held || self.routing == RoutingState::Elsewhere || self.is_dropped();
        self.is_told_firing() && !is_kept_back
    }

    /// What it is once a message told its news.
    #[must_use]
    pub fn told_by(&self, message: MessageId) -> Self {
        Self {
            told: self.firing,
            dropped: self.dropped.filter(|dropped| self.firing.is_some_and(|firing| firing < *dropped)),
            news: None,
            lapsed: None,
            message: Some(message),
            told_in: Some(message),
            ..*self
        }
    }

    /// Whether the channel knows nothing of it any more.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.firing.is_none() && self.told.is_none() && self.lapsed.is_none() && self.message.is_none()
    }
}

/// Classes of news that have different waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueClass {
    /// Critical news.
    Critical,
    /// A severity that rose.
    Worse,
    /// A new alert.
    New,
    /// An end.
    Over,
}

impl DueClass {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Worse, Self::New, Self::Over];
    /// Those of alerts that fire.
    pub const FIRING: [Self; 3] = [Self::Critical, Self::Worse, Self::New];
}

/// For which classes an alert makes its group due, and since when each counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DueTimes {
    /// Its class by what differs.
    pub ordinary: Option<(DueClass, Timestamp)>,
    /// That of Critical news.
    pub critical: Option<(DueClass, Timestamp)>,
}

impl DueTimes {
    /// Both.
    pub fn iter(self) -> impl Iterator<Item = (DueClass, Timestamp)> {
        self.ordinary.into_iter().chain(self.critical)
    }
}

/// Counts of the alerts of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// Alerts that are known.
    pub known: u32,
    /// Those that were told and fire, by the severity that was told: Info, Warning, Critical.
    pub told: [u32; 3],
    /// Those of them that may be repeated.
    pub repeated: u32,
    /// Those that were told Critical, are Critical still, and are not held.
    pub told_critical: u32,
    /// Those that fire, were not told, and are held.
    pub held: u32,
    /// Those that have news to tell.
    pub news: u32,
    /// Those of them that fire, by severity: Info, Warning, Critical.
    pub firing_news: [u32; 3],
    /// Those that have news to tell of which the fallback was told.
    pub passed_on: u32,
    /// Those that have news to tell of which the fallback is to be told because a message was given up.
    pub given_up: u32,
}

impl GroupCounts {
    /// Those that were told and fire.
    #[must_use]
    pub fn told_firing(&self) -> u32 {
        self.told.iter().sum()
    }

    /// The worst severity that was told and fires.
    #[must_use]
    pub fn worst_told(&self) -> Option<Severity> {
        worst(&self.told)
    }

    /// The worst severity of what has news to tell and fires.
    #[must_use]
    pub fn worst_news(&self) -> Option<Severity> {
        worst(&self.firing_news)
    }

    /// Counts an alert.
    pub fn add(&mut self, alert: &AlertRecord) {
        self.apply(alert, u32::saturating_add);
    }

    /// Counts an alert no longer.
    pub fn remove(&mut self, alert: &AlertRecord) {
        self.apply(alert, u32::saturating_sub);
    }

    fn apply(&mut self, alert: &AlertRecord, change: fn(u32, u32) -> u32) {
        let count = |counter: &mut u32, is_counted: bool| {
            if is_counted {
                *counter = change(*counter, 1);
            }
        };
        count(&mut self.known, true);
        count(&mut self.repeated, alert.is_repeated());
        let is_critical = |severity| severity == Some(Severity::Critical);
        let is_told_critical = (is_critical(alert.told) || Mutant::CriticalByTruth.is_on())
            && is_critical(alert.firing)
            && alert.hold == HoldState::Free;
        count(&mut self.told_critical, is_told_critical);
        let is_held =
            alert.hold == HoldState::Held && alert.told.is_none() && alert.firing.is_some() && !alert.is_dropped();
        count(&mut self.held, is_held);
        count(&mut self.news, alert.tellable().is_some());
        count(&mut self.passed_on, alert.tellable().is_some() && alert.pass_state() == PassState::PassedOn);
        count(&mut self.given_up, alert.is_given_up());
        let count_severity = |counters: &mut [u32; 3], severity: Option<Severity>| {
            if let Some(counter) = severity.and_then(|severity| counters.get_mut(severity as usize)) {
                *counter = change(*counter, 1);
            }
        };
        count_severity(&mut self.told, alert.told.filter(|_| alert.firing.is_some()));
        count_severity(&mut self.firing_news, alert.firing.filter(|_| alert.tellable().is_some()));
    }
}

/// The worst severity that is counted.
fn worst(counts: &[u32; 3]) -> Option<Severity> {
    Severity::ALL.into_iter().find(|&severity| counts.get(severity as usize).is_some_and(|count| *count > 0))
}

/// A group of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupRecord {
    /// When it began.
    pub since: Timestamp,
    /// How many messages were made because of new, worse or ended alerts since it was quiet; the exponent of its wait.
    pub messages: u32,
    /// When the last message was made.
    pub last_message: Option<Timestamp>,
    /// The last message.
    pub last_message_id: Option<MessageId>,
    /// When something changed last; changes of held alerts that were not told do not count.
    pub last_change: Timestamp,
    /// When the last of its alerts ended that had been told.
    pub last_end: Option<Timestamp>,
    /// Changes since the last message.
    pub changes: u32,
    /// Its undelivered message: until that is settled, no other is made.
    pub undelivered: Option<MessageId>,
    /// When something has to be told.
    pub due: Option<Timestamp>,
    /// Why then.
    pub timing: Option<TimingReason>,
    /// Since when the news of its undelivered message is due, unless the fallback was told of it.
    pub owed_since: Option<Timestamp>,
    /// When the fallback has to be told.
    pub fallback_due: Option<Timestamp>,
    /// Its alerts.
    pub counts: GroupCounts,
}

impl GroupRecord {
    /// A group that begins.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            messages: 0,
            last_message: None,
            last_message_id: None,
            last_change: now,
            last_end: None,
            changes: 0,
            undelivered: None,
            due: None,
            timing: None,
            owed_since: None,
            fallback_due: None,
            counts: GroupCounts::default(),
        }
    }
}

/// A storm: more is due than single messages can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StormRecord {
    /// When its last message was made.
    pub last: Timestamp,
    /// How many of its messages were made.
    pub messages: u32,
}

/// A message that is neither delivered nor given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UndeliveredMessage {
    /// Which.
    pub id: MessageId,
    /// The worst of its news that fires.
    pub worst: Option<Severity>,
}

/// What is kept of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelRecord {
    /// The number of its last message.
    pub last_message: u64,
    /// When the messages of the last minute were made, the oldest first.
    pub recent: Vec<Timestamp>,
    /// Its storm.
    pub storm: Option<StormRecord>,
    /// Its undelivered messages, the oldest first; at most four.
    pub undelivered: Vec<UndeliveredMessage>,
    /// Whether an operator paused it.
    pub is_paused: bool,
}
