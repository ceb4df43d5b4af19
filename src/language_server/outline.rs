//! The outline of a text: declarations, and the lines within them that have a meaning of their own.
//!
//! It is read from the tree that error recovery gives, so that intact declarations are found beside broken ones.

use crate::source::{Sources, Span};
use crate::syntax;
use crate::syntax::tree::{
    Block, CaseRows, Declaration, DocumentedDeclaration, Expectation, ExpectationKind, FamilySource, HeartbeatLineKind,
    Identifier, Line, LineBody, LineKind, Mapping, MappingStatement, MappingStatementKind, ProveStatementKind,
    RuleFile, StringLiteral, TableBody, Test, TestStatementKind,
};
use std::ops::Range;

/// A text that was read for its outline.
#[derive(Debug)]
pub(super) struct ParsedText {
    sources: Sources,
    file: RuleFile,
}

/// A part of an outline.
#[derive(Debug, Clone)]
pub(super) struct OutlineNode {
    pub(super) kind: OutlineKind,
    /// Its name; `else` and the like where it has none.
    pub(super) name: String,
    /// What stands behind the name.
    pub(super) detail: String,
    /// All of it.
    pub(super) span: Span,
    /// Its name.
    pub(super) name_span: Span,
    pub(super) children: Vec<OutlineNode>,
}

/// What a part of an outline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutlineKind {
    Mapping,
    Table,
    Define,
    Schedule,
    Channel,
    Routing,
    Mute,
    Heartbeat,
    Integration,
    Test,
    Prove,
    /// `let`, a field, `accept` and the like.
    Statement,
    /// A line of a routing.
    Route,
}

/// A file that a text names.
#[derive(Debug, Clone)]
pub(super) struct NamedFile {
    /// As written.
    pub(super) name: Box<str>,
    /// The place of the name, with its quotes.
    pub(super) span: Span,
}

impl ParsedText {
    /// Reads a text. What does not parse is left out.
    pub(super) fn read(text: &str) -> Self {
        let mut sources = Sources::default();
        let id = sources.add("", text);
        let file = syntax::parse(&sources, id, &mut Vec::new());
        Self { sources, file }
    }

    /// The tree.
    pub(super) fn tree(&self) -> &RuleFile {
        &self.file
    }

    /// The outline, in the order of the text.
    pub(super) fn outline(&self) -> Vec<OutlineNode> {
        self.file.items.iter().map(|item| self.declaration(item)).collect()
    }

    fn declaration(&self, item: &DocumentedDeclaration) -> OutlineNode {
        let named = |kind, name: &Identifier| (kind, name.text.to_string(), name.span);
        let quoted = |kind, name: &StringLiteral| (kind, name.value.to_string(), name.span);
        let ((kind, name, name_span), children) = match &item.kind {
            Declaration::Mapping(mapping) => (named(OutlineKind::Mapping, &mapping.name), statements(mapping)),
            Declaration::Table(table) => (named(OutlineKind::Table, &table.name), Vec::new()),
            Declaration::Define(define) => (named(OutlineKind::Define, &define.name), Vec::new()),
            Declaration::Schedule(schedule) => (named(OutlineKind::Schedule, &schedule.name), Vec::new()),
            Declaration::Channel(channel) => (named(OutlineKind::Channel, &channel.name), Vec::new()),
            Declaration::Routing(routing) => (named(OutlineKind::Routing, &routing.name), self.lines(&routing.block)),
            Declaration::Mute(mute) => (named(OutlineKind::Mute, &mute.name), Vec::new()),
            Declaration::Heartbeat(heartbeat) => {
                let lines = heartbeat.lines.iter().map(|line| {
                    let word = match &line.kind {
                        HeartbeatLineKind::When(_) => "when",
                        HeartbeatLineKind::By(_) => "by",
                        HeartbeatLineKind::Timeout(_) => "timeout",
                        HeartbeatLineKind::Field(name, _) => &name.text,
                        HeartbeatLineKind::Labels(_) => "labels",
                        HeartbeatLineKind::Target(_) => "=>",
                    };
                    statement(word, line.span)
                });
                (named(OutlineKind::Heartbeat, &heartbeat.name), lines.collect())
            }
            Declaration::Integration(integration) => (named(OutlineKind::Integration, &integration.name), Vec::new()),
            Declaration::Test(test) => (quoted(OutlineKind::Test, &test.name), Vec::new()),
            Declaration::Prove(prove) => (quoted(OutlineKind::Prove, &prove.name), Vec::new()),
        };
        let detail = item.docs.first().map_or_else(String::new, |first| first.trim().to_owned());
        OutlineNode { kind, name, detail, span: whole(item.span, name_span), name_span, children }
    }

    fn lines(&self, block: &Block) -> Vec<OutlineNode> {
        block.lines.iter().map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &Line) -> OutlineNode {
        let word = match line.kind {
            LineKind::Route => "route",
            LineKind::AlsoRoute => "also route",
            LineKind::Always => "always",
            LineKind::Else => "else",
        };
        let first = Span { end: line.span.start.saturating_add(u32::try_from(word.len()).unwrap_or(0)), ..line.span };
        let name_span = line.name.as_ref().map_or(first, |name| name.span);
        let behind = Span { start: name_span.end.min(line.head.end), ..line.head };
        OutlineNode {
            kind: OutlineKind::Route,
            name: line.name.as_ref().map_or_else(|| word.to_owned(), |name| name.text.to_string()),
            detail: crate::text::one_line(self.sources.text(behind)),
            span: whole(line.span, name_span),
            name_span,
            children: match &line.body {
                LineBody::Block(block) => self.lines(block),
                LineBody::Match(_) | LineBody::Target(_) => Vec::new(),
            },
        }
    }

