//! The kinds and their parameters as the table of the language reference.

use super::delivery::CONCURRENCY;
use super::integration;
use super::kinds;
use super::notification::{self, EVERY_EVENT};
use super::parameter::ParameterSpec;
use std::fmt::Write;

/// The Markdown table of all channel kinds and of an integration's parameters, one row a parameter.
#[must_use]
pub fn reference() -> String {
    let mut table = String::from("| kind | parameter | takes | default | |\n|---|---|---|---|---|\n");
    for kind in kinds() {
        row(&mut table, [&format!("`{}`", kind.name), "", "", "", kind.documentation]);
        parameters(&mut table, kind.parameters);
    }
    row(&mut table, ["every kind", "", "", "", "The parameters that every kind takes besides its own."]);
    parameters(&mut table, notification::PARAMETERS);
    let documentation = "The parameters of an integration, besides its mappings and its destination.";
    row(&mut table, ["`integration`", "", "", "", documentation]);
    parameters(&mut table, integration::PARAMETERS);
    table
}

fn parameters(table: &mut String, parameters: &[ParameterSpec]) {
    for ParameterSpec { name, takes, default, documentation, .. } in parameters {
        let default = if *name == CONCURRENCY.spec.name {
            format!("{default}; `1` beside a `repeat` other than `\"{EVERY_EVENT}\"`, as chats have it by default")
        } else {
            default.to_string()
        };
        row(table, ["", &format!("`{name}`"), &takes.to_string(), &default, documentation]);
    }
}

fn row(table: &mut String, cells: [&str; 5]) {
    let cells = cells.map(|cell| cell.replace('|', "\\|"));
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::{integration, kinds, reference};
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_in_order_and_parameters_are_unique() {
        let names: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        let of_kinds = kinds().iter().map(|kind| kind.all_parameters().map(|each| each.name).collect());
        let of_integrations = integration::PARAMETERS.iter().map(|each| each.name).collect();
        for names in of_kinds.chain([of_integrations]) {
            let names: Vec<&str> = names;
            let unique: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(unique.len(), names.len());
        }
    }

    #[test]
    fn every_row_has_five_cells() {
        let table = reference();
        let cells = |row: &str| row.replace("\\|", "").matches('|').count();
        assert!(table.lines().all(|row| cells(row) == 6), "{table}");
        assert!(table.contains("| `discard` |"));
        assert!(table.contains("at most `7d` | `24h` |"), "{table}");
        assert!(table.contains("| `0s` |") && table.contains("| `1024` |"), "{table}");
    }
}
