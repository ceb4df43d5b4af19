//! What the rules say of an alert, as the tracker of holds takes it.

use super::RuleSet;
use crate::evaluate::{self, EvaluationContext, HoldBudget, HoldFacts, MuteMatch, Observer, SourceMatch};
use crate::event::Event;
use crate::notification::holds::{AlertFacts, HoldCandidate, MuteCandidate, SourceId, SourceRole};
use crate::text::shorten;

/// How many characters of the words of a mute are kept for each alert.
const MAX_REASON: usize = 1_000;

impl RuleSet {
    /// Which mutes may hold the alert of an event that fires, and for which it is a source. Silences are not among them. Once the
    /// budget is spent, nothing may hold it.
    pub fn alert_facts<O: Observer>(
        &self,
        event: &Event<'_>,
        context: &EvaluationContext<'_>,
        budget: &mut HoldBudget,
        observer: &mut O,
    ) -> AlertFacts {
        let HoldFacts { mutes, sources } = evaluate::hold_facts(&self.program, event, context, budget, observer);
        let candidate = |MuteMatch { mute, same, because }: MuteMatch<'_>| {
            let mute = self.program.mutes.all.get(mute)?;
            let channels = mute.channels.as_ref();
            Some(HoldCandidate::Mute(MuteCandidate {
                mute: mute.name.to_string(),
                place: mute.location.to_string(),
                source: same.map(|same| SourceId::of(&mute.name, same.iter().map(|(_, text)| text.as_str()))),
                channels: channels.map(|channels| channels.iter().map(ToString::to_string).collect()),
                because: shorten(&because, MAX_REASON),
            }))
        };
        let role = |SourceMatch { mute, same }: SourceMatch<'_>| {
            let mute = self.program.mutes.all.get(mute)?;
            let source = SourceId::of(&mute.name, same.iter().map(|(_, text)| text.as_str()));
            Some(SourceRole { source, until_after: mute.until_after() })
        };
        AlertFacts {
            candidates: mutes.into_iter().filter_map(candidate).collect(),
            roles: sources.into_iter().filter_map(role).collect(),
            ..AlertFacts::default()
        }
    }
}
