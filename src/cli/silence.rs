//! `pointsman silence`: what is not told for a time.

use super::backend::{GatewayArguments, OperationsBackend};
use super::clock;
use super::exit::Exit;
use super::listing::{self, FormatArguments, ListingFormat, ListingPrinter};
use super::local_time::LocalTime;
use super::silence_text;
use super::terminal::Terminal;
use crate::diagnostic;
use crate::event::channel_name;
use crate::gateway::operations::{
    EndSilenceRequest, ExtendSilenceRequest, PreviewSilenceRequest, SilenceRequest, SilenceSelection,
};
use crate::ruleset::SilenceCondition;
use clap::{Args, Subcommand};

/// Silence alerts for a time: they are not told, but for the end of what was told
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: SilenceAction,
}

#[derive(Debug, Subcommand)]
enum SilenceAction {
    /// Add a silence, after showing what it would have held
    #[command(after_help = ADD_HELP, override_usage = ADD_USAGE)]
    Add(AddArguments),
    /// Show what a silence would have held, and add nothing
    #[command(after_help = PREVIEW_HELP)]
    Preview(PreviewArguments),
    /// List silences, the newest first
    #[command(after_help = LIST_HELP)]
    List(ListArguments),
    /// Show one silence
    #[command(after_help = SHOW_HELP)]
    Show(ShowArguments),
    /// Give a silence a later end
    #[command(after_help = EXTEND_HELP)]
    Extend(ExtendArguments),
    /// End a silence
    #[command(after_help = END_HELP)]
    End(EndArguments),
}

/// Which alerts a silence holds, and where.
#[derive(Debug, Args)]
struct ConditionArguments {
    /// Which alerts: a condition over the event, as in routes, such as `labels.service == "cart"`
    #[arg(value_name = "CONDITION")]
    condition: String,
    /// Only in these channels, separated by commas
    #[arg(long = "in", value_name = "CHANNEL,…", value_delimiter = ',')]
    channels: Vec<String>,
    /// Look at events from this time on: `2026-03-07T02:00:00+08:00`, or an age such as `2h`; 24 h by default
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<String>,
}

