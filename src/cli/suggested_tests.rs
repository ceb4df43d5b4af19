//! `pointsman test --suggest`: tests for what no test reaches.

use super::exit::Exit;
use super::load;
use super::terminal::Terminal;
use crate::ruleset::RuleSet;
use crate::suite::UncoveredItem;
use crate::suite::files::DiskFiles;
use crate::suite::mutation::{MutationOptions, mutate};
use crate::suite::suggestion::{self, TestSuggestions};
use crate::text::{backticked_list, plural};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// How many arms and routes without a test are named.
const MAX_LISTED: usize = 10;

/// Prints the tests, or appends them to a file, and says how much they reach.
pub(super) fn print(
    rules: &RuleSet,
    roots: &[PathBuf],
    file: Option<&Path>,
    mutation: Option<&MutationOptions>,
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    if let Some(file) = file
        && file.extension().is_none_or(|ending| ending != "rules")
    {
        terminal.error(&format!("`{}` is not a rule file: rule files end in `.rules`", file.display()));
        terminal.help(&format!("write `--write {}`", file.with_extension("rules").display()));
        return Err(Exit::Usage);
    }
    let mut suggestions = suggestion::suggest(rules, &mut DiskFiles);
    let survivors = match mutation {
        Some(options) => Some(add_survivors(&mut suggestions, roots, options, terminal)?),
        None => None,
    };
    match file {
        _ if suggestions.text.is_empty() => {}
        None => terminal.out.print(&suggestions.text),
        Some(file) => append(file, &suggestions.text)
            .map_err(|error| terminal.fail(&format!("cannot write `{}`: {error}", file.display())))?,
    }
    report(&suggestions, terminal);
    if let Some(survivors) = survivors {
        terminal.err.print(&survivors);
    }
    if let Some(file) = file.filter(|file| !suggestions.text.is_empty() && !is_below(file, roots)) {
        let file = file.display();
        terminal.warning(&format!("`{file}` is outside the rules that were read, so its tests are not among them"));
        terminal.help(&format!("name it besides the rules: `pointsman test {} {file}`", listed(roots)));
    }
    Ok(Exit::Success)
}

/// Changes the rules a little, beside their tests and the suggested ones, and adds tests for what none of these notices. Says
/// how many there are.
fn add_survivors(
    suggestions: &mut TestSuggestions,
    roots: &[PathBuf],
    options: &MutationOptions,
    terminal: &mut Terminal,
) -> Result<String, Exit> {
    let text = format!("edition 1\n\n{}", suggestions.text);
    let loaded = load::read_beside(roots, ("suggested tests", &text), terminal)?;
    let rules = load::without_errors(loaded, "the suggested tests cannot be used", terminal)?;
    let Ok(report) = mutate(&rules, options, &DiskFiles, &mut |_, _| {}) else {
        terminal.error("the rules are not changed, because they have no test, or one fails as they are");
        terminal.help("`pointsman test` shows which");
        return Err(Exit::Findings);
    };
    let added = suggestions.add_survivors(&report);
    let left = report.survivors.iter().filter(|survivor| survivor.test.is_none()).count();
    if left > 0 {
        terminal.warning(&format!("no test was found for {}; `--mutate` alone lists them", plural(left, "change")));
    }
    Ok(match added {
        0 => "no test was found for changes that the tests do not notice\n".to_owned(),
        _ => format!("{} for changes that no other test notices\n", plural(added, "test")),
    })
}

/// Whether a file is among the paths of the rules, or below one of them.
fn is_below(file: &Path, roots: &[PathBuf]) -> bool {
    let Ok(file) = file.canonicalize() else { return false };
    roots.iter().any(|root| root.canonicalize().is_ok_and(|root| file.starts_with(root)))
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" ")
}

/// Says what the tests reach, and what they do not.
fn report(suggestions: &TestSuggestions, terminal: &mut Terminal) {
    let TestSuggestions { reached, left, without_payload, .. } = suggestions;
    terminal.err.print(&match (reached, left.len()) {
        (0, 0) => "the tests reach every arm and route\n".to_owned(),
        (0, _) => String::new(),
        (1, _) => "the suggested test reaches 1 arm or route\n".to_owned(),
        _ => format!("the suggested tests reach {reached} arms and routes\n"),
    });
    for UncoveredItem { location, text } in left.iter().take(MAX_LISTED) {
        terminal.warning(&format!("no test was found for {}: {text}", location.short()));
    }
    if let Some(more @ 1..) = left.len().checked_sub(MAX_LISTED) {
        terminal.warning(&format!("and for {more} more; `--coverage` lists them"));
    }
    if !without_payload.is_empty() {
        let mappings = backticked_list(without_payload);
        terminal.help(&format!("tests of a mapping are made from its tests: write one with `input` for {mappings}"));
    }
}

/// Appends to a rule file. A new one begins with its edition.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let before = if is_new { "edition 1\n\n".to_owned() } else { separation(&fs::read_to_string(path)?) };
    OpenOptions::new().create(true).append(true).open(path)?.write_all((before + text).as_bytes())
}

/// What parts the text of a file from what follows: one blank line.
fn separation(text: &str) -> String {
    if text.ends_with('\n') { "\n".to_owned() } else { "\n\n".to_owned() }
}
