//! One reading of everything that a rule set is made of: the rule files, and what the last build read besides.

use super::digest::{self, Digest, FingerprintKey};
use super::{Hash, secrets};
use crate::ruleset::disk::{self, Reach, Stamp};
use crate::ruleset::files::{self, Found, MAX_FILE_BYTES, Scan};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a named file is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Use {
    /// A table: kept and archived.
    Table,
    /// A secret: only a fingerprint is kept.
    Secret,
    /// A payload or a snapshot of a test.
    Sample,
}

impl Use {
    const fn tag(self) -> u8 {
        match self {
            Self::Table => 1,
            Self::Secret => 2,
            Self::Sample => 3,
        }
    }

    /// A secret is a line; a payload may be a recorded batch.
    const fn most_bytes(self) -> u64 {
        match self {
            Self::Table => MAX_FILE_BYTES,
            Self::Secret => 64 << 10,
            Self::Sample => 64 << 20,
        }
    }
}

/// A file that a build asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    stamp: Option<Stamp>,
    /// Of what it holds; of the reason where it could not be read.
    pub(super) digest: Digest,
    /// What it holds, unless it is a secret.
    pub(super) content: Result<Vec<u8>, String>,
}

impl Named {
    /// Reads it; the content is handed over apart, as that of a secret is not kept.
    pub(super) fn read(
        used: Use,
        path: &Path,
        reach: &Reach,
        key: &FingerprintKey,
        folders: &mut BTreeSet<PathBuf>,
    ) -> (Self, Result<Vec<u8>, String>) {
        let is_secret = used == Use::Secret;
        let with_secrets = is_secret.then(|| secrets::reach(reach));
        // A payload of a test lies where who wrote the test keeps it, and is sent to nobody.
        let reach = with_secrets.as_ref().or_else(|| (used == Use::Table).then_some(reach));
        match disk::read_named(path, used.most_bytes(), reach, folders) {
            Ok((stamp, bytes)) => {
                let digest = if is_secret { digest::of_secret(&bytes, key) } else { digest::of(&bytes) };
                let kept = if is_secret { Vec::new() } else { bytes.clone() };
                (Self { stamp: Some(stamp), digest, content: Ok(kept) }, Ok(bytes))
            }
            Err(reason) => {
                let reason = if is_secret { secrets::words(reason) } else { reason };
                (Self::missing(&reason), Err(reason))
            }
        }
    }

    /// Whether everybody on the machine may read the file.
    pub(super) fn is_open_to_all(&self) -> bool {
        self.stamp.is_some_and(|stamp| stamp.is_open_to_all())
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
pub(super) struct View {
    /// The rule files, or why there are none, in words.
    pub(super) scan: Result<Scan, String>,
    /// What the last build named.
    pub(super) named: BTreeMap<(Use, PathBuf), Named>,
    /// Where changes would show.
    pub(super) folders: BTreeSet<PathBuf>,
}

impl View {
    pub(super) fn read(roots: &[PathBuf], wanted: &BTreeSet<(Use, PathBuf)>, key: &FingerprintKey) -> Self {
        let mut folders = BTreeSet::new();
        let scan = files::scan(roots, &mut folders);
        let reach = scan.as_ref().map(|scan| scan.reach.clone()).unwrap_or_default();
        let mut named = BTreeMap::new();
        for (used, path) in wanted {
            let (found, _) = Named::read(*used, path, &reach, key, &mut folders);
            named.insert((*used, path.clone()), found);
        }
        Self { scan: scan.map_err(|unreadable| unreadable.to_string()), named, folders }
    }

    /// Whether nothing moved between two readings: states and contents are the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.scan_agrees(other) && self.named == other.named
    }

    /// As [`View::agrees`] for the rule files alone.
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
    pub(super) fn hash_of(&self, wanted: &BTreeSet<(Use, PathBuf)>) -> Option<Hash> {
        let scan = self.scan.as_ref().ok()?;
        let rules: Vec<_> = scan.files.iter().map(|file| (&file.path, digest_of(file))).collect();
        let named = self.named.iter().filter(|(key, _)| wanted.contains(key));
        Some(hash(
            rules.iter().map(|(path, digest)| (*path, digest)),
            named.map(|(key, named)| (key, named.digest)),
        ))
    }
}

pub(super) fn digest_of(file: &Found) -> Digest {
    match &file.content {
        Ok(bytes) => digest::of(bytes),
        Err(size) => digest::of(&size.to_le_bytes()),
    }
}

/// SHA-256 over paths, each with its length before it, and the digests of contents, in the order of paths.
pub(super) fn hash<'v>(
    rules: impl Iterator<Item = (&'v PathBuf, &'v Digest)>,
    named: impl Iterator<Item = (&'v (Use, PathBuf), Digest)>,
) -> Hash {
    let mut sum = Sha256::new();
    let mut add = |tag: u8, path: &Path, digest: &Digest| {
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
    Hash(sum.finalize().into())
}
