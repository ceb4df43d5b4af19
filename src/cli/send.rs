//! `pointsman send`: sends one event to a channel, and shows the request and the response.

use super::exit::Exit;
use super::rule_paths::with_arguments;
use super::secrets::SecretArguments;
use super::serve::options::ServeOptions;
use super::terminal::Terminal;
use super::{clock, event, input, load, serve};
use crate::channel::{DeliveryVerdict, NotificationPolicy};
use crate::diagnostic::{self, nearest, visible_text};
use crate::evaluate::EvaluationContext;
use crate::event::{AlertStatus, Event, Labels, MessageGroup, Severity, channel_name};
use crate::gateway::delivery::{Exchange, OutboundConfig, send_once};
use crate::gateway::served_rules;
use crate::json;
use crate::model::SecretReference;
use crate::reload::{RuleAccess, Snapshot};
use crate::ruleset::{RuleSet, SystemClock};
use crate::time::{Clock, Timestamp};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Send one event to a channel, and show the request and the response
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The channel; a member of a family as `team_chat.payments`
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// Rule files and folders, as with `--rules`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The event, as `run` writes it; `-` is the standard input; a test event by default
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// Rule files and folders; together they are one rule set. In the environment, paths are separated by colons
    #[arg(long, env = "POINTSMAN_RULES", value_name = "PATH", num_args = 1.., value_delimiter = ':')]
    rules: Vec<PathBuf>,
    /// A network, address or host besides the public internet that may be reached; may be repeated
    #[arg(long, env = "POINTSMAN_ALLOW", value_name = "NETWORK", value_delimiter = ',')]
    allow: Vec<String>,
    #[command(flatten)]
    secrets: SecretArguments,
    /// Let the channel reach every address, including private ones
    #[arg(long, env = "POINTSMAN_ALLOW_PRIVATE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_private: Option<bool>,
    /// A proxy for the request; the proxy variables of the environment are ignored
    #[arg(long, env = "POINTSMAN_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<String>,
    /// The configuration file of `serve`; its rules and its settings for requests hold here too
    #[arg(long, env = "POINTSMAN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Certificates in PEM to trust besides those of the system
    #[arg(long, env = "POINTSMAN_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// A header of the request besides those of the channel, as `NAME: VALUE`; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = header)]
    header: Vec<(String, String)>,
    /// The folder into which `file` channels write
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  pointsman send ops_chat rules
  pointsman send ops_chat --rules rules --event event.json
  pointsman send intranet --rules rules --allow 10.0.0.0/8
  pointsman send intranet rules --header \"x-debug: on\" --ca-file ca.pem
  pointsman send intranet --config /etc/pointsman/pointsman.toml

The request is made as `serve` would make it: give the same options, variables and file. \
Secrets are never shown; `<secret>` replaces them. What the rules write as text is shown.

Exit codes:
  0  the channel accepted the event
  1  the channel refused it or did not respond, or the rules contain an error
  2  the command line is wrong, or the rules have no such channel
  3  a file or a secret could not be read";

/// `NAME: VALUE`
fn header(text: &str) -> Result<(String, String), String> {
    let header = text.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    header.filter(|(name, _)| !name.is_empty()).ok_or_else(|| "expected a name, a colon and a value".to_owned())
}

/// Sends the event, and shows the result.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let now = clock::at(None);
    let options = ServeOptions::of_requests(
        with_arguments(&arguments.paths, arguments.rules.clone()),
        arguments.allow.clone(),
        arguments.allow_private,
        arguments.proxy.clone(),
        arguments.ca_file.clone(),
    );
    let options = options.with_secrets(arguments.secrets.folders.clone(), arguments.secrets.prefixes.clone());
    let options = serve::with_file(options, arguments.config.as_deref(), terminal)?;
    let config = serve::configuration(options, terminal)?;
    let paths = &config.reload.roots;
    let rules = load::usable(paths, Some(now), terminal)?;
    let position = find(&rules, &channel_name(&arguments.channel), terminal)?;
    let mut access = config.reload.access.clone();
    access.own_files.extend(arguments.config.clone());
    // A trial loads the rules once, so it does not need the limit of a gateway.
    access.max_rule_bytes = RuleAccess::default().max_rule_bytes;
    let channel = resolve(paths, &access, &rules, position, terminal)?;
    let bytes = arguments.event.as_deref().map(|path| read(path, terminal)).transpose()?;
    let arena = json::Arena::new();
    let document = bytes.as_ref().map(|bytes| json::parse(bytes, &arena)).transpose().map_err(|invalid| {
        let json::JsonError { line, column, message } = invalid;
        terminal.error(&format!("the event is not JSON: {line}:{column}: {message}"));
        Exit::Findings
    })?;
    let event = match &document {
        None => test_event(now, &arena),
        Some(document) => event::read(document).map_err(|message| {
            terminal.error(&message);
            Exit::Findings
        })?,
    };
    let outbound = OutboundConfig {
        directory: arguments.directory.clone(),
        headers: arguments.header.clone(),
        ..config.delivery.clone()
    };
    outbound.check_spelling().map_err(|message| {
        terminal.error(&message);
        Exit::Usage
    })?;
    send(&outbound, &channel, &body(&rules, position, event, now), terminal)
}

