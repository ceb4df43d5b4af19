//! The command line: one file for each subcommand.
//!
//! A subcommand is its `Arguments` and a function `run` that writes to a `Terminal` and returns an `Exit`; as an error,
//! where it ends early after printing why. Output for programs goes to the standard output, everything else to the standard error.

#![expect(clippy::disallowed_methods, reason = "the command line reads files and the environment")]

#[cfg(feature = "gateway")]
mod archived_rules;
#[cfg(feature = "gateway")]
mod backend;
#[cfg(feature = "gateway")]
mod channel;
mod check;
mod clock;
mod completions;
#[cfg(feature = "gateway")]
mod dead;
mod diff;
mod effort;
mod event;
#[cfg(feature = "gateway")]
mod event_story;
#[cfg(feature = "gateway")]
mod events;
mod exit;
mod explain;
mod format;
#[cfg(feature = "gateway")]
mod groups;
#[cfg(feature = "gateway")]
mod heartbeats;
mod import;
mod init;
mod input;
mod input_reader;
#[cfg(feature = "gateway")]
mod keys;
mod language_server;
#[cfg(feature = "gateway")]
mod layout;
#[cfg(feature = "gateway")]
mod listing;
mod load;
#[cfg(feature = "gateway")]
mod local_time;
mod man;
#[cfg(feature = "gateway")]
mod messages;
#[cfg(feature = "gateway")]
mod pending;
mod prove;
#[cfg(feature = "gateway")]
mod quarantine;
#[cfg(feature = "gateway")]
mod rehearse;
#[cfg(feature = "gateway")]
mod replay;
mod request;
mod routes;
mod rule_paths;
mod run;
mod sample_files;
#[cfg(feature = "gateway")]
mod secrets;
#[cfg(feature = "gateway")]
mod send;
#[cfg(feature = "gateway")]
mod serve;
#[cfg(feature = "gateway")]
mod silence;
#[cfg(feature = "gateway")]
mod silence_text;
#[cfg(feature = "gateway")]
mod status;
mod suggested_tests;
#[cfg(feature = "gateway")]
mod table;
mod terminal;
mod test;
#[cfg(feature = "gateway")]
mod watch;

use clap::{ColorChoice, CommandFactory, Parser, Subcommand, ValueEnum};
use exit::Exit;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use terminal::Terminal;

/// Map monitoring alerts to events and route them to channels, by rules that are checked and tested before they run.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, max_term_width = 100, after_help = [START, SERVE, EXIT_CODES].concat())]
struct CommandLine {
    /// When to write in colour; `auto` means on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_enum, default_value_t = ColorMode::Auto, value_name = "WHEN")]
    color: ColorMode,
    #[command(subcommand)]
    command: CliCommand,
}

const START: &str = "\
Start with a rule set that works:
  pointsman init my-rules
  pointsman check my-rules
  pointsman test my-rules
  pointsman run --rules my-rules my-rules/samples/disk-full.json

";

const SERVE: &str = if cfg!(feature = "gateway") {
    "\
Then serve it:
  pointsman keys new --integration NAME --rules my-rules
  pointsman serve --rules my-rules
  pointsman status

"
} else {
    ""
};

const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  errors or denied warnings in the rules, failed tests, refused payloads
  2  the command line is wrong, or names something that the rules do not have
  3  a file could not be read or written";

