//! A storm against a robot that blocks for ten minutes at its 21st message of a minute: how few messages tell it, and how soon.

use crate::harness::robot::{Message, Robot, Temper};
use crate::harness::server::{Server, Setup};
use crate::harness::{Folder, micros, wait_until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ALERTS: u64 = 1_500;
/// Alerts of one push; all of them come within ten seconds.
const PUSHED: u64 = 10;
const STORM: Duration = Duration::from_secs(10);
/// How many messages in a minute the robot takes.
const MOST: usize = 20;
/// The Critical among the alerts: in the middle.
const CRITICAL: u64 = 700;

/// A storm in a gateway of its own.
struct Storm {
    setup: Setup,
    _server: Server,
    robot: Robot,
    _folder: Folder,
}

/// What was seen of a wave of alerts, in seconds.
struct Wave {
    messages: Vec<Message>,
    /// The last message, after the last alert.
    last: f64,
    /// The first message, after the first alert.
    first: f64,
    /// The message that tells the Critical, after it came.
    critical: Option<f64>,
}

impl Storm {
    fn start(parameters: &str) -> Result<Self, String> {
        let (folder, robot) = (Folder::new("storm"), Robot::start(Temper::Limited(MOST), 1));
        let mut setup = Setup::new(folder.path());
        let address = robot.address;
        setup.environment.push(("CHAT_URL".to_owned(), format!("http://{address}/robot/send?access_token=t")));
        std::fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
        let rules = format!(
            r#"edition 1
mapping probe {{
  each $.alerts[*]
  severity = match @.severity {{ "Critical" => Critical  else => Warning }}
  status   = match @.status {{ "resolved" => Resolved  else => Firing }}
  title    = string(@.title) ?? "an alert"
  key      = string(@.key) ?? "none"
  labels {{ cluster = string(@.cluster) }}
}}
channel chat = dingtalk(url = env("CHAT_URL"){parameters})
integration load {{ keys = [env("LOAD_KEY")]  probe => chat }}
"#
        );
        std::fs::write(setup.rules.join("load.rules"), rules).map_err(|error| error.to_string())?;
        let server = setup.start()?;
        Ok(Self { setup, _server: server, robot, _folder: folder })
    }

    /// All alerts fire or end within ten seconds; then nothing comes for so long.
    fn wave(&self, status: &str, rest: Duration) -> Result<Wave, String> {
        let (seen, begun) = (self.robot.log_from(0).len(), Instant::now());
        let (from, mut critical_at) = (micros(), 0);
        let pushes = ALERTS / PUSHED;
        for push in 0..pushes {
            let planned = STORM * push as u32 / pushes as u32;
            std::thread::sleep(planned.saturating_sub(begun.elapsed()));
            let alerts: Vec<Value> = (push * PUSHED..(push + 1) * PUSHED).map(|number| alert(number, status)).collect();
            if (push * PUSHED..(push + 1) * PUSHED).contains(&CRITICAL) {
                critical_at = micros();
            }
            let code = self.setup.push(&json!({ "alerts": alerts }).to_string());
            if code != 202 {
                return Err(format!("a push is answered with {code}"));
            }
        }
        let until = micros();
        wait_until(rest, || false);
        let messages = self.robot.log_from(seen);
        let after = |at: u64, from: u64| (at as f64 - from as f64) / 1e6;
        let tells = |message: &&Message| message.body.to_string().contains("the database is lost");
        Ok(Wave {
            last: messages.last().map_or(f64::NAN, |last| after(last.at, until)),
            first: messages.first().map_or(f64::NAN, |first| after(first.at, from)),
            critical: messages.iter().find(tells).map(|message| after(message.at, critical_at)),
            messages,
        })
    }
}

fn alert(number: u64, status: &str) -> Value {
    let (severity, title) = match number {
        CRITICAL => ("Critical", "the database is lost".to_owned()),
        _ => ("Warning", format!("pod {number} is down")),
    };
    let cluster = ["a", "b", "c"][number as usize % 3];
    json!({ "key": format!("k{number}"), "severity": severity, "title": title, "cluster": cluster, "status": status })
}

/// Prints a wave; what of it is not as promised.
fn report(what: &str, wave: &Wave, most: usize, last_within: f64, critical_within: Option<f64>) -> Vec<String> {
    println!(
        "  {what}: {} messages, the first after {:.1} s, the last {:.1} s after the last alert, the Critical after {:.1} s",
        wave.messages.len(),
        wave.first,
        wave.last,
        wave.critical.unwrap_or(f64::NAN)
    );
    let mut broken = Vec::new();
    if wave.messages.is_empty() || wave.messages.len() > most {
        broken.push(format!("{what}: {} messages and not 1 to {most}", wave.messages.len()));
    }
    if wave.last > last_within {
        broken.push(format!("{what}: the last message {:.1} s after the last alert", wave.last));
    }
    if let Some(within) = critical_within
        && !wave.critical.is_some_and(|after| after <= within)
    {
        broken.push(format!("{what}: the Critical after {:?} s", wave.critical));
    }
    broken
}

pub(crate) fn storm(_: Duration) -> Result<(), String> {
    let (single, grouped) = (Storm::start("")?, Storm::start(", group_by = [labels.cluster], wait = 30s..10m")?);
    let (alone, together) = std::thread::scope(|scope| {
        let together = scope.spawn(|| {
            let firing = grouped.wave("firing", Duration::from_secs(40))?;
            Ok::<_, String>((firing, grouped.wave("resolved", Duration::from_secs(80))?))
        });
        // The storm of the alerts is over by then: one that goes on tells less and less often.
        let alone = single
            .wave("firing", Duration::from_secs(110))
            .and_then(|firing| Ok((firing, single.wave("resolved", Duration::from_secs(50))?)));
        (alone, together.join().unwrap_or_else(|_| Err("a panic".to_owned())))
    });
    let ((firing, over), (grouped_firing, grouped_over)) = (alone?, together?);
    let mut broken = report("1,500 alerts", &firing, 9, 25.0, Some(12.0));
    broken.extend(report("1,500 recoveries", &over, 9, 25.0, None));
    // Each cluster is told once, and the Critical at once: at most one more each.
    broken.extend(report("1,500 alerts of three clusters", &grouped_firing, 6, 31.0, Some(12.0)));
    broken.extend(report("1,500 recoveries of three clusters", &grouped_over, 6, 61.0, None));
    for (what, robot) in [("alone", &single.robot), ("in groups", &grouped.robot)] {
        if robot.was_blocked() {
            broken.push(format!("the robot was blocked, {what}"));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("; ")) }
}
