//! `pointsman explain`: the page of a code.

mod code;

use super::exit::Exit;
use super::terminal::Terminal;
use clap::Args;

/// Explains a code such as E0031: what it means, an example that gives it, and the same mended
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The code; without one, all codes are listed
    #[arg(value_name = "CODE")]
    subject: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman explain            lists every code
  pointsman explain E0031      the page of one code

Exit codes: 0 explained, 2 there is no such code";

/// Prints the page, or the list of all codes.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Exit {
    match &arguments.subject {
        Some(code) => code::page(code, terminal),
        None => code::list(terminal),
    }
}
