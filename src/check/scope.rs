//! What an expression can see: the payload and the lets of a mapping, the parameters of a table, or the event.

use crate::check::context::Context;
use crate::check::model::{self, Expression, ExpressionKind, Field, LetId, Literal};
use crate::source::Span;
use crate::syntax::tree::Name;
use crate::value::Type;
use std::collections::{HashMap, HashSet};

/// What an expression can see.
#[derive(Clone, Copy)]
pub(super) enum View<'l> {
    /// `accept`: the payload alone.
    Payload,
    /// The lines of a mapping after `accept`: the payload, the element, the lets so far.
    Element(&'l Lets),
    /// The rows of a table: its parameters with their types.
    Parameters(&'l [Name], &'l [Type]),
    /// A define or a routing: the event.
    Event,
    /// A channel's body: the event, its labels as a whole, lists and objects.
    Body,
}

/// The lets of a mapping, those above the line and those below.
#[derive(Debug, Default)]
pub(super) struct Lets {
    above: HashMap<Box<str>, (LetId, Type)>,
    all: HashMap<Box<str>, Span>,
    templates: Vec<bool>,
    missing: Vec<bool>,
    excused: HashSet<Box<str>>,
}

impl Lets {
    /// Knows of a let that stands somewhere in the mapping; where the name is taken, the place of the first.
    pub(super) fn foresee(&mut self, name: &Name) -> Option<Span> {
        if let Some(first) = self.all.get(&name.text) {
            return Some(*first);
        }
        self.all.insert(name.text.clone(), name.span);
        None
    }

    /// The let's line has been read.
    pub(super) fn add(&mut self, name: &str, value: &Expression) {
        let id = self.templates.len();
        self.templates.push(self.is_template(value));
        self.missing.push(self.may_lack_key(value));
        self.above.entry(name.into()).or_insert((id, value.types));
    }

    /// The name stands where a `let` was forgotten, which is reported there.
    pub(super) fn excuse(&mut self, name: &str) {
        self.excused.insert(name.into());
    }

    /// Whether the name was reported already.
    pub(super) fn is_excused(&self, name: &str) -> bool {
        self.excused.contains(name)
    }

    /// A let above the line.
    pub(super) fn find(&self, name: &str) -> Option<(LetId, Type)> {
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

    /// Whether a value may be a string that was pasted together.
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
pub(super) struct Lowering<'l, 'c> {
    pub(super) cx: &'l mut Context<'c>,
    pub(super) view: View<'l>,
}

/// An expression of the model.
pub(super) fn make(kind: ExpressionKind, types: Type, span: Span) -> Expression {
    Expression { kind, types, span }
}

/// A constant.
pub(super) fn literal(literal: Literal, span: Span) -> Expression {
    let types = match &literal {
        Literal::Missing => Type::MISSING,
        Literal::Null => Type::NULL,
        Literal::Boolean(_) => Type::BOOLEAN,
        Literal::Number(_) => Type::NUMBER,
        Literal::Text(_) => Type::TEXT,
        Literal::Severity(_) => Type::SEVERITY,
        Literal::Status(_) => Type::STATUS,
        Literal::Time(_) => Type::TIME,
    };
    make(ExpressionKind::Literal(literal), types, span)
}

/// What stands in the place of an expression that was reported: nothing more is said of it.
pub(super) fn broken(span: Span) -> Expression {
    make(ExpressionKind::Literal(Literal::Missing), Type::UNKNOWN, span)
}

/// Whether anything can be said of a value of this type.
pub(super) fn is_known(types: Type) -> bool {
    !types.meets(Type::UNKNOWN)
}

/// What the value of a field may be.
pub(super) fn field_type(field: Field) -> Type {
    match field {
        Field::Severity => Type::SEVERITY,
        Field::Status => Type::STATUS,
        Field::Title | Field::Key | Field::Source => Type::TEXT,
        Field::Description | Field::Link | Field::Integration => Type::TEXT | Type::MISSING,
        Field::Labels => Type::LABELS,
        Field::StartsAt | Field::EndsAt => Type::TIME | Type::MISSING,
        Field::Notes => Type::ARRAY,
    }
}

/// A text of the model: `model::Part` holds no place.
pub(super) fn words(text: &str) -> model::Part {
    model::Part::Text(text.into())
}
