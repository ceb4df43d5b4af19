//! JSON as tests write it.

use super::strings::Braces;
use super::{Builder, Pair, Pairs, Rule};
use crate::syntax::tree::{Json, JsonKind};

impl Builder<'_> {
    pub(super) fn next_json(&mut self, pairs: &mut Pairs<'_>) -> Option<Json> {
        let pair = self.next(pairs)?;
        let span = self.span(&pair);
        self.nested(span, |builder| builder.json(pair))
    }

    pub(super) fn json(&mut self, pair: Pair<'_>) -> Option<Json> {
        let start = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::json_object => self.json_object(&mut pair.into_inner())?,
            Rule::json_array => {
                let mut pairs = pair.into_inner();
                let mut elements = Vec::new();
                while self.peek(&mut pairs).is_some() {
                    elements.push(self.next_json(&mut pairs)?);
                }
                JsonKind::Array(elements)
            }
            Rule::string | Rule::raw => JsonKind::Text(self.text(&pair, Braces::Plain).value),
            Rule::number => {
                self.leaf(&pair);
                JsonKind::Number(pair.as_str().into())
            }
            _ => {
                self.leaf(&pair);
                word(pair.as_str())
            }
        };
        Some(Json { kind, span: self.until_here(start) })
    }

    fn json_object(&mut self, pairs: &mut Pairs<'_>) -> Option<JsonKind> {
        let mut members = Vec::new();
        while let Some(member) = self.next(pairs) {
            let mut parts = member.into_inner();
            let key = self.next(&mut parts)?;
            let key = self.key(&key);
            members.push((key, self.next_json(&mut parts)?));
        }
        Some(JsonKind::Object(members))
    }
}

fn word(text: &str) -> JsonKind {
    match text {
        "null" => JsonKind::Null,
        "missing" => JsonKind::Missing,
        "true" => JsonKind::Boolean(true),
        "false" => JsonKind::Boolean(false),
        _ if text.starts_with(|first: char| first.is_ascii_uppercase()) => JsonKind::Constant(text.into()),
        _ => JsonKind::Hole(text.into()),
    }
}
