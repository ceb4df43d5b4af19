//! What a rehearsal reads: stored pushes, the oldest first, and the rules in force.

use super::api_types::{RulesRecord, StoredPush, StoredPushPage};
use super::{OperationError, RecordSelection};
use crate::gateway::journal::{AcceptedPush, DeliveryStore as _, Journal, PushFilter, RecordFilter};
use crate::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A page of pushes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushSelection {
    /// Which pushes are meant: by `since`, `until` and `integration`.
    pub pushes: RecordSelection,
    /// The `next` of the page before.
    pub after: Option<i64>,
}

impl PushSelection {
    /// The query string of it, `since=2h&after=7`.
    #[must_use]
    pub fn query(&self) -> String {
        let after = self.after.map(|after| format!("&after={after}"));
        self.pushes.query() + &after.unwrap_or_default()
    }

    /// Reads what [`PushSelection::query`] writes.
    ///
    /// # Errors
    /// A member that is not known, that is given twice, or that does not select pushes.
    pub fn from_query(query: &str) -> Result<Self, OperationError> {
        let mut after = None;
        let mut rest = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if name == "after" {
                let wrong = || OperationError::invalid(format!("`after` is not a number: `{value}`"));
                after = Some(value.parse().map_err(|_| wrong())?);
            } else {
                rest.append_pair(&name, &value);
            }
        }
        let pushes = RecordSelection::from_query(&rest.finish())?;
        let RecordSelection { since, until, integration, .. } = pushes.clone();
        if pushes != (RecordSelection { since, until, integration, ..RecordSelection::default() }) {
            let expected = "pushes are selected by `since`, `until`, `integration` and `after`";
            return Err(OperationError::invalid(expected));
        }
        Ok(Self { pushes, after })
    }
}

/// A page of pushes in the order of their acceptance.
///
/// # Errors
/// A selection that cannot be read; a journal that cannot.
pub fn stored_pushes(
    journal: &Journal,
    selection: &PushSelection,
    now: Timestamp,
) -> Result<StoredPushPage, OperationError> {
    let RecordFilter { since, until, integration, .. } = selection.pushes.filter(now)?;
    let page = journal.read()?.pushes(&PushFilter { since, until, integration, after: selection.after })?;
    Ok(StoredPushPage {
        items: page.pushes.into_iter().map(StoredPush::from).collect(),
        next: page.next,
        damaged: page.damaged,
        oldest: page.oldest,
    })
}

/// The files of the rules in force; of those that decided last, where no gateway runs.
///
/// # Errors
/// Where the journal knows none, or cannot be read.
pub fn last_rules(journal: &Journal) -> Result<RulesRecord, OperationError> {
    let reader = journal.read()?;
    let none =
        || OperationError::NotFound("the journal holds no rules: no gateway has served any there yet".to_owned());
    let last = reader.last_generation()?.ok_or_else(none)?;
    let archive = reader.rules(last.rules)?.ok_or_else(none)?;
    Ok(RulesRecord::new(last.generation, &last.rules.to_string(), &archive))
}

impl RulesRecord {
    /// Rules with their archive.
    #[must_use]
    pub fn new(generation: u64, rules: &str, archive: &[u8]) -> Self {
        Self { generation, rules: rules.to_owned(), archive: STANDARD.encode(archive) }
    }
}

impl From<AcceptedPush> for StoredPush {
    fn from(push: AcceptedPush) -> Self {
        let AcceptedPush { integration, origin, received, payload, request, is_replay } = push;
        let received = received.epoch_milliseconds();
        Self { integration, origin, received, payload: STANDARD.encode(payload), request, is_replay }
    }
}

impl StoredPush {
    /// The push as the journal has it.
    ///
    /// # Errors
    /// Where the payload is not base64.
    pub fn accepted(self) -> Result<AcceptedPush, String> {
        let Self { integration, origin, received, payload, request, is_replay } = self;
        let payload = STANDARD.decode(payload).map_err(|error| error.to_string())?;
        let received = Timestamp::from_epoch_milliseconds(received);
        Ok(AcceptedPush { integration, origin, received, payload, request, is_replay })
    }
}

#[cfg(test)]
mod tests {
    use super::{PushSelection, RecordSelection};

    #[test]
    fn queries_come_back_as_they_went_out() {
        let pushes = RecordSelection { since: Some("2h".to_owned()), ..RecordSelection::default() };
        for after in [None, Some(-7)] {
            let selection = PushSelection { pushes: pushes.clone(), after };
            assert_eq!(PushSelection::from_query(&selection.query()), Ok(selection));
        }
        for wrong in ["after=x", "key=a", "since=2h&limit=3", "since=2h&since=3h", "befor=1"] {
            assert!(PushSelection::from_query(wrong).is_err(), "{wrong}");
        }
    }
}
