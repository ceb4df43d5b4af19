//! The numbers that states and origins have in a store. A number never changes its meaning, and none is used again.

use super::{DeliveryState, PushOrigin};

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
has_numbers!(PushOrigin: Push, Form, Flashduty, Alertmanager, Replay);
