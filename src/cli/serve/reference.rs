//! The settings of a gateway as a table, made from the definition of the command line.

use super::options::ServeOptions;
use crate::text::one_line;
use clap::{Args as _, Command};
use std::fmt::Write as _;

/// One line per setting: flag, environment variable, name in the file, meaning.
pub(in crate::cli) fn settings_reference() -> String {
    let mut table = "| flag | in the environment | in the file | meaning |\n|---|---|---|---|\n".to_owned();
    let command = ServeOptions::augment_args(Command::new("serve"));
    for argument in command.get_arguments() {
        let flag = argument.get_long().unwrap_or_default();
        let variable = argument.get_env().map(|name| name.to_string_lossy()).unwrap_or_default();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let help = one_line(&help).replace('|', "\\|");
        // Writing to a string does not fail.
        let _ = writeln!(table, "| `--{flag}` | `{variable}` | `{}` | {help} |", argument.get_id());
    }
    table
}
