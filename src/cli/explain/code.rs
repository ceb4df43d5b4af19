//! The pages of the codes.

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::diagnostic::nearest;
use crate::ruleset;
use std::fmt::Write;
use std::path::Path;

/// Prints the page of a code, written in any letter case and with or without the zeros.
pub(super) fn page(asked: &str, terminal: &mut Terminal) -> Exit {
    let codes = ruleset::codes();
    let padded = padded(asked).unwrap_or_else(|| asked.to_owned());
    if let Some(code) = codes.iter().find(|code| code.id == padded) {
        let page = readable(code.page, terminal.out.color());
        terminal.out.print(&page);
        return Exit::Success;
    }
    terminal.error(&format!("no code is called `{asked}`"));
    if let Some(near) = nearest(asked, codes.iter().map(|code| code.id)) {
        terminal.help(&format!("did you mean `{near}`?"));
    }
    if asked.contains(['.', '/']) || Path::new(asked).exists() {
        terminal.help("to explain the alerts of a file, name the rules as well: `--rules PATH`");
    } else {
        terminal.help("`pointsman explain` lists every code");
    }
    Exit::Usage
}

/// A page without the marks of Markdown: examples are indented, and it is said which of them is refused.
fn readable(page: &str, color: bool) -> String {
    let bold = |text: &str| if color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() };
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
