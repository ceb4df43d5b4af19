//! `pointsman import alertmanager`: an Alertmanager configuration as rules, with tests that both decide alike.

use super::clock;
use super::exit::Exit;
use super::terminal::Terminal;
use crate::diagnostic;
use crate::import::alertmanager::{self, AlertmanagerImport};
use crate::source::Sources;
use crate::text::plural;
use clap::{Args, Subcommand, ValueEnum};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Translate the configuration of another program to rules
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    origin: ImportOrigin,
}

#[derive(Debug, Subcommand)]
enum ImportOrigin {
    Alertmanager(AlertmanagerArguments),
}

/// Translate an Alertmanager configuration, and prove the translation by test cases
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
struct AlertmanagerArguments {
    /// The configuration, such as `alertmanager.yml`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to write to; it is created if it does not exist. By default the rules are printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Ask another program about every test case, too
    #[arg(long, value_enum, value_name = "PROGRAM")]
    verify: Option<Verifier>,
}

/// What decides besides the own model of Alertmanager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verifier {
    /// `amtool config routes test`, found on the `PATH`
    Amtool,
}

const EXAMPLES: &str = "\
Examples:
  pointsman import alertmanager alertmanager.yml
  pointsman import alertmanager alertmanager.yml --out rules
  pointsman import alertmanager alertmanager.yml --out rules --verify amtool

The folder gets the routing, its tests, a mapping for Alertmanager's alerts and an integration.
No file is ever overwritten. The summary names routes that no alert reaches.

Exit codes:
  0  imported; the rules decide every case as Alertmanager does
  1  the configuration has errors, or a case is decided otherwise
  2  the command line is wrong
  3  a file could not be read or written, or amtool could not be run";

const MAPPING: &str = include_str!("../../rules/alertmanager/alertmanager.rules");
const INTEGRATION: &str = "\
edition 1

# Prometheus posts its alerts here, or an Alertmanager its webhook. Make the key with `pointsman keys new`.
# Where Prometheus posts, add `resolve_timeout = 10m`: an alert that it no longer repeats is over then.
integration prometheus { keys = [env(\"ALERTMANAGER_KEY\")]  alertmanager => routing main }
";

/// Reads, translates and writes.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let ImportOrigin::Alertmanager(arguments) = &arguments.origin;
    let name = arguments.file.display().to_string();
    let text = fs::read_to_string(&arguments.file)
        .map_err(|error| terminal.fail(&format!("`{name}` could not be read: {error}")))?;
    let mut sources = Sources::default();
    let shown = arguments.file.file_name().map_or(name.clone(), |file| file.to_string_lossy().into_owned());
    let file = sources.add(if arguments.out.is_some() { &shown } else { &name }, &text);
    let (imported, found) = alertmanager::import(&sources, file, year());
    if !found.is_empty() {
        let format = terminal.err.human_format();
        terminal.err.print(&diagnostic::render(format, &found, &sources));
    }
    let Some(imported) = imported else { return Ok(Exit::Findings) };
    match &arguments.out {
        Some(folder) => write(folder, &imported, terminal)?,
        None => terminal.out.print(&imported.rules),
    }
    let summary = summary(&imported);
    if arguments.out.is_some() {
        terminal.out.print(&summary);
    } else {
        terminal.err.print(&summary);
    }
    for difference in &imported.differences {
        terminal.error(&format!("decided otherwise: {difference}"));
    }
    let differs = match arguments.verify {
        Some(Verifier::Amtool) => verify(&arguments.file, &imported, terminal)?,
        None => 0,
    };
    Ok(if differs > 0 || !imported.differences.is_empty() { Exit::Findings } else { Exit::Success })
}

/// The year of today.
fn year() -> i64 {
    clock::at(None).to_string().get(..4).and_then(|year| year.parse().ok()).unwrap_or(2026)
}

/// Writes the files, or none of them if one exists.
fn write(folder: &Path, imported: &AlertmanagerImport, terminal: &mut Terminal) -> Result<(), Exit> {
    let files = [
        ("routing.rules", imported.rules.as_str()),
        ("routing.tests.rules", imported.tests.as_str()),
        ("alertmanager.rules", MAPPING),
        ("integration.rules", INTEGRATION),
    ];
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).symlink_metadata().is_ok()) {
        terminal.error(&format!("`{}` already exists; nothing was written", folder.join(name).display()));
        terminal.help("name another folder");
        return Err(Exit::Failed);
    }
    for (name, text) in files {
        let path = folder.join(name);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        if let Err(error) = written {
            return Err(terminal.fail(&format!("`{}` could not be written: {error}", path.display())));
        }
        terminal.out.print(&format!("wrote {}\n", path.display()));
    }
    Ok(())
}

/// `29 routes, 31 receivers; 80 cases, all decided as Alertmanager does`
fn summary(imported: &AlertmanagerImport) -> String {
    let mut out = format!(
        "\n{}, {} of them decide in {}\n",
        plural(imported.routes, "route"),
        imported.paths,
        plural(imported.cases.len(), "case"),
    );
    for finding in &imported.findings {
        _ = writeln!(out, "found: {finding}");
    }
    if imported.stubs > 0 {
        _ = writeln!(out, "to do: {} to fill, which `pointsman check` names", plural(imported.stubs, "channel"));
    }
    if imported.differences.is_empty() {
        out += "the rules decide every case as the model of Alertmanager does\n";
    }
    out
}

/// Asks amtool about every case; how many it decides otherwise.
fn verify(file: &Path, imported: &AlertmanagerImport, terminal: &mut Terminal) -> Result<usize, Exit> {
    let mut differs = 0;
    for (labels, receivers) in &imported.cases {
        let pairs = labels.iter().map(|(name, value)| format!("{name}={}", crate::text::quoted(value)));
        let output = Command::new("amtool")
            .args(["config", "routes", "test"])
            .arg(format!("--config.file={}", file.display()))
            .args(pairs)
            .output()
            .map_err(|error| terminal.fail(&format!("`amtool` could not be run: {error}")))?;
        let answer = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(terminal.fail(&format!("`amtool` refuses the configuration: {reason}")));
        }
        if answer != receivers.join(",") {
            differs += 1;
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            terminal.error(&format!("amtool decides {answer}, not {}: {}", receivers.join(","), labels.join(" ")));
        }
    }
    let count = plural(imported.cases.len(), "case");
    terminal.out.print(&format!("amtool was asked about {count}: {differs} decided otherwise\n"));
    Ok(differs)
}
