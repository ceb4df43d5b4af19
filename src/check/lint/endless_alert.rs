//! A mapping whose events never say that an alert is over, or that says nothing else.
//!
//! A mapping that no integration reads is part of a library. Where another mapping of the same integration makes the
//! missing status, the sender uses two forms, and nothing is reported.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::event::AlertStatus;
use crate::model::{
    EventField, Expression, ExpressionKind, LetId, Literal, Mapping, MappingId, Model, TableId, TableRows,
};
use std::collections::{HashMap, HashSet};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0035", "alert that never ends");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let model = input.model;
    if input.partial || model.integrations.is_empty() {
        return;
    }
    let of_mapping: Vec<PossibleStatus> = model.mappings.iter().map(|mapping| possible(model, mapping)).collect();
    let of = |id: &MappingId| of_mapping.get(*id).copied().unwrap_or_default();
    let mut together: HashMap<MappingId, PossibleStatus> = HashMap::new();
    for integration in &model.integrations {
        let all = integration.mappings.iter().map(of).fold(PossibleStatus::default(), PossibleStatus::or);
        for id in &integration.mappings {
            let known = together.entry(*id).or_default();
            *known = known.or(all);
        }
    }
    for (id, mapping) in model.mappings.iter().enumerate() {
        let Some(all) = together.get(&id) else { continue };
        let field = mapping.fields.iter().find(|(field, _)| *field == EventField::Status);
        if let Some((_, value)) = field {
            diagnostics.extend(lacking(mapping, value, *all));
        }
    }
}

fn lacking(mapping: &Mapping, value: &Expression, all: PossibleStatus) -> Option<Diagnostic> {
    let (message, label, help) = if !all.resolved && all.firing {
        (
            format!("the status of `{}` is never Resolved", mapping.name),
            "nobody hears that an alert is over",
            "read it from the payload, as in `match $.status { \"resolved\" => Resolved  else => Firing }`",
        )
    } else if !all.firing && all.resolved {
        (
            format!("the status of `{}` is never Firing", mapping.name),
            "every event is a recovery",
            "read it from the payload, as in `match $.status { \"firing\" => Firing  else => Resolved }`",
        )
    } else {
        return None;
    };
    let finding = Diagnostic::new(&CODE, value.span, message).label(label).help(help);
    Some(
        finding
            .help(format!("where the sender reports no end, say so above the line: `allow {} because \"…\"`", CODE.id)),
    )
}

/// Which statuses a mapping may give.
#[derive(Debug, Clone, Copy, Default)]
struct PossibleStatus {
    firing: bool,
    resolved: bool,
}

impl PossibleStatus {
    const ANY: Self = Self { firing: true, resolved: true };

    fn or(self, other: Self) -> Self {
        Self { firing: self.firing || other.firing, resolved: self.resolved || other.resolved }
    }
}

fn possible(model: &Model, mapping: &Mapping) -> PossibleStatus {
    let field = mapping.fields.iter().find(|(field, _)| *field == EventField::Status);
    let reader = StatusReader { model, mapping, seen: HashSet::new(), waiting: Vec::new() };
    field.map_or(PossibleStatus::ANY, |(_, value)| reader.all(value))
}

struct StatusReader<'m> {
    model: &'m Model,
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
            let table = self.model.tables.get(*id).filter(|_| self.seen.insert(StatusSource::Table(*id)));
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
