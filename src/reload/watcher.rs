//! Events of the system that say that files may have changed.
//!
//! Only folders are watched, because the watch of a file ends when the file is replaced. Every folder is watched again
//! after every scan: a folder that was removed and created again has the same name, and often the same inode, but no
//! watch. An event only means that something happened. Events of reading are ignored, because our own reading causes
//! them, and so are events in a folder that only leads to the rules, unless they name the way to them. If the system cannot watch (no watches left, a network file system), contents are polled.

use super::remote::remote_file_system;
use super::triggers::ReloadTriggers;
use super::{WatchMethod, WatchMode};
use crate::ruleset::files::WatchedFolders;
use arc_swap::ArcSwap;
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Watches folders.
pub(super) struct FolderWatcher {
    notify: Option<RecommendedWatcher>,
    /// Shared with the thread that receives events.
    watched: Arc<ArcSwap<WatchedFolders>>,
    poll_reason: String,
    triggers: Arc<ReloadTriggers>,
}

impl FolderWatcher {
    pub(super) fn new(method: WatchMethod, triggers: &Arc<ReloadTriggers>) -> Self {
        let mut watcher = Self {
            notify: None,
            watched: Arc::default(),
            poll_reason: "it was requested".to_owned(),
            triggers: Arc::clone(triggers),
        };
        if method == WatchMethod::Events {
            let (triggers, folders) = (Arc::clone(triggers), Arc::clone(&watcher.watched));
            match notify::recommended_watcher(move |event| on_event(&triggers, &folders.load(), &event)) {
                Ok(notify) => watcher.notify = Some(notify),
                Err(error) => watcher.fall_back_to_polling(&error),
            }
        }
        watcher
    }

    /// How changes are detected.
    pub(super) fn watch_mode(&self) -> WatchMode {
        self.notify.as_ref().map_or_else(|| WatchMode::Poll(self.poll_reason.clone()), |_| WatchMode::Events)
    }

    /// Watches these folders and no others; returns whether something counts that did not before.
    pub(super) fn watch_folders(&mut self, folders: WatchedFolders) -> bool {
        if let Some(reason) = self.triggers.watch_failure().or_else(|| folders.paths().find_map(remote_reason)) {
            self.notify = None;
            self.poll_reason = reason;
        }
        let Some(notify) = &mut self.notify else { return false };
        // Events of the new watches are judged by the new folders.
        let before = self.watched.swap(Arc::new(folders));
        let folders = self.watched.load();
        for gone in before.paths().filter(|folder| !folders.contains(folder)) {
            // The folder may be gone from the disk, and its watch with it.
            let _ = notify.unwatch(gone);
        }
        let mut failure = None;
        for folder in folders.paths() {
            match notify.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // Its parent is watched, so its return is noticed.
                Err(error) if is_missing(&error) => {}
                Err(error) if is_out_of_watches(&error) => failure = Some(error),
                Err(_) => self.triggers.count_error(None),
            }
        }
        let has_new = !before.covers(&folders);
        if let Some(error) = failure {
            self.fall_back_to_polling(&error);
        }
        has_new
    }

    fn fall_back_to_polling(&mut self, error: &notify::Error) {
        self.triggers.count_error(None);
        self.notify = None;
        self.poll_reason = format!("the system cannot watch: {error}");
    }
}

fn on_event(triggers: &ReloadTriggers, watched: &WatchedFolders, event: &notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => triggers.count_rescan(),
        Ok(event) if is_reading(event.kind) || !counts(watched, event) => return,
        Ok(_) => {}
        Err(error) => {
            triggers.count_error(is_out_of_watches(error).then(|| format!("the system cannot watch: {error}")));
        }
    }
    triggers.note_change();
}

/// Whether an event may concern the rules. One that names nothing may concern everything.
fn counts(watched: &WatchedFolders, event: &Event) -> bool {
    event.paths.is_empty() || event.paths.iter().any(|path| watched.counts(path))
}

/// Whether an event only reports reading. A file that is closed after it was open for writing may have been written through
/// a memory map, for which there is no other event.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(AccessMode::Read)))
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
        ErrorKind::Generic(_) | ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) | ErrorKind::MaxFilesWatch => {
            false
        }
    }
}

/// Whether the system has no watches left.
fn is_out_of_watches(error: &notify::Error) -> bool {
    use rustix::io::Errno;
    let lacking = [Errno::NOSPC, Errno::MFILE, Errno::NFILE, Errno::NOSYS, Errno::NOMEM].map(Errno::raw_os_error);
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => error.raw_os_error().is_some_and(|code| lacking.contains(&code)),
        ErrorKind::Generic(_) | ErrorKind::PathNotFound | ErrorKind::WatchNotFound | ErrorKind::InvalidConfig(_) => {
            false
        }
    }
}

/// Why a folder cannot be watched, if its file system does not report changes.
fn remote_reason(folder: &Path) -> Option<String> {
    let name = remote_file_system(folder).ok()??;
    Some(format!("`{}` is on a file system that does not report changes: {name}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::is_reading;
    use notify::EventKind;
    use notify::event::{AccessKind, AccessMode, CreateKind, MetadataKind, ModifyKind, RemoveKind, RenameMode};

    #[test]
    fn reading_is_not_a_change() {
        for kind in [AccessKind::Open(AccessMode::Any), AccessKind::Read, AccessKind::Close(AccessMode::Read)] {
            assert!(is_reading(EventKind::Access(kind)), "{kind:?}");
        }
        for kind in [
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            EventKind::Create(CreateKind::Folder),
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
            EventKind::Remove(RemoveKind::File),
            EventKind::Other,
            EventKind::Any,
        ] {
            assert!(!is_reading(kind), "{kind:?}");
        }
    }
}
