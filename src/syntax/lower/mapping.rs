//! Mappings.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{LabelEntry, Mapping, MappingStatement, MappingStatementKind, StringLiteral};

impl TreeBuilder<'_> {
    pub(super) fn mapping(&mut self, pairs: &mut RulePairs<'_>) -> Option<Mapping> {
        let name = self.next_name(pairs)?;
        Some(Mapping { name, statements: self.readable_with_allows(pairs, Self::statement) })
    }

    fn statement(&mut self, pair: RulePair<'_>) -> Option<MappingStatement> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        let kind = match rule {
            Rule::accept => {
                let condition = self.value(&mut parts)?;
                let reason = self.take(Rule::reason, &mut parts);
                MappingStatementKind::Accept(
                    condition,
                    reason.and_then(|reason| self.next_words(&mut reason.into_inner())),
                )
            }
            Rule::each => MappingStatementKind::Each(self.value(&mut parts)?),
            Rule::let_ => {
                let name = self.next_name(&mut parts)?;
                self.lower_case(&name, "let");
                MappingStatementKind::Let(name, self.value(&mut parts)?)
            }
            Rule::drop => {
                let condition = self.value(&mut parts)?;
                MappingStatementKind::Drop(condition, self.next_words(&mut parts)?)
            }
            Rule::labels => MappingStatementKind::Labels(self.readable(&mut parts, Self::label_entry)),
            _ => {
                let name = self.next_name(&mut parts)?;
                MappingStatementKind::Field(name, self.value(&mut parts)?)
            }
        };
        Some(MappingStatement { kind, span: self.until_here(start) })
    }

    pub(super) fn label_entry(&mut self, pair: RulePair<'_>) -> Option<LabelEntry> {
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
        Some(LabelEntry::Set(self.next_key(&mut parts)?, self.value(&mut parts)?))
    }

    /// The string that comes next, whose braces are braces.
    pub(super) fn next_text(&mut self, pairs: &mut RulePairs<'_>) -> Option<StringLiteral> {
        let pair = self.next(pairs)?;
        Some(self.text(&pair, BraceMode::Plain))
    }
}
