//! What the journal promises: what it answered is there after any end of the process, in order, once; nothing is invented;
//! everything is bounded; damage and a full disk stop nothing else.

/// Runs tests over each store: the same promises hold for all of them.
macro_rules! over_each_store {
    ($($name:ident),+ $(,)?) => {
        mod in_sqlite {
            $(#[test] fn $name() { super::$name(&crate::journal::StateFolder::new()); })+
        }
        mod in_memory {
            $(#[test] fn $name() { super::$name(&crate::journal::StateFolder::in_memory()); })+
        }
    };
}

mod damage;
mod directory;
mod disk;
mod drops;
mod fallback;
mod faulty;
mod heard;
mod holds;
mod kept;
mod memory;
mod notification;
mod old_schema;
mod pages;
mod silences;
mod state_folder;

use pointsman::evaluate::RequestMetadata;
use pointsman::event::Severity;
use pointsman::gateway::journal::{
    AcceptResult, ClaimOwner, ClaimResult, Deduplication, DeliveryId, DeliveryState, DeliveryStore as _, EventId,
    FiringTransition, GiveUpCause, Journal, JournalConfig, JournalError, JournalReader, JournalStore, NewDelivery,
    NoMutes, Push, PushHolds, PushId, PushOrigin, PushStore as _, ReceiverDigest, RecordFilter, RefusedPayload,
    Settlement, SettlementResult, StoreResult, StoredBody, StoredHold, Transaction, accept,
};
use pointsman::reload::{PastGeneration, RuleSetHash};
use pointsman::ruleset::SystemClock;
use pointsman::time::Timestamp;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ulid::Ulid;

pub(crate) use state_folder::StateFolder;

/// What work in a transaction of a store comes to.
fn transact<T>(
    store: &mut dyn JournalStore,
    mut work: impl FnMut(&mut dyn Transaction) -> StoreResult<T>,
) -> StoreResult<T> {
    let mut result = None;
    store.transact(&mut |transaction| {
        result = Some(work(transaction)?);
        Ok(())
    })?;
    Ok(result.unwrap())
}

/// Accepts pushes in one transaction, as the writer does.
pub(crate) fn accept_all(store: &mut dyn JournalStore, pushes: impl IntoIterator<Item = Push>) {
    let pushes: Vec<Push> = pushes.into_iter().collect();
    let mut work = |transaction: &mut dyn Transaction| {
        pushes.iter().try_for_each(|push| accept(transaction, push, push.received, &NoMutes).map(drop))
    };
    store.transact(&mut work).unwrap();
}

/// What can be read of an open journal.
pub(crate) fn read(journal: &Journal) -> &dyn JournalReader {
    journal.read().unwrap()
}

/// The body of a delivery, if it is there and intact.
pub(crate) fn body(journal: &Journal, delivery: DeliveryId) -> Option<Vec<u8>> {
    match journal.body(delivery, usize::MAX).unwrap() {
        StoredBody::Intact(body) => Some(body),
        StoredBody::TooLarge(_) | StoredBody::Damaged | StoredBody::Missing => None,
    }
}

pub(crate) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_epoch_milliseconds(milliseconds)
}

/// So many milliseconds ago.
pub(crate) fn ago(milliseconds: i64) -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    at(i64::try_from(now).unwrap() - milliseconds)
}

/// Waits, but not for ever.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_mins(1), future).await }).expect("it hangs")
}

pub(crate) fn push_id(number: u64) -> PushId {
    PushId(Ulid::from_parts(1_700_000_000_000 + number, u128::from(number)))
}

