//! Problems of statuses that are written as JSON.

use super::{StatusProblem, StatusProblemLevel, problems};
use crate::gateway::delivery::STOPPED_LOOP;
use crate::gateway::journal::DiskShortage;
use crate::gateway::status::GatewayStatus;
use crate::time::Timestamp;
use serde_json::{Value, json};

fn channel(name: &str, members: Value) -> Value {
    let mut channel = json!({
        "name": name, "kind": "webhook", "delivered": 4, "under_way": 0, "retrying": 0, "pending": 0, "dead": 0,
        "breaker": "closed", "latest": "2026-03-07T01:00:00Z", "last_error": null
    });
    let Value::Object(members) = members else { panic!("members") };
    for (name, value) in members {
        channel[name] = value;
    }
    channel
}

fn integration(name: &str, latest: &str, quarantine: Value) -> Value {
    let mut integration = json!({
        "name": name, "kind": "shared", "destination": "routing main", "mappings": ["arms"], "push_url": "",
        "latest": latest, "accepted": 1, "sent": 1, "dropped": 0, "refused": 0
    });
    integration["quarantine"] = quarantine;
    integration
}

fn status(members: Value) -> GatewayStatus {
    let mut status = json!({
        "version": "0.1.0", "listen": "127.0.0.1:8480", "accepting": true,
        "rules": {
            "roots": ["rules"], "generation": 7, "sha256": "0123456789abcdef0123", "loaded": "2026-03-07T01:00:00Z",
            "attempted": "2026-03-07T01:59:18Z", "failure": null, "watching": "inotify", "why_poll": null,
            "alive": 1, "warnings": []
        },
        "integrations": [], "channels": []
    });
    let Value::Object(members) = members else { panic!("members") };
    for (name, value) in members {
        status[name] = value;
    }
    serde_json::from_value(status).expect("a status")
}

fn found(members: Value) -> Vec<StatusProblem> {
    problems(&status(members), Timestamp::read("2026-03-07T02:00:00Z").expect("a time"))
}

/// `level kind subject: summary` of each problem.
fn lines(members: Value) -> Vec<String> {
    let line = |problem: StatusProblem| {
        let StatusProblem { level, kind, subject, summary, .. } = problem;
        format!("{level:?} {kind} {subject}: {summary}")
    };
    found(members).into_iter().map(line).collect()
}

#[test]
fn a_gateway_that_works_has_no_problems() {
    let error = json!({ "at": "2026-03-07T00:59:00Z", "reason": "status 503" });
    let channels = [channel("page", json!({ "last_error": error })), channel("chat", json!({ "pending": 2 }))];
    assert!(found(json!({ "channels": channels })).is_empty(), "an error before the last success is over");
}

