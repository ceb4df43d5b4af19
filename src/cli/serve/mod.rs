//! `pointsman serve`: runs the gateway.

mod configuration_error;
mod file;
pub(super) mod options;
mod plan;
mod quantity;
mod reference;

use super::exit::Exit;
use super::load;
use super::rule_paths::with_arguments;
use super::secrets;
use super::terminal::Terminal;
use crate::channel::Secret;
use crate::diagnostic::{self, Diagnostic, DiagnosticFormat, DiagnosticLevel};
use crate::gateway::admin::state_files;
use crate::gateway::config::GatewayConfig;
use crate::gateway::delivery::BlockedChannel;
use crate::gateway::served_rules::{ServedRules, UNSET_VARIABLES};
use crate::gateway::{self, GatewayError};
use crate::prove::ProofEffort;
use crate::reload::{LoadRejection, LoadStage};
use clap::Args;
use options::ServeOptions;
pub(super) use reference::settings_reference;
use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Receive alerts at push URLs, map and route them, deliver them to channels, and reload rules when files change
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Rule files and folders, as with `--rules`
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    options: ServeOptions,
    /// A TOML file with any of these settings, spelled with `_`: `keep_for = "7d"`
    #[arg(long, env = "POINTSMAN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what would be served, and exit: 0 if it can be served, 1 if not, or if a channel has an address that is not
    /// allowed
    #[arg(long)]
    check: bool,
    /// With `--check`: let the proofs of the rules take so many times as many steps before they leave something undecided
    #[arg(long, value_name = "N", requires = "check")]
    effort: Option<NonZeroU32>,
}

const EXAMPLES: &str = "\
Examples:
  POINTSMAN_DEMO_KEY=try-me-for-an-afternoon \\
      pointsman serve --rules rules/arms rules/quickstart
  pointsman serve /etc/pointsman/rules --state /var/lib/pointsman \\
      --listen 0.0.0.0:8480
  pointsman serve --config /etc/pointsman/pointsman.toml --check
  pointsman status               the state of a running gateway

Every flag can also be set in the environment (`--keep-for` is POINTSMAN_KEEP_FOR) and in the file. \
A flag overrides the environment, and the environment overrides the file. \
POINTSMAN_ADMIN_TOKEN is the token of the admin listener, if it is not in a file.

SIGHUP reloads the rules. SIGTERM and SIGINT shut the gateway down within 30 seconds.

Exit codes:
  0  stopped by a signal; with --check: the rules can be served
  1  the rules cannot be served; with --check: or the address of a channel would be refused
  2  the command line or the configuration file is wrong
  3  the state directory, an address, a certificate or the disk cannot be used";

/// Reads the configuration, and serves until a signal arrives.
pub(super) fn run(arguments: Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let (check, effort) = (arguments.check, arguments.effort.map(ProofEffort::times));
    let config = configure(arguments, terminal)?;
    if check {
        let mut version = gateway::check(&config).map_err(|rejection| reject(&rejection, terminal))?;
        // Nothing else has this version.
        if let (Some(version), Some(effort)) = (Arc::get_mut(&mut version), effort) {
            version.value.rules.effort = effort;
        }
        load::prove(&version.value.rules, terminal)?;
        terminal.out.print(&plan::render(&config, &version));
        return report_blocked(&config, &version.value, terminal);
    }
    let last_good = config.reload.last_good.clone();
    let last_good = last_good.filter(|path| !config.reload.start_with_last_good && path.is_file());
    gateway::run(config).map_err(|failure| {
        let exit = fail(&failure, terminal);
        if let (GatewayError::Rules(_), Some(path)) = (&failure, last_good) {
            terminal.help(&format!(
                "to serve the last rules that worked (in `{}`) until these are fixed: `--start-with-last-good`",
                path.display()
            ));
        }
        exit
    })?;
    Ok(Exit::Success)
}

/// Names the channels whose addresses would be refused.
fn report_blocked(config: &GatewayConfig, rules: &ServedRules, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let blocked = gateway::blocked_channels(config, rules).map_err(|failure| fail(&failure, terminal))?;
    for BlockedChannel { channel, reason } in &blocked {
        terminal.error(&format!("nothing would reach the channel `{channel}`: {reason}"));
    }
    if blocked.is_empty() {
        return Ok(Exit::Success);
    }
    terminal.help("`--allow-private` lets channels reach every address; networks and hosts one by one are safer");
    Ok(Exit::Findings)
}

