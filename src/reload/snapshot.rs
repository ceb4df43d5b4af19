//! The files of a rule set as they were at one moment.
//!
//! A snapshot begins with the rule files and the other files that the last build read. Every file that a build reads
//! through it becomes part of it, and of its hash. Only a keyed fingerprint of a secret is kept, so that neither the hash
//! nor an archive helps to guess the secret. For that reason the hash of a set that names secret files differs between
//! gateways.

use super::access::{ResolvedAccess, RuleAccess};
use super::archive::NamedText;
use super::digest::{self, ContentDigest, FingerprintKey};
use super::view::{self, FileReference, FileSystemView, FileUsage, ReferenceError, ReferencedFile};
use super::{LoadRejection, LoadStage, archive};
use crate::diagnostic::Diagnostic;
use crate::ruleset::UnreadableSecret;
use crate::ruleset::files::{self, WatchedFolders};
use crate::ruleset::source_text::{self, MAX_FILES};
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
    access: ResolvedAccess,
    /// Files that were read together with the rules.
    preloaded: BTreeMap<FileReference, ReferencedFile>,
    /// Whether tables come from an archive, and are never read from the disk.
    archived: bool,
    fingerprint_key: FingerprintKey,
    referenced: Mutex<ReferencedFiles>,
}

/// The files that a build asked for.
#[derive(Debug, Default)]
struct ReferencedFiles {
    files: BTreeMap<FileReference, ReferencedFile>,
    folders: WatchedFolders,
    bytes: u64,
}

impl Snapshot {
    /// The files as they are now, read once, for a set that nobody is changing.
    ///
    /// # Errors
    /// If something cannot be read, or no rule file is found.
    pub fn of(roots: &[PathBuf]) -> Result<Self, LoadRejection> {
        Self::with_access(roots, &RuleAccess::default())
    }

    /// As [`Snapshot::of`], where rules may read this.
    ///
    /// # Errors
    /// As for [`Snapshot::of`].
    pub fn with_access(roots: &[PathBuf], access: &RuleAccess) -> Result<Self, LoadRejection> {
        let key = FingerprintKey::default();
        let view = FileSystemView::read(roots, &BTreeSet::new(), access, &key);
        view.scan.as_ref().map_err(LoadRejection::read)?;
        Ok(Self::new(view, key))
    }

    pub(super) fn new(view: FileSystemView, fingerprint_key: FingerprintKey) -> Self {
        let scan = view.scan.unwrap_or_default();
        let rules = scan.files.iter().map(|file| (file.path.clone(), view::digest_of(file))).collect();
        let (sources, diagnostics) = files::sources(scan.files);
        let (access, preloaded) = (view.access, view.referenced);
        Self { sources, diagnostics, rules, access, preloaded, fingerprint_key, ..Self::default() }
    }

    /// The rule files and tables of an archive.
    pub(super) fn of_texts(rules: Vec<NamedText>, tables: Vec<NamedText>) -> Self {
        let mut snapshot = Self { archived: true, ..Self::default() };
        for NamedText { name, text } in rules {
            snapshot.sources.add(&name, &text);
            snapshot.rules.insert(PathBuf::from(name), digest::of(text.as_bytes()));
        }
        let table = |NamedText { name, text }| {
            let file = FileReference { usage: FileUsage::Table, path: PathBuf::from(name) };
            (file, ReferencedFile::of_text(text))
        };
        snapshot.preloaded = tables.into_iter().map(table).collect();
        snapshot
    }

    /// The same snapshot for these roots, so that its secrets are read from the disk.
    pub(super) fn with_roots(self, roots: &[PathBuf], access: &RuleAccess, fingerprints: FingerprintKey) -> Self {
        Self { access: ResolvedAccess::of(roots, access), fingerprint_key: fingerprints, ..self }
    }