/// A push with one outcome for each channel and key; `body` is what is sent.
pub(crate) fn push(number: u64, channel: &str, key: &str, body: Option<&[u8]>) -> Push {
    Push {
        id: push_id(number),
        integration: "shop".to_owned(),
        origin: PushOrigin::Push,
        received: ago(0),
        generation: 3,
        rules: RuleSetHash([9; 32]),
        payload: format!("payload {number}").into_bytes(),
        request: RequestMetadata::default(),
        outcomes: format!(r#"[{{"outcome":"sent","event":{{"key":"{key}"}},"channels":["{channel}"]}}]"#).into(),
        sent: 1,
        dropped: 0,
        deliveries: vec![NewDelivery {
            index: 0,
            channel: channel.to_owned(),
            kind: "webhook",
            key: key.to_owned(),
            body: body.map(<[u8]>::to_vec),
            notes: Vec::new(),
            urgency: None,
        }],
        transitions: Vec::new(),
        open: Vec::new(),
        arrivals: Vec::new(),
        policies: Arc::default(),
        holds: Some(PushHolds::default()),
        beats: Vec::new(),
        heard: Vec::new(),
        own: None,
        deduplicate: None,
        replay_of: None,
        hops: 0,
    }
}

pub(crate) fn settlement(delivery: DeliveryId, result: SettlementResult) -> Settlement {
    Settlement { delivery, at: ago(0), took: 5, status: Some(500), result }
}

pub(crate) fn given_up(reason: &str) -> SettlementResult {
    SettlementResult::Dead { reason: reason.to_owned(), cause: GiveUpCause::Expired }
}

pub(crate) fn refused(number: u64, payload: &[u8]) -> RefusedPayload {
    RefusedPayload {
        id: push_id(number),
        integration: "shop".to_owned(),
        origin: PushOrigin::Push,
        received: ago(0),
        payload: payload.to_vec(),
        request: RequestMetadata::default(),
        status: 400,
        reason: "no JSON".to_owned(),
    }
}

over_each_store!(
    what_was_answered_is_there_after_a_crash,
    attempts_are_counted_and_dead_letters_come_back_behind_the_rest,
    recoveries_know_where_the_firing_went,
    a_repeated_body_is_accepted_once,
    a_push_that_is_stored_already_is_not_stored_twice,
    too_much_that_waits_is_refused_and_no_integration_takes_all,
    lists_are_narrowed,
    a_page_ends_with_a_whole_push_and_says_where_the_next_begins,
    a_delivery_has_one_owner_at_a_time,
    a_body_is_read_if_it_is_small_enough,
    holds_and_generations_outlast_a_restart,
);

fn a_body_is_read_if_it_is_small_enough(folder: &StateFolder) {
    let journal = folder.open();
    wait(journal.accept(push(1, "page", "a", Some(b"body")))).unwrap();
    let first = DeliveryId(1);
    assert_eq!(journal.body(first, 4), Ok(StoredBody::Intact(b"body".to_vec())));
    assert_eq!(journal.body(first, 3), Ok(StoredBody::TooLarge(4)));
    assert_eq!(journal.body(DeliveryId(2), 4), Ok(StoredBody::Missing));
}

fn what_was_answered_is_there_after_a_crash(folder: &StateFolder) {
    let woken = Arc::new(Mutex::new(Vec::new()));
    let wake = {
        let woken = Arc::clone(&woken);
        Arc::new(move |channel: &str| woken.lock().unwrap().push(channel.to_owned()))
    };
    let open = |options: &JournalConfig| Ok(folder.store(options));
    let clock = Arc::new(SystemClock);
    let journal = Journal::open_with_store(&folder.options(), clock, Arc::default(), wake, open).unwrap();
    let pushes = [push(1, "page", "a", Some(b"one")), push(2, "void", "b", None), push(3, "page", "a", Some(b"three"))];
    for push in pushes.clone() {
        assert_eq!(wait(journal.accept(push)), Ok(AcceptResult::Stored));
    }
    drop(journal);
    assert_eq!(*woken.lock().unwrap(), ["page", "page"]);

    let journal = folder.open();
    let stored = read(&journal).find_push(pushes[1].id).unwrap().unwrap();
    assert_eq!(stored.payload, pushes[1].payload);
    assert_eq!(format!("[{}]", stored.outcomes.join(",")), *pushes[1].outcomes);
    let pending = read(&journal).pending("page", DeliveryId::NONE, 10).unwrap();
    assert_eq!(pending.iter().map(|found| found.event.push).collect::<Vec<_>>(), [pushes[0].id, pushes[2].id]);
    assert!(pending[0].id < pending[1].id);
    assert_eq!(body(&journal, pending[1].id).as_deref(), Some(&b"three"[..]));
    assert_eq!(read(&journal).pending_of_key("page", "a", pending[0].id).unwrap().as_ref(), Some(&pending[1]));
    assert_eq!(read(&journal).pending("page", pending[1].id, 10).unwrap(), []);
    assert_eq!(read(&journal).channels().unwrap()[0].pending, 2);
    let events = read(&journal).events(&RecordFilter::default()).unwrap();
    let deliveries: Vec<_> = events.iter().map(|event| event.deliveries[0].state).collect();
    assert_eq!(deliveries, [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Pending]);
    let counts = &read(&journal).integrations().unwrap()[0];
    assert_eq!((counts.accepted, counts.sent, counts.dropped), (3, 3, 0));
    journal.close();
    assert_eq!(wait(journal.accept(push(4, "page", "a", None))), Err(JournalError::Closed));
}

fn attempts_are_counted_and_dead_letters_come_back_behind_the_rest(folder: &StateFolder) {
    let journal = folder.open();
    wait(journal.accept(push(1, "page", "a", Some(b"one")))).unwrap();
    let first = read(&journal).pending("page", DeliveryId::NONE, 1).unwrap().remove(0);
    for due in 0..25 {
        let result = SettlementResult::Retry { due: at(due), reason: format!("failure {due}") };
        wait(journal.settle(settlement(first.id, result))).unwrap();
    }
    let pending = read(&journal).pending("page", DeliveryId::NONE, 1).unwrap().remove(0);
    assert_eq!((pending.attempts, pending.due), (25, at(24)));
    let attempts = read(&journal).attempts(first.event).unwrap();
    assert_eq!((attempts.len(), attempts[19].result.as_str()), (20, "failure 24"));

    wait(journal.settle(settlement(first.id, given_up("too old")))).unwrap();
    wait(journal.settle(settlement(first.id, SettlementResult::Delivered))).unwrap();
    let dead = read(&journal).dead_letters(&RecordFilter::default()).unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str(), dead[0].attempts), (1, "too old", 26));
    wait(journal.accept(push(2, "page", "a", Some(b"two")))).unwrap();
    assert_eq!(
        journal
            .requeue_dead_letters(&RecordFilter { channel: Some("chat".to_owned()), ..RecordFilter::default() }, at(77))
            .unwrap(),
        0
    );
    assert_eq!(
        journal
            .requeue_dead_letters(&RecordFilter { push: Some(first.event.push), ..RecordFilter::default() }, at(77))
            .unwrap(),
        1
    );
    let pending = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(pending.iter().map(|found| found.replay).collect::<Vec<_>>(), [false, true]);
    assert_eq!((pending[1].since, pending[1].attempts), (at(77), 0));
    assert_eq!(body(&journal, pending[1].id).as_deref(), Some(&b"one"[..]));
    for found in &pending {
        wait(journal.settle(settlement(found.id, SettlementResult::Delivered))).unwrap();
    }
    assert_eq!(read(&journal).channels().unwrap()[0].pending, 0);
    assert_eq!(journal.redeliver(&RecordFilter::default(), at(99)).unwrap(), 2);
    let again = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert!(again.iter().all(|found| found.replay && found.since == at(99) && found.id > pending[1].id));
    wait(journal.settle(settlement(again[0].id, given_up("gone")))).unwrap();
    assert_eq!(journal.drop_dead_letters(&RecordFilter::default(), at(111)).unwrap(), 1);
    assert_eq!(read(&journal).dead_letters(&RecordFilter::default()).unwrap(), []);
    assert_eq!(journal.drop_dead_letters(&RecordFilter::default(), at(112)).unwrap(), 0);
    let again = RecordFilter { push: Some(again[0].event.push), ..RecordFilter::default() };
    let dropped = read(&journal).events(&again);
    let dropped = dropped.unwrap().remove(0).deliveries.pop().unwrap();
    assert_eq!((dropped.state, dropped.dropped), (DeliveryState::Dropped, Some(at(111))));
    assert_eq!(dropped.reason.as_deref(), Some("gone"), "why it was given up stays");
    let counts = &read(&journal).channels().unwrap()[0];
    assert_eq!((counts.delivered, counts.retried, counts.dead, counts.pending), (2, 25, 0, 1));
    assert_eq!(journal.redeliver(&again, at(113)).unwrap(), 1, "a dropped one is not sent again");
}

