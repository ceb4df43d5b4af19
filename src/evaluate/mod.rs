//! A program, a payload, a time and the open channels give outcomes. Pure, total, within a budget of work.

mod observer;

pub use observer::{LineEnd, Observer, Silent};

use crate::time::Instant;

/// What evaluation needs to know besides the payload.
pub struct Context<'e> {
    /// The time of evaluation.
    pub now: Instant,
    /// Names of the channels in which the firing of a key is still open.
    pub open: &'e dyn Fn(&str) -> Vec<String>,
}
