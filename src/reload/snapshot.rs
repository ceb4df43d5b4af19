//! The files of a rule set as they were at one moment.
//!
//! A snapshot begins as the rule files, and as what the last build read besides; what a build reads through it becomes
//! part of it, and so of its hash. Of a secret only a keyed fingerprint is kept, so that neither the hash nor an archive
//! helps anybody to guess the secret. (For that reason the hash of a set that names secret files differs from gateway to
//! gateway.)

use super::digest::{self, ContentDigest, FingerprintKey};
use super::view::{self, FileSystemView, FileUsage, ReferencedFile};
use super::{LoadRejection, LoadStage};
use crate::diagnostic::Diagnostic;
use crate::ruleset::files::disk::AllowedFolders;
use crate::ruleset::files::{self, MAX_FILES, MAX_TOTAL_BYTES};
use crate::source::Sources;
use crate::text::hex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// SHA-256 of a rule set's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleSetHash(pub [u8; 32]);

impl fmt::Display for RuleSetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The files of a rule set as they were at one moment: rules, tables, and fingerprints of secret files.
#[derive(Debug, Default)]
pub struct Snapshot {
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    rules: BTreeMap<PathBuf, ContentDigest>,
    reach: AllowedFolders,
    /// What was read before, together with the rules, and may be asked for.
    preloaded: BTreeMap<(FileUsage, PathBuf), ReferencedFile>,
    /// Whether tables are those of an archive, and never read from the disk.
    archived: bool,
    fingerprint_key: FingerprintKey,
    referenced: Mutex<ReferencedFiles>,
}

/// What was asked for.
#[derive(Debug, Clone, Default)]
struct ReferencedFiles {
    files: BTreeMap<(FileUsage, PathBuf), ReferencedFile>,
    folders: BTreeSet<PathBuf>,
    bytes: u64,
}

impl Clone for Snapshot {
    fn clone(&self) -> Self {
        Self {
            sources: self.sources.clone(),
            diagnostics: self.diagnostics.clone(),
            rules: self.rules.clone(),
            reach: self.reach.clone(),
            preloaded: self.preloaded.clone(),
            archived: self.archived,
            fingerprint_key: self.fingerprint_key,
            referenced: Mutex::new(self.locked().clone()),
        }
    }
}

impl Snapshot {
    /// The files as they are now, read once: for whoever looks at a set that nobody is changing.
    ///
    /// # Errors
    /// Where something cannot be read, or nothing is found.
    pub fn of(roots: &[PathBuf]) -> Result<Self, LoadRejection> {
        let key = FingerprintKey::default();
        let view = FileSystemView::read(roots, &BTreeSet::new(), &key);
        view.scan.as_ref().map_err(LoadRejection::unreadable)?;
        Ok(Self::new(view, key))
    }

    pub(super) fn new(view: FileSystemView, fingerprint_key: FingerprintKey) -> Self {
        let scan = view.scan.unwrap_or_default();
        let rules = scan.files.iter().map(|file| (file.path.clone(), view::digest_of(file))).collect();
        let (sources, diagnostics) = files::sources(scan.files);
        let (reach, preloaded) = (scan.reach, view.referenced);
        Self { sources, diagnostics, rules, reach, preloaded, fingerprint_key, ..Self::default() }
    }

    /// From texts that come from an archive: rule files by name, tables by path.
    pub(super) fn of_texts(rules: Vec<(String, String)>, tables: Vec<(String, String)>) -> Self {
        let mut snapshot = Self { archived: true, ..Self::default() };
        for (name, text) in rules {
            snapshot.sources.add(&name, &text);
            snapshot.rules.insert(PathBuf::from(name), digest::of(text.as_bytes()));
        }
        let table = |(path, text): (String, String)| {
            ((FileUsage::Table, PathBuf::from(path)), ReferencedFile::of_text(text))
        };
        snapshot.preloaded = tables.into_iter().map(table).collect();
        snapshot
    }

    /// The same in the place of roots: secrets are read from where they lie, whatever became of the rules.
    pub(super) fn with_roots(self, roots: &[PathBuf], fingerprints: FingerprintKey) -> Self {
        Self { reach: AllowedFolders::of(roots), fingerprint_key: fingerprints, ..self }
    }