fn holds_and_generations_outlast_a_restart(folder: &StateFolder) {
    let journal = folder.open();
    assert_eq!(read(&journal).last_generation().unwrap(), None);
    let [one, other] = [1, 2].map(|receiver| ReceiverDigest([receiver; 16]));
    let hold = |receiver, until| StoredHold { receiver, until: at(until), reason: "130101: send too fast".to_owned() };
    for (channel, receiver, until) in [("page", one, 99), ("page", one, 98), ("chat", one, 99), ("chat", other, 50)] {
        wait(journal.hold(channel.to_owned(), hold(receiver, until))).unwrap();
    }
    let past = |generation, rules| PastGeneration { generation, rules: RuleSetHash([rules; 32]) };
    journal.note_generation(past(7, 1)).unwrap();
    journal.note_generation(past(6, 2)).unwrap();
    drop(journal);
    let journal = folder.open();
    let holds: Vec<_> = read(&journal).channels().unwrap().into_iter().map(|counts| counts.held).collect();
    assert_eq!(holds, [Some(hold(other, 50)), Some(hold(one, 99))], "the longest of the receiver that asked last");
    assert_eq!(read(&journal).last_generation().unwrap(), Some(past(7, 1)));
    wait(journal.accept(Push { generation: 8, ..push(1, "page", "a", Some(b"x")) })).unwrap();
    drop(journal);
    let journal = folder.open();
    assert_eq!(read(&journal).last_generation().unwrap(), Some(past(8, 9)));
    let page = read(&journal).channels().unwrap().pop().unwrap();
    assert_eq!((page.pending, page.held), (1, Some(hold(one, 99))), "a delivery ends no hold");
}

