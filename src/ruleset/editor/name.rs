//! The names of a rule set: what declares each, and every place that uses it.

use crate::channel::{ChannelKind, ParameterSpec};
use crate::diagnostic::DiagnosticCode;
use crate::event::GroupField;
use crate::function::Function;
use crate::model::EventField;
use crate::source::{FileId, Span};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A declared name.
#[derive(Debug, Clone)]
pub struct NameDeclaration {
    /// What it names.
    pub kind: NameKind,
    /// The name; of a route, its last part.
    pub name: Box<str>,
    /// Where the name is declared.
    pub place: NamePlace,
    /// The whole declaration, statement or line.
    pub item: Option<Span>,
    /// Its `##` lines.
    pub documentation: Vec<Box<str>>,
    /// The declaration that holds it: the mapping of a `let`, the routing or route of a route, the test of a hole.
    pub owner: Option<NameId>,
}

/// Position of a declaration in [`RuleNames::declarations`].
pub type NameId = usize;

/// Where a name is declared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NamePlace {
    /// In a rule file; the place of the name itself, of a string with its quotes.
    Rules(Span),
    /// In the header of a CSV file, as the name of a column.
    Column(PathBuf),
    /// In a cell of a CSV file, in the column of this name.
    Cell(PathBuf, Box<str>),
    /// Nowhere in the rules: a label that a payload brings.
    Payload,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// `mapping name { … }`
    Mapping,
    /// `let name = …`
    Let,
    /// `table name(…) …`
    Table,
    /// A parameter of a table whose rows are in the rules.
    TableParameter,
    /// A column of a CSV file, or the column of a family.
    Column,
    /// `define name = …`
    Define,
    /// `schedule name in "…" { … }`
    Schedule,
    /// `channel name = …`, families included.
    Channel,
    /// A member of a family.
    Member,
    /// `routing name { … }`
    Routing,
    /// A line of a routing.
    Route,
    /// `mute name …`
    Mute,
    /// `heartbeat name { … }`
    Heartbeat,
    /// `integration name { … }`
    Integration,
    /// `test "…" { … }`
    Test,
    /// `prove "…" { … }`
    Prove,
    /// A hole of a test.
    Hole,
    /// A label of events.
    Label,
}

impl NameKind {
    /// The word for it, in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Mapping => "mapping",
            Self::Let => "let",
            Self::Table => "table",
            Self::TableParameter => "parameter",
            Self::Column => "column",
            Self::Define => "define",
            Self::Schedule => "schedule",
            Self::Channel => "channel",
            Self::Member => "member",
            Self::Routing => "routing",
            Self::Route => "route",
            Self::Mute => "mute",
            Self::Heartbeat => "heartbeat",
            Self::Integration => "integration",
            Self::Test => "test",
            Self::Prove => "prove",
            Self::Hole => "hole",
            Self::Label => "label",
        }
    }
}

/// A word of the rules that means something beyond the grammar, where it stands.
#[derive(Debug, Clone, Copy)]
pub struct NameUse {
    /// Its place; of a string, what stands between the quotes.
    pub span: Span,
    /// What it means.
    pub meaning: WordMeaning,
    /// Whether it declares the name or uses it.
    pub role: NameRole,
}

/// Whether a word declares a name or uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRole {
    /// It gives the name.
    Declares,
    /// It uses what is declared elsewhere.
    Uses,
}

/// What a word means.
#[derive(Debug, Clone, Copy)]
pub enum WordMeaning {
    /// A name that the rules declare.
    Declared(NameId),
    /// A field of the event.
    Field(EventField),
    /// What a message says of its group: `group.firing`.
    GroupField(GroupField),
    /// A built-in function.
    Function(&'static Function),
    /// A word that is called like a function: `env`, `secret_file`, `header`, `path_suffix`.
    Call(&'static str),
    /// A kind of channel.
    ChannelKind(&'static ChannelKind),
    /// A parameter of a channel or an integration.
    Parameter(&'static ParameterSpec),
    /// `Critical`, `Firing`
    Constant(&'static str),
    /// The code of a finding.
    Code(&'static DiagnosticCode),
}

impl PartialEq for WordMeaning {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Declared(one), Self::Declared(two)) => one == two,
            (Self::Field(one), Self::Field(two)) => one == two,
            (Self::GroupField(one), Self::GroupField(two)) => one.name() == two.name(),
            (Self::Function(one), Self::Function(two)) => one.name == two.name,
            (Self::Call(one), Self::Call(two)) | (Self::Constant(one), Self::Constant(two)) => one == two,
            (Self::ChannelKind(one), Self::ChannelKind(two)) => one.name == two.name,
            (Self::Parameter(one), Self::Parameter(two)) => std::ptr::eq(one, two),
            (Self::Code(one), Self::Code(two)) => one.id == two.id,
            _ => false,
        }
    }
}

/// A file that rules name in a string.
#[derive(Debug, Clone)]
pub struct NamedRuleFile {
    /// The place of the string, quotes included.
    pub span: Span,
    /// The file, as the name of the rule file and the path in it say.
    pub path: PathBuf,
}

/// All names of a rule set and their uses.
#[derive(Debug, Default)]
pub struct RuleNames {
    /// The declared names.
    pub declarations: Vec<NameDeclaration>,
    /// The words that mean something, in the order of files and places; no two overlap.
    pub uses: Vec<NameUse>,
    /// The files that rules name.
    pub files: Vec<NamedRuleFile>,
    /// The path of each route.
    pub(super) route_paths: BTreeMap<NameId, Box<str>>,
    /// The files that did not parse as a whole: some of their names may be unknown.
    pub broken_files: Vec<FileId>,
}

impl RuleNames {
    /// The word at a byte of a file, or right before it.
    #[must_use]
    pub fn at(&self, file: FileId, offset: usize) -> Option<&NameUse> {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let after = self.uses.partition_point(|each| (each.span.file, each.span.start) <= (file, offset));
        let found = self.uses.get(..after)?.last()?;
        (found.span.file == file && offset <= found.span.end).then_some(found)
    }

    /// The declaration of an id.
    #[must_use]
    pub fn declaration(&self, id: NameId) -> Option<&NameDeclaration> {
        self.declarations.get(id)
    }

    /// The declared name at a byte of a file, or right before it.
    #[must_use]
    pub fn declared_at(&self, file: FileId, offset: usize) -> Option<(NameId, &NameDeclaration)> {
        let WordMeaning::Declared(id) = self.at(file, offset)?.meaning else { return None };
        Some((id, self.declaration(id)?))
    }

    /// Every place of what a word means, in the order of files and places.
    pub fn uses_of(&self, meaning: WordMeaning) -> impl Iterator<Item = &NameUse> {
        self.uses.iter().filter(move |each| each.meaning == meaning)
    }

    /// The declarations of a kind, with their ids.
    pub fn of_kind(&self, kind: NameKind) -> impl Iterator<Item = (NameId, &NameDeclaration)> {
        self.declarations.iter().enumerate().filter(move |(_, each)| each.kind == kind)
    }

    /// The path of a route: `main.payments.page`; of any other declaration, its name.
    #[must_use]
    pub fn path(&self, id: NameId) -> &str {
        if let Some(path) = self.route_paths.get(&id) {
            return path;
        }
        self.declaration(id).map_or("", |declaration| &declaration.name)
    }

    /// The file that a string at this place names.
    #[must_use]
    pub fn file_at(&self, file: FileId, offset: usize) -> Option<&NamedRuleFile> {
        self.files.iter().find(|each| each.span.file == file && each.span.range().contains(&offset))
    }
}
