//! Channels that gather messages, from the rule file to what is sent, and to what operators see of it.

use super::{PATIENCE, Place, Running, request};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

pub(super) const PROBE_KEY: &str = "canary-probe-0123456789-canary";

/// Rules with an integration `probe` whose events go to one channel.
pub(super) fn place(channel: &str) -> Place {
    let place = Place::new();
    place.edit(
        "integration demo { keys = [env(\"POINTSMAN_DEMO_KEY\")]  arms => routing demo }",
        &format!(
            r#"
mapping probe {{
  each $.alerts[*]
  severity = match @.severity {{ "Critical" => Critical  else => Warning }}
  status   = match @.status {{ "resolved" => Resolved  else => Firing }}
  title    = string(@.title) ?? "untitled"
  key      = string(@.key) ?? "none"
  labels {{ cluster = string(@.cluster) }}
}}
channel chat = {channel}
integration demo {{ keys = [env("POINTSMAN_DEMO_KEY")]  arms => routing demo }}
integration probe {{ keys = [env("PROBE_KEY")]  probe => chat }}
"#
        ),
    );
    place
}

pub(super) fn serve(place: &Place, words: &[&str]) -> Running {
    Running::of(place, place.serve(words).env("PROBE_KEY", PROBE_KEY))
}

pub(super) fn push(gateway: &Running, alerts: &[Value]) -> String {
    let path = format!("/push/probe?integration_key={PROBE_KEY}");
    let body = json!({ "alerts": alerts }).to_string();
    let (code, answer) =
        request(&gateway.listen(), "POST", &path, "Content-Type: application/json\r\n", body.as_bytes());
    assert_eq!(code, 202, "{answer}");
    serde_json::from_str::<Value>(&answer).unwrap()["id"].as_str().unwrap().to_owned()
}

pub(super) fn alert(key: usize, status: &str) -> Value {
    json!({ "key": format!("k{key}"), "title": format!("pod {key} is down"), "status": status, "cluster": "a" })
}

