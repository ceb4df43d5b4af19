//! What rules may read besides the rule files: secrets in the environment and in files, tables, files of tests.
//!
//! Rules are written by people who may not be those that run the gateway. They cannot send away what belongs to the gateway:
//! its own settings, such as the admin token, and the files of its state directory.

use super::secrets;
use crate::ruleset::UnreadableSecret;
use crate::ruleset::files::DeniedFiles;
use crate::ruleset::files::disk::AllowedFolders;
use crate::ruleset::source_text::MAX_TOTAL_BYTES;
use crate::text::backticked_list;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How many bytes of other files rules may name, for each byte of rule files that they may have.
const NAMED_BYTES_PER_RULE_BYTE: u64 = 4;

/// What rules may read.
#[derive(Debug, Clone)]
pub struct RuleAccess {
    /// The most bytes of all rule files together.
    pub max_rule_bytes: u64,
    /// The state directory of the gateway, of which rules read no file by any path.
    pub state: Option<PathBuf>,
    /// Other files of the gateway that rules cannot read, such as that of the admin token.
    pub own_files: Vec<PathBuf>,
    /// Folders for secret files, besides the usual ones.
    pub secret_folders: Vec<PathBuf>,
    /// Variables that the program itself reads; rules cannot read them.
    pub own_variables: BTreeSet<String>,
    /// What the names of the variables begin with that rules may read; all others, if there are none.
    pub variable_prefixes: Vec<String>,
}

impl Default for RuleAccess {
    fn default() -> Self {
        Self {
            max_rule_bytes: MAX_TOTAL_BYTES,
            state: None,
            own_files: Vec::new(),
            secret_folders: Vec::new(),
            own_variables: BTreeSet::from([ADMIN_TOKEN.to_owned()]),
            variable_prefixes: Vec::new(),
        }
    }
}

/// The variable of the admin token, which is not an option.
pub const ADMIN_TOKEN: &str = "POINTSMAN_ADMIN_TOKEN";

impl RuleAccess {
    /// Why rules cannot read a variable of the environment, if so.
    #[must_use]
    pub fn refuses_variable(&self, name: &str) -> Option<UnreadableSecret> {
        let prefixes = &self.variable_prefixes;
        let (reason, fix) = if self.own_variables.contains(name) {
            ("it is a setting of pointsman itself".to_owned(), "give the secret a variable of its own".to_owned())
        } else if prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            return None;
        } else {
            let reason = format!("rules read only variables that begin with {}", backticked_list(prefixes));
            (reason, format!("start the gateway with `--env-prefix {name}` too, or rename the variable"))
        };
        let reason = format!("rules cannot read the environment variable `{name}`: {reason}");
        Some(UnreadableSecret { reason, fix: Some(fix) })
    }
}

/// The same for a moment: links are followed, and files are known by their inodes.
#[derive(Debug, Clone, Default)]
pub(super) struct ResolvedAccess {
    pub(super) rules: RuleAccess,
    pub(super) tables: AllowedFolders,
    pub(super) secrets: AllowedFolders,
    pub(super) denied: DeniedFiles,
}

impl ResolvedAccess {
    pub(super) fn of(roots: &[PathBuf], rules: &RuleAccess) -> Self {
        Self {
            tables: AllowedFolders::of(roots),
            secrets: secrets::allowed_folders(roots, &rules.secret_folders),
            denied: DeniedFiles::of(rules.state.as_deref(), &rules.own_files, roots),
            rules: rules.clone(),
        }
    }

    /// The most bytes of all files together that rules name.
    pub(super) fn max_named_bytes(&self) -> u64 {
        self.rules.max_rule_bytes.saturating_mul(NAMED_BYTES_PER_RULE_BYTE).min(MAX_TOTAL_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::RuleAccess;

    #[test]
    fn own_variables_and_those_without_the_prefix_are_refused() {
        let mut access = RuleAccess::default();
        assert!(
            access.refuses_variable("POINTSMAN_ADMIN_TOKEN").is_some_and(|why| why.reason.contains("pointsman itself"))
        );
        assert_eq!(access.refuses_variable("POINTSMAN_DEMO_KEY"), None);
        access.variable_prefixes = vec!["PM_".to_owned(), "HOOK_".to_owned()];
        assert_eq!(access.refuses_variable("HOOK_URL"), None);
        let why = access.refuses_variable("AWS_SECRET_ACCESS_KEY").unwrap();
        assert!(why.reason.contains("`PM_`, `HOOK_`"), "{why:?}");
        assert!(why.fix.is_some_and(|fix| fix.contains("--env-prefix AWS_SECRET_ACCESS_KEY")));
    }
}
