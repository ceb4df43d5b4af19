//! Channels that gather, under SIGKILL and power cuts, while rules are loaded, silences begin and end, and the clock jumps: the
//! messages are those of an undisturbed run, but for repetitions with the same id.
//!
//! Many players each tell a small story about alerts of their own, in which one message follows from the one before, so that
//! what an undisturbed run tells does not depend on the moments of the kills. Where it does, the laws are checked that can be
//! seen from outside: what outlasts its waits and mutes is told, what was told is told to be over, once and in its group, and
//! nothing that is held is told.

mod player;
mod stage;

use super::{Course, Ending, broken_where_refused};
use crate::harness::mount::Mount;
use crate::harness::robot::{Robot, Temper};
use crate::harness::server::{Server, Setup};
use crate::harness::{Folder, Random, wait_until};
use player::{Player, Story};
use stage::Stage;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Players at a time.
const PLAYERS: u64 = 24;

/// A shorter run has no time for power cuts and jumps of the clock.
const SHORT: u64 = 30;

/// A run as long as that has time for repetitions.
const LONG: u64 = 240;

/// How the gateway ends again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    Kills,
    /// The same, and the wall clock jumps.
    KillsAndJumps,
    PowerCuts,
}

pub(super) fn run(course: &Course) -> Ending {
    broken_where_refused(|| {
        let mut lines = Vec::new();
        let mut is_kept = true;
        for (disturbance, share) in parts(course.seconds) {
            let seconds = (course.seconds * share / 8).max(3);
            let mut folder = Folder::new("gather");
            let tried = ordeal(&Course { seconds, ..*course }, folder.path(), disturbance)?;
            let line = tried.unwrap_or_else(|reason| (format!("SKIPPED: {reason}"), true));
            is_kept &= line.1;
            folder.keep = !line.1;
            lines.push(format!("\n  {disturbance:?}: {}", line.0));
        }
        let text = lines.concat();
        Ok(if is_kept { Ending::Kept(text) } else { Ending::Broken(text) })
    })
}

/// What happens, and for how many eighths of the time. The last rounds of each part take ten seconds more, so that a short run
/// has one.
fn parts(seconds: u64) -> Vec<(Disturbance, u64)> {
    if seconds < SHORT {
        return vec![(Disturbance::Kills, 8)];
    }
    vec![(Disturbance::KillsAndJumps, 3), (Disturbance::Kills, 3), (Disturbance::PowerCuts, 2)]
}

/// Figures and whether the promises were kept, or why this machine does not allow it.
type Tried = Result<(String, bool), String>;

fn ordeal(course: &Course, folder: &Path, disturbance: Disturbance) -> Result<Tried, String> {
    let mut setup = Setup::new(folder);
    let mount = match disturbance {
        Disturbance::PowerCuts => match Mount::ext4(folder, 1_024) {
            Ok(mount) => Some(mount),
            Err(reason) => return Ok(Err(reason)),
        },
        Disturbance::Kills | Disturbance::KillsAndJumps => None,
    };
    if let Some(mount) = &mount {
        setup.state = mount.path.join("state");
        setup.arguments = vec!["--least-free".to_owned(), "16777216".to_owned()];
    }
    let clock = folder.join("clock");
    if disturbance == Disturbance::KillsAndJumps
        && let Err(reason) = jumping_clock(&mut setup, &clock)
    {
        return Ok(Err(reason));
    }
    // A delivery that is tried again is due by the wall clock, and waits for up to an hour where that is set back.
    let temper = if disturbance == Disturbance::KillsAndJumps { Temper::Good } else { Temper::Troubled };
    let robot = Robot::start(temper, course.seed);
    write_rules(&setup.rules, robot.address.port(), 0).map_err(|error| error.to_string())?;
    let mut server = setup.start()?;
    let stage = Stage::new(setup.clone(), robot);
    let story_of = |number: u64| {
        let has_time = course.seconds >= LONG && disturbance == Disturbance::Kills;
        if has_time && number < 2 { Some(Story::Repeats) } else { None }
    };
    let disturbed = std::thread::scope(|scope| {
        for number in 0..PLAYERS {
            let player = Player::new(&stage, number, course.seed, story_of(number));
            scope.spawn(move || player.play());
        }
        let loading = scope.spawn(|| load_again_and_again(&stage, course.seed));
        let disturbed = match &mount {
            Some(mount) => cut_again_and_again(&mut server, &stage, mount, course),
            None => kill_again_and_again(&mut server, &stage, &clock, course, disturbance),
        };
        stage.finish();
        disturbed.map(|count| (count, loading.join().unwrap_or_default()))
    });
    let (ends, loads) = disturbed?;
    // Whatever comes after the last round of a player is too much.
    std::thread::sleep(Duration::from_secs(4));
    if !server.is_alive() {
        return Err(format!("the server ended by itself\n{}", setup.last_log()));
    }
    server.kill();
    let (figures, broken) = stage.verdict();
    let mut text = format!("{ends} ends, {loads} loads, {figures}");
    for example in broken.iter().take(6) {
        text.push_str(&format!("\n    BROKEN {example}"));
    }
    Ok(Ok((text, broken.is_empty())))
}

