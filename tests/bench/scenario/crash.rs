//! SIGKILL at random moments under load, again and again, with a sink that fails now and then.

use super::{Course, Ending, broken_where_refused, drain_and_check};
use crate::checker::{History, Verdict};
use crate::harness::load::Plan;
use crate::harness::server::Setup;
use crate::harness::sink::{Mood, Sink};
use crate::harness::{Folder, Random, rules};
use std::time::{Duration, Instant};

/// Connections of the load.
const CONNECTIONS: u32 = 48;

pub(super) fn run(course: &Course) -> Ending {
    broken_where_refused(|| {
        let mut folder = Folder::new("crash");
        let setup = Setup::new(folder.path());
        let (figures, verdict) = ordeal(course, &setup, Duration::from_mins(1))?;
        folder.keep = !verdict.is_clean();
        Ok(Ending::of(&verdict, &figures))
    })
}

/// The ordeal itself, for whichever build the setup names: figures and verdict. What does not arrive while nothing arrives
/// for `patience` counts as lost.
pub(super) fn ordeal(course: &Course, setup: &Setup, patience: Duration) -> Result<(String, Verdict), String> {
    let sink = Sink::start(course.seed);
    rules::write(&setup.rules, 0, sink.address.port()).map_err(|error| error.to_string())?;
    let mut random = Random::new(course.seed);
    let mut server = setup.start()?;
    sink.set_mood(Mood::Troubled);
    // What waits must be delivered in the end, so the load leaves room for that.
    let plan = Plan { pairs: true, pause: Duration::from_millis(4), ..Plan::new(setup.listen, CONNECTIONS) };
    let load = plan.start();
    let end = Instant::now() + Duration::from_secs(course.seconds);
    let mut kills = 0;
    let mut slowest = Duration::ZERO;
    while Instant::now() < end {
        // Some die while they are starting up, most under load.
        let life = if random.below(5) == 0 { random.pause(0, 60) } else { random.pause(60, 900) };
        std::thread::sleep(life);
        server.kill();
        kills += 1;
        server = setup.start()?;
        slowest = slowest.max(server.start_time);
    }
    std::thread::sleep(Duration::from_millis(300));
    let pushes = load.stop();
    sink.set_mood(Mood::Good);
    let history = History { pushes, kills, ..History::default() };
    let (_, verdict) = drain_and_check(history, &sink, patience);
    if !server.is_alive() {
        return Err(format!("the server ended by itself\n{}", setup.last_log()));
    }
    let figures = format!("{kills} kills, slowest start {} ms", slowest.as_millis());
    Ok((figures, verdict))
}
