//! One reading of every file of a rule set: the rule files, and the files that the last build named.

use super::RuleSetHash;
use super::access::{ResolvedAccess, RuleAccess};
use super::digest::{self, ContentDigest, FingerprintKey};
use crate::ruleset::UnreadableSecret;
use crate::ruleset::files::disk::FileStamp;
use crate::ruleset::files::named::{self, FileContent, FileError};
use crate::ruleset::files::{self, RuleFileError, RuleFileScan, ScanLimits, ScannedFile, WatchedFolders};
use crate::ruleset::source_text::{self, MAX_FILE_BYTES, MAX_FILES};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The use of a file that rules name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum FileUsage {
    /// A table, whose text is archived.
    Table,
    /// A secret, of which only a fingerprint is kept.
    Secret,
    /// A payload or a snapshot of a test.
    Sample,
}

impl FileUsage {
    const fn tag(self) -> u8 {
        match self {
            Self::Table => 1,
            Self::Secret => 2,
            Self::Sample => 3,
        }
    }

    /// A secret is a line; a payload may be a recorded batch.
    const fn max_bytes(self) -> u64 {
        match self {
            Self::Table => MAX_FILE_BYTES,
            Self::Secret => 64 << 10,
            Self::Sample => 64 << 20,
        }
    }
}

/// A file that a build asked for, with its use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileReference {
    pub(super) usage: FileUsage,
    pub(super) path: PathBuf,
}

/// Why a file that a build asked for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReferenceError {
    #[error(transparent)]
    Unreadable(#[from] FileError),
    #[error("it leads outside the folders for secrets")]
    SecretOutside { folder: PathBuf },
    #[error("it is not in the archive")]
    NotArchived,
    #[error("the rules name more than {MAX_FILES} files or {} KiB", max_bytes >> 10)]
    TooMany { max_bytes: u64 },
}

impl ReferenceError {
    /// How to fix it for a secret, if not by writing the file.
    fn fix(&self) -> Option<String> {
        match self {
            Self::SecretOutside { folder } => Some(format!(
                "start the gateway with `--secrets {}`, or move the file into the folder of the rules, `secrets` \
                 beside it, or `/run/secrets`",
                folder.display()
            )),
            Self::Unreadable(FileError::Denied) => Some("put the secret into a file of its own".to_owned()),
            Self::TooMany { .. } => Some("name fewer files, or allow more with `--most-rule-bytes`".to_owned()),
            Self::Unreadable(
                FileError::Missing
                | FileError::NotRegular
                | FileError::TooLarge { .. }
                | FileError::Outside { .. }
                | FileError::System(_),
            )
            | Self::NotArchived => None,
        }
    }
}

impl From<ReferenceError> for UnreadableSecret {
    fn from(error: ReferenceError) -> Self {
        Self { reason: error.to_string(), fix: error.fix() }
    }
}

/// The content of a file that a build asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReferencedFile {
    stamp: Option<FileStamp>,
    /// The digest of its bytes; of the reason if it could not be read.
    pub(super) digest: ContentDigest,
    /// Its bytes; empty for a secret.
    pub(super) content: Result<Vec<u8>, ReferenceError>,
}

impl ReferencedFile {
    /// Reads it. The bytes are returned separately, because those of a secret are not kept.
    pub(super) fn read(
        file: &FileReference,
        access: &ResolvedAccess,
        key: &FingerprintKey,
        folders: &mut WatchedFolders,
    ) -> (Self, Result<Vec<u8>, ReferenceError>) {
        let is_secret = file.usage == FileUsage::Secret;
        let reach = match file.usage {
            FileUsage::Table => Some(&access.tables),
            FileUsage::Secret => Some(&access.secrets),
            // A payload of a test may lie anywhere: it is sent to nobody.
            FileUsage::Sample => None,
        };
        match named::read_named(&file.path, file.usage.max_bytes(), reach, &access.denied, folders) {
            Ok(FileContent { stamp, bytes }) => {
                let digest = if is_secret { digest::of_secret(&bytes, key) } else { digest::of(&bytes) };
                let kept = if is_secret { Vec::new() } else { bytes.clone() };
                (Self { stamp: Some(stamp), digest, content: Ok(kept) }, Ok(bytes))
            }
            Err(reason) => {
                let reason = match reason {
                    FileError::Outside { folder } if is_secret => ReferenceError::SecretOutside { folder },
                    reason @ (FileError::Missing
                    | FileError::NotRegular
                    | FileError::TooLarge { .. }
                    | FileError::Outside { .. }
                    | FileError::Denied
                    | FileError::System(_)) => ReferenceError::Unreadable(reason),
                };
                (Self::missing(reason.clone()), Err(reason))
            }
        }
    }

