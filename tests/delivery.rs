//! Delivery from a ledger in memory to destinations on this machine: nothing is lost, order is kept, nobody waits for
//! anybody else, and nothing is reached that may not be.

#[path = "delivery/destination.rs"]
mod destination;
#[path = "delivery/ledger.rs"]
mod ledger;
#[path = "delivery/trouble.rs"]
mod trouble;

use crate::common::Folder;
use axum::body::Body;
use axum::response::Response;
use destination::{KIND, Log, OTHER, at, channel, listen, listen_securely, now, status, with};
use ledger::{Memory, wall};
use pointsman::channel::{DeliveryVerdict, NotificationPolicy, Secret, Setting, find};
use pointsman::gateway::delivery::{DeliveryService, DeliveryTimings, OutboundConfig, send_once};
use pointsman::gateway::journal::{DeliveryId, GiveUpCause, SettlementResult};
use pointsman::gateway::served_rules::ServedChannel;
use pointsman::ruleset::SystemClock;
use pointsman::time::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn open() -> OutboundConfig {
    OutboundConfig { allow_private: true, ..OutboundConfig::default() }
}

fn start(
    memory: &Memory,
    channels: &[ServedChannel],
    options: OutboundConfig,
    pace: DeliveryTimings,
) -> DeliveryService {
    DeliveryService::start(memory.clone(), channels, options, system_clock(), Arc::default(), pace)
}

/// Delivers what is in the ledger to one channel.
fn deliver(memory: &Memory, channel: ServedChannel) -> DeliveryService {
    start(memory, &[channel], open(), DeliveryTimings::shortened())
}

fn system_clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

fn count(log: &Log) -> usize {
    log.lock().unwrap().len()
}

#[test]
fn nothing_is_lost_and_each_key_keeps_its_order_whatever_fails() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    let mut put: HashMap<String, Vec<DeliveryId>> = HashMap::new();
    let mut add = |round: usize| {
        let key = format!("k{}", (round * 7) % 13);
        let id = memory.put("c", "plain", &key);
        put.entry(key).or_default().push(id);
    };
    (0..150).for_each(&mut add);
    let under_way = Arc::new(Mutex::new((Vec::<String>::new(), 0)));
    let seen = Arc::clone(&under_way);
    let (port, log) = listen(move |came, before| {
        let seen = Arc::clone(&seen);
        Box::pin(async move {
            let body: serde_json::Value = serde_json::from_str(&came.body).unwrap();
            let key = body["key"].as_str().unwrap().to_owned();
            {
                let mut seen = seen.lock().unwrap();
                assert!(!seen.0.contains(&key), "two of {key} under way");
                seen.0.push(key.clone());
                seen.1 = seen.1.max(seen.0.len());
            }
            tokio::task::yield_now().await;
            seen.lock().unwrap().0.retain(|other| *other != key);
            // Two of five fail, so that the breaker opens now and then.
            status(if (before * 31) % 5 < 2 { 503 } else { 200 })
        })
    });
    memory.with(|book| (book.failing_reads, book.failing_settles) = (2, 5));
    let channel = with(channel("c", &at(port)), "concurrency", Setting::Number(4));
    let deliveries = deliver(&memory, channel);
    for round in 150..300 {
        add(round);
        deliveries.wake("c");
    }
    memory.until("all deliveries", |book| book.delivered() == 300);
    let mut arrived: HashMap<String, Vec<DeliveryId>> = HashMap::new();
    for (id, result) in memory.results() {
        if result == SettlementResult::Delivered {
            let key = memory.with(|book| book.rows[&id].pending.key.clone());
            arrived.entry(key).or_default().push(id);
        }
    }
    assert_eq!(arrived, put);
    assert_eq!(count(&log), memory.results().len(), "each attempt is noted once, and no other is made");
    assert!(under_way.lock().unwrap().1 <= 4, "the concurrency is kept");
    let mut keys: HashMap<String, String> = HashMap::new();
    for came in log.lock().unwrap().iter() {
        assert_eq!(keys.entry(came.body.clone()).or_insert(came.idempotency_key.clone()), &came.idempotency_key);
    }
}

