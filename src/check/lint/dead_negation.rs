//! A negation on a value that may be missing, where it throws events away: `drop when @.labels.env != "prod"` drops
//! what has no `env` as well.

use super::Input;
use crate::check::model::{
    Block, Comparator, Comparison, Expression, ExpressionKind, Kind, LineBody, Model, Subject, Target,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use std::collections::HashSet;

pub(crate) const CODE: Code = crate::code!("W0010", "negation that holds for what is missing");

pub(crate) fn run(input: &Input<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let mut found = Finder { input, seen: HashSet::new(), diagnostics };
    for mapping in &input.model.mappings {
        for drop in &mapping.drops {
            found.condition(&drop.when, "drops");
        }
    }
    for routing in &input.model.routings {
        found.block(&routing.block);
    }
}

struct Finder<'f, 'a> {
    input: &'f Input<'a>,
    /// A define is reported once, however many lines use it.
    seen: HashSet<(usize, bool)>,
    diagnostics: &'f mut Vec<Diagnostic>,
}

impl Finder<'_, '_> {
    fn block(&mut self, block: &Block) {
        for line in &block.lines {
            match (&line.body, &line.when) {
                (LineBody::Target(Target::Nothing(..)), Some(when)) => self.condition(when, "silences"),
                (LineBody::Block(inner), _) => self.block(inner),
                (LineBody::Target(_) | LineBody::Match(_), _) => {}
            }
        }
    }

    fn condition(&mut self, condition: &Expression, does: &'static str) {
        self.visit(condition, false, &mut Vec::new(), does);
    }

    /// `known` holds the subjects that another part of the condition asks to be present.
    fn visit(&mut self, condition: &Expression, negated: bool, known: &mut Vec<String>, does: &'static str) {
        match &condition.kind {
            ExpressionKind::Not(inner) => self.visit(inner, !negated, known, does),
            ExpressionKind::And(parts) if !negated => {
                let before = known.len();
                known.extend(parts.iter().filter_map(|part| present(self.input.model, part)));
                parts.iter().for_each(|part| self.visit(part, negated, known, does));
                known.truncate(before);
            }
            ExpressionKind::And(parts) | ExpressionKind::Or(parts) => {
                parts.iter().for_each(|part| self.visit(part, negated, known, does));
            }
            ExpressionKind::Define(id) => {
                let model = self.input.model;
                if let Some(define) = model.defines.get(*id).filter(|_| self.seen.insert((*id, negated))) {
                    self.visit(&define.value, negated, known, does);
                }
            }
            ExpressionKind::Compare(comparison) if comparison.negated != negated => {
                self.comparison(comparison, condition.span, known, does);
            }
            _ => {}
        }
    }

    fn comparison(&mut self, comparison: &Comparison, span: Span, known: &[String], does: &str) {
        let Subject::Value(subject) = &comparison.subject else { return };
        if !is_read(subject) || !subject.types.may_be_missing() || asks_for_presence(&comparison.test) {
            return;
        }
        let text = self.input.surroundings.sources.text(subject.span);
        if known.iter().any(|known| *known == self.key(subject)) {
            return;
        }
        let message = format!("this also {does} events in which `{text}` is missing");
        let label = "a negation holds where there is no value";
        let guard = format!("{text} is not missing and ");
        self.diagnostics.push(
            Diagnostic::new(&CODE, span, message)
                .label(label)
                .suggest("ask for the value first", span.before(), guard.clone())
                .note(format!("where events without it are meant as well, say so: `{text} is missing or …`")),
        );
    }

    fn key(&self, subject: &Expression) -> String {
        key(self.input.model, subject)
    }
}

/// What one would write again for the same value.
fn key(_model: &Model, subject: &Expression) -> String {
    match &subject.kind {
        ExpressionKind::Path(path) => format!("path {}", path.text()),
        ExpressionKind::Label(name) => format!("label {name}"),
        ExpressionKind::Let(id) => format!("let {id}"),
        ExpressionKind::Field(field) => format!("field {field:?}"),
        ExpressionKind::Navigate(base, steps) => format!("{} {steps:?}", key(_model, base)),
        _ => String::new(),
    }
}

fn is_read(subject: &Expression) -> bool {
    match &subject.kind {
        ExpressionKind::Path(_)
        | ExpressionKind::Label(_)
        | ExpressionKind::Let(_)
        | ExpressionKind::Field(_) => true,
        ExpressionKind::Navigate(base, _) => is_read(base),
        _ => false,
    }
}

/// `is not missing` and its like are how one asks.
fn asks_for_presence(test: &Comparator) -> bool {
    matches!(test, Comparator::Is(Kind::Missing | Kind::Null | Kind::Empty))
        || matches!(test, Comparator::Is(_) | Comparator::During(_))
}

/// The subject that a part of an `and` asks to be there: by a positive comparison, or by `is not missing`.
fn present(model: &Model, part: &Expression) -> Option<String> {
    let (comparison, negated) = match &part.kind {
        ExpressionKind::Compare(comparison) => (comparison, comparison.negated),
        ExpressionKind::Not(inner) => match &inner.kind {
            ExpressionKind::Compare(comparison) => (comparison, !comparison.negated),
            _ => return None,
        },
        _ => return None,
    };
    let absence = matches!(comparison.test, Comparator::Is(Kind::Missing | Kind::Null | Kind::Empty));
    match &comparison.subject {
        Subject::Value(subject) if absence == negated => {
            Some(key(model, subject)).filter(|key| !key.is_empty())
        }
        Subject::Value(_) | Subject::Nodes(..) | Subject::Now => None,
    }
}