/// When to write in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ColorMode {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    Init(init::Arguments),
    Check(check::Arguments),
    Run(run::Arguments),
    #[cfg(feature = "gateway")]
    Send(send::Arguments),
    Test(test::Arguments),
    Prove(prove::Arguments),
    #[command(name = "fmt")]
    Format(format::Arguments),
    Routes(routes::Arguments),
    #[command(name = "lsp")]
    LanguageServer(language_server::Arguments),
    Explain(explain::Arguments),
    Diff(diff::Arguments),
    Import(import::Arguments),
    #[cfg(feature = "gateway")]
    Events(events::Arguments),
    #[cfg(feature = "gateway")]
    Messages(messages::Arguments),
    #[cfg(feature = "gateway")]
    Groups(groups::Arguments),
    #[cfg(feature = "gateway")]
    Channel(channel::Arguments),
    #[cfg(feature = "gateway")]
    Pending(pending::Arguments),
    #[cfg(feature = "gateway")]
    Dead(dead::Arguments),
    #[cfg(feature = "gateway")]
    Quarantine(quarantine::Arguments),
    #[cfg(feature = "gateway")]
    Replay(replay::Arguments),
    #[cfg(feature = "gateway")]
    Rehearse(rehearse::Arguments),
    #[cfg(feature = "gateway")]
    Silence(silence::Arguments),
    #[cfg(feature = "gateway")]
    Watch(watch::Arguments),
    #[cfg(feature = "gateway")]
    Serve(Box<serve::Arguments>),
    #[cfg(feature = "gateway")]
    Status(status::Arguments),
    #[cfg(feature = "gateway")]
    Heartbeats(heartbeats::Arguments),
    #[cfg(feature = "gateway")]
    Keys(keys::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Runs the command that the arguments name; the first argument is the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(message) => return explain_usage(&message),
    };
    let mut terminal = Terminal::new(match line.color {
        ColorMode::Auto => ColorChoice::Auto,
        ColorMode::Always => ColorChoice::Always,
        ColorMode::Never => ColorChoice::Never,
    });
    let exit = match line.command {
        CliCommand::Init(arguments) => init::run(&arguments, &mut terminal),
        CliCommand::Check(arguments) => check::run(&arguments, &mut terminal),
        CliCommand::Run(arguments) => run::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Send(arguments) => send::run(&arguments, &mut terminal),
        CliCommand::Test(arguments) => test::run(&arguments, &mut terminal),
        CliCommand::Prove(arguments) => prove::run(&arguments, &mut terminal),
        CliCommand::Format(arguments) => format::run(&arguments, &mut terminal),
        CliCommand::Routes(arguments) => routes::run(&arguments, &mut terminal),
        CliCommand::LanguageServer(arguments) => language_server::run(&arguments, &mut terminal),
        CliCommand::Explain(arguments) => explain::run(&arguments, &mut terminal),
        CliCommand::Diff(arguments) => diff::run(&arguments, &mut terminal),
        CliCommand::Import(arguments) => import::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Events(arguments) => events::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Messages(arguments) => messages::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Groups(arguments) => groups::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Channel(arguments) => channel::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Pending(arguments) => pending::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Dead(arguments) => dead::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Quarantine(arguments) => quarantine::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Replay(arguments) => replay::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Rehearse(arguments) => rehearse::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Silence(arguments) => silence::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Watch(arguments) => watch::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Serve(arguments) => serve::run(*arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Status(arguments) => status::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Heartbeats(arguments) => heartbeats::run(&arguments, &mut terminal),
        #[cfg(feature = "gateway")]
        CliCommand::Keys(arguments) => keys::run(&arguments, &mut terminal),
        CliCommand::Completions(arguments) => Ok(completions::run(&arguments, CommandLine::command(), &mut terminal)),
        CliCommand::Man(arguments) => man::run(&arguments, CommandLine::command(), &mut terminal),
    };
    terminal.finish(exit.unwrap_or_else(|exit| exit)).into()
}

/// The settings of `serve` as a Markdown table, one on each line, for the page on the gateway.
#[cfg(feature = "gateway")]
#[must_use]
pub fn settings_reference() -> String {
    serve::settings_reference()
}

/// Prints help or version to the standard output, and usage errors to the standard error.
fn explain_usage(message: &clap::Error) -> ExitCode {
    // If even this cannot be written, there is nowhere to report it.
    let written = message.print().and_then(|()| std::io::stdout().flush());
    match written {
        _ if message.use_stderr() => Exit::Usage.into(),
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Exit::Failed.into(),
        Ok(()) | Err(_) => Exit::Success.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::CommandLine;
    use clap::{Command, CommandFactory};

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_and_exit_codes_in_the_same_width() {
        fn check(command: &mut Command) {
            let (name, help) = (command.get_name().to_owned(), command.render_long_help().to_string());
            assert!(["Example:", "Examples:", "Start with"].iter().any(|words| help.contains(words)), "{name}: {help}");
            assert!(help.contains("Exit codes:"), "{name}: {help}");
            let wide = help.lines().find(|line| line.chars().count() > 100);
            assert_eq!(wide, None, "{name}");
            command.get_subcommands_mut().for_each(check);
        }
        let mut command = CommandLine::command().disable_help_subcommand(true);
        command.build();
        check(&mut command);
    }
}
