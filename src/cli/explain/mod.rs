//! `pointsman explain`: explains why an alert went where it went, or what a code means.

mod alert;
mod code;
mod explanation_writer;
#[cfg(feature = "gateway")]
mod journal_event;

#[cfg(feature = "gateway")]
use super::backend::GatewayArguments;
use super::exit::Exit;
use super::input;
use super::input_reader::EvaluationArguments;
use super::terminal::Terminal;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

/// Explain why an alert went where it went, or what a code such as E0031 means; without arguments, list all codes
#[derive(Debug, Args)]
#[command(after_help = [EXAMPLES, JOURNAL_EXAMPLE, NOTES].concat(), group = ArgGroup::new("decider").args(["rules", "subjects"]).multiple(true))]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: EvaluationArguments,
    /// Explain why this route, such as `main.payments.page`, did not get the alert; may be repeated
    #[arg(long, value_name = "ROUTE", requires = "decider")]
    why_not: Vec<String>,
    /// Explain this event of a gateway's journal by the rules that decided it
    #[cfg(feature = "gateway")]
    #[arg(long = "event", value_name = "ID", group = "decider", conflicts_with_all = ["rules", "integration", "mapping", "routing", "events", "at", "headers", "path_suffix", "subjects"])]
    decided: Option<String>,
    #[cfg(feature = "gateway")]
    #[command(flatten)]
    place: GatewayArguments,
    /// With rules: payloads to explain (`-` is the standard input); folders with rules and `*.rules` files are used as
    /// rules. Without rules: a code. No argument lists all codes
    #[arg(value_name = "FILE|CODE")]
    subjects: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman explain rules alert.json --integration arms_prod
  pointsman explain --rules rules --mapping arms --routing main \\
      --at 2026-03-07T02:00:00+08:00 alert.json
  pointsman explain --rules rules --integration arms_prod \\
      --why-not main.payments.page alert.json
";

/// The example of a program that can read a journal.
const JOURNAL_EXAMPLE: &str = if cfg!(feature = "gateway") {
    "  pointsman explain --event 01KADZ3V9G0000000000000000-0      by the rules that decided it\n"
} else {
    ""
};

const NOTES: &str = "\
\x20 pointsman explain E0031      the page of one code
  pointsman explain            the list of all codes

For each alert, this shows the arms that its mapping chose, every route that was tried, with the values that its \
condition compared, and the channels that get the alert.

Exit codes:
  0  explained
  1  the rules contain an error, or a payload was unaccepted or invalid
  2  there is no such code, integration, mapping, routing or route
  3  a file could not be read or written, or the journal has no such event";

/// Explains alerts if rules are named, and codes otherwise.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    #[cfg(feature = "gateway")]
    if let Some(id) = &arguments.decided {
        return journal_event::explain(id, &arguments.place, &arguments.why_not, terminal);
    }
    if !arguments.selection.rules.is_empty() || arguments.subjects.iter().any(|path| input::is_rules(path)) {
        return alert::explain(arguments, terminal);
    }
    if !arguments.why_not.is_empty() {
        terminal.error("`--why-not` is about an alert, and no rules are named");
        terminal.help("name rule files or folders, as arguments or as `--rules PATH`");
        return Err(Exit::Usage);
    }
    match arguments.subjects.as_slice() {
        [] => Ok(code::list(terminal)),
        [code] => code::page(&code.to_string_lossy(), terminal),
        [..] => {
            terminal.error("give one code at a time");
            terminal.help("to explain alerts, name the rules, as an argument or as `--rules PATH`");
            Err(Exit::Usage)
        }
    }
}
