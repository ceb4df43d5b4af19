//! Noise reduction: what a channel has been told is kept apart from what is true. A message makes the difference known, and
//! timers say when.
//!
//! A [`ChannelNotifier`] works on one channel. Small records and a time go in, records and messages come out; where the
//! records are kept, a [`ChannelStore`] says. The gateway, the test runner and the replay of stored pushes use this one.
//!
//! | word | meaning |
//! |---|---|
//! | alert | what one key of an integration names, from its first firing to its end |
//! | told | the severity at which the channel last heard that an alert fires; users read *notified* |
//! | news | an alert of which true and told differ: new, worse, better, over |
//! | group | the alerts that share the values of `group_by`; one alert alone without it |
//! | message | one delivery: all the news of a group, or in a storm of several |
//! | held | kept back by a mute or a silence |
//! | dropped | not told because an operator said so: as if told, but nobody hears of its end |
//! | fallback | the channel that is told instead, where a message is given up or news is due and undelivered for too long |
//!
//! Whoever drives a notifier calls [`ChannelNotifier::advance`] before and after each input: what is due comes before what
//! arrives at the same moment, and what an input makes due at once is told before the next. Between inputs it waits until
//! [`ChannelNotifier::next_moment`]. Times are those of a clock that never goes back.

mod arrive;
mod digest;
mod drop;
mod due;
mod every_event;
mod fallback;
pub mod heartbeat;
pub mod holds;
mod listening;
mod memory;
mod memory_beats;
mod message;
mod message_builder;
mod message_event;
mod notifier;
mod record;
mod regroup;
mod settle;
pub mod silent_alert;
mod store;
mod storm;
mod tell;
mod telling_time;
mod timing;
mod title_lines;

pub use arrive::{Arrival, ArrivalResult};
pub use drop::{DropScope, DropStep, DroppedAlert, DroppedMessage, SeveritySet};
pub use due::{DueCause, GroupDue};
pub use every_event::{EveryEventRecord, EveryEventResult};
pub use fallback::{PassCause, PassedAlert};
pub use heartbeat::{
    AbsenceRecord, BeatRecord, BeatResult, BeatStore, HeartbeatTerms, MAX_SENDERS, PendingChange, Sender, SenderChange,
};
pub use listening::{ClockRecord, ListeningClock, ListeningTime};
pub use memory::MemoryStore;
pub use memory_beats::MemoryBeats;
pub use message::{MessageEnd, MessageNews, MessageReason, MessageRecord};
pub use message_builder::{AlertInMessage, MessageBuilder};
pub use message_event::{MessageEvent, NamedValue, group_key};
pub use notifier::{AlertState, ChannelNotifier};
pub use record::{
    AlertEntry, AlertId, AlertRecord, ChannelRecord, DueClass, DueTimes, FallbackState, GroupCounts, GroupId,
    GroupRecord, HoldState, LapsedNews, MessageId, NewsKind, NewsOrigin, NewsRecord, PassState, RoutingState,
    StormRecord, UndeliveredMessage,
};
pub use store::ChannelStore;
pub use timing::TimingReason;
