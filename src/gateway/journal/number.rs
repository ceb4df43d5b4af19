//! The numbers that states and origins have in a store. A number never changes its meaning, and none is used again.

use super::notification::{NewsEnd, StoredFate};
use super::{DeliveryState, PushOrigin, SilenceEndCause};
use crate::event::{AlertStatus, Severity};
use crate::notification::holds::SourceKind;
use crate::notification::{
    AlertEntry, DueClass, FallbackState, HoldState, MessageEnd, MessageReason, NewsKind, NewsOrigin, PassState,
    RoutingState,
};

/// The number of a state or an origin: a macro, so that `concat!` can put it into the text of a statement.
#[rustfmt::skip]
macro_rules! number {
    (Pending) => { 0 };
    (Delivered) => { 1 };
    (Dead) => { 2 };
    (Dropped) => { 3 };

    (Push) => { 0 };
    (Form) => { 1 };
    (Flashduty) => { 2 };
    (Alertmanager) => { 3 };
    (Replay) => { 4 };
    (Clock) => { 5 };
}
pub(super) use number;

macro_rules! has_numbers {
    ($type:ident: $($variant:ident),+) => {
        impl $type {
            /// The number in a store.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant => number!($variant),)+
                }
            }

            /// What a number means; nothing where it has no meaning.
            #[must_use]
            pub const fn from_number(number: i64) -> Option<Self> {
                match number {
                    $(number!($variant) => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

has_numbers!(DeliveryState: Pending, Delivered, Dead, Dropped);
has_numbers!(PushOrigin: Push, Form, Flashduty, Alertmanager, Replay, Clock);

/// A value that is a number in a store, and in no text of a statement.
pub(super) trait StoredNumber: Sized {
    /// The number in a store.
    fn stored(self) -> i64;

    /// What a number means; nothing where it has no meaning.
    fn from_stored(number: i64) -> Option<Self>;
}

macro_rules! stored_numbers {
    ($type:ident: $($variant:ident = $number:literal),+) => {
        impl StoredNumber for $type {
            fn stored(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)+
                }
            }

            fn from_stored(number: i64) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

stored_numbers!(Severity: Info = 0, Warning = 1, Critical = 2);
stored_numbers!(AlertStatus: Firing = 0, Resolved = 1);
stored_numbers!(HoldState: Free = 0, Held = 1);
stored_numbers!(RoutingState: Here = 0, Elsewhere = 1);
stored_numbers!(AlertEntry: Routed = 0, Fallback = 1);
stored_numbers!(PassState: Kept = 0, PassedOn = 1);
stored_numbers!(NewsOrigin: Event = 0, Unmuting = 1, Refusal = 2);
stored_numbers!(NewsKind: New = 0, Worse = 1, Better = 2, Over = 3);
stored_numbers!(DueClass: Critical = 0, Worse = 1, New = 2, Over = 3);
stored_numbers!(MessageReason: New = 0, Worse = 1, Better = 2, Resolved = 3, Repeat = 4, Unmuted = 5, Storm = 6, Fallback = 7);
stored_numbers!(StoredFate: News = 0, Held = 1, Unchanged = 2, OverUntold = 3, NothingOpen = 4, KeptBack = 5, Dropped = 6);
stored_numbers!(NewsEnd: Told = 0, OverUntold = 1, Elsewhere = 2, PassedOn = 3, Dropped = 4);
stored_numbers!(MessageEnd: Delivered = 0, Expired = 1, Refused = 2, Removed = 3, Dropped = 4);
stored_numbers!(SilenceEndCause: Time = 0, Resolved = 1, Operator = 2);
stored_numbers!(SourceKind: Plain = 0, Link = 1);

impl StoredNumber for FallbackState {
    fn stored(self) -> i64 {
        match self {
            Self::Untold => 0,
            Self::GivenUp => 1,
            Self::PassedOn(severity) => 2 + severity.stored(),
        }
    }

    fn from_stored(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Untold),
            1 => Some(Self::GivenUp),
            _ => number.checked_sub(2).and_then(Severity::from_stored).map(Self::PassedOn),
        }
    }
}
