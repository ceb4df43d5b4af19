//! What a channel does and shows while its receiver asks to wait, fails on some events, or may not be reached.

use super::destination::{at, channel, listen, now, status, with};
use super::ledger::Memory;
use super::{count, deliver, open, runtime, start};
use axum::body::Body;
use axum::response::Response;
use pointsman::channel::Setting;
use pointsman::gateway::delivery::{ChannelStatus, DeliveryService, DeliveryTimings, OutboundConfig};
use pointsman::gateway::journal::{DeliveryId, SettlementResult};
use std::time::{Duration, Instant};

fn too_fast() -> Response {
    Response::builder().status(429).header("retry-after", "600").body(Body::from("send too fast")).unwrap()
}

/// Waits until the status of the only channel is as it should be.
fn showing(deliveries: &DeliveryService, holds: impl Fn(&ChannelStatus) -> bool) -> ChannelStatus {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let status = deliveries.status().remove(0);
        if holds(&status) {
            return status;
        }
        assert!(Instant::now() < end, "{status:?}");
        std::thread::yield_now();
    }
}

#[test]
fn a_wait_that_the_receiver_asks_for_outlasts_a_restart_and_is_shown() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (port, log) = listen(|_, before| now(if before == 0 { too_fast() } else { status(200) }));
    let first = deliver(&memory, channel("c", &at(port)));
    memory.until("the answer", |book| book.settlements.len() == 1);
    let shown = showing(&first, |status| status.held.is_some() && status.next_attempt.is_some());
    assert_eq!((shown.breaker.as_str(), shown.failing_since), ("closed", None));
    let (held, next) = (shown.held.unwrap(), shown.next_attempt.unwrap());
    assert_eq!(held.reason, "status 429: send too fast");
    assert!(held.until.saturating_duration_since(next) < Duration::from_secs(5), "{held:?} {next}");
    drop(first);

    memory.put("c", "plain", "b");
    let second = deliver(&memory, channel("c", &at(port)));
    let shown = showing(&second, |status| status.held.is_some() && status.next_attempt.is_some());
    let left = held.until.saturating_duration_since(shown.held.clone().unwrap().until);
    assert!(left < Duration::from_secs(5), "{shown:?}");
    // The same receiver with another setting still waits.
    second.set_channels(&[with(channel("c", &at(port)), "concurrency", Setting::Number(2))]);
    memory.put("c", "plain", "c");
    second.wake("c");
    showing(&second, |status| status.held.is_some() && status.next_attempt.is_some());
    assert_eq!(count(&log), 1);

    let (other, _) = listen(|_, _| now(status(200)));
    second.set_channels(&[channel("c", &at(other))]);
    memory.until("another receiver", |book| book.delivered() == 3);
    assert_eq!(showing(&second, |status| status.under_way == 0).held, None);
    // Back at the receiver that asked for the wait, it still counts.
    second.set_channels(&[channel("c", &at(port))]);
    assert_eq!(showing(&second, |status| status.held.is_some()).held.unwrap().reason, "status 429: send too fast");
}

#[test]
fn a_wait_does_not_hold_a_channel_that_has_another_receiver_after_a_restart() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (busy, log) = listen(|_, _| now(too_fast()));
    let first = deliver(&memory, channel("c", &at(busy)));
    memory.until("the answer", |book| book.settlements.len() == 1);
    memory.put("c", "plain", "b");
    runtime.block_on(first.shut_down(Duration::from_secs(30)));
    let (other, _) = listen(|_, _| now(status(200)));
    let second = deliver(&memory, channel("c", &at(other)));
    memory.until("both, also the one that had to wait", |book| book.delivered() == 2);
    assert_eq!((showing(&second, |status| status.under_way == 0).held, count(&log)), (None, 1));
}

#[test]
fn a_wait_holds_every_channel_of_its_receiver_after_a_restart_whatever_the_channel_is_called() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("old", "plain", "k");
    let (port, log) = listen(|_, _| now(too_fast()));
    let first = deliver(&memory, channel("old", &at(port)));
    memory.until("the answer", |book| book.settlements.len() == 1);
    runtime.block_on(first.shut_down(Duration::from_secs(30)));
    memory.put("new", "plain", "k");
    let second = deliver(&memory, channel("new", &at(port)));
    let shown = showing(&second, |status| status.held.is_some() && status.next_attempt.is_some());
    assert_eq!((shown.name.as_str(), count(&log)), ("new", 1));
}

