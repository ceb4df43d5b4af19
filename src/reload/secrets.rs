//! The folders in which secret files may lie: those of tables, and those in which systems keep secrets. Other files of the
//! gateway cannot be read, and sent away, by means of a rule file.

#![expect(clippy::disallowed_methods, reason = "systemd names its folder in the environment")]

use crate::ruleset::files::WatchedFolders;
use crate::ruleset::files::disk::{self, AllowedFolders};
use std::path::PathBuf;

/// Folders for secrets, besides systemd's `$CREDENTIALS_DIRECTORY`.
const SECRET_FOLDERS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// The folders of the rules, and those for secrets.
pub(super) fn allowed_folders(rules: &AllowedFolders) -> AllowedFolders {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let made = SECRET_FOLDERS.map(PathBuf::from).into_iter().chain(credentials);
    rules.with_folders(made.filter_map(|folder| disk::resolve(&folder, &mut WatchedFolders::default()).ok()))
}
