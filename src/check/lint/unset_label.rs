//! A condition or a channel that reads a label that no mapping sets.
//!
//! What an event can hold as labels is known where no mapping that leads to a routing or channel spreads data into
//! `labels`. Elsewhere every name is possible, and nothing is reported.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings, nearest};
use crate::model::mention::ExpressionOwner;
use crate::model::{ChannelId, Destination, Heartbeat, LabelEntry, Mapping, Model, Routing, RoutingId, Target};
use crate::source::Span;
use crate::text::{backticked, enumeration};
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0031", "label that no mapping sets");

/// How many labels a note lists.
const MAX_LISTED: usize = 12;

/// How many unknown labels are compared with the known ones; more of them likely have one common cause.
const NEAREST_LIMIT: usize = 100;

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    for (at, unset) in unset(input).iter().enumerate() {
        let message = format!("no mapping that leads here sets the label `{}`", unset.name);
        let finding = Diagnostic::new(&CODE, unset.span, message).label("is always missing");
        let near = (at < NEAREST_LIMIT).then(|| nearest(unset.name, unset.known.iter().copied())).flatten();
        let finding = match near {
            Some(near) => finding.did_you_mean(unset.span, access(near)),
            None => finding.help(format!("set it in the mapping: `labels {{ {} = … }}`", shown(unset.name))),
        };
        diagnostics.push(match unset.known.len() {
            0 => finding.note("the mappings that lead here set no label"),
            1..=MAX_LISTED => {
                let names = backticked(unset.known.iter());
                finding.note(format!("the labels that exist here: {}", enumeration(&names, "and")))
            }
            _ => finding,
        });
    }
}

/// The places of these findings, for the lint that compares names.
pub(super) fn reported(input: &LintInput<'_>) -> HashSet<Span> {
    unset(input).into_iter().map(|unset| unset.span).collect()
}

/// A label that is read and never set.
struct UnsetLabel<'m> {
    name: &'m str,
    span: Span,
    known: Rc<BTreeSet<&'m str>>,
}

/// What the labels of an event may be at one place.
#[derive(Debug, Clone, Default)]
enum PossibleLabels<'m> {
    /// No event gets there.
    #[default]
    Unreached,
    /// These alone.
    Closed(Rc<BTreeSet<&'m str>>),
    /// Data decides.
    Open,
}

impl<'m> PossibleLabels<'m> {
    fn of(mapping: &'m Mapping) -> Self {
        let names = mapping.labels.iter().map(|entry| match entry {
            LabelEntry::Set(name, _) => Some(&**name),
            LabelEntry::Spread(..) => None,
        });
        names.collect::<Option<_>>().map_or(Self::Open, |names| Self::Closed(Rc::new(names)))
    }

    /// The labels of an absence: the values of `by`, and its own.
    fn of_absence(heartbeat: &'m Heartbeat) -> Self {
        let by = heartbeat.by.iter().map(|value| &*value.name);
        Self::Closed(Rc::new(by.chain(heartbeat.labels.iter().map(|(name, _)| &**name)).collect()))
    }

    fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Unreached) | (Self::Open, _) => {}
            (Self::Closed(names), Self::Closed(more)) => Rc::make_mut(names).extend(more.iter()),
            (_, other) => *self = other.clone(),
        }
    }
}

/// The labels at every routing, channel and define, and at mutes.
struct LabelsByPlace<'m> {
    routings: Vec<PossibleLabels<'m>>,
    channels: Vec<PossibleLabels<'m>>,
    defines: Vec<PossibleLabels<'m>>,
    /// Mutes see every event.
    mutes: PossibleLabels<'m>,
    /// The labels of every event that an integration reads: each may be a beat.
    read: PossibleLabels<'m>,
}

impl<'m> LabelsByPlace<'m> {
    fn of(input: &LintInput<'m>) -> Self {
        let model = input.model;
        let mut labels = Self {
            routings: vec![PossibleLabels::Unreached; model.routings.len()],
            channels: vec![PossibleLabels::Unreached; model.channels.len()],
            defines: vec![PossibleLabels::Unreached; model.defines.len()],
            mutes: PossibleLabels::Unreached,
            read: PossibleLabels::Unreached,
        };
        let reached: Vec<ReachedPlaces> =
            model.routings.iter().map(|routing| ReachedPlaces::of(routing, model)).collect();
        let mappings: Vec<PossibleLabels<'m>> = model.mappings.iter().map(PossibleLabels::of).collect();
        for integration in &model.integrations {
            let mut names = PossibleLabels::Unreached;
            integration.mappings.iter().filter_map(|id| mappings.get(*id)).for_each(|of| names.add(of));
            labels.read.add(&names);
            labels.add(&ReachedPlaces::from(&integration.destination, model, &reached), &names);
        }
        for heartbeat in &model.heartbeats {
            let destination = Destination::Routing(heartbeat.routing);
            labels.add(&ReachedPlaces::from(&destination, model, &reached), &PossibleLabels::of_absence(heartbeat));
        }
        labels.add_defines(input);
        labels
    }

