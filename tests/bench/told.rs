//! What noise reduction costs a push: the same load on gateways that differ in one thing, in windows that take turns.
//!
//! `compare` with a program of before noise reduction gives that one the same load and the same channels, without what its
//! rules cannot say: mutes and silences are left out, and a chat sends every event.

use crate::compare::figure;
use crate::harness::load::{Load, Plan};
use crate::harness::robot::{Robot, Temper};
use crate::harness::server::{Server, Setup};
use crate::harness::{Folder, median, rules};
use crate::{WINDOWS, processor_seconds};
use std::time::Duration;

/// Bytes of a push, as where acceptance is measured.
const SIZE: usize = 1_024;

/// A channel that sends nothing, and has nothing to gather.
const DISCARD: &str = "discard()";

/// A chat that gathers: all alerts of the load are one group.
const GROUPED: &str = "dingtalk(url = env(\"CHAT_URL\"), group_by = [labels.s0], wait = 30s..10m)";

/// The same, told at once: what fires already is unchanged.
const TOLD_AT_ONCE: &str = "dingtalk(url = env(\"CHAT_URL\"), group_by = [labels.s0])";

/// The chat in a program of before noise reduction: each event is a delivery, of which hardly any is due.
const EVERY_EVENT: &str = "dingtalk(url = env(\"CHAT_URL\"))";

/// Keys of the load whose alerts fire already: few, so that they all do after a moment.
const KNOWN_KEYS: u64 = 1_000;

/// Mutes that look at other alerts, and silences, none of which holds one of the load.
const MUTES: usize = 100;
const SILENCES: usize = 1_000;

/// Gateways under the same load, and what of each push is news there.
const VARIANTS: [Variant; 4] = [
    Variant { name: "every event is discarded", channel: DISCARD, keys: None, mutes: 0, silences: 0 },
    Variant { name: "every event is news of one group", channel: GROUPED, keys: None, mutes: 0, silences: 0 },
    Variant {
        name: "every event is an unchanged firing",
        channel: TOLD_AT_ONCE,
        keys: Some(KNOWN_KEYS),
        mutes: 0,
        silences: 0,
    },
    Variant {
        name: "discarded, beside 100 mutes and 1,000 silences",
        channel: DISCARD,
        keys: None,
        mutes: MUTES,
        silences: SILENCES,
    },
];

struct Variant {
    name: &'static str,
    channel: &'static str,
    keys: Option<u64>,
    mutes: usize,
    silences: usize,
}

impl Variant {
    fn start(&self, robot: &Robot) -> Result<Running, String> {
        let folder = Folder::new("told");
        let mut setup = Setup::new(folder.path());
        let url = format!("http://{}/robot/send?access_token=t", robot.address);
        setup.environment.push(("CHAT_URL".to_owned(), url));
        std::fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
        let file = setup.rules.join("load.rules");
        let write = |text: String| std::fs::write(&file, text).map_err(|error| error.to_string());
        write(rules::ten_routes(self.channel) + &rules::mutes(self.mutes))?;
        let reduces_noise = setup.accepts_rules()?;
        if !reduces_noise {
            let channel = if self.channel == DISCARD { DISCARD } else { EVERY_EVENT };
            write(rules::ten_routes(channel))?;
        }
        let server = setup.start()?;
        for number in 0..if reduces_noise { self.silences } else { 0 } {
            let silence = format!(
                r#"{{"condition":"labels.alert == \"service-{number}\"","for":"1h","because":"load","by":"bench"}}"#
            );
            let (status, answer) = setup.admin_with("POST", "/api/v1/silences", &silence);
            if status != 200 && status != 201 {
                return Err(format!("a silence is not added: {status} {answer}"));
            }
        }
        Ok(Running {
            plan: Plan { size: SIZE, keys: self.keys, ..Plan::new(setup.listen, 64) },
            server,
            _folder: folder,
        })
    }
}

struct Running {
    plan: Plan,
    server: Server,
    _folder: Folder,
}

/// Seconds of processor time for each accepted push, and pushes a second.
fn measure(load: &Load, server: &Server, time: Duration) -> (f64, f64) {
    let (accepted, before) = (load.accepted(), processor_seconds(server));
    std::thread::sleep(time);
    let pushes = (load.accepted() - accepted).max(1) as f64;
    ((processor_seconds(server) - before) / pushes, pushes / time.as_secs_f64())
}

/// Processor time a push of each variant, and its ratio to the first: the medians over windows in turn.
pub(crate) fn told(time: Duration) -> Result<(), String> {
    let robot = Robot::start(Temper::Good, 1);
    let mut running = VARIANTS.iter().map(|variant| variant.start(&robot)).collect::<Result<Vec<_>, _>>()?;
    let mut windows = vec![Vec::new(); running.len()];
    for _ in 0..WINDOWS {
        for (each, windows) in running.iter_mut().zip(&mut windows) {
            let load = each.plan.clone().start();
            std::thread::sleep(Duration::from_millis(300));
            windows.push(measure(&load, &each.server, time / WINDOWS as u32));
            each.plan.first += load.stop().len() as u64;
        }
    }
    let first: Vec<f64> = windows.first().into_iter().flatten().map(|(each, _)| *each).collect();
    for (variant, windows) in VARIANTS.iter().zip(&windows) {
        let each = median(windows.iter().map(|(each, _)| each * 1e6).collect());
        let rate = median(windows.iter().map(|(_, rate)| *rate).collect());
        let share = median(first.iter().zip(windows).map(|(first, (each, _))| first / each).collect());
        println!(
            "  {each:>6.1} µs a push ({:>3.0} % of the first's pace), {rate:>6.0} a second: {}",
            share * 100.0,
            variant.name
        );
        figure(&format!("told: processor time a push, µs, {}", variant.name), each);
    }
    Ok(())
}
