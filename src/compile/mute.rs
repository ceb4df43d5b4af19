//! Mutes.

use super::{Compiler, index};
use crate::model::{self, Model};
use crate::program::{ConditionSet, GroupValue, Mute, MuteSource, MuteTable, NodeId};
use std::sync::Arc;

impl Compiler {
    /// The mutes; channels are compiled before.
    pub(super) fn mutes(&mut self, model: &Model) -> MuteTable {
        let all: Vec<Mute> = model.mutes.iter().map(|mute| self.mute(model, mute)).collect();
        let whens = self.condition_set(all.iter().map(|mute| mute.when).collect());
        let sources = all.iter().enumerate().filter_map(|(id, mute)| Some((id, mute.source.as_ref()?.condition)));
        let (while_mutes, conditions): (Vec<usize>, Vec<NodeId>) = sources.unzip();
        let whiles = self.condition_set(conditions.into());
        MuteTable { all, whens, whiles, while_mutes: while_mutes.into() }
    }

    /// Conditions that are asked together.
    pub(super) fn condition_set(&self, conditions: Box<[NodeId]>) -> ConditionSet {
        let index = index::condition_index(&self.program, &conditions).map(Box::new);
        ConditionSet { conditions, index }
    }

    fn mute(&mut self, model: &Model, mute: &model::Mute) -> Mute {
        let name = |channel: &usize| self.program.channels.get(*channel).map(|channel| channel.name.clone());
        let channels: Option<Arc<[Box<str>]>> =
            mute.channels.as_ref().map(|channels| channels.iter().filter_map(name).collect());
        Mute {
            name: mute.name.clone(),
            location: self.location(mute.span),
            place: mute.span,
            channels,
            when: self.expression(&mute.when),
            schedules: model.reached_schedules(&mute.when).into(),
            source: mute.source.as_ref().map(|source| self.mute_source(source)),
            because: self.expression(&mute.because),
        }
    }

    fn mute_source(&mut self, source: &model::MuteSource) -> MuteSource {
        let same = source.same.iter();
        MuteSource {
            condition: self.expression(&source.condition),
            same: same
                .map(|each| GroupValue { name: each.name.clone(), value: self.expression(&each.value) })
                .collect(),
            until_after: source.until_after,
        }
    }
}
