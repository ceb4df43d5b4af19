//! Arms in, findings out, over a small notation of patterns.

use super::{ArmKind, ArmPatterns, check_arms};
use crate::diagnostic::Findings;
use crate::event::{AlertStatus, Severity};
use crate::model::{Comparator, Expression, ExpressionKind, Literal, OrderRelation, Pattern, TextTest};
use crate::pattern::{Case, Glob, MatchScope, Network, PiecePosition, RegexPattern};
use crate::source::{FileId, Sources, Span};
use crate::value::ValueType;
use std::fmt::Write;
use std::sync::Arc;

fn value(text: &str, types: ValueType, file: FileId) -> Expression {
    let literal = match text {
        "missing" => Literal::Missing,
        "null" => Literal::Null,
        "true" | "false" => Literal::Boolean(text == "true"),
        "Firing" => Literal::Status(AlertStatus::Firing),
        "Resolved" => Literal::Status(AlertStatus::Resolved),
        _ => match Severity::ALL.into_iter().find(|severity| severity.name() == text) {
            Some(severity) => Literal::Severity(severity),
            None if text.starts_with('"') => Literal::Text(text.trim_matches('"').into()),
            None => Literal::Number(text.parse().expect("a number")),
        },
    };
    Expression { kind: ExpressionKind::Literal(literal), types, span: Span::new(file, 0, 0) }
}

fn pattern(text: &str, case: Case, span: Span) -> Pattern {
    let unquoted = |text: &str| text.trim_matches('"').to_owned();
    let operand = |text: &str| value(text, ValueType::JSON, span.file);
    let Some((word, rest)) = text.split_once(' ').filter(|_| !text.starts_with('"')) else {
        return if text == "_" { Pattern::Any } else { Pattern::Test(Comparator::Equal(operand(text)), span) };
    };
    let regex = |text: &str| {
        let (_, after) = text.split_once('/').expect("a slash");
        let (body, flags) = after.rsplit_once('/').expect("a slash");
        Arc::new(RegexPattern::new(body, flags, case).expect("a regex"))
    };
    let comparator = match word {
        "<" => Comparator::Order(OrderRelation::Less, operand(rest)),
        "<=" => Comparator::Order(OrderRelation::LessOrEqual, operand(rest)),
        ">" => Comparator::Order(OrderRelation::Greater, operand(rest)),
        ">=" => Comparator::Order(OrderRelation::GreaterOrEqual, operand(rest)),
        "like" => Comparator::Text(TextTest::Like(
            rest.split(',').map(|glob| Glob::new(&unquoted(glob), case).expect("a glob")).collect(),
        )),
        "cidr" => Comparator::Text(TextTest::Cidr([Network::new(&unquoted(rest)).expect("a network")].into())),
        "matches" => Comparator::Text(TextTest::Regex(MatchScope::Whole, regex(rest))),
        "finds" => Comparator::Text(TextTest::Regex(MatchScope::Anywhere, regex(rest))),
        "contains" => Comparator::Text(TextTest::Piece(PiecePosition::Anywhere, operand(rest))),
        "starts" => Comparator::Text(TextTest::Piece(PiecePosition::Start, operand(rest))),
        "ends" => Comparator::Text(TextTest::Piece(PiecePosition::End, operand(rest))),
        word => panic!("no pattern begins with {word}"),
    };
    Pattern::Test(comparator, span)
}

/// Arms are lines; columns stand between `;`, alternatives between `|`.
fn heads(text: &str, case: Case) -> (Sources, Vec<ArmPatterns>, Span) {
    let mut sources = Sources::default();
    let file = sources.add("m.rules", text);
    let mut arms: Vec<ArmPatterns> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let place = |part: &str| {
            let start = part.as_ptr() as usize - text.as_ptr() as usize;
            Span::new(file, start, start + part.len())
        };
        let alternative = |part: &str| pattern(part.trim(), case, place(part.trim()));
        let cells = line.split(';').map(|cell| cell.split('|').map(alternative).collect());
        let (columns, kind) = match line {
            "else" => (Vec::new(), ArmKind::Else),
            _ => (cells.collect(), ArmKind::Patterns),
        };
        arms.push(ArmPatterns { columns, kind, span: place(line) });
    }
    (sources, arms, Span::new(file, 0, 0))
}

