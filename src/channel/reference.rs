//! The kinds and their parameters as the table of the language reference.

use super::{ParameterKind, ParameterSpec, integration_parameters, kinds};
use std::fmt::Write;

/// The Markdown table of all channel kinds and of an integration's parameters, one row a parameter.
#[must_use]
pub fn reference() -> String {
    let mut table = String::from("| kind | parameter | takes | |\n|---|---|---|---|\n");
    for kind in kinds() {
        row(&mut table, &format!("`{}`", kind.name), "", "", kind.documentation);
        parameters(&mut table, kind.parameters);
    }
    row(
        &mut table,
        "`integration`",
        "",
        "",
        "What an integration takes besides its mappings and its destination.",
    );
    parameters(&mut table, integration_parameters());
    table
}

fn parameters(table: &mut String, parameters: &[ParameterSpec]) {
    for parameter in parameters {
        let name = format!("`{}`{}", parameter.name, if parameter.required { ", required" } else { "" });
        row(table, "", &name, &parameter.takes.to_string(), parameter.documentation);
    }
}

fn row(table: &mut String, kind: &str, parameter: &str, takes: &str, documentation: &str) {
    let cells = [kind, parameter, takes, documentation].map(|cell| cell.replace('|', "\\|"));
    // Writing to a string cannot fail.
    let _ = writeln!(table, "| {} |", cells.join(" | "));
}

impl std::fmt::Display for ParameterKind {
    /// What to write, in the words of messages and of the reference.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret => f.write_str("`env(\"…\")` or `secret_file(\"…\")`"),
            Self::SecretOrText => f.write_str("a string, `env(\"…\")` or `secret_file(\"…\")`"),
            Self::Text => f.write_str("a string"),
            Self::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
                f.write_str(&words.join(", "))
            }
            Self::Integer(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::Duration(_, most) => {
                write!(f, "a duration such as `\"30s\"` or `\"10m\"`, at most `\"{}\"`", LargestUnit(*most))
            }
            Self::Headers => f.write_str("an object of strings and secrets"),
            Self::Secrets => f.write_str("a list of `env(\"…\")` and `secret_file(\"…\")`"),
            Self::Integers(least, most) => write!(f, "a list of whole numbers from {least} to {most}"),
            Self::Body => f.write_str("a JSON body over the event"),
            Self::Template => f.write_str("a string that interpolates over the event"),
        }
    }
}

/// A number of seconds in the largest unit that holds it exactly.
struct LargestUnit(u64);

impl std::fmt::Display for LargestUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            seconds if seconds % 3_600 == 0 => write!(f, "{}h", seconds / 3_600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{integration_parameters, kinds, reference};
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_in_order_and_parameters_are_unique() {
        let names: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted(), "{names:?}");
        for parameters in kinds().iter().map(|kind| kind.parameters).chain([integration_parameters()]) {
            let unique: BTreeSet<&str> = parameters.iter().map(|parameter| parameter.name).collect();
            assert_eq!(unique.len(), parameters.len());
        }
    }

    #[test]
    fn every_row_has_four_cells() {
        let table = reference();
        let cells = |row: &str| row.replace("\\|", "").matches('|').count();
        assert!(table.lines().all(|row| cells(row) == 5), "{table}");
        assert!(table.contains("| `discard` |"));
        assert!(table.contains("at most `\"168h\"`"), "{table}");
    }
}
