//! The system's hints that files changed.
//!
//! Folders alone are watched: a watch of a file goes deaf as soon as the file is replaced. Every folder is watched anew
//! after every scan, as one that was removed and made again has the name and often the number of the old one, and not its
//! watch. Events carry no meaning but that something happened; only reading is no sign, else our own would be one. Where
//! the system cannot tell (no watches left, a file system of the network), contents are polled.

use super::WatchMode;
use super::remote::remote_file_system;
use super::triggers::ReloadTriggers;
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What watches folders.
pub(super) struct FolderWatcher {
    notify: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    poll_reason: String,
    triggers: Arc<ReloadTriggers>,
}

impl FolderWatcher {
    pub(super) fn new(poll_only: bool, signals: &Arc<ReloadTriggers>) -> Self {
        let mut watcher = Self {
            notify: None,
            watched: BTreeSet::new(),
            poll_reason: "it was asked for".to_owned(),
            triggers: Arc::clone(signals),
        };
        if !poll_only {
            let heard = Arc::clone(signals);
            match notify::recommended_watcher(move |event| on_event(&heard, &event)) {
                Ok(notify) => watcher.notify = Some(notify),
                Err(error) => watcher.fall_back_to_polling(&error),
            }
        }
        watcher
    }

    /// How changes are noticed.
    pub(super) fn watch_mode(&self) -> WatchMode {
        self.notify.as_ref().map_or_else(|| WatchMode::Poll(self.poll_reason.clone()), |_| WatchMode::Events)
    }

    /// Watches these folders and no others; says whether one of them was not watched before.
    pub(super) fn watch_folders(&mut self, folders: BTreeSet<PathBuf>) -> bool {
        if let Some(reason) =
            self.triggers.watch_failure().or_else(|| folders.iter().find_map(|folder| remote_reason(folder)))
        {
            self.notify = None;
            self.poll_reason = reason;
        }
        let Some(notify) = &mut self.notify else { return false };
        for gone in self.watched.difference(&folders) {
            // It may be gone from the disk, too, and its watch with it.
            let _ = notify.unwatch(gone);
        }
        let mut failure = None;
        for folder in &folders {
            match notify.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // The folder that held it is watched, and tells when it comes back.
                Err(error) if is_missing(&error) => {}
                Err(error) if is_out_of_watches(&error) => failure = Some(error),
                Err(_) => self.triggers.count_error(None),
            }
        }
        let more = !folders.is_subset(&self.watched);
        self.watched = folders;
        if let Some(error) = failure {
            self.fall_back_to_polling(&error);
        }
        more
    }

    fn fall_back_to_polling(&mut self, error: &notify::Error) {
        self.triggers.count_error(None);
        self.notify = None;
        self.poll_reason = format!("the system cannot watch: {error}");
    }
}

fn on_event(signals: &ReloadTriggers, event: &notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => signals.count_rescan(),
        Ok(event) if is_reading(event.kind) => return,
        Ok(_) => {}
        Err(error) => {
            signals
                .count_error(is_out_of_watches(error).then(|| format!("the system cannot watch: {error}")));
        }
    }
    signals.note_change();
}

/// Whether somebody only looked. A file that was open for writing and is closed may have been written through memory,
/// which shows in no other event.
fn is_reading(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(AccessMode::Read))
    )
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
        ErrorKind::Generic(_)
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_)
        | ErrorKind::MaxFilesWatch => false,
    }
}

/// Whether the system has nothing left to watch with.
fn is_out_of_watches(error: &notify::Error) -> bool {
    use rustix::io::Errno;
    let lacking =
        [Errno::NOSPC, Errno::MFILE, Errno::NFILE, Errno::NOSYS, Errno::NOMEM].map(Errno::raw_os_error);
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => error.raw_os_error().is_some_and(|code| lacking.contains(&code)),
        ErrorKind::Generic(_)
        | ErrorKind::PathNotFound
        | ErrorKind::WatchNotFound
        | ErrorKind::InvalidConfig(_) => false,
    }
}

/// File systems whose changes are made elsewhere, where the system does not hear of them.
fn remote_reason(folder: &Path) -> Option<String> {
    let name = remote_file_system(folder).ok()??;
    Some(format!("`{}` lies on a file system that does not tell of changes: {name}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::is_reading;
    use notify::EventKind;
    use notify::event::{
        AccessKind, AccessMode, CreateKind, MetadataKind, ModifyKind, RemoveKind, RenameMode,
    };

    #[test]
    fn reading_alone_is_no_sign() {
        for kind in [AccessKind::Open(AccessMode::Any), AccessKind::Read, AccessKind::Close(AccessMode::Read)]
        {
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