#[test]
fn two_services_on_one_store_deliver_everything_once() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..40).for_each(|number| _ = memory.put("c", "plain", &(number % 8).to_string()));
    let (port, log) = listen(|_, _| {
        Box::pin(async {
            tokio::task::yield_now().await;
            status(200)
        })
    });
    let services = [(); 2].map(|()| deliver(&memory, channel("c", &at(port))));
    memory.until("all deliveries", |book| book.delivered() == 40);
    assert_eq!((count(&log), memory.results().len()), (40, 40));
    drop(services);
}

#[test]
fn a_dead_destination_is_asked_ten_times_and_then_left_in_peace() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..30).for_each(|key| _ = memory.put("c", "plain", &key.to_string()));
    let (port, log) = listen(|_, _| now(status(500)));
    let channel = with(channel("c", &at(port)), "concurrency", Setting::Number(1));
    let deliveries = start(&memory, &[channel], open(), DeliveryTimings::default());
    memory.until("ten attempts", |book| book.settlements.len() >= 10);
    let end = Instant::now() + Duration::from_secs(30);
    while !deliveries.status()[0].breaker.starts_with("open until ") {
        assert!(Instant::now() < end, "{:?}", deliveries.status());
        std::thread::yield_now();
    }
    assert_eq!((count(&log), deliveries.status()[0].under_way), (10, 0));
}

#[test]
fn what_has_become_too_old_is_given_up_even_if_nobody_can_be_asked() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..30).for_each(|key| _ = memory.put_since("c", "plain", &key.to_string(), wall() - 100_000));
    let (port, _) = listen(|_, _| now(status(500)));
    let hour = Setting::Duration(Duration::from_mins(1));
    let _deliveries =
        start(&memory, &[with(channel("c", &at(port)), "retry_for", hour)], open(), DeliveryTimings::default());
    memory.until("thirty deaths", |book| book.deaths() == 30);
    for (_, result) in memory.results() {
        let SettlementResult::Dead { reason, .. } = result else { panic!("{result:?}") };
        assert_eq!(reason, "gave up after 1m: status 500:");
    }
}

#[test]
fn a_channel_that_hangs_holds_up_no_other() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    for key in 0..100 {
        memory.put("hanging", "plain", &key.to_string());
        memory.put("healthy", "plain", &key.to_string());
    }
    let (hanging, hung) = listen(|_, _| Box::pin(std::future::pending()));
    let (healthy, _) = listen(|_, _| now(status(200)));
    let channels = [channel("hanging", &at(hanging)), channel("healthy", &at(healthy))];
    let _deliveries = start(&memory, &channels, open(), DeliveryTimings::shortened());
    memory.until("all of the healthy one", |book| book.delivered() == 100);
    assert!(count(&hung) <= 8, "and no more than its concurrency hangs");
}

#[test]
fn a_wait_that_the_destination_asks_for_is_kept() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let times = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&times);
    let (port, _) = listen(move |_, before| {
        kept.lock().unwrap().push(Instant::now());
        let busy = Response::builder().status(429).header("retry-after", "1").body(Body::empty()).unwrap();
        now(if before == 0 { busy } else { status(200) })
    });
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    memory.until("the delivery", |book| book.delivered() == 1);
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_secs(1));
}

#[test]
fn a_refusal_is_final_and_frees_the_key() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    memory.put("c", "plain", "a");
    let (port, log) = listen(|_, before| now(status(if before == 0 { 400 } else { 200 })));
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    memory.until("both", |book| book.settled(DeliveryId(1)) && book.settled(DeliveryId(2)));
    assert!(matches!(
        &memory.results()[..],
        [(DeliveryId(1), SettlementResult::Dead { .. }), (DeliveryId(2), SettlementResult::Delivered)]
    ));
    assert_eq!(count(&log), 2);
}

#[test]
fn redirects_are_failures_and_never_followed() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (port, log) = listen(|_, _| {
        now(Response::builder().status(307).header("location", "/elsewhere").body(Body::empty()).unwrap())
    });
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    let reason = memory.only_death();
    assert!(reason.contains("status 307: a redirect") && !reason.contains("elsewhere"), "{reason}");
    assert_eq!(count(&log), 1);
}

