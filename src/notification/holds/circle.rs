//! Circles: firing alerts that hold each other. The first of them is not held by the others.
//!
//! Alerts of one [class](LinkClass) may be held by the same sources and count in the same ones, so a search walks over classes:
//! from one it follows the sources that may hold it, and the classes whose alerts count in these. It finds the circles on its
//! way (strongly connected components, by the algorithm of Tarjan), so that one search answers for every class that it closed.
//! Answers are kept until a record changes.
//!
//! The number of classes of a search is bounded. Beyond the bound a link holds only alerts that fired after it: in a circle that
//! holds for the first of it too, and never holds all.

use super::circle_memory::{Circle, CircleAnswer, ClassPlace};
use super::record::{HoldCandidate, LinkClass, LinkRank, SourceId, admits};
use super::store::HoldStore;
use crate::notification::AlertId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many classes a search meets.
const MOST_CLASSES: usize = 500;

/// A class, and a source in which it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkPlace {
    pub(super) source: SourceId,
    pub(super) class: LinkClass,
}

/// The place of a class among the circles of a channel, and how many classes were looked at to see it.
pub(super) fn circle_in<S: HoldStore + ?Sized>(
    store: &S,
    link: LinkPlace,
    channel: &str,
) -> Result<(CircleAnswer, usize), S::Error> {
    let (answer, looked_at) = circle_everywhere(store, link)?;
    match &answer {
        CircleAnswer::Found(ClassPlace { is_restricted: false, .. }) => Ok((answer, looked_at)),
        CircleAnswer::Found(_) | CircleAnswer::TooLarge => {
            let (answer, more) = search(store, link, Some(channel))?;
            Ok((answer, looked_at + more))
        }
    }
}

/// The place of a class among the circles if every mute counted in all channels, and how many classes were looked at to see it.
pub(super) fn circle_everywhere<S: HoldStore + ?Sized>(
    store: &S,
    link: LinkPlace,
) -> Result<(CircleAnswer, usize), S::Error> {
    search(store, link, None)
}

fn search<S: HoldStore + ?Sized>(
    store: &S,
    link: LinkPlace,
    channel: Option<&str>,
) -> Result<(CircleAnswer, usize), S::Error> {
    if let Some(known) = store.circles().borrow().get(channel, link.class) {
        return Ok((known, 0));
    }
    let Some(first) = store.first_link(link.source, Some(link.class))? else { return Ok((CircleAnswer::TooLarge, 0)) };
    let mut search = CircleSearch::new(store, channel);
    search.run(CircleStep::Class(link.class, first))?;
    let CircleSearch { answers, met, .. } = search;
    let answer = answers.get(&link.class).cloned().unwrap_or(CircleAnswer::TooLarge);
    store.circles().borrow_mut().add(channel, answers);
    Ok((answer, met.len()))
}

/// What is reached from what is searched.
#[derive(Debug, Clone)]
enum CircleStep {
    Class(LinkClass, LinkRank),
    Source(SourceId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum NodeId {
    Class(LinkClass),
    Source(SourceId),
}

impl CircleStep {
    fn id(&self) -> NodeId {
        match self {
            Self::Class(class, _) => NodeId::Class(*class),
            Self::Source(source) => NodeId::Source(*source),
        }
    }
}

/// A class or a source on the way.
#[derive(Debug)]
struct CircleNode {
    step: CircleStep,
    /// What holds it: of a class sources, of a source classes.
    holders: Vec<CircleStep>,
    /// How many of them were followed.
    followed: usize,
    /// The earliest node on the way that is reached from it.
    low: usize,
    /// Whether its circle is not closed yet.
    is_open: bool,
    is_restricted: bool,
}

struct CircleSearch<'s, S: ?Sized> {
    store: &'s S,
    channel: Option<&'s str>,
    nodes: Vec<CircleNode>,
    positions: BTreeMap<NodeId, usize>,
    /// The nodes that are not closed, in the order in which they were met.
    open: Vec<usize>,
    /// The nodes from the first to the one at hand.
    path: Vec<usize>,
    met: BTreeSet<LinkClass>,
    answers: BTreeMap<LinkClass, CircleAnswer>,
}

impl<'s, S: HoldStore + ?Sized> CircleSearch<'s, S> {
    fn new(store: &'s S, channel: Option<&'s str>) -> Self {
        let (nodes, positions, open, path) = (Vec::new(), BTreeMap::new(), Vec::new(), Vec::new());
        Self { store, channel, nodes, positions, open, path, met: BTreeSet::new(), answers: BTreeMap::new() }
    }

