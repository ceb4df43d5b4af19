//! Channels of a timeline that are told instead of others.

use super::channel::{ChannelArrival, TimelineChannel};
use super::{RECORD_BYTES, RoutedEvent, Timeline, TimelineLimit};
use crate::event::AlertStatus;
use crate::json::Arena;
use crate::notification::{AlertId, HoldState};

impl Timeline<'_> {
    /// The channels besides those of routing that get a firing because they are told instead of another.
    pub(super) fn fallbacks<'c>(&'c self, routed: &RoutedEvent<'c>) -> impl Iterator<Item = &'c str> {
        let RoutedEvent { event, channels, .. } = *routed;
        let is_firing = event.status == AlertStatus::Firing;
        let alert = self.alerts.get(&AlertId::of(event.integration, event.key)).filter(|_| is_firing);
        let names = alert.into_iter().flat_map(|alert| &alert.fallbacks).map(String::as_str);
        // A channel that gets every event is told again where the alert becomes worse.
        let gathers = |name: &str| self.channels.get(name).is_some_and(|channel| !channel.gets_every_event());
        names.filter(move |name| !channels.contains(name) && gathers(name))
    }

    /// Tells fallbacks what their channels could not deliver; whether there was anything.
    pub(super) fn pass_on(&mut self) -> Result<bool, TimelineLimit> {
        let mut passed: Vec<(String, Vec<AlertId>)> = Vec::new();
        for channel in self.channels.values_mut() {
            let Some(fallback) = channel.fallback().map(str::to_owned) else { continue };
            let alerts = channel.overdue_alerts(self.now);
            if !alerts.is_empty() {
                passed.push((fallback, alerts));
            }
        }
        let is_any = !passed.is_empty();
        for (name, alerts) in passed {
            self.budget.work(alerts.len())?;
            for id in alerts {
                self.take_over(id, &name)?;
            }
        }
        self.budget.work(self.holds.take_work())?;
        Ok(is_any)
    }

    /// A channel is told of an alert instead of another.
    fn take_over(&mut self, id: AlertId, name: &str) -> Result<(), TimelineLimit> {
        let Some(alert) = self.alerts.get_mut(&id) else { return Ok(()) };
        let is_copy = alert.copies.iter().any(|copy| copy == name);
        let hold = if is_copy { HoldState::Free } else { self.holds.hold_in(id, name) };
        let arena = Arena::new();
        let arrival = ChannelArrival { event: &alert.event.event.event(&arena), hold };
        let new = || TimelineChannel::new(self.rules, name);
        let channel = self.channels.entry(name.to_owned()).or_insert_with(new);
        channel.take_over(self.now, arrival, self.rules, &mut self.budget)?;
        if !alert.open.iter().any(|known| known == name) {
            self.budget.keep(RECORD_BYTES)?;
            alert.open.push(name.to_owned());
        }
        if !alert.fallbacks.iter().any(|known| known == name) {
            alert.fallbacks.push(name.to_owned());
        }
        Ok(())
    }
}
