//! The two output streams, whether each shows colour, and what happens when their reader is gone.

use super::exit::Exit;
#[cfg(feature = "gateway")]
use super::layout::TextLayout;
use crate::diagnostic::{DiagnosticFormat, Styling, is_hidden};
use anstream::AutoStream;
use clap::ColorChoice;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};

/// The output streams of a command.
pub(super) struct Terminal {
    /// Output for programs.
    pub(super) out: OutputStream,
    /// Messages for people.
    pub(super) err: OutputStream,
}

/// A stream that remembers its first error, so that commands need not check every write.
///
/// A reader that goes away (`| head`) is not an error: later output is discarded silently.
pub(super) struct OutputStream {
    writer: Box<dyn Write + Send>,
    color: Styling,
    terminal: bool,
    error: Option<io::Error>,
}

impl Terminal {
    pub(super) fn new(color: ColorChoice) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            out: OutputStream::new(styling(color, AutoStream::choice(&out)), out.is_terminal(), BufWriter::new(out)),
            err: OutputStream::new(styling(color, AutoStream::choice(&err)), err.is_terminal(), err),
        }
    }

    /// Prints an error.
    pub(super) fn error(&mut self, message: &str) {
        self.heading("1;31", "error", message);
    }

    /// Prints an error because of which a command fails.
    pub(super) fn fail(&mut self, message: &str) -> Exit {
        self.error(message);
        Exit::Failed
    }

    /// Prints a warning.
    pub(super) fn warning(&mut self, message: &str) {
        self.heading("1;33", "warning", message);
    }

    /// Prints how to fix it.
    pub(super) fn help(&mut self, message: &str) {
        self.heading("1;36", "help", message);
    }

    /// Prints text for people. What was printed before stands before it, also where both go to one terminal.
    pub(super) fn note(&mut self, text: &str) {
        // The stream remembers the error.
        let _ = self.out.flush();
        self.err.print(text);
    }

    fn heading(&mut self, style: &str, word: &str, message: &str) {
        let heading = self.err.color.styled(style, word);
        // File names and arguments come from users: escape sequences in them are made visible.
        let shown: String = message.chars().flat_map(shown).collect();
        self.note(&format!("{heading}: {shown}\n"));
    }

    /// Writes buffered output. If the output failed, the command fails.
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

fn styling(asked: ColorChoice, automatic: anstream::ColorChoice) -> Styling {
    match asked {
        ColorChoice::Never => Styling::Plain,
        ColorChoice::Auto if automatic == anstream::ColorChoice::Never => Styling::Plain,
        ColorChoice::Auto | ColorChoice::Always => Styling::Colored,
    }
}

fn shown(character: char) -> impl Iterator<Item = char> {
    let raw = (character == '\n' || !(character.is_control() || is_hidden(character))).then_some(character);
    let escaped = raw.is_none().then(|| character.escape_default());
    raw.into_iter().chain(escaped.into_iter().flatten())
}

impl OutputStream {
    fn new(color: Styling, terminal: bool, writer: impl Write + Send + 'static) -> Self {
        Self { writer: Box::new(writer), color, terminal, error: None }
    }

    /// Whether to write in colour.
    pub(super) fn color(&self) -> Styling {
        self.color
    }

    /// The format of diagnostics for people.
    pub(super) fn human_format(&self) -> DiagnosticFormat {
        match self.color {
            Styling::Plain => DiagnosticFormat::Human,
            Styling::Colored => DiagnosticFormat::HumanInColor,
        }
    }

    /// How tables and paragraphs are laid out: as wide as `COLUMNS` says, or as the terminal is.
    #[cfg(feature = "gateway")]
    pub(super) fn layout(&self) -> TextLayout {
        TextLayout { width: self.width(), styling: self.color }
    }

    /// How many columns there are, where that is known.
    pub(super) fn width(&self) -> Option<usize> {
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let size = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
        let width = asked.or_else(|| if self.terminal { size() } else { None });
        width.filter(|width| *width > 0)
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

    /// Writes styled text, without its styles where colour is not wanted; an error is remembered.
    pub(super) fn print_styled(&mut self, text: &str) {
        match self.color {
            Styling::Colored => self.print(text),
            Styling::Plain => self.print(&anstream::adapter::strip_str(text).to_string()),
        }
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
