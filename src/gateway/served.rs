//! What a rule set becomes when it is served: the rules, and every channel and integration with its secrets.

use crate::channel::{Kind, Settings};
use crate::reload::{Rejection, Snapshot};
use crate::ruleset::RuleSet;

/// A rule set that is ready to be served. Immutable.
#[derive(Debug)]
pub struct Served {
    /// The rules.
    pub rules: RuleSet,
    /// The channels, at the positions of the model.
    pub channels: Vec<Channel>,
    /// The integrations, at the positions of the model.
    pub integrations: Vec<Integration>,
    /// The files, as the journal keeps them with what they decided: [`Snapshot::archive`].
    pub archive: Vec<u8>,
}

/// A channel with its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static Kind,
    /// Its parameters.
    pub settings: Settings,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// An integration with its keys.
#[derive(Debug, Clone)]
pub struct Integration {
    /// Its name.
    pub name: String,
    /// Its parameters: `keys`, `signature`, `secret` and the rest.
    pub settings: Settings,
    /// The names of its mappings, in order.
    pub mappings: Vec<String>,
    /// Where it sends: `routing main`, or the channel's name.
    pub destination: String,
}

impl Served {
    /// Checks, compiles and resolves a snapshot; runs its tests where asked.
    ///
    /// # Errors
    /// Whatever is wrong, with the stage.
    pub fn build(_snapshot: &Snapshot, _run_tests: bool) -> Result<Self, Rejection> {
        Err(Rejection {
            stage: crate::reload::Stage::Check,
            message: String::new(),
            diagnostics: Vec::new(),
            sources: crate::source::Sources::default(),
        })
    }

    /// The channel of that name.
    #[must_use]
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }
}
