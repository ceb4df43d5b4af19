//! `pointsman completions`: the completions of a shell, from the declarations of the arguments.

use super::exit::Exit;
use super::terminal::Terminal;
use clap::{Args, Command};
use clap_complete::Shell;

/// Write the completions of a shell to the standard output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  pointsman completions bash > /etc/bash_completion.d/pointsman
  pointsman completions zsh > ~/.zfunc/_pointsman      with ~/.zfunc in `fpath`
  pointsman completions fish > ~/.config/fish/completions/pointsman.fish

Exit codes:
  0  written
  2  the command line is wrong, or names another shell
  3  the output could not be written";

/// Writes the completions of a command line.
pub(super) fn run(arguments: &Arguments, mut command: Command, terminal: &mut Terminal) -> Exit {
    let name = command.get_name().to_owned();
    // The stream remembers its error, so the text is made first: the generators panic on an output that fails.
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut text);
    terminal.out.print(&String::from_utf8_lossy(&text));
    Exit::Success
}
