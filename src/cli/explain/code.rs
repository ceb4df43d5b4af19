//! Shows the pages of the codes.

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::diagnostic::{Styling, nearest};
use crate::ruleset;
use std::fmt::Write;
use std::path::Path;

/// Prints the page of a code, which may be written in any letter case and without zeros.
pub(super) fn page(asked: &str, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let codes = ruleset::codes();
    let padded = padded(asked).unwrap_or_else(|| asked.to_owned());
    if let Some(code) = codes.iter().find(|code| code.id == padded) {
        let page = readable(code.page, terminal.out.color());
        terminal.out.print(&page);
        return Ok(Exit::Success);
    }
    terminal.error(&format!("there is no code named `{asked}`"));
    if let Some(near) = nearest(asked, codes.iter().map(|code| code.id)) {
        terminal.help(&format!("did you mean `{near}`?"));
    }
    if asked.contains(['.', '/']) || Path::new(asked).exists() {
        terminal.help("to explain the alerts of a file, also name the rules: `pointsman explain RULES FILE`");
    } else {
        terminal.help("`pointsman explain` lists every code");
    }
    Err(Exit::Usage)
}

/// A page without the marks of Markdown. Examples are indented, and those that fail are marked.
fn readable(page: &str, styling: Styling) -> String {
    let bold = |text: &str| styling.styled("1", text);
    let mut out = String::new();
    let mut is_example = false;
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_example => is_example = false,
            Some(kind) => {
                is_example = true;
                let title = match kind.split_once(' ') {
                    Some(("csv", file)) => format!("With `{file}` beside it:"),
                    Some((_, "fails")) => "Refused:".to_owned(),
                    Some(_) | None => "Right:".to_owned(),
                };
                let _ = writeln!(out, "{}\n", bold(&title));
            }
            None => {
                let indent = if is_example && !line.is_empty() { "    " } else { "" };
                let text = line.strip_prefix("# ").filter(|_| !is_example).map_or(line.to_owned(), bold);
                let _ = writeln!(out, "{indent}{text}");
            }
        }
    }
    out
}

/// `e14` is `E0014`.
fn padded(asked: &str) -> Option<String> {
    let (letter, number) = asked.split_at_checked(1)?;
    let number: u16 = number.parse().ok()?;
    Some(format!("{}{number:04}", letter.to_ascii_uppercase()))
}

/// Lists every code with its title.
pub(super) fn list(terminal: &mut Terminal) -> Exit {
    for code in ruleset::codes() {
        terminal.out.print(&format!("{}  {}\n", code.id, code.title));
    }
    Exit::Success
}
