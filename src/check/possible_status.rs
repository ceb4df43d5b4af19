//! Which statuses the events of a mapping may have.

use crate::event::AlertStatus;
use crate::model::{EventField, Expression, ExpressionKind, LetId, Literal, Mapping, Table, TableId, TableRows};
use std::collections::HashSet;

/// Which statuses a mapping may give.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PossibleStatus {
    pub(super) firing: bool,
    pub(super) resolved: bool,
}

impl PossibleStatus {
    const ANY: Self = Self { firing: true, resolved: true };

    /// Those of both.
    pub(super) fn or(self, other: Self) -> Self {
        Self { firing: self.firing || other.firing, resolved: self.resolved || other.resolved }
    }
}

/// What a mapping may give.
pub(super) fn possible(tables: &[Table], mapping: &Mapping) -> PossibleStatus {
    let field = mapping.fields.iter().find(|(field, _)| *field == EventField::Status);
    let reader = StatusReader { tables, mapping, seen: HashSet::new(), waiting: Vec::new() };
    field.map_or(PossibleStatus::ANY, |(_, value)| reader.all(value))
}

struct StatusReader<'m> {
    tables: &'m [Table],
    mapping: &'m Mapping,
    /// Lets and tables that were read: what they give is counted already.
    seen: HashSet<StatusSource>,
    /// The values of lets, which may be a long chain.
    waiting: Vec<&'m Expression>,
}

/// What a status is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum StatusSource {
    Let(LetId),
    Table(TableId),
}

impl<'m> StatusReader<'m> {
    fn all(mut self, value: &'m Expression) -> PossibleStatus {
        let mut all = self.read(value);
        while let Some(value) = self.waiting.pop() {
            all = all.or(self.read(value));
        }
        all
    }

    fn read(&mut self, value: &'m Expression) -> PossibleStatus {
        let none = PossibleStatus::default();
        if let ExpressionKind::Literal(literal) = &value.kind {
            of_literal(literal)
        } else if let ExpressionKind::Coalesce(parts) = &value.kind {
            parts.iter().fold(none, |all, part| all.or(self.read(part)))
        } else if let ExpressionKind::Match(choice) = &value.kind {
            choice.arms.iter().fold(none, |all, arm| all.or(self.read(&arm.result)))
        } else if let ExpressionKind::Let(id) = &value.kind {
            let binding = self.mapping.lets.get(*id).filter(|_| self.seen.insert(StatusSource::Let(*id)));
            self.waiting.extend(binding.map(|binding| &binding.value));
            none
        } else if let ExpressionKind::Lookup(id, _) = &value.kind {
            let table = self.tables.get(*id).filter(|_| self.seen.insert(StatusSource::Table(*id)));
            match table.map(|table| &table.rows) {
                Some(TableRows::Arms(rows)) => rows.arms.iter().fold(none, |all, arm| all.or(self.read(&arm.result))),
                Some(TableRows::Csv(sheet)) => sheet.rows.iter().fold(none, |all, row| all.or(of_literal(&row.1))),
                None => none,
            }
        } else {
            PossibleStatus::ANY
        }
    }
}

fn of_literal(literal: &Literal) -> PossibleStatus {
    match literal {
        Literal::Status(AlertStatus::Firing) => PossibleStatus { firing: true, resolved: false },
        Literal::Status(AlertStatus::Resolved) => PossibleStatus { firing: false, resolved: true },
        Literal::Missing
        | Literal::Null
        | Literal::Boolean(_)
        | Literal::Number(_)
        | Literal::Text(_)
        | Literal::Severity(_)
        | Literal::Time(_) => PossibleStatus::default(),
    }
}
