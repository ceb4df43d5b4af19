//! JSON as tests write it.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{StringLiteral, TestJson, TestJsonKind};

impl TreeBuilder<'_> {
    pub(super) fn next_json(&mut self, pairs: &mut RulePairs<'_>) -> Option<TestJson> {
        let pair = self.next(pairs)?;
        let span = self.span(&pair);
        self.nested(span, |builder| builder.json(pair))
    }

    pub(super) fn json(&mut self, pair: RulePair<'_>) -> Option<TestJson> {
        let start = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::json_object => TestJsonKind::Object(self.all(&mut pair.into_inner(), Self::json_member)?),
            Rule::json_array => TestJsonKind::Array(self.all(&mut pair.into_inner(), Self::next_json)?),
            Rule::string | Rule::raw => TestJsonKind::Text(self.text(&pair, BraceMode::Plain).value),
            Rule::number => {
                self.leaf(&pair);
                TestJsonKind::Number(pair.as_str().into())
            }
            Rule::channel_member => TestJsonKind::Hole(self.channel_name(pair)?.text),
            _ => {
                self.leaf(&pair);
                word(pair.as_str())
            }
        };
        Some(TestJson { kind, span: self.until_here(start) })
    }

    fn json_member(&mut self, pairs: &mut RulePairs<'_>) -> Option<(StringLiteral, TestJson)> {
        let mut parts = self.next(pairs)?.into_inner();
        Some((self.next_key(&mut parts)?, self.next_json(&mut parts)?))
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
