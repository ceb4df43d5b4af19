//! What needs a look: problems, derived from the rest of a status by one pure function, the worst first.
//!
//! Each problem says what is wrong and what to do. Times are not part of its texts, so that a reader shows them in a zone
//! of its own.

use self::StatusProblemLevel::{Failing, Warning};
use super::{ChannelSummary, GatewayStatus, IntegrationSummary, RejectedSender, RulesSummary};
use crate::diagnostic::nearest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// From this age on, a failure is more than a hiccup.
const HICCUP_SECONDS: i64 = 60;
/// From this age on, a delivery waits too long, even where its channel works.
const LONG_WAIT_SECONDS: i64 = 300;
/// Refused pushes are a problem for this long.
const REFUSAL_SECONDS: i64 = 24 * 3_600;
/// For this long they mean that a sender fails now.
const RECENT_SECONDS: i64 = 3_600;
/// From this age on, an old version of the rules should no longer be in use.
const OLD_RULES_SECONDS: u64 = 60;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusProblemLevel {
    /// Alerts do not arrive, or changed rules are not in force.
    Failing,
    /// It works, but somebody should look.
    Warning,
}

/// Something that needs a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusProblem {
    /// How bad it is.
    pub level: StatusProblemLevel,
    /// Its kind, for programs: `stopping`, `rules`, `blocked`, `failing`, `held`, `removed`, `dead`, `waiting`, `keys`,
    /// `refused`, `last_good`, `warning`, `versions`.
    pub kind: String,
    /// What has it: `channel page`, `integration shop`, `rules`.
    pub subject: String,
    /// Since when, if that is known.
    #[serde(default)]
    pub since: Option<String>,
    /// When the gateway tries again by itself.
    #[serde(default)]
    pub next: Option<String>,
    /// What is wrong.
    pub summary: String,
    /// What to do.
    pub fix: String,
}

impl StatusProblem {
    fn new(level: StatusProblemLevel, kind: &str, subject: impl Into<String>) -> Self {
        Self {
            level,
            kind: kind.to_owned(),
            subject: subject.into(),
            since: None,
            next: None,
            summary: String::new(),
            fix: String::new(),
        }
    }

    fn since(mut self, since: Option<&String>) -> Self {
        self.since = since.cloned();
        self
    }

    fn next(mut self, next: Option<&String>) -> Self {
        self.next = next.cloned();
        self
    }

    fn says(mut self, summary: impl Into<String>, fix: impl Into<String>) -> Self {
        (self.summary, self.fix) = (summary.into(), fix.into());
        self
    }
}

/// The problems of a status at a moment, the worst first. What the status already says about problems is not read.
#[must_use]
pub fn problems(status: &GatewayStatus, now: Timestamp) -> Vec<StatusProblem> {
    let roots = status.rules.roots.join(" ");
    let mut found: Vec<StatusProblem> = stopping(status).into_iter().collect();
    found.extend(reload(&status.rules, &roots));
    // Where more waits, more people wait.
    let mut channels: Vec<&ChannelSummary> = status.channels.iter().collect();
    channels.sort_by_key(|channel| std::cmp::Reverse(channel.pending));
    found.extend(channels.iter().filter_map(|channel| delivery(channel, &roots, now)));
    found.extend(channels.iter().filter_map(|channel| dead_letters(channel)));
    found.extend(status.rejected_senders.iter().filter_map(|sender| wrong_key(sender, &status.integrations, now)));
    found.extend(status.integrations.iter().filter_map(|integration| refusals(integration, now)));
    found.extend(rule_warnings(&status.rules));
    found.sort_by_key(|problem| problem.level);
    found
}

fn stopping(status: &GatewayStatus) -> Option<StatusProblem> {
    let problem = StatusProblem::new(Failing, "stopping", "gateway").says(
        "it is shutting down and accepts no pushes; senders repeat them",
        "start it again with `pointsman serve`; waiting deliveries continue then",
    );
    (!status.accepting).then_some(problem)
}