fn recoveries_know_where_the_firing_went(folder: &StateFolder) {
    let journal = folder.open();
    let opened = |channels: &[&str]| FiringTransition::Opened {
        key: "a".to_owned(),
        channels: channels.iter().map(|&channel| channel.to_owned()).collect(),
        severity: Severity::Warning,
        index: 0,
    };
    for (number, channels) in [(1, &["page"][..]), (2, &["chat", "page"])] {
        wait(journal.accept(Push { transitions: vec![opened(channels)], ..push(number, "page", "a", None) })).unwrap();
    }
    assert_eq!(journal.open_channels("shop", "a", ago(0)), ["page", "chat"]);
    assert_eq!(journal.open_channels("shop", "b", ago(0)), [""; 0]);
    assert_eq!(journal.open_channels("bank", "a", ago(0)), [""; 0]);
    drop(journal);
    let journal = folder.open();
    assert_eq!(journal.open_channels("shop", "a", ago(0)), ["page", "chat"]);
    let closed = FiringTransition::Closed { key: "a".to_owned(), removed_channels: vec!["chat".to_owned()], index: 0 };
    wait(journal.accept(Push { transitions: vec![closed], ..push(3, "page", "a", None) })).unwrap();
    assert_eq!(journal.open_channels("shop", "a", ago(0)), [""; 0]);
    let dead = read(&journal).dead_letters(&RecordFilter::default()).unwrap();
    assert_eq!(dead[0].reason, "channel `chat` no longer exists");
    assert_eq!(dead[0].channel, "chat");
    let old =
        Push { received: ago(31 * 86_400_000), transitions: vec![opened(&["page"])], ..push(4, "page", "a", None) };
    wait(journal.accept(old)).unwrap();
    assert_eq!(journal.open_channels("shop", "a", ago(0)), [""; 0], "a firing is open for thirty days");
}

