//! The two output streams, whether each shows colour, and what happens where nobody reads them any more.

use super::exit::Exit;
use crate::diagnostic::DiagnosticFormat;
use anstream::AutoStream;
use clap::ColorChoice;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

/// Where a command writes.
pub(super) struct Terminal {
    /// What programs are meant to read.
    pub(super) out: OutputStream,
    /// Messages for people.
    pub(super) err: OutputStream,
}

/// A stream that remembers its first error, so that commands need not ask at every line.
///
/// A reader that goes away (`| head`) is no error: what follows is not written, and nothing is said about it.
pub(super) struct OutputStream {
    writer: Box<dyn Write + Send>,
    color: bool,
    terminal: bool,
    error: Option<io::Error>,
}

impl Terminal {
    pub(super) fn new(color: ColorChoice) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            out: OutputStream::new(
                colors(color, AutoStream::choice(&out)),
                out.is_terminal(),
                BufWriter::new(out),
            ),
            err: OutputStream::new(colors(color, AutoStream::choice(&err)), err.is_terminal(), err),
        }
    }

    /// Says what failed.
    pub(super) fn error(&mut self, message: &str) {
        self.heading("\u{1b}[1;31m", "error", message);
    }

    /// Says how to mend it.
    pub(super) fn help(&mut self, message: &str) {
        self.heading("\u{1b}[1;36m", "help", message);
    }

    fn heading(&mut self, style: &str, word: &str, message: &str) {
        let (on, off) = if self.err.color { (style, "\u{1b}[0m") } else { ("", "") };
        // File names and arguments are a user's text: escape sequences in them are shown, not sent.
        let shown: String = message.chars().flat_map(shown).collect();
        self.err.print(&format!("{on}{word}{off}: {shown}\n"));
    }

    /// Writes out what is left; an output that failed makes the best of commands fail.
    pub(super) fn finish(mut self, exit: Exit) -> Exit {
        // The stream has remembered the error.
        let _ = self.out.flush();
        match self.out.error.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.error(&format!("the output could not be written: {error}"));
                Exit::Failed
            }
            Some(_) | None => exit,
        }
    }
}

fn colors(asked: ColorChoice, automatic: anstream::ColorChoice) -> bool {
    match asked {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => automatic != anstream::ColorChoice::Never,
    }
}

fn shown(character: char) -> impl Iterator<Item = char> {
    let raw = (!character.is_control() || character == '\n').then_some(character);
    let escaped = raw.is_none().then(|| character.escape_default());
    raw.into_iter().chain(escaped.into_iter().flatten())
}

impl OutputStream {
    fn new(color: bool, terminal: bool, writer: impl Write + Send + 'static) -> Self {
        Self { writer: Box::new(writer), color, terminal, error: None }
    }

    /// Whether to write in colour.
    pub(super) fn color(&self) -> bool {
        self.color
    }

    /// The format of diagnostics for people.
    pub(super) fn human_format(&self) -> DiagnosticFormat {
        if self.color { DiagnosticFormat::HumanInColor } else { DiagnosticFormat::Human }
    }

    /// Whether a person looks at it.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Writes text; an error is remembered.
    pub(super) fn print(&mut self, text: &str) {
        // The stream remembers the error.
        let _ = self.write_all(text.as_bytes());
    }

    /// Whether nothing more can be written.
    pub(super) fn is_closed(&self) -> bool {
        self.error.is_some()
    }

    fn remember<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != ErrorKind::Interrupted {
                self.error.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl Write for OutputStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let result = self.writer.write(bytes);
        self.remember(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let result = self.writer.flush();
        self.remember(result)
    }
}
