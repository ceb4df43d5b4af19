//! Errors in the settings of a gateway.

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// An error in the settings, and how to fix it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ConfigurationError {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl ConfigurationError {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }

    /// Prints the error.
    pub(super) fn report(&self, terminal: &mut Terminal) -> Exit {
        terminal.error(&self.message);
        self.help.iter().for_each(|help| terminal.help(help));
        Exit::Usage
    }
}
