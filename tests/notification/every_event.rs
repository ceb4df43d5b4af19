//! Channels that get every event: what mutes and silences keep back, and what goes out when they end.

use pointsman::event::Severity::{self, Critical, Info, Warning};
use pointsman::notification::HoldState::{self, Free, Held};
use pointsman::notification::MessageReason::{Better, New, Repeat, Resolved, Unmuted, Worse};
use pointsman::notification::{EveryEventRecord, EveryEventResult, MessageReason};

/// An alert in such a channel.
#[derive(Default)]
struct Alert(Option<EveryEventRecord>);

impl Alert {
    fn event(&mut self, firing: impl Into<Option<Severity>>, hold: HoldState) -> EveryEventResult {
        let (after, result) = EveryEventRecord::arrive(self.0, firing.into(), hold);
        self.0 = after;
        result
    }

    fn hold(&mut self, hold: HoldState) -> Option<MessageReason> {
        let (after, sent) = self.0?.set_hold(hold);
        self.0 = Some(after);
        sent
    }
}

#[test]
fn every_event_goes_out_where_nothing_is_held() {
    let mut alert = Alert::default();
    let events = [Some(Warning), Some(Warning), Some(Critical), Some(Info), None, None];
    let results = events.map(|firing| alert.event(firing, Free));
    assert_eq!(results, [New, Repeat, Worse, Better, Resolved, Resolved].map(EveryEventResult::Sent));
}

#[test]
fn the_end_of_what_was_held_throughout_is_not_sent() {
    let mut alert = Alert::default();
    assert_eq!(alert.event(Warning, Held), EveryEventResult::Held);
    assert_eq!(alert.event(None, Free), EveryEventResult::OverUntold);
    assert_eq!(alert.event(None, Free), EveryEventResult::Sent(Resolved));
}

#[test]
fn the_end_of_what_was_sent_is_sent() {
    let mut alert = Alert::default();
    alert.event(Warning, Free);
    assert_eq!(alert.event(Critical, Held), EveryEventResult::Held);
    assert_eq!(alert.event(None, Held), EveryEventResult::Sent(Resolved));
}

#[test]
fn what_is_new_or_worse_goes_out_when_its_hold_ends() {
    let mut alert = Alert::default();
    alert.event(Warning, Held);
    assert_eq!(alert.hold(Free), Some(Unmuted));
    assert_eq!(alert.hold(Free), None);
    assert!(alert.0.unwrap().is_plain());
    assert_eq!(alert.hold(Held), None);
    alert.event(Info, Held);
    assert_eq!(alert.hold(Free), None);
    assert_eq!(alert.event(Warning, Free), EveryEventResult::Sent(Repeat));
    alert.event(Critical, Held);
    assert_eq!(alert.hold(Free), Some(Unmuted));
    assert_eq!(alert.event(Warning, Free), EveryEventResult::Sent(Better));
}

#[test]
fn what_was_dropped_is_not_sent_until_it_is_worse() {
    let mut alert = Alert(Some(EveryEventRecord::drop_events(None, None, Warning, Warning)));
    assert_eq!(alert.event(Warning, Free), EveryEventResult::Dropped);
    assert_eq!(alert.event(Info, Free), EveryEventResult::Dropped);
    let mut over = Alert(alert.0);
    assert_eq!(over.event(None, Free), EveryEventResult::OverUntold);
    assert_eq!(over.event(Warning, Free), EveryEventResult::Sent(New));
    assert_eq!(alert.event(Critical, Free), EveryEventResult::Sent(New));
    assert_eq!(alert.event(Warning, Free), EveryEventResult::Sent(Better));
    assert_eq!(alert.event(None, Free), EveryEventResult::Sent(Resolved));
}

#[test]
fn the_end_of_what_was_sent_before_a_drop_is_sent() {
    let mut alert = Alert(Some(EveryEventRecord::drop_events(None, Some(Info), Warning, Warning)));
    assert_eq!(alert.event(Warning, Held), EveryEventResult::Held);
    assert_eq!(alert.hold(Free), None);
    assert_eq!(alert.event(None, Free), EveryEventResult::Sent(Resolved));
}
