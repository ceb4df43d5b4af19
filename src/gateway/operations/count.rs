//! How many records are selected, such as those that a listing leaves out. The work is bounded: what exceeds it is not
//! counted, and the result says so.

use super::{OperationError, RecordCount, RecordSelection};
use crate::gateway::journal::{DeliveryStore as _, Journal, RecordFilter, SettledFilter};
use crate::time::Timestamp;

/// At most so many records are counted.
const MAX_COUNTED: usize = 10_000;
/// The events of a page that is counted.
const PAGE: usize = 1_000;
/// How many pages may end early. Such a page took all the work that a page may: it has large events, or few events of the
/// channel or key that is looked for.
const MAX_HEAVY_PAGES: usize = 2;

impl RecordCount {
    /// Of so many that were found where at most [`MAX_COUNTED`] and one more are looked for.
    fn of(found: usize) -> Self {
        Self { count: found.min(MAX_COUNTED) as u64, is_complete: found <= MAX_COUNTED }
    }
}

fn counted_filter(selection: &RecordSelection, now: Timestamp) -> Result<RecordFilter, OperationError> {
    Ok(RecordFilter { limit: MAX_COUNTED + 1, ..selection.filter(now)? })
}

/// How many events are selected.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn count_events(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<RecordCount, OperationError> {
    let mut rest = RecordFilter { limit: PAGE, ..selection.filter(now)? };
    let (mut found, mut heavy) = (0, 0);
    while found <= MAX_COUNTED && heavy < MAX_HEAVY_PAGES {
        let page = journal.read()?.events_page(&rest)?;
        found += page.events.len();
        if page.next.is_none() {
            return Ok(RecordCount::of(found));
        }
        heavy += usize::from(page.events.len() < PAGE);
        (rest.before, rest.before_index) = (page.next, page.next_index);
    }
    Ok(RecordCount { is_complete: false, ..RecordCount::of(found) })
}

/// How many dead letters are selected.
///
/// # Errors
/// As [`count_events`].
pub fn count_dead(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<RecordCount, OperationError> {
    let found = journal.read()?.settled(&counted_filter(selection, now)?, SettledFilter::Dead)?;
    Ok(RecordCount::of(found.len()))
}

/// How many refused bodies are selected.
///
/// # Errors
/// As [`count_events`].
pub fn count_quarantined(
    journal: &Journal,
    selection: &RecordSelection,
    now: Timestamp,
) -> Result<RecordCount, OperationError> {
    let found = journal.read()?.refused(&counted_filter(selection, now)?)?;
    Ok(RecordCount::of(found.len()))
}
