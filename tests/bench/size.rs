//! A million open alerts in 100,000 groups: the memory and the start of the gateway, and how soon what is due is told. Then a
//! group of 100,000 alerts, and how long it delays others.

use crate::harness::robot::{Message, Robot, Temper};
use crate::harness::server::{Server, Setup};
use crate::harness::{Folder, median, micros, wait_until};
use crate::{mebibytes, milliseconds};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ALERTS: u64 = 1_000_000;
const GROUPS: u64 = 100_000;
/// Alerts of one push.
const PUSHED: u64 = 10_000;
/// Alerts of the large group.
const LARGE: u64 = 100_000;
/// Groups that fall due one by one.
const DUE: u64 = 20;
/// How long the news of a large group waits, and how long that of the groups that fall due by the clock.
const LARGE_WAIT: u64 = 40;
const SHORT_WAIT: u64 = 5;

/// Rules in which the first million waits for hours.
fn rules(robot: &Robot, channel: &str) -> String {
    let port = robot.address.port();
    let webhook = |name: &str, wait: &str| {
        format!(
            "channel {name} = webhook(url = \"http://127.0.0.1:{port}/{name}\", timeout = \"5s\", repeat = \"never\", \
             group_by = [labels.site], wait = {wait}, wait_critical = 0s, body = {{ key: key, site: labels.site, \
             firing: group.firing, news: group.news }})\n"
        )
    };
    format!(
        r#"edition 1
mapping probe {{
  each $.alerts[*]
  severity = match @.severity {{ "Critical" => Critical  else => Warning }}
  status   = Firing
  title    = "an alert"
  key      = string(@.key) ?? "none"
  labels {{ site = string(@.site)  kind = string(@.kind) }}
}}
{}{}{}channel void = discard()
routing main {{
  route large when labels.kind == "large" => large
  route short when labels.kind == "short" => short
  else => {channel}
}}
integration load {{ keys = [env("LOAD_KEY")]  max_body = 4096  probe => routing main }}
"#,
        webhook("chat", "12h"),
        webhook("large", &format!("{LARGE_WAIT}s"))
            .replace("wait_critical = 0s", &format!("wait_critical = {LARGE_WAIT}s")),
        webhook("short", &format!("{SHORT_WAIT}s")),
    )
}

fn served(folder: &Folder, robot: &Robot, channel: &str) -> Result<(Setup, Server), String> {
    let mut setup = Setup::new(folder.path());
    setup.environment.push(("CHAT_URL".to_owned(), String::new()));
    std::fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
    std::fs::write(setup.rules.join("load.rules"), rules(robot, channel)).map_err(|error| error.to_string())?;
    let server = setup.start()?;
    Ok((setup, server))
}

fn alert(key: u64, site: &str, kind: &str, severity: &str) -> Value {
    json!({ "key": format!("k{key}"), "site": site, "kind": kind, "severity": severity })
}

/// Pushes alerts, and again where they are refused for a moment.
fn push(setup: &Setup, alerts: &[Value]) -> Result<(), String> {
    let body = json!({ "alerts": alerts }).to_string();
    let mut status = 0;
    let is_accepted = wait_until(Duration::from_mins(1), || {
        status = setup.push(&body);
        status == 202 || (400..429).contains(&status)
    });
    if is_accepted && status == 202 { Ok(()) } else { Err(format!("a push is answered with {status}")) }
}

/// A million alerts, each with a firing of its own.
fn open_all(setup: &Setup) -> Result<Duration, String> {
    let begun = Instant::now();
    for first in (0..ALERTS).step_by(PUSHED as usize) {
        let alerts: Vec<Value> = (first..first + PUSHED)
            .map(|number| alert(number, &format!("s{}", number % GROUPS), "host", "Warning"))
            .collect();
        push(setup, &alerts)?;
    }
    Ok(begun.elapsed())
}

/// The message that a robot gets of a site, in microseconds after `from`.
fn told_after(robot: &Robot, seen: &mut Vec<Message>, site: &str, from: u64) -> Result<u64, String> {
    let mut found = None;
    wait_until(Duration::from_mins(2), || {
        seen.extend(robot.log_from(seen.len()));
        found = seen.iter().find(|message| message.body["site"] == site).map(|message| message.at);
        found.is_some()
    });
    found.map(|at| at.saturating_sub(from)).ok_or_else(|| format!("{site} is not told"))
}

