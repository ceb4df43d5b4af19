//! Folders that may contain secret files. A rule file cannot make the gateway send any other file.

#![expect(clippy::disallowed_methods, reason = "systemd names its folder in the environment")]

use crate::ruleset::files::WatchedFolders;
use crate::ruleset::files::disk::{self, AllowedFolders};
use std::path::PathBuf;

/// Folders for secrets, besides systemd's `$CREDENTIALS_DIRECTORY`.
const SECRET_FOLDERS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// The folders of the rules, and those for secrets.
pub(super) fn allowed_folders(rules: &AllowedFolders) -> AllowedFolders {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let secret_folders = SECRET_FOLDERS.map(PathBuf::from).into_iter().chain(credentials);
    rules.with_folders(secret_folders.filter_map(|folder| disk::resolve(&folder, &mut WatchedFolders::default()).ok()))
}