/// Files on the disk that are not in force.
fn reload(rules: &RulesSummary, roots: &str) -> Option<StatusProblem> {
    let failure = rules.failure.as_ref()?;
    let more = match failure.findings.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let finding = failure.findings.first().map(|finding| format!(": {finding}{more}")).unwrap_or_default();
    let generation = rules.generation;
    let summary = format!("the files on the disk are not in force, generation {generation} stays: {}", failure.message);
    let fix = match &*failure.stage {
        "tests" => format!("`pointsman test {roots}` shows what fails; the fixed files are loaded once they are saved"),
        "channels" => "fix what the finding names; the rules are loaded again once a file changes".to_owned(),
        _ => format!("`pointsman check {roots}` shows the findings; the fixed files are loaded once they are saved"),
    };
    Some(
        StatusProblem::new(Failing, "rules", "rules")
            .since(rules.failing_since.as_ref().or(Some(&rules.attempted)))
            .says(format!("{summary}{finding}"), fix),
    )
}

/// The one reason why deliveries of a channel do not flow.
fn delivery(channel: &ChannelSummary, roots: &str, now: Timestamp) -> Option<StatusProblem> {
    let name = &channel.name;
    let problem = |level, kind| StatusProblem::new(level, kind, format!("channel {name}"));
    let waits = waiting(channel, now);
    if channel.kind.is_none() {
        return (channel.pending > 0).then(|| {
            problem(Failing, "removed").since(channel.oldest_pending.as_ref()).says(
                format!("the rules no longer have the channel{waits}; what waits will be a dead letter"),
                format!("add the channel again, or drop them later: `pointsman dead drop --channel {name}`"),
            )
        });
    }
    let since = channel.failing_since.as_ref().or(channel.oldest_pending.as_ref());
    if let Some(blocked) = &channel.blocked {
        return Some(problem(Failing, "blocked").since(since).next(channel.next_attempt.as_ref()).says(
            format!("the gateway may not reach its receiver: {blocked}{waits}"),
            "restart the gateway with the flag that is named, or change the address in the rules; what waits is then sent",
        ));
    }
    if let Some(hold) = &channel.held {
        return Some(problem(Failing, "held").since(since).next(Some(&hold.until)).says(
            format!("the receiver asked to wait: {}{waits}", hold.reason),
            "deliveries continue by themselves; to avoid it, give the channel a lower `rate` or send fewer alerts to it",
        ));
    }
    if is_failing(channel) {
        let error = channel.last_error.as_ref();
        let reason = error.map_or("no reason is known", |error| error.reason.as_str());
        let began = channel.failing_since.as_ref().or(error.map(|error| &error.at));
        let is_hiccup = channel.breaker == "closed" && age(began, now).is_some_and(|age| age < HICCUP_SECONDS);
        let level = if is_hiccup { Warning } else { Failing };
        return Some(
            problem(level, "failing")
                .since(began)
                .next(channel.next_attempt.as_ref())
                .says(format!("deliveries fail: {reason}{waits}"), advice(name, reason, roots)),
        );
    }
    let waits_long = age(channel.oldest_pending.as_ref(), now).is_some_and(|age| age >= LONG_WAIT_SECONDS);
    waits_long.then(|| {
        problem(Warning, "waiting").since(channel.oldest_pending.as_ref()).says(
            format!("it delivers, but slowly{waits}"),
            format!("raise its `rate` if the receiver allows it; `pointsman events --channel {name}` shows what waits"),
        )
    })
}

/// Whether nothing was delivered since the first of the failures.
fn is_failing(channel: &ChannelSummary) -> bool {
    let newer_error = channel.last_error.as_ref().is_some_and(|error| is_newer(&error.at, channel.latest.as_ref()));
    channel.failing_since.is_some() || channel.breaker != "closed" || (newer_error && channel.pending > 0)
}