fn find(rules: &RuleSet, name: &str, terminal: &mut Terminal) -> Result<usize, Exit> {
    let channels = &rules.model.channels;
    channels.iter().position(|channel| &*channel.name == name).ok_or_else(|| {
        let near = nearest(name, channels.iter().map(|channel| &*channel.name));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        terminal.error(&format!("there is no channel named `{name}`{near}"));
        Exit::Usage
    })
}

/// Reads the secrets of this channel only, so that a trial does not need the keys of integrations.
fn resolve(
    paths: &[PathBuf],
    access: &RuleAccess,
    rules: &RuleSet,
    position: usize,
    terminal: &mut Terminal,
) -> Result<served_rules::ServedChannel, Exit> {
    let Some(channel) = rules.model.channels.get(position) else { return Err(Exit::Usage) };
    let files = Snapshot::with_access(paths, access).map_err(|rejection| terminal.fail(&rejection.message))?;
    let read = |named: &SecretReference, folder: &Path| served_rules::read_secret(named, folder, &files);
    let settings = rules.resolve_channel(position, &read).map_err(|diagnostics| {
        let text = diagnostic::render(terminal.err.human_format(), &diagnostics, &rules.sources);
        terminal.err.print(&text);
        Exit::Failed
    })?;
    // A message that is sent by hand is sent at once.
    let policy = NotificationPolicy::EVERY_EVENT;
    Ok(served_rules::ServedChannel { name: channel.name.to_string(), kind: channel.kind, settings, policy })
}

fn read(path: &Path, terminal: &mut Terminal) -> Result<Vec<u8>, Exit> {
    let input = input::CommandInput::read(path, terminal);
    let input = input.map_err(|error| terminal.fail(&format!("cannot read `{}`: {error}", path.display())))?;
    Ok(input.bytes)
}

/// An event that is clearly a test.
fn test_event(now: Timestamp, arena: &json::Arena) -> &Event<'_> {
    arena.alloc(Event {
        severity: Severity::Warning,
        status: AlertStatus::Firing,
        title: "pointsman test",
        key: arena.text(&format!("pointsman-test-{}", now.epoch_milliseconds())),
        description: Some("Sent by `pointsman send` to see whether this channel works."),
        labels: Labels::of([("test", "true")], arena),
        starts_at: Some(now),
        ends_at: None,
        link: None,
        source: "pointsman",
        integration: None,
        notes: &[],
    })
}

/// The body that the kind of the channel renders; the event itself if the kind renders none.
fn body(rules: &RuleSet, position: usize, event: &Event<'_>, now: Timestamp) -> Vec<u8> {
    let rendered = rules.render(position, event, MessageGroup::SingleEvent, &EvaluationContext::at(now));
    // An event and a JSON value always serialize.
    match rendered {
        Some(rendered) => serde_json::to_vec(&rendered.body).unwrap_or_default(),
        None => json::ToJson::to_json(event).into_bytes(),
    }
}

fn send(
    options: &OutboundConfig,
    channel: &served_rules::ServedChannel,
    body: &[u8],
    terminal: &mut Terminal,
) -> Result<Exit, Exit> {
    options.check().map_err(|error| terminal.fail(&error))?;
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build();
    let runtime = runtime.map_err(|error| terminal.fail(&format!("cannot start the network: {error}")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let Exchange { request, answer, verdict } = runtime.block_on(send_once(channel, body, options, &clock));
    // A name server that does not respond must not delay the exit.
    runtime.shutdown_background();
    terminal.out.print(&marked("→", &request));
    terminal.out.print(&marked("←", &answer));
    match verdict {
        DeliveryVerdict::Delivered => {
            terminal.note(&format!("`{}` accepted the event\n", channel.name));
            Ok(Exit::Success)
        }
        DeliveryVerdict::Retry { reason, .. } | DeliveryVerdict::Refused { reason } => {
            terminal.error(&format!("`{}` did not accept the event: {reason}", channel.name));
            Ok(Exit::Findings)
        }
    }
}

/// A request or an answer, each line with a mark. A body may be one line of any length: it is shown whole.
fn marked(mark: &str, text: &str) -> String {
    let line = |line: &str| format!("{mark} {}", visible_text(line)).trim_end().to_owned() + "\n";
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn hidden_characters_are_shown_and_long_lines_are_whole() {
        assert_eq!(marked("→", "POST /\r\n\n  a\u{202e}b\u{1b}[31m\tc"), "→ POST /\n→\n→   a\\u{202e}b␛[31m\tc\n");
        let long = "x".repeat(10_000);
        assert_eq!(marked("←", &long), format!("← {long}\n"));
    }
}