fn check(columns: &[ValueType], case: Case, text: &str) -> String {
    let (sources, heads, place) = heads(text, case);
    let mut diagnostics = Findings::default();
    check_arms(columns, case, &heads, place, &mut diagnostics);
    let mut out = String::new();
    for found in diagnostics.kept() {
        write!(out, "{} {}", found.code.id, found.message).unwrap();
        for (span, _) in &found.related {
            write!(out, " <- {}", sources.text(*span)).unwrap();
        }
        for note in &found.notes {
            write!(out, " ({note})").unwrap();
        }
        out.push('\n');
    }
    out
}

const MAYBE_TEXT: ValueType = ValueType::JSON;

#[test]
fn constants_are_covered_one_by_one() {
    let severity = [ValueType::SEVERITY];
    assert_eq!(check(&severity, Case::Sensitive, "Critical\nWarning\nInfo"), "");
    assert_eq!(check(&severity, Case::Sensitive, "Critical\n< Critical"), "");
    assert_eq!(check(&severity, Case::Sensitive, "Critical\nWarning"), "E0080 no arm covers `Info`\n");
    assert_eq!(check(&severity, Case::Sensitive, ">= Warning\nInfo\nelse"), "E0081 `else` can never be chosen\n");
    assert_eq!(
        check(&severity, Case::Sensitive, ">= Warning\nCritical\nInfo"),
        "E0081 the arm `Critical` can never be chosen <- >= Warning\n"
    );
    assert_eq!(
        check(&severity, Case::Sensitive, "Critical\nWarning | Critical\nInfo"),
        "E0081 `Critical` can never be chosen <- Critical\n"
    );
}

#[test]
fn strings_are_shown_as_rules_write_them() {
    assert_eq!(
        check(&[ValueType::TEXT], Case::Sensitive, "\"it's {x}\"\n\"it's {x}\"\nelse"),
        "E0081 the arm `\"it's {{x}}\"` can never be chosen <- \"it's {x}\"\n"
    );
}

#[test]
fn strings_need_an_else() {
    assert_eq!(
        check(&[ValueType::TEXT], Case::Sensitive, "\"a\"\nlike \"b*\""),
        "E0080 no arm covers any other string\n"
    );
    assert_eq!(check(&[ValueType::TEXT], Case::Sensitive, "\"a\"\nlike \"*\""), "");
    assert_eq!(
        check(&[ValueType::TEXT | ValueType::MISSING | ValueType::NULL], Case::Sensitive, "like \"*\""),
        "E0080 no arm covers `missing`\n"
    );
    assert_eq!(check(&[MAYBE_TEXT], Case::Sensitive, "\"a\"\nmissing\nelse"), "");
    assert_eq!(check(&[MAYBE_TEXT], Case::Sensitive, "null\nmissing\n_"), "");
    assert_eq!(
        check(&[MAYBE_TEXT], Case::Sensitive, "missing\nnull\n_"),
        "E0081 the arm `null` can never be chosen <- missing\n"
    );
    assert_eq!(
        check(&[ValueType::TEXT], Case::Sensitive, "else\n\"a\""),
        "E0081 the arm `\"a\"` can never be chosen <- else\n"
    );
}

#[test]
fn broader_tests_hold_narrower_ones() {
    let dead = |text: &str| check(&[ValueType::TEXT], Case::Sensitive, &format!("{text}\nelse"));
    for text in [
        "like \"a*\"\n\"abc\"",
        "starts \"ab\"\nstarts \"abc\"",
        "starts \"ab\"\nlike \"abc*d\"",
        "ends \"c\"\nends \"bc\"",
        "contains \"b\"\nstarts \"abc\"",
        "finds /b+/\n\"abbc\"",
        "finds /b+/\nfinds /b+/",
        "finds /b+/\nmatches /b+/",
        "like \"a?c\"\nlike \"abc\"",
        "like \"a?*\"\nlike \"a?c\"",
        "cidr \"10.0.0.0/8\"\ncidr \"10.1.0.0/16\"",
        "cidr \"10.0.0.0/8\"\n\"10.1.2.3:9100\"",
        "starts \"a*\"\nstarts \"a*b\"",
    ] {
        assert!(dead(text).starts_with("E0081"), "{text}");
    }
    for text in [
        "like \"a?\"\nlike \"a*\"",
        "starts \"abc\"\nstarts \"ab\"",
        "finds /b+/\nfinds /b+/i",
        "matches /b+/\nfinds /b+/",
        "\"abc\"\nlike \"a*\"",
        "like \"a*\"\nstarts \"*\"",
        "starts \"a*\"\nstarts \"ab\"",
    ] {
        assert_eq!(dead(text), "", "{text}");
    }
}

