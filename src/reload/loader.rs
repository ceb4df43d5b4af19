//! One load: readings until two agree, a build, and a last reading if the build asked for files that were not read.

use super::access::ResolvedAccess;
use super::digest::{self, FingerprintKey};
use super::manifest::{self, Manifest};
use super::triggers::ReloadTriggers;
use super::view::{FileReference, FileSystemView, FileUsage, ReferenceError, ReferencedFile};
use super::watcher::FolderWatcher;
use super::{BuildCallback, LoadRejection, LoadStage, ReloadOptions, RuleSetHash, Snapshot};
use crate::mutant::Mutant;
use crate::ruleset::files::named::FileError;
use crate::ruleset::files::{RuleFileError, WatchedFolders};
use crate::source::{SourceFile, Sources};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often files are read again until two readings agree.
const MAX_READINGS: usize = 10;

/// How many readings in a row with the same contents are taken although metadata differ: something rewrites the same
/// bytes without end.
const MAX_REWRITES: usize = 2;

/// The files that a build named.
pub(super) type FileReferences = BTreeSet<FileReference>;

/// Reads files and builds candidates.
pub(super) struct CandidateLoader<T> {
    pub(super) options: ReloadOptions,
    pub(super) build: Box<BuildCallback<T>>,
    pub(super) triggers: Arc<ReloadTriggers>,
    pub(super) watcher: FolderWatcher,
    /// The files of the version in force, and their hash.
    pub(super) in_force: Option<(RuleSetHash, FileReferences)>,
    /// The files that the last build named, even if it failed.
    pub(super) referenced: FileReferences,
    /// What the last build depended on, as it was last read, to detect whether the next reading differs; nothing if
    /// only another load can tell.
    pub(super) last_read: Option<Result<RuleSetHash, RuleFileError>>,
}

/// A value that is ready to be published, and the files it was built from.
pub(super) struct ReloadCandidate<T> {
    pub(super) value: T,
    pub(super) snapshot: Snapshot,
}

impl<T> CandidateLoader<T> {
    /// Builds a snapshot. If the program panics on these files, they are rejected like any others: the version in force
    /// stays, and reloading goes on.
    pub(super) fn build(&self, snapshot: &Snapshot) -> Result<T, LoadRejection> {
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.build)(snapshot)));
        built.unwrap_or_else(|_| {
            Err(LoadRejection {
                stage: LoadStage::Check,
                message: "the build panicked on these files; this is a bug of pointsman: please report them".to_owned(),
                diagnostics: Vec::new(),
                sources: snapshot.sources().clone(),
            })
        })
    }

    /// Reads and builds the files; nothing if they are those in force. Further changes extend the load up to `until`.
    pub(super) fn load(&mut self, until: Duration) -> Result<Option<ReloadCandidate<T>>, LoadRejection> {
        let first = self.read_view();
        if self.is_in_force(&first) {
            return Ok(None);
        }
        let mut readings = Readings { last: first, rewrites: 0 };
        for _ in 0..MAX_READINGS {
            if !readings.add(self.read_settled_view(until)) {
                continue;
            }
            let last = &readings.last;
            if self.triggers.is_stopped() {
                return Err(LoadRejection::read("reloading has ended"));
            }
            if self.is_in_force(last) {
                return Ok(None);
            }
            let snapshot = self.checked_snapshot(last)?;
            let built = self.build(&snapshot);
            let named = snapshot.referenced();
            let is_new = |file: &FileReference| !last.referenced.contains_key(file);
            let is_more = named.keys().any(is_new);
            let is_other = |(key, read): (_, &ReferencedFile)| {
                last.referenced.get(key).is_some_and(|seen| seen.digest != read.digest)
            };
            let differs = named.iter().any(is_other);
            self.referenced = named.keys().cloned().collect();
            self.watch_folders(last, snapshot.folders());
            if is_more {
                let agrees = readings.add(self.read_settled_view(until));
                let read = &readings.last.referenced;
                if !agrees || named.iter().any(|(key, named)| read.get(key) != Some(named)) {
                    continue;
                }
            } else if differs {
                continue;
            }
            self.last_read = Some(readings.last.hash_of(&self.build_references()));
            let value = built?;
            self.check_manifests(&snapshot, &readings.last)?;
            return Ok(Some(ReloadCandidate { value, snapshot }));
        }
        // The files of the last reading are not those that were rejected.
        self.last_read = None;
        Err(LoadRejection::read(format!(
            "the files are unstable: they changed between any two of {MAX_READINGS} readings"
        )))
    }

    /// Whether what the last build depended on is the same as then.
    pub(super) fn is_unchanged(&mut self) -> bool {
        let before = self.last_read.take();
        self.read_view();
        before.is_some() && before == self.last_read
    }

    /// The files besides the rules that the last build depended on.
    fn build_references(&self) -> FileReferences {
        let manifests = self.manifest_paths().into_iter().map(sample);
        self.referenced.iter().cloned().chain(manifests).collect()
    }

    fn references(&self) -> FileReferences {
        let in_force = self.in_force.iter().flat_map(|(_, closure)| closure.iter().cloned());
        self.build_references().into_iter().chain(in_force).collect()
    }

    fn read_view(&mut self) -> FileSystemView {
        let wanted = self.references();
        let view =
            FileSystemView::read(&self.options.roots, &wanted, &self.options.access, &self.options.fingerprint_key);
        self.last_read = Some(view.hash_of(&self.build_references()));
        self.watch_folders(&view, WatchedFolders::default());
        view
    }

    /// Waits until the files settle, and reads them.
    fn read_settled_view(&mut self, until: Duration) -> FileSystemView {
        if !Mutant::NoSecondScan.is_on() {
            self.triggers.settle(self.options.settle, until);
        }
        self.read_view()
    }

    /// Watches the folders of a view, and those of files that a build named.
    fn watch_folders(&mut self, view: &FileSystemView, mut folders: WatchedFolders) {
        folders.append(view.folders.clone());
        if Mutant::WatchFiles.is_on() {
            if self.in_force.is_some() {
                return;
            }
            folders = WatchedFolders::default();
            view.scan.iter().flat_map(|scan| &scan.files).for_each(|file| folders.add_whole(file.path.clone()));
        }
        if self.watcher.watch_folders(folders) {
            // A change after the reading and before the watch shows at the next reading.
            self.triggers.note_change();
        }
    }

    fn is_in_force(&self, view: &FileSystemView) -> bool {
        self.in_force.as_ref().is_some_and(|(hash, closure)| view.hash_of(closure) == Ok(*hash))
    }

    fn checked_snapshot(&mut self, view: &FileSystemView) -> Result<Snapshot, LoadRejection> {
        let scan = view.scan.as_ref().map_err(LoadRejection::read)?;
        if scan.files.is_empty() && !self.options.allow_empty {
            return Err(LoadRejection::read(RuleFileError::NoRules { paths: self.options.roots.clone() }));
        }
        let snapshot = Snapshot::new(view.clone(), self.options.fingerprint_key);
        self.check_manifests(&snapshot, view)?;
        snapshot.ensure_text()?;
        Ok(snapshot)
    }

    fn manifest_paths(&self) -> Vec<PathBuf> {
        let within = self.options.roots.iter().map(|root| root.join(manifest::FILE_NAME));
        within.chain(self.options.manifest.clone()).collect()
    }

    /// Checks a snapshot, with the files that it named so far, against the manifests. A manifest lists files that no
    /// reading holds, so after a mismatch only another load can tell whether they match now.
    fn check_manifests(&mut self, snapshot: &Snapshot, view: &FileSystemView) -> Result<(), LoadRejection> {
        let checked = self.compare_manifests(snapshot, view);
        if checked.is_err() {
            self.last_read = None;
        }
        checked
    }

    fn compare_manifests(&self, snapshot: &Snapshot, view: &FileSystemView) -> Result<(), LoadRejection> {
        let named = snapshot.referenced();
        let tables = named.iter().filter(|(file, _)| file.usage == FileUsage::Table);
        let mut found = snapshot.rules().clone();
        found.extend(tables.map(|(file, named)| (file.path.clone(), named.digest)));
        for path in self.manifest_paths() {
            let Some(read) = view.referenced.get(&sample(path.clone())) else { continue };
            let text = match &read.content {
                Ok(bytes) => String::from_utf8_lossy(bytes),
                Err(ReferenceError::Unreadable(FileError::Missing))
                    if self.options.manifest.as_ref() != Some(&path) =>
                {
                    continue;
                }
                Err(reason) => {
                    let path = path.display();
                    return Err(LoadRejection::read(format!("cannot read the manifest `{path}`: {reason}")));
                }
            };
            let checked = Manifest::parse(&path, &text).and_then(|manifest| manifest.check(&found, &digest_at));
            checked.map_err(LoadRejection::read)?;
        }
        Ok(())
    }
}