/// `; 12 deliveries wait, the oldest for 4 min`
fn waiting(channel: &ChannelSummary, now: Timestamp) -> String {
    if channel.pending == 0 {
        return String::new();
    }
    let deliveries = if channel.pending == 1 { "delivery waits" } else { "deliveries wait" };
    let oldest = age(channel.oldest_pending.as_ref(), now).map(|age| format!(", the oldest for {}", duration(age)));
    format!("; {} {deliveries}{}", channel.pending, oldest.unwrap_or_default())
}

/// What to do about a failure, by its reason.
fn advice(channel: &str, reason: &str, roots: &str) -> String {
    let says = |status: &str| reason.contains(&format!("status {status}"));
    let look = if ["401", "403"].iter().any(|status| says(status)) {
        "see whether the channel's secret is still valid"
    } else if ["404", "405", "410"].iter().any(|status| says(status)) {
        "see whether the channel's address is right"
    } else if reason.contains("status ") {
        "see what its receiver says"
    } else {
        "see whether its receiver runs and this machine reaches it"
    };
    format!("{look}; `pointsman send {channel} --rules {roots}` shows one request and its answer")
}

fn dead_letters(channel: &ChannelSummary) -> Option<StatusProblem> {
    if channel.dead == 0 {
        return None;
    }
    let name = &channel.name;
    let error = channel.last_error.as_ref();
    let is_last = error.is_some_and(|error| is_newer(&error.at, channel.latest.as_ref()));
    let reason = error.map(|error| format!("; the last error: {}", error.reason)).unwrap_or_default();
    let level = if is_last && channel.kind.is_some() { Failing } else { Warning };
    let then = match channel.kind {
        Some(_) => format!("`pointsman dead retry --channel {name}` or `pointsman dead drop --channel {name}`"),
        None => format!("`pointsman dead drop --channel {name}`, as the rules no longer have the channel"),
    };
    Some(StatusProblem::new(level, "dead", format!("channel {name}")).since(error.map(|error| &error.at)).says(
        format!("{} given up{reason}", counted(channel.dead, "delivery was", "deliveries were")),
        format!("`pointsman dead list --channel {name}` shows them; then {then}"),
    ))
}

/// Pushes with a key or a signature that is wrong.
fn wrong_key(sender: &RejectedSender, known: &[IntegrationSummary], now: Timestamp) -> Option<StatusProblem> {
    let age = age(Some(&sender.latest), now).unwrap_or(0);
    if age >= REFUSAL_SECONDS {
        return None;
    }
    let name = &sender.integration;
    let is_known = known.iter().any(|integration| integration.name == *name);
    let counts = [(sender.unknown_keys, "an unknown key"), (sender.bad_signatures, "a wrong signature")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, with)| format!("{} with {with}", counted(*count, "push", "pushes"))).collect();
    let subject = if name.is_empty() { "other integrations".to_owned() } else { format!("integration {name}") };
    let fix = if is_known {
        format!(
            "compare the sender's key with the one that the rules name for `{name}`; `pointsman keys new` makes another"
        )
    } else {
        let near = nearest(name, known.iter().map(|integration| integration.name.as_str()));
        let near = near.map(|near| format!(": did the sender mean `{near}`?")).unwrap_or_default();
        format!("the rules have no such integration{near}; if it is not yours, block the address")
    };
    let level = if is_known && age < RECENT_SECONDS { Failing } else { Warning };
    Some(
        StatusProblem::new(level, "keys", subject)
            .since(Some(&sender.latest))
            .says(format!("{} refused, the last from {}", counts.join(" and "), sender.peer), fix),
    )
}