#[test]
fn letter_case_may_make_arms_equal() {
    assert_eq!(
        check(&[ValueType::TEXT], Case::Ignored, "\"P1\" | \"p1\"\nelse"),
        "E0081 `\"p1\"` can never be chosen <- \"P1\" (under `ignore case`, `\"P1\"` and `\"p1\"` are the same)\n"
    );
    assert_eq!(check(&[ValueType::TEXT], Case::Sensitive, "\"P1\" | \"p1\"\nelse"), "");
    assert!(check(&[ValueType::TEXT], Case::Ignored, "starts \"A\"\n\"abc\"\nelse").starts_with("E0081"));
    assert!(check(&[ValueType::TEXT], Case::Ignored, "like \"ABC\"\n\"abc\"\nelse").starts_with("E0081"));
}

#[test]
fn numbers_are_intervals() {
    let number = [ValueType::NUMBER];
    assert_eq!(check(&number, Case::Sensitive, "< 10\n>= 10"), "");
    assert_eq!(check(&number, Case::Sensitive, "< 10\n> 10"), "E0080 no arm covers `10`\n");
    assert_eq!(
        check(&number, Case::Sensitive, "< 10\n> 20"),
        "E0080 no arm covers `10`, a number between 10 and 20, `20`\n"
    );
    assert_eq!(check(&number, Case::Sensitive, "1\n1.0\nelse"), "E0081 the arm `1.0` can never be chosen <- 1\n");
    assert_eq!(check(&number, Case::Sensitive, "< 10\n< 5\nelse"), "E0081 the arm `< 5` can never be chosen <- < 10\n");
    assert_eq!(check(&number, Case::Sensitive, "< 10\n< 15\nelse"), "");
    assert_eq!(check(&number, Case::Sensitive, "< 10\n> 3\n5\nelse").lines().count(), 2);
}

#[test]
fn columns_count_together() {
    let columns = [ValueType::SEVERITY, ValueType::STATUS];
    assert_eq!(check(&columns, Case::Sensitive, "Critical;_\n_;Resolved\n< Critical;Firing"), "");
    assert_eq!(
        check(&columns, Case::Sensitive, "Critical;_\n_;Resolved\nWarning;Firing"),
        "E0080 no arm covers `(Info, Firing)`\n"
    );
    assert_eq!(
        check(&columns, Case::Sensitive, "Critical;_\n< Critical;_\n_;Resolved"),
        "E0081 the arm `_, Resolved` can never be chosen\n"
    );
    assert_eq!(
        check(&[ValueType::TEXT, ValueType::BOOLEAN], Case::Sensitive, "\"gold\";true\n\"silver\";_"),
        "E0080 no arm covers `(\"gold\", false)`, `(any other string, _)`\n"
    );
    assert_eq!(
        check(&[ValueType::TEXT, ValueType::TEXT], Case::Sensitive, "\"a\";\"b\"\n\"a\" | \"c\";\"b\" | \"d\"\nelse"),
        ""
    );
}

#[test]
fn broken_columns_say_nothing() {
    assert_eq!(check(&[ValueType::UNKNOWN], Case::Sensitive, "\"a\""), "");
    assert_eq!(check(&[ValueType::SEVERITY], Case::Sensitive, "\"Critical\"\nWarning"), "");
    assert_eq!(check(&[ValueType::TEXT], Case::Sensitive, "\"a\";\"b\""), "");
}

#[test]
fn large_tables_are_quick() {
    let mut rows = String::new();
    for at in 0..10_000 {
        let cell = |column: usize, value: usize| {
            if at % 7 == column { "_".to_owned() } else { format!("\"v{value}\"") }
        };
        let cells = [cell(0, at), cell(1, at % 100), cell(2, at % 10), cell(3, at % 3)];
        writeln!(rows, "{}", cells.join(";")).unwrap();
    }
    rows.push_str("\"v6\";\"v6\";\"v6\";\"v0\"\n");
    let found = check(&[ValueType::TEXT; 4], Case::Sensitive, &format!("{rows}else"));
    assert!(found.lines().count() >= 1, "{found}");
    let mut hostile = String::new();
    let mut globs = String::new();
    for at in 0..3_000 {
        writeln!(
            hostile,
            "< {at};_;> {at};_
_;< {at};_;> {at}"
        )
        .unwrap();
        writeln!(globs, "like \"*a{at}*\" | \"a{at}\"").unwrap();
    }
    assert!(check(&[ValueType::NUMBER; 4], Case::Sensitive, &hostile).contains("E0080"));
    assert_eq!(check(&[ValueType::TEXT], Case::Sensitive, &format!("{globs}else")).lines().count(), 0);
}
