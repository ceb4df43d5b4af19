//! Silences of a gateway that runs: from the command line and the API to what is sent, and over a kill.

use super::gathers::{alert, messages, place, push, serve};
use super::{Place, Running};
use serde_json::{Value, json};

fn post(gateway: &Running, path: &str, body: &Value) -> (u16, Value) {
    let (code, answer) = gateway.ask_with("POST", path, &body.to_string());
    (code, serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{answer}")))
}

fn silence(place: &Place, words: &[&str]) -> crate::common::Finished {
    let mut all = vec!["silence"];
    all.extend(words);
    all.extend(["--state", "state"]);
    place.pointsman(&all).finish()
}

#[test]
fn what_outlasts_a_silence_is_told_when_it_ends_and_the_end_of_what_was_told_before() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(1, "firing")]);
    assert_eq!(messages(&place, 1)[0]["title"], "pod 1 is down");

    let words = ["add", "labels.cluster == \"a\"", "--for", "2h", "--because", "deploy 812", "--by", "mia", "--json"];
    let added = silence(&place, &words);
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    let added: Value = serde_json::from_str(&added.stdout).unwrap();
    let id = added["id"].as_str().unwrap().to_owned();
    let held = push(&gateway, &[alert(2, "firing"), alert(3, "firing")]);
    push(&gateway, &[alert(1, "resolved"), alert(3, "resolved")]);
    assert_eq!(messages(&place, 2)[1]["status"], "Resolved", "it was told, so its end is");
    let story = place.pointsman(&["events", &format!("{held}-0"), "--state", "state"]).run().stdout;
    let fate = format!("chat: held by silence {id} \"deploy 812\" of mia until ");
    assert!(story.contains(&fate), "{story}");
    let story = place.pointsman(&["events", &format!("{held}-1"), "--state", "state"]).run().stdout;
    assert!(story.contains("before it was notified: held by silence"), "{story}");
    let shown = place.pointsman(&["status", "--state", "state"]).finish().stdout;
    assert!(shown.contains(", 1 alert held") && shown.contains(&id), "{shown}");

    // A kill in the middle of the silence: it goes on.
    drop(gateway);
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(4, "firing")]);
    let listed = silence(&place, &["list"]);
    assert!(listed.stdout.contains("active") && listed.stdout.contains("deploy 812"), "{}", listed.stdout);
    gateway.until("held", |status| {
        status["channels"].as_array().unwrap().iter().any(|one| one["name"] == "chat" && one["alerts_held"] == 2)
    });
    assert_eq!(messages(&place, 2).len(), 2, "nothing of it is told");
    let ended = silence(&place, &["end", &id, "--by", "leo"]);
    assert_eq!(ended.stdout, format!("silence {id} ended: what still fires is told\n"), "{}", ended.stderr);
    let told = messages(&place, 4);
    let mut titles: Vec<&str> = told[2..].iter().map(|message| message["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    assert_eq!(titles, ["pod 2 is down", "pod 4 is down"]);
    let shown = silence(&place, &["show", &id]).stdout;
    assert!(shown.contains("by leo") && shown.contains("by mia, added"), "{shown}");
    let again = silence(&place, &["end", &id, "--by", "leo"]);
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert!(again.stderr.contains("ended at") && again.stderr.contains("by leo"), "{}", again.stderr);
}

#[test]
fn the_api_refuses_what_is_hardly_meant_and_says_how_to_go_on() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    let gateway = serve(&place, &[]);
    push(&gateway, &[alert(1, "firing")]);
    messages(&place, 1);
    let add = |change: Value| {
        let mut request = json!({
            "condition": "labels.cluster == \"a\"", "for": "1h", "because": "deploy", "by": "ci"
        });
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        request.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let (code, answer) = post(&gateway, "/api/v1/silences", &request);
        (code, answer["detail"].as_str().unwrap_or_default().to_owned())
    };
    for (change, code, words) in [
        (json!({ "condition": "labels.cluster = 3" }), 400, "condition:1:"),
        (json!({ "condition": " " }), 400, "`condition` is missing"),
        (json!({ "for": null }), 400, "an end is missing: `for`, such as 20m, or `until`"),
        (json!({ "for": "5min" }), 400, "write `5m`"),
        (json!({ "until": "2020-01-01T00:00:00Z", "for": null }), 400, "nothing would be held"),
        (json!({ "because": "" }), 400, "`because` is missing"),
        (json!({ "by": null }), 400, "`by` is missing"),
        (json!({ "channels": ["chatt"] }), 400, "did you mean `chat`?"),
        (json!({ "for": "8d" }), 409, "more than 7 days"),
        (json!({ "for": "31d", "force": true }), 400, "at most 30 days"),
        (json!({ "condition": "severity >= Info" }), 409, "every event of the last 24 h meets this condition"),
        (json!({ "loud": true }), 400, "unknown field `loud`"),
    ] {
        let (answered, detail) = add(change.clone());
        assert_eq!(answered, code, "{change}: {detail}");
        assert!(detail.contains(words), "{change}: {detail}");
    }
    assert_eq!(add(json!({})).0, 200);
    let (code, detail) = add(json!({ "for": "30m" }));
    assert!(code == 409 && detail.contains("wholly within the silence 01"), "{code} {detail}");
    assert_eq!(add(json!({ "for": "30m", "force": true })).0, 200);
    assert_eq!(add(json!({ "for": "2h" })).0, 200, "it lasts longer");
    let (code, listed) = gateway.ask("GET", "/api/v1/silences?limit=2");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((code, listed["items"].as_array().unwrap().len(), listed["next"].is_string()), (200, 2, true));
    let (code, answer) = gateway.ask("GET", "/api/v1/silences/01KADZ3V9G0000000000000000");
    assert!(code == 404 && answer.contains("silence list --all"), "{answer}");

    let preview = json!({ "condition": "labels.clustr == \"a\" or labels.cluster == \"a\"" });
    let (code, shown) = post(&gateway, "/api/v1/silences/preview", &preview);
    assert_eq!(code, 200, "{shown:#}");
    assert_eq!(shown["unknown_labels"], json!([{ "label": "clustr", "nearest": "cluster" }]));
    assert_eq!((&shown["matched"], &shown["alerts"], &shown["firing"]), (&json!(1), &json!(1), &json!(1)), "{shown:#}");
    let rows = json!([{ "channel": "chat", "severity": "Warning", "alerts": 1, "messages": 1 }]);
    assert_eq!(shown["channels"], rows, "{shown:#}");
    assert_eq!(shown["titles"], json!([{ "title": "pod 1 is down", "events": 1 }]));
    assert_eq!(shown["is_cut"], Value::Null);
    // It looks no further back than events are kept.
    let far = json!({ "condition": "labels.cluster == \"a\"", "since": "1900-01-01T00:00:00Z" });
    let (code, shown) = post(&gateway, "/api/v1/silences/preview", &far);
    assert_eq!((code, &shown["is_cut"], &shown["matched"]), (200, &json!(true), &json!(1)), "{shown:#}");
    assert!(shown["since"].as_str().unwrap() > "2026", "{shown:#}");
    let later = json!({ "condition": "labels.cluster == \"a\"", "since": "2900-01-01T00:00:00Z" });
    let (code, shown) = post(&gateway, "/api/v1/silences/preview", &later);
    assert!(code == 400 && shown["detail"].as_str().unwrap().contains("later than now"), "{shown:#}");
}

