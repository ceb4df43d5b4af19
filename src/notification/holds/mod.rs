//! Mutes and silences: which alerts are held, in which channels, because of what, and until when.
//!
//! A [`HoldTracker`] keeps for every alert that fires what the rules and the silences say of it ([`AlertFacts`]): what may hold
//! it, and for which mutes it is a source. Facts and a time go in; the alerts whose holds have to be asked anew come out
//! ([`HoldTracker::take_changed`]), and [`HoldTracker::hold_in`] answers for one alert and channel. Where the records are kept, a
//! [`HoldStore`] says. Conditions are not evaluated here: whoever drives the tracker does that, for the alerts of a push, and
//! for pages of open alerts when rules are loaded, a schedule begins or ends, or a silence is added
//! ([`HoldTracker::next_asked`]).
//!
//! | word | meaning |
//! |---|---|
//! | candidate | a mute whose `when` holds of an alert, or a silence whose condition does: what may hold it |
//! | source | a mute with `while`, and one list of the values after `same` |
//! | role | an alert of which that `while` holds, with these values: while it counts, the source holds |
//!
//! A source counts while one of its alerts fires and was heard of lately enough, and for `until … after` once the last one
//! ended. Whether an alert with a role is held itself does not matter.
//!
//! Firing alerts may hold each other in a circle. Of the alerts of a circle the one that fired first, then the one with the
//! smallest key, is not held by the others. The search for circles is bounded; beyond the bound an alert is held by those alone
//! that fired before it.
//!
//! # Driving it
//!
//! 1. Before an input, and at [`HoldTracker::next_moment`]: [`HoldTracker::advance`] until it is done. Between two of its steps
//!    an alert may seem to be held by nothing.
//! 2. A push: [`HoldTracker::report`] with all its alerts, then [`HoldTracker::hold_in`] for each arrival. An alert that a
//!    channel gets as a copy (an `always` line) is never held there.
//! 3. After every input, in the same transaction: [`HoldTracker::take_changed`], at most so many at a time, and
//!    [`ChannelNotifier::set_hold`](super::ChannelNotifier::set_hold) in the channels where these alerts are open. What is left
//!    is durable and may follow in later transactions.
//! 4. While something is left, the news of groups that are due is asked before it is told:
//!    [`HoldTracker::is_to_be_asked`] and [`HoldTracker::hold_in`].

mod circle;
mod circle_memory;
mod clock;
mod memory;
mod reason;
mod recheck;
mod record;
mod report;
mod silence;
mod store;
mod tracker;

pub use circle_memory::CircleMemory;
pub use memory::MemoryHolds;
pub use reason::{HoldEffect, HoldExplanation, HoldReason, HoldingSource};
pub use record::{
    AlertFacts, FiringAlert, HoldCandidate, HolderId, LinkClass, LinkRank, MuteCandidate, SOURCE_COUNTS_FOR,
    SilenceEnd, SilenceId, SilenceRecord, SilenceState, SourceId, SourceKind, SourceRecord, SourceRole, SourceState,
};
pub use report::AlertReport;
pub use store::{HoldStore, RecheckPosition, RecheckScope};
pub use tracker::{HoldProgress, HoldTracker};
