//! `pointsman fmt`: rule files with the blanks and line ends of the house style.

use super::exit::Exit;
use super::rule_paths::RulePathArguments;
use super::terminal::Terminal;
use crate::diagnostic::{self, Diagnostic, FindingCounts};
use crate::format::{FormatError, format};
use crate::ruleset::files::{self, DeniedFiles, ScanLimits, WatchedFolders};
use crate::source::{FileId, Sources};
use crate::syntax;
use crate::text::plural;
use clap::Args;
use similar::TextDiff;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Format rule files: only blanks, line breaks and empty lines change
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    rules: RulePathArguments,
    /// List the files that are not formatted, and change nothing
    #[arg(long)]
    check: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    diff: bool,
}

const EXAMPLES: &str = "\
There are no options of style: every formatted file looks the same. A path `-` reads the standard input and writes the
standard output. A file that does not parse is not changed.

Examples:
  pointsman fmt                      the rule files below this folder
  pointsman fmt --diff rules         what would change
  pointsman fmt --check rules        for CI: which files are not formatted
  pointsman fmt - < a.rules          from the standard input

Exit codes:
  0  all files are formatted now (with --check or --diff: they were already)
  1  with --check or --diff: some files are not formatted; otherwise: some do not parse
  2  the command line is wrong
  3  a file could not be read or written";

/// The largest text from the standard input, in bytes: that of a rule file.
const MAX_BYTES: u64 = 8 << 20;

/// Formats, and prints what changed.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let roots = arguments.rules.roots();
    if roots.iter().any(|root| root == Path::new("-")) {
        if roots.len() > 1 {
            terminal.error("`-` is the standard input, and stands alone");
            return Err(Exit::Usage);
        }
        return standard_input(arguments, terminal);
    }
    let limits = ScanLimits { max_bytes: files::MAX_TOTAL_BYTES, denied: &DeniedFiles::default() };
    let scanned = files::scan(&roots, &limits, &mut WatchedFolders::default());
    let scanned = scanned.map_err(|unreadable| terminal.fail(&unreadable.to_string()))?;
    let paths: Vec<_> = scanned.files.iter().map(|file| file.path.clone()).collect();
    if paths.is_empty() {
        return Err(terminal.fail(&files::RuleFileError::NoRules { paths: roots }.to_string()));
    }
    let (sources, unreadable) = files::sources(scanned.files);
    let mut formatting = Formatting { arguments, sources: &sources, changed: 0, unparsed: 0, exit: Exit::Success };
    formatting.report(&unreadable, terminal);
    let ids: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    for (path, id) in paths.iter().zip(ids) {
        if !unreadable.iter().any(|finding| finding.span.file == id) {
            formatting.file(path, id, terminal)?;
        }
    }
    Ok(formatting.finish(paths.len(), terminal))
}

fn standard_input(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let mut text = String::new();
    let read = io::stdin().take(MAX_BYTES + 1).read_to_string(&mut text);
    read.map_err(|error| terminal.fail(&format!("cannot read the standard input: {error}")))?;
    let mut sources = Sources::default();
    let id = sources.add("<stdin>", &text);
    let mut formatting = Formatting { arguments, sources: &sources, changed: 0, unparsed: 0, exit: Exit::Success };
    let Some(formatted) = formatting.formatted(id, terminal)? else { return Ok(Exit::Findings) };
    if arguments.check || arguments.diff {
        formatting.show("<stdin>", &text, &formatted, terminal);
        return Ok(formatting.exit);
    }
    terminal.out.print(&formatted);
    Ok(Exit::Success)
}

/// The files of one run.
struct Formatting<'f> {
    arguments: &'f Arguments,
    sources: &'f Sources,
    changed: usize,
    unparsed: usize,
    exit: Exit,
}

impl Formatting<'_> {
    fn file(&mut self, path: &Path, id: FileId, terminal: &mut Terminal) -> Result<(), Exit> {
        let Some(formatted) = self.formatted(id, terminal)? else { return Ok(()) };
        let text = self.sources.file(id).map_or("", |file| file.text());
        if text == formatted {
            return Ok(());
        }
        self.changed += 1;
        let name = path.display().to_string();
        if self.arguments.check || self.arguments.diff {
            self.show(&name, text, &formatted, terminal);
            return Ok(());
        }
        replace(path, &formatted).map_err(|error| terminal.fail(&format!("cannot write `{name}`: {error}")))?;
        terminal.out.print(&format!("{name}\n"));
        Ok(())
    }

    /// The formatted text. None where the file does not parse, which is reported.
    fn formatted(&mut self, id: FileId, terminal: &mut Terminal) -> Result<Option<String>, Exit> {
        let mut findings = Vec::new();
        syntax::parse(self.sources, id, &mut findings);
        let text = self.sources.file(id).map_or("", |file| file.text());
        match format(text) {
            Ok(formatted) => Ok(Some(formatted)),
            Err(FormatError::Unparsed) => {
                self.report(&findings, terminal);
                Ok(None)
            }
            Err(FormatError::Changed) => {
                let name = self.sources.file(id).map_or("", |file| file.name());
                terminal.error(&format!("`{name}` is not changed: the formatted text would not say the same"));
                terminal.help("this is a mistake in the formatter; please report it with the file");
                Err(Exit::Failed)
            }
        }
    }

    fn report(&mut self, findings: &[Diagnostic], terminal: &mut Terminal) {
        if !findings.is_empty() {
            terminal.err.print(&diagnostic::render(terminal.err.human_format(), findings, self.sources));
            let counts = FindingCounts::of(findings);
            terminal.error(&format!("the file is not formatted: {counts}"));
            self.unparsed += 1;
            self.exit = Exit::Findings;
        }
    }

    fn show(&mut self, name: &str, text: &str, formatted: &str, terminal: &mut Terminal) {
        if text == formatted {
            return;
        }
        self.exit = Exit::Findings;
        if self.arguments.diff {
            let diff = TextDiff::from_lines(text, formatted);
            let unified = diff.unified_diff().header(name, name).to_string();
            terminal.out.print(&unified);
        } else {
            terminal.out.print(&format!("{name}\n"));
        }
    }

    fn finish(&self, files: usize, terminal: &mut Terminal) -> Exit {
        let count = plural(files, "file");
        let unparsed = match self.unparsed {
            0 => String::new(),
            unparsed => format!(", {unparsed} with errors"),
        };
        let only_shows = self.arguments.check || self.arguments.diff;
        let summary = match (self.changed, only_shows) {
            (0, _) if self.unparsed == 0 => format!("{count} formatted already"),
            (changed, true) => format!("{changed} of {count} not formatted{unparsed}"),
            (changed, false) => format!("{changed} of {count} formatted{unparsed}"),
        };
        terminal.err.print(&(summary + "\n"));
        self.exit
    }
}

/// Puts a text in the place of a file: through a file beside it, so that a full disk loses nothing. Links are followed.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let real = path.canonicalize()?;
    let mut beside = real.clone().into_os_string();
    beside.push(".formatted");
    let written = File::create_new(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(&real)?.permissions())?;
        file.sync_all()?;
        fs::rename(&beside, &real)
    });
    if written.is_err() {
        // What could not be put into its place is of no use.
        let _ = fs::remove_file(&beside);
    }
    written
}
