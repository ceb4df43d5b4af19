//! `pointsman lsp`: the language server over the standard input and output.

use super::exit::Exit;
use super::terminal::Terminal;
use crate::language_server::{self, ServerExit};
use clap::Args;

/// Serve an editor: diagnostics, fixes, completion and more, by the language server protocol
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Ignored: the server always uses the standard input and output. Some editors add it
    #[arg(long, hide = true)]
    stdio: bool,
}

const EXAMPLES: &str = "\
An editor starts this command, and speaks with it over the standard input and output. The server checks rule files as \
`pointsman check` does, with unsaved texts in the place of their files. It executes, fetches and sends nothing.

Which files form a rule set: the paths of the setting `pointsman.sets`, relative to the folder that is open; without it, \
the folder of a file, the folders below it, and those above it that hold rule files too.

Examples:
  pointsman lsp                     as the command of a language server in an editor
  echo | pointsman lsp              ends at once: nobody speaks

Exit codes:
  0  the editor ended the session
  1  the editor was gone, or ended without `shutdown`
  2  the command line is wrong
  3  a thread could not be started";

/// Serves until the client ends the session.
pub(super) fn run(_arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let failed = |error: std::io::Error, terminal: &mut Terminal| terminal.fail(&error.to_string());
    let (connection, writer) = language_server::stdio().map_err(|error| failed(error, terminal))?;
    let exit = language_server::serve(connection).map_err(|error| failed(error, terminal))?;
    // What was answered last is written before the program ends.
    let _ = writer.join();
    Ok(match exit {
        ServerExit::Asked => Exit::Success,
        ServerExit::Abrupt => Exit::Findings,
    })
}