#[test]
fn a_mistake_in_a_condition_is_shown_where_it_is() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    let gateway = serve(&place, &[]);
    let words = ["add", "labels.service == \"cart\" and severty < Critical", "--for", "1h", "--because", "x"];
    let refused = silence(&place, &words);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("condition:1:") && refused.stderr.contains("severity"), "{}", refused.stderr);
    drop(gateway);
    // Without a gateway, the journal is asked.
    let words = ["add", "labels.service == \"cart\"", "--for", "1h", "--because", "x", "--by", "mia"];
    let added = silence(&place, &words);
    assert_eq!(added.code, Some(0), "{}", added.stderr);
    assert!(added.stderr.contains("from the next start"), "{}", added.stderr);
}

#[test]
fn a_channel_that_gets_every_event_gets_the_last_one_once_the_silence_is_over() {
    let place = place(r#"file(path = "chat.ndjson")"#);
    let gateway = serve(&place, &[]);
    let request = json!({
        "condition": "key == \"k1\" or key == \"k2\"", "for": "1h", "because": "deploy", "by": "ci"
    });
    let (code, added) = post(&gateway, "/api/v1/silences", &request);
    assert_eq!(code, 200, "{added:#}");
    let held = push(&gateway, &[alert(1, "firing"), alert(2, "firing"), alert(3, "firing")]);
    push(&gateway, &[alert(1, "resolved")]);
    assert_eq!(messages(&place, 1)[0]["title"], "pod 3 is down");
    let story = place.pointsman(&["events", &format!("{held}-1"), "--state", "state"]).run().stdout;
    assert!(story.contains("chat: held by silence "), "{story}");
    let path = format!("/api/v1/silences/{}/end", added["id"].as_str().unwrap());
    assert_eq!(post(&gateway, &path, &json!({ "by": "ci" })).0, 200);
    let told = messages(&place, 2);
    assert_eq!((told.len(), &told[1]["title"]), (2, &"pod 2 is down".into()), "{told:#?}");
}

#[test]
fn a_mute_holds_what_its_source_explains() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never")"#);
    place.edit(
        "integration demo {",
        "mute behind when key != \"k0\" while key == \"k0\" same labels.cluster because \"{title}: pod 0 explains it\"\nintegration demo {",
    );
    let gateway = serve(&place, &["--poll", "--poll-interval", "1h"]);
    let id = push(&gateway, &[alert(1, "firing"), alert(0, "firing")]);
    assert_eq!(messages(&place, 1)[0]["title"], "pod 0 is down");
    let story = place.pointsman(&["events", &format!("{id}-0"), "--state", "state"]).run().stdout;
    assert!(
        story.contains("chat: held by mute behind (") && story.contains("pod 1 is down: pod 0 explains it"),
        "{story}"
    );
    assert!(story.contains("k0 fires since"), "{story}");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("pointsman_silences 0"), "{metrics}");
    // Rules without the mute: what it held is news.
    place.edit("mute behind when key != \"k0\"", "mute behind when key == \"none\"");
    let (code, answer) = gateway.ask("POST", "/-/reload");
    assert_eq!(code, 200, "{answer}");
    assert_eq!(messages(&place, 2)[1]["title"], "pod 1 is down");
}