    /// The rule files.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The text of a table. A file that was not part of the snapshot becomes part of it, and is read twice like the others.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn read(&self, path: &Path) -> Result<String, String> {
        let bytes = self.read_referenced(FileUsage::Table, path).map_err(|error| error.to_string())?;
        source_text::text(bytes)
    }

    /// The text of a secret. It is never kept, archived or shown; only its fingerprint counts in the hash.
    ///
    /// # Errors
    /// The reason.
    pub fn read_secret(&self, path: &Path) -> Result<String, UnreadableSecret> {
        Ok(source_text::text(self.read_referenced(FileUsage::Secret, path)?)?)
    }

    /// Why rules cannot read a variable of the environment, if so.
    #[must_use]
    pub fn refuses_variable(&self, name: &str) -> Option<UnreadableSecret> {
        self.access.rules.refuses_variable(name)
    }

    /// The secret files of the snapshot that every user of the machine may read.
    #[must_use]
    pub fn world_readable_secrets(&self) -> Vec<PathBuf> {
        let read = self.locked();
        let exposed =
            read.files.iter().filter(|(file, named)| file.usage == FileUsage::Secret && named.is_world_readable());
        exposed.map(|(file, _)| file.path.clone()).collect()
    }

    /// The bytes of a file that a test names. It counts in the hash, and is not archived.
    ///
    /// # Errors
    /// The reason, in words.
    pub fn read_sample(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.read_referenced(FileUsage::Sample, path).map_err(|error| error.to_string())
    }

    /// SHA-256 over the sorted paths and contents of the files, including those that were read through this snapshot so far.
    #[must_use]
    pub fn hash(&self) -> RuleSetHash {
        let read = self.locked();
        view::rule_set_hash(self.rules.iter(), read.files.iter().map(|(key, named)| (key, named.digest)))
    }

    /// The rules and tables, compressed, without secrets: for the journal, and for a start with the last good set.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        let read = self.locked();
        let tables = read.files.iter().filter(|(file, _)| file.usage == FileUsage::Table);
        let tables = tables.filter_map(|(file, named)| {
            let text = named.content.as_ref().ok().and_then(|bytes| std::str::from_utf8(bytes).ok())?;
            Some(NamedText { name: file.path.display().to_string(), text: text.to_owned() })
        });
        archive::write(&self.sources, tables.collect())
    }

    /// Reads the bytes of [`Snapshot::archive`].
    ///
    /// # Errors
    /// The reason, in words.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, String> {
        archive::read(bytes)
    }

    /// Fails if a rule file is not a text.
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

    /// The files that were asked for.
    pub(super) fn referenced(&self) -> BTreeMap<FileReference, ReferencedFile> {
        self.locked().files.clone()
    }

    /// The folders of the files that were asked for.
    pub(super) fn folders(&self) -> WatchedFolders {
        self.locked().folders.clone()
    }

    /// A snapshot of the same folders and files with other texts as its rule files.
    pub(super) fn with_sources(&self, texts: &BTreeMap<String, String>) -> Self {
        let (access, preloaded) = (self.access.clone(), self.locked().files.clone());
        let mut mixed = Self { access, preloaded, fingerprint_key: self.fingerprint_key, ..Self::default() };
        for (name, text) in texts {
            mixed.sources.add(name, text);
            mixed.rules.insert(PathBuf::from(name), digest::of(text.as_bytes()));
        }
        mixed
    }

    fn locked(&self) -> MutexGuard<'_, ReferencedFiles> {
        self.referenced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_referenced(&self, usage: FileUsage, path: &Path) -> Result<Vec<u8>, ReferenceError> {
        let mut read = self.locked();
        let file = FileReference { usage, path: path.to_owned() };
        let known = read.files.get(&file).or_else(|| self.preloaded.get(&file));
        // The bytes of a secret are not kept, so it is read again.
        let again = usage == FileUsage::Secret || (known.is_none() && !(self.archived && usage == FileUsage::Table));
        let (named, content) = if again {
            ReferencedFile::read(&file, &self.access, &self.fingerprint_key, &mut read.folders)
        } else {
            let named = known.cloned().unwrap_or_else(|| ReferencedFile::missing(ReferenceError::NotArchived));
            let content = named.content.clone();
            (named, content)
        };
        let size = content.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let is_new = !read.files.contains_key(&file);
        let max_bytes = self.access.max_named_bytes();
        if is_new && (read.files.len() >= MAX_FILES || read.bytes + size > max_bytes) {
            return Err(ReferenceError::TooMany { max_bytes });
        }
        read.bytes += if is_new { size } else { 0 };
        read.files.entry(file).or_insert(named);
        content
    }
}

impl LoadRejection {
    pub(super) fn read(reason: impl fmt::Display) -> Self {
        let message = reason.to_string();
        Self { stage: LoadStage::Read, message, diagnostics: Vec::new(), sources: Sources::default() }
    }
}
