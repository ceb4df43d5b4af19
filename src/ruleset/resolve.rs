//! What a gateway needs besides decisions: parameters with their secrets, and bodies for channels.

use super::RuleSet;
use crate::channel::{Rendered, Settings};
use crate::check::model::Secret;
use crate::diagnostic::Diagnostic;
use crate::evaluate::Context;
use crate::event::Event;
use std::path::Path;

/// Brings the text of a secret; the folder is that of the rule file that names it. The error is the reason in words.
pub type ReadSecret<'r> = dyn Fn(&Secret, &Path) -> Result<String, String> + 'r;

/// The parameters of all channels and integrations.
#[derive(Debug, Default)]
pub struct Resolved {
    /// For each channel of the model, by position.
    pub channels: Vec<Settings>,
    /// For each integration of the model, by position.
    pub integrations: Vec<Settings>,
}

impl RuleSet {
    /// Resolves every secret of the set.
    ///
    /// # Errors
    /// Every secret that cannot be read, with the place that names it.
    pub fn resolve(&self, _read: &ReadSecret<'_>) -> Result<Resolved, Vec<Diagnostic>> {
        Ok(Resolved::default())
    }

    /// The body that a channel, by its position in the model, gets for an event; nothing where the kind takes no body.
    #[must_use]
    pub fn render(&self, _channel: usize, _event: &Event<'_>, _context: &Context<'_>) -> Option<Rendered> {
        None
    }
}
