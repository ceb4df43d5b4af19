//! What keeps alerts from being told for a time, and who is told instead: in a gateway that runs, as its operators see it.

use super::gathers::{PROBE_KEY, alert, messages, place, push, serve};
use super::{PATIENCE, Place, Running};
use pointsman::time::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

fn run(place: &Place, arguments: &[&str]) -> String {
    place.pointsman(&[arguments, &["--state", "state"]].concat()).run().stdout.replace("\n  ", " ")
}

/// The time so many seconds from now.
fn in_seconds(count: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(count);
    Timestamp::from_epoch_milliseconds(i64::try_from(now.as_millis()).unwrap()).to_string()
}

fn state_of_event(gateway: &Running, id: &str) -> Value {
    let (_, listed) = gateway.ask("GET", &format!("/api/v1/events?id={id}"));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    listed["items"][0]["state"].clone()
}

#[test]
fn a_silence_begins_later_and_what_it_holds_is_explained() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    let gateway = serve(&place, &[]);
    let from = in_seconds(2);
    let words =
        ["silence", "add", "labels.cluster == \"a\"", "--from", &from, "--for", "2h", "--because", "deploy 812"];
    let added = run(&place, &[&words[..], &["--by", "mia", "--json"]].concat());
    let silence = serde_json::from_str::<Value>(&added).unwrap()["id"].as_str().unwrap().to_owned();
    let before = push(&gateway, &[alert(1, "firing")]);
    assert_eq!(messages(&place, 1)[0]["title"], "pod 1 is down", "it has not begun");
    assert_eq!(state_of_event(&gateway, &before), "sent");
    let end = Instant::now() + PATIENCE;
    while !run(&place, &["silence", "list", "--json"]).contains(r#""state":"active""#) {
        assert!(Instant::now() < end, "it does not begin: {}", run(&place, &["silence", "list", "--json"]));
        thread::sleep(Duration::from_millis(100));
    }
    let held = push(&gateway, &[alert(2, "firing")]);
    assert_eq!(state_of_event(&gateway, &held), "held");
    let listed = run(&place, &["events", "--key", "k2"]);
    assert!(listed.contains(" held ") && !listed.contains(" sent "), "{listed}");
    let fate = format!("held by silence {silence} \"deploy 812\" of mia until ");
    let explained = run(&place, &["explain", "--event", &format!("{held}-0")]);
    assert!(explained.contains(&fate), "{explained}");
    let groups = run(&place, &["groups", "chat"]);
    assert!(groups.contains(&fate), "{groups}");
    assert_eq!(messages(&place, 1).len(), 1);
}

#[test]
fn a_pause_ends_by_time_and_groups_show_it() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    let gateway = serve(&place, &[]);
    let pause = |time: &str| {
        run(&place, &["channel", "pause", "chat", "--for", time, "--because", "the robot moves", "--by", "anna"])
    };
    pause("1h");
    let id = push(&gateway, &[alert(1, "firing")]);
    assert_eq!(state_of_event(&gateway, &id), "waiting");
    let groups = run(&place, &["groups", "chat"]);
    assert!(groups.contains("paused by anna since ") && groups.contains(": the robot moves"), "{groups}");
    run(&place, &["channel", "resume", "chat", "--by", "ben"]);
    assert_eq!(messages(&place, 1)[0]["title"], "pod 1 is down");
    assert_eq!(state_of_event(&gateway, &id), "sent");
    pause("1s");
    push(&gateway, &[alert(2, "firing")]);
    assert_eq!(messages(&place, 2)[1]["title"], "pod 2 is down", "the pause is over");
    gateway.until("resumed", |status| {
        status["channels"].as_array().unwrap().iter().all(|channel| channel["paused"].is_null())
    });
    let resumed = gateway.err.wait("channel resumed by an operator");
    assert!(resumed.contains("ben") && !resumed.contains("because"), "{resumed}");
    gateway.err.wait("the pause of the channel is over");
}

