//! A comparison with a text that a function never gives: `lower(x) == "Web"`.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::mention::{ExpressionOwner, TestForm, ValueTest};
use crate::model::{Comparator, Expression, ExpressionKind, LetBinding, Literal, TextTest};
use crate::pattern::PiecePosition;
use crate::source::Span;
use crate::text::rule_string;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0037", "text that a function never gives");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let mut forms = DefineForms::default();
    for define in &input.model.defines {
        let form = forms.of(&define.value, &[]);
        forms.defines.push(form);
    }
    let of_lets = |lets: &[LetBinding]| {
        lets.iter().fold(Vec::new(), |mut known: Vec<KnownForm>, binding| {
            known.push(forms.of(&binding.value, &known));
            known
        })
    };
    let lets: Vec<Vec<KnownForm>> = input.model.mappings.iter().map(|mapping| of_lets(&mapping.lets)).collect();
    for (owner, test) in &input.model_mentions.tests {
        let known = if let ExpressionOwner::Mapping(id) = owner { lets.get(*id) } else { None };
        let form = forms.of(test.subject, known.map_or(&[], Vec::as_slice));
        diagnostics.extend(impossible(form, test).map(|found| report(input, test, &found)));
    }
}

/// What is certain about the letters of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct KnownForm {
    letters: Option<LetterForm>,
    trimmed: Option<Trimmed>,
}

/// All letters are small, or all are capital.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LetterForm {
    Lower,
    Upper,
}

/// There are no blanks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trimmed;

impl LetterForm {
    fn of(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        }
    }
}

/// The forms of defines, each after those that it uses.
#[derive(Default)]
struct DefineForms {
    defines: Vec<KnownForm>,
}

impl DefineForms {
    /// The form of a value; `lets` are those of its mapping, as far as they are known.
    fn of(&self, value: &Expression, lets: &[KnownForm]) -> KnownForm {
        if let ExpressionKind::Call(function, arguments) = &value.kind {
            let inner = || arguments.first().map(|argument| self.of(argument, lets)).unwrap_or_default();
            match function.name {
                "lower" => KnownForm { letters: Some(LetterForm::Lower), ..inner() },
                "upper" => KnownForm { letters: Some(LetterForm::Upper), ..inner() },
                "trim" => KnownForm { trimmed: Some(Trimmed), ..inner() },
                "present" => inner(),
                _ => KnownForm::default(),
            }
        } else if let ExpressionKind::Let(id) = value.kind {
            lets.get(id).copied().unwrap_or_default()
        } else if let ExpressionKind::Define(id) = value.kind {
            self.defines.get(id).copied().unwrap_or_default()
        } else {
            KnownForm::default()
        }
    }
}

/// A text that never comes, and the one that may be meant.
struct ImpossibleText<'m> {
    text: &'m str,
    meant: String,
    /// The place of the text, if the model has it.
    place: Option<Span>,
    why: &'static str,
}

fn impossible<'m>(form: KnownForm, test: &ValueTest<'m>) -> Option<ImpossibleText<'m>> {
    if form == KnownForm::default() {
        return None;
    }
    let letters = form.letters.filter(|_| !test.case.is_ignored());
    let (starts, ends) = match test.test {
        Comparator::Equal(_) | Comparator::In(_) | Comparator::Text(TextTest::Like(_)) => (form.trimmed, form.trimmed),
        Comparator::Text(TextTest::Piece(PiecePosition::Start, _)) => (form.trimmed, None),
        Comparator::Text(TextTest::Piece(PiecePosition::End, _)) => (None, form.trimmed),
        Comparator::Text(TextTest::Piece(PiecePosition::Anywhere, _) | TextTest::Cidr(_) | TextTest::Regex(..))
        | Comparator::Order(..)
        | Comparator::Is(_)
        | Comparator::During(_) => (None, None),
    };
    let judge = |text: &'m str, place: Option<Span>| {
        let start = if starts.is_some() { text.trim_start() } else { text };
        let trimmed = if ends.is_some() { start.trim_end() } else { start };
        let meant = letters.map_or_else(|| trimmed.to_owned(), |letters| letters.of(trimmed));
        let why = match letters {
            _ if trimmed != text => "blanks around a text are gone after `trim`",
            Some(LetterForm::Lower) => "has a capital letter, which `lower` never gives",
            Some(LetterForm::Upper) | None => "has a small letter, which `upper` never gives",
        };
        (meant != text && !trimmed.is_empty()).then_some(ImpossibleText { text, meant, place, why })
    };
    if let Comparator::Text(TextTest::Like(globs)) = test.test {
        return globs.iter().find_map(|glob| judge(glob.text(), None));
    }
    test.test.operands().iter().find_map(|value| judge(literal_text(value)?, Some(value.span)))
}

fn literal_text(value: &Expression) -> Option<&str> {
    if let Some(Literal::Text(text)) = value.literal() { Some(text) } else { None }
}

fn report(input: &LintInput<'_>, test: &ValueTest<'_>, found: &ImpossibleText<'_>) -> Diagnostic {
    let place = found.place.unwrap_or(test.span);
    let subject = input.environment.sources.text(test.subject.span);
    let message = format!("`{subject}` is never `{}`", rule_string(found.text));
    let finding = Diagnostic::new(&CODE, place, message).label(found.why);
    let finding = match test.form {
        TestForm::Comparison => finding,
        TestForm::Negation => finding.note("the comparison is negated, so it is always true"),
        TestForm::Pattern => finding.note("the pattern fits no value"),
    };
    let meant = rule_string(&found.meant);
    match found.place {
        Some(place) => finding.rewrite(place, meant),
        None => finding.help(format!("write `{meant}`")),
    }
}
