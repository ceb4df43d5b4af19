//! The power fails: ext4 is shut down without a flush under load, mounted again, and the gateway started anew. A file
//! that is written without fsync at the same time must lose something, or the cut proves nothing.

use super::{Course, Ending, broken_where_refused, drain_and_check};
use crate::checker::History;
use crate::harness::load::Plan;
use crate::harness::mount::Mount;
use crate::harness::server::Setup;
use crate::harness::sink::Sink;
use crate::harness::{Folder, Random, micros, rules};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

pub(super) fn run(course: &Course) -> Ending {
    let mut folder = Folder::new("power");
    let mount = match Mount::ext4(folder.path(), 1_024) {
        Ok(mount) => mount,
        Err(reason) => return Ending::Skipped(reason),
    };
    let ending = broken_where_refused(|| ordeal(course, folder.path(), &mount));
    folder.keep = matches!(ending, Ending::Broken(_));
    ending
}

fn ordeal(course: &Course, folder: &Path, mount: &Mount) -> Result<Ending, String> {
    let mut setup = Setup::new(folder);
    setup.state = mount.path.join("state");
    setup.arguments = vec!["--least-free".to_owned(), "16777216".to_owned()];
    let sink = Sink::start(course.seed);
    rules::write(&setup.rules, 0, sink.address.port()).map_err(|error| error.to_string())?;
    let mut random = Random::new(course.seed);
    let mut server = setup.start()?;
    let plan = Plan { pairs: true, pause: Duration::from_millis(4), ..Plan::new(setup.listen, 32) };
    let load = plan.start();
    let end = Instant::now() + Duration::from_secs(course.seconds);
    let (mut cuts, mut written, mut lost) = (0_u64, 0_u64, 0_u64);
    let mut dark = Vec::new();
    while Instant::now() < end || cuts == 0 {
        let control = mount.path.join(format!("control-{cuts}"));
        let records = write_carelessly(&control, random.pause(150, 1_200))?;
        let cut = mount.cut_power()?;
        // It may notice and end, or refuse; either way nothing must be accepted any more.
        std::thread::sleep(random.pause(0, 100));
        server.kill();
        dark.push((cut, micros()));
        cuts += 1;
        mount.power_on()?;
        written += records;
        lost += records - std::fs::metadata(&control).map_or(0, |metadata| metadata.len() / RECORD).min(records);
        server = setup.start()?;
    }
    std::thread::sleep(Duration::from_millis(300));
    // A machine without power answers nothing. Here it lives on, and an fsync that is under way may succeed though the
    // journal of the filesystem was given up in its midst; what is heard from then on counts as not heard.
    let mut pushes = load.stop();
    let mut unheard = 0;
    for push in pushes.iter_mut().filter(|push| push.status == 202) {
        if dark.iter().any(|(cut, killed)| (*cut..=killed + 100_000).contains(&push.answered)) {
            push.status = 0;
            unheard += 1;
        }
    }
    let history = History { pushes, kills: cuts, ..History::default() };
    let (_, verdict) = drain_and_check(history, &sink, Duration::from_mins(1));
    server.kill();
    if lost == 0 {
        return Err(format!("{cuts} cuts, and the control lost none of its {written} records: the cuts prove nothing"));
    }
    let mut figures = format!(
        "{cuts} power cuts; the control lost {lost} of {written} records; {unheard} answers after a cut not counted"
    );
    if !verdict.is_clean() {
        figures.push_str(&format!("; dark {dark:?}"));
    }
    Ok(Ending::of(&verdict, &figures))
}

/// Bytes of a record of the control.
const RECORD: u64 = 64;

/// Writes records without fsync for that long; how many.
fn write_carelessly(path: &Path, during: Duration) -> Result<u64, String> {
    let mut file = File::create(path).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let mut records = 0;
    while begun.elapsed() < during {
        file.write_all(&[b'x'; RECORD as usize]).map_err(|error| error.to_string())?;
        records += 1;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(records)
}
