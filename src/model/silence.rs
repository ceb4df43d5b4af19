//! What every silence keeps to, whoever adds it: an operator, or a step of a test. The words are the same in both places.

use std::time::Duration;

/// For how long a silence is at most.
pub const LONGEST_SILENCE: Duration = Duration::from_hours(30 * 24);

/// The characters of a reason.
pub const MAX_REASON: usize = 1_000;

/// Why a silence that lasts longer than [`LONGEST_SILENCE`] is refused.
pub const TOO_LONG: &str = "a silence lasts at most 30 days";

/// What to do instead.
pub const TOO_LONG_FIX: &str = "what is never told is a route to `nothing` in the rules";

/// Why a silence whose condition asks for nothing is refused.
pub const EVERY_EVENT: &str = "meets this condition";

/// What to say in a reason.
pub const REASON_FIX: &str = "say why, for those who miss the alert later";

/// Why a reason is refused, and what to do; `name` is what it is called.
///
/// # Errors
/// An empty reason, or one with more than [`MAX_REASON`] characters.
pub fn check_reason(name: &str, reason: &str, fix: &'static str) -> Result<(), (String, &'static str)> {
    if reason.trim().is_empty() {
        return Err((format!("`{name}` is missing"), fix));
    }
    if reason.trim().chars().count() > MAX_REASON {
        return Err((format!("`{name}` has more than {MAX_REASON} characters"), "shorten it"));
    }
    Ok(())
}
