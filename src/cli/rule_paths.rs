//! The paths of a rule set: as arguments, as `--rules`, or in the environment where a command serves rules.

use clap::Args;
#[cfg(feature = "gateway")]
use std::path::Path;
use std::path::PathBuf;

/// The rule paths of commands that have no other arguments.
#[derive(Debug, Clone, Args)]
pub(super) struct RulePathArguments {
    /// Rule files and folders to search for `*.rules`; together they are one rule set. This folder by default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The same as PATH, written as for the other commands
    #[arg(long, value_name = "PATH", num_args = 1..)]
    rules: Vec<PathBuf>,
}

impl RulePathArguments {
    /// All paths that are given; this folder if none is.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let given: Vec<PathBuf> = self.paths.iter().chain(&self.rules).cloned().collect();
        if given.is_empty() { vec![PathBuf::from(".")] } else { given }
    }
}

/// The paths that are given as arguments, and those of `--rules`. What the environment names in the place of `--rules`
/// counts only where no path is an argument.
#[cfg(feature = "gateway")]
pub(super) fn with_arguments(arguments: &[PathBuf], rules: Vec<PathBuf>) -> Vec<PathBuf> {
    let environment = std::env::var_os("POINTSMAN_RULES");
    joined(arguments, rules, environment.as_deref().map(Path::new))
}

#[cfg(feature = "gateway")]
fn joined(arguments: &[PathBuf], rules: Vec<PathBuf>, environment: Option<&Path>) -> Vec<PathBuf> {
    let named = environment.map(Path::to_string_lossy);
    let is_of_environment = named.is_some_and(|named| named.split(':').map(Path::new).eq(rules.iter()));
    if arguments.is_empty() {
        return rules;
    }
    let rules = if is_of_environment { Vec::new() } else { rules };
    arguments.iter().cloned().chain(rules).collect()
}

#[cfg(all(test, feature = "gateway"))]
mod tests {
    use super::joined;
    use std::path::{Path, PathBuf};

    #[test]
    fn arguments_override_the_environment_and_add_to_flags() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(joined(&[], paths(&["e", "f"]), Some(Path::new("e:f"))), paths(&["e", "f"]));
        assert_eq!(joined(&paths(&["a"]), paths(&["e", "f"]), Some(Path::new("e:f"))), paths(&["a"]));
        assert_eq!(joined(&paths(&["a"]), paths(&["b"]), Some(Path::new("e:f"))), paths(&["a", "b"]));
        assert_eq!(joined(&paths(&["a"]), paths(&["b"]), None), paths(&["a", "b"]));
    }
}
