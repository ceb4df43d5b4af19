//! Mappings.

use super::strings::Braces;
use super::{Builder, Pair, Pairs, Rule};
use crate::syntax::tree::{LabelEntry, Mapping, Statement, StatementKind};

impl Builder<'_> {
    pub(super) fn mapping(&mut self, pairs: &mut Pairs<'_>) -> Option<Mapping> {
        let name = self.next_name(pairs)?;
        let mut statements = Vec::new();
        loop {
            let allows = self.allows(pairs);
            let Some(pair) = self.next(pairs) else { break };
            let start = self.span(&pair);
            let kind = self.statement(pair);
            let span = self.until_here(start);
            self.cover(allows, span);
            statements.extend(kind.map(|kind| Statement { kind, span }));
        }
        Some(Mapping { name, statements })
    }

    fn statement(&mut self, pair: Pair<'_>) -> Option<StatementKind> {
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        Some(match rule {
            Rule::accept => {
                let condition = self.value(&mut parts)?;
                let reason = self.take(Rule::reason, &mut parts);
                StatementKind::Accept(
                    condition,
                    reason.and_then(|reason| self.next_words(&mut reason.into_inner())),
                )
            }
            Rule::each => {
                let path = self.next(&mut parts)?;
                StatementKind::Each(self.path(&path))
            }
            Rule::let_ => {
                let name = self.next_name(&mut parts)?;
                self.lower_case(&name, "let");
                StatementKind::Let(name, self.value(&mut parts)?)
            }
            Rule::drop => {
                let condition = self.value(&mut parts)?;
                StatementKind::Drop(condition, self.next_words(&mut parts)?)
            }
            Rule::labels => StatementKind::Labels(self.label_entries(&mut parts)),
            _ => {
                let name = self.next_name(&mut parts)?;
                StatementKind::Field(name, self.value(&mut parts)?)
            }
        })
    }

    fn label_entries(&mut self, pairs: &mut Pairs<'_>) -> Vec<LabelEntry> {
        let mut entries = Vec::new();
        while let Some(pair) = self.next(pairs) {
            let entry = self.label_entry(pair);
            entries.extend(entry);
        }
        entries
    }

    fn label_entry(&mut self, pair: Pair<'_>) -> Option<LabelEntry> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        if rule == Rule::spread {
            let value = self.value(&mut parts)?;
            let except = if self.take(Rule::k_except, &mut parts).is_some() {
                self.texts(&mut parts)
            } else {
                Vec::new()
            };
            self.finish(&mut parts);
            return Some(LabelEntry::Spread { value, except, span: self.until_here(start) });
        }
        let key = self.next(&mut parts)?;
        let key = self.key(&key);
        Some(LabelEntry::Set(key, self.value(&mut parts)?))
    }

    /// The string that comes next, whose braces are braces.
    pub(super) fn next_text(&mut self, pairs: &mut Pairs<'_>) -> Option<crate::syntax::tree::Text> {
        let pair = self.next(pairs)?;
        Some(self.text(&pair, Braces::Plain))
    }
}
