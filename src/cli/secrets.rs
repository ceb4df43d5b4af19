//! The options that say what rules may read besides their files.

use super::CommandLine;
use crate::reload::{ADMIN_TOKEN, RuleAccess};
use clap::{Args, Command, CommandFactory as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where secrets of rules may be, for commands that read them without a gateway.
#[derive(Debug, Args)]
pub(super) struct SecretArguments {
    /// A folder from which `secret_file` may read, besides the folder of the rules, `secrets` beside it, `/run/secrets`
    /// and `$CREDENTIALS_DIRECTORY`; may be repeated
    #[arg(long = "secrets", env = "POINTSMAN_SECRETS", value_name = "DIR", value_delimiter = ':')]
    pub(super) folders: Vec<PathBuf>,
    /// Let rules read only environment variables whose names begin like this; may be repeated
    #[arg(long = "env-prefix", env = "POINTSMAN_ENV_PREFIX", value_name = "PREFIX", value_delimiter = ',')]
    pub(super) prefixes: Vec<String>,
}

impl SecretArguments {
    /// What rules may read beside a gateway's state directory.
    pub(super) fn access(&self, state: &Path) -> RuleAccess {
        RuleAccess {
            state: Some(state.to_owned()),
            secret_folders: self.folders.clone(),
            own_variables: own_variables(),
            variable_prefixes: self.prefixes.clone(),
            ..RuleAccess::default()
        }
    }
}

/// The environment variables that the program itself reads: those of every option of every command, and that of the admin
/// token.
pub(super) fn own_variables() -> BTreeSet<String> {
    let mut names = BTreeSet::from([ADMIN_TOKEN.to_owned()]);
    add_variables(&CommandLine::command(), &mut names);
    names
}

fn add_variables(command: &Command, names: &mut BTreeSet<String>) {
    let variables = command.get_arguments().filter_map(clap::Arg::get_env);
    names.extend(variables.map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|below| add_variables(below, names));
}

#[cfg(test)]
mod tests {
    use super::own_variables;

    #[test]
    fn every_setting_of_the_environment_is_known() {
        let names = own_variables();
        let known =
            ["POINTSMAN_ADMIN_TOKEN", "POINTSMAN_CONFIG", "POINTSMAN_PROXY", "POINTSMAN_TLS_KEY", "POINTSMAN_SECRETS"];
        for name in known {
            assert!(names.contains(name), "{name} is not among {names:?}");
        }
        assert!(names.iter().all(|name| name.starts_with("POINTSMAN_")), "{names:?}");
    }
}
