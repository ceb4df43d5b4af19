//! A negated test of a value that may be missing, where it drops events: `drop when @.labels.env != "prod"` also drops
//! elements without `env`.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{
    Comparator, Comparison, ComparisonSubject, Condition, Expression, ExpressionKind, RoutingLineBody, Target,
    ValueKind,
};
use crate::source::Span;
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0010", "negation that is true for missing values");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let mut found = Finder { input, seen: HashSet::new(), diagnostics };
    for mapping in &input.model.mappings {
        // What `accept` asks for has a value in every element, and so has what an earlier line drops elements without.
        let accepted = mapping.accept.iter().flat_map(|accept| accept.when.conjuncts());
        let mut known: Vec<String> = accepted.filter_map(|part| tested_subject(part, true)).collect();
        if mapping.each.is_none() {
            known.extend(known.clone().into_iter().filter_map(|path| path.strip_prefix("path $").map(element_path)));
        }
        for drop in &mapping.drops {
            found.condition(&drop.when, "drops", known.clone());
            known.extend(alternatives(&drop.when).into_iter().filter_map(absent_subject));
        }
    }
    for line in input.model.routing_lines() {
        if let (RoutingLineBody::Target(Target::Nothing(..)), Some(when)) = (&line.body, &line.when) {
            found.condition(when, "silences", Vec::new());
        }
    }
    for mute in &input.model.mutes {
        found.condition(&mute.when, "mutes", Vec::new());
    }
}

struct Finder<'f, 'a> {
    input: &'f LintInput<'a>,
    /// A define is reported once, however many lines use it.
    seen: HashSet<(usize, bool)>,
    diagnostics: &'f mut Findings,
}

impl Finder<'_, '_> {
    fn condition(&mut self, condition: &Expression, effect: &'static str, mut known: Vec<String>) {
        self.visit(condition, ConditionContext { negated: false, alternative: false, effect }, &mut known);
    }

    /// `known` holds the subjects that another part of the condition tests for presence.
    fn visit(&mut self, condition: &Expression, context: ConditionContext, known: &mut Vec<String>) {
        match condition.condition() {
            Condition::Not(inner) => {
                self.visit(inner, ConditionContext { negated: !context.negated, ..context }, known);
            }
            Condition::And(parts) | Condition::Or(parts) => {
                let is_and = matches!(condition.kind, ExpressionKind::And(_));
                let before = known.len();
                known.extend(parts.iter().filter_map(|part| tested_subject(part, is_and && !context.negated)));
                let context = ConditionContext { alternative: !is_and, ..context };
                for part in parts {
                    self.visit(part, context, known);
                }
                known.truncate(before);
            }
            Condition::Define(id) => {
                let define = self.input.model.defines.get(id);
                if let Some(define) = define.filter(|_| self.seen.insert((id, context.negated))) {
                    self.visit(&define.value, ConditionContext { alternative: false, ..context }, known);
                }
            }
            Condition::Compare(comparison) => {
                self.comparison(comparison, condition.span, context, known);
            }
            Condition::Value => {}
        }
    }

    fn comparison(&mut self, comparison: &Comparison, span: Span, context: ConditionContext, known: &[String]) {
        let ComparisonSubject::Value(subject) = &comparison.subject else { return };
        let asks = matches!(comparison.test, Comparator::Is(_) | Comparator::During(_));
        let Some(key) = key(subject) else { return };
        let holds_for_missing = comparison.negated != context.negated && subject.types.may_be_missing();
        if asks || !holds_for_missing || known.contains(&key) {
            return;
        }
        let sources = self.input.environment.sources;
        let text = sources.text(subject.span);
        let message = format!("this also {} events in which `{text}` is missing", context.effect);
        let finding = Diagnostic::new(&CODE, span, message).label("a negation holds where there is no value");
        let guard = format!("{text} is not missing and ");
        let help = "ask for the value first";
        let finding = if context.negated {
            finding.help(format!("{help}, outside of the `not`: `{guard}not …`"))
        } else if context.alternative {
            finding.suggest(help, span, format!("({guard}{})", sources.text(span)))
        } else {
            finding.suggest(help, span.before(), guard)
        };
        let note = format!("where events without it are meant as well, say so: `{text} is missing or …`");
        self.diagnostics.push(finding.note(note));
    }
}

/// Where in a condition a part stands, and what the condition effect.
#[derive(Clone, Copy)]
struct ConditionContext {
    negated: bool,
    /// Whether it is a part of an `or`, beside which `and` needs parentheses.
    alternative: bool,
    effect: &'static str,
}

/// The text of a subject that is read from the payload or the event, to compare subjects; nothing for a computed value.
fn key(subject: &Expression) -> Option<String> {
    match &subject.kind {
        ExpressionKind::Path(path) => Some(format!("path {}", path.text())),
        ExpressionKind::Label(name) => Some(format!("label {name}")),
        ExpressionKind::Request(part) => Some(format!("request {part:?}")),
        ExpressionKind::Let(id) => Some(format!("let {id}")),
        ExpressionKind::Field(field) => Some(format!("field {field:?}")),
        ExpressionKind::Group(field) => Some(format!("group {field:?}")),
        ExpressionKind::Navigate(base, path) => Some(format!("{} {}", key(base)?, path.text())),
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

/// The same path from `@`, which is the payload without `each`.
fn element_path(rest: &str) -> String {
    format!("path @{rest}")
}

/// The conditions of which one must hold.
fn alternatives(condition: &Expression) -> Vec<&Expression> {
    if let ExpressionKind::Or(parts) = &condition.kind { parts.iter().collect() } else { vec![condition] }
}

/// The subject of which a part says that it has no value: `x is missing`, `x is empty`.
fn absent_subject(part: &Expression) -> Option<String> {
    let ExpressionKind::Compare(comparison) = &part.kind else { return None };
    let asks = matches!(comparison.test, Comparator::Is(ValueKind::Missing | ValueKind::Empty));
    match &comparison.subject {
        ComparisonSubject::Value(subject) if asks && !comparison.negated => key(subject),
        ComparisonSubject::Value(_) | ComparisonSubject::Nodes(..) | ComparisonSubject::Now => None,
    }
}

/// The subject that a part tests for presence: by `is missing` and its like, negated or not, and where all parts must
/// hold, by a positive comparison as well.
fn tested_subject(part: &Expression, all: bool) -> Option<String> {
    let (part, is_inverted) =
        if let ExpressionKind::Not(inner) = &part.kind { (&**inner, true) } else { (part, false) };
    let ExpressionKind::Compare(comparison) = &part.kind else { return None };
    let negated = comparison.negated != is_inverted;
    let asks = matches!(comparison.test, Comparator::Is(ValueKind::Missing | ValueKind::Null | ValueKind::Empty));
    match &comparison.subject {
        ComparisonSubject::Value(subject) if asks || (all && !negated) => key(subject),
        ComparisonSubject::Value(_) | ComparisonSubject::Nodes(..) | ComparisonSubject::Now => None,
    }
}
