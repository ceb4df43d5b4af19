//! Mutes.

use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{Mute, MuteSource};

impl TreeBuilder<'_> {
    pub(super) fn mute(&mut self, pairs: &mut RulePairs<'_>) -> Option<Mute> {
        let name = self.next_name(pairs)?;
        self.lower_case(&name, "mute");
        let channels = match self.take(Rule::mute_channels, pairs) {
            Some(channels) => self.destinations(&mut channels.into_inner())?,
            None => Vec::new(),
        };
        let when = self.value(pairs)?;
        let source = match self.take(Rule::mute_source, pairs) {
            Some(source) => Some(self.mute_source(source)?),
            None => None,
        };
        let because = self.next_words(pairs)?;
        Some(Mute { name, channels, when, source, because })
    }

    fn mute_source(&mut self, pair: RulePair<'_>) -> Option<MuteSource> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let condition = self.value(&mut parts)?;
        let mut same = vec![self.value(&mut parts)?];
        let mut until_after = None;
        while let Some(next) = self.peek(&mut parts) {
            if next == Rule::mute_after {
                let mut after = self.next(&mut parts)?.into_inner();
                until_after = Some(self.next_name(&mut after)?);
                self.finish(&mut after);
            } else {
                same.push(self.value(&mut parts)?);
            }
        }
        Some(MuteSource { condition, same, until_after, span: self.until_here(start) })
    }
}
