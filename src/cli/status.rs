//! `pointsman status`: the state of a running gateway.

use super::backend::GatewayArguments;
use super::clock;
use super::exit::Exit;
use super::table::TextTable;
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::status::{ChannelSummary, GatewayStatus, IntegrationSummary, RulesSummary};
use crate::time::Timestamp;
use clap::Args;
use std::fmt::Write as _;

/// Show the state of a running gateway: its rules, integrations and channels
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: GatewayArguments,
    /// Print the JSON of `GET /api/v1/status`
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  pointsman status                                          the gateway of ./pointsman-state
  pointsman status --state /var/lib/pointsman
  pointsman status --admin http://127.0.0.1:8481 --token-file /var/lib/pointsman/admin.token
  pointsman status --json | jq '.channels[] | select(.dead > 0)'

Exit codes:
  0  the rules on the disk are in force
  1  the rules on the disk are not in force: the last reload failed
  2  the command line is wrong
  3  no gateway responds";

/// Asks the gateway, and shows its status.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let json = arguments.place.running_gateway(terminal)?.get("/api/v1/status");
    let json = json.map_err(|message| terminal.fail(&message))?;
    let status: GatewayStatus = serde_json::from_value(json.clone())
        .map_err(|error| terminal.fail(&format!("the response of the gateway cannot be read: {error}")))?;
    let text = if arguments.json { format!("{json:#}\n") } else { render(&status, clock::at(None)) };
    terminal.out.print(&text);
    Ok(if status.rules.failure.is_some() { Exit::Findings } else { Exit::Success })
}

/// Everything in three tables; times are shown relative to `now`.
fn render(status: &GatewayStatus, now: Timestamp) -> String {
    let mut text = rules(&status.rules, now);
    text.push('\n');
    text.push_str(&integrations(&status.integrations, now));
    text.push('\n');
    text.push_str(&channels(&status.channels, now));
    if !status.accepting {
        text.push_str("\nthe gateway is shutting down and accepts no pushes\n");
    }
    text
}

fn rules(rules: &RulesSummary, now: Timestamp) -> String {
    let hash = rules.sha256.get(..12).unwrap_or(&rules.sha256);
    let watching = match &rules.why_poll {
        Some(why) => format!("watched by polling: {}", visible_line(why)),
        None => "watched by file events".to_owned(),
    };
    let mut text = format!(
        "rules  generation {} ({hash}) of {}, in force since {}; {watching}\n",
        rules.generation,
        visible_line(&rules.roots.join(", ")),
        ago(Some(&rules.loaded), now),
    );
    if let Some(failure) = &rules.failure {
        let when = ago(Some(&rules.attempted), now);
        // Writing to a string does not fail.
        let _ = writeln!(text, "       NOT those on the disk: the reload {when} failed at `{}`", failure.stage);
        let _ = writeln!(text, "       {}", visible_line(&failure.message));
        for finding in &failure.findings {
            let _ = writeln!(text, "         {}", visible_line(finding));
        }
    }
    if let Some(why) = &rules.not_kept {
        let _ = writeln!(text, "       warning: {}", visible_line(why));
    }
    for warning in &rules.warnings {
        let _ = writeln!(text, "       warning: {}", visible_line(warning));
    }
    text
}

fn integrations(integrations: &[IntegrationSummary], now: Timestamp) -> String {
    let heading = [
        "integration",
        "kind",
        "reads",
        "sends to",
        "latest",
        "accepted",
        "sent",
        "dropped",
        "refused",
        "push URL, without the key",
    ];
    let mut table = TextTable::new(&heading);
    for integration in integrations {
        table.row(vec![
            integration.name.clone(),
            integration.kind.clone(),
            integration.mappings.join(", "),
            integration.destination.clone(),
            ago(integration.latest.as_ref(), now),
            integration.accepted.to_string(),
            integration.sent.to_string(),
            integration.dropped.to_string(),
            integration.refused.to_string(),
            integration.push_url.clone(),
        ]);
    }
    table.render()
}