/// The messages that a file channel got, once there are so many.
pub(super) fn messages(place: &Place, count: usize) -> Vec<Value> {
    let (path, end) = (place.state().join("chat.ndjson"), Instant::now() + PATIENCE);
    loop {
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.lines().count() >= count {
            return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        assert!(Instant::now() < end, "no {count} messages:\n{text}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn many_alerts_of_a_group_are_one_message_and_so_is_their_end() {
    let place = place(r#"file(path = "chat.ndjson", repeat = 4h, wait = 1s, group_by = [labels.cluster])"#);
    let gateway = serve(&place, &[]);
    let firing: Vec<Value> = (0..12).map(|key| alert(key, "firing")).collect();
    let id = push(&gateway, &firing);
    let first = messages(&place, 1).remove(0);
    assert_eq!((&first["title"], &first["status"]), (&"12 alerts: cluster a".into(), &"Firing".into()), "{first:#}");
    push(&gateway, &firing);
    let recoveries: Vec<Value> = (0..12).map(|key| alert(key, "resolved")).collect();
    push(&gateway, &recoveries[..11]);
    push(&gateway, &recoveries[11..]);
    let told = messages(&place, 2);
    assert_eq!((told.len(), &told[1]["status"]), (2, &"Resolved".into()), "{told:#?}");
    assert_eq!(told[1]["key"], first["key"]);
    gateway.until("told", |status| status["channels"].as_array().unwrap().iter().all(|one| one["waiting"] == 0));
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_messages_total{channel=\"chat\",reason=\"new\"} 1"), "{metrics}");
    assert!(metrics.contains("pointsman_messages_total{channel=\"chat\",reason=\"resolved\"} 1"), "{metrics}");
    let (_, shown) = gateway.ask("GET", &format!("/api/v1/events/{id}-0"));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let fate = &shown["fates"][0];
    let fields: Vec<&Value> =
        ["channel", "fate", "group", "timing", "alerts", "state"].map(|name| &fate[name]).to_vec();
    assert_eq!(
        json!(fields),
        json!(["chat", "notified", [{ "name": "cluster", "value": "a" }], { "new": { "wait": 1000, "number": 1 } }, 12, "delivered"]),
        "{shown:#}"
    );
    let story = place.pointsman(&["events", &format!("{id}-0"), "--state", "state"]).run().stdout.replace("\n  ", " ");
    assert!(
        story.contains("chat: notified at ")
            && story.contains(
                " (new), as one of 12 alerts; group cluster \"a\"; waited 1s: first message of this group since it was quiet"
            ),
        "{story}"
    );
}

/// What operators see of messages and groups, of a gateway and of its journal.
#[test]
fn messages_and_groups_are_listed() {
    let place = place(r#"file(path = "chat.ndjson", repeat = 4h, wait = 1s, group_by = [labels.cluster])"#);
    let gateway = serve(&place, &[]);
    let id = push(&gateway, &(0..12).map(|key| alert(key, "firing")).collect::<Vec<_>>());
    messages(&place, 1);
    let (_, listed) = gateway.ask("GET", "/api/v1/messages?channel=chat");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let message = &listed["items"][0];
    let facts: Vec<&Value> =
        ["channel", "reason", "title", "alerts", "firing", "groups", "status"].map(|name| &message[name]).to_vec();
    assert_eq!(json!(facts), json!(["chat", "new", "12 alerts: cluster a", 12, 12, 1, "Firing"]));
    let ulid = message["id"].as_str().unwrap();
    let (_, detail) = gateway.ask("GET", &format!("/api/v1/messages/{ulid}"));
    let detail: Value = serde_json::from_str(&detail).unwrap();
    let mut events: Vec<&str> =
        detail["alerts"].as_array().unwrap().iter().map(|alert| alert["event"].as_str().unwrap()).collect();
    events.sort_unstable();
    assert_eq!((events.len(), events[0]), (12, &*format!("{id}-0")));
    let (status, _) = gateway.ask("GET", "/api/v1/messages/01KADZ3V9G0000000000000000");
    assert_eq!(status, 404);
    let (_, groups) = gateway.ask("GET", "/api/v1/groups?channel=chat");
    let groups: Value = serde_json::from_str(&groups).unwrap();
    let group = &groups["items"][0];
    assert_eq!((&group["firing"], &group["news"], &group["values"][0]["value"]), (&12.into(), &0.into(), &"a".into()));
    assert!(group["timing"]["repetition"]["wait"] == 14_400_000, "{group:#}");
    drop(gateway);
    let run = |arguments: &[&str]| place.pointsman(&[arguments, &["--state", "state"]].concat()).run().stdout;
    let list = run(&["messages"]);
    assert!(list.contains(ulid) && list.contains("12 alerts: cluster a") && list.contains("delivered"), "{list}");
    let shown = run(&["messages", ulid]);
    assert!(shown.contains("waited 1s: first message of this group") && shown.contains("cluster \"a\""), "{shown}");
    assert!(shown.contains(&format!("{id}-11")) && shown.contains("pod 11 is down"), "{shown}");
    let list = run(&["groups", "chat"]);
    assert!(list.contains("cluster \"a\"") && list.contains("again, if it still fires"), "{list}");
}

#[test]
fn a_wait_goes_on_over_a_kill_and_nothing_is_told_twice() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never", wait = 2s)"#);
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(1, "firing")]);
    gateway.until("waiting", |status| {
        status["channels"].as_array().unwrap().iter().any(|one| one["name"] == "chat" && one["waiting"] == 1)
    });
    drop(gateway);
    let gateway = serve(&place, &[]);
    let told = messages(&place, 1);
    assert_eq!(told[0]["title"], "pod 1 is down");
    push(&gateway, &[alert(1, "firing")]);
    push(&gateway, &[alert(1, "resolved")]);
    let told = messages(&place, 2);
    assert_eq!((told.len(), &told[1]["status"]), (2, &"Resolved".into()), "{told:#?}");
}

#[test]
fn a_channel_that_turns_every_event_tells_what_it_gathered_and_then_sends_each_event() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never", wait = 1h)"#);
    let gateway = serve(&place, &["--poll", "--poll-interval", "1h"]);
    push(&gateway, &[alert(1, "firing")]);
    place.edit("repeat = \"never\", wait = 1h", "repeat = \"every_event\"");
    let (code, answer) = gateway.ask("POST", "/-/reload");
    assert_eq!(code, 200, "{answer}");
    assert_eq!(messages(&place, 1)[0]["title"], "pod 1 is down");
    push(&gateway, &[alert(1, "firing")]);
    push(&gateway, &[alert(1, "resolved")]);
    let told = messages(&place, 3);
    assert_eq!([&told[1]["status"], &told[2]["status"]], ["Firing", "Resolved"]);
}

/// Every alert of this storm is a group of its own, and the channel tells a few of them by themselves at most.
#[test]
fn a_storm_is_one_message() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/robot", listener.local_addr().unwrap());
    let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&bodies);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (mut text, mut chunk) = (String::new(), [0; 4096]);
            while !text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.trim_end().ends_with('}')) {
                let count = stream.read(&mut chunk).unwrap();
                text.push_str(&String::from_utf8_lossy(&chunk[..count]));
            }
            taken.lock().unwrap().push(text);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
        }
    });
    let place = place(r#"slack(url = env("HOOK"), rate = 6, repeat = 4h)"#);
    let run = place.serve(&["--allow-private"]).env("PROBE_KEY", PROBE_KEY).env("HOOK", &url);
    let gateway = Running::of(&place, run);
    push(&gateway, &(0..40).map(|key| alert(key, "firing")).collect::<Vec<_>>());
    gateway.until("told", |status| {
        let chat = status["channels"].as_array().unwrap().iter().find(|one| one["name"] == "chat").unwrap().clone();
        chat["waiting"] == 0 && chat["pending"] == 0
    });
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    assert!(bodies[0].contains("40 alerts"), "{}", bodies[0]);
}

