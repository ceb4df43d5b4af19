//! Which files may hold secrets: those that tables may lie in, below or beside the rules, and those of the folders that
//! systems keep secrets in. Rule files cannot be used to read, and send away, whatever else the gateway may read.

#![expect(clippy::disallowed_methods, reason = "systemd names its folder in the environment")]

use crate::ruleset::files::disk::{self, AllowedFolders};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Folders that are made for secrets, besides systemd's `$CREDENTIALS_DIRECTORY`.
const SECRET_FOLDERS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// Where secrets may lie, beside the rules that lie there.
pub(super) fn allowed_folders(rules: &AllowedFolders) -> AllowedFolders {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let made = SECRET_FOLDERS.map(PathBuf::from).into_iter().chain(credentials);
    rules.with_folders(made.filter_map(|folder| disk::resolve(&folder, &mut BTreeSet::new()).ok()))
}

/// Why a file is no secret's, in words that say how to mend it.
pub(super) fn explain_refusal(reason: String) -> String {
    if reason == disk::OUTSIDE_ALLOWED_FOLDERS {
        format!("{reason} and of `/run/secrets`; put it below one of them")
    } else {
        reason
    }
}
