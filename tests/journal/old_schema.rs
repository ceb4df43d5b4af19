//! Journals of earlier builds open with this one, and nothing in them is lost.
//!
//! `tests/cases/journal/schema-N.db.gz` is a journal that the last build with schema N wrote through its own `Journal`:
//! pushes from every origin; deliveries that are pending, retried, delivered, dead and requeued; an open and a closed
//! firing; refused payloads. Its times are in the year 2100, so that retention removes nothing. That of schema 5 was written by
//! a gateway, with an open Warning, an open Critical and a firing that ended. That of schema 6 was written through its store,
//! as the test says. Numbers on disk never change their meaning, so these files are never made again.

use super::notification::{POLICY, Told, after};
use super::{StateFolder, at, body, push, push_id, read, settlement, wait};
use flate2::read::GzDecoder;
use pointsman::channel::{NotificationPolicy, WaitRange};
use pointsman::evaluate::RequestMetadata;
use pointsman::event::Severity;
use pointsman::function::key_digest;
use pointsman::gateway::journal::{
    AcceptResult, Deduplication, DeliveryId, DeliveryRecord, DeliveryState, DeliveryStore as _, OpenFiring, Push,
    PushOrigin, PushStore as _, RecordFilter, RefusedPayload, SettlementResult,
};
use pointsman::notification::MessageReason;
use pointsman::reload::{PastGeneration, RuleSetHash};
use std::fs::File;
use std::time::Duration;

const START: i64 = 4_102_444_800_000;

/// A state directory with the journal of an earlier build.
fn folder(case: &str) -> StateFolder {
    let folder = StateFolder::new();
    let packed = File::open(format!("tests/cases/journal/{case}.db.gz")).unwrap();
    let mut database = File::create(folder.path("journal.db")).unwrap();
    std::io::copy(&mut GzDecoder::new(packed), &mut database).unwrap();
    folder
}

#[test]
fn everything_in_a_journal_of_schema_1_is_read() {
    let folder = folder("schema-1");
    let journal = folder.open();
    let reader = read(&journal);
    let events = reader.events(&RecordFilter::default()).unwrap();
    let origins: Vec<PushOrigin> = events.iter().rev().take(5).map(|event| event.origin).collect();
    let all = [PushOrigin::Push, PushOrigin::Form, PushOrigin::Flashduty, PushOrigin::Alertmanager, PushOrigin::Replay];
    assert_eq!((events.len(), origins.as_slice()), (9, &all[..]));
    let states: Vec<Vec<&DeliveryRecord>> =
        events.iter().rev().map(|event| event.deliveries.iter().collect()).collect();
    let states: Vec<Vec<(DeliveryState, u32)>> = states
        .into_iter()
        .map(|each| each.into_iter().map(|delivery| (delivery.state, delivery.attempts)).collect())
        .collect();
    let (pending, delivered, dead) = (DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Dead);
    assert_eq!(
        states,
        [
            vec![(pending, 0)],
            vec![(pending, 2)],
            vec![(delivered, 1)],
            vec![(dead, 1)],
            vec![(pending, 0)],
            vec![(delivered, 0)],
            vec![(delivered, 1)],
            vec![(delivered, 0), (dead, 0)],
            vec![(delivered, 0)],
        ]
    );
    assert_eq!(events[7].received, at(START + 2_000));
    let dead = reader.dead_letters(&RecordFilter::default()).unwrap();
    let reasons: Vec<&str> = dead.iter().map(|dead| dead.reason.as_str()).collect();
    assert_eq!(reasons, ["channel `gone` no longer exists", "400 Bad Request"]);
    let attempts = reader.attempts(events[7].id).unwrap();
    let results: Vec<(Option<u16>, &str)> =
        attempts.iter().map(|attempt| (attempt.status, attempt.result.as_str())).collect();
    assert_eq!(results, [(Some(503), "503 Service Unavailable"), (None, "timed out")]);
    let refused = reader.quarantined(&RecordFilter::default()).unwrap();
    let refused: Vec<(u16, PushOrigin)> = refused.iter().map(|found| (found.status, found.origin)).collect();
    assert_eq!(refused, [(413, PushOrigin::Alertmanager), (422, PushOrigin::Form), (400, PushOrigin::Push)]);
    let stored = reader.find_push(push_id(6)).unwrap().unwrap();
    let channels = vec!["void".to_owned(), "page".to_owned()];
    assert_eq!(stored.open, [OpenFiring { key: "discarded".to_owned(), channels }]);
    assert_eq!(stored.payload, b"payload 6");
    let archive = reader.rules(RuleSetHash([9; 32])).unwrap();
    assert_eq!(archive.as_deref(), Some(&b"rules of that time"[..]));
    let open = |integration: &str, key: &str| journal.open_channels(integration, key, at(START));
    assert_eq!(open("shop", "retried"), ["page", "chat"]);
    assert_eq!(open("bank", "closed"), [""; 0]);
    let counts = reader.channels().unwrap();
    let counts: Vec<(&str, u64, u64, u64)> =
        counts.iter().map(|counts| (counts.name.as_str(), counts.pending, counts.delivered, counts.dead)).collect();
    assert_eq!(counts, [("chat", 1, 1, 1), ("gone", 0, 0, 1), ("page", 2, 3, 0), ("void", 0, 1, 0)]);
    assert!(reader.channels().unwrap().iter().all(|counts| counts.held.is_none()));
    let last = PastGeneration { generation: 3, rules: RuleSetHash([9; 32]) };
    assert_eq!(reader.last_generation().unwrap(), Some(last), "that of the latest push");
    let database = rusqlite::Connection::open(folder.path("journal.db")).unwrap();
    let sql = "SELECT sum(i.quarantined) = t.quarantined AND sum(i.quarantined_bytes) = t.quarantined_bytes \
               AND t.quarantined = 3 FROM integration i, total t";
    assert_eq!(database.query_row(sql, [], |row| row.get(0)), Ok(true), "shares of the quarantine are counted");
}

