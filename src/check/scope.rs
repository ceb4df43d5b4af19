//! What an expression can see: the payload and the lets of a mapping, the parameters of a table, or the event.

use crate::check::context::LoweringContext;
use crate::model::{self, ComparisonSubject, Expression, ExpressionKind, LetId, LetStage, Literal};
use crate::path::PathRoot;
use crate::source::Span;
use crate::syntax::tree::Identifier;
use crate::value::ValueType;
use std::collections::{HashMap, HashSet};

/// What an expression can see.
#[derive(Clone, Copy)]
pub(super) enum ExpressionScope<'l> {
    /// What has its value before there is an element: the payload alone, and the lets so far that read it alone.
    Payload(PayloadReader, &'l LetScope),
    /// The other lines of a mapping: the payload, the element, the lets so far.
    Element(&'l LetScope),
    /// The rows of a table: its parameters with their types.
    Parameters(&'l [Identifier], &'l [ValueType]),
    /// A define or a routing: the event.
    Event,
    /// A channel's body: the event, its labels as a whole, lists and objects.
    Body,
    /// The answer of an integration: the payload, lists and objects.
    Answer,
}

/// A line that reads the payload before there is an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayloadReader {
    /// `accept`
    Accept,
    /// A let above `each`.
    Let,
    /// `each`
    Each,
}

/// A let above a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownLet {
    /// Its position in the mapping.
    pub(super) id: LetId,
    /// What its value may be.
    pub(super) types: ValueType,
    /// When it gets its value.
    pub(super) stage: LetStage,
}

/// The lets of a mapping, those above the line and those below.
#[derive(Debug, Default)]
pub(super) struct LetScope {
    above: HashMap<Box<str>, KnownLet>,
    stages: Vec<LetStage>,
    all: HashMap<Box<str>, Span>,
    templates: Vec<bool>,
    missing: Vec<bool>,
    reported: HashSet<Box<str>>,
}

impl LetScope {
    /// Adds a let of the mapping; if the name is taken, gives the place of the first.
    pub(super) fn declare(&mut self, name: &Identifier) -> Option<Span> {
        if let Some(first) = self.all.get(&name.text) {
            return Some(*first);
        }
        self.all.insert(name.text.clone(), name.span);
        None
    }

    /// The let's line has been read.
    pub(super) fn add(&mut self, name: &str, value: &Expression, stage: LetStage) {
        let id = self.templates.len();
        self.templates.push(self.is_template(value));
        self.missing.push(self.may_lack_key(value));
        self.stages.push(stage);
        self.above.entry(name.into()).or_insert(KnownLet { id, types: value.types, stage });
    }

    /// How many lets have been read.
    pub(super) fn count(&self) -> usize {
        self.stages.len()
    }

    /// Whether a value depends on the element of `each`.
    pub(super) fn reads_element(&self, value: &Expression) -> bool {
        let own = match &value.kind {
            ExpressionKind::Path(path) => path.root() == PathRoot::Element,
            ExpressionKind::Nodes(nodes) => nodes.path.root() == PathRoot::Element,
            ExpressionKind::Let(id) => self.stages.get(*id) == Some(&LetStage::Element),
            ExpressionKind::Compare(comparison) => match &comparison.subject {
                ComparisonSubject::Nodes(_, nodes) => nodes.path.root() == PathRoot::Element,
                ComparisonSubject::Value(_) | ComparisonSubject::Now => false,
            },
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Define(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => false,
        };
        let mut reads = own;
        value.each_part(&mut |part| reads = reads || self.reads_element(part));
        reads
    }

    /// Remembers that the missing `let` of a name was reported.
    pub(super) fn mark_reported(&mut self, name: &str) {
        self.reported.insert(name.into());
    }

    /// Whether the name was reported already.
    pub(super) fn is_reported(&self, name: &str) -> bool {
        self.reported.contains(name)
    }

    /// A let above the line.
    pub(super) fn find(&self, name: &str) -> Option<KnownLet> {
        self.above.get(name).copied()
    }

    /// Where a let of that name stands, above or below.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.all.get(name).copied()
    }

    /// The names of the lets above the line, in alphabetical order.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.above.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    /// Whether a value may be missing as a key. `key(…)` is missing only where all its parts are empty, and then
    /// evaluation computes a key of its own, with a note.
    pub(super) fn may_lack_key(&self, value: &Expression) -> bool {
        if !value.types.may_be_missing() {
            return false;
        }
        if let ExpressionKind::Call(function, parts) = &value.kind {
            let is_written = |part: &Expression| matches!(part.kind, ExpressionKind::Literal(_));
            return function.name != "key" || parts.iter().all(is_written);
        }
        if let ExpressionKind::Let(id) = &value.kind {
            return self.missing.get(*id).copied().unwrap_or(true);
        }
        if let ExpressionKind::Coalesce(parts) = &value.kind {
            return parts.last().is_none_or(|last| self.may_lack_key(last));
        }
        if let ExpressionKind::Match(it) = &value.kind {
            return it.arms.iter().any(|arm| self.may_lack_key(&arm.result));
        }
        true
    }

    /// Whether a value may be a string that was joined from parts.
    pub(super) fn is_template(&self, value: &Expression) -> bool {
        match &value.kind {
            ExpressionKind::Template(_) => true,
            ExpressionKind::Let(id) => self.templates.get(*id).copied().unwrap_or(false),
            ExpressionKind::Coalesce(parts) => parts.iter().any(|part| self.is_template(part)),
            ExpressionKind::Match(it) => it.arms.iter().any(|arm| self.is_template(&arm.result)),
            ExpressionKind::Literal(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Define(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Compare(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => false,
        }
    }
}

/// Reads expressions in one view.
pub(super) struct ExpressionLowering<'l, 'c> {
    pub(super) cx: &'l mut LoweringContext<'c>,
    pub(super) scope: ExpressionScope<'l>,
}

/// An expression of the model.
pub(super) fn make(kind: ExpressionKind, types: ValueType, span: Span) -> Expression {
    Expression { kind, types, span }
}

/// A constant.
pub(super) fn literal(literal: Literal, span: Span) -> Expression {
    let types = literal.value_type();
    make(ExpressionKind::Literal(literal), types, span)
}

/// Replaces an expression that was reported, so that nothing more is reported about it.
pub(super) fn broken(span: Span) -> Expression {
    make(ExpressionKind::Literal(Literal::Missing), ValueType::UNKNOWN, span)
}

/// Whether the type is known.
pub(super) fn is_known(types: ValueType) -> bool {
    !types.overlaps(ValueType::UNKNOWN)
}

/// A text of the model: `model::TemplatePart` holds no place.
pub(super) fn text_part(text: &str) -> model::TemplatePart {
    model::TemplatePart::Text(text.into())
}