#[test]
fn what_a_receiver_answers_after_a_reload_holds_no_channel_that_has_another_one_by_then() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("c", "plain", "a");
    let (asked, wait_asked) = std::sync::mpsc::channel();
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let opened = std::sync::Arc::clone(&gate);
    let (busy, _) = listen(move |_, _| {
        asked.send(()).unwrap();
        let opened = std::sync::Arc::clone(&opened);
        Box::pin(async move {
            opened.acquire().await.unwrap().forget();
            too_fast()
        })
    });
    let deliveries = deliver(&memory, channel("c", &at(busy)));
    wait_asked.recv_timeout(Duration::from_secs(30)).unwrap();
    let (other, _) = listen(|_, _| now(status(200)));
    deliveries.set_channels(&[channel("c", &at(other))]);
    memory.put("c", "plain", "b");
    deliveries.wake("c");
    memory.until("the first delivery to the new receiver", |book| book.delivered() == 1);
    gate.add_permits(1);
    memory.until("the delivery that the old one refused", |book| book.delivered() == 2);
    assert_eq!(showing(&deliveries, |status| status.under_way == 0).held, None);
}

#[test]
fn channels_of_one_robot_wait_together() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    memory.put("a", "plain", "k");
    let (port, log) = listen(|_, _| now(too_fast()));
    let channels = ["a", "b"].map(|name| channel(name, &at(port)));
    let deliveries = start(&memory, &channels, open(), DeliveryTimings::shortened());
    showing(&deliveries, |status| status.held.is_some());
    memory.put("b", "plain", "k");
    deliveries.wake("b");
    let end = Instant::now() + Duration::from_secs(30);
    while deliveries.status()[1].next_attempt.is_none() {
        assert!(Instant::now() < end, "{:?}", deliveries.status());
    }
    assert_eq!((count(&log), deliveries.status()[1].held.is_some()), (1, true));
}

#[test]
fn events_that_a_receiver_fails_on_back_off_alone() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    let bad: Vec<DeliveryId> = (0..40)
        .map(|number| {
            let id = memory.put("c", "plain", &format!("bad{number}"));
            memory.put("c", "plain", &format!("good{number}"));
            id
        })
        .collect();
    let (port, _) = listen(|came, _| now(status(if came.body.contains("bad") { 500 } else { 200 })));
    let channel = with(channel("c", &at(port)), "concurrency", Setting::Number(1));
    let deliveries = start(&memory, &[channel], open(), DeliveryTimings::default());
    memory.until("the good ones", |book| book.delivered() == 40);
    let attempts = |id: &DeliveryId| memory.results().iter().filter(|(of, _)| of == id).count();
    memory.until("the bad ones were tried too", |book| book.settlements.len() >= 90);
    (0..30).for_each(|number| _ = memory.put("c", "plain", &format!("late{number}")));
    deliveries.wake("c");
    memory.until("later ones", |book| book.delivered() == 70);
    assert!(bad.iter().all(|id| attempts(id) >= 1), "each is retried");
    assert_eq!(showing(&deliveries, |status| status.under_way == 0).breaker, "closed");
}

#[test]
fn an_open_breaker_probes_with_what_was_never_tried() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..12).for_each(|number| _ = memory.put("c", "plain", &format!("bad{number}")));
    let (port, _) = listen(|came, _| now(status(if came.body.contains("bad") { 500 } else { 200 })));
    let channel = with(channel("c", &at(port)), "concurrency", Setting::Number(1));
    let deliveries = deliver(&memory, channel);
    // Long enough for the pauses of the breaker to have doubled to the longest.
    memory.until("many failures", |book| book.settlements.len() >= 20);
    (0..30).for_each(|number| _ = memory.put("c", "plain", &format!("good{number}")));
    deliveries.wake("c");
    let before = memory.results().len();
    memory.until("the good ones", |book| book.delivered() == 30);
    let first = memory.results().iter().position(|(_, result)| *result == SettlementResult::Delivered).unwrap();
    // A probe may have been under way, and the good ones may have been read after the next.
    assert!(
        first <= before + 4,
        "{first} results came before the first good one, {before} of them before it was there"
    );
}