/// Earlier builds took keys of any length. Each is a digest now, the same that the rules make, so that order is kept.
#[test]
fn long_keys_in_a_journal_of_schema_1_are_digests() {
    let folder = folder("schema-1");
    let long = "k".repeat(1 << 20);
    let change = rusqlite::Connection::open(folder.path("journal.db")).unwrap();
    assert_eq!(change.execute("UPDATE delivery SET key = ?1 WHERE state = 0", [&long]).unwrap(), 3);
    change.close().unwrap();
    let journal = folder.open();
    let digest = key_digest(&long).unwrap();
    let pending = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(pending.iter().map(|found| found.key.as_str()).collect::<Vec<_>>(), [&digest, &digest]);
    let second = read(&journal).pending_of_key("page", &digest, pending[0].id).unwrap();
    assert_eq!(second.as_ref(), Some(&pending[1]));
}

#[test]
fn a_journal_of_schema_1_goes_on_where_it_was() {
    let folder = folder("schema-1");
    let journal = folder.open();
    let pending = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(pending.iter().map(|found| found.id.0).collect::<Vec<_>>(), [1, 2]);
    let chat = read(&journal).pending("chat", DeliveryId::NONE, 9).unwrap();
    assert!(chat[0].replay && chat[0].id == DeliveryId(8), "it was requeued");
    assert_eq!(body(&journal, DeliveryId(8)).as_deref(), Some(&b"body 5"[..]));
    wait(journal.settle(settlement(DeliveryId(1), SettlementResult::Delivered))).unwrap();
    let repeated = Push {
        integration: "bank".to_owned(),
        received: at(START + 2_000),
        deduplicate: Some(Deduplication { body_hash: [1; 32], window_ms: 60_000 }),
        ..push(90, "page", "pending", Some(b"again"))
    };
    assert_eq!(wait(journal.accept(repeated)), Ok(AcceptResult::Duplicate(push_id(1))));
    wait(journal.accept(push(91, "page", "new", Some(b"new")))).unwrap();
    assert_eq!(journal.requeue_dead_letters(&RecordFilter::default(), at(START)), Ok(1));
    drop(journal);
    let journal = folder.open();
    let pending = read(&journal).pending("page", DeliveryId::NONE, 9).unwrap();
    assert_eq!(pending.iter().map(|found| found.id.0).collect::<Vec<_>>(), [2, 9]);
}

