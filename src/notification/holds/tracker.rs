//! The tracker of holds, and whether an alert is held now.

use super::circle::{LinkPlace, circle_in};
use super::circle_memory::CircleAnswer;
use super::record::{FiringAlert, HoldCandidate, LinkRank, SilenceId, SilenceState, SourceId, SourceKind, admits};
use super::store::HoldStore;
use crate::notification::{AlertId, HoldState};
use crate::time::Timestamp;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// Whether something is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldProgress {
    /// Nothing is.
    Done,
    /// Something is: call again.
    More,
}

/// What holds which alerts. It keeps nothing itself but what [`Self::take_changed`] gives: all records are in the store.
#[derive(Debug)]
pub struct HoldTracker<'s, S: ?Sized> {
    pub(super) store: &'s mut S,
    /// How much longer than it should a source may count, so that it is not written whenever it is heard of.
    pub(super) heard_precision: Duration,
    /// Alerts whose holds may have changed, besides those of the rechecks in the store.
    pub(super) changed: BTreeSet<AlertId>,
    /// Sources in which the alerts of a class count first, or no more.
    pub(super) regrouped: BTreeSet<SourceId>,
    /// How many classes searches looked at.
    pub(super) looked_at: Cell<usize>,
}

/// Whether a source holds its candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceStrength {
    /// It does not: nothing counts.
    Absent,
    /// It does, but for the first of a circle.
    Links,
    /// It does.
    Certain,
}

impl<'s, S: HoldStore + ?Sized> HoldTracker<'s, S> {
    /// A tracker over these records.
    pub fn new(store: &'s mut S) -> Self {
        let (changed, regrouped) = (BTreeSet::new(), BTreeSet::new());
        Self { store, heard_precision: Duration::ZERO, changed, regrouped, looked_at: Cell::new(0) }
    }

    /// Lets a source count so much longer than it should at most: it is written again only once its time has grown by so much.
    #[must_use]
    pub fn with_heard_precision(self, heard_precision: Duration) -> Self {
        Self { heard_precision, ..self }
    }

    /// Whether a mute or silence holds an alert in a channel that does not get it as a copy. What is over is not held.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn hold_in(&self, id: AlertId, channel: &str) -> Result<HoldState, S::Error> {
        let Some(alert) = self.store.firing(id)? else { return Ok(HoldState::Free) };
        let mut by_links = false;
        for candidate in &alert.facts.candidates {
            match candidate {
                HoldCandidate::Silence(silence) if self.silence_holds(*silence, channel)? => {
                    return Ok(HoldState::Held);
                }
                HoldCandidate::Silence(_) => {}
                HoldCandidate::Mute(mute) if !admits(mute.channels.as_ref(), channel) => {}
                HoldCandidate::Mute(mute) => match mute.source.map(|source| self.strength(source)).transpose()? {
                    None | Some(SourceStrength::Certain) => return Ok(HoldState::Held),
                    Some(SourceStrength::Links) => by_links = true,
                    Some(SourceStrength::Absent) => {}
                },
            }
        }
        if !by_links {
            return Ok(HoldState::Free);
        }
        self.held_by_links(id, &alert, channel)
    }

    /// Whether links hold an alert: one outside its circle, or one of its circle, and it is not the first of it.
    fn held_by_links(&self, id: AlertId, alert: &FiringAlert, channel: &str) -> Result<HoldState, S::Error> {
        // What holds nothing is in no circle.
        let Some(link) = self.link_place(id, alert)? else { return Ok(HoldState::Held) };
        let (answer, looked_at) = circle_in(self.store, link, channel)?;
        self.note_search(looked_at);
        let is_held = match answer {
            CircleAnswer::Found(place) => {
                place.is_held_from_outside || place.circle.is_some_and(|circle| circle.first != id)
            }
            CircleAnswer::TooLarge => self.is_held_by_earlier(id, alert, channel)?,
        };
        Ok(if is_held { HoldState::Held } else { HoldState::Free })
    }

    /// Where an alert counts as a link; nothing where it is none.
    pub(super) fn link_place(&self, id: AlertId, alert: &FiringAlert) -> Result<Option<LinkPlace>, S::Error> {
        if !alert.facts.is_link() {
            return Ok(None);
        }
        for role in &alert.facts.roles {
            if let Some(class) = self.store.source(role.source, id)?.and_then(|record| record.class) {
                return Ok(Some(LinkPlace { source: role.source, class }));
            }
        }
        Ok(None)
    }

    /// Whether a link that fired before it may hold an alert.
    fn is_held_by_earlier(&self, id: AlertId, alert: &FiringAlert, channel: &str) -> Result<bool, S::Error> {
        let rank = LinkRank { since: alert.since, key: alert.key.clone(), alert: id };
        for candidate in &alert.facts.candidates {
            if let HoldCandidate::Mute(mute) = candidate
                && let Some(source) = mute.source.filter(|_| admits(mute.channels.as_ref(), channel))
                && self.store.first_link(source, None)?.is_some_and(|first| first < rank)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many classes of alerts searches for circles looked at: the work besides that of what was asked.
    #[must_use]
    pub fn looked_at(&self) -> usize {
        self.looked_at.get()
    }

    pub(super) fn note_search(&self, looked_at: usize) {
        self.looked_at.set(self.looked_at.get().saturating_add(looked_at));
    }

    fn silence_holds(&self, id: SilenceId, channel: &str) -> Result<bool, S::Error> {
        let silence = self.store.silence(id)?.filter(|silence| silence.state == SilenceState::Active);
        Ok(silence.is_some_and(|silence| admits(silence.channels.as_ref(), channel)))
    }

    /// Whether a source holds its candidates, whatever circles there are.
    pub(super) fn strength(&self, source: SourceId) -> Result<SourceStrength, S::Error> {
        if !self.store.counting(source, SourceKind::Plain, 1)?.is_empty() {
            return Ok(SourceStrength::Certain);
        }
        let links = self.store.counting(source, SourceKind::Link, 1)?;
        Ok(if links.is_empty() { SourceStrength::Absent } else { SourceStrength::Links })
    }

    /// Whether something is kept of an alert that fires.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn knows(&self, id: AlertId) -> Result<bool, S::Error> {
        Ok(self.store.firing(id)?.is_some())
    }

    /// Whether [`Self::take_changed`] has alerts to give that are lost with the tracker.
    #[must_use]
    pub fn has_found(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The next moment at which a source ends to count, or a silence begins or ends, by the clock.
    ///
    /// # Errors
    /// Where the store failed.
    pub fn next_moment(&self) -> Result<Option<Timestamp>, S::Error> {
        let source = self.store.first_source_due()?.map(|(due, ..)| due);
        let silence = self.store.first_silence_due()?.map(|(due, _)| due);
        Ok(source.into_iter().chain(silence).min())
    }
}
