//! `pointsman man`: manual pages, from the declarations of the arguments.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::text::plural;
use clap::{Args, Command};
use clap_mangen::Man;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Write the manual pages of all commands to a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder to write to; it is created if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  pointsman man /usr/local/share/man/man1
  pointsman man pages && man ./pages/pointsman-run.1

Each command has a page: `man pointsman`, `man pointsman-check`, `man pointsman-dead-retry`. \
Pages of that name are overwritten.

Exit codes:
  0  written
  2  the command line is wrong
  3  a page could not be written";

/// Writes the pages of a command line.
pub(super) fn run(arguments: &Arguments, command: Command, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let folder = &arguments.folder;
    let fail = |path: &Path, error: &io::Error, terminal: &mut Terminal| {
        terminal.fail(&format!("cannot write `{}`: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| fail(folder, &error, terminal))?;
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(command, &mut pages);
    for page in &pages {
        let path = folder.join(page.get_filename());
        let mut text = Vec::new();
        let written = page.render(&mut text).and_then(|()| fs::write(&path, &text));
        written.map_err(|error| fail(&path, &error, terminal))?;
    }
    terminal.note(&format!("wrote {} to `{}`\n", plural(pages.len(), "page"), folder.display()));
    Ok(Exit::Success)
}

/// The page of a command and those of its subcommands, named after the commands before them.
fn collect(command: Command, pages: &mut Vec<Man>) {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        collect(subcommand.clone(), pages);
    }
    pages.push(Man::new(command));
}
