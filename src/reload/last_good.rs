//! The last good set on disk, which is written completely or not at all.

#![expect(clippy::disallowed_methods, reason = "the last good set is kept in a file")]

use super::archive::MAX_UNPACKED_BYTES;
use super::{LoadRejection, Snapshot};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes another file and renames it, so that a crash in between leaves the old one.
pub(super) fn save(path: &Path, archive: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let written = write(Path::new(&beside), archive).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The disk may be full, so an incomplete file is removed.
        let _ = fs::remove_file(&beside);
    }
    written?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads the last good set.
pub(super) fn load(path: &Path) -> Result<Snapshot, LoadRejection> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_UNPACKED_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let failed = |reason: String| {
        LoadRejection::read(format!("cannot read the last good rule set `{}`: {reason}", path.display()))
    };
    let bytes = read().map_err(|error: io::Error| failed(error.to_string()))?;
    Snapshot::from_archive(&bytes).map_err(failed)
}