fn channels(channels: &[ChannelSummary], now: Timestamp) -> String {
    let heading = ["channel", "kind", "latest", "delivered", "pending", "retrying", "dead", "breaker", "last error"];
    let mut table = TextTable::new(&heading);
    for channel in channels {
        let error = channel.last_error.as_ref().map_or_else(
            || "-".to_owned(),
            |error| format!("{}: {}", ago(Some(&error.at), now), visible_line(&error.reason)),
        );
        table.row(vec![
            channel.name.clone(),
            channel.kind.clone().unwrap_or_else(|| "(gone)".to_owned()),
            ago(channel.latest.as_ref(), now),
            channel.delivered.to_string(),
            channel.pending.to_string(),
            channel.retrying.to_string(),
            channel.dead.to_string(),
            channel.breaker.clone(),
            error,
        ]);
    }
    table.render()
}

/// How long ago a time was, in its largest unit: `12 s ago`; the text itself if it is not a time.
fn ago(time: Option<&String>, now: Timestamp) -> String {
    let Some(time) = time else { return "never".to_owned() };
    let Some(then) = Timestamp::read(time) else { return visible_line(time) };
    let seconds = (now.epoch_milliseconds() - then.epoch_milliseconds()).max(0) / 1000;
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::gateway::status::GatewayStatus;
    use crate::time::Timestamp;
    use expect_test::expect;

    #[test]
    fn a_status_is_three_tables() {
        let status: GatewayStatus = serde_json::from_value(serde_json::json!({
            "version": "0.1.0", "listen": "127.0.0.1:8480", "accepting": true,
            "rules": {
                "roots": ["rules/arms", "rules/shop"], "generation": 7, "sha256": "0123456789abcdef0123",
                "loaded": "2026-03-07T01:00:00Z", "attempted": "2026-03-07T01:59:18Z",
                "failure": {
                    "stage": "check", "message": "the rules hold 1 error",
                    "findings": ["shop.rules:7:45: error[E0031]: there is no channel named `chat`\u{1b}[2J"]
                },
                "watching": "poll", "why_poll": "the files are on nfs", "alive": 1, "warnings": []
            },
            "integrations": [
                {
                    "name": "shop_arms", "kind": "shared", "destination": "routing main", "mappings": ["arms"],
                    "push_url": "https://alerts.example.com/push/shop_arms", "latest": "2026-03-07T01:59:48Z",
                    "accepted": 1200, "sent": 1190, "dropped": 8, "refused": 2
                },
                {
                    "name": "db", "kind": "dedicated", "destination": "page", "mappings": ["alertmanager"],
                    "push_url": "https://alerts.example.com/push/db", "latest": null,
                    "accepted": 0, "sent": 0, "dropped": 0, "refused": 0
                }
            ],
            "channels": [
                {
                    "name": "page", "kind": "flashduty", "delivered": 1100, "under_way": 1, "retrying": 2, "pending": 90,
                    "dead": 0, "breaker": "open until 02:00:30", "latest": "2026-03-06T20:00:00Z",
                    "last_error": { "at": "2026-03-07T01:59:50Z", "reason": "status 503" }
                },
                {
                    "name": "old", "kind": null, "delivered": 4, "under_way": 0, "retrying": 0, "pending": 0,
                    "dead": 3, "breaker": "closed", "latest": null, "last_error": null
                }
            ]
        }))
        .expect("a status");
        expect![[r"
            rules  generation 7 (0123456789ab) of rules/arms, rules/shop, in force since 60 min ago; watched by polling: the files are on nfs
                   NOT those on the disk: the reload 42 s ago failed at `check`
                   the rules hold 1 error
                     shop.rules:7:45: error[E0031]: there is no channel named `chat`␛[2J

            integration  kind       reads         sends to      latest    accepted  sent  dropped  refused  push URL, without the key
            shop_arms    shared     arms          routing main  12 s ago      1200  1190        8        2  https://alerts.example.com/push/shop_arms
            db           dedicated  alertmanager  page          never            0     0        0        0  https://alerts.example.com/push/db

            channel  kind       latest   delivered  pending  retrying  dead  breaker              last error
            page     flashduty  6 h ago       1100       90         2     0  open until 02:00:30  10 s ago: status 503
            old      (gone)     never            4        0         0     3  closed               -
        "]]
        .assert_eq(&render(&status, Timestamp::read("2026-03-07T02:00:00Z").expect("a time")));
    }
}
