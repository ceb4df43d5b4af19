//! One reading of everything that a rule set is made of: the rule files, and what the last build read besides.

use super::digest::{self, ContentDigest, FingerprintKey};
use super::{RuleSetHash, secrets};
use crate::ruleset::files::disk::{self, AllowedFolders, FileStamp};
use crate::ruleset::files::{self, MAX_FILE_BYTES, RuleFileScan, ScannedFile};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a named file is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum FileUsage {
    /// A table: kept and archived.
    Table,
    /// A secret: only a fingerprint is kept.
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

/// A file that a build asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReferencedFile {
    stamp: Option<FileStamp>,
    /// Of what it holds; of the reason where it could not be read.
    pub(super) digest: ContentDigest,
    /// What it holds, unless it is a secret.
    pub(super) content: Result<Vec<u8>, String>,
}

impl ReferencedFile {
    /// Reads it; the content is handed over apart, as that of a secret is not kept.
    pub(super) fn read(
        used: FileUsage,
        path: &Path,
        reach: &AllowedFolders,
        key: &FingerprintKey,
        folders: &mut BTreeSet<PathBuf>,
    ) -> (Self, Result<Vec<u8>, String>) {
        let is_secret = used == FileUsage::Secret;
        let with_secrets = is_secret.then(|| secrets::allowed_folders(reach));
        // A payload of a test lies where who wrote the test keeps it, and is sent to nobody.
        let reach = with_secrets.as_ref().or_else(|| (used == FileUsage::Table).then_some(reach));
        match disk::read_named(path, used.max_bytes(), reach, folders) {
            Ok((stamp, bytes)) => {
                let digest = if is_secret { digest::of_secret(&bytes, key) } else { digest::of(&bytes) };
                let kept = if is_secret { Vec::new() } else { bytes.clone() };
                (Self { stamp: Some(stamp), digest, content: Ok(kept) }, Ok(bytes))
            }
            Err(reason) => {
                let reason = if is_secret { secrets::explain_refusal(reason) } else { reason };
                (Self::missing(&reason), Err(reason))
            }
        }
    }

    /// Whether everybody on the machine may read the file.
    pub(super) fn is_world_readable(&self) -> bool {
        self.stamp.is_some_and(|stamp| stamp.is_world_readable())
    }

    pub(super) fn missing(reason: &str) -> Self {
        Self { stamp: None, digest: digest::of(reason.as_bytes()), content: Err(reason.to_owned()) }
    }

    pub(super) fn of_text(text: String) -> Self {
        Self { stamp: None, digest: digest::of(text.as_bytes()), content: Ok(text.into_bytes()) }
    }
}

/// One reading.
#[derive(Debug, Clone)]
pub(super) struct FileSystemView {
    /// The rule files, or why there are none, in words.
    pub(super) scan: Result<RuleFileScan, String>,
    /// What the last build named.
    pub(super) referenced: BTreeMap<(FileUsage, PathBuf), ReferencedFile>,
    /// Where changes would show.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl FileSystemView {
    pub(super) fn read(
        roots: &[PathBuf],
        wanted: &BTreeSet<(FileUsage, PathBuf)>,
        key: &FingerprintKey,
    ) -> Self {
        let mut folders = BTreeSet::new();
        let scan = files::scan(roots, &mut folders);
        let reach = scan.as_ref().map(|scan| scan.reach.clone()).unwrap_or_default();
        let mut referenced = BTreeMap::new();
        for (used, path) in wanted {
            let (found, _) = ReferencedFile::read(*used, path, &reach, key, &mut folders);
            referenced.insert((*used, path.clone()), found);
        }
        Self { scan: scan.map_err(|unreadable| unreadable.to_string()), referenced, folders }
    }

    /// Whether nothing moved between two readings: states and contents are the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.scan_agrees(other) && self.referenced == other.referenced
    }

    /// As [`FileSystemView::agrees`] for the rule files alone.
    pub(super) fn scan_agrees(&self, other: &Self) -> bool {
        match (&self.scan, &other.scan) {
            (Ok(one), Ok(two)) => {
                one.files.len() == two.files.len()
                    && one.files.iter().zip(&two.files).all(|(one, two)| {
                        one.path == two.path && one.stamp == two.stamp && one.content == two.content
                    })
            }
            (Err(one), Err(two)) => one == two,
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        }
    }

    /// The hash of the rules and of those files that a version named.
    pub(super) fn hash_of(&self, wanted: &BTreeSet<(FileUsage, PathBuf)>) -> Option<RuleSetHash> {
        let scan = self.scan.as_ref().ok()?;
        let rules: Vec<_> = scan.files.iter().map(|file| (&file.path, digest_of(file))).collect();
        let named = self.referenced.iter().filter(|(key, _)| wanted.contains(key));
        Some(rule_set_hash(
            rules.iter().map(|(path, digest)| (*path, digest)),
            named.map(|(key, named)| (key, named.digest)),
        ))
    }
}

pub(super) fn digest_of(file: &ScannedFile) -> ContentDigest {
    match &file.content {
        Ok(bytes) => digest::of(bytes),
        Err(size) => digest::of(&size.to_le_bytes()),
    }
}

/// SHA-256 over paths, each with its length before it, and the digests of contents, in the order of paths.
pub(super) fn rule_set_hash<'v>(
    rules: impl Iterator<Item = (&'v PathBuf, &'v ContentDigest)>,
    named: impl Iterator<Item = (&'v (FileUsage, PathBuf), ContentDigest)>,
) -> RuleSetHash {
    let mut sum = Sha256::new();
    let mut add = |tag: u8, path: &Path, digest: &ContentDigest| {
        let name = files::name(path);
        sum.update([tag]);
        sum.update((name.len() as u64).to_le_bytes());
        sum.update(name.as_bytes());
        sum.update(digest);
    };
    for (path, digest) in rules {
        add(0, path, digest);
    }
    for ((used, path), digest) in named {
        add(used.tag(), path, &digest);
    }
    RuleSetHash(sum.finalize().into())
}
