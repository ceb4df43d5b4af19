//! Where the events of a statement can go.

use super::delivery::Told;
use super::search::StatementSearch;
use super::{StatementId, StatementProver, too_many_paths};
use crate::model::ChannelId;
use crate::prove::formula::Formula;
use crate::prove::routing::LineId;
use crate::prove::undecided::UndecidedReason;
use crate::prove::witness::Witness;
use crate::source::Span;
use std::collections::BTreeSet;

/// A line to which events can go, and a channel to which it can send them.
#[derive(Debug, Clone)]
pub struct ReachedDestination {
    /// The path of the line.
    pub path: Box<str>,
    /// The place of its head.
    pub span: Span,
    /// The channel; none if the line sends events nowhere.
    pub channel: Option<ChannelId>,
    /// An event that goes there; or why it is not known whether one does.
    pub event: Result<Witness, UndecidedReason>,
}

impl StatementProver<'_> {
    /// The lines that decide about events of a statement, each with every channel to which it can send them, in the order of
    /// the text. What no event can reach is left out.
    pub fn destinations(&mut self, id: StatementId) -> Vec<ReachedDestination> {
        let Some(statement) = self.model.statements.get(id) else { return Vec::new() };
        let base = self.base(statement);
        let mut found = Vec::new();
        for line in self.map.ids().collect::<Vec<_>>() {
            let Some(entry) = self.map.line(line) else { continue };
            let targets = entry.line.body.own_targets();
            let sends_nowhere = targets.iter().any(|target| matches!(target, crate::model::Target::Nothing(..)));
            let (path, span) = (Box::<str>::from(&*entry.line.path), entry.line.title);
            let mut channels: Vec<Option<ChannelId>> = self.own_channels(line).into_iter().map(Some).collect();
            channels.extend(sends_nowhere.then_some(None));
            for channel in channels {
                let event = match self.destination(id, &base, line, channel) {
                    StatementSearch::Found(event, _) => Ok(*event),
                    StatementSearch::Undecided(reason) => Err(reason),
                    StatementSearch::None => continue,
                };
                found.push(ReachedDestination { path: path.clone(), span, channel, event });
            }
        }
        found
    }

    /// An event that a line sends to a channel, or nowhere.
    fn destination(
        &mut self,
        id: StatementId,
        base: &[Formula],
        line: LineId,
        channel: Option<ChannelId>,
    ) -> StatementSearch {
        let Some(path) = self.map.line(line).map(|entry| entry.line.path.clone()) else { return StatementSearch::None };
        let entry = self.entry(id);
        let ways = self.paths_to(entry, line);
        let mut undecided = ways.1.then(too_many_paths);
        for way in &ways.0 {
            let gives = match channel {
                Some(channel) => self.gives(line, way, &BTreeSet::from([channel]), Told::DoesNotCount),
                None => self.drops(line),
            };
            let is_found = |observed: &super::ObservedRouting| {
                observed.routes.iter().any(|route| **route == *path)
                    && channel.is_none_or(|channel| observed.channels.contains(&channel))
            };
            match self.along(id, base, (line, way), gives, &is_found) {
                found @ StatementSearch::Found(..) => return found,
                StatementSearch::None => {}
                StatementSearch::Undecided(reason) => undecided = undecided.or(Some(reason)),
            }
        }
        undecided.map_or(StatementSearch::None, StatementSearch::Undecided)
    }
}
