//! Mappings.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{LabelEntry, Mapping, MappingStatement, MappingStatementKind};

impl TreeBuilder<'_> {
    pub(super) fn mapping(&mut self, pairs: &mut RulePairs<'_>) -> Option<Mapping> {
        let name = self.next_name(pairs)?;
        let mut statements = Vec::new();
        loop {
            let allows = self.allows(pairs);
            let Some(pair) = self.next(pairs) else { break };
            let start = self.span(&pair);
            let kind = self.statement(pair);
            let span = self.until_here(start);
            self.cover(allows, span);
            statements.extend(kind.map(|kind| MappingStatement { kind, span }));
        }
        Some(Mapping { name, statements })
    }

    fn statement(&mut self, pair: RulePair<'_>) -> Option<MappingStatementKind> {
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        Some(match rule {
            Rule::accept => {
                let condition = self.value(&mut parts)?;
                let reason = self.take(Rule::reason, &mut parts);
                MappingStatementKind::Accept(
                    condition,
                    reason.and_then(|reason| self.next_words(&mut reason.into_inner())),
                )
            }
            Rule::each => {
                let path = self.next(&mut parts)?;
                MappingStatementKind::Each(self.path(&path))
            }
            Rule::let_ => {
                let name = self.next_name(&mut parts)?;
                self.lower_case(&name, "let");
                MappingStatementKind::Let(name, self.value(&mut parts)?)
            }
            Rule::drop => {
                let condition = self.value(&mut parts)?;
                MappingStatementKind::Drop(condition, self.next_words(&mut parts)?)
            }
            Rule::labels => MappingStatementKind::Labels(self.label_entries(&mut parts)),
            _ => {
                let name = self.next_name(&mut parts)?;
                MappingStatementKind::Field(name, self.value(&mut parts)?)
            }
        })
    }

    fn label_entries(&mut self, pairs: &mut RulePairs<'_>) -> Vec<LabelEntry> {
        let mut entries = Vec::new();
        while let Some(pair) = self.next(pairs) {
            let entry = self.label_entry(pair);
            entries.extend(entry);
        }
        entries
    }

    fn label_entry(&mut self, pair: RulePair<'_>) -> Option<LabelEntry> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        if rule == Rule::spread {
            let value = self.value(&mut parts)?;
            let except =
                if self.take(Rule::k_except, &mut parts).is_some() { self.texts(&mut parts) } else { Vec::new() };
            self.finish(&mut parts);
            return Some(LabelEntry::Spread { value, except, span: self.until_here(start) });
        }
        let key = self.next(&mut parts)?;
        let key = self.key(&key);
        Some(LabelEntry::Set(key, self.value(&mut parts)?))
    }

    /// The string that comes next, whose braces are braces.
    pub(super) fn next_text(&mut self, pairs: &mut RulePairs<'_>) -> Option<crate::syntax::tree::StringLiteral> {
        let pair = self.next(pairs)?;
        Some(self.text(&pair, BraceMode::Plain))
    }
}
