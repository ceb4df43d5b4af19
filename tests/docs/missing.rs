//! What the README and the page for users of Alertmanager call missing is missing: once a part of it exists, they have to
//! say so.

use super::read;
use std::collections::BTreeSet;
use std::process::Command;

/// Names that parameters of channels and integrations would have.
const PARAMETERS: [&str; 4] = ["group_wait", "group_interval", "repeat_interval", "send_resolved"];
/// Words that declarations would begin with.
const DECLARATIONS: [&str; 2] = ["inhibit", "group"];
/// Names that subcommands would have.
const COMMANDS: [&str; 1] = ["cluster"];
/// Names that kinds of channels would have.
const KINDS: [&str; 8] = ["email", "pagerduty", "opsgenie", "telegram", "discord", "msteams", "jira", "sns"];

#[test]
fn what_pages_call_missing_is_missing() {
    let parameters: BTreeSet<&str> = pointsman::channel::kinds()
        .iter()
        .flat_map(|kind| kind.all_parameters())
        .chain(pointsman::channel::integration::PARAMETERS)
        .map(|parameter| parameter.name)
        .collect();
    let declarations = read("grammar/rules.pest");
    let help = Command::new(env!("CARGO_BIN_EXE_pointsman")).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout);
    let is_command = |name: &str| help.lines().any(|line| line.starts_with(&format!("  {name} ")));
    let is_declaration = |name: &str| declarations.contains(&format!("= {{ k_{name} ~ name"));
    let is_kind = |name: &str| pointsman::channel::find(name).is_some();
    // Each is found where it exists.
    assert!(parameters.contains("rate") && parameters.contains("repeat"));
    assert!(is_declaration("schedule") && is_command("status") && is_kind("slack"));
    let mut there: Vec<&str> = Vec::new();
    there.extend(PARAMETERS.iter().filter(|name| parameters.contains(**name)));
    there.extend(DECLARATIONS.iter().filter(|name| is_declaration(name)));
    there.extend(COMMANDS.iter().filter(|name| is_command(name)));
    there.extend(KINDS.iter().filter(|name| is_kind(name)));
    assert!(there.is_empty(), "grammar/from-alertmanager.md and README.md call missing what exists: {there:?}");
}