fn a_repeated_body_is_accepted_once(folder: &StateFolder) {
    let journal = folder.open();
    let with = |number, within| Push {
        deduplicate: Some(Deduplication { body_hash: [1; 32], window_ms: within }),
        ..push(number, "page", "a", Some(b"x"))
    };
    let (first, second) = wait(async {
        let second = journal.clone();
        let first = journal.accept(with(1, 60_000));
        tokio::join!(first, second.accept(with(2, 60_000)))
    });
    assert_eq!((first, second), (Ok(AcceptResult::Stored), Ok(AcceptResult::Duplicate(with(1, 0).id))));
    let other = Push { integration: "bank".to_owned(), ..with(3, 60_000) };
    assert_eq!(wait(journal.accept(other)), Ok(AcceptResult::Stored), "another integration's body is another body");
    let later = Push { received: ago(-61_000), ..with(4, 60_000) };
    assert_eq!(wait(journal.accept(later)), Ok(AcceptResult::Stored), "the time is over");
    assert_eq!(read(&journal).pending("page", DeliveryId::NONE, 9).unwrap().len(), 3);
}

fn a_push_that_is_stored_already_is_not_stored_twice(folder: &StateFolder) {
    let journal = folder.open();
    for _ in 0..2 {
        assert_eq!(wait(journal.accept(push(1, "page", "a", Some(b"x")))), Ok(AcceptResult::Stored));
    }
    assert_eq!(read(&journal).pending("page", DeliveryId::NONE, 9).unwrap().len(), 1);
    assert_eq!(read(&journal).integrations().unwrap()[0].accepted, 1);
}

fn too_much_that_waits_is_refused_and_no_integration_takes_all(folder: &StateFolder) {
    let journal = folder.open_with(&JournalConfig { most_pending: 8, ..folder.options() }, Arc::default());
    let of = |number, integration: &str| Push {
        integration: integration.to_owned(),
        ..push(number, "page", "a", Some(b"x"))
    };
    for number in 0..5 {
        wait(journal.accept(of(number, "loud"))).unwrap();
    }
    assert_eq!(wait(journal.accept(of(5, "loud"))), Err(JournalError::Full));
    for number in 6..9 {
        wait(journal.accept(of(number, "quiet"))).unwrap();
    }
    assert_eq!(wait(journal.accept(of(9, "quiet"))), Err(JournalError::Full));
    let first = read(&journal).pending("page", DeliveryId::NONE, 1).unwrap()[0].id;
    wait(journal.settle(settlement(first, SettlementResult::Delivered))).unwrap();
    wait(journal.accept(of(10, "quiet"))).unwrap();
    drop(journal);
    let journal = folder.open_with(&JournalConfig { most_pending: 8, ..folder.options() }, Arc::default());
    assert_eq!(wait(journal.accept(of(11, "quiet"))), Err(JournalError::Full), "a restart forgets nothing");
}

fn lists_are_narrowed(folder: &StateFolder) {
    let journal = folder.open();
    for number in 0..20_u64 {
        let integration = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
        let channel = if number % 5 == 0 { "five" } else { "rest" };
        let body = (number % 3 == 0).then_some(&b"x"[..]);
        let received = at(i64::try_from(1_000 + number).unwrap());
        let push = Push { integration, received, ..push(number, channel, &format!("k{}", number % 4), body) };
        wait(journal.accept(push)).unwrap();
    }
    let numbers = |filter: RecordFilter| -> Vec<u128> {
        read(&journal).events(&filter).unwrap().iter().map(|event| event.id.push.0.random()).collect()
    };
    let none = RecordFilter::default;
    assert_eq!(numbers(RecordFilter { limit: 3, ..none() }), [19, 18, 17]);
    assert_eq!(numbers(RecordFilter { limit: 2, before: Some(push(17, "", "", None).id), ..none() }), [16, 15]);
    assert_eq!(numbers(RecordFilter { since: Some(at(1_004)), until: Some(at(1_007)), ..none() }), [6, 5, 4]);
    assert_eq!(numbers(RecordFilter { integration: Some("odd".to_owned()), limit: 2, ..none() }), [19, 17]);
    assert_eq!(numbers(RecordFilter { channel: Some("five".to_owned()), ..none() }), [15, 10, 5, 0]);
    assert_eq!(numbers(RecordFilter { key: Some("k3".to_owned()), limit: 2, ..none() }), [19, 15]);
    assert_eq!(numbers(RecordFilter { push: Some(push(4, "", "", None).id), index: Some(0), ..none() }), [4]);
    assert_eq!(numbers(RecordFilter { push: Some(push(4, "", "", None).id), index: Some(1), ..none() }), [0; 0]);
    assert_eq!(read(&journal).attempts(EventId { push: push(4, "", "", None).id, index: 0 }).unwrap(), []);
}