#[test]
fn what_is_worst_comes_first() {
    let error = json!({ "at": "2026-03-07T01:55:00Z", "reason": "status 503" });
    let hold = json!({ "until": "2026-03-07T02:08:00Z", "reason": "130101 send too fast" });
    let failure = json!({
        "stage": "check", "message": "1 error in shop.rules",
        "findings": ["shop.rules:7:45: error[E0031]: there is no channel named `chat`"]
    });
    let mut rules = serde_json::to_value(status(json!({})).rules).expect("rules");
    rules["failure"] = failure;
    rules["warnings"] = json!(["everybody on this machine can read the secret file `key`; run `chmod o= key`"]);
    let lines = lines(json!({
        "rules": rules,
        "certificate": "`tls.pem` holds no certificate in PEM",
        "channels": [
            channel("old", json!({ "kind": null, "dead": 3, "latest": null, "last_error": error })),
            channel("chat", json!({ "held": hold, "pending": 3, "oldest_pending": "2026-03-07T01:56:00Z" })),
            channel("page", json!({
                "breaker": "open until 2026-03-07T02:00:30Z", "failing_since": "2026-03-07T01:40:00Z", "pending": 90,
                "last_error": error
            })),
            channel("intranet", json!({ "blocked": "10.1.2.3 is private: add `--allow 10.1.2.3`", "pending": 1 })),
        ],
        "integrations": [
            integration("shop", "2026-03-07T01:59:00Z", json!(
                { "count": 2, "latest": "2026-03-07T01:30:00Z", "reason": "there is no list `alerts`" }
            )),
        ],
        "rejected_senders": [
            { "integration": "shop", "unknown_keys": 12, "bad_signatures": 1, "latest": "2026-03-07T01:59:00Z",
              "peer": "10.0.0.9" },
            { "integration": "shpo", "unknown_keys": 1, "bad_signatures": 0, "latest": "2026-03-07T01:59:00Z",
              "peer": "10.0.0.9" },
            { "integration": "gone", "unknown_keys": 9, "bad_signatures": 0, "latest": "2026-03-05T01:59:00Z",
              "peer": "10.0.0.9" },
        ],
    }));
    expect_test::expect![[r"
        Failing certificate gateway: the certificate on the disk is not served, the one before it stays: `tls.pem` holds no certificate in PEM
        Failing rules rules: the files on the disk are not in force, generation 7 stays: shop.rules:7:45: error[E0031]: there is no channel named `chat`
        Failing failing channel page: deliveries fail: status 503; 90 deliveries wait
        Failing held channel chat: the receiver asked to wait, so nothing is sent: 130101 send too fast; 3 deliveries wait, the oldest for 4 min
        Failing blocked channel intranet: the gateway may not reach its receiver: 10.1.2.3 is private: add `--allow 10.1.2.3`; 1 delivery waits
        Failing keys integration shop: 12 pushes with a wrong or missing key and 1 push with a wrong or missing signature were refused, the last from 10.0.0.9
        Warning dead channel old: 3 deliveries were given up; the last error: status 503
        Warning keys integration shpo: 1 push with a wrong or missing key was refused, the last from 10.0.0.9
        Warning refused integration shop: 2 payloads were refused and kept; the last: there is no list `alerts`
        Warning warning rules: everybody on this machine can read the secret file `key`; run `chmod o= key`
    "]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn every_problem_says_what_to_do() {
    let error = |reason: &str| json!({ "at": "2026-03-07T01:55:00Z", "reason": reason });
    let fails = |reason: &str| {
        let members = json!({ "pending": 1, "latest": null, "last_error": error(reason) });
        found(json!({ "channels": [channel("page", members)] })).remove(0)
    };
    for (reason, fix) in [
        ("status 401: no", "see whether the channel's secret is still valid"),
        ("status 404", "see whether the channel's address is right"),
        ("status 500: oops", "see what its receiver says"),
        ("no answer within 10 s", "see whether its receiver runs and this machine reaches it"),
        ("gave up after 24h: no connection: refused", "see whether its receiver runs and this machine reaches it"),
        ("errcode 310000: sign not match", "fix what the reason names"),
        ("the receiver's address 10.1.2.3 is not on the public internet (private)", "fix what the reason names"),
        (
            "no connection: invalid peer certificate: UnknownIssuer",
            "see whether its certificate is valid; `--ca-file FILE` adds an authority of your own",
        ),
    ] {
        let problem = fails(reason);
        assert_eq!(
            problem.fix,
            format!(
                "{fix}; deliveries continue once it works. `pointsman send page --rules rules`, with the options of \
                 `serve`, shows one request and its answer"
            )
        );
        assert_eq!(problem.since.as_deref(), Some("2026-03-07T01:55:00Z"));
    }
    let sender = json!({
        "integration": "shpo", "unknown_keys": 1, "bad_signatures": 0, "latest": "2026-03-07T01:59:00Z", "peer": "::1"
    });
    let known = integration("shop", "2026-03-07T01:59:00Z", Value::Null);
    let problem = found(json!({ "integrations": [known], "rejected_senders": [sender] })).remove(0);
    assert!(problem.fix.contains("at ::1 (did it mean `shop`?)"), "{}", problem.fix);
}

#[test]
fn what_to_do_names_the_flag_the_cause_and_the_sender() {
    let blocked = "10.1.2.3 is private; to allow it, start with `--allow 10.1.2.3/32`";
    let error = json!({ "at": "2026-03-07T01:55:00Z", "reason": "status 401: no" });
    let looped = json!({ "at": "2026-03-07T01:55:00Z", "reason": format!("{STOPPED_LOOP} 8 deliveries of gateways") });
    let unnamed = json!({
        "integration": "", "unknown_keys": 1, "bad_signatures": 0, "latest": "2026-03-07T01:59:00Z", "peer": "10.0.0.9"
    });
    let fixes = found(json!({
        "channels": [
            channel("intranet", json!({ "blocked": blocked, "pending": 1 })),
            channel("page", json!({ "dead": 1, "last_error": error })),
            channel("round", json!({ "dead": 1, "last_error": looped, "latest": "2026-03-07T01:56:00Z" })),
        ],
        "rejected_senders": [unnamed],
    }));
    let fixes: Vec<String> = fixes.into_iter().map(|problem| format!("{}: {}", problem.subject, problem.fix)).collect();
    expect_test::expect![[r"
        channel intranet: if the address is right, restart the gateway with `--allow 10.1.2.3/32`, else correct it in the rules; what waits is sent then
        channel page: see whether the channel's secret is still valid; then `pointsman dead retry --channel page` sends them again; `pointsman dead drop --channel page` removes them; `pointsman dead list --channel page` shows them
        channel round: remove the loop: no channel may lead to a push URL through which its events come back; then `pointsman dead retry --channel round` sends them again; `pointsman dead drop --channel round` removes them; `pointsman dead list --channel round` shows them
        unknown integrations: if the sender at 10.0.0.9 is yours, compare its push URL and key with the integrations of `pointsman status`; else block its address. The name that it gave is not shown, as it may hold a key
    "]].assert_eq(&(fixes.join("\n") + "\n"));
}

#[test]
fn a_full_disk_is_a_problem_with_its_figures_and_the_option() {
    let shortage = DiskShortage { free: 930 << 20, least: 1 << 30 };
    let problem = found(json!({ "disk": { "reason": shortage.to_string(), "fix": DiskShortage::FIX } })).remove(0);
    expect_test::expect![[r"
        pushes are refused: the disk of the state directory has 930 MiB free for pushes, and they are accepted from 1024 MiB on
        make room there, or start the gateway with a lower `--least-free`
    "]]
    .assert_eq(&format!("{}\n{}\n", problem.summary, problem.fix));
}

/// `check` has other limits and other rights than the gateway: it would find nothing wrong.
#[test]
fn rules_that_cannot_be_read_are_fixed_where_the_message_says() {
    let mut rules = serde_json::to_value(status(json!({})).rules).expect("rules");
    let mut fix = |failure: Value| {
        rules["failure"] = failure;
        found(json!({ "rules": rules })).remove(0).fix
    };
    let named = "fix what is named; the rules are loaded again once a file changes";
    for message in ["cannot read `rules/a.rules`: permission denied", "the rules have more than 8 MiB"] {
        assert_eq!(fix(json!({ "stage": "read", "message": message, "findings": [] })), named);
    }
    let finding = "a.rules:1:1: error[E0001]: the file is not a text";
    let shown = fix(json!({ "stage": "read", "message": finding, "findings": [finding] }));
    assert!(shown.contains("`pointsman check rules`"), "{shown}");
}

#[test]
fn a_failure_of_a_moment_is_a_warning() {
    let error = json!({ "at": "2026-03-07T01:59:50Z", "reason": "status 503" });
    let members = json!({ "failing_since": "2026-03-07T01:59:50Z", "pending": 1, "last_error": error });
    let level = |members: &Value| found(json!({ "channels": [channel("page", members.clone())] })).remove(0).level;
    assert_eq!(level(&members), StatusProblemLevel::Warning);
    let mut long = members;
    long["failing_since"] = json!("2026-03-07T01:50:00Z");
    assert_eq!(level(&long), StatusProblemLevel::Failing);
}

#[test]
fn a_channel_that_is_slow_and_one_that_was_removed_are_problems() {
    let lines = lines(json!({ "channels": [
        channel("slow", json!({ "pending": 7, "oldest_pending": "2026-03-07T01:40:00Z" })),
        channel("old", json!({ "kind": null, "pending": 1 })),
    ] }));
    assert_eq!(
        lines,
        [
            "Failing removed channel old: the rules no longer have the channel; 1 delivery waits; what waits will be a dead letter",
            "Warning waiting channel slow: it delivers, but slowly; 7 deliveries wait, the oldest for 20 min",
        ]
    );
}

#[test]
fn a_heartbeat_with_as_many_senders_as_one_may_know_is_a_problem() {
    let told = lines(json!({ "full_heartbeats": ["prometheus"] }));
    let words = "it knows 10000 senders, as many as one may: further ones are not watched";
    assert_eq!(told, [format!("Warning heartbeat heartbeat prometheus: {words}")]);
}

#[test]
fn heartbeats_are_full_by_their_own_senders() {
    use crate::gateway::journal::SenderStatus;
    use crate::gateway::status::full_heartbeats;
    use crate::notification::{BeatRecord, ListeningTime, Sender};
    let sender = |heartbeat: &str| SenderStatus {
        sender: Sender { heartbeat: heartbeat.to_owned(), values: Vec::new() },
        record: BeatRecord::new(ListeningTime(1), Timestamp::default()),
    };
    let senders = ["a", "b", "b", "c"].map(sender);
    assert_eq!(full_heartbeats(&senders, 2), ["b"]);
}
