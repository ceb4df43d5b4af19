//! `pointsman status`: the state of a running gateway.

mod problems;

use super::backend::GatewayArguments;
use super::clock;
use super::exit::Exit;
use super::layout::TextLayout;
use super::local_time::LocalTime;
use super::table::{RowMark, TextTable};
use super::terminal::Terminal;
use crate::diagnostic::visible_line;
use crate::gateway::journal::SilencePhase;
use crate::gateway::status::{ChannelSummary, GatewayStatus, IntegrationSummary, LastError, RulesSummary};
use crate::text::plural;
use crate::time::Timestamp;
use clap::Args;

/// How many silences are shown.
const SILENCES_SHOWN: usize = 20;

/// Show the state of a running gateway: its rules, integrations and channels
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: GatewayArguments,
    /// Show only what needs a look, the worst first, and what to do about it
    #[arg(long)]
    problems: bool,
    /// Print the JSON of `GET /api/v1/status`; with `--problems`, its list of problems
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  pointsman status                      the gateway of ./pointsman-state
  pointsman status --problems           what needs a look, and what to do
  pointsman status --state /var/lib/pointsman
  pointsman status --admin http://127.0.0.1:8481 \\
      --token-file /var/lib/pointsman/admin.token
  pointsman status --json | jq '.channels[] | select(.dead > 0)'

Times are in the zone of this machine (`TZ`). What is worst comes first. \
A narrow terminal shows fewer columns; output to a file or a program is never cut.

Exit codes:
  0  the rules on the disk are in force; with --problems: nothing needs a look
  1  the last reload failed; with --problems: something needs a look
  2  the command line is wrong
  3  no gateway responds";

/// Asks the gateway, and shows its status.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal) -> Result<Exit, Exit> {
    let json = arguments.place.running_gateway(terminal)?.get("/api/v1/status");
    let json = json.map_err(|error| terminal.fail(&error.to_string()))?;
    let status: GatewayStatus = serde_json::from_value(json.clone())
        .map_err(|error| terminal.fail(&format!("the response of the gateway cannot be read: {error}")))?;
    let (layout, time) = (terminal.out.layout(), LocalTime::at(clock::at(None)));
    let text = match (arguments.problems, arguments.json) {
        (false, false) => render(&status, &time, layout),
        (true, false) => problems::render(&status.problems, &time, layout),
        (false, true) => format!("{json:#}\n"),
        (true, true) => format!("{:#}\n", json.get("problems").unwrap_or(&serde_json::Value::Null)),
    };
    terminal.out.print(&text);
    let is_clean = if arguments.problems { status.problems.is_empty() } else { status.rules.failure.is_none() };
    Ok(if is_clean { Exit::Success } else { Exit::Findings })
}

/// Everything: how many problems there are, the rules, and two tables, the worst first.
fn render(status: &GatewayStatus, time: &LocalTime, layout: TextLayout) -> String {
    let version = visible_line(&status.version);
    let listen = visible_line(&status.listen);
    let mut text = format!("pointsman {version}, pushes at {listen}; times are {}\n", time.offset());
    text.push_str(&problems::headline(&status.problems, layout));
    text.push('\n');
    text.push_str(&rules(&status.rules, time, layout));
    text.push('\n');
    text.push_str(&integrations(status, time, layout));
    text.push('\n');
    text.push_str(&channels(status, time, layout));
    text.push_str(&silences(status, time, layout));
    text.push_str(&expired_sources(status, time, layout));
    if !status.accepting {
        text.push_str("\nthe gateway is shutting down and accepts no pushes\n");
    }
    text
}

fn rules(rules: &RulesSummary, time: &LocalTime, layout: TextLayout) -> String {
    let hash = rules.sha256.get(..12).unwrap_or(&rules.sha256);
    let watching = match &rules.why_poll {
        Some(why) => format!("watched by polling: {}", visible_line(why)),
        None => "watched by file events".to_owned(),
    };
    let mut lines = vec![format!(
        "rules: generation {} ({hash}) of {}, in force since {} ({}); {watching}",
        rules.generation,
        visible_line(&rules.roots.join(", ")),
        time.clock(&rules.loaded),
        time.ago(Some(&rules.loaded)),
    )];
    if let Some(failure) = &rules.failure {
        let when = time.ago(Some(rules.failing_since.as_ref().unwrap_or(&rules.attempted)));
        lines.push(format!("       NOT those on the disk: the reload {when} failed at `{}`", failure.stage));
        lines.push(format!("       {}", visible_line(&failure.message)));
        lines.extend(failure.findings.iter().map(|finding| format!("         {}", visible_line(finding))));
    }
    let warnings = rules.not_kept.iter().chain(&rules.warnings);
    lines.extend(warnings.map(|warning| format!("       warning: {}", visible_line(warning))));
    let mut text = String::new();
    for line in lines {
        let indent = line.len() - line.trim_start().len();
        text.extend(std::iter::repeat_n(' ', indent));
        text.push_str(&layout.paragraph(&line, indent.max(7)));
    }
    text
}