fn a_page_ends_with_a_whole_push_and_says_where_the_next_begins(folder: &StateFolder) {
    let journal = folder.open();
    for number in 0..3_u64 {
        let one = push(number, "page", &format!("k{number}"), None);
        let outcome = one.outcomes.trim_matches(['[', ']']);
        let outcomes = format!("[{}]", [outcome; 3].join(",")).into();
        wait(journal.accept(Push { outcomes, ..one })).unwrap();
    }
    let mut asked = RecordFilter { limit: 2, ..RecordFilter::default() };
    let mut found = Vec::new();
    let mut pages = 0;
    loop {
        let page = read(&journal).events_page(&asked).unwrap();
        found.extend(page.events.iter().map(|event| (event.id.push.0.random(), event.id.index)));
        pages += 1;
        let Some(next) = page.next else { break };
        asked.before = Some(next);
    }
    let all = [2, 1, 0].into_iter().flat_map(|push| (0..3).map(move |index| (push, index)));
    assert_eq!(found, all.collect::<Vec<_>>());
    assert_eq!(pages, 4);
    let rare = RecordFilter { key: Some("k0".to_owned()), limit: 9, ..RecordFilter::default() };
    assert_eq!(read(&journal).events(&rare).unwrap().len(), 3);
}

fn a_delivery_has_one_owner_at_a_time(folder: &StateFolder) {
    let journal = folder.open();
    wait(journal.accept(push(1, "page", "a", Some(b"x")))).unwrap();
    let id = read(&journal).pending("page", DeliveryId::NONE, 1).unwrap()[0].id;
    let [one, other] = [ClaimOwner::generate(), ClaimOwner::generate()];
    let claim = |owner, seconds| read(&journal).claim(id, owner, Duration::from_secs(seconds)).unwrap();
    assert_eq!(claim(one, 0), ClaimResult::Claimed);
    assert_eq!(claim(other, 3_600), ClaimResult::Claimed, "the lease of the first is over");
    assert_eq!(claim(one, 3_600), ClaimResult::Held);
    assert_eq!(claim(other, 3_600), ClaimResult::Claimed, "its owner renews it");
    let retry = SettlementResult::Retry { due: at(1), reason: "busy".to_owned() };
    wait(journal.settle(settlement(id, retry))).unwrap();
    assert_eq!(claim(one, 3_600), ClaimResult::Claimed, "a result ends the claim");
    wait(journal.settle(settlement(id, SettlementResult::Delivered))).unwrap();
    assert_eq!(claim(other, 3_600), ClaimResult::Settled);
    assert_eq!(read(&journal).claim(DeliveryId(77), one, Duration::ZERO), Ok(ClaimResult::Settled));
}

#[test]
fn a_directory_has_one_owner() {
    let folder = StateFolder::new();
    let journal = folder.open();
    let second = Journal::open(&folder.options(), Arc::new(SystemClock), Arc::default(), Arc::new(|_: &str| {}));
    let Err(JournalError::Failed(message)) = second else { panic!("it was opened twice") };
    assert!(message.contains(&format!("in use by process {}", std::process::id())), "{message}");
    journal.close();
    folder.open();
}
