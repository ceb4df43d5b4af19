//! Whether what came out is what was expected, and how the two differ.

use super::shown::Shown;
use crate::json::Number;
use similar::{ChangeTag, TextDiff};

/// From so many lines on, a diff shows only what lies around its differences.
const LONG: usize = 60;
/// So many lines of it.
const AROUND: usize = 4;

/// Whether `actual` holds all that `expected` names. Lists have the same length; their objects are subsets in turn.
pub(super) fn holds(expected: &Shown, actual: &Shown) -> bool {
    match (expected, actual) {
        (Shown::Object(members), Shown::Object(_)) => {
            members.iter().all(|(name, value)| holds(value, actual.member(name)))
        }
        (Shown::List(left), Shown::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| holds(left, right))
        }
        _ => same(expected, actual),
    }
}

/// Whether the two are the same; the order of members does not count, `1` is `1.0`, and an absent member is *missing*.
pub(super) fn same(left: &Shown, right: &Shown) -> bool {
    match (left, right) {
        (Shown::Missing, Shown::Missing) | (Shown::Null, Shown::Null) => true,
        (Shown::Boolean(left), Shown::Boolean(right)) => left == right,
        (Shown::Number(left), Shown::Number(right)) => left == right || equal_numbers(left, right),
        (Shown::Text(left), Shown::Text(right)) | (Shown::Name(left), Shown::Name(right)) => left == right,
        (Shown::List(left), Shown::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Shown::Object(members), Shown::Object(others)) => {
            members.iter().all(|(name, value)| same(value, right.member(name)))
                && others.iter().all(|(name, value)| same(left.member(name), value))
        }
        _ => false,
    }
}

fn equal_numbers(left: &str, right: &str) -> bool {
    matches!((left.parse::<Number>(), right.parse::<Number>()), (Ok(left), Ok(right)) if left == right)
}

/// The part of `actual` that `expected` speaks of, in the order of `expected`.
pub(super) fn projected(expected: &Shown, actual: &Shown) -> Shown {
    match (expected, actual) {
        (Shown::Object(members), Shown::Object(_)) => {
            let member =
                |(name, value): &(Box<str>, Shown)| (name.clone(), projected(value, actual.member(name)));
            Shown::Object(members.iter().map(member).collect())
        }
        (Shown::List(left), Shown::List(right)) if left.len() == right.len() => {
            Shown::List(left.iter().zip(right).map(|(left, right)| projected(left, right)).collect())
        }
        _ => actual.clone(),
    }
}

/// All of `actual`, the members that `expected` names first and in its order, so that a diff shows no moved lines.
pub(super) fn aligned(expected: &Shown, actual: &Shown) -> Shown {
    match (expected, actual) {
        (Shown::Object(members), Shown::Object(others)) => {
            let named = members.iter().filter(|(name, _)| !matches!(actual.member(name), Shown::Missing));
            let named = named.map(|(name, value)| (name.clone(), aligned(value, actual.member(name))));
            let unnamed = others.iter().filter(|(name, _)| members.iter().all(|(known, _)| known != name));
            Shown::Object(named.chain(unnamed.cloned()).collect())
        }
        (Shown::List(left), Shown::List(right)) if left.len() == right.len() => {
            Shown::List(left.iter().zip(right).map(|(left, right)| aligned(left, right)).collect())
        }
        _ => actual.clone(),
    }
}

/// The lines of both, marked: `-` expected, `+` actual. Nothing where neither has more than one line.
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
        if expected.lines().count() + actual.lines().count() > LONG { AROUND } else { usize::MAX / 2 };
    let groups: Vec<String> = diff.grouped_ops(around).into_iter().map(group).collect();
    Some(groups.join("  …\n").trim_end().to_owned())
}
