//! The declared names: one space a kind of declaration; defines share theirs with event fields and lets.
//!
//! A name stands for the position of its declaration among those of its kind, broken ones included, so that uses
//! of a broken declaration are not reported as well.

use crate::check::code;
use crate::diagnostic::{Diagnostic, Findings};
use crate::function;
use crate::model::EventField;
use crate::source::{FileId, Sources, Span};
use crate::syntax::tree::{self, Declaration, DocumentedDeclaration, Identifier};
use crate::text::with_article;
use std::collections::{HashMap, HashSet};

/// The names of one kind of declaration.
#[derive(Debug, Default)]
pub(super) struct Namespace<'c> {
    positions: HashMap<&'c str, (usize, Span)>,
    order: Vec<&'c str>,
}

impl<'c> Namespace<'c> {
    /// The position of a declaration among those of its kind.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.positions.get(name).map(|(position, _)| *position)
    }

    /// Where a name is declared.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.positions.get(name).map(|(_, place)| *place)
    }

    /// The names in text order.
    pub(super) fn names(&self) -> impl Iterator<Item = &'c str> + '_ {
        self.order.iter().copied()
    }

    /// Adds a name at a position. A name that is taken is reported and keeps its first meaning.
    fn add(&mut self, kind: &str, name: &'c Identifier, position: usize, diagnostics: &mut Findings) {
        if let Some((_, first)) = self.positions.get(&*name.text) {
            diagnostics.push(duplicate(kind, name, *first));
            return;
        }
        self.positions.insert(&name.text, (position, name.span));
        self.order.push(&name.text);
    }
}

/// Every declaration with its item, in text order, by kind.
#[derive(Debug, Default)]
pub(super) struct Declarations<'c> {
    pub(super) mappings: Vec<(&'c DocumentedDeclaration, &'c tree::Mapping)>,
    pub(super) tables: Vec<(&'c DocumentedDeclaration, &'c tree::Table)>,
    pub(super) defines: Vec<(&'c DocumentedDeclaration, &'c tree::Define)>,
    pub(super) schedules: Vec<(&'c DocumentedDeclaration, &'c tree::Schedule)>,
    pub(super) channels: Vec<(&'c DocumentedDeclaration, &'c tree::Channel)>,
    pub(super) routings: Vec<(&'c DocumentedDeclaration, &'c tree::Routing)>,
    pub(super) mutes: Vec<(&'c DocumentedDeclaration, &'c tree::Mute)>,
    pub(super) heartbeats: Vec<(&'c DocumentedDeclaration, &'c tree::Heartbeat)>,
    pub(super) integrations: Vec<(&'c DocumentedDeclaration, &'c tree::Integration)>,
    pub(super) tests: Vec<(&'c DocumentedDeclaration, &'c tree::Test)>,
    pub(super) statements: Vec<(&'c DocumentedDeclaration, &'c tree::Prove)>,
}

impl<'c> Declarations<'c> {
    /// The declarations of all files.
    pub(super) fn of(files: &'c [tree::RuleFile]) -> Self {
        let mut declarations = Self::default();
        for item in files.iter().flat_map(|file| &file.items) {
            match &item.kind {
                Declaration::Mapping(mapping) => declarations.mappings.push((item, mapping)),
                Declaration::Table(table) => declarations.tables.push((item, table)),
                Declaration::Define(define) => declarations.defines.push((item, define)),
                Declaration::Schedule(schedule) => declarations.schedules.push((item, schedule)),
                Declaration::Channel(channel) => declarations.channels.push((item, channel)),
                Declaration::Routing(routing) => declarations.routings.push((item, routing)),
                Declaration::Mute(mute) => declarations.mutes.push((item, mute)),
                Declaration::Heartbeat(heartbeat) => declarations.heartbeats.push((item, heartbeat)),
                Declaration::Integration(integration) => declarations.integrations.push((item, integration)),
                Declaration::Test(test) => declarations.tests.push((item, test)),
                Declaration::Prove(prove) => declarations.statements.push((item, prove)),
            }
        }
        declarations
    }
}

/// The names of all kinds.
#[derive(Debug, Default)]
pub(super) struct DeclaredNames<'c> {
    pub(super) mappings: Namespace<'c>,
    pub(super) tables: Namespace<'c>,
    pub(super) defines: Namespace<'c>,
    pub(super) schedules: Namespace<'c>,
    pub(super) channels: Namespace<'c>,
    pub(super) routings: Namespace<'c>,
    /// Names in files that did not parse. They may be declared there, so their uses are not reported.
    pub(super) unparsed_names: HashSet<&'c str>,
}