/// The address of a receiver that refuses everything.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/robot", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut chunk = [0; 16_384];
            let _ = stream.read(&mut chunk);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        }
    });
    url
}

#[test]
fn a_message_that_is_refused_is_told_by_the_fallback_and_so_is_its_end() {
    let spare = "file(path = \"chat.ndjson\", repeat = 4h)";
    let place = place(&format!("slack(url = env(\"HOOK\"), repeat = 4h, fallback = spare)\nchannel spare = {spare}"));
    let command = place.serve(&["--allow-private"]).env("PROBE_KEY", PROBE_KEY).env("HOOK", refusing());
    let gateway = Running::of(&place, command);
    let id = push(&gateway, &[alert(1, "firing")]);
    let told = messages(&place, 1).remove(0);
    assert_eq!((&told["title"], &told["status"]), (&"pod 1 is down".into(), &"Firing".into()), "{told:#}");
    let story = run(&place, &["events", &format!("{id}-0")]);
    assert!(story.contains("chat: told in spare instead at "), "{story}");
    assert!(story.contains(", because its message was given up"), "{story}");
    assert!(story.contains("spare: notified at "), "{story}");
    push(&gateway, &[alert(1, "resolved")]);
    let told = messages(&place, 2);
    assert_eq!((told.len(), &told[1]["status"]), (2, &"Resolved".into()), "{told:#?}");
}

#[test]
fn nothing_is_heard_of_a_sender_and_then_it_returns() {
    let place = place(
        r#"file(path = "all.ndjson")
channel screen = file(path = "chat.ndjson")
routing beats { route beat when labels.cluster == "b" => nothing because "a heartbeat"  else => screen }
heartbeat watchdog {
  when title == "pod 1 is down"
  by labels.cluster
  timeout 5m
  title = "no beat of {labels.cluster}"
  => routing beats
}"#,
    );
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(1, "firing")]);
    drop(gateway);
    // The gateway listened for an hour more, and nothing came.
    let journal = Connection::open(place.state().join("journal.db")).unwrap();
    let hour = journal.execute("UPDATE clock SET listened = listened + 3600000", []).unwrap();
    assert_eq!(hour, 1, "the clock is noted");
    drop(journal);
    let gateway = serve(&place, &[]);
    let absent = messages(&place, 1).remove(0);
    assert_eq!((&absent["title"], &absent["status"]), (&"no beat of a".into(), &"Firing".into()), "{absent:#}");
    let listed = run(&place, &["heartbeats"]);
    assert!(listed.contains("absent since") && listed.contains("5m"), "{listed}");
    push(&gateway, &[alert(1, "firing")]);
    let returned = messages(&place, 2).remove(1);
    assert_eq!((&returned["key"], &returned["status"]), (&absent["key"], &"Resolved".into()), "{returned:#}");
    assert_eq!(returned["notes"], json!([]), "{returned:#}");
}

#[test]
fn the_end_of_an_absence_says_that_its_sender_was_forgotten() {
    let place = place(
        r#"file(path = "all.ndjson")
channel screen = file(path = "chat.ndjson")
routing beats { else => screen }
heartbeat watchdog { when title == "pod 1 is down"  by labels.cluster  timeout 5m  title = "no beat"  => routing beats }"#,
    );
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(1, "firing")]);
    drop(gateway);
    let journal = Connection::open(place.state().join("journal.db")).unwrap();
    journal.execute("UPDATE clock SET listened = listened + 3600000", []).unwrap();
    drop(journal);
    let _gateway = serve(&place, &[]);
    messages(&place, 1);
    assert_eq!(run(&place, &["heartbeats", "forget", "watchdog", "a"]), "forgotten\n");
    let over = messages(&place, 2).remove(1);
    let note = "an operator ran `pointsman heartbeats forget`; nothing was heard again";
    assert_eq!((&over["status"], &over["notes"]), (&"Resolved".into(), &json!([note])), "{over:#}");
}
