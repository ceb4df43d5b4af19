//! An input: a file, or a pipe or device that may block a read.

use crate::cli::input;
use crate::cli::terminal::Terminal;
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::path::Path;

/// An input, read as it comes.
pub(super) struct InputSource {
    file: File,
    /// Present if a read may block: its other end is closed when the input is no longer wanted.
    cancellation: Option<PipeReader>,
}

/// Dropping it ends the input: a read that blocks returns nothing.
pub(super) struct InputGuard(#[expect(dead_code, reason = "it is there to be dropped")] Option<PipeWriter>);

/// An input that was opened.
pub(super) struct OpenedInput {
    /// Its name in messages.
    pub(super) name: String,
    pub(super) source: InputSource,
    pub(super) guard: InputGuard,
}

/// Opens an input.
pub(super) fn open(path: &Path, terminal: &mut Terminal) -> io::Result<OpenedInput> {
    let (name, file) = if path.as_os_str() == "-" {
        input::announce_stdin(terminal);
        let owned = io::stdin().as_fd().try_clone_to_owned()?;
        ("standard input".to_owned(), File::from(owned))
    } else {
        (path.display().to_string(), File::open(path)?)
    };
    if file.metadata()?.is_file() {
        let source = InputSource { file, cancellation: None };
        return Ok(OpenedInput { name, source, guard: InputGuard(None) });
    }
    let (cancellation, guard) = io::pipe()?;
    let source = InputSource { file, cancellation: Some(cancellation) };
    Ok(OpenedInput { name, source, guard: InputGuard(Some(guard)) })
}

impl Read for InputSource {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Some(cancellation) = &self.cancellation {
            let mut watched = [PollFd::new(&self.file, PollFlags::IN), PollFd::new(cancellation, PollFlags::empty())];
            poll(&mut watched, None)?;
            // Nothing is ever written to this pipe, so its only event is that the guard was dropped.
            let [_, cancellation] = watched;
            if !cancellation.revents().is_empty() {
                return Ok(0);
            }
        }
        self.file.read(room)
    }
}