/// Version 3 stored nothing of a request but its body. What comes now is stored with its headers.
#[test]
fn a_journal_of_schema_3_stores_what_requests_say_from_now_on() {
    let folder = folder("schema-3");
    let journal = folder.open();
    let reader = read(&journal);
    let stored = reader.find_push(push_id(2)).unwrap().unwrap();
    assert_eq!((stored.payload.as_slice(), stored.request.is_empty()), (&b"payload 2"[..], true));
    let refused = reader.quarantined(&RecordFilter::default()).unwrap();
    assert_eq!((refused[0].payload.as_slice(), refused[0].request.is_empty()), (&b"refused 3"[..], true));
    let mut request = RequestMetadata::default();
    request.set_header("X-GitHub-Event", Some("push".to_owned()));
    request.set_header("ce-id", None);
    request.set_path_suffix("alerts/ä".to_owned());
    wait(journal.accept(Push { request: request.clone(), ..push(4, "page", "a", Some(b"body 4")) })).unwrap();
    wait(journal.quarantine(RefusedPayload { request: request.clone(), ..super::refused(5, b"refused 5") })).unwrap();
    drop(journal);
    let journal = folder.open();
    assert_eq!(read(&journal).find_push(push_id(4)).unwrap().unwrap().request, request);
    let refused = read(&journal).quarantined(&RecordFilter::default()).unwrap();
    assert_eq!(refused[0].request, request);
    assert_eq!(journal.open_channels("shop", "a", at(START)), ["page"]);
}

/// Schema 5 knew nothing of what channels were told. What fires in such a journal was told, each event by itself.
#[test]
fn a_firing_that_is_open_in_a_journal_of_schema_5_counts_as_told() {
    let folder = folder("schema-5");
    let mut told = Told::new(&folder, POLICY);
    (told.pushes, told.received) = (100, at(1_796_072_600_000));
    told.arrive(0, &[("warning", Some(Severity::Warning)), ("critical", Some(Severity::Critical))]);
    assert_eq!(told.tell(0), [], "nothing is new");
    told.arrive(1, &[("warning", Some(Severity::Critical)), ("over", Some(Severity::Warning))]);
    let mut reasons = told.tell(1);
    reasons.sort_by_key(|reason| reason.name());
    assert_eq!(reasons, [MessageReason::New, MessageReason::Worse]);
    told.arrive(2, &[("critical", None)]);
    assert_eq!(told.tell(2), [MessageReason::Resolved]);
}

/// What was told and what is due in a journal of schema 6 goes on. In the group `g`, in which news waits for 30 s, a Warning and
/// a Critical were told; then a third alert fired and the Critical ended. A message of `d`, which ended since, is undelivered, and
/// the news of `e` waits.
#[test]
fn groups_of_a_journal_of_schema_6_go_on_where_they_were() {
    let folder = folder("schema-6");
    let wait = Duration::from_secs(30);
    let mut told = Told::new(&folder, NotificationPolicy { wait: WaitRange { low: wait, high: wait }, ..POLICY });
    told.pushes = 100;
    let bodies = |told: &Told<'_>| told.undelivered().into_values().map(|(_, body)| body).collect::<Vec<_>>();
    assert_eq!(bodies(&told), ["new: d"]);
    told.arrive(14, &[("g:a", Some(Severity::Warning))]);
    assert_eq!(told.tell(39), [], "what was told is told, and what is due is not due yet");
    assert_eq!(told.tell(40), [MessageReason::New]);
    assert_eq!(told.tell(42), [MessageReason::New]);
    assert_eq!(bodies(&told), ["new: d", "new: g:b g:c", "new: e"]);
    for message in 2..=4 {
        told.settle(message, SettlementResult::Delivered, after(43));
    }
    assert_eq!(told.tell(43), [MessageReason::Resolved], "the end of what its message told");
    told.arrive(50, &[("g:a", None), ("g:c", None), ("e", None)]);
    assert_eq!(told.tell(80), [MessageReason::Resolved, MessageReason::Resolved]);
    assert_eq!(bodies(&told).concat().matches("resolved: g:a g:c").count(), 1);
}

/// Where no severity is kept, it counts as Critical.
#[test]
fn a_firing_whose_severity_is_not_kept_counts_as_told_critical() {
    let folder = folder("schema-1");
    let mut told = Told::new(&folder, POLICY);
    (told.pushes, told.received) = (100, at(START));
    told.arrive(0, &[("retried", Some(Severity::Critical))]);
    assert_eq!(told.tell(0), []);
    told.arrive(1, &[("retried", None)]);
    assert_eq!(told.tell(1), [MessageReason::Resolved]);
}