    /// The rule files.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// A file that a rule names; what was not part of the snapshot yet becomes so, and is read twice like the rest.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read(&self, path: &Path) -> Result<String, String> {
        self.read_referenced(FileUsage::Table, path).and_then(files::text)
    }

    /// As [`Snapshot::read`] for a file that holds a secret: its text is never kept, archived or shown, only counted in
    /// the hash.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read_secret(&self, path: &Path) -> Result<String, String> {
        self.read_referenced(FileUsage::Secret, path).and_then(files::text)
    }

    /// The secret files that everybody on the machine may read, of those that were asked for.
    #[must_use]
    pub fn world_readable_secrets(&self) -> Vec<PathBuf> {
        let read = self.locked();
        let exposed = read
            .files
            .iter()
            .filter(|((used, _), named)| *used == FileUsage::Secret && named.is_world_readable());
        exposed.map(|((_, path), _)| path.clone()).collect()
    }

    /// As [`Snapshot::read`] for a file that a test names: it counts in the hash, and is not archived.
    ///
    /// # Errors
    /// The reason in words.
    pub fn read_sample(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.read_referenced(FileUsage::Sample, path)
    }

    /// SHA-256 over the sorted paths and contents of the files, those included that were read through this so far.
    #[must_use]
    pub fn hash(&self) -> RuleSetHash {
        let read = self.locked();
        view::rule_set_hash(self.rules.iter(), read.files.iter().map(|(key, named)| (key, named.digest)))
    }

    /// The rules and tables, compressed, without any secret: what the journal keeps and a start with the last good set
    /// reads.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        let read = self.locked();
        let tables = read.files.iter().filter_map(|((used, path), named)| {
            let text = named.content.as_ref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok())?;
            (*used == FileUsage::Table).then(|| (path.display().to_string(), text))
        });
        super::archive::write(&self.sources, tables)
    }

    /// Reads what [`Snapshot::archive`] wrote.
    ///
    /// # Errors
    /// The reason in words.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, String> {
        super::archive::read(bytes)
    }

    /// Fails where a rule file is no text.
    pub(super) fn ensure_text(&self) -> Result<(), LoadRejection> {
        let Some(first) = self.diagnostics.first() else { return Ok(()) };
        Err(LoadRejection {
            stage: LoadStage::Read,
            message: format!("{}: {}", self.sources.name(first.span), first.message),
            diagnostics: self.diagnostics.clone(),
            sources: self.sources.clone(),
        })
    }

    pub(super) fn rules(&self) -> &BTreeMap<PathBuf, ContentDigest> {
        &self.rules
    }

    /// What was asked for, and how it was found.
    pub(super) fn referenced(&self) -> BTreeMap<(FileUsage, PathBuf), ReferencedFile> {
        self.locked().files.clone()
    }

    /// The folders of what was asked for.
    pub(super) fn folders(&self) -> BTreeSet<PathBuf> {
        self.locked().folders.clone()
    }

    /// The same with the texts of some rule files in the place of others.
    pub(super) fn with_sources(&self, texts: &BTreeMap<String, String>) -> Self {
        let mut mixed = Self { sources: Sources::default(), rules: BTreeMap::new(), ..self.clone() };
        for (name, text) in texts {
            mixed.sources.add(name, text);
            mixed.rules.insert(PathBuf::from(name), digest::of(text.as_bytes()));
        }
        mixed
    }

    fn locked(&self) -> MutexGuard<'_, ReferencedFiles> {
        self.referenced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_referenced(&self, used: FileUsage, path: &Path) -> Result<Vec<u8>, String> {
        let mut read = self.locked();
        let key = (used, path.to_owned());
        let known = read.files.get(&key).or_else(|| self.preloaded.get(&key));
        // A secret that was read before is not at hand any more, and is read again.
        let again =
            used == FileUsage::Secret || (known.is_none() && !(self.archived && used == FileUsage::Table));
        let (named, content) = if again {
            ReferencedFile::read(used, path, &self.reach, &self.fingerprint_key, &mut read.folders)
        } else {
            let named = known.cloned().unwrap_or_else(|| ReferencedFile::missing("it is not in the archive"));
            let content = named.content.clone();
            (named, content)
        };
        let size = content.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let is_new = !read.files.contains_key(&key);
        if is_new && (read.files.len() >= MAX_FILES || read.bytes + size > MAX_TOTAL_BYTES) {
            return Err(format!(
                "the rules name more than {MAX_FILES} files or {} MiB",
                MAX_TOTAL_BYTES >> 20
            ));
        }
        read.bytes += if is_new { size } else { 0 };
        read.files.entry(key).or_insert(named);
        content
    }
}

impl LoadRejection {
    pub(super) fn read(message: impl Into<String>) -> Self {
        Self {
            stage: LoadStage::Read,
            message: message.into(),
            diagnostics: Vec::new(),
            sources: Sources::default(),
        }
    }

    pub(super) fn unreadable(unreadable: impl fmt::Display) -> Self {
        Self::read(unreadable.to_string())
    }
}