    fn run(&mut self, from: CircleStep) -> Result<(), S::Error> {
        self.enter(from)?;
        while let Some(top) = self.path.last().copied() {
            if self.met.len() > MOST_CLASSES {
                self.give_up();
                return Ok(());
            }
            let Some(next) = self.follow(top) else {
                self.leave(top);
                continue;
            };
            if let Some(met) = self.positions.get(&next.id()).copied() {
                self.meet(top, met);
                continue;
            }
            let known = match &next {
                CircleStep::Class(class, _) => self.store.circles().borrow().get(self.channel, *class),
                CircleStep::Source(_) => None,
            };
            match known {
                None => self.enter(next)?,
                Some(CircleAnswer::Found(place)) => self.restrict(top, place.is_restricted),
                Some(CircleAnswer::TooLarge) => {
                    self.give_up();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The next of what holds a node.
    fn follow(&mut self, position: usize) -> Option<CircleStep> {
        let node = self.nodes.get_mut(position)?;
        let next = node.holders.get(node.followed).cloned();
        node.followed += 1;
        next
    }

    fn enter(&mut self, step: CircleStep) -> Result<(), S::Error> {
        let position = self.nodes.len();
        let (holders, is_restricted) = match &step {
            CircleStep::Class(class, first) => {
                self.met.insert(*class);
                self.sources_of(first.alert)?
            }
            CircleStep::Source(source) => {
                let classes = self.store.link_classes(*source, MOST_CLASSES + 1)?;
                self.met.extend(classes.iter().map(|(class, _)| *class));
                (classes.into_iter().map(|(class, first)| CircleStep::Class(class, first)).collect(), false)
            }
        };
        self.positions.insert(step.id(), position);
        self.nodes.push(CircleNode { step, holders, followed: 0, low: position, is_open: true, is_restricted });
        self.open.push(position);
        self.path.push(position);
        Ok(())
    }

    /// The sources that may hold an alert, and whether one of them counts in some channels only.
    fn sources_of(&self, alert: AlertId) -> Result<(Vec<CircleStep>, bool), S::Error> {
        let Some(firing) = self.store.firing(alert)? else { return Ok((Vec::new(), false)) };
        let (mut sources, mut is_restricted) = (BTreeSet::new(), false);
        for candidate in &firing.facts.candidates {
            match candidate {
                HoldCandidate::Mute(mute) => {
                    is_restricted |= mute.source.is_some() && mute.channels.is_some();
                    if self.channel.is_none_or(|channel| admits(mute.channels.as_ref(), channel)) {
                        sources.extend(mute.source);
                    }
                }
                HoldCandidate::Silence(_) => {}
            }
        }
        Ok((sources.into_iter().map(CircleStep::Source).collect(), is_restricted))
    }

    /// A node reaches one that was met before.
    fn meet(&mut self, from: usize, met: usize) {
        let Some((is_open, is_restricted)) = self.nodes.get(met).map(|node| (node.is_open, node.is_restricted)) else {
            return;
        };
        self.restrict(from, is_restricted);
        if let Some(node) = self.nodes.get_mut(from).filter(|_| is_open) {
            node.low = node.low.min(met);
        }
    }

    fn restrict(&mut self, position: usize, is_restricted: bool) {
        if let Some(node) = self.nodes.get_mut(position) {
            node.is_restricted |= is_restricted;
        }
    }

    /// All that a node reaches was met.
    fn leave(&mut self, position: usize) {
        self.path.pop();
        let Some((low, is_restricted)) = self.nodes.get(position).map(|node| (node.low, node.is_restricted)) else {
            return;
        };
        let is_restricted = if low == position { self.close(position) } else { is_restricted };
        if let Some(before) = self.path.last().and_then(|before| self.nodes.get_mut(*before)) {
            before.low = before.low.min(low);
            before.is_restricted |= is_restricted;
        }
    }

    /// Closes the circle that begins with a node, or that node alone; whether mutes of some channels only have to do with it.
    fn close(&mut self, first: usize) -> bool {
        let begin = self.open.iter().rposition(|open| *open == first).unwrap_or_default();
        let members: BTreeSet<usize> = self.open.drain(begin..).collect();
        let of_members = || members.iter().filter_map(|member| self.nodes.get(*member));
        let is_restricted = of_members().any(|node| node.is_restricted);
        let ranks: BTreeMap<&LinkRank, LinkClass> = of_members()
            .filter_map(|node| match &node.step {
                CircleStep::Class(class, first) => Some((first, *class)),
                CircleStep::Source(_) => None,
            })
            .collect();
        let first = ranks.keys().next().filter(|_| members.len() > 1);
        let circle = first.map(|first| {
            Arc::new(Circle { first: first.alert, firsts: ranks.keys().map(|rank| rank.alert).collect() })
        });
        let places: Vec<(LinkClass, ClassPlace)> = of_members()
            .filter_map(|node| match node.step {
                CircleStep::Class(class, _) => {
                    let is_held_from_outside = self.is_held_from_outside(node, &members);
                    Some((class, ClassPlace { circle: circle.clone(), is_held_from_outside, is_restricted }))
                }
                CircleStep::Source(_) => None,
            })
            .collect();
        self.answers.extend(places.into_iter().map(|(class, place)| (class, CircleAnswer::Found(place))));
        for member in members {
            if let Some(node) = self.nodes.get_mut(member) {
                (node.is_open, node.is_restricted) = (false, is_restricted);
            }
        }
        is_restricted
    }

    /// Whether a class that is not among the members holds this class.
    fn is_held_from_outside(&self, class: &CircleNode, members: &BTreeSet<usize>) -> bool {
        let is_member = |step: &CircleStep| self.positions.get(&step.id()).is_some_and(|at| members.contains(at));
        let sources = class.holders.iter().filter_map(|source| self.nodes.get(*self.positions.get(&source.id())?));
        sources.flat_map(|source| &source.holders).any(|holder| !is_member(holder))
    }

    /// Whatever is not closed reaches too much.
    fn give_up(&mut self) {
        for open in &self.open {
            if let Some(CircleNode { step: CircleStep::Class(class, _), .. }) = self.nodes.get(*open) {
                self.answers.insert(*class, CircleAnswer::TooLarge);
            }
        }
    }
}
