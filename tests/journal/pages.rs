//! Listings, page by page: nothing is left out or told twice, and no page takes much memory.

use super::{StateFolder, accept_all, ago, at, given_up, push, push_id, read, settlement, wait};
use pointsman::gateway::journal::{
    DeliveryId, DeliveryStore as _, EventId, MAX_PUSH_PAGE_BYTES, NewDelivery, Push, PushFilter, PushStore as _,
    ReceiverDigest, SettlementResult, StoredHold,
};
use pointsman::gateway::operations::{self, RecordSelection};

over_each_store! {
    dead_letters_are_listed_page_by_page,
    an_event_names_the_channels_that_hold_it,
    pushes_are_read_in_the_order_of_their_acceptance,
}

/// Every push comes once, in the order of acceptance, whatever its time says; a replay is marked where its push is kept.
fn pushes_are_read_in_the_order_of_their_acceptance(folder: &StateFolder) {
    let mut store = folder.store(&folder.options());
    let one = |number: u64, seconds: i64| Push {
        received: at(seconds * 1_000),
        payload: vec![b'x'; MAX_PUSH_PAGE_BYTES / 3 + 1],
        ..push(number, "page", "a", None)
    };
    // The clock went back between two of them.
    let mut pushes: Vec<Push> = (0..).zip([10, 20, 15, 30, 40]).map(|(number, seconds)| one(number, seconds)).collect();
    "other".clone_into(&mut pushes[3].integration);
    pushes[4].replay_of = Some(pushes[1].id);
    pushes.push(Push { replay_of: Some(push_id(77)), ..one(5, 50) });
    accept_all(&mut *store, pushes);
    drop(store);
    let journal = folder.open();
    let all = |filter: PushFilter| {
        let (mut found, mut pages, mut filter) = (Vec::new(), 0, filter);
        loop {
            let page = read(&journal).pushes(&filter).unwrap();
            assert_eq!((page.oldest, page.damaged), (Some(at(10_000)), 0));
            assert!(page.pushes.len() <= 3, "a page ends after its bytes");
            found.extend(page.pushes.iter().map(|push| (push.received.epoch_milliseconds() / 1_000, push.is_replay)));
            pages += 1;
            let Some(next) = page.next else { break };
            filter.after = Some(next);
        }
        (found, pages)
    };
    let (found, pages) = all(PushFilter::default());
    assert_eq!(found, [(10, false), (20, false), (15, false), (30, false), (40, true), (50, false)]);
    assert!(pages >= 2, "{pages}");
    let (since, until) = (Some(at(15_000)), Some(at(40_000)));
    let within = PushFilter { since, until, ..PushFilter::default() };
    assert_eq!(all(within.clone()).0, [(20, false), (15, false), (30, false)]);
    assert_eq!(all(PushFilter { integration: Some("other".to_owned()), ..within }).0, [(30, false)]);
    assert_eq!(all(PushFilter { since: Some(at(60_000)), ..PushFilter::default() }).0, []);
}

/// Of the channels that are held, an event names those to which it is still to be delivered.
fn an_event_names_the_channels_that_hold_it(folder: &StateFolder) {
    let journal = folder.open();
    for (number, channel) in [(1, "page"), (2, "chat")] {
        wait(journal.accept(push(number, channel, "a", Some(b"one")))).unwrap();
        let hold = StoredHold { receiver: ReceiverDigest([1; 16]), until: at(2_000), reason: "too fast".to_owned() };
        wait(journal.hold(channel.to_owned(), hold)).unwrap();
    }
    let delivered = read(&journal).pending("chat", DeliveryId::NONE, 1).unwrap().remove(0);
    wait(journal.settle(settlement(delivered.id, SettlementResult::Delivered))).unwrap();
    let held = operations::stored_holds(&journal, at(1_999)).unwrap();
    let names = |number| -> Vec<String> {
        let detail = operations::event(&journal, &push_id(number).to_string(), held.clone()).unwrap();
        detail.held.into_iter().map(|held| held.channel).collect()
    };
    assert_eq!((held.len(), names(1), names(2)), (2, vec!["page".to_owned()], Vec::new()));
    assert_eq!(operations::stored_holds(&journal, at(2_000)), Ok(Vec::new()), "it is over");
}

