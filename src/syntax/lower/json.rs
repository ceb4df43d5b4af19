//! JSON as tests write it.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{TestJson, TestJsonKind};

impl TreeBuilder<'_> {
    pub(super) fn next_json(&mut self, pairs: &mut RulePairs<'_>) -> Option<TestJson> {
        let pair = self.next(pairs)?;
        let span = self.span(&pair);
        self.nested(span, |builder| builder.json(pair))
    }

    pub(super) fn json(&mut self, pair: RulePair<'_>) -> Option<TestJson> {
        let start = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::json_object => self.json_object(&mut pair.into_inner())?,
            Rule::json_array => {
                let mut pairs = pair.into_inner();
                let mut elements = Vec::new();
                while self.peek(&mut pairs).is_some() {
                    elements.push(self.next_json(&mut pairs)?);
                }
                TestJsonKind::Array(elements)
            }
            Rule::string | Rule::raw => TestJsonKind::Text(self.text(&pair, BraceMode::Plain).value),
            Rule::number => {
                self.leaf(&pair);
                TestJsonKind::Number(pair.as_str().into())
            }
            _ => {
                self.leaf(&pair);
                word(pair.as_str())
            }
        };
        Some(TestJson { kind, span: self.until_here(start) })
    }

    fn json_object(&mut self, pairs: &mut RulePairs<'_>) -> Option<TestJsonKind> {
        let mut members = Vec::new();
        while let Some(member) = self.next(pairs) {
            let mut parts = member.into_inner();
            let key = self.next(&mut parts)?;
            let key = self.key(&key);
            members.push((key, self.next_json(&mut parts)?));
        }
        Some(TestJsonKind::Object(members))
    }
}

fn word(text: &str) -> TestJsonKind {
    match text {
        "null" => TestJsonKind::Null,
        "missing" => TestJsonKind::Missing,
        "true" => TestJsonKind::Boolean(true),
        "false" => TestJsonKind::Boolean(false),
        _ if text.starts_with(|first: char| first.is_ascii_uppercase()) => TestJsonKind::Constant(text.into()),
        _ => TestJsonKind::Hole(text.into()),
    }
}