#[test]
fn an_endless_answer_is_cut_and_a_slow_one_is_left() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (port, _) = listen(|_, _| {
        // More than any buffer holds; who reads all of it is slow.
        now(Response::builder().status(400).body(Body::from(vec![b'x'; 64 << 20])).unwrap())
    });
    let deliveries = deliver(&memory, channel("c", &at(port)));
    assert!(memory.only_death().len() < 2_000);
    let (port, _) = listen(|_, _| Box::pin(std::future::pending()));
    let slow = with(channel("d", &at(port)), "timeout", Setting::Duration(Duration::from_millis(100)));
    let slow = with(slow, "retry_for", Setting::Duration(Duration::ZERO));
    memory.put("d", "plain", "a");
    deliveries.set_channels(&[slow]);
    memory.until("the slow one", |book| book.deaths() == 2);
    let (_, last) = memory.results().pop().unwrap();
    let reason = "gave up after a single attempt: no answer within 0.1 s".to_owned();
    assert_eq!(last, SettlementResult::Dead { reason, cause: GiveUpCause::Expired });
}

#[test]
fn what_waits_for_a_removed_channel_becomes_dead_letters_at_once_and_at_the_next_start() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..200).for_each(|key| _ = memory.put("gone", "plain", &(key % 20).to_string()));
    (0..3).for_each(|_| _ = memory.put("never", "plain", "a"));
    let (port, _) = listen(|_, _| now(status(500)));
    let deliveries = deliver(&memory, channel("gone", &at(port)));
    memory.until("a failure", |book| !book.settlements.is_empty());
    deliveries.set_channels(&[]);
    memory.until("all of them", |book| book.deaths() == 203);
    let named = |channel: &str| format!("channel `{channel}` was removed from the rules");
    for (id, result) in memory.results() {
        let channel = if id.0 <= 200 { "gone" } else { "never" };
        assert!(
            matches!(&result, SettlementResult::Retry { .. })
                || result == SettlementResult::Dead { reason: named(channel), cause: GiveUpCause::Removed },
            "{result:?}"
        );
    }
    assert!(deliveries.status().is_empty());
}

#[test]
fn a_changed_address_holds_for_the_next_attempt_and_a_changed_kind_for_none() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..20).for_each(|key| _ = memory.put("c", "plain", &key.to_string()));
    let (wrong, _) = listen(|_, _| now(status(500)));
    let (right, log) = listen(|_, _| now(status(200)));
    let deliveries = start(&memory, &[channel("c", &at(wrong))], open(), DeliveryTimings::default());
    memory.until("the breaker's failures", |book| book.settlements.len() >= 10);
    deliveries.set_channels(&[channel("c", &at(right))]);
    memory.until("all of them", |book| book.delivered() == 20);
    assert_eq!(count(&log), 20);
    memory.put("c", "plain", "a");
    deliveries.set_channels(&[ServedChannel { kind: &OTHER, ..channel("c", &at(right)) }]);
    deliveries.wake("c");
    assert_eq!(memory.only_death(), "its kind changed from `plain` to `other`");
    assert_eq!(count(&log), 20);
    assert_eq!(deliveries.status()[0].kind, OTHER.name);
    assert_ne!(KIND.name, OTHER.name);
}

#[test]
fn shutting_down_waits_for_what_is_under_way_and_begins_nothing() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..50).for_each(|key| _ = memory.put("c", "plain", &key.to_string()));
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let held = Arc::clone(&gate);
    let (port, log) = listen(move |_, _| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            held.acquire().await.unwrap().forget();
            status(200)
        })
    });
    let deliveries = deliver(&memory, channel("c", &at(port)));
    let end = Instant::now() + Duration::from_secs(30);
    while count(&log) < 8 {
        assert!(Instant::now() < end);
        std::thread::yield_now();
    }
    let opener = Arc::clone(&gate);
    let stopped = runtime.spawn(async move {
        deliveries.shut_down(Duration::from_secs(30)).await;
    });
    // Seven may end; the eighth is let go once the shutdown is under way.
    opener.add_permits(8);
    runtime.block_on(stopped).unwrap();
    let noted = memory.results().len();
    assert_eq!(noted, count(&log), "what was begun was noted");
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!((memory.results().len(), count(&log)), (noted, noted), "and nothing was begun after it");
    assert!(noted <= 16, "{noted}");
}

#[test]
fn what_does_not_end_in_time_stays_pending() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (port, log) = listen(|_, _| Box::pin(std::future::pending()));
    let deliveries = deliver(&memory, channel("c", &at(port)));
    let end = Instant::now() + Duration::from_secs(30);
    while count(&log) == 0 {
        assert!(Instant::now() < end);
        std::thread::yield_now();
    }
    runtime.block_on(deliveries.shut_down(Duration::from_millis(20)));
    assert!(memory.results().is_empty());
}

