//! `pointsman init`: a commented rule set to start from, with a test and a sample payload.

use super::exit::Exit;
use super::input;
use super::terminal::Terminal;
use clap::Args;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The files to write, by name below the folder.
const FILES: &[(&str, &str)] = &[
    ("starter.rules", include_str!("starter/starter.rules")),
    ("samples/disk-full.json", include_str!("starter/samples/disk-full.json")),
];

/// Write a commented rule set to start from: a mapping, channels, a routing, an integration, tests
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The folder to write to; it is created if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

const EXAMPLES: &str = "\
Example:
  pointsman init my-rules && pointsman test my-rules

No file is ever overwritten.

Exit codes:
  0  written
  2  the command line is wrong
  3  the folder already holds rules, or could not be written to";

/// Writes the files, or none of them if one exists.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let folder = &arguments.folder;
    let existing = FILES.iter().map(|(name, _)| folder.join(name)).find(|path| path.symlink_metadata().is_ok());
    if let Some(path) = existing {
        terminal.error(&format!("`{}` already exists; nothing was written", path.display()));
        terminal.help("name another folder");
        return Err(Exit::Failed);
    }
    if input::is_rules(folder) {
        terminal.error(&format!("`{}` already holds rules; nothing was written", folder.display()));
        terminal.help("name another folder: all rules below one folder are one rule set");
        return Err(Exit::Failed);
    }
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Err(error) = write(&path, text) {
            terminal.error(&format!("`{}` could not be written: {error}", path.display()));
            if folder.is_file() {
                terminal.help("name a folder, not a file");
            }
            return Err(Exit::Failed);
        }
        terminal.out.print(&format!("wrote {}\n", path.display()));
    }
    terminal.out.print(&next(folder));
    Ok(Exit::Success)
}

/// Does not overwrite a file that appeared in the meantime.
fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create_new(path)?.write_all(text.as_bytes())
}

fn next(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "\nNow try:\n  pointsman check {folder}\n  pointsman test {folder}\n  \
         pointsman run --rules {folder} {folder}/samples/disk-full.json\n\n\
         And serve it:\n  export MONITORING_KEY=\"$(pointsman keys new)\"; echo \"$MONITORING_KEY\"\n  \
         pointsman serve --rules {folder}\n"
    )
}