fn integrations(status: &GatewayStatus, time: &LocalTime, layout: TextLayout) -> String {
    let heading = [
        "",
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
    let spare = &["push URL, without the key", "kind", "reads", "dropped", "sent", "sends to"];
    let mut table = TextTable::new(&heading).fitting(2, spare);
    let mark = |one: &IntegrationSummary| problems::mark(&status.problems, "integration", &one.name);
    for (mark, integration) in worst_first(&status.integrations, mark) {
        table.marked_row(
            mark,
            [
                integration.name.clone(),
                integration.kind.clone(),
                integration.mappings.join(", "),
                integration.destination.clone(),
                time.ago(integration.latest.as_deref()),
                integration.accepted.to_string(),
                integration.sent.to_string(),
                integration.dropped.to_string(),
                integration.refused.to_string(),
                integration.push_url.clone(),
            ],
        );
    }
    table.render(layout)
}

fn channels(status: &GatewayStatus, time: &LocalTime, layout: TextLayout) -> String {
    let heading = [
        "",
        "channel",
        "kind",
        "latest",
        "delivered",
        "waiting",
        "oldest",
        "retrying",
        "dead",
        "sending",
        "last error",
    ];
    let spare = &["kind", "delivered", "retrying", "latest"];
    let mut table = TextTable::new(&heading).fitting(2, spare).uncut("sending");
    let mark = |one: &ChannelSummary| problems::mark(&status.problems, "channel", &one.name);
    for (mark, channel) in worst_first(&status.channels, mark) {
        table.marked_row(
            mark,
            [
                channel.name.clone(),
                channel.kind.clone().unwrap_or_else(|| "(gone)".to_owned()),
                time.ago(channel.latest.as_deref()),
                channel.delivered.to_string(),
                channel.pending.to_string(),
                time.age(channel.oldest_pending.as_deref()).unwrap_or_else(|| "-".to_owned()),
                channel.retrying.to_string(),
                channel.dead.to_string(),
                sending_and_gathering(channel, time),
                channel.last_error.as_ref().map_or_else(|| "-".to_owned(), |error| last_error(error, channel, time)),
            ],
        );
    }
    table.render(layout)
}

/// The silences that did not end; nothing where there are none.
fn silences(status: &GatewayStatus, time: &LocalTime, layout: TextLayout) -> String {
    if status.silences.is_empty() {
        return String::new();
    }
    let mut table =
        TextTable::new(&["silence", "state", "until", "by", "alerts", "because"]).fitting(1, &["by", "state"]);
    for shown in status.silences.iter().take(SILENCES_SHOWN) {
        let silence = &shown.silence;
        let state = if shown.state == SilencePhase::Pending { "pending" } else { "active" };
        table.row(vec![
            silence.id.to_string(),
            state.to_owned(),
            time.clock(&silence.until.to_string()),
            visible_line(&silence.author),
            shown.alerts.to_string(),
            visible_line(&silence.because),
        ]);
    }
    let more = status.silences.len().saturating_sub(SILENCES_SHOWN);
    let more = if more > 0 { "more: `pointsman silence list`\n" } else { "" };
    format!("\n{}{more}", table.render(layout))
}

/// The sources of mutes of which nothing was heard for too long; nothing where there are none.
fn expired_sources(status: &GatewayStatus, time: &LocalTime, layout: TextLayout) -> String {
    if status.expired_sources.is_empty() {
        return String::new();
    }
    let mut table = TextTable::new(&["expired source of mutes", "fires since", "expired", "last event"])
        .fitting(0, &["last event"]);
    for source in &status.expired_sources {
        table.row(vec![
            visible_line(&source.key),
            time.moment(&source.since.to_string()),
            time.moment(&source.expired.to_string()),
            source.event.map(|event| event.to_string()).unwrap_or_default(),
        ]);
    }
    let note =
        "nothing was heard of these alerts for 24 hours: they are open, and mutes hold nothing because of them\n";
    format!("\n{}{note}", table.render(layout))
}

/// Rows in their order, those with the worse mark first.
fn worst_first<T>(rows: &[T], mark: impl Fn(&T) -> RowMark) -> Vec<(RowMark, &T)> {
    let mut marked: Vec<(RowMark, &T)> = rows.iter().map(|row| (mark(row), row)).collect();
    marked.sort_by_key(|(mark, _)| *mark);
    marked
}

/// Whether a channel sends, how many alerts it has still to tell, and how many are held.
fn sending_and_gathering(channel: &ChannelSummary, time: &LocalTime) -> String {
    let sending = sending(channel, time);
    let told = match channel.waiting {
        0 => sending,
        waiting => format!("{sending}, {} to tell", plural(waiting, "alert")),
    };
    match channel.alerts_held {
        0 => told,
        held => format!("{told}, {} held", plural(held, "alert")),
    }
}

/// Whether a channel sends, and when it sends next where it waits for that.
fn sending(channel: &ChannelSummary, time: &LocalTime) -> String {
    if channel.kind.is_none() {
        return "no".to_owned();
    }
    if let Some(pause) = &channel.paused {
        return format!("paused until {}", time.clock(&pause.until.to_string()));
    }
    if let Some(hold) = &channel.held {
        return format!("held until {}", time.clock(&hold.until));
    }
    if channel.blocked.is_some() {
        return "blocked".to_owned();
    }
    match (channel.breaker.strip_prefix("open until "), &channel.next_attempt) {
        (Some(until), _) => format!("paused until {}", time.clock(until)),
        (None, Some(next)) if channel.pending > 0 => format!("next at {}", time.clock(next)),
        (None, Some(_) | None) => "yes".to_owned(),
    }
}

/// The last error; one that a success followed says so.
fn last_error(error: &LastError, channel: &ChannelSummary, time: &LocalTime) -> String {
    let is_over = channel.latest.as_deref().and_then(Timestamp::read) > Timestamp::read(&error.at);
    let over = if is_over { "over: " } else { "" };
    format!("{over}{}: {}", time.ago(Some(&error.at)), visible_line(&error.reason))
}

#[cfg(test)]
mod tests {
    use super::{problems, render};
    use crate::cli::layout::TextLayout;
    use crate::cli::local_time::LocalTime;
    use crate::diagnostic::Styling;
    use crate::gateway::status::{self, GatewayStatus};
    use crate::time::Timestamp;
    use expect_test::expect;

    const NOW: &str = "2026-03-07T02:00:00Z";

    fn sample() -> GatewayStatus {
        let mut status: GatewayStatus = serde_json::from_value(serde_json::json!({
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
                    "name": "chat", "kind": "dingtalk", "delivered": 7, "under_way": 0, "retrying": 0, "pending": 0,
                    "dead": 0, "breaker": "closed", "latest": "2026-03-07T01:00:00Z",
                    "last_error": { "at": "2026-03-06T20:00:00Z", "reason": "the robot says 磁盘空间 and more than fits" }
                },
                {
                    "name": "page", "kind": "flashduty", "delivered": 1100, "under_way": 1, "retrying": 2, "pending": 90,
                    "dead": 0, "breaker": "open until 2026-03-07T02:00:30Z", "latest": "2026-03-06T20:00:00Z",
                    "failing_since": "2026-03-07T01:40:00Z", "next_attempt": "2026-03-07T02:00:30Z",
                    "oldest_pending": "2026-03-07T01:40:00Z",
                    "last_error": { "at": "2026-03-07T01:59:50Z", "reason": "status 503" }
                },
                {
                    "name": "old", "kind": null, "delivered": 4, "under_way": 0, "retrying": 0, "pending": 0,
                    "dead": 3, "breaker": "closed", "latest": null, "last_error": null
                }
            ]
        }))
        .expect("a status");
        status.problems = status::problems(&status, Timestamp::read(NOW).expect("a time"));
        status
    }

    fn layout(width: usize) -> TextLayout {
        TextLayout { width: Some(width), styling: Styling::Plain }
    }

    #[test]
    fn a_status_is_three_tables_with_the_worst_first() {
        let time = LocalTime::in_zone("Asia/Shanghai", NOW);
        expect![[r"
            pointsman 0.1.0, pushes at 127.0.0.1:8480; times are +08:00
            2 failing, 1 warning: `pointsman status --problems` says what to do

            rules: generation 7 (0123456789ab) of rules/arms, rules/shop, in force since 09:00:00 (60 min
                   ago); watched by polling: the files are on nfs
                   NOT those on the disk: the reload 42 s ago failed at `check`
                   the rules hold 1 error
                     shop.rules:7:45: error[E0031]: there is no channel named `chat`␛[2J

                integration  kind       reads         sends to      latest    accepted  sent  dropped  refused  push URL, without the key
            ok  shop_arms    shared     arms          routing main  12 s ago      1200  1190        8        2  https://alerts.example.com/push/shop_arms
            ok  db           dedicated  alertmanager  page          never            0     0        0        0  https://alerts.example.com/push/db

                  channel  kind       latest      delivered  waiting  oldest  retrying  dead  sending                last error
            FAIL  page     flashduty  6 h ago          1100       90  20 min         2     0  paused until 10:00:30  10 s ago: status 503
            WARN  old      (gone)     never               4        0  -              0     3  no                     -
            ok    chat     dingtalk   60 min ago          7        0  -              0     0  yes                    over: 6 h ago: the robot says 磁盘空间 and more than fits
        "]].assert_eq(&render(&sample(), &time, TextLayout::PLAIN));
    }

    #[test]
    fn a_status_fits_a_narrow_terminal() {
        let time = LocalTime::in_zone("Asia/Shanghai", NOW);
        let text = render(&sample(), &time, layout(80));
        expect![[r"
            pointsman 0.1.0, pushes at 127.0.0.1:8480; times are +08:00
            2 failing, 1 warning: `pointsman status --problems` says what to do

            rules: generation 7 (0123456789ab) of rules/arms, rules/shop, in force
                   since 09:00:00 (60 min ago); watched by polling: the files are on nfs
                   NOT those on the disk: the reload 42 s ago failed at `check`
                   the rules hold 1 error
                     shop.rules:7:45: error[E0031]: there is no channel named `chat`␛[2J

                integration  sends to      latest    accepted  sent  dropped  refused
            ok  shop_arms    routing main  12 s ago      1200  1190        8        2
            ok  db           page          never            0     0        0        0

                  channel  waiting  oldest  dead  sending                last error
            FAIL  page          90  20 min     0  paused until 10:00:30  10 s ago: status 5…
            WARN  old            0  -          3  no                     -
            ok    chat           0  -          0  yes                    over: 6 h ago: the…
        "]]
        .assert_eq(&text);
        let tables = text.split("\n\n").skip(2);
        assert!(tables.flat_map(str::lines).all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn problems_say_what_to_do_at_any_width() {
        let time = LocalTime::in_zone("Asia/Shanghai", NOW);
        expect![[r"
            FAILING  rules, since 09:59:18 +08:00 (42 s ago)
                     the files on the disk are not in force, generation 7 stays:
                     shop.rules:7:45: error[E0031]: there is no channel named `chat`␛[2J
                     to do: fix the file and save it, and it is loaded;
                     `pointsman check rules/arms rules/shop` shows all findings

            FAILING  channel page, since 09:40:00 +08:00 (20 min ago)
                     deliveries fail: status 503; 90 deliveries wait, the oldest for 20 min
                     next attempt: 10:00:30 +08:00 (in 30 s)
                     to do: see what its receiver says; deliveries continue once it works.
                     `pointsman send page --rules rules/arms rules/shop`, with the options
                     of `serve`, shows one request and its answer

            WARNING  channel old
                     3 deliveries were given up
                     to do: `pointsman dead list --channel old` shows them; the rules no
                     longer have the channel, so `pointsman dead drop --channel old` removes
                     them

            2 failing, 1 warning
        "]]
        .assert_eq(&problems::render(&sample().problems, &time, layout(80)));
        expect![[r"
            FAILING  rules, since 09:59:18 +08:00 (42 s ago)
                     the files on the disk are not in force, generation 7 stays: shop.rules:7:45: error[E0031]: there is no channel named `chat`␛[2J
                     to do: fix the file and save it, and it is loaded; `pointsman check rules/arms rules/shop` shows all findings

            FAILING  channel page, since 09:40:00 +08:00 (20 min ago)
                     deliveries fail: status 503; 90 deliveries wait, the oldest for 20 min
                     next attempt: 10:00:30 +08:00 (in 30 s)
                     to do: see what its receiver says; deliveries continue once it works. `pointsman send page --rules rules/arms rules/shop`, with the options of `serve`,
                     shows one request and its answer

            WARNING  channel old
                     3 deliveries were given up
                     to do: `pointsman dead list --channel old` shows them; the rules no longer have the channel, so `pointsman dead drop --channel old` removes them

            2 failing, 1 warning
        "]].assert_eq(&problems::render(&sample().problems, &time, layout(160)));
        assert_eq!(problems::render(&[], &time, layout(80)), "nothing needs a look\n");
    }

    #[test]
    fn colour_is_for_those_who_want_it() {
        let time = LocalTime::in_zone("Asia/Shanghai", NOW);
        let colored = TextLayout { width: Some(80), styling: Styling::Colored };
        let text = problems::render(&sample().problems, &time, colored);
        assert!(text.starts_with("\u{1b}[1;31mFAILING\u{1b}[0m  \u{1b}[1mrules\u{1b}[0m, since "), "{text}");
        assert!(!text.contains("\u{1b}[2J"), "{text}");
    }
}
