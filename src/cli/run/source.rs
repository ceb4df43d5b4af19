//! Where an input comes from: a file, or something that may bring nothing for a long time.

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
    /// Where reading may hang: what says that nobody waits for it any more.
    cancellation: Option<PipeReader>,
}

/// Dropping it ends the input: a read that hangs in a pipe comes back with nothing.
pub(super) struct InputGuard(#[expect(dead_code, reason = "it is there to be dropped")] Option<PipeWriter>);

/// Opens an input; its name is how messages call it.
pub(super) fn open(path: &Path, terminal: &mut Terminal) -> io::Result<(String, (InputSource, InputGuard))> {
    let (name, file) = if path.as_os_str() == "-" {
        input::announce_stdin(terminal);
        let owned = io::stdin().as_fd().try_clone_to_owned()?;
        ("standard input".to_owned(), File::from(owned))
    } else {
        (path.display().to_string(), File::open(path)?)
    };
    if file.metadata()?.is_file() {
        return Ok((name, (InputSource { file, cancellation: None }, InputGuard(None))));
    }
    let (given_up, interest) = io::pipe()?;
    Ok((name, (InputSource { file, cancellation: Some(given_up) }, InputGuard(Some(interest)))))
}

impl Read for InputSource {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if let Some(given_up) = &self.cancellation {
            let mut watched =
                [PollFd::new(&self.file, PollFlags::IN), PollFd::new(given_up, PollFlags::empty())];
            poll(&mut watched, None)?;
            // The end of a pipe that nothing is written to is its writer's.
            let [_, given_up] = watched;
            if !given_up.revents().is_empty() {
                return Ok(0);
            }
        }
        self.file.read(room)
    }
}