#[test]
fn the_own_network_is_closed_however_the_address_is_written_until_it_is_allowed() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let (port, log) = listen(|_, _| now(status(200)));
    let hosts =
        ["127.0.0.1", "localhost", "LOCALHOST", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:7f00:1]", "0"];
    for host in hosts {
        let memory = Memory::default();
        memory.put("c", "plain", "a");
        let channel = channel("c", &format!("http://{host}:{port}/canary"));
        let deliveries = start(&memory, &[channel], OutboundConfig::default(), DeliveryTimings::shortened());
        memory.until("a retry", |book| book.settlements.len() >= 2);
        for (_, result) in memory.results() {
            let SettlementResult::Retry { reason, .. } = result else { panic!("{host}: {result:?}") };
            assert!(reason.contains("--allow ") && !reason.contains("canary"), "{host}: {reason}");
        }
        let shown = showing(&deliveries, |status| status.blocked.is_some());
        assert_eq!((shown.breaker.as_str(), shown.failing_since), ("closed", None));
        assert_eq!(count(&log), 0);
    }
    for (allow, host) in [("127.0.0.0/8", "127.0.0.1"), ("LocalHost", "localhost")] {
        let memory = Memory::default();
        let id = memory.put("c", "plain", "a");
        // Its pause is up to ten minutes long.
        memory.with(|book| book.rows.get_mut(&id).unwrap().pending.attempts = 20);
        let channel = channel("c", &format!("http://{host}:{port}/"));
        let closed =
            start(&memory, std::slice::from_ref(&channel), OutboundConfig::default(), DeliveryTimings::default());
        memory.until("a retry", |book| !book.settlements.is_empty());
        runtime.block_on(closed.shut_down(Duration::from_secs(30)));
        let options = OutboundConfig { allow: vec![allow.to_owned()], ..OutboundConfig::default() };
        let deliveries = start(&memory, &[channel], options, DeliveryTimings::default());
        memory.until("what is allowed now", |book| book.delivered() == 1);
        assert_eq!(showing(&deliveries, |status| status.under_way == 0).blocked, None);
    }
}

#[test]
fn a_channel_that_may_not_be_reached_says_so_before_anything_is_sent() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    for host in ["10.1.2.3", "localhost"] {
        let channel = channel("c", &format!("http://{host}/canary"));
        let deliveries =
            start(&memory, std::slice::from_ref(&channel), OutboundConfig::default(), DeliveryTimings::shortened());
        let shown = showing(&deliveries, |status| status.blocked.is_some()).blocked.unwrap();
        assert!(shown.contains("--allow ") && !shown.contains("canary"), "{shown}");
    }
}

#[test]
fn what_came_through_too_many_gateways_becomes_a_dead_letter_that_says_so() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    for hops in [7, 8] {
        let id = memory.put("c", "plain", &hops.to_string());
        memory.with(|book| book.rows.get_mut(&id).unwrap().pending.hops = hops);
    }
    let (port, log) = listen(|_, _| now(status(200)));
    let _deliveries = deliver(&memory, channel("c", &at(port)));
    let reason = memory.only_death();
    assert!(reason.starts_with("stopped a loop: ") && reason.contains("push URL"), "{reason}");
    memory.until("the other", |book| book.delivered() == 1);
    assert_eq!(count(&log), 1);
}

#[test]
fn an_open_breaker_finds_the_newest_among_many_that_were_never_tried() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    (0..300).for_each(|number| _ = memory.put("c", "plain", &format!("bad{number}")));
    let (port, _) = listen(|came, _| now(status(if came.body.contains("bad") { 500 } else { 200 })));
    let channel = with(channel("c", &at(port)), "concurrency", Setting::Number(1));
    let deliveries = deliver(&memory, channel);
    memory.until("the breaker opens", |book| book.settlements.len() >= 12);
    memory.put("c", "plain", "good");
    deliveries.wake("c");
    let before = memory.results().len();
    memory.until("the good one", |book| book.delivered() == 1);
    let first = memory.results().iter().position(|(_, result)| *result == SettlementResult::Delivered).unwrap();
    // Two turns, and what was under way.
    assert!(first <= before + 4, "{first} results came before the good one, {before} of them before it was there");
}

#[test]
fn large_bodies_wait_for_room_and_others_do_not() {
    let runtime = runtime();
    let _guard = runtime.enter();
    let memory = Memory::default();
    for number in 0..8 {
        let id = memory.put("hanging", "plain", &number.to_string());
        let body = format!("{{\"text\":\"{}\"}}", "x".repeat(1 << 20)).into_bytes();
        memory.with(|book| book.rows.get_mut(&id).unwrap().body = body);
    }
    let (hanging, hung) = listen(|_, _| Box::pin(std::future::pending()));
    let (healthy, _) = listen(|_, _| now(status(200)));
    let channels = [channel("hanging", &at(hanging)), channel("healthy", &at(healthy))];
    let deliveries = start(&memory, &channels, open(), DeliveryTimings::default());
    showing(&deliveries, |status| status.under_way == 8);
    while count(&hung) < 3 {
        std::thread::yield_now();
    }
    (0..100).for_each(|number| _ = memory.put("healthy", "plain", &number.to_string()));
    deliveries.wake("healthy");
    memory.until("those of the healthy one", |book| book.delivered() == 100);
    assert_eq!(count(&hung), 3, "a channel has 4 MiB for large bodies");
}
