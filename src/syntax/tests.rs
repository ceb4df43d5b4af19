//! The lists of words and signs that stand beside the grammar, held to it.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar uses few of the operators that pest has")]

use super::lex::SIGNS;
use super::words::{self, DECLARATIONS};
use pest_meta::ast::Expr;
use pest_meta::parser::{self, Rule};
use std::collections::{BTreeMap, BTreeSet};

type Words = BTreeSet<String>;

/// The rules of the grammar files, by name.
struct GrammarRules(BTreeMap<String, Expr>);

impl GrammarRules {
    fn read() -> Self {
        let files = [
            include_str!("../../grammar/lexical.pest"),
            include_str!("../../grammar/expression.pest"),
            include_str!("../../grammar/rules.pest"),
        ];
        let text = files.concat();
        let rules = parser::consume_rules(parser::parse(Rule::grammar_rules, &text).unwrap()).unwrap();
        Self(rules.into_iter().map(|rule| (rule.name, rule.expr)).collect())
    }

    fn rule(&self, name: &str) -> &Expr {
        &self.0[name]
    }

    /// The words and signs with which a rule may begin.
    fn beginnings(&self, name: &str) -> Words {
        let mut found = Words::new();
        self.add_beginnings(self.rule(name), &mut found);
        found
    }

    /// Adds the beginnings of an expression; says whether it may be empty.
    fn add_beginnings(&self, expression: &Expr, found: &mut Words) -> bool {
        match expression {
            Expr::Str(text) => {
                found.insert(text.clone());
                text.is_empty()
            }
            // A rule of pest's own is not a word.
            Expr::Ident(name) => self.0.get(name).is_some_and(|rule| self.add_beginnings(rule, found)),
            Expr::Seq(first, rest) => self.add_beginnings(first, found) && self.add_beginnings(rest, found),
            Expr::Choice(one, other) => self.add_beginnings(one, found) | self.add_beginnings(other, found),
            Expr::Opt(inner) | Expr::Rep(inner) => {
                self.add_beginnings(inner, found);
                true
            }
            Expr::RepOnce(inner) => self.add_beginnings(inner, found),
            Expr::PosPred(_) | Expr::NegPred(_) => true,
            other => panic!("the grammar has an operator that this test does not know: {other}"),
        }
    }

    /// Every text that stands in a rule itself.
    fn texts(&self, name: &str) -> Words {
        self.rule(name).iter_top_down().filter_map(text).collect()
    }
}

fn text(expression: Expr) -> Option<String> {
    if let Expr::Str(text) = expression { Some(text) } else { None }
}

fn set(words: &[&str]) -> Words {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn words_are_those_of_the_grammar() {
    let grammar = GrammarRules::read();
    assert_eq!(set(DECLARATIONS), grammar.beginnings("declaration"));
    assert_eq!(set(words::RESERVED), grammar.texts("reserved"));
    assert_eq!(set(words::ROUTING), grammar.beginnings("line"));
    // A moment begins with a sign.
    let mut steps = grammar.beginnings("test_statement");
    steps.remove("+");
    assert_eq!(set(words::TEST), steps);
    let mut lines = grammar.beginnings("prove_statement");
    lines.retain(|word| !["mapping", "integration", "channel"].contains(&word.as_str()));
    assert_eq!(set(words::PROVE), lines);
    let mut lines = grammar.beginnings("heartbeat_line");
    lines.remove("_");
    assert_eq!(lines.difference(&set(words::HEARTBEAT)).count(), 0, "{lines:?}");
    // A field's name is a word of its own, which the grammar does not list.
    let mut statements = grammar.beginnings("statement");
    statements.remove("_");
    assert_eq!(statements.difference(&set(words::MAPPING)).count(), 0, "{statements:?}");
}

#[test]
fn keywords_are_those_of_the_grammar() {
    let grammar = GrammarRules::read();
    let rules = grammar.0.keys().filter(|rule| rule.starts_with("k_"));
    let mut all: Words = rules.flat_map(|rule| grammar.beginnings(rule)).collect();
    all.insert("events".to_owned());
    assert_eq!(set(words::KEYWORDS), all);
}

#[test]
fn signs_are_those_of_the_grammar() {
    let grammar = GrammarRules::read();
    let is_sign = |text: &String| text.len() > 1 && text.chars().all(|letter| letter.is_ascii_punctuation());
    // The lexer reads a template as one string, doubled braces included.
    let all = grammar.0.keys().filter(|rule| *rule != "template").flat_map(|rule| grammar.texts(rule));
    for sign in all.filter(is_sign) {
        assert!(SIGNS.contains(&sign.as_str()), "the lexer splits `{sign}`");
    }
    let operators = grammar.beginnings("comparison");
    let negation = set(&["not"]);
    assert_eq!(set(words::SIGNS), operators.difference(&negation).cloned().collect());
}
