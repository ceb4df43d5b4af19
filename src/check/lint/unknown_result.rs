//! A comparison of a define, table or `match` with a value that is none of its results, and a destination that it
//! never names.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings, nearest};
use crate::model::mention::{ExpressionOwner, TestForm, ValueTest};
use crate::model::{
    Comparator, Destination, Expression, ExpressionKind, LetBinding, LineKind, Literal, MemberChoice, Model, TableRows,
    Target, TemplatePart,
};
use crate::pattern::Case;
use crate::text::{enumeration, excerpt, rule_string};
use std::collections::BTreeSet;
use std::rc::Rc;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0038", "value that is never a result");

/// More results than this are not compared without letter case.
const MAX_FOLDED: usize = 1_000;
/// More results than this are not united.
const MAX_UNITED: usize = 10_000;
/// How many results a note lists.
const MAX_LISTED: usize = 12;
/// How many unknown values are compared with the known ones; more of them likely have one common cause.
const NEAREST_LIMIT: usize = 100;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let results = KnownResults::of(input.model);
    let mut found = 0;
    for (owner, test) in &input.model_mentions.tests {
        let values: &[Expression] = match test.test {
            Comparator::Equal(value) => std::slice::from_ref(value),
            Comparator::In(values) => values,
            Comparator::Order(..) | Comparator::Text(_) | Comparator::Is(_) | Comparator::During(_) => continue,
        };
        let lets = if let ExpressionOwner::Mapping(id) = owner { results.lets.get(*id) } else { None };
        let possible = results.of_value(test.subject, lets.map_or(&[], Vec::as_slice));
        let Some(possible) = possible else { continue };
        for value in values {
            let Some(literal) = value.literal().filter(|literal| is_compared(literal, test.form)) else { continue };
            let Some(word) = notation(literal) else { continue };
            if !contains(&possible, literal, &word, test.case) {
                found += 1;
                let near = (found <= NEAREST_LIMIT).then(|| near(literal, &word, &possible)).flatten();
                diagnostics.push(report(input, test, value, &possible, near));
            }
        }
    }
    for line in input.model.routing_lines() {
        let destinations = line.body.own_targets().into_iter().flat_map(Target::destinations);
        let choices = destinations.filter_map(Destination::choice);
        diagnostics.extend(choices.filter_map(|choice| never_a_member(input, &results, choice, line.kind)));
    }
}

/// A destination whose value names no member, whatever the event is.
fn never_a_member(
    input: &LintInput<'_>,
    results: &KnownResults,
    choice: &MemberChoice,
    kind: LineKind,
) -> Option<Diagnostic> {
    let possible = results.of_value(&choice.value, &[])?;
    let family = input.model.families.get(choice.family).filter(|family| !family.members.is_empty())?;
    let mut members = family.members.iter().map(|(member, _)| rule_string(member));
    if members.any(|member| possible.contains(&member)) {
        return None;
    }
    let subject = excerpt(input.environment.sources.text(choice.value.span), 40);
    let message = format!("`{subject}` never names a member of the family `{}`", family.name);
    let label = match kind {
        LineKind::Always => "so this destination is always left out",
        LineKind::Route | LineKind::AlsoRoute | LineKind::Else => "so this line always declines",
    };
    let finding = Diagnostic::new(&CODE, choice.value.span, message).label(label).related(family.span, "the family");
    Some(with_results(finding, &possible).help("choose by a value that names members, or add a member"))
}

fn with_results(finding: Diagnostic, possible: &Results) -> Diagnostic {
    let listed: Vec<String> = possible.iter().map(|result| format!("`{result}`")).collect();
    match listed.len() {
        1..=MAX_LISTED => finding.note(format!("its results are {}", enumeration(&listed, "and"))),
        _ => finding,
    }
}

/// Arms over constants must cover them all, so only texts are asked for there.
fn is_compared(literal: &Literal, form: TestForm) -> bool {
    match literal {
        Literal::Text(_) => true,
        Literal::Severity(_) | Literal::Status(_) => form != TestForm::Pattern,
        Literal::Missing | Literal::Null | Literal::Boolean(_) | Literal::Number(_) | Literal::Time(_) => false,
    }
}

type Results = Rc<BTreeSet<String>>;

/// What lets, defines and tables may result in, each as rules write it; nothing if data decides.
struct KnownResults {
    tables: Vec<Option<Results>>,
    defines: Vec<Option<Results>>,
    /// By mapping.
    lets: Vec<Vec<Option<Results>>>,
}

impl KnownResults {
    fn of(model: &Model) -> Self {
        let mut known = Self { tables: Vec::new(), defines: Vec::new(), lets: Vec::new() };
        known.tables = model.tables.iter().map(|table| known.of_rows(&table.rows)).collect();
        for define in &model.defines {
            let results = known.of_value(&define.value, &[]);
            known.defines.push(results);
        }
        known.lets = model.mappings.iter().map(|mapping| known.of_lets(&mapping.lets)).collect();
        known
    }