    /// The files that the text names, in its order.
    pub(super) fn named_files(&self) -> Vec<NamedFile> {
        let mut names = Vec::new();
        for item in &self.file.items {
            match &item.kind {
                Declaration::Table(table) => match &table.body {
                    TableBody::Csv { file, .. } => names.push(file),
                    TableBody::Arms(..) => {}
                },
                Declaration::Channel(channel) => match channel.family.as_ref().map(|family| &family.source) {
                    Some(FamilySource::Csv(file)) => names.push(file),
                    Some(FamilySource::List(_)) | None => {}
                },
                Declaration::Test(test) => files_of_test(test, &mut names),
                Declaration::Prove(prove) => {
                    names.extend(prove.statements.iter().filter_map(|statement| match &statement.kind {
                        ProveStatementKind::Expect(expectation) => file_of_expectation(expectation),
                        ProveStatementKind::Subject(..) | ProveStatementKind::When(_) | ProveStatementKind::At(_) => {
                            None
                        }
                    }));
                }
                Declaration::Mapping(_)
                | Declaration::Define(_)
                | Declaration::Schedule(_)
                | Declaration::Routing(_)
                | Declaration::Mute(_)
                | Declaration::Heartbeat(_)
                | Declaration::Integration(_) => {}
            }
        }
        names.into_iter().map(|file| NamedFile { name: file.value.clone(), span: file.span }).collect()
    }
}

fn statements(mapping: &Mapping) -> Vec<OutlineNode> {
    let node = |line: &MappingStatement| {
        let (word, place) = match &line.kind {
            MappingStatementKind::Let(name, _) | MappingStatementKind::Field(name, _) => (&*name.text, Some(name.span)),
            MappingStatementKind::Accept(..) => ("accept", None),
            MappingStatementKind::Each(_) => ("each", None),
            MappingStatementKind::Labels(_) => ("labels", None),
            MappingStatementKind::Drop(..) => ("drop", None),
        };
        let node = statement(word, line.span);
        OutlineNode { name_span: place.unwrap_or(node.name_span), ..node }
    };
    mapping.statements.iter().map(node).collect()
}

fn statement(word: &str, span: Span) -> OutlineNode {
    let length = u32::try_from(word.len()).unwrap_or(0);
    let name_span = Span { end: span.start.saturating_add(length).min(span.end), ..span };
    let (name, detail) = (word.to_owned(), String::new());
    OutlineNode { kind: OutlineKind::Statement, name, detail, span, name_span, children: Vec::new() }
}

/// A span that holds the name: error recovery may leave a name outside of what is left of its declaration.
fn whole(span: Span, name: Span) -> Span {
    Span { file: span.file, start: span.start.min(name.start), end: span.end.max(name.end) }
}

fn files_of_test<'t>(test: &'t Test, names: &mut Vec<&'t StringLiteral>) {
    for statement in &test.statements {
        match &statement.kind {
            TestStatementKind::InputFile(file) => names.push(file),
            TestStatementKind::Cases(table) => match &table.rows {
                CaseRows::File(file) => names.push(file),
                CaseRows::Inline(_) => {}
            },
            TestStatementKind::Expect(expectation) => names.extend(file_of_expectation(expectation)),
            TestStatementKind::Subject(..)
            | TestStatementKind::Input(_)
            | TestStatementKind::Header(..)
            | TestStatementKind::PathSuffix(_)
            | TestStatementKind::Event(_)
            | TestStatementKind::At(_)
            | TestStatementKind::Open(..)
            | TestStatementKind::Times(..)
            | TestStatementKind::Silence(_)
            | TestStatementKind::SilenceEnd(_)
            | TestStatementKind::Restart(_)
            | TestStatementKind::Down(..)
            | TestStatementKind::Pause(_)
            | TestStatementKind::Resume(_) => {}
        }
    }
}

fn file_of_expectation(expectation: &Expectation) -> Option<&StringLiteral> {
    match &expectation.kind {
        ExpectationKind::SameKeyAs(file) | ExpectationKind::Snapshot(file) => Some(file),
        ExpectationKind::Count { .. }
        | ExpectationKind::Subset(_)
        | ExpectationKind::Exactly(_)
        | ExpectationKind::Dropped(_)
        | ExpectationKind::NotDropped
        | ExpectationKind::Empty
        | ExpectationKind::Unaccepted
        | ExpectationKind::Invalid
        | ExpectationKind::Sent(..)
        | ExpectationKind::Via(_)
        | ExpectationKind::Nothing(_)
        | ExpectationKind::Note(_)
        | ExpectationKind::Body(_)
        | ExpectationKind::Answer(_)
        | ExpectationKind::Notified(..)
        | ExpectationKind::Held(..)
        | ExpectationKind::NotHeld(_)
        | ExpectationKind::Waits(..) => None,
    }
}

impl OutlineNode {
    /// Whether it holds a place.
    pub(super) fn holds(&self, bytes: &Range<usize>) -> bool {
        let own = self.span.range();
        own.start <= bytes.start && bytes.end <= own.end
    }

    /// The nodes that hold a place, the outermost first.
    pub(super) fn around<'n>(nodes: &'n [Self], bytes: &Range<usize>) -> Vec<&'n Self> {
        let mut found: Vec<&Self> = Vec::new();
        let mut level = nodes;
        while let Some(node) = level.iter().find(|node| node.holds(bytes)) {
            found.push(node);
            level = &node.children;
        }
        found
    }

    /// It and all within it.
    pub(super) fn visit<'n>(nodes: &'n [Self], visit: &mut dyn FnMut(&'n Self)) {
        for node in nodes {
            visit(node);
            Self::visit(&node.children, visit);
        }
    }
}
