//! What searches for circles found.

use super::record::LinkClass;
use crate::notification::AlertId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What searches found, until a record changes.
#[derive(Debug, Clone, Default)]
pub struct CircleMemory {
    /// Where mutes count in all channels.
    everywhere: BTreeMap<LinkClass, CircleAnswer>,
    /// In one channel: of classes that mutes with `in` have to do with.
    channels: BTreeMap<String, BTreeMap<LinkClass, CircleAnswer>>,
}

/// It is computed from what is beside it.
impl PartialEq for CircleMemory {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for CircleMemory {}

impl CircleMemory {
    fn answers(&self, channel: Option<&str>) -> Option<&BTreeMap<LinkClass, CircleAnswer>> {
        channel.map_or(Some(&self.everywhere), |channel| self.channels.get(channel))
    }

    pub(super) fn get(&self, channel: Option<&str>, class: LinkClass) -> Option<CircleAnswer> {
        self.answers(channel)?.get(&class).cloned()
    }

    pub(super) fn add(&mut self, channel: Option<&str>, answers: BTreeMap<LinkClass, CircleAnswer>) {
        match channel {
            Some(channel) => self.channels.entry(channel.to_owned()).or_default().extend(answers),
            None => self.everywhere.extend(answers),
        }
    }
}

/// What a search found of a class.
#[derive(Debug, Clone)]
pub(super) enum CircleAnswer {
    /// Its place among the circles.
    Found(ClassPlace),
    /// It meets too many classes.
    TooLarge,
}

/// The place of a class among the circles.
#[derive(Debug, Clone)]
pub(super) struct ClassPlace {
    /// Its circle; nothing where its alerts are in none.
    pub(super) circle: Option<Arc<Circle>>,
    /// Whether a link outside its circle holds its alerts.
    pub(super) is_held_from_outside: bool,
    /// Whether a mute that counts in some channels only has to do with it.
    pub(super) is_restricted: bool,
}

/// A circle.
#[derive(Debug)]
pub(super) struct Circle {
    /// The first of its alerts.
    pub(super) first: AlertId,
    /// The first alert of each of its classes.
    pub(super) firsts: Vec<AlertId>,
}
