//! The system's hints that files changed.
//!
//! Folders alone are watched: a watch of a file goes deaf as soon as the file is replaced. Every folder is watched anew
//! after every scan, as one that was removed and made again has the name and often the number of the old one, and not its
//! watch. Events carry no meaning but that something happened; only reading is no sign, else our own would be one. Where
//! the system cannot tell (no watches left, a file system of the network), contents are polled.

use super::Watching;
use super::remote::remote_file_system;
use super::signals::Signals;
use crate::mutant::Mutant;
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What watches folders.
pub(super) struct Watcher {
    notify: Option<RecommendedWatcher>,
    armed: BTreeSet<PathBuf>,
    why_not: String,
    signals: Arc<Signals>,
}

impl Watcher {
    pub(super) fn new(poll_only: bool, signals: &Arc<Signals>) -> Self {
        let mut watcher = Self {
            notify: None,
            armed: BTreeSet::new(),
            why_not: "it was asked for".to_owned(),
            signals: Arc::clone(signals),
        };
        if !poll_only {
            let heard = Arc::clone(signals);
            match notify::recommended_watcher(move |event| hear(&heard, &event)) {
                Ok(notify) => watcher.notify = Some(notify),
                Err(error) => watcher.give_up(&error),
            }
        }
        watcher
    }

    /// How changes are noticed.
    pub(super) fn watching(&self) -> Watching {
        self.notify.as_ref().map_or_else(|| Watching::Poll(self.why_not.clone()), |_| Watching::Events)
    }

    /// Watches these folders and no others; says whether one of them was not watched before.
    pub(super) fn arm(&mut self, folders: BTreeSet<PathBuf>) -> bool {
        if Mutant::WatchFiles.is_on() && !self.armed.is_empty() {
            return false;
        }
        if let Some(reason) =
            self.signals.starved().or_else(|| folders.iter().find_map(|folder| remote(folder)))
        {
            self.notify = None;
            self.why_not = reason;
        }
        let Some(notify) = &mut self.notify else { return false };
        for gone in self.armed.difference(&folders) {
            // It may be gone from the disk, too, and its watch with it.
            let _ = notify.unwatch(gone);
        }
        let mut failure = None;
        for folder in &folders {
            match notify.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // The folder that held it is watched, and tells when it comes back.
                Err(error) if is_gone(&error) => {}
                Err(error) if starves(&error) => failure = Some(error),
                Err(_) => self.signals.count_error(None),
            }
        }
        let more = !folders.is_subset(&self.armed);
        self.armed = folders;
        if let Some(error) = failure {
            self.give_up(&error);
        }
        more
    }

    fn give_up(&mut self, error: &notify::Error) {
        self.signals.count_error(None);
        self.notify = None;
        self.why_not = format!("the system cannot watch: {error}");
    }
}

fn hear(signals: &Signals, event: &notify::Result<Event>) {
    match event {
        Ok(event) if event.need_rescan() => signals.count_rescan(),
        Ok(event) if is_reading(event.kind) => return,
        Ok(_) => {}
        Err(error) => {
            signals.count_error(starves(error).then(|| format!("the system cannot watch: {error}")));
        }
    }
    signals.note();
}

/// Whether somebody only looked. A file that was open for writing and is closed may have been written through memory,
/// which shows in no other event.
fn is_reading(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(AccessMode::Read))
    )
}

fn is_gone(error: &notify::Error) -> bool {
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
fn starves(error: &notify::Error) -> bool {
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
fn remote(folder: &Path) -> Option<String> {
    let name = remote_file_system(folder).ok()??;
    Some(format!("`{}` lies on a file system that does not tell of changes: {name}", folder.display()))
}

/// What a defect of this part watches: files.
pub(super) fn mutated(folders: BTreeSet<PathBuf>, files: impl Iterator<Item = PathBuf>) -> BTreeSet<PathBuf> {
    if Mutant::WatchFiles.is_on() { files.collect() } else { folders }
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
