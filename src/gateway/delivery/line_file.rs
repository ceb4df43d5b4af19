//! Files of lines. A file is opened below a directory and never outside of it. Whole lines are appended, and are on disk
//! before a write succeeds.
//!
//! Every component of the path is opened by itself without following links. Where an earlier write left a line incomplete,
//! it is ended first, so that it damages no other line. A file that others renamed or removed is created again.

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

/// A file that grows by lines.
#[derive(Debug)]
pub(super) struct LineFile {
    /// The folder that the file is in.
    folder: OwnedFd,
    name: String,
    file: Option<OwnedFd>,
    /// Bytes at which a new file begins.
    rotate_at: u64,
}

impl LineFile {
    /// Opens the folders of the path, and makes missing ones.
    ///
    /// # Errors
    /// In words.
    pub(super) fn open(directory: &Path, path: &str, rotate_at: u64) -> Result<Self, String> {
        let parts = path_components(path)?;
        let (name, folders) = parts.split_last().ok_or("the path does not name a file")?;
        let failed = |error: Errno| format!("`{path}` could not be opened: {}", describe_errno(error));
        let mut folder = rustix::fs::openat(CWD, directory, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .map_err(|error| format!("the directory for files could not be opened: {}", describe_errno(error)))?;
        for part in folders {
            match rustix::fs::mkdirat(&folder, part.as_str(), Mode::from_raw_mode(0o750)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(failed(error)),
            }
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            folder = rustix::fs::openat(&folder, part.as_str(), flags, Mode::empty()).map_err(failed)?;
        }
        Ok(Self { folder, name: name.clone(), file: None, rotate_at: rotate_at.max(1) })
    }

    /// Appends lines, and syncs once; `stamp` names a file that is full.
    ///
    /// # Errors
    /// Why it failed; any number of the lines may be there.
    pub(super) fn append(&mut self, lines: &[Vec<u8>], stamp: &str) -> Result<(), String> {
        let result = self.try_append(lines, stamp);
        if result.is_err() {
            // A descriptor cannot be relied on after a failed sync.
            self.file = None;
        }
        result.map_err(|error| format!("`{}` could not be written: {}", self.name, describe_errno(error)))
    }

    fn try_append(&mut self, lines: &[Vec<u8>], stamp: &str) -> Result<(), Errno> {
        let mut file = self.current_file()?;
        for line in lines {
            let size = size(&rustix::fs::fstat(&file)?);
            if size >= self.rotate_at {
                rustix::fs::fsync(&file)?;
                self.rotate(stamp)?;
                file = self.current_file()?;
            }
            write_line(&file, line)?;
        }
        rustix::fs::fsync(&file)?;
        self.file = Some(file);
        Ok(())
    }

    /// The file of that name.
    fn current_file(&mut self) -> Result<OwnedFd, Errno> {
        if let Some(file) = self.file.take() {
            let open = rustix::fs::fstat(&file)?;
            match rustix::fs::statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(named) if (named.st_dev, named.st_ino) == (open.st_dev, open.st_ino) => return Ok(file),
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        let flags =
            OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.folder, self.name.as_str(), flags, Mode::from_raw_mode(0o640))?;
        if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(Errno::INVAL);
        }
        // A new file survives a power cut only once its folder is on disk.
        rustix::fs::fsync(&self.folder)?;
        Ok(file)
    }

    /// Renames the full file: its time is put before its ending, and a number where that name is taken.
    fn rotate(&self, stamp: &str) -> Result<(), Errno> {
        let (stem, ending) = self.name.rsplit_once('.').map_or((self.name.as_str(), ""), |parts| parts);
        let dot = if ending.is_empty() { "" } else { "." };
        for number in 0..1_000_u32 {
            let number = if number == 0 { String::new() } else { format!("-{number}") };
            let name = format!("{stem}-{stamp}{number}{dot}{ending}");
            match rustix::fs::statat(&self.folder, name.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(_) => {}
                Err(Errno::NOENT) => {
                    return rustix::fs::renameat(&self.folder, self.name.as_str(), &self.folder, name.as_str());
                }
                Err(error) => return Err(error),
            }
        }
        Err(Errno::EXIST)
    }
}

/// The components of a path that leads downwards only.
fn path_components(path: &str) -> Result<Vec<String>, String> {
    let part = |component| match component {
        Component::Normal(part) => Ok(Some(part.to_string_lossy().into_owned())),
        Component::CurDir => Ok(None),
        Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
            Err(format!("`{path}` leads out of the gateway's directory; name a file below it"))
        }
    };
    let path = PathBuf::from(path);
    path.components().map(part).filter_map(Result::transpose).collect()
}

/// Writes a line at once, after ending an incomplete one.
fn write_line(file: &OwnedFd, line: &[u8]) -> Result<(), Errno> {
    let mut bytes = Vec::with_capacity(line.len() + 2);
    if is_torn(file)? {
        bytes.push(b'\n');
    }
    // A line break inside of JSON becomes a blank.
    bytes.extend(line.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    bytes.push(b'\n');
    let written = loop {
        match rustix::io::write(file, &bytes) {
            Err(Errno::INTR) => {}
            result => break result?,
        }
    };
    if written == bytes.len() { Ok(()) } else { Err(Errno::NOSPC) }
}

fn is_torn(file: &OwnedFd) -> Result<bool, Errno> {
    let size = size(&rustix::fs::fstat(file)?);
    let Some(last) = size.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    let read = rustix::io::pread(file, &mut byte, last)?;
    Ok(read == 1 && byte != *b"\n")
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

fn describe_errno(error: Errno) -> String {
    match error {
        Errno::LOOP | Errno::NOTDIR => "a part of it is a link or not a folder".to_owned(),
        Errno::INVAL => "it is not a regular file".to_owned(),
        Errno::NOSPC => "the disk is full".to_owned(),
        error => std::io::Error::from(error).to_string(),
    }
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