/// Every page ends with a whole push, and no letter is left out or told twice, whatever the limit.
fn dead_letters_are_listed_page_by_page(folder: &StateFolder) {
    let journal = folder.open();
    for number in 1..=3 {
        let one = push(number, "page", "a", Some(b"one"));
        let deliveries = ["page", "chat", "mail"].into_iter().take(usize::try_from(number).unwrap());
        let deliveries =
            deliveries.map(|channel| NewDelivery { channel: channel.to_owned(), ..one.deliveries[0].clone() });
        let deliveries = deliveries.collect();
        wait(journal.accept(Push { deliveries, ..one })).unwrap();
    }
    for channel in ["page", "chat", "mail"] {
        for found in read(&journal).pending(channel, DeliveryId::NONE, 9).unwrap() {
            wait(journal.settle(settlement(found.id, given_up("gone")))).unwrap();
        }
    }
    let count = |before: Option<u64>| {
        let before = before.map(|number| push_id(number).to_string());
        let selection = RecordSelection { before, limit: Some(1), ..RecordSelection::default() };
        let dead = operations::count_dead(&journal, &selection, ago(0)).unwrap();
        let events = operations::count_events(&journal, &selection, ago(0)).unwrap();
        (dead.count, dead.is_complete, events.count, events.is_complete)
    };
    assert_eq!([None, Some(3), Some(1)].map(count), [(6, true, 3, true), (3, true, 2, true), (0, true, 0, true)]);
    for limit in 1..=7 {
        let mut selection = RecordSelection { limit: Some(limit), ..RecordSelection::default() };
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = operations::dead(&journal, &selection, ago(0)).unwrap();
            assert!(!page.items.is_empty(), "no page is empty");
            found.extend(page.items.into_iter().map(|letter| (letter.event.push, letter.channel)));
            pages += 1;
            let Some(next) = page.next else { break };
            selection.before = Some(next);
        }
        let expected = [(3, "page"), (3, "chat"), (3, "mail"), (2, "page"), (2, "chat"), (1, "page")];
        let mut expected: Vec<_> = expected.map(|(number, channel)| (push_id(number), channel.to_owned())).into();
        let is_newest_first = found.is_sorted_by(|one, other| one.0 >= other.0);
        found.sort();
        expected.sort();
        assert!(is_newest_first && found == expected, "{limit}: {found:?}");
        assert_eq!(pages, [3, 3, 2, 2, 2, 1, 1][limit - 1], "{limit}");
    }
}

/// Forty megabytes of titles: each page is a few megabytes, whatever its limit, and nothing is left out.
#[test]
fn a_page_of_events_is_bounded_in_bytes() {
    let folder = StateFolder::new();
    let journal = folder.open();
    let title = "t".repeat(100_000);
    for number in 1..=4 {
        let outcome = |index: u32| {
            format!(
                r#"{{"outcome":"sent","event":{{"title":"{title}","key":"{number}-{index}"}},"channels":["page"]}}"#
            )
        };
        let outcomes: Vec<String> = (0..100).map(outcome).collect();
        let outcomes = format!("[{}]", outcomes.join(",")).into();
        wait(journal.accept(Push { outcomes, ..push(number, "page", "a", None) })).unwrap();
    }
    let mut selection = RecordSelection { limit: Some(1_000), ..RecordSelection::default() };
    let mut found = Vec::new();
    loop {
        let page = operations::events(&journal, &selection, ago(0)).unwrap();
        let bytes = serde_json::to_vec(&page).unwrap().len();
        assert!(bytes < 1 << 20, "{bytes}");
        found.extend(page.items.into_iter().map(|event| (event.id, event.outcome)));
        let Some(next) = page.next else { break };
        selection.before = Some(next);
    }
    let expected = (1..=4).rev().flat_map(|number| (0..100).map(move |index| EventId { push: push_id(number), index }));
    assert!(found.iter().map(|(id, _)| *id).eq(expected), "every event once, in order");
    let (id, outcome) = &found[57];
    assert_eq!(outcome["event"]["key"], format!("4-{}", id.index));
    assert_eq!((&outcome["outcome"], &outcome["cut"]), (&"sent".into(), &true.into()));
    let one = operations::event(&journal, &id.to_string(), Vec::new()).unwrap();
    assert_eq!(one.event.outcome["event"]["title"], title, "one event is shown whole");
    let all = RecordSelection::default();
    let count = operations::count_events(&journal, &all, ago(0)).unwrap();
    assert!(
        !count.is_complete && (1..400).contains(&count.count),
        "large events are not read to count them: {count:?}"
    );
    // A replay plans each push once, whatever the pages are.
    let all = RecordSelection { limit: Some(1_000), ..RecordSelection::default() };
    let mut plan = operations::plan(&journal, &all, ago(0)).unwrap();
    while let Some(before) = plan.next.take() {
        let more =
            operations::plan(&journal, &RecordSelection { before: Some(before), ..all.clone() }, ago(0)).unwrap();
        plan.items.extend(more.items);
        plan.next = more.next;
    }
    assert_eq!(plan.items.iter().map(|push| push.events.len()).collect::<Vec<_>>(), [100; 4]);
}