/// Nothing is sent to a paused channel, of neither kind; a restart changes nothing of that.
#[test]
fn a_paused_channel_waits_and_goes_on() {
    for kind in ["", ", repeat = 4h"] {
        let place = place(&format!(r#"file(path = "chat.ndjson"{kind})"#));
        let gateway = serve(&place, &[]);
        push(&gateway, &[alert(7, "firing")]);
        messages(&place, 1);
        let run = |arguments: &[&str]| place.pointsman(&[arguments, &["--state", "state"]].concat()).run();
        let paused = run(&["channel", "pause", "chat", "--for", "1h", "--because", "the robot moves", "--by", "anna"]);
        assert!(paused.stdout.contains("chat is paused until "), "{}", paused.stdout);
        drop(gateway);
        let gateway = serve(&place, &[]);
        let id = push(&gateway, &[alert(1, "firing"), alert(2, "firing")]);
        let (_, status) = gateway.ask("GET", "/api/v1/status");
        let status: Value = serde_json::from_str(&status).unwrap();
        let chat = status["channels"].as_array().unwrap().iter().find(|one| one["name"] == "chat").unwrap();
        assert_eq!((&chat["paused"]["by"], &chat["paused"]["because"]), (&"anna".into(), &"the robot moves".into()));
        let problems = status["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["kind"] == "paused"), "{status:#}");
        let story = run(&["events", &format!("{id}-0")]).stdout.replace("\n  ", " ");
        assert!(story.contains("paused by anna") && story.contains("the robot moves"), "{story}");
        assert_eq!(messages(&place, 1).len(), 1, "nothing is sent meanwhile");
        let resumed = run(&["channel", "resume", "chat", "--by", "ben"]);
        assert!(resumed.stdout.contains("chat goes on"), "{}", resumed.stdout);
        let titles: Vec<Value> = messages(&place, 3).into_iter().map(|told| told["title"].clone()).collect();
        assert!(titles.contains(&"pod 1 is down".into()) && titles.contains(&"pod 2 is down".into()), "{titles:?}");
    }
}

/// What waits for a channel of either kind is dropped, after a question, and does not come back.
#[test]
fn what_waits_for_a_channel_is_dropped() {
    for kind in ["", ", repeat = 4h"] {
        let place = place(&format!(r#"file(path = "chat.ndjson"{kind})"#));
        let gateway = serve(&place, &[]);
        let pointsman = |arguments: &[&str]| place.pointsman(&[arguments, &["--state", "state"]].concat());
        pointsman(&["channel", "pause", "chat", "--for", "1h", "--because", "a test", "--by", "anna"]).run();
        let id = push(&gateway, &[alert(1, "firing"), alert(2, "firing")]);
        let listed = pointsman(&["pending", "list", "--json"]).run().stdout;
        let listed: Value = serde_json::from_str(listed.trim()).unwrap();
        let total = |name: &str| listed[name].as_u64().unwrap();
        assert_eq!(total("waiting") + total("in_messages") + total("events"), 2, "{listed:#}");
        let drop = ["pending", "drop", "--channel", "chat", "--because", "a test of ours", "--by", "ben"];
        let kept = pointsman(&drop).stdin("no\n").code(2).run();
        assert!(kept.stderr.contains("nothing was dropped"), "{}", kept.stderr);
        let dropped = pointsman(&drop).stdin("yes\n").run();
        assert!(dropped.stdout.starts_with("dropped from chat: 2 "), "{}", dropped.stdout);
        assert_eq!(pointsman(&["pending", "list", "--json"]).run().stdout, "");
        let story = pointsman(&["events", &format!("{id}-0")]).run().stdout.replace("\n  ", " ");
        assert!(story.contains("dropped by ben") && story.contains("a test of ours"), "{story}");
        pointsman(&["channel", "resume", "chat", "--by", "anna"]).run();
        push(&gateway, &[alert(1, "firing"), alert(1, "resolved"), alert(3, "firing")]);
        let titles: Vec<Value> = messages(&place, 1).into_iter().map(|told| told["title"].clone()).collect();
        assert_eq!(titles, ["pod 3 is down"]);
        let metrics = gateway.ask("GET", "/metrics").1;
        assert!(metrics.contains("pointsman_dropped_total{channel=\"chat\""), "{metrics}");
    }
}