pub(crate) fn size(_: Duration) -> Result<(), String> {
    let robot = Robot::start(Temper::Good, 1);
    let without = {
        let folder = Folder::new("size");
        let (setup, mut server) = served(&folder, &robot, "void")?;
        let idle = server.memory();
        let took = open_all(&setup)?;
        let most = server.most_memory();
        server.kill();
        let again = setup.start()?;
        println!(
            "  none open: {} MiB at first, {} MiB at most while {ALERTS} alerts came in {:.0} s, {} MiB and {} ms after a restart",
            mebibytes(idle),
            mebibytes(most),
            took.as_secs_f64(),
            mebibytes(again.memory()),
            again.start_time.as_millis()
        );
        (most, again.memory())
    };
    let folder = Folder::new("size");
    let (setup, mut server) = served(&folder, &robot, "chat")?;
    let took = open_all(&setup)?;
    let most = server.most_memory();
    server.kill();
    let journal = std::fs::metadata(setup.state.join("journal.db")).map_or(0, |found| found.len());
    let server = setup.start()?;
    println!(
        "  {ALERTS} open in {GROUPS} groups: {} MiB at most while they came in {:.0} s, a journal of {} MiB, ready {} ms after a kill \
         with {} MiB",
        mebibytes(most),
        took.as_secs_f64(),
        mebibytes(journal),
        server.start_time.as_millis(),
        mebibytes(server.memory())
    );
    let mut seen = Vec::new();
    due_groups(&setup, &robot, &mut seen)?;
    println!("  memory {} MiB then, {} MiB at most", mebibytes(server.memory()), mebibytes(server.most_memory()));
    let more = |with: u64, without: u64| with.saturating_sub(without) >> 20;
    println!(
        "  more than with none open: {} MiB at most while they came, {} MiB at most after a start",
        more(most, without.0),
        more(server.most_memory(), without.1)
    );
    large_group(&setup, &robot, &mut seen)?;
    println!("  memory {} MiB at most", mebibytes(server.most_memory()));
    Ok(())
}

/// The large group alone, in a gateway that knows no other alerts.
pub(crate) fn group(_: Duration) -> Result<(), String> {
    let robot = Robot::start(Temper::Good, 1);
    let folder = Folder::new("group");
    let (setup, server) = served(&folder, &robot, "chat")?;
    large_group(&setup, &robot, &mut Vec::new())?;
    println!("  memory {} MiB at most", mebibytes(server.most_memory()));
    Ok(())
}

/// Groups that fall due: because one of their alerts becomes Critical, and by the clock.
fn due_groups(setup: &Setup, robot: &Robot, seen: &mut Vec<Message>) -> Result<(), String> {
    let mut times = Vec::new();
    for number in 0..DUE {
        let site = format!("s{}", number * 4_999);
        push(setup, &[alert(number * 4_999, &site, "host", "Critical")])?;
        times.push(milliseconds(told_after(robot, seen, &site, micros())?));
    }
    print_times("a group that becomes Critical is told after", &times);
    let mut dues = Vec::new();
    for number in 0..DUE {
        let site = format!("t{number}");
        let from = micros();
        push(setup, &[alert(ALERTS + number, &site, "short", "Warning")])?;
        dues.push((site, from, micros()));
    }
    let mut times = Vec::new();
    for (site, _, accepted) in dues {
        times.push(milliseconds(told_after(robot, seen, &site, accepted + SHORT_WAIT * 1_000_000)?));
    }
    print_times("a group that is due by the clock is told after", &times);
    Ok(())
}

fn print_times(what: &str, times: &[f64]) {
    let longest = times.iter().copied().fold(0.0, f64::max);
    println!("  {what} {:.0} ms (median), {longest:.0} ms (longest of {})", median(times.to_vec()), times.len());
}

/// A group of 100,000 alerts is told, while single Criticals come.
fn large_group(setup: &Setup, robot: &Robot, seen: &mut Vec<Message>) -> Result<(), String> {
    let one = |number: u64| alert(10 * ALERTS + number, "large", "large", "Warning");
    // The first alert is accepted between these times, and due that much later. It is pushed alone, so that they are close.
    let begun = micros();
    push(setup, &[one(0)])?;
    let accepted = micros();
    for first in (0..LARGE).step_by(PUSHED as usize) {
        let alerts: Vec<Value> = (first..first + PUSHED).map(one).collect();
        push(setup, &alerts)?;
    }
    let pushed = (micros() - begun) as f64 / 1e6;
    if pushed > (LARGE_WAIT - 5) as f64 {
        return Err(format!("{LARGE} alerts took {pushed:.0} s"));
    }
    let is_told = AtomicBool::new(false);
    let (late, delays) = std::thread::scope(|scope| {
        let probing = scope.spawn(|| {
            let (mut delays, mut seen) = (Vec::new(), Vec::new());
            for number in 0..10_000 {
                if is_told.load(Ordering::Relaxed) {
                    break;
                }
                let (site, sent) = (format!("u{number}"), micros());
                push(setup, &[alert(20 * ALERTS + number, &site, "short", "Critical")])?;
                delays.push(milliseconds(told_after(robot, &mut seen, &site, sent)?));
                std::thread::sleep(Duration::from_millis(50));
            }
            Ok::<_, String>(delays)
        });
        let late = told_after(robot, seen, "large", begun + LARGE_WAIT * 1_000_000);
        std::thread::sleep(Duration::from_secs(2));
        is_told.store(true, Ordering::Relaxed);
        (late, probing.join().unwrap_or_else(|_| Err("the probes failed".to_owned())))
    });
    let late = milliseconds(late?);
    println!(
        "  a group of {LARGE} alerts, pushed in {pushed:.1} s, is told {:.0} to {late:.0} ms after it is due",
        late - milliseconds(accepted - begun)
    );
    print_times("meanwhile a single Critical is told after", &delays?);
    Ok(())
}
