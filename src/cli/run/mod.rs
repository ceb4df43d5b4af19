//! `pointsman run`: payloads in, one outcome per line out.

mod blocks;
mod evaluator;
mod pipeline;
mod source;
mod tally;

use super::exit::Exit;
use super::input::{self, ProgressIndicator};
use super::input_reader::{self, EvaluationArguments};
use super::terminal::Terminal;
use crate::json::JsonError;
use clap::{Args, ValueEnum};
use evaluator::{BlockEvaluator, EvaluatedBlock};
use std::io::Write;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::thread;
use tally::OutcomeTally;

/// Map and route payloads: read JSON documents or NDJSON, write one outcome per line
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    selection: EvaluationArguments,
    /// The format of the outcomes
    #[arg(long, value_enum, default_value_t = RunFormat::Ndjson)]
    format: RunFormat,
    /// The number of threads that read, evaluate and write, up to 1,024; the number of cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Payloads; `-` is the standard input. Folders with rules and `*.rules` files are used as rules
    #[arg(value_name = "FILE", default_value = "-")]
    inputs: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  pointsman run --rules rules --integration arms_prod samples/*.json
  pointsman run --rules rules --mapping arms \\
      --at 2026-03-07T02:00:00+08:00 alert.json
  pointsman run --rules rules --header 'X-GitHub-Event: ping' hook.json
  kubectl logs gateway | pointsman run --rules rules --format pretty -
  pointsman run --rules rules --mapping arms *.json > events.json
  pointsman run --rules rules --events --routing main events.json

An outcome is `sent`, `event` (without a routing), `dropped`, `empty`, `unaccepted` or `invalid`. \
Input that is not JSON is `invalid`, with its line and column; reading continues after it.

Exit codes:
  0  success
  1  the rules contain an error, or a payload was unaccepted or invalid
  2  the command line is wrong, or names something that the rules do not have
  3  a file could not be read or written";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunFormat {
    /// One JSON object per line
    Ndjson,
    /// JSON over several lines
    Pretty,
}

/// Reads every input; the exit code is that of the worst.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let prepared = input_reader::prepare(&arguments.selection, &arguments.inputs, terminal)?;
    let reader = input_reader::choose(&arguments.selection, &prepared.rules.model);
    let reader = reader.map_err(|refusal| refusal.report(terminal))?;
    let request = arguments.selection.request.request(&reader.request_reads(&prepared.rules), terminal)?;
    let evaluator = BlockEvaluator::new(&prepared, reader, &request, arguments.format).map_err(|unknown| {
        terminal.error(&unknown.to_string());
        Exit::Usage
    })?;
    let cores = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = arguments.threads.map_or_else(cores, usize::from);
    let mut tally = OutcomeTally::default();
    let inputs = input::paths(&arguments.inputs);
    let progress = ProgressIndicator::new(&inputs, terminal);
    let mut exit = Exit::Success;
    for path in &inputs {
        let read = source::open(path, terminal).and_then(|input| {
            pipeline::run(&evaluator, input.source, input.guard, threads, |evaluated| {
                show(evaluated, &input.name, &mut tally, &progress, terminal)
            })
        });
        if let Err(error) = read {
            exit = terminal.fail(&format!("cannot read `{}`: {error}", path.display()));
        }
        if terminal.out.is_closed() {
            break;
        }
    }
    progress.finish();
    terminal.err.print(&tally.to_string());
    Ok(if tally.has_no_failures() { exit } else { exit.max(Exit::Findings) })
}

/// Writes the outcomes of a block; a closed output ends the run.
fn show(
    evaluated: &EvaluatedBlock,
    name: &str,
    tally: &mut OutcomeTally,
    progress: &ProgressIndicator,
    terminal: &mut Terminal,
) -> ControlFlow<()> {
    progress.advance(evaluated.consumed);
    tally.add(&evaluated.tally);
    for JsonError { line, column, message } in &evaluated.invalid {
        terminal.error(&format!("{name}:{line}:{column}: {message}"));
    }
    // The stream remembers its error. It is flushed because the next block may come much later.
    let _ = terminal.out.write_all(&evaluated.output);
    let _ = terminal.out.flush();
    if terminal.out.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