    fn of_rows(&self, rows: &TableRows) -> Option<Results> {
        match rows {
            TableRows::Arms(rows) => self.union(rows.arms.iter().map(|arm| &arm.result), &[]),
            TableRows::Csv(sheet) => {
                let results = sheet.rows.iter().map(|(_, result)| notation(result));
                let mut results: BTreeSet<String> = results.collect::<Option<_>>()?;
                results.insert(MISSING.to_owned());
                Some(Rc::new(results))
            }
        }
    }

    fn of_lets(&self, lets: &[LetBinding]) -> Vec<Option<Results>> {
        let mut known = Vec::with_capacity(lets.len());
        for binding in lets {
            let results = self.of_value(&binding.value, &known);
            known.push(results);
        }
        known
    }

    /// The results of a value that a define, a table or a `match` gives; nothing for any other value.
    fn of_value(&self, value: &Expression, lets: &[Option<Results>]) -> Option<Results> {
        if let ExpressionKind::Lookup(id, _) = &value.kind {
            self.tables.get(*id).cloned().flatten()
        } else if let ExpressionKind::Define(id) = &value.kind {
            self.defines.get(*id).cloned().flatten()
        } else if let ExpressionKind::Let(id) = &value.kind {
            lets.get(*id).cloned().flatten()
        } else if let ExpressionKind::Match(choice) = &value.kind {
            self.union(choice.arms.iter().map(|arm| &arm.result), lets)
        } else if let ExpressionKind::Coalesce(parts) = &value.kind {
            self.union(parts.iter(), lets)
        } else {
            None
        }
    }

    fn union<'e>(&self, values: impl Iterator<Item = &'e Expression>, lets: &[Option<Results>]) -> Option<Results> {
        let mut all = BTreeSet::new();
        for value in values {
            match written(value) {
                Some(word) => {
                    all.insert(word);
                }
                None => all.extend(self.of_value(value, lets)?.iter().cloned()),
            }
            if all.len() > MAX_UNITED {
                return None;
            }
        }
        Some(Rc::new(all))
    }
}

const MISSING: &str = "missing";

/// A value that is written out.
fn written(value: &Expression) -> Option<String> {
    if let ExpressionKind::Template(parts) = &value.kind {
        return match &**parts {
            [] => Some(rule_string("")),
            [TemplatePart::Text(text)] => Some(rule_string(text)),
            _ => None,
        };
    }
    value.literal().and_then(notation)
}

/// A literal as rules write it; nothing for numbers and times, of which one has several spellings.
fn notation(literal: &Literal) -> Option<String> {
    match literal {
        Literal::Missing | Literal::Null => Some(MISSING.to_owned()),
        Literal::Boolean(truth) => Some(truth.to_string()),
        Literal::Text(text) => Some(rule_string(text)),
        Literal::Severity(severity) => Some(severity.name().to_owned()),
        Literal::Status(status) => Some(status.name().to_owned()),
        Literal::Number(_) | Literal::Time(_) => None,
    }
}

fn contains(possible: &Results, literal: &Literal, word: &str, case: Case) -> bool {
    let is_text = matches!(literal, Literal::Text(_));
    if !case.is_ignored() || !is_text || possible.len() > MAX_FOLDED {
        return case.is_ignored() && is_text || possible.contains(word);
    }
    let folded = case.fold(word);
    possible.iter().any(|each| case.fold(each) == folded)
}

/// The result that is most likely meant.
fn near(literal: &Literal, word: &str, possible: &Results) -> Option<String> {
    let is_alike = |result: &&str| result.starts_with('"') == matches!(literal, Literal::Text(_)) && *result != MISSING;
    let bare = |text: &str| text.trim_matches('"').to_owned();
    let candidates: Vec<String> = possible.iter().map(String::as_str).filter(is_alike).map(bare).collect();
    let found = nearest(&bare(word), candidates.iter().map(String::as_str))?;
    possible.iter().find(|result| bare(result) == found).cloned()
}

fn report(
    input: &LintInput<'_>,
    test: &ValueTest<'_>,
    value: &Expression,
    possible: &Results,
    near: Option<String>,
) -> Diagnostic {
    let sources = input.environment.sources;
    let (subject, never) = (excerpt(sources.text(test.subject.span), 40), sources.text(value.span));
    let finding = Diagnostic::new(&CODE, value.span, format!("`{subject}` is never `{never}`"));
    let finding = finding.label(match test.form {
        TestForm::Comparison => "is none of its results",
        TestForm::Negation => "is none of its results, so this is always true",
        TestForm::Pattern => "is none of its results, so this pattern fits nothing",
    });
    let finding = with_results(finding, possible);
    match near {
        Some(near) => finding.did_you_mean(value.span, near),
        None => finding.help("compare it with one of its results, or add this one there"),
    }
}