    fn add(&mut self, places: &ReachedPlaces, names: &PossibleLabels<'m>) {
        self.mutes.add(names);
        for id in &places.routings {
            self.routings.get_mut(*id).into_iter().for_each(|place| place.add(names));
        }
        for id in &places.channels {
            self.channels.get_mut(*id).into_iter().for_each(|place| place.add(names));
        }
    }

    /// A define sees the labels of every place that uses it. Each stands after those that it uses.
    fn add_defines(&mut self, input: &LintInput<'m>) {
        let mut users: Vec<Vec<ExpressionOwner>> = vec![Vec::new(); input.model.defines.len()];
        for (owner, id) in &input.model_mentions.defines {
            if let Some(users) = users.get_mut(*id).filter(|users| users.last() != Some(owner)) {
                users.push(*owner);
            }
        }
        for (id, users) in users.iter().enumerate().rev() {
            let mut names = PossibleLabels::Unreached;
            users.iter().filter_map(|user| self.at(*user)).for_each(|of| names.add(of));
            if let Some(place) = self.defines.get_mut(id) {
                *place = names;
            }
        }
    }

    fn at(&self, owner: ExpressionOwner) -> Option<&PossibleLabels<'m>> {
        match owner {
            ExpressionOwner::Routing(id) => self.routings.get(id),
            ExpressionOwner::Channel(id) => self.channels.get(id),
            ExpressionOwner::Define(id) => self.defines.get(id),
            ExpressionOwner::Mute(_) => Some(&self.mutes),
            ExpressionOwner::Heartbeat(_) => Some(&self.read),
            ExpressionOwner::Mapping(_) | ExpressionOwner::Table(_) => None,
        }
    }
}

/// The routings and channels that events get to.
#[derive(Debug, Default)]
struct ReachedPlaces {
    routings: BTreeSet<RoutingId>,
    channels: BTreeSet<ChannelId>,
}

impl ReachedPlaces {
    /// Everything behind a destination. `reached` holds what each routing names itself.
    fn from(destination: &Destination, model: &Model, reached: &[Self]) -> Self {
        let mut places = Self::default();
        places.add(destination, model);
        let mut left: Vec<RoutingId> = places.routings.iter().copied().collect();
        while let Some(routing) = left.pop() {
            let Some(more) = reached.get(routing) else { continue };
            places.channels.extend(&more.channels);
            left.extend(more.routings.iter().copied().filter(|next| places.routings.insert(*next)));
        }
        places
    }

    fn of(routing: &Routing, model: &Model) -> Self {
        let mut places = Self::default();
        let targets = routing.block.all_lines().flat_map(|line| line.body.own_targets());
        targets.flat_map(Target::destinations).for_each(|destination| places.add(destination, model));
        places
    }

    fn add(&mut self, destination: &Destination, model: &Model) {
        match destination {
            Destination::Channel(id) => self.channels.extend([*id]),
            Destination::Routing(id) => self.routings.extend([*id]),
            Destination::Member(choice) => {
                let family = model.families.get(choice.family);
                self.channels.extend(family.iter().flat_map(|family| &family.members).map(|(_, channel)| *channel));
            }
        }
    }
}

fn unset<'m>(input: &LintInput<'m>) -> Vec<UnsetLabel<'m>> {
    let model = input.model;
    let is_spread = |mapping: &Mapping| mapping.labels.iter().any(|entry| matches!(entry, LabelEntry::Spread(..)));
    if input.partial || model.integrations.is_empty() || model.mappings.iter().all(is_spread) {
        return Vec::new();
    }
    let labels = LabelsByPlace::of(input);
    let read = input.model_mentions.labels.iter().filter_map(|(owner, name, span)| match labels.at(*owner)? {
        PossibleLabels::Closed(known) if !known.contains(name) => {
            Some(UnsetLabel { name, span: *span, known: Rc::clone(known) })
        }
        PossibleLabels::Closed(_) | PossibleLabels::Unreached | PossibleLabels::Open => None,
    });
    read.collect()
}

/// A label as a rule reads it.
fn access(name: &str) -> String {
    if is_word(name) { format!("labels.{name}") } else { format!("labels[\"{name}\"]") }
}

/// A label as a rule sets it.
fn shown(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("\"{name}\"") }
}

fn is_word(name: &str) -> bool {
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
