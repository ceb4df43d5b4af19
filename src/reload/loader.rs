//! One load: readings until two agree, a build, and a last reading of what the build asked for first.

use super::digest::FingerprintKey;
use super::manifest::{self, Manifest};
use super::triggers::ReloadTriggers;
use super::view::{FileSystemView, FileUsage, ReferencedFile};
use super::watcher::FolderWatcher;
use super::{BuildCallback, LoadRejection, LoadStage, ReloadOptions, RuleSetHash, Snapshot};
use crate::mutant::Mutant;
use crate::ruleset::RuleFileError;
use crate::ruleset::files::disk::AllowedFolders;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often files are read again until they hold still.
const MAX_READINGS: usize = 10;

/// The files that a build named.
pub(super) type FileReferences = BTreeSet<(FileUsage, PathBuf)>;

/// What reads and builds.
pub(super) struct CandidateLoader<T> {
    pub(super) options: ReloadOptions,
    pub(super) build: Box<BuildCallback<T>>,
    pub(super) triggers: Arc<ReloadTriggers>,
    pub(super) watcher: FolderWatcher,
    /// What the version in force was made of.
    pub(super) in_force: Option<(RuleSetHash, FileReferences)>,
    /// What the last build named, whatever came of it.
    pub(super) referenced: FileReferences,
    /// What the first reading of the last load found.
    pub(super) last_fingerprint: Option<ViewFingerprint>,
}

/// What a reading came to, for telling whether the next differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ViewFingerprint(Result<Option<RuleSetHash>, String>);

/// A value that is ready to be published, and what it was built from.
pub(super) struct ReloadCandidate<T> {
    pub(super) value: T,
    pub(super) snapshot: Snapshot,
}

