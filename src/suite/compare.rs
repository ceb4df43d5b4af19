//! Compares expected with actual values, and shows how they differ.

use super::test_value::TestValue;
use crate::json::Number;
use similar::{ChangeTag, TextDiff};

/// The number of lines from which on a diff shows only the surroundings of differences.
const LONG_DIFF: usize = 60;
/// How many lines of context it shows.
const CONTEXT_LINES: usize = 4;

/// Whether `actual` contains everything that `expected` names. Lists must have the same length; objects in them are subsets
/// in turn.
pub(super) fn holds(expected: &TestValue, actual: &TestValue) -> bool {
    match (expected, actual) {
        (TestValue::Object(members), TestValue::Object(_)) => {
            members.iter().all(|(name, value)| holds(value, actual.member(name)))
        }
        (TestValue::List(left), TestValue::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| holds(left, right))
        }
        _ => same(expected, actual),
    }
}

/// Whether two values are equal. The order of members does not matter, `1` equals `1.0`, and an absent member is *missing*.
pub(super) fn same(left: &TestValue, right: &TestValue) -> bool {
    match (left, right) {
        (TestValue::Missing, TestValue::Missing) | (TestValue::Null, TestValue::Null) => true,
        (TestValue::Boolean(left), TestValue::Boolean(right)) => left == right,
        (TestValue::Number(left), TestValue::Number(right)) => left == right || equal_numbers(left, right),
        (TestValue::Text(left), TestValue::Text(right)) | (TestValue::Name(left), TestValue::Name(right)) => {
            left == right
        }
        (TestValue::List(left), TestValue::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (TestValue::Object(members), TestValue::Object(others)) => {
            members.iter().all(|(name, value)| same(value, right.member(name)))
                && others.iter().all(|(name, value)| same(left.member(name), value))
        }
        _ => false,
    }
}

fn equal_numbers(left: &str, right: &str) -> bool {
    matches!((left.parse::<Number>(), right.parse::<Number>()), (Ok(left), Ok(right)) if left == right)
}

/// The part of `actual` that `expected` names, in the order of `expected`.
pub(super) fn projected(expected: &TestValue, actual: &TestValue) -> TestValue {
    match (expected, actual) {
        (TestValue::Object(members), TestValue::Object(_)) => {
            let member = |(name, value): &(Box<str>, TestValue)| (name.clone(), projected(value, actual.member(name)));
            TestValue::Object(members.iter().map(member).collect())
        }
        (TestValue::List(left), TestValue::List(right)) if left.len() == right.len() => {
            TestValue::List(left.iter().zip(right).map(|(left, right)| projected(left, right)).collect())
        }
        _ => actual.clone(),
    }
}

/// All of `actual`. The members that `expected` names come first, in its order, so that a diff shows no moved lines.
pub(super) fn aligned(expected: &TestValue, actual: &TestValue) -> TestValue {
    match (expected, actual) {
        (TestValue::Object(members), TestValue::Object(others)) => {
            let named = members.iter().filter(|(name, _)| !matches!(actual.member(name), TestValue::Missing));
            let named = named.map(|(name, value)| (name.clone(), aligned(value, actual.member(name))));
            let unnamed = others.iter().filter(|(name, _)| members.iter().all(|(known, _)| known != name));
            TestValue::Object(named.chain(unnamed.cloned()).collect())
        }
        (TestValue::List(left), TestValue::List(right)) if left.len() == right.len() => {
            TestValue::List(left.iter().zip(right).map(|(left, right)| aligned(left, right)).collect())
        }
        _ => actual.clone(),
    }
}

/// The lines of both, marked `-` (expected) and `+` (actual). Nothing if both have one line.
pub(super) fn diff(expected: &str, actual: &str) -> Option<String> {
    if !expected.contains('\n') && !actual.contains('\n') {
        return None;
    }
    let (expected, actual) = (format!("{}\n", expected.trim_end()), format!("{}\n", actual.trim_end()));
    let diff = TextDiff::from_lines(&expected, &actual);
    let line = |tag: ChangeTag, text: &str| match tag {
        ChangeTag::Equal => format!("  {text}"),
        ChangeTag::Delete => format!("- {text}"),
        ChangeTag::Insert => format!("+ {text}"),
    };
    let group = |group: Vec<_>| {
        let changes = group.iter().flat_map(|operation| diff.iter_changes(operation));
        changes.map(|change| line(change.tag(), change.value())).collect::<String>()
    };
    let around =
        if expected.lines().count() + actual.lines().count() > LONG_DIFF { CONTEXT_LINES } else { usize::MAX / 2 };
    let groups: Vec<String> = diff.grouped_ops(around).into_iter().map(group).collect();
    Some(groups.join("  …\n").trim_end().to_owned())
}
