//! The disk fills and is freed, twenty times, without a restart: refusals while it is full, nothing accepted lost.

use super::{Course, Ending, broken_where_refused, drain_and_check};
use crate::checker::History;
use crate::harness::load::{PROBE, Plan, body};
use crate::harness::mount::Mount;
use crate::harness::server::{Server, Setup};
use crate::harness::sink::Sink;
use crate::harness::{Folder, Random, micros, rules, wait_until};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const MEGABYTES: u64 = 512;
const LEAST_FREE: u64 = 16 << 20;
const ROUNDS: u64 = 20;
/// How long it may take to notice that the disk is full, or free again.
const NOTICE: Duration = Duration::from_secs(30);

pub(super) fn run(course: &Course) -> Ending {
    let folder = Folder::new("disk");
    let mount = match Mount::tmpfs(folder.path(), MEGABYTES) {
        Ok(mount) => mount,
        Err(reason) => return Ending::Skipped(reason),
    };
    broken_where_refused(|| ordeal(course, folder.path(), &mount))
}

fn ordeal(course: &Course, folder: &Path, mount: &Mount) -> Result<Ending, String> {
    let mut setup = Setup::new(folder);
    setup.state = mount.path.join("state");
    setup.arguments = vec!["--least-free".to_owned(), LEAST_FREE.to_string()];
    let sink = Sink::start(course.seed);
    rules::write(&setup.rules, 0, sink.address.port()).map_err(|error| error.to_string())?;
    let mut random = Random::new(course.seed);
    let mut server = setup.start()?;
    // Slow enough for the journal to stay far below the size of the disk, however long it takes.
    let pause = Duration::from_millis((course.seconds * 16_000 / 60_000).max(20));
    let load = Plan { pairs: true, pause, ..Plan::new(setup.listen, 16) }.start();
    let begun = Instant::now();
    let fill = mount.path.join("fill");
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        // To the last byte, or just below what the log needs: a sixteenth of the limit. Above that, free pages of the
        // journal count as room, so whether pushes are refused depends on what was removed before.
        let leave = if round % 2 == 0 { 0 } else { LEAST_FREE / 32 };
        fill_until_refused(&server, &fill, leave, round)?;
        std::thread::sleep(random.pause(0, 100));
        std::fs::remove_file(&fill).map_err(|error| error.to_string())?;
        slowest = slowest.max(turns(&server, 202, round, NOTICE)?);
        if !server.is_alive() {
            return Err(format!("the server ended in round {round}\n{}", setup.last_log()));
        }
        let planned = Duration::from_millis(course.seconds * 1_000 * (round + 1) / ROUNDS);
        std::thread::sleep(planned.saturating_sub(begun.elapsed()).min(Duration::from_secs(30)));
    }
    let pushes = load.stop();
    let refused = pushes.iter().filter(|push| push.status == 503).count();
    let (_, verdict) = drain_and_check(History { pushes, ..History::default() }, &sink, Duration::from_mins(1));
    let figures = format!(
        "{ROUNDS} times full and free without a restart, {refused} pushes refused, accepted again after at most {} ms",
        slowest.as_millis()
    );
    Ok(Ending::of(&verdict, &figures))
}

/// Fills the disk until pushes are refused. Where the gateway finds the disk full, it empties its log, so there may be room
/// again.
fn fill_until_refused(server: &Server, path: &Path, leave: u64, round: u64) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        fill_up(path, leave)?;
        match turns(server, 503, round, Duration::from_secs(2)) {
            Ok(_) => return Ok(()),
            Err(reason) if begun.elapsed() > NOTICE => return Err(reason),
            Err(_) => {}
        }
    }
}

/// Writes until only so many bytes are free.
fn fill_up(path: &Path, leave: u64) -> Result<(), String> {
    let mut file = File::options().create(true).append(true).open(path).map_err(|error| error.to_string())?;
    let chunk = vec![0_u8; 64 << 10];
    while file.write_all(&chunk).is_ok() {}
    // What did not fit as a chunk may fit in pieces.
    while file.write_all(&chunk[..512]).is_ok() {}
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    file.set_len(length.saturating_sub(leave)).map_err(|error| error.to_string())
}

/// Waits for the status that pushes get now; how long it took.
fn turns(server: &Server, expected: u16, round: u64, most: Duration) -> Result<Duration, String> {
    let begun = Instant::now();
    let mut last = 0;
    let turned = wait_until(most, || {
        last = server.push(&body(PROBE, micros(), false, 0));
        last == expected
    });
    if turned {
        return Ok(begun.elapsed());
    }
    Err(format!("round {round}: pushes are answered with {last}, not {expected}, after {} s", most.as_secs()))
}