#[test]
fn a_result_that_cannot_be_noted_is_noted_later_and_nothing_is_sent_twice() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..5).for_each(|_| _ = memory.put("c", "plain", "a"));
    memory.with(|book| book.failing_settles = 12);
    let (port, log) = listen(|_, _| now(status(200)));
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    memory.until("all of them", |book| book.delivered() == 5);
    assert_eq!(count(&log), 5);
}

#[test]
fn no_reason_shows_what_an_answer_repeats_of_a_secret() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    memory.put("d", "plain", "a");
    let (port, log) = listen(|came, _| {
        now(Response::builder().status(400).body(Body::from(format!("bad {} {}", came.path, came.body))).unwrap())
    });
    let headers = Setting::Headers(vec![("X-Key".to_owned(), Secret::new("canary-header\r\n".to_owned()))]);
    let echoed = channel("c", &format!("http://127.0.0.1:{port}/hook?key=canary-url"));
    let broken = with(channel("d", &at(port)), "headers", headers);
    let _deliveries = start(&memory, &[echoed, broken], open(), DeliveryTimings::shortened());
    memory.until("both", |book| book.deaths() == 2);
    assert!(!format!("{:?}", memory.results()).contains("canary"), "{:?}", memory.results());
    assert_eq!(count(&log), 1, "a header with a line break is not sent");
}

#[test]
fn a_refused_connection_names_no_address() {
    let runtime = runtime();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let channel = channel("c", &format!("http://127.0.0.1:{port}/canary"));
    let exchange = runtime.block_on(send_once(&channel, b"{}", &open(), &system_clock()));
    let DeliveryVerdict::Retry { reason, .. } = exchange.verdict else { panic!("{exchange:?}") };
    assert!(reason.starts_with("no connection: ") && !reason.contains("canary"), "{reason}");
    assert!(exchange.request.starts_with(&format!("POST http://127.0.0.1:{port}/<secret>\n")), "{}", exchange.request);
}

#[test]
fn a_certificate_counts_where_somebody_trusted_vouches_for_it() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let channel = channel("c", &format!("https://localhost:{}/canary", listen_securely()));
    let ca_file = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/delivery/tls");
        OutboundConfig { ca_file: Some(folder.join(name)), ..open() }
    };
    let trusting = runtime.block_on(send_once(&channel, b"{}", &ca_file("ca.pem"), &system_clock()));
    assert_eq!(trusting.verdict, DeliveryVerdict::Delivered, "{}", trusting.answer);
    let strict = runtime.block_on(send_once(&channel, b"{}", &open(), &system_clock()));
    assert!(strict.answer.contains("invalid peer certificate"), "{}", strict.answer);
    assert!(ca_file("localhost.key").check().unwrap_err().contains("no certificate"));
    assert!(ca_file("absent").check().is_err());
}

#[test]
fn lines_of_a_file_channel_arrive_in_order_and_whole() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let folder = Folder::new();
    let memory = Memory::default();
    (0..500).for_each(|_| _ = memory.put("f", "file", "a"));
    let entries = vec![("path".to_owned(), Setting::Text("out/events.ndjson".to_owned()))];
    let settings = pointsman::channel::Settings { entries };
    let (kind, policy) = (find("file").unwrap(), NotificationPolicy::EVERY_EVENT);
    let file = ServedChannel { name: "f".to_owned(), kind, settings, policy };
    let options = OutboundConfig { directory: folder.path().to_owned(), ..OutboundConfig::default() };
    let _deliveries = start(&memory, &[file], options, DeliveryTimings::shortened());
    memory.until("all lines", |book| book.delivered() == 500);
    let text = std::fs::read_to_string(folder.join("out/events.ndjson")).unwrap();
    let lines: Vec<String> = (1..=500).map(|id| format!("{{\"key\":\"a\",\"id\":{id}}}")).collect();
    assert_eq!(text.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_channel_that_cannot_go_on_says_so_instead_of_standing_still() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "k");
    memory.with(|book| book.panics = true);
    let (port, _log) = listen(|_, _| now(status(200)));
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    memory.until("the word that a new start is needed", |book| book.doomed);
}
