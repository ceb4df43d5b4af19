//! The folders in which secret files may lie: that of the rules, `secrets` beside it, those in which systems keep secrets,
//! and those that the operator adds. Other files of the machine cannot be read, and sent away, by means of a rule file.

#![expect(clippy::disallowed_methods, reason = "systemd names its folder in the environment")]

use crate::ruleset::files::WatchedFolders;
use crate::ruleset::files::disk::{self, AllowedFolders};
use std::path::PathBuf;

/// Folders for secrets, besides systemd's `$CREDENTIALS_DIRECTORY`.
const SECRET_FOLDERS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// All of them.
pub(super) fn allowed_folders(roots: &[PathBuf], more: &[PathBuf]) -> AllowedFolders {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let made = SECRET_FOLDERS.map(PathBuf::from).into_iter().chain(credentials).chain(more.iter().cloned());
    let resolved = made.filter_map(|folder| disk::resolve(&folder, &mut WatchedFolders::default()).ok());
    AllowedFolders::of_secrets(roots).with_folders(resolved)
}