#[derive(Debug, Args)]
struct AddArguments {
    #[command(flatten)]
    condition: ConditionArguments,
    #[command(flatten)]
    end: SilenceEndArguments,
    /// From when on, if not from now: `2026-03-07T02:00:00+08:00`
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Why: shown wherever an alert is held by it
    #[arg(long, value_name = "WORDS")]
    because: String,
    /// End it as soon as nothing that it holds has fired for 5 minutes
    #[arg(long)]
    until_resolved: bool,
    /// Add it although every event meets the condition, another silence holds all of it, or it lasts more than 7 days
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

/// When a silence ends.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SilenceEndArguments {
    /// For how long: `20m`, `1h30m`, `2d`; at most 30 days. This or `--until` is required
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// Until when: `2026-03-07T02:00:00+08:00`. This or `--for` is required
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Until when a silence is extended.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ExtensionArguments {
    /// For how much longer than it lasts now: `20m`. This or `--until` is required
    #[arg(long = "for", value_name = "DURATION")]
    duration: Option<String>,
    /// Until when: `2026-03-07T02:00:00+08:00`. This or `--for` is required
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Who does something.
#[derive(Debug, Args)]
pub(super) struct AuthorArguments {
    /// Who does it; by default the name of the user
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
struct PreviewArguments {
    #[command(flatten)]
    condition: ConditionArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Those that ended, too; they are kept as long as events
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// The id of the silence
    #[arg(value_name = "ID")]
    silence: String,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct ExtendArguments {
    /// The id of the silence
    #[arg(value_name = "ID")]
    silence: String,
    #[command(flatten)]
    end: ExtensionArguments,
    /// Extend it although it ends in more than 7 days then
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

#[derive(Debug, Args)]
struct EndArguments {
    /// The id of the silence
    #[arg(value_name = "ID")]
    silence: String,
    #[command(flatten)]
    author: AuthorArguments,
    #[command(flatten)]
    place: GatewayArguments,
    #[command(flatten)]
    output: FormatArguments,
}

const EXAMPLES: &str = "\
Examples:
  pointsman silence add 'labels.service == \"cart\" and severity < Critical' --for 20m --because \"deploy 812\"
  pointsman silence list
  pointsman silence end 01KADZ3V9G0000000000000000

The condition is over the event alone: it uses no names of the rules and no `during`, so that no reload changes it. \
What is silenced is never lost: what still fires when the silence ends is told then, and the end of what was told is told \
during the silence. A silence is never changed, only extended or ended.

Exit codes:
  0  done
  2  the command line or the condition is wrong, or the silence is refused without `--force`
  3  there is no such silence, or the journal could not be reached";

/// Two lines, as one would be wider than a help may be.
const ADD_USAGE: &str = "\
pointsman silence add [OPTIONS] --because <WORDS> --for <DURATION> <CONDITION>
       pointsman silence add [OPTIONS] --because <WORDS> --until <TIME> <CONDITION>";

const ADD_HELP: &str = "\
Examples:
  pointsman silence add 'labels.service == \"cart\"' --for 20m --because \"deploy 812\"
  pointsman silence add 'labels.host like \"db-*\"' --in chat --until-resolved --for 12h --because \"disk is ordered\"
  id=$(pointsman silence add 'labels.env == \"staging\"' --for 1h --because deploy --by ci --json | jq -r .id)

Exit codes:
  0  added
  2  the command line or the condition is wrong, or the silence is refused without `--force`
  3  the journal could not be reached";

const PREVIEW_HELP: &str = "\
Examples:
  pointsman silence preview 'labels.service == \"cart\"'
  pointsman silence preview 'severity < Critical' --in chat --since 7d

Exit codes:
  0  shown
  2  the command line or the condition is wrong
  3  the journal could not be reached";

const LIST_HELP: &str = "\
Examples:
  pointsman silence list
  pointsman silence list --all --json | jq .author

Exit codes:
  0  listed
  2  the command line is wrong
  3  the journal could not be reached";

const SHOW_HELP: &str = "\
Example:
  pointsman silence show 01KADZ3V9G0000000000000000

Exit codes:
  0  shown
  2  the command line is wrong
  3  there is no such silence, or the journal could not be reached";

const EXTEND_HELP: &str = "\
Examples:
  pointsman silence extend 01KADZ3V9G0000000000000000 --for 20m
  pointsman silence extend 01KADZ3V9G0000000000000000 --until 2026-03-07T02:00:00+08:00

Exit codes:
  0  extended
  2  the command line is wrong, or the extension is refused
  3  there is no such silence, or the journal could not be reached";

const END_HELP: &str = "\
Example:
  pointsman silence end 01KADZ3V9G0000000000000000

Exit codes:
  0  ended
  2  the command line is wrong, or the silence ended before
  3  there is no such silence, or the journal could not be reached";

/// Adds, previews, lists, shows, extends or ends.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    match &arguments.action {
        SilenceAction::Add(added) => add(added, terminal),
        SilenceAction::Preview(previewed) => preview(previewed, terminal),
        SilenceAction::List(listed) => list(listed, terminal),
        SilenceAction::Show(shown) => show(shown, terminal),
        SilenceAction::Extend(extended) => extend(extended, terminal),
        SilenceAction::End(ended) => end(ended, terminal),
    }
}

impl ConditionArguments {
    /// The condition is read here, so that a mistake is shown where it is.
    fn check(&self, terminal: &mut Terminal) -> Result<(), Exit> {
        let Err(refused) = SilenceCondition::parse(&self.condition) else { return Ok(()) };
        let text = diagnostic::render(terminal.err.human_format(), &refused.diagnostics, &refused.sources);
        terminal.err.print(&text);
        Err(Exit::Usage)
    }

    fn channels(&self) -> Vec<String> {
        self.channels.iter().map(|channel| channel_name(channel)).collect()
    }

    fn preview(&self) -> PreviewSilenceRequest {
        PreviewSilenceRequest {
            condition: self.condition.clone(),
            channels: self.channels(),
            since: self.since.clone(),
        }
    }
}

impl AuthorArguments {
    pub(super) fn name(&self, terminal: &mut Terminal) -> Result<String, Exit> {
        let user = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let name = self.by.clone().or_else(user).filter(|name| !name.trim().is_empty());
        name.ok_or_else(|| {
            terminal.error("nobody is named, and the environment does not say who the user is");
            terminal.help("name who does it: `--by NAME`");
            Exit::Usage
        })
    }
}

fn time() -> LocalTime {
    LocalTime::at(clock::at(None))
}

fn add(added: &AddArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    added.condition.check(terminal)?;
    let request = SilenceRequest {
        condition: added.condition.condition.clone(),
        duration: added.end.duration.clone(),
        until: added.end.until.clone(),
        from: added.from.clone(),
        channels: added.condition.channels(),
        because: added.because.clone(),
        by: added.author.name(terminal)?,
        until_resolved: added.until_resolved,
        force: added.force,
    };
    let backend = OperationsBackend::open(&added.place, terminal)?;
    let is_text = added.output.format() == ListingFormat::Text;
    if is_text {
        let preview = backend.preview_silence(&added.condition.preview()).map_err(|error| error.report(terminal))?;
        let text = silence_text::preview(&preview, &time(), terminal.out.layout());
        terminal.out.print(&text);
    }
    let silence = backend.add_silence(&request).map_err(|error| error.report(terminal))?;
    if is_text {
        let text = silence_text::added(&silence, &time(), terminal.out.layout());
        terminal.out.print(&text);
        terminal.help(&format!("`pointsman silence end {}` ends it", silence.silence.id));
        say_offline(&backend, terminal);
    } else {
        listing::object(&silence, terminal);
    }
    Ok(Exit::Success)
}

fn say_offline(backend: &OperationsBackend, terminal: &mut Terminal) {
    if !backend.is_live() {
        terminal.help("no gateway runs: it counts from the next start of `pointsman serve` on");
    }
}

fn preview(previewed: &PreviewArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    previewed.condition.check(terminal)?;
    let backend = OperationsBackend::open(&previewed.place, terminal)?;
    let preview = backend.preview_silence(&previewed.condition.preview()).map_err(|error| error.report(terminal))?;
    if previewed.output.format() == ListingFormat::Json {
        listing::object(&preview, terminal);
    } else {
        let text = silence_text::preview(&preview, &time(), terminal.out.layout());
        terminal.out.print(&text);
    }
    Ok(Exit::Success)
}

fn list(listed: &ListArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&listed.place, terminal)?;
    let mut printer = ListingPrinter::new(listed.output.format());
    let mut selection = SilenceSelection { all: listed.all, before: None, limit: Some(1_000) };
    let mut shown = 0;
    while !terminal.out.is_closed() {
        let page = backend.silences(&selection).map_err(|error| error.report(terminal))?;
        shown += page.items.len();
        printer.print(&page.items, terminal);
        selection.before = page.next;
        if selection.before.is_none() {
            break;
        }
    }
    if shown == 0 && listed.output.format() == ListingFormat::Text {
        let ended = if listed.all { "" } else { "; `--all` lists those that ended" };
        terminal.help(&format!("there is no silence{ended}"));
    }
    Ok(Exit::Success)
}

fn show(shown: &ShowArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let backend = OperationsBackend::open(&shown.place, terminal)?;
    let silence = backend.silence(&shown.silence).map_err(|error| error.report(terminal))?;
    if shown.output.format() == ListingFormat::Json {
        listing::object(&silence, terminal);
    } else {
        let text = silence_text::silence(&silence, &time(), terminal.out.layout());
        terminal.out.print(&text);
    }
    Ok(Exit::Success)
}

fn extend(extended: &ExtendArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let request = ExtendSilenceRequest {
        duration: extended.end.duration.clone(),
        until: extended.end.until.clone(),
        by: extended.author.name(terminal)?,
        force: extended.force,
    };
    let backend = OperationsBackend::open(&extended.place, terminal)?;
    let silence = backend.extend_silence(&extended.silence, &request).map_err(|error| error.report(terminal))?;
    if extended.output.format() == ListingFormat::Json {
        listing::object(&silence, terminal);
    } else {
        let until = time().moment(&silence.silence.until.to_string());
        terminal.out.print(&format!("silence {} lasts until {until}\n", silence.silence.id));
    }
    Ok(Exit::Success)
}

fn end(ended: &EndArguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let request = EndSilenceRequest { by: ended.author.name(terminal)? };
    let backend = OperationsBackend::open(&ended.place, terminal)?;
    let silence = backend.end_silence(&ended.silence, &request).map_err(|error| error.report(terminal))?;
    if ended.output.format() == ListingFormat::Json {
        listing::object(&silence, terminal);
        return Ok(Exit::Success);
    }
    terminal.out.print(&format!("silence {} ended: what still fires is told\n", silence.silence.id));
    say_offline(&backend, terminal);
    Ok(Exit::Success)
}
