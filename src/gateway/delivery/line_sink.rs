//! Threads that write lines: one for each `file` channel, one for the standard output. A disk or a pipe may block for any
//! time, so the sender of a line waits for its own thread and delays no other sender.

#![expect(clippy::disallowed_methods, reason = "`stdout` channels print")]

use super::body_room::BodyRoom;
use super::line_file::LineFile;
use crate::diagnostic::escape_hidden;
use crate::time::{Clock, Timestamp};
use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

/// How many lines are written together, so that they share a sync.
pub(super) const MAX_LINES: usize = 256;

type WriteReply = oneshot::Sender<Result<(), String>>;

/// Hands lines to a thread.
#[derive(Debug, Clone)]
pub(super) struct LineSink {
    lines: Sender<(Vec<u8>, WriteReply)>,
    room: BodyRoom,
}

impl LineSink {
    /// Writes to the file at `path` below the directory; opened with the first line.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn file(
        directory: PathBuf,
        path: String,
        rotate_at: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, String> {
        let mut lines = None;
        Self::start(move |batch| {
            let mut open = match lines.take() {
                Some(open) => open,
                None => LineFile::open(&directory, &path, rotate_at)?,
            };
            open.append(batch, &stamp(clock.now()))?;
            lines = Some(open);
            Ok(())
        })
    }

    /// Writes to the standard output.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn stdout() -> Result<Self, String> {
        let screen = if std::io::stdout().is_terminal() { Screen::Terminal } else { Screen::Other };
        Self::start(move |batch| {
            // Not through the lock of the standard output: whoever flushes it at the end of the process would wait for as
            // long as nobody reads.
            let print = || {
                let mut out = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
                batch.iter().try_for_each(|line| out.write_all(&printed(line, screen)))
            };
            print().map_err(|error: std::io::Error| format!("the standard output could not be written: {error}"))
        })
    }

    fn start(write: impl FnMut(&[Vec<u8>]) -> Result<(), String> + Send + 'static) -> Result<Self, String> {
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new().name("lines".to_owned());
        thread.spawn(move || write_lines(&receiver, write)).map_err(|error| format!("no thread: {error}"))?;
        Ok(Self { lines: sender, room: BodyRoom::lines() })
    }

    /// The room that lines may take until they are written.
    pub(super) fn room(&self) -> &BodyRoom {
        &self.room
    }

    /// Writes a line; done when it is on disk, or printed.
    ///
    /// # Errors
    /// Why it failed; the line may be there nevertheless.
    pub(super) async fn write(&self, line: Vec<u8>) -> Result<(), String> {
        let (done, answer) = oneshot::channel();
        let gone = || "the writer ended".to_owned();
        self.lines.send((line, done)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// What shows the standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Screen {
    Terminal,
    Other,
}

/// A line of JSON as it is printed: a terminal must not obey what an alert holds, while a program gets the bytes as they
/// are stored.
fn printed(line: &[u8], screen: Screen) -> Vec<u8> {
    let mut whole = [line, b"\n"].concat();
    match screen {
        Screen::Terminal => escape_hidden(&mut whole),
        Screen::Other => {}
    }
    whole
}

/// Writes lines until no sender is left.
fn write_lines(receiver: &Receiver<(Vec<u8>, WriteReply)>, mut write: impl FnMut(&[Vec<u8>]) -> Result<(), String>) {
    while let Ok(first) = receiver.recv() {
        let more = receiver.try_iter().take(MAX_LINES - 1);
        let (lines, waiting): (Vec<_>, Vec<_>) = std::iter::once(first).chain(more).unzip();
        let result = write(&lines);
        for done in waiting {
            // The sender may not wait any more.
            let _ = done.send(result.clone());
        }
    }
}

/// A time as part of a file's name: `20260307T020000Z`.
fn stamp(time: Timestamp) -> String {
    let time = time.to_string();
    let seconds = time.split(['.', 'Z']).next().unwrap_or_default();
    seconds.chars().filter(char::is_ascii_alphanumeric).chain(['Z']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Screen, printed};

    #[test]
    fn a_terminal_obeys_no_alert() {
        let line = "{\"title\":\"a\u{9b}31m\u{202e}b\"}";
        assert_eq!(printed(line.as_bytes(), Screen::Terminal), b"{\"title\":\"a\\u009b31m\\u202eb\"}\n");
        assert_eq!(printed(line.as_bytes(), Screen::Other), format!("{line}\n").as_bytes());
    }
}