impl<'c> DeclaredNames<'c> {
    /// Collects the names of all declarations and reports those that are given twice.
    pub(super) fn collect(all: &Declarations<'c>, sources: &'c Sources, diagnostics: &mut Findings) -> Self {
        let unparsed_names = unparsed_names(sources, diagnostics.kept());
        let tables = all.tables.iter().map(|(_, it)| &it.name);
        let built_in = tables.filter(|name| is_built_in(&name.text));
        diagnostics.extend(built_in.map(built_in_name));
        let defines = all.defines.iter().map(|(_, it)| &it.name);
        diagnostics.extend(defines.filter(|name| is_field(&name.text)).map(|name| field_name("define", name)));
        namespace("mute", all.mutes.iter().map(|(_, it)| &it.name), diagnostics);
        namespace("integration", all.integrations.iter().map(|(_, it)| &it.name), diagnostics);
        namespace("heartbeat", all.heartbeats.iter().map(|(_, it)| &it.name), diagnostics);
        Self {
            mappings: namespace("mapping", all.mappings.iter().map(|(_, it)| &it.name), diagnostics),
            tables: namespace("table", all.tables.iter().map(|(_, it)| &it.name), diagnostics),
            defines: namespace("define", all.defines.iter().map(|(_, it)| &it.name), diagnostics),
            schedules: namespace("schedule", all.schedules.iter().map(|(_, it)| &it.name), diagnostics),
            channels: namespace("channel", all.channels.iter().map(|(_, it)| &it.name), diagnostics),
            routings: namespace("routing", all.routings.iter().map(|(_, it)| &it.name), diagnostics),
            unparsed_names,
        }
    }
}

/// The words that follow the word of a declaration, in every file that did not parse.
fn unparsed_names<'c>(sources: &'c Sources, diagnostics: &[Diagnostic]) -> HashSet<&'c str> {
    const DECLARED_BY: [&str; 9] =
        ["mapping", "table", "define", "schedule", "channel", "routing", "heartbeat", "integration", "let"];
    let broken: HashSet<FileId> = diagnostics.iter().map(|diagnostic| diagnostic.span.file).collect();
    let texts = sources.iter().filter(|(id, _)| broken.contains(id)).map(|(_, file)| file.text());
    let mut names = HashSet::new();
    for text in texts {
        // `z := $.a` is `let z = $.a` in another language.
        let assigned = text.match_indices(":=").filter_map(|(at, _)| text.get(..at)?.split_whitespace().next_back());
        names.extend(assigned);
        let mut words = text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '-')));
        let mut before = "";
        for word in words.by_ref().filter(|word| !word.is_empty()) {
            if DECLARED_BY.contains(&before) {
                names.insert(word);
            }
            before = word;
        }
    }
    names
}

fn namespace<'c>(kind: &str, names: impl Iterator<Item = &'c Identifier>, diagnostics: &mut Findings) -> Namespace<'c> {
    let mut space = Namespace::default();
    for (position, name) in names.enumerate() {
        space.add(kind, name, position, diagnostics);
    }
    space
}

/// The name of a function, given to a table.
fn built_in_name(name: &Identifier) -> Diagnostic {
    let message = format!("`{}` is the name of a built-in function", name.text);
    Diagnostic::new(&code::DUPLICATE_NAME, name.span, message).label("this table needs another name")
}

/// A name that is taken already.
pub(super) fn duplicate(kind: &str, name: &Identifier, first: Span) -> Diagnostic {
    Diagnostic::new(
        &code::DUPLICATE_NAME,
        name.span,
        format!("there is already {} named `{}`", with_article(kind), name.text),
    )
    .label("given again here")
    .related(first, "first given here")
    .help("give one of the two another name")
}

/// The name of an event field, given to a define or a let.
pub(super) fn field_name(kind: &str, name: &Identifier) -> Diagnostic {
    Diagnostic::new(
        &code::DUPLICATE_NAME,
        name.span,
        format!("`{}` is a field of the event, so no {kind} can have that name", name.text),
    )
    .label(format!("this {kind} needs another name"))
}

/// The names of the fields of an event, in the order of the reference.
pub(super) fn fields<'f>() -> impl Iterator<Item = &'f str> {
    EventField::ALL.into_iter().map(|field| -> &'f str { field.name() })
}

/// The field of that name.
pub(super) fn field_named(word: &str) -> Option<EventField> {
    EventField::ALL.into_iter().find(|field| field.name() == word)
}

/// Whether a word names a field of the event.
pub(super) fn is_field(word: &str) -> bool {
    field_named(word).is_some()
}

/// The functions that read what a request says besides its body.
pub(super) const REQUEST_FUNCTIONS: [&str; 2] = ["header", "path_suffix"];

/// Whether a function that every rule set has bears this name.
pub(super) fn is_built_in(name: &str) -> bool {
    function::find(name).is_some() || is_secret_source(name) || REQUEST_FUNCTIONS.contains(&name)
}

/// Whether a word names where a secret comes from.
pub(super) fn is_secret_source(word: &str) -> bool {
    matches!(word, "env" | "secret_file")
}

/// Whether a channel's name says that nobody gets what is sent there: `drop`, `blackhole`.
pub(super) fn is_nowhere(name: &str) -> bool {
    let lower = name.to_ascii_lowercase().replace(['_', '-'], "");
    matches!(
        &*lower,
        "drop"
            | "discard"
            | "ignore"
            | "skip"
            | "blackhole"
            | "devnull"
            | "nobody"
            | "nowhere"
            | "void"
            | "noop"
            | "stop"
    )
}
