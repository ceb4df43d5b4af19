//! Problems of channels: deliveries that do not flow, and deliveries that were given up.

use super::StatusProblemLevel::{Failing, Warning};
use super::{StatusProblem, age, counted, duration, is_newer};
use crate::event::command_line_name;
use crate::gateway::delivery::STOPPED_LOOP;
use crate::gateway::journal::ChannelPause;
use crate::gateway::status::ChannelSummary;
use crate::time::Timestamp;

/// From this age on, a failure is more than a hiccup.
const HICCUP_SECONDS: i64 = 60;
/// From this age on, a delivery waits too long, even where its channel works.
const LONG_WAIT_SECONDS: i64 = 300;

/// The one reason why deliveries of a channel do not flow.
pub(super) fn delivery(channel: &ChannelSummary, roots: &str, now: Timestamp) -> Option<StatusProblem> {
    let name = &channel.name;
    let argument = command_line_name(name);
    let problem = |level, kind| StatusProblem::new(level, kind, format!("channel {name}"));
    let waits = waiting(channel, now);
    if channel.kind.is_none() {
        return (channel.pending > 0).then(|| {
            problem(Failing, "removed").since(channel.oldest_pending.as_ref()).says(
                format!("the rules no longer have the channel{waits}; what waits will be a dead letter"),
                format!("add the channel again, or drop them later: `pointsman dead drop --channel {argument}`"),
            )
        });
    }
    let since = channel.failing_since.as_ref().or(channel.oldest_pending.as_ref());
    if let Some(blocked) = &channel.blocked {
        let flag = flag(blocked).map_or("the flag that is named".to_owned(), |flag| format!("`{flag}`"));
        return Some(problem(Failing, "blocked").since(since).next(channel.next_attempt.as_ref()).says(
            format!("the gateway may not reach its receiver: {blocked}{waits}"),
            format!("if the address is right, restart the gateway with {flag}, else correct it in the rules; what waits is sent then"),
        ));
    }
    if let Some(pause) = &channel.paused {
        return Some(paused(pause, problem(Warning, "paused"), &waits, &argument));
    }
    if let Some(hold) = &channel.held {
        return Some(problem(Failing, "held").since(since).next(Some(&hold.until)).says(
            format!("the receiver asked to wait, so nothing is sent: {}{waits}", hold.reason),
            "nothing now, as deliveries continue by themselves; \
             if it happens again, give the channel a lower `rate` or send fewer alerts to it",
        ));
    }
    if is_failing(channel) {
        let error = channel.last_error.as_ref();
        let reason = error.map_or("no reason is known", |error| error.reason.as_str());
        let began = channel.failing_since.as_ref().or(error.map(|error| &error.at));
        let is_hiccup = channel.breaker == "closed" && age(began, now).is_some_and(|age| age < HICCUP_SECONDS);
        let level = if is_hiccup { Warning } else { Failing };
        let fix = format!("{}; deliveries continue once it works. {}", advice(reason), trial(&argument, roots));
        return Some(
            problem(level, "failing")
                .since(began)
                .next(channel.next_attempt.as_ref())
                .says(format!("deliveries fail: {reason}{waits}"), fix),
        );
    }
    let waits_long = age(channel.oldest_pending.as_ref(), now).is_some_and(|age| age >= LONG_WAIT_SECONDS);
    waits_long.then(|| {
        let fix = if channel.sends_every_event {
            "it gets every event: with `repeat = 24h` it would be told once of each alert; or raise its `rate` if the receiver \
             allows it"
        } else {
            "raise its `rate` if the receiver allows it"
        };
        problem(Warning, "waiting").since(channel.oldest_pending.as_ref()).says(
            format!("it delivers, but slowly{waits}"),
            format!("{fix}; `pointsman events --channel {argument}` shows what waits"),
        )
    })
}

/// An operator paused the channel.
fn paused(pause: &ChannelPause, problem: StatusProblem, waits: &str, argument: &str) -> StatusProblem {
    let (since, until) = (pause.since.to_string(), pause.until.to_string());
    problem.since(Some(&since)).next(Some(&until)).says(
        format!("paused by {}: {}{waits}", pause.by, pause.because),
        format!("nothing, as it goes on by itself; earlier with `pointsman channel resume {argument}`"),
    )
}

/// The flag that the reason of a blocked channel names: `--allow 10.1.2.3/32`.
fn flag(blocked: &str) -> Option<&str> {
    blocked.split('`').find(|quoted| quoted.starts_with("--allow"))
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
    let oldest = age(channel.oldest_pending.as_ref(), now).map(duration);
    let oldest = match (channel.pending, oldest) {
        (_, None) => String::new(),
        (1, Some(age)) => format!(" for {age}"),
        (_, Some(age)) => format!(", the oldest for {age}"),
    };
    format!("; {}{oldest}", counted(channel.pending, "delivery waits", "deliveries wait"))
}

/// Whether a delivery was given up because it came round: another try comes round again, whatever was delivered since.
fn is_loop(reason: &str) -> bool {
    reason.starts_with(STOPPED_LOOP)
}

/// What to look at, by the reason of a failure.
fn advice(reason: &str) -> &'static str {
    let says = |status: &str| reason.contains(&format!("status {status}"));
    if is_loop(reason) {
        "remove the loop: no channel may lead to a push URL through which its events come back"
    } else if ["401", "403"].iter().any(|status| says(status)) {
        "see whether the channel's secret is still valid"
    } else if ["404", "405", "410"].iter().any(|status| says(status)) {
        "see whether the channel's address is right"
    } else if reason.contains("status ") {
        "see what its receiver says"
    } else if reason.contains("invalid peer certificate") {
        "see whether its certificate is valid; `--ca-file FILE` adds an authority of your own"
    } else if ["no connection", "it took too long", "the exchange broke off", "no answer within"]
        .iter()
        .any(|why| reason.contains(why))
    {
        "see whether its receiver runs and this machine reaches it"
    } else {
        // An error code of a chat robot, an address that is not allowed, a file that cannot be written.
        "fix what the reason names"
    }
}

/// How to try a channel by hand.
fn trial(channel: &str, roots: &str) -> String {
    format!("`pointsman send {channel} --rules {roots}`, with the options of `serve`, shows one request and its answer")
}

/// Deliveries that were given up.
pub(super) fn dead_letters(channel: &ChannelSummary) -> Option<StatusProblem> {
    if channel.dead == 0 {
        return None;
    }
    let name = &channel.name;
    let argument = command_line_name(name);
    let error = channel.last_error.as_ref();
    let is_last = error.is_some_and(|error| is_newer(&error.at, channel.latest.as_ref()));
    let reason = error.map(|error| format!("; the last error: {}", error.reason)).unwrap_or_default();
    let level = if is_last && channel.kind.is_some() { Failing } else { Warning };
    let list = format!("`pointsman dead list --channel {argument}` shows them");
    let drop = format!("`pointsman dead drop --channel {argument}`");
    let fix = match (&channel.kind, error.filter(|error| is_last || is_loop(&error.reason))) {
        (None, _) => format!("{list}; the rules no longer have the channel, so {drop} removes them"),
        (Some(_), error) => {
            let first = error.map(|error| format!("{}; then ", advice(&error.reason))).unwrap_or_default();
            format!("{first}`pointsman dead retry --channel {argument}` sends them again; {drop} removes them; {list}")
        }
    };
    let problem = StatusProblem::new(level, "dead", format!("channel {name}")).latest(error.map(|error| &error.at));
    Some(problem.says(format!("{} given up{reason}", counted(channel.dead, "delivery was", "deliveries were")), fix))
}
