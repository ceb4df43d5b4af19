//! What the admin API reads and writes of silences.

use super::OperationError;
use crate::gateway::journal::{Journal, JournalError, Silence, SilencePhase};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many silences a listing holds by default, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// A silence to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SilenceRequest {
    /// Which alerts it holds: a condition over the event.
    pub condition: String,
    /// For how long: `20m`. Either this or `until`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Until when: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// From when on: RFC 3339. Now, where it is not given or over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In which channels; in all where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Why.
    pub because: String,
    /// Who.
    pub by: String,
    /// Whether it ends once nothing that it holds has fired for 5 minutes.
    pub until_resolved: bool,
    /// Whether what is hardly meant is not refused.
    pub force: bool,
}

/// A silence to look at before it is added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreviewSilenceRequest {
    /// Its condition.
    pub condition: String,
    /// Its channels; all where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// Events from this time on: RFC 3339, or so long ago: `2h`. By default 24 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// A later end of a silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtendSilenceRequest {
    /// For how much longer: `20m`. Either this or `until`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Until when: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Who.
    pub by: String,
    /// Whether more than 7 days from now are not refused.
    pub force: bool,
}

/// The end of a silence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndSilenceRequest {
    /// Who.
    pub by: String,
}

/// A silence, and what it does now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceSummary {
    /// The silence.
    #[serde(flatten)]
    pub silence: Silence,
    /// Whether it holds what it matches.
    pub state: SilencePhase,
    /// How many alerts that fire it matches; those with other reasons to be held, too.
    pub alerts: u64,
}

impl SilenceSummary {
    pub(super) fn of(journal: &Journal, silence: Silence, now: Timestamp) -> Result<Self, JournalError> {
        let alerts = journal.silenced_alerts(silence.id)?;
        Ok(Self { state: silence.phase(now), silence, alerts })
    }
}

/// Which silences are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SilenceSelection {
    /// Those that ended, too.
    pub all: bool,
    /// Those that were added before that one, for the next page.
    pub before: Option<String>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl SilenceSelection {
    /// How many are listed.
    #[must_use]
    pub fn limit_or_default(&self) -> usize {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT)
    }

    /// The query string of it, `all=true&limit=10`.
    #[must_use]
    pub fn query(&self) -> String {
        let (all, limit) = (self.all.then(|| "true".to_owned()), self.limit.map(|limit| limit.to_string()));
        let members = [("all", &all), ("before", &self.before), ("limit", &limit)];
        let said = members.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }

    /// Reads what [`SilenceSelection::query`] writes.
    ///
    /// # Errors
    /// A member that is not known or cannot be read.
    pub fn from_query(query: &str) -> Result<Self, OperationError> {
        let mut selection = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let wrong =
                |expected| Err(OperationError::invalid(format!("`{name}` is `{value}`, which is not {expected}")));
            match (&*name, &*value) {
                ("all", "true") => selection.all = true,
                ("all", "false") => selection.all = false,
                ("all", _) => return wrong("true or false"),
                ("before", id) => selection.before = Some(id.to_owned()),
                ("limit", number) => match number.parse() {
                    Ok(limit) => selection.limit = Some(limit),
                    Err(_) => return wrong("a number"),
                },
                _ => {
                    return Err(OperationError::invalid(format!(
                        "unknown parameter `{name}`: expected all, before or limit"
                    )));
                }
            }
        }
        Ok(selection)
    }
}

#[cfg(test)]
mod tests {
    use super::SilenceSelection;

    #[test]
    fn queries_come_back_as_they_went_out() {
        let selection = SilenceSelection { all: true, before: Some("01K".to_owned()), limit: Some(7) };
        assert_eq!(SilenceSelection::from_query(&selection.query()), Ok(selection));
        assert_eq!(SilenceSelection::from_query(""), Ok(SilenceSelection::default()));
        for wrong in ["all=yes", "limit=many", "state=active"] {
            assert!(SilenceSelection::from_query(wrong).is_err(), "{wrong}");
        }
    }
}