/// The wall clock of the gateway follows a file.
fn jumping_clock(setup: &mut Setup, clock: &Path) -> Result<(), String> {
    let libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let library = libraries
        .iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .ok_or("libfaketime is not installed")?;
    fs::write(clock, "+0d\n").map_err(|error| error.to_string())?;
    let variables = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    setup.environment.extend(variables.map(|(name, value)| (name.to_owned(), value)));
    Ok(())
}

fn kill_again_and_again(
    server: &mut Server,
    stage: &Stage,
    clock: &Path,
    course: &Course,
    disturbance: Disturbance,
) -> Result<u64, String> {
    const JUMPS: &[&str] = &["+0d\n", "+20m\n", "-20m\n", "-1d\n"];
    let mut random = Random::new(course.seed ^ 0xdead);
    let end = Instant::now() + Duration::from_secs(course.seconds);
    let mut kills = 0;
    while Instant::now() < end {
        let life = if random.below(5) == 0 { random.pause(0, 60) } else { random.pause(60, 900) };
        let jumps = disturbance == Disturbance::KillsAndJumps;
        let jump = || fs::write(clock, JUMPS[kills as usize % JUMPS.len()]).map_err(|error| error.to_string());
        std::thread::sleep(life / 2);
        if jumps && kills % 3 == 1 {
            jump()?;
        }
        std::thread::sleep(life / 2);
        server.kill();
        if jumps && kills % 3 == 2 {
            jump()?;
        }
        kills += 1;
        *server = stage.setup.start()?;
    }
    Ok(kills)
}

fn cut_again_and_again(server: &mut Server, stage: &Stage, mount: &Mount, course: &Course) -> Result<u64, String> {
    let mut random = Random::new(course.seed ^ 0xdead);
    let end = Instant::now() + Duration::from_secs(course.seconds);
    let mut cuts = 0;
    while Instant::now() < end || cuts == 0 {
        std::thread::sleep(random.pause(150, 1_500));
        // A machine without power neither answers nor sends. Here it lives on for a moment.
        stage.set_dark(true);
        mount.cut_power()?;
        std::thread::sleep(random.pause(0, 60));
        server.kill();
        mount.power_on()?;
        stage.set_dark(false);
        cuts += 1;
        *server = stage.setup.start()?;
    }
    Ok(cuts)
}

/// Saves rules that mean the same until the end of the play; how often.
fn load_again_and_again(stage: &Stage, seed: u64) -> u64 {
    let mut random = Random::new(seed ^ 0x10ad);
    let mut version = 0;
    while !stage.is_over() {
        version += 1;
        let _ = write_rules(&stage.setup.rules, stage.robot.address.port(), version);
        let pause = random.pause(400, 2_500);
        wait_until(pause, || stage.is_over());
    }
    version
}

/// Rules whose versions differ in what no message shows.
fn write_rules(folder: &Path, port: u16, version: u64) -> std::io::Result<()> {
    let mut text = format!(
        r#"edition 1

# Version {version}.
mapping probe {{
  each $.alerts[*]
  severity = match @.severity {{ "Critical" => Critical  else => Warning }}
  status   = match @.status {{ "resolved" => Resolved  else => Firing }}
  title    = "{{@.key}}"
  key      = string(@.key) ?? "none"
  labels {{ site = string(@.site)  kind = string(@.kind)  lane = string(@.lane) }}
}}
mute behind when labels.kind == "pod" while labels.kind == "node" same labels.site until 3s after because "its node is down"
mute m{version} when labels.kind == "none{version}" while labels.kind == "nobody" same labels.site because "it is never so"
"#
    );
    let mut channel = |name: &str, repeat: &str| {
        text.push_str(&format!(
            "channel {name} = webhook(url = \"http://127.0.0.1:{port}/{name}\", timeout = \"2s\", retry_for = \"24h\", \
             repeat = {repeat}, group_by = [labels.site], wait = 1s, body = {{ key: key, status: status, \
             firing: group.firing, alerts: group.alerts }})\n"
        ));
    };
    (0..stage::LANES).for_each(|lane| channel(&format!("chat_{lane}"), "4h"));
    channel("again", "1m");
    text.push_str("routing main {\n  route again when labels.kind == \"again\" => again\n");
    for lane in 1..stage::LANES {
        text.push_str(&format!("  route lane_{lane} when labels.lane == \"{lane}\" => chat_{lane}\n"));
    }
    text.push_str("  else => chat_0\n}\nintegration load { keys = [env(\"LOAD_KEY\")]  probe => routing main }\n");
    fs::create_dir_all(folder)?;
    let beside = folder.with_file_name("next.rules");
    fs::write(&beside, text)?;
    fs::rename(beside, folder.join("load.rules"))
}
