//! The names that a selection may use: those of the rules in force, and those that the journal knows.

use super::{OperationError, RecordSelection};
use crate::diagnostic::nearest;
use crate::gateway::journal::{DeliveryStore as _, Journal};
use crate::gateway::served_rules::ServedRules;
use std::collections::BTreeSet;

/// Checks that the integration and the channel of a selection exist, or have existed. An unknown name would select
/// nothing, which looks like peace.
///
/// # Errors
/// An unknown name, with the nearest one; a journal that cannot be read.
pub fn check_names(
    journal: &Journal,
    served: Option<&ServedRules>,
    selection: &RecordSelection,
) -> Result<(), OperationError> {
    if let Some(name) = &selection.integration {
        let served = served.iter().flat_map(|rules| &rules.integrations).map(|integration| integration.name.clone());
        let known = journal.read()?.integrations()?.into_iter().map(|counts| counts.name);
        check("integration", name, &known.chain(served).collect())?;
    }
    if let Some(name) = &selection.channel {
        check_channel(journal, served, name)?;
    }
    Ok(())
}

/// Checks that a channel exists, or has existed.
///
/// # Errors
/// An unknown name, with the nearest one; a journal that cannot be read.
pub(super) fn check_channel(journal: &Journal, served: Option<&ServedRules>, name: &str) -> Result<(), OperationError> {
    let served = served.iter().flat_map(|rules| &rules.channels).map(|channel| channel.name.clone());
    let known = journal.read()?.channels()?.into_iter().map(|counts| counts.name);
    check("channel", name, &known.chain(served).collect())
}

fn check(what: &str, name: &str, known: &BTreeSet<String>) -> Result<(), OperationError> {
    if known.contains(name) {
        return Ok(());
    }
    let near = nearest(name, known.iter().map(String::as_str));
    let advice = match (near, known.is_empty()) {
        (Some(near), _) => format!("; did you mean `{near}`?"),
        (None, true) => String::new(),
        (None, false) => "; `pointsman status` lists all".to_owned(),
    };
    Err(OperationError::invalid(format!("there is no {what} named `{name}`{advice}")))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_unknown_name_is_an_error_with_the_nearest_one() {
        let known = ["oncall", "ops_chat"].map(str::to_owned).into();
        assert!(check("channel", "oncall", &known).is_ok());
        let message = |name| check("channel", name, &known).expect_err("it is not known").to_string();
        assert_eq!(message("oncal"), "there is no channel named `oncal`; did you mean `oncall`?");
        assert_eq!(message("xyz"), "there is no channel named `xyz`; `pointsman status` lists all");
    }
}
