//! `pointsman channel`: pauses a channel, and goes on with it.

use super::backend::{GatewayArguments, OperationsBackend};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat};
use super::local_time::LocalTime;
use super::silence::AuthorArguments;
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::event::channel_name;
use crate::gateway::operations::{PauseRequest, ResumeRequest};
use clap::{Args, Subcommand};

/// Pause a channel for a time: nothing is sent to it, nothing is lost, and nothing becomes older
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: ChannelAction,
}

#[derive(Debug, Subcommand)]
enum ChannelAction {
    /// Send nothing to a channel for a time
    #[command(after_help = PAUSE_HELP)]
    Pause(PauseArguments),
    /// Go on with a paused channel
    #[command(after_help = RESUME_HELP)]
    Resume(ResumeArguments),
}

#[derive(Debug, Args)]
struct PauseArguments {
    /// The channel
    #[arg(value_name = "NAME")]
    channel: String,
    #[command(flatten)]
    end: PauseEndArguments,
    /// Why: shown wherever something waits for the channel
    #[arg(long, value_name = "WORDS")]
    because: String,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

/// When a pause ends.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PauseEndArguments {
    /// For how long: `20m`, `1h30m`, `2d`; at most 7 days. This or `--until` is required
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// Until when: `2026-03-07T02:00:00+08:00`. This or `--for` is required
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

#[derive(Debug, Args)]
struct ResumeArguments {
    /// The channel
    #[arg(value_name = "NAME")]
    channel: String,
    /// Why, for the log
    #[arg(long, value_name = "WORDS")]
    because: Option<String>,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman channel pause chat --for 2h --because \"the robot moves to another group\"
  pointsman channel resume chat

Other channels go on. What waits for a paused channel is as old at its end as it was at its beginning, so nothing \
expires. A channel that gathers messages tells what is true at the end of the pause.

Exit codes:
  0  done
  2  the command line is wrong, or names an unknown channel, or one that is not paused
  3  the journal could not be reached";

const PAUSE_HELP: &str = "\
Examples:
  pointsman channel pause chat --for 2h --because \"the robot moves to another group\"
  pointsman channel pause chat --until 2026-03-07T02:00:00+08:00 --because \"maintenance\" --by ci

Exit codes:
  0  paused
  2  the command line is wrong, or names an unknown channel
  3  the journal could not be reached";

const RESUME_HELP: &str = "\
Example:
  pointsman channel resume chat

Exit codes:
  0  resumed
  2  the command line is wrong, or the channel is unknown or not paused
  3  the journal could not be reached";

/// Pauses or resumes.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        ChannelAction::Pause(paused) => pause(paused, terminal),
        ChannelAction::Resume(resumed) => resume(resumed, terminal),
    }
}

fn pause(arguments: &PauseArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let request = PauseRequest {
        channel: channel_name(&arguments.channel),
        duration: arguments.end.duration.clone(),
        until: arguments.end.until.clone(),
        because: arguments.because.clone(),
        by: arguments.author.name(terminal)?,
    };
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let paused = backend.pause_channel(&request).map_err(|error| error.report(terminal))?;
    if arguments.output.format() == ListingFormat::Json {
        listing::object(&paused, terminal);
        return Ok(Exit::Success);
    }
    let until = LocalTime::at(clock::at(None)).moment(&paused.pause.until.to_string());
    terminal.out.print(&format!("{} is paused until {until}\n", visible_line(&paused.channel)));
    terminal.help("`pointsman status` shows what waits; `pointsman channel resume NAME` goes on earlier");
    Ok(Exit::Success)
}

fn resume(arguments: &ResumeArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let request = ResumeRequest {
        channel: channel_name(&arguments.channel),
        by: arguments.author.name(terminal)?,
        because: arguments.because.clone(),
    };
    let backend = OperationsBackend::open(&arguments.place, terminal)?;
    let resumed = backend.resume_channel(&request).map_err(|error| error.report(terminal))?;
    if arguments.output.format() == ListingFormat::Json {
        listing::object(&resumed, terminal);
        return Ok(Exit::Success);
    }
    let since = LocalTime::at(clock::at(None)).moment(&resumed.pause.since.to_string());
    terminal.out.print(&format!("{} goes on; it was paused since {since}\n", visible_line(&resumed.channel)));
    Ok(Exit::Success)
}
