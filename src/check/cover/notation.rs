//! Values and patterns in the notation of the rules.

use super::column::{Atom, FixedValue, LineAtom, PatternColumn};
use crate::model::{Comparator, Expression, Literal, Pattern, TextTest};
use crate::text::rule_string;
use std::fmt::Display;

/// A value that no arm takes, in words; backticks stand around what could be pasted as a pattern.
pub(super) fn value(columns: &[PatternColumn], witness: &[Vec<u32>]) -> Vec<String> {
    if let ([column], [atoms]) = (columns, witness) {
        let all: Vec<String> = atoms.iter().map(|at| ticked(&atom(column.atom(*at)))).collect();
        // Where *missing* is uncovered, null goes without saying.
        let missing = all.iter().any(|words| words == "`missing`");
        return all.into_iter().filter(|words| !(missing && words == "`null`")).collect();
    }
    let cell = |(column, atoms): (&PatternColumn, &Vec<u32>)| {
        atoms.first().map_or_else(|| "_".to_owned(), |at| atom(column.atom(*at)).0)
    };
    let cells: Vec<String> = columns.iter().zip(witness).map(cell).collect();
    vec![format!("`({})`", cells.join(", "))]
}

fn ticked((words, is_pattern): &(String, bool)) -> String {
    if *is_pattern { format!("`{words}`") } else { words.clone() }
}

/// The words, and whether they are a pattern.
fn atom(atom: Atom<'_>) -> (String, bool) {
    match atom {
        Atom::Fixed(FixedValue::Severity(severity)) => (severity.name().to_owned(), true),
        Atom::Fixed(FixedValue::Status(status)) => (status.name().to_owned(), true),
        Atom::Fixed(FixedValue::Boolean(boolean)) => (boolean.to_string(), true),
        Atom::Fixed(FixedValue::Missing) => ("missing".to_owned(), true),
        Atom::Fixed(FixedValue::Null) => ("null".to_owned(), true),
        Atom::Fixed(FixedValue::Kind(words)) => (words.to_owned(), false),
        Atom::Number(atom) => line("number", atom),
        Atom::Time(atom) => line("time", atom),
        Atom::Text(text) => (rule_string(text), true),
        Atom::Tested | Atom::Rest(true) => ("any other string".to_owned(), false),
        Atom::Rest(false) => ("any string".to_owned(), false),
    }
}

fn line<T: Display>(kind: &str, atom: LineAtom<T>) -> (String, bool) {
    match atom {
        LineAtom::Point(point) => (point.to_string(), true),
        LineAtom::Gap { after: Some(after), before: Some(before) } => {
            (format!("a {kind} between {after} and {before}"), false)
        }
        LineAtom::Gap { after: Some(after), before: None } => (format!("> {after}"), true),
        LineAtom::Gap { after: None, before: Some(before) } => (format!("< {before}"), true),
        LineAtom::Gap { after: None, before: None } => (format!("any {kind}"), false),
    }
}

/// A pattern as the rules write it, if it is short.
pub(super) fn pattern(pattern: &Pattern) -> Option<String> {
    let Pattern::Test(test, _) = pattern else { return Some("_".to_owned()) };
    let written = match test {
        Comparator::Equal(value) => operand(value)?,
        Comparator::Order(order, value) => format!("{} {}", order.operator(), operand(value)?),
        Comparator::Text(TextTest::Piece(position, value)) => {
            format!("{} {}", position.operator(), operand(value)?)
        }
        Comparator::Text(TextTest::Like(globs)) => match &**globs {
            [glob] => format!("like {}", rule_string(glob.text())),
            _ => return None,
        },
        Comparator::Text(TextTest::Regex(scope, regex)) => {
            format!("{} /{}/", scope.operator(), regex.pattern().replace('/', "\\/"))
        }
        Comparator::In(_) | Comparator::Text(TextTest::Cidr(_)) | Comparator::Is(_) | Comparator::During(_) => {
            return None;
        }
    };
    Some(written).filter(|written| written.len() <= 60)
}

fn operand(value: &Expression) -> Option<String> {
    Some(match value.literal()? {
        Literal::Missing => "missing".to_owned(),
        Literal::Null => "null".to_owned(),
        Literal::Boolean(boolean) => boolean.to_string(),
        Literal::Number(number) => number.to_string(),
        Literal::Text(text) => rule_string(text),
        Literal::Severity(severity) => severity.to_string(),
        Literal::Status(status) => status.to_string(),
        Literal::Time(time) => format!("time(\"{time}\")"),
    })
}
