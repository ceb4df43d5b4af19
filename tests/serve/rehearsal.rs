//! A rehearsal of what a gateway accepted tells what the gateway told.

use super::gathers::{alert, messages, place, push, serve};
use super::{PATIENCE, Place};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::event::MessageGroup;
use pointsman::gateway::journal::{DeliveryStore as _, Journal, JournalConfig, PushFilter};
use pointsman::gateway::rehearsal::Rehearsal;
use pointsman::json::Arena;
use pointsman::ruleset::{RuleSet, SystemClock};
use pointsman::time::{Clock as _, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// What a rehearsal of the journal tells each channel, as the channel sends it.
fn rehearsed(place: &Place, rules: &RuleSet) -> BTreeMap<String, Vec<Value>> {
    let options = JournalConfig { directory: place.state(), least_free: Some(0), ..JournalConfig::default() };
    let journal = Journal::open(&options, Arc::new(SystemClock), Arc::default(), Arc::new(|_| ())).unwrap();
    let pushes = journal.read().unwrap().pushes(&PushFilter::default()).unwrap().pushes;
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut observer = |message: &pointsman::suite::timeline::DeliveredMessage| {
        let arena = Arena::new();
        let (event, group) = (message.message.event.event(&arena), MessageGroup::Message(&message.message.group));
        let context = EvaluationContext::at(message.made);
        let body = rules.body(&message.channel, &event, group, &context, &mut SilentObserver).unwrap();
        told.entry(message.channel.clone()).or_default().push(body);
    };
    let mut rehearsal = Rehearsal::new(rules, Timestamp::default());
    for push in &pushes {
        rehearsal.play(push, &mut observer).unwrap();
    }
    rehearsal.finish(SystemClock.now(), &mut observer).unwrap();
    told
}

/// The lines of a file channel that gets every event, once there are so many.
fn lines(place: &Place, file: &str, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(place.state().join(file)).unwrap_or_default();
        if text.lines().count() >= count {
            return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        }
        assert!(Instant::now() < end, "no {count} events:\n{text}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Without the command that lists the alerts which a description leaves out: only a gateway gives messages ids.
fn without_message_id(mut message: Value) -> Value {
    let description = message["description"].as_str().and_then(|text| text.split_once(": pointsman messages "));
    if let Some((before, id)) = description {
        assert_eq!(id.len(), 26, "{message:#}");
        message["description"] = before.into();
    }
    message
}

/// In an order that does not depend on which delivery was faster.
fn sorted(mut events: Vec<Value>) -> Vec<Value> {
    events.sort_by_key(ToString::to_string);
    events
}

#[test]
fn a_rehearsal_tells_what_the_gateway_told() {
    let place = place(r#"file(path = "chat.ndjson", repeat = "never", wait = 1s, group_by = [labels.cluster])"#);
    place.edit(
        "probe => chat }",
        "probe => routing probed }\nchannel log = file(path = \"log.ndjson\")\nrouting probed { else => chat, log }",
    );
    let gateway = serve(&place, &[]);
    let firing: Vec<Value> = (0..12).map(|key| alert(key, "firing")).collect();
    let recoveries: Vec<Value> = (0..12).map(|key| alert(key, "resolved")).collect();
    let mut worse = alert(3, "firing");
    worse["severity"] = json!("Critical");
    let mut other = alert(20, "firing");
    other["cluster"] = json!("b");
    push(&gateway, &firing);
    messages(&place, 1);
    push(&gateway, &firing);
    push(&gateway, &[worse]);
    messages(&place, 2);
    push(&gateway, &recoveries[..11]);
    push(&gateway, &recoveries[11..]);
    messages(&place, 3);
    push(&gateway, &[other]);
    let told = messages(&place, 4);
    let every = lines(&place, "log.ndjson", 12 + 12 + 1 + 12 + 1);

    let shown = |words: &[&str]| -> Value {
        let run = place.pointsman(&["rehearse", "--since", "1h", "--json", "--state", "state"]);
        serde_json::from_str(&run.args(words).run().stdout).unwrap()
    };
    let live = shown(&[]);
    assert_eq!(live["rehearsals"][0]["rules"], "the rules in force (generation 1)");
    let (_, metrics) = gateway.ask("GET", "/metrics");
    let chat = live["rehearsals"][0]["channels"][0].clone();
    assert_eq!((&chat["channel"], &chat["messages"]), (&json!("chat"), &json!(4)), "{live:#}");
    for (reason, count) in chat["reasons"].as_object().unwrap() {
        let metric = format!("pointsman_messages_total{{channel=\"chat\",reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&metric), "{metric}{metrics}");
    }
    drop(gateway);

    let alone = shown(&["--rules", "rules"]);
    assert_eq!(alone["rehearsals"][0]["channels"], live["rehearsals"][0]["channels"]);
    let rules = RuleSet::load(&[place.rules()], None).unwrap().rules.unwrap();
    let mut rehearsed = rehearsed(&place, &rules);
    let told = told.into_iter().map(without_message_id).collect();
    assert_eq!(rehearsed.remove("chat"), Some(told));
    assert_eq!(rehearsed.remove("log").map(sorted), Some(sorted(every)));
    assert_eq!(rehearsed.len(), 0);
}
