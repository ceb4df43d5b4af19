//! The folders in which a change of the files of a rule set would show, and what counts in each.
//!
//! In a folder of the set everything counts: a configuration map is swapped without an event that names a rule file. A
//! folder that only leads to the set, such as the parent of a root, may hold a log that is written all the time: only
//! the names on the way count there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Folders to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchedFolders {
    folders: BTreeMap<PathBuf, WatchScope>,
}

/// What counts in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
enum WatchScope {
    /// Everything.
    Whole,
    /// These names.
    Names(BTreeSet<OsString>),
}

impl WatchedFolders {
    /// Adds a folder in which everything counts.
    pub fn add_whole(&mut self, folder: PathBuf) {
        self.folders.insert(folder, WatchScope::Whole);
    }

    /// Adds a name that counts in a folder.
    pub fn add_name(&mut self, folder: &Path, name: &OsStr) {
        let empty = || WatchScope::Names(BTreeSet::new());
        match self.folders.entry(folder.to_owned()).or_insert_with(empty) {
            WatchScope::Whole => {}
            WatchScope::Names(names) => {
                names.insert(name.to_owned());
            }
        }
    }

    /// Adds the name of a path in the folder that holds it.
    pub fn add_path(&mut self, path: &Path) {
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            self.add_name(folder, name);
        }
    }

    /// Adds folders.
    pub fn append(&mut self, more: Self) {
        for (folder, scope) in more.folders {
            match scope {
                WatchScope::Whole => self.add_whole(folder),
                WatchScope::Names(names) => names.iter().for_each(|name| self.add_name(&folder, name)),
            }
        }
    }

    /// The paths of the folders.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.folders.keys().map(PathBuf::as_path)
    }

    /// Whether it is one of the folders.
    #[must_use]
    pub fn contains(&self, folder: &Path) -> bool {
        self.folders.contains_key(folder)
    }

    /// Whether everything that counts in `others` counts here too.
    #[must_use]
    pub fn covers(&self, others: &Self) -> bool {
        others.folders.iter().all(|(folder, scope)| match (self.folders.get(folder), scope) {
            (None, _) | (Some(WatchScope::Names(_)), WatchScope::Whole) => false,
            (Some(WatchScope::Whole), _) => true,
            (Some(WatchScope::Names(known)), WatchScope::Names(names)) => names.is_subset(known),
        })
    }

    /// Whether a change at this path counts. A change of a watched folder itself does, and one in an unknown folder.
    #[must_use]
    pub fn counts(&self, path: &Path) -> bool {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return true };
        match self.folders.get(folder) {
            None | Some(WatchScope::Whole) => true,
            Some(WatchScope::Names(names)) => names.contains(name) || self.contains(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WatchedFolders;
    use std::path::{Path, PathBuf};

    fn folders() -> WatchedFolders {
        let mut folders = WatchedFolders::default();
        folders.add_path(Path::new("/etc/gateway/rules"));
        folders.add_whole(PathBuf::from("/etc/gateway/rules"));
        folders
    }

    #[test]
    fn everything_counts_in_the_set_and_names_on_the_way_to_it() {
        let folders = folders();
        let counts = |path: &str| folders.counts(Path::new(path));
        assert!(counts("/etc/gateway/rules"), "the root, and the event of the folder itself");
        assert!(counts("/etc/gateway/rules/..data") && counts("/etc/gateway/rules/log.txt"));
        assert!(!counts("/etc/gateway/gateway.log") && !counts("/etc/gateway/rules.tmp"));
        assert!(counts("/etc/gateway"), "the parent itself");
        assert!(counts("/elsewhere/x"), "an unknown folder");
    }

    #[test]
    fn more_names_are_noticed() {
        let before = folders();
        let mut after = folders();
        assert!(before.covers(&after));
        after.add_path(Path::new("/etc/gateway/link"));
        assert!(!before.covers(&after) && after.covers(&before));
        let mut whole = WatchedFolders::default();
        whole.add_whole(PathBuf::from("/etc/gateway"));
        assert!(!before.covers(&whole) && !whole.covers(&before));
        whole.append(before);
        assert!(whole.covers(&after) && whole.counts(Path::new("/etc/gateway/gateway.log")));
    }
}
