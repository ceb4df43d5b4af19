//! Rules of a revision, read through the `git` program.

use crate::cli::clock;
use crate::cli::exit::Exit;
use crate::cli::load;
use crate::cli::terminal::Terminal;
use crate::ruleset::RuleSet;
use crate::ruleset::source_text::{self, MAX_FILE_BYTES, MAX_FILES, OversizedFile};
use crate::source::Sources;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// Reads the rules below some paths as they are in a revision. Tables are read from the same revision.
///
/// # Errors
/// If git or the revision is missing, or the rules contain an error; it is printed.
pub(super) fn read(revision: &str, paths: &[PathBuf], terminal: &mut Terminal) -> Result<RuleSet, Exit> {
    let commit = Commit::find(revision, terminal)?;
    let roots = roots(paths, terminal)?;
    let names = commit.files(terminal)?;
    let wanted: Vec<PathBuf> = names.into_iter().filter(|name| is_rule_file(name) && is_below(name, &roots)).collect();
    if wanted.is_empty() {
        terminal.error(&format!("the revision `{revision}` has no rule file below these paths"));
        terminal.help("rule files end in `.rules`; name their folder with `--rules PATH`");
        return Err(Exit::Failed);
    }
    if wanted.len() > MAX_FILES {
        terminal.error(&format!("a rule set has at most {MAX_FILES} files"));
        return Err(Exit::Failed);
    }
    let mut sources = Sources::default();
    for name in wanted {
        let content = commit.content(&name).map_err(|reason| terminal.fail(&reason))?;
        let size = content.len() as u64;
        let content = if size > MAX_FILE_BYTES { Err(OversizedFile { size }) } else { Ok(content) };
        if let Some(finding) = source_text::add_rule_file(&mut sources, &name, content) {
            terminal.error(&format!("`{}` in `{revision}`: {}", name.display(), finding.message));
            return Err(Exit::Findings);
        }
    }
    let read = |path: &Path| {
        let name = plain(path).ok_or("it is outside of the folder in which git is asked")?;
        source_text::text(commit.content(&name)?)
    };
    let loaded = RuleSet::from_sources(sources, &read, Some(clock::at(None)));
    load::without_errors(loaded, &format!("the rules of `{revision}` cannot be used"), terminal)
}

/// A commit that exists.
struct Commit {
    revision: String,
    hash: String,
}

impl Commit {
    fn find(revision: &str, terminal: &mut Terminal) -> Result<Self, Exit> {
        let unknown = |terminal: &mut Terminal, reason: &str| {
            terminal.error(&format!("git knows no revision `{revision}`{reason}"));
            terminal.help("`git log --oneline` and `git branch --all` list revisions; a shallow clone has few");
            Exit::Usage
        };
        // It would be an option of git.
        if revision.starts_with('-') {
            return Err(unknown(terminal, ""));
        }
        match git(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]) {
            Ok(output) => {
                let hash = String::from_utf8_lossy(&output).trim().to_owned();
                Ok(Self { revision: revision.to_owned(), hash })
            }
            Err(GitError::NotThere) => {
                terminal.error("the program `git` is not there");
                terminal.help("install git, or name two folders: `pointsman diff OLD NEW`");
                Err(Exit::Failed)
            }
            Err(GitError::Refused(reason)) if reason.starts_with("not a git repository") => {
                terminal.error("this folder is in no git repository");
                terminal.help("change to a clone of the rules, or name two folders: `pointsman diff OLD NEW`");
                Err(Exit::Usage)
            }
            Err(GitError::Refused(reason)) if reason.is_empty() => Err(unknown(terminal, "")),
            Err(GitError::Refused(reason)) => Err(unknown(terminal, &format!(": {reason}"))),
        }
    }

    /// The files of the commit below this folder.
    fn files(&self, terminal: &mut Terminal) -> Result<Vec<PathBuf>, Exit> {
        let output = git(&["ls-tree", "-r", "-z", "--name-only", &self.hash]).map_err(|error| {
            terminal.fail(&format!("cannot list the files of `{}`: {}", self.revision, error.reason()))
        })?;
        let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.filter_map(|name| std::str::from_utf8(name).ok()).map(PathBuf::from).collect())
    }

    /// The bytes of a file, with its path from this folder.
    fn content(&self, name: &Path) -> Result<Vec<u8>, String> {
        git(&["cat-file", "blob", &format!("{}:./{}", self.hash, name.display())])
            .map_err(|error| format!("cannot read `{}` of `{}`: {}", name.display(), self.revision, error.reason()))
    }
}

enum GitError {
    /// There is no such program.
    NotThere,
    /// What it says.
    Refused(String),
}

impl GitError {
    fn reason(&self) -> &str {
        match self {
            Self::NotThere => "the program `git` is not there",
            Self::Refused(reason) => reason,
        }
    }
}

/// The output of git.
fn git(arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        if error.kind() == ErrorKind::NotFound { GitError::NotThere } else { GitError::Refused(error.to_string()) }
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or_default();
    Err(GitError::Refused(first.trim_start_matches("fatal: ").to_owned()))
}

/// The paths, from this folder.
fn roots(paths: &[PathBuf], terminal: &mut Terminal) -> Result<Vec<PathBuf>, Exit> {
    let here = std::env::current_dir().unwrap_or_default();
    let root = |path: &PathBuf| {
        plain(path.strip_prefix(&here).unwrap_or(path)).ok_or_else(|| {
            terminal.error(&format!("`{}` is not below this folder", path.display()));
            terminal.help("with `--git`, paths are read from this folder on; change to a folder above them");
            Exit::Usage
        })
    };
    paths.iter().map(root).collect()
}

/// A path without `.` and `..`. None if it leads out of the folder.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                if !plain.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}

/// Files whose name, or a folder of whose path, begins with a dot are none of the rules, as on the disk.
fn is_rule_file(name: &Path) -> bool {
    let is_hidden = |component: Component<'_>| component.as_os_str().to_string_lossy().starts_with('.');
    name.extension().is_some_and(|extension| extension == "rules") && !name.components().any(is_hidden)
}

fn is_below(name: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| name.starts_with(root))
}
