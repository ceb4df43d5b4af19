//! The facade: rule files in, an immutable rule set out, and every question that a command, a test or a gateway asks of it.

use crate::check::model::Model;
use crate::diagnostic::Diagnostic;
use crate::evaluate::{Context, Observer};
use crate::event::{Event, Outcome};
use crate::json;
use crate::source::Sources;
use crate::time::Instant;
use std::path::PathBuf;

/// What reading paths came to.
#[derive(Debug)]
pub struct Loaded {
    /// The files that were read, for rendering diagnostics.
    pub sources: Sources,
    /// Everything that was found, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The rule set, unless there was an error.
    pub rules: Option<RuleSet>,
}

/// A rule set that may be run.
#[derive(Debug)]
pub struct RuleSet {
    /// The files it came from.
    pub sources: Sources,
    /// What was checked: tests, channels, places.
    pub model: Model,
}

/// Who reads a payload, and where its events go.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'s> {
    /// An integration: its mappings, its destination.
    Integration(&'s str),
    /// A mapping, and a routing where one is asked for.
    Mapping(&'s str, Option<&'s str>),
}

/// A name that the rule set does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// `integration`, `mapping`, `routing` or `channel`.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// The nearest name that exists.
    pub nearest: Option<String>,
}

impl RuleSet {
    /// Reads every `*.rules` file below the paths and all that they name; checks and compiles.
    ///
    /// # Errors
    /// Where a path cannot be read; what is wrong inside the files is in [`Loaded::diagnostics`].
    pub fn load(_paths: &[PathBuf], _at: Option<Instant>) -> Result<Loaded, std::io::Error> {
        todo!()
    }

    /// Maps a payload, and routes its events where the subject says so.
    ///
    /// # Errors
    /// Where the subject names what the set does not hold.
    pub fn evaluate<'a, O: Observer>(
        &'a self,
        _subject: Subject<'_>,
        _document: &'a json::Document<'a>,
        _context: &Context<'_>,
        _observer: &mut O,
    ) -> Result<Vec<Outcome<'a>>, Unknown> {
        todo!()
    }

    /// Routes an event.
    ///
    /// # Errors
    /// Where there is no such routing.
    pub fn route<'a, O: Observer>(
        &'a self,
        _routing: &str,
        _event: Event<'a>,
        _context: &Context<'_>,
        _observer: &mut O,
    ) -> Result<Outcome<'a>, Unknown> {
        todo!()
    }

    /// The body of the request that a channel would send for an event.
    ///
    /// # Errors
    /// Where there is no such channel.
    pub fn body(
        &self,
        _channel: &str,
        _event: &Event<'_>,
        _context: &Context<'_>,
    ) -> Result<serde_json::Value, Unknown> {
        todo!()
    }
}

/// Every code of every stage, in order.
#[must_use]
pub fn codes() -> Vec<&'static crate::diagnostic::Code> {
    Vec::new()
}