impl<T> CandidateLoader<T> {
    /// What a snapshot becomes. Files on which the program itself founders are refused like any others that cannot be
    /// served: those in force stay, and reloading goes on.
    pub(super) fn build(&self, snapshot: &Snapshot) -> Result<T, LoadRejection> {
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.build)(snapshot)));
        built.unwrap_or_else(|_| {
            Err(LoadRejection {
                stage: LoadStage::Check,
                message: "the program foundered on these files, which is its own fault: please report them"
                    .to_owned(),
                diagnostics: Vec::new(),
                sources: snapshot.sources().clone(),
            })
        })
    }

    /// The files as a candidate; nothing where they are those in force. Further signs draw it out until then at most.
    pub(super) fn load(&mut self, until: Duration) -> Result<Option<ReloadCandidate<T>>, LoadRejection> {
        let first = self.read_view();
        if self.is_in_force(&first) {
            return Ok(None);
        }
        let mut last = first;
        for _ in 0..MAX_READINGS {
            let next = self.read_settled_view(until);
            let agrees = next.agrees(&last);
            last = next;
            if !agrees {
                continue;
            }
            if self.triggers.is_stopped() {
                return Err(LoadRejection::read("reloading has ended"));
            }
            if self.is_in_force(&last) {
                return Ok(None);
            }
            let snapshot = self.checked_snapshot(&last)?;
            let built = self.build(&snapshot);
            let named = snapshot.referenced();
            let is_new = |key: &(FileUsage, PathBuf)| !last.referenced.contains_key(key);
            let is_more = named.keys().any(is_new);
            let differs =
                named.iter().any(|(key, read)| last.referenced.get(key).is_some_and(|seen| seen != read));
            self.referenced = named.keys().cloned().collect();
            self.watch_folders(&last, snapshot.folders());
            if is_more {
                let next = self.read_settled_view(until);
                let same = next.scan_agrees(&last)
                    && named.iter().all(|(key, read)| next.referenced.get(key) == Some(read));
                last = next;
                if !same {
                    continue;
                }
            } else if differs {
                continue;
            }
            let value = built?;
            self.check_manifests(&snapshot, &last)?;
            return Ok(Some(ReloadCandidate { value, snapshot }));
        }
        // What the last reading found is not what was refused.
        self.last_fingerprint = None;
        Err(LoadRejection::read(format!(
            "unstable: the files changed between each two of {MAX_READINGS} readings"
        )))
    }

    /// Whether the files are as the last load found them.
    pub(super) fn is_unchanged(&mut self) -> bool {
        let before = self.last_fingerprint.clone();
        self.read_view();
        before.is_some() && before == self.last_fingerprint
    }

    fn references(&self) -> FileReferences {
        let manifests = self.manifest_paths().into_iter().map(|path| (FileUsage::Sample, path));
        let in_force = self.in_force.iter().flat_map(|(_, closure)| closure.iter().cloned());
        self.referenced.iter().cloned().chain(in_force).chain(manifests).collect()
    }

    fn read_view(&mut self) -> FileSystemView {
        let wanted = self.references();
        let view = FileSystemView::read(&self.options.roots, &wanted, &self.options.fingerprint_key);
        self.last_fingerprint =
            Some(ViewFingerprint(view.scan.as_ref().map(|_| view.hash_of(&wanted)).map_err(Clone::clone)));
        self.watch_folders(&view, BTreeSet::new());
        view
    }

    /// Reads the files after they had time to settle.
    fn read_settled_view(&mut self, until: Duration) -> FileSystemView {
        if !Mutant::NoSecondScan.is_on() {
            self.triggers.settle(self.options.settle, until);
        }
        self.read_view()
    }

    /// Watches the folders of a view and those that a build named besides.
    fn watch_folders(&mut self, view: &FileSystemView, mut folders: BTreeSet<PathBuf>) {
        folders.extend(view.folders.iter().cloned());
        if Mutant::WatchFiles.is_on() {
            if self.in_force.is_some() {
                return;
            }
            folders = view.scan.iter().flat_map(|scan| &scan.files).map(|file| file.path.clone()).collect();
        }
        if self.watcher.watch_folders(folders) {
            // What changed there after it was read and before it was watched shows at the next reading.
            self.triggers.note_change();
        }
    }

    fn is_in_force(&self, view: &FileSystemView) -> bool {
        self.in_force.as_ref().is_some_and(|(hash, closure)| view.hash_of(closure) == Some(*hash))
    }

    fn checked_snapshot(&self, view: &FileSystemView) -> Result<Snapshot, LoadRejection> {
        let scan = view.scan.as_ref().map_err(LoadRejection::unreadable)?;
        if scan.files.is_empty() && !self.options.allow_empty {
            return Err(LoadRejection::unreadable(RuleFileError::NoRules {
                paths: self.options.roots.clone(),
            }));
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

    /// Holds a snapshot against the manifests, and what it named so far.
    fn check_manifests(&self, snapshot: &Snapshot, view: &FileSystemView) -> Result<(), LoadRejection> {
        let named = snapshot.referenced();
        let tables = named.iter().filter(|((used, _), _)| *used == FileUsage::Table);
        let mut found = snapshot.rules().clone();
        found.extend(tables.map(|((_, path), named)| (path.clone(), named.digest)));
        for path in self.manifest_paths() {
            let Some(read) = view.referenced.get(&(FileUsage::Sample, path.clone())) else { continue };
            let text = match &read.content {
                Ok(bytes) => String::from_utf8_lossy(bytes),
                Err(reason) if self.options.manifest.as_ref() == Some(&path) || !is_absent(reason) => {
                    let path = path.display();
                    return Err(LoadRejection::read(format!("cannot read the manifest `{path}`: {reason}")));
                }
                Err(_) => continue,
            };
            let checked =
                Manifest::parse(&path, &text).and_then(|manifest| manifest.check(&found, &digest_at));
            checked.map_err(LoadRejection::read)?;
        }
        Ok(())
    }
}

/// The digest of a file that a manifest lists beside the rules: a payload, a page.
fn digest_at(path: &Path) -> Result<super::digest::ContentDigest, String> {
    let (reach, key) = (AllowedFolders::default(), FingerprintKey::default());
    let (named, content) = ReferencedFile::read(FileUsage::Sample, path, &reach, &key, &mut BTreeSet::new());
    content.map(|_| named.digest)
}

fn is_absent(reason: &str) -> bool {
    use rustix::io::Errno;
    [Errno::NOENT, Errno::NOTDIR].into_iter().any(|errno| std::io::Error::from(errno).to_string() == reason)
}
