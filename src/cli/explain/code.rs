//! The pages of the codes.

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::diagnostic::nearest;
use crate::ruleset;

/// Prints the page of a code, written in any letter case.
pub(super) fn page(asked: &str, terminal: &mut Terminal) -> Exit {
    let codes = ruleset::codes();
    if let Some(code) = codes.iter().find(|code| code.id.eq_ignore_ascii_case(asked)) {
        terminal.out.print(code.page);
        return Exit::Fine;
    }
    terminal.error(&format!("no code is called `{asked}`"));
    if let Some(near) = nearest(asked, codes.iter().map(|code| code.id)) {
        terminal.help(&format!("did you mean `{near}`?"));
    }
    terminal.help("`pointsman explain` lists every code");
    Exit::Usage
}

/// Lists every code with its title.
pub(super) fn list(terminal: &mut Terminal) -> Exit {
    for code in ruleset::codes() {
        terminal.out.print(&format!("{}  {}\n", code.id, code.title));
    }
    Exit::Fine
}
