//! A negation on a value that may be missing, where it throws events away: `drop when @.labels.env != "prod"` drops
//! what has no `env` as well.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::model::{
    Comparator, Comparison, ComparisonSubject, Expression, ExpressionKind, RoutingBlock, RoutingLineBody,
    Target, ValueKind,
};
use crate::source::Span;
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0010", "negation that holds for what is missing");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Vec<Diagnostic>) {
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
    input: &'f LintInput<'a>,
    /// A define is reported once, however many lines use it.
    seen: HashSet<(usize, bool)>,
    diagnostics: &'f mut Vec<Diagnostic>,
}

impl Finder<'_, '_> {
    fn block(&mut self, block: &RoutingBlock) {
        for line in &block.lines {
            match (&line.body, &line.when) {
                (RoutingLineBody::Target(Target::Nothing(..)), Some(when)) => {
                    self.condition(when, "silences")
                }
                (RoutingLineBody::Block(inner), _) => self.block(inner),
                (RoutingLineBody::Target(_) | RoutingLineBody::Match(_), _) => {}
            }
        }
    }

    fn condition(&mut self, condition: &Expression, does: &'static str) {
        self.visit(condition, ConditionContext { negated: false, alternative: false, does }, &mut Vec::new());
    }

    /// `known` holds the subjects of which another part of the condition asks whether they are there.
    fn visit(&mut self, condition: &Expression, around: ConditionContext, known: &mut Vec<String>) {
        match &condition.kind {
            ExpressionKind::Not(inner) => {
                self.visit(inner, ConditionContext { negated: !around.negated, ..around }, known);
            }
            ExpressionKind::And(parts) | ExpressionKind::Or(parts) => {
                let all = matches!(condition.kind, ExpressionKind::And(_));
                let before = known.len();
                known.extend(parts.iter().filter_map(|part| asked(part, all && !around.negated)));
                let around = ConditionContext { alternative: !all, ..around };
                for part in parts {
                    self.visit(part, around, known);
                }
                known.truncate(before);
            }
            ExpressionKind::Define(id) => {
                let define = self.input.model.defines.get(*id);
                if let Some(define) = define.filter(|_| self.seen.insert((*id, around.negated))) {
                    self.visit(&define.value, ConditionContext { alternative: false, ..around }, known);
                }
            }
            ExpressionKind::Compare(comparison) => {
                self.comparison(comparison, condition.span, around, known);
            }
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Path(_)
            | ExpressionKind::Nodes(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Label(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Navigate(..)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Match(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => {}
        }
    }

    fn comparison(
        &mut self,
        comparison: &Comparison,
        span: Span,
        around: ConditionContext,
        known: &[String],
    ) {
        let ComparisonSubject::Value(subject) = &comparison.subject else { return };
        let asks = matches!(comparison.test, Comparator::Is(_) | Comparator::During(_));
        let Some(key) = key(subject) else { return };
        let holds_for_missing = comparison.negated != around.negated && subject.types.may_be_missing();
        if asks || !holds_for_missing || known.contains(&key) {
            return;
        }
        let sources = self.input.environment.sources;
        let text = sources.text(subject.span);
        let message = format!("this also {} events in which `{text}` is missing", around.does);
        let finding = Diagnostic::new(&CODE, span, message).label("a negation holds where there is no value");
        let guard = format!("{text} is not missing and ");
        let help = "ask for the value first";
        let finding = if around.negated {
            finding.help(format!("{help}, outside of the `not`: `{guard}not …`"))
        } else if around.alternative {
            finding.suggest(help, span, format!("({guard}{})", sources.text(span)))
        } else {
            finding.suggest(help, span.before(), guard)
        };
        let note = format!("where events without it are meant as well, say so: `{text} is missing or …`");
        self.diagnostics.push(finding.note(note));
    }
}

/// Where in a condition a part stands, and what the condition does.
#[derive(Clone, Copy)]
struct ConditionContext {
    negated: bool,
    /// Whether it is a part of an `or`, beside which `and` needs parentheses.
    alternative: bool,
    does: &'static str,
}

/// What is read from the payload or the event, so that the same is known again; nothing for what is computed.
fn key(subject: &Expression) -> Option<String> {
    match &subject.kind {
        ExpressionKind::Path(path) => Some(format!("path {}", path.text())),
        ExpressionKind::Label(name) => Some(format!("label {name}")),
        ExpressionKind::Let(id) => Some(format!("let {id}")),
        ExpressionKind::Field(field) => Some(format!("field {field:?}")),
        ExpressionKind::Navigate(base, steps) => Some(format!("{} {steps:?}", key(base)?)),
        ExpressionKind::Literal(_)
        | ExpressionKind::Template(_)
        | ExpressionKind::Nodes(_)
        | ExpressionKind::Regex(_)
        | ExpressionKind::Parameter(_)
        | ExpressionKind::Define(_)
        | ExpressionKind::Call(..)
        | ExpressionKind::Lookup(..)
        | ExpressionKind::Coalesce(_)
        | ExpressionKind::Match(_)
        | ExpressionKind::Or(_)
        | ExpressionKind::And(_)
        | ExpressionKind::Not(_)
        | ExpressionKind::Compare(_)
        | ExpressionKind::List(_)
        | ExpressionKind::Object(_) => None,
    }
}

/// The subject of which a part asks whether it is there, by `is missing` and its like in either sense; where all parts
/// must hold, by a positive comparison as well.
fn asked(part: &Expression, all: bool) -> Option<String> {
    let (part, turned) =
        if let ExpressionKind::Not(inner) = &part.kind { (&**inner, true) } else { (part, false) };
    let ExpressionKind::Compare(comparison) = &part.kind else { return None };
    let negated = comparison.negated != turned;
    let asks =
        matches!(comparison.test, Comparator::Is(ValueKind::Missing | ValueKind::Null | ValueKind::Empty));
    match &comparison.subject {
        ComparisonSubject::Value(subject) if asks || (all && !negated) => key(subject),
        ComparisonSubject::Value(_) | ComparisonSubject::Nodes(..) | ComparisonSubject::Now => None,
    }
}
