//! Heartbeats.

use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{Heartbeat, HeartbeatLine, HeartbeatLineKind};

impl TreeBuilder<'_> {
    pub(super) fn heartbeat(&mut self, pairs: &mut RulePairs<'_>) -> Option<Heartbeat> {
        let name = self.next_name(pairs)?;
        Some(Heartbeat { name, lines: self.readable_with_allows(pairs, Self::heartbeat_line) })
    }

    fn heartbeat_line(&mut self, pair: RulePair<'_>) -> Option<HeartbeatLine> {
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        let kind = match rule {
            Rule::beat_when => HeartbeatLineKind::When(self.value(&mut parts)?),
            Rule::beat_by => HeartbeatLineKind::By(self.all(&mut parts, Self::value)?),
            Rule::beat_timeout => HeartbeatLineKind::Timeout(self.next_name(&mut parts)?),
            Rule::beat_target => HeartbeatLineKind::Target(self.destinations(&mut parts)?),
            Rule::labels => HeartbeatLineKind::Labels(self.readable(&mut parts, Self::label_entry)),
            _ => {
                let name = self.next_name(&mut parts)?;
                HeartbeatLineKind::Field(name, self.value(&mut parts)?)
            }
        };
        Some(HeartbeatLine { kind, span: self.until_here(start) })
    }
}