fn configure(arguments: Arguments, terminal: &mut Terminal) -> Result<GatewayConfig, Exit> {
    let mut given = arguments.options;
    given.rules = with_arguments(&arguments.paths, given.rules);
    let options = with_file(given, arguments.config.as_deref(), terminal)?;
    let token_file = options.admin_token_file.clone();
    let mut config = configuration(options, terminal)?;
    config.admin_token = given_token(token_file, terminal)?;
    config.reload.access.own_files.extend(arguments.config);
    Ok(config)
}

/// These settings, and those of a file for settings that are absent.
pub(super) fn with_file(
    options: ServeOptions,
    file: Option<&Path>,
    terminal: &mut Terminal,
) -> Result<ServeOptions, Exit> {
    let Some(path) = file else { return Ok(options) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| terminal.fail(&format!("cannot read `{}`: {error}", path.display())))?;
    let file = file::read(&path.display().to_string(), &text).map_err(|error| error.report(terminal))?;
    Ok(options.or(file))
}

/// The configuration by these settings.
pub(super) fn configuration(options: ServeOptions, terminal: &mut Terminal) -> Result<GatewayConfig, Exit> {
    let mut config = options.config().map_err(|error| error.report(terminal))?;
    if let Some(missing) = config.reload.access.secret_folders.iter().find(|folder| !folder.is_dir()) {
        terminal.error(&format!("there is no folder `{}`", missing.display()));
        terminal.help("`--secrets DIR` names a folder of secret files");
        return Err(Exit::Usage);
    }
    config.delivery.check_spelling().map_err(|message| {
        terminal.error(&message);
        Exit::Usage
    })?;
    config.reload.access.own_variables = secrets::own_variables();
    Ok(config)
}

/// The admin token from a file or from the environment.
pub(super) fn given_token(token_file: Option<PathBuf>, terminal: &mut Terminal) -> Result<Option<Secret>, Exit> {
    if let Some(path) = token_file {
        let token = state_files::read_token(&path);
        return token.map(Some).map_err(|error| {
            terminal.fail(&format!("the admin token in `{}` cannot be used: {error}", path.display()))
        });
    }
    let Ok(given) = std::env::var("POINTSMAN_ADMIN_TOKEN") else { return Ok(None) };
    if given.trim().len() < 16 {
        terminal.error("the admin token in `POINTSMAN_ADMIN_TOKEN` has fewer than 16 characters");
        terminal.help("`pointsman keys new` makes a good one");
        return Err(Exit::Usage);
    }
    Ok(Some(Secret::new(given.trim().to_owned())))
}

fn fail(failure: &GatewayError, terminal: &mut Terminal) -> Exit {
    if let GatewayError::Rules(rejection) = failure {
        return reject(rejection, terminal);
    }
    terminal.error(&failure.to_string());
    if let GatewayError::Listen(_, error) = failure {
        let choose = "choose another address with `--listen ADDRESS` or `--admin ADDRESS`";
        let reason = if error.kind() == ErrorKind::AddrNotAvailable {
            "this machine does not have that address"
        } else {
            "another program may already listen there"
        };
        terminal.help(&format!("{reason}; {choose}"));
    }
    Exit::Failed
}

/// Shows why rules cannot be served: the findings as `check` shows them, or one line for each problem of this gateway.
fn reject(rejection: &LoadRejection, terminal: &mut Terminal) -> Exit {
    let errors: Vec<Diagnostic> =
        rejection.diagnostics.iter().filter(|each| each.level() == DiagnosticLevel::Error).cloned().collect();
    let format = match rejection.stage {
        LoadStage::Read | LoadStage::Check => terminal.err.human_format(),
        LoadStage::Channels | LoadStage::Tests => DiagnosticFormat::Short,
    };
    let text = diagnostic::render(format, &errors, &rejection.sources);
    terminal.err.print(&text);
    terminal.error(&format!("the rules cannot be served: {}", rejection.message));
    match rejection.stage {
        // Nothing else that a channel misses is a key to be made.
        LoadStage::Channels if rejection.message.starts_with(UNSET_VARIABLES) => {
            terminal.help("`pointsman keys new` makes a key; to try the gateway without an account, serve `rules/arms` with `rules/quickstart`");
            Exit::Findings
        }
        LoadStage::Tests => {
            terminal.help("`pointsman test` shows the expected and the actual results");
            Exit::Findings
        }
        LoadStage::Read | LoadStage::Check | LoadStage::Channels => Exit::Findings,
    }
}