    /// Whether every user of the machine may read the file.
    pub(super) fn is_world_readable(&self) -> bool {
        self.stamp.is_some_and(|stamp| stamp.is_world_readable())
    }

    pub(super) fn missing(reason: ReferenceError) -> Self {
        Self { stamp: None, digest: digest::of(reason.to_string().as_bytes()), content: Err(reason) }
    }

    pub(super) fn of_text(text: String) -> Self {
        Self { stamp: None, digest: digest::of(text.as_bytes()), content: Ok(text.into_bytes()) }
    }
}

/// One reading.
#[derive(Debug, Clone)]
pub(super) struct FileSystemView {
    /// The rule files, or why they cannot be read.
    pub(super) scan: Result<RuleFileScan, RuleFileError>,
    /// The files that the last build named.
    pub(super) referenced: BTreeMap<FileReference, ReferencedFile>,
    /// The folders in which changes would show.
    pub(super) folders: WatchedFolders,
    /// What the rules may read.
    pub(super) access: ResolvedAccess,
}

impl FileSystemView {
    pub(super) fn read(
        roots: &[PathBuf],
        wanted: &BTreeSet<FileReference>,
        access: &RuleAccess,
        key: &FingerprintKey,
    ) -> Self {
        let mut folders = WatchedFolders::default();
        let access = ResolvedAccess::of(roots, access);
        let limits = ScanLimits { max_bytes: access.rules.max_rule_bytes, denied: &access.denied };
        let scan = files::scan(roots, &limits, &mut folders);
        let mut read = |file: &FileReference| ReferencedFile::read(file, &access, key, &mut folders).0;
        let referenced = wanted.iter().map(|file| (file.clone(), read(file))).collect();
        Self { scan, referenced, folders, access }
    }

    /// Whether metadata and contents are the same in two readings, of all files that both have read.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.compare(other, |one, two| one == two, |one, two| one == two)
    }

    /// As [`FileSystemView::agrees`], for the contents alone.
    pub(super) fn has_contents_of(&self, other: &Self) -> bool {
        self.compare(
            other,
            |one, two| one.path == two.path && one.content == two.content,
            |one, two| one.digest == two.digest,
        )
    }

    fn compare(
        &self,
        other: &Self,
        same_rules: impl Fn(&ScannedFile, &ScannedFile) -> bool,
        same_file: impl Fn(&ReferencedFile, &ReferencedFile) -> bool,
    ) -> bool {
        let scans_agree = match (&self.scan, &other.scan) {
            (Ok(one), Ok(two)) => {
                let mut pairs = one.files.iter().zip(&two.files);
                one.files.len() == two.files.len() && pairs.all(|(one, two)| same_rules(one, two))
            }
            (Err(one), Err(two)) => one == two,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        };
        let mut common = self.referenced.iter().filter_map(|(key, one)| Some((one, other.referenced.get(key)?)));
        scans_agree && common.all(|(one, two)| same_file(one, two))
    }

    /// The hash of the rule files and of these other files.
    pub(super) fn hash_of(&self, wanted: &BTreeSet<FileReference>) -> Result<RuleSetHash, RuleFileError> {
        let scan = self.scan.as_ref().map_err(Clone::clone)?;
        let rules: Vec<_> = scan.files.iter().map(|file| (&file.path, digest_of(file))).collect();
        let named = self.referenced.iter().filter(|(key, _)| wanted.contains(key));
        Ok(rule_set_hash(
            rules.iter().map(|(path, digest)| (*path, digest)),
            named.map(|(key, named)| (key, named.digest)),
        ))
    }
}

pub(super) fn digest_of(file: &ScannedFile) -> ContentDigest {
    match &file.content {
        Ok(bytes) => digest::of(bytes),
        Err(file) => digest::of(&file.size.to_le_bytes()),
    }
}

/// SHA-256 over the paths, each preceded by its length, and the digests of the contents, in the order of the paths.
pub(super) fn rule_set_hash<'v>(
    rules: impl Iterator<Item = (&'v PathBuf, &'v ContentDigest)>,
    named: impl Iterator<Item = (&'v FileReference, ContentDigest)>,
) -> RuleSetHash {
    let mut sum = Sha256::new();
    let mut add = |tag: u8, path: &Path, digest: &ContentDigest| {
        let name = source_text::name(path);
        sum.update([tag]);
        sum.update((name.len() as u64).to_le_bytes());
        sum.update(name.as_bytes());
        sum.update(digest);
    };
    for (path, digest) in rules {
        add(0, path, digest);
    }
    for (file, digest) in named {
        add(file.usage.tag(), &file.path, &digest);
    }
    RuleSetHash(sum.finalize().into())
}