/// Payloads that no mapping accepted.
fn refusals(integration: &IntegrationSummary, now: Timestamp) -> Option<StatusProblem> {
    let refused = integration.quarantine.as_ref()?;
    if age(Some(&refused.latest), now).is_none_or(|age| age >= REFUSAL_SECONDS) {
        return None;
    }
    let name = &integration.name;
    // No push came since, so the last one was not understood.
    let is_last = integration.latest.as_ref().is_none_or(|latest| !is_newer(latest, Some(&refused.latest)));
    let level = if is_last { Failing } else { Warning };
    Some(StatusProblem::new(level, "refused", format!("integration {name}")).since(Some(&refused.latest)).says(
        format!("{} refused: {}", counted(refused.count, "payload was", "payloads were"), refused.reason),
        format!("fix the rules, then `pointsman quarantine replay --integration {name}`; `pointsman quarantine list` shows them"),
    ))
}

/// What the rules in force, or their files, should be like.
fn rule_warnings(rules: &RulesSummary) -> Vec<StatusProblem> {
    let warning = |kind: &str| StatusProblem::new(Warning, kind, "rules");
    let not_kept = rules.not_kept.iter().map(|why| {
        warning("last_good").says(
            format!("the last good rules cannot be saved, so `--start-with-last-good` would start older ones: {why}"),
            "make room in the state directory, or give the gateway the right to write there",
        )
    });
    let warnings = rules.warnings.iter().map(|text| warning("warning").says(text, "fix it and save the rules"));
    let old = rules.oldest_seconds.filter(|age| *age >= OLD_RULES_SECONDS).map(|age| {
        warning("versions").says(
            format!(
                "rules that were replaced {} ago are still in use",
                duration(i64::try_from(age).unwrap_or(i64::MAX))
            ),
            "a push has not ended since: if that lasts, restart the gateway and report a bug",
        )
    });
    not_kept.chain(warnings).chain(old).collect()
}

/// `1 push`, `2 pushes`
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Whether a time is after another; also where there is no other.
fn is_newer(time: &str, other: Option<&String>) -> bool {
    match (Timestamp::read(time), other.and_then(|other| Timestamp::read(other))) {
        (Some(time), Some(other)) => time > other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// How many seconds ago a time was.
fn age(time: Option<&String>, now: Timestamp) -> Option<i64> {
    let then = Timestamp::read(time?)?;
    Some((now.epoch_milliseconds() - then.epoch_milliseconds()).max(0) / 1_000)
}

/// A number of seconds in its largest unit: `12 s`, `4 min`.
#[must_use]
pub fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{StatusProblem, StatusProblemLevel, problems};
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
            Failing rules rules: the files on the disk are not in force, generation 7 stays: 1 error in shop.rules: shop.rules:7:45: error[E0031]: there is no channel named `chat`
            Failing failing channel page: deliveries fail: status 503; 90 deliveries wait
            Failing held channel chat: the receiver asked to wait: 130101 send too fast; 3 deliveries wait, the oldest for 4 min
            Failing blocked channel intranet: the gateway may not reach its receiver: 10.1.2.3 is private: add `--allow 10.1.2.3`; 1 delivery waits
            Failing keys integration shop: 12 pushes with an unknown key and 1 push with a wrong signature refused, the last from 10.0.0.9
            Warning dead channel old: 3 deliveries were given up; the last error: status 503
            Warning keys integration shpo: 1 push with an unknown key refused, the last from 10.0.0.9
            Warning refused integration shop: 2 payloads were refused: there is no list `alerts`
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
        ] {
            let problem = fails(reason);
            assert_eq!(
                problem.fix,
                format!("{fix}; `pointsman send page --rules rules` shows one request and its answer")
            );
            assert_eq!(problem.since.as_deref(), Some("2026-03-07T01:55:00Z"));
        }
        let sender = json!({
            "integration": "shpo", "unknown_keys": 1, "bad_signatures": 0, "latest": "2026-03-07T01:59:00Z", "peer": "::1"
        });
        let known = integration("shop", "2026-03-07T01:59:00Z", Value::Null);
        let problem = found(json!({ "integrations": [known], "rejected_senders": [sender] })).remove(0);
        assert!(problem.fix.contains("did the sender mean `shop`?"), "{}", problem.fix);
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
}