/// The readings of one load.
struct Readings {
    last: FileSystemView,
    /// How many readings in a row had the contents of the one before.
    rewrites: usize,
}

impl Readings {
    /// Adds a reading. Returns whether the files hold still.
    fn add(&mut self, next: FileSystemView) -> bool {
        let agrees = next.agrees(&self.last);
        self.rewrites = if next.has_contents_of(&self.last) { self.rewrites + 1 } else { 0 };
        self.last = next;
        agrees || self.rewrites >= MAX_REWRITES
    }
}

/// Why a gateway does not load these rules, if they do not match a manifest in one of the roots.
#[must_use]
pub fn manifest_mismatch(roots: &[PathBuf], rules: &Sources) -> Option<String> {
    let digest = |file: &SourceFile| (PathBuf::from(file.name()), digest::of(file.text().as_bytes()));
    let found: BTreeMap<_, _> = rules.iter().map(|(_, file)| digest(file)).collect();
    roots.iter().map(|root| root.join(manifest::FILE_NAME)).find_map(|path| {
        let text = match read_sample(&path).1 {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(ReferenceError::Unreadable(FileError::Missing)) => return None,
            Err(reason) => return Some(format!("cannot read the manifest `{}`: {reason}", path.display())),
        };
        Manifest::parse(&path, &text).and_then(|manifest| manifest.check(&found, &digest_at)).err()
    })
}

/// The digest of a file that a manifest lists besides the rules, such as a payload or a page.
fn digest_at(path: &Path) -> Result<super::digest::ContentDigest, String> {
    let (named, content) = read_sample(path);
    content.map(|_| named.digest).map_err(|reason| reason.to_string())
}

/// Reads a file outside of a load.
fn read_sample(path: &Path) -> (ReferencedFile, Result<Vec<u8>, ReferenceError>) {
    let (access, key) = (ResolvedAccess::default(), FingerprintKey::default());
    ReferencedFile::read(&sample(path.to_owned()), &access, &key, &mut WatchedFolders::default())
}

fn sample(path: PathBuf) -> FileReference {
    FileReference { usage: FileUsage::Sample, path }
}
