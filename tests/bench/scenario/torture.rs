//! What the surroundings do to rule files: watches run out, events are lost, clocks jump, filesystems are mounted over the
//! folder, and the server dies while it loads. Run by hand; what a machine does not allow is skipped, and says so.

use super::editor::{Editor, Technique, mount, pick};
use super::reload::{FLAWS, Trial, ordeal};
use super::{Course, Ending, broken_where_refused, drain_and_check};
use crate::checker::{History, Verdict};
use crate::harness::load::Plan;
use crate::harness::rules::Flaw;
use crate::harness::server::{Server, Setup};
use crate::harness::sink::{Mood, Sink};
use crate::harness::{Folder, Random, micros, wait_until};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is done to the server or its folder.
struct Torment {
    name: &'static str,
    techniques: &'static [Technique],
    /// How soon a change must take effect: above the slow poll where nothing but the poll can notice.
    in_time: u64,
    /// Prepares folder, setup and trial; an error skips it.
    prepare: fn(&mut Setup, &mut Trial, &mut Undo) -> Result<(), String>,
}

/// What is unmounted in the end, the last first.
#[derive(Default)]
struct Undo(Vec<PathBuf>);

impl Drop for Undo {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // One may be mounted over the other.
            for _ in 0..1_000 {
                let unmounted = std::process::Command::new("umount").arg("-l").arg(path).output();
                if !unmounted.is_ok_and(|output| output.status.success()) {
                    break;
                }
            }
        }
    }
}

const SAVES: &[Technique] = &[Technique::Rename, Technique::InPlace(10)];

const TORMENTS: &[Torment] = &[
    Torment { name: "mapped", techniques: &[Technique::Mapped], in_time: 8, prepare: nothing },
    Torment { name: "hard link", techniques: &[Technique::HardLink], in_time: 20, prepare: nothing },
    Torment { name: "mounted over", techniques: &[Technique::MountOver], in_time: 20, prepare: mounted_over },
    Torment { name: "unrelated writes", techniques: SAVES, in_time: 8, prepare: noise },
    Torment { name: "SIGHUP x1000", techniques: &[Technique::Rename], in_time: 8, prepare: hang_ups },
    Torment { name: "stopped in a storm", techniques: SAVES, in_time: 20, prepare: storm },
    Torment { name: "no watches left", techniques: SAVES, in_time: 8, prepare: no_watches },
    Torment { name: "no instances left", techniques: SAVES, in_time: 8, prepare: no_instances },
    Torment { name: "clocks that jump", techniques: SAVES, in_time: 8, prepare: clocks },
    Torment { name: "overlayfs", techniques: SAVES, in_time: 8, prepare: overlay },
    Torment { name: "bind mount", techniques: SAVES, in_time: 8, prepare: bind },
];

pub(super) fn run(course: &Course) -> Ending {
    broken_where_refused(|| {
        let seconds = (course.seconds / (TORMENTS.len() as u64 + 2)).max(5);
        let (mut clean, mut lines) = (true, Vec::new());
        for torment in TORMENTS {
            let mut folder = Folder::new("torture");
            let line = match attempt(torment, folder.path(), seconds, course.seed)? {
                Ok((figures, verdict)) => {
                    clean &= verdict.is_clean();
                    folder.keep = !verdict.is_clean();
                    format!("{figures}; {verdict}")
                }
                Err(reason) => format!("SKIPPED: {reason}"),
            };
            println!("  {}: {line}", torment.name);
            lines.push(format!("\n  {}: {line}", torment.name));
        }
        let mut folder = Folder::new("torture");
        let (figures, verdict) = restarts(folder.path(), seconds * 2, course.seed)?;
        clean &= verdict.is_clean();
        folder.keep = !verdict.is_clean();
        lines.push(format!("\n  killed while loading: {figures}; {verdict}"));
        let text = lines.concat();
        Ok(if clean { Ending::Kept(text) } else { Ending::Broken(text) })
    })
}

/// Figures and verdict, or why this machine does not allow it.
type Tried = Result<(String, Verdict), String>;

fn attempt(torment: &Torment, folder: &Path, seconds: u64, seed: u64) -> Result<Tried, String> {
    let mut setup = Setup::new(folder);
    let mut undo = Undo::default();
    let mut trial = Trial {
        in_time: Duration::from_secs(torment.in_time),
        ..Trial::new(torment.techniques, Duration::from_secs(seconds))
    };
    fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
    if let Err(reason) = (torment.prepare)(&mut setup, &mut trial, &mut undo) {
        return Ok(Err(reason));
    }
    ordeal(&setup, &trial, seed).map(Ok)
}

#[expect(clippy::unnecessary_wraps, reason = "one of many that may refuse")]
fn nothing(_: &mut Setup, _: &mut Trial, _: &mut Undo) -> Result<(), String> {
    Ok(())
}

fn mounted_over(setup: &mut Setup, _: &mut Trial, undo: &mut Undo) -> Result<(), String> {
    let probe = setup.rules.with_file_name("probe");
    fs::create_dir_all(&probe).map_err(|error| error.to_string())?;
    undo.0.push(setup.rules.clone());
    undo.0.push(probe.clone());
    mount(&["-t", "tmpfs", "tmpfs", &probe.to_string_lossy()]).map_err(|error| error.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "one of many that may refuse")]
fn noise(_: &mut Setup, trial: &mut Trial, _: &mut Undo) -> Result<(), String> {
    trial.noise = true;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "one of many that may refuse")]
fn hang_ups(_: &mut Setup, trial: &mut Trial, _: &mut Undo) -> Result<(), String> {
    trial.meanwhile = Some(|server, _, over| {
        for _ in 0..1_000 {
            if over.load(Ordering::Relaxed) {
                return;
            }
            server.signal(Signal::HUP);
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "one of many that may refuse")]
fn storm(_: &mut Setup, trial: &mut Trial, _: &mut Undo) -> Result<(), String> {
    trial.meanwhile = Some(|server, rules, over| {
        while !over.load(Ordering::Relaxed) {
            server.signal(Signal::STOP);
            let begun = Instant::now();
            for count in 0..1_000_000_u32 {
                let _ = fs::write(rules.join(format!("noise-{}.txt", count % 50)), "x");
                if begun.elapsed() > Duration::from_secs(2) {
                    break;
                }
            }
            server.signal(Signal::CONT);
            std::thread::sleep(Duration::from_secs(3));
        }
    });
    Ok(())
}

fn no_watches(setup: &mut Setup, _: &mut Trial, _: &mut Undo) -> Result<(), String> {
    limited(setup, "max_inotify_watches", 1)
}

fn no_instances(setup: &mut Setup, _: &mut Trial, _: &mut Undo) -> Result<(), String> {
    limited(setup, "max_inotify_instances", 0)
}

/// Starts the server in a namespace of users of its own, where the limit holds for nobody else.
fn limited(setup: &mut Setup, limit: &str, most: u32) -> Result<(), String> {
    let set = format!("echo {most} > /proc/sys/user/{limit}");
    let allowed = std::process::Command::new("unshare").args(["--user", "--map-root-user", "sh", "-c", &set]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return Err("no namespace of users can be made here".to_owned());
    }
    let program = setup.program.display();
    let script =
        format!("#!/bin/sh\nexec unshare --user --map-root-user sh -c '{set} && exec \"$@\"' sh '{program}' \"$@\"\n");
    let path = setup.rules.with_file_name("limited");
    fs::write(&path, script).map_err(|error| error.to_string())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())?;
    setup.program = path;
    Ok(())
}

fn clocks(setup: &mut Setup, trial: &mut Trial, _: &mut Undo) -> Result<(), String> {
    let libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
    let library = libraries
        .iter()
        .map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
        .ok_or("libfaketime is not installed")?;
    let jumps = setup.rules.with_file_name("clock");
    fs::write(&jumps, "+0d\n").map_err(|error| error.to_string())?;
    let variables = [
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", jumps.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    setup.environment.extend(variables.map(|(name, value)| (name.to_owned(), value)));
    trial.meanwhile = Some(|_, rules, over| {
        for jump in ["+1d\n", "-1d\n", "+0d\n"].into_iter().cycle() {
            if over.load(Ordering::Relaxed) {
                return;
            }
            let _ = fs::write(rules.with_file_name("clock"), jump);
            std::thread::sleep(Duration::from_millis(700));
        }
    });
    Ok(())
}

fn overlay(setup: &mut Setup, _: &mut Trial, undo: &mut Undo) -> Result<(), String> {
    let [lower, upper, work] = ["lower", "upper", "work"].map(|name| setup.rules.with_file_name(name));
    for folder in [&lower, &upper, &work] {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let options = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
    undo.0.push(setup.rules.clone());
    mount(&["-t", "overlay", "overlay", "-o", &options, &setup.rules.to_string_lossy()])
        .map_err(|error| error.to_string())
}

fn bind(setup: &mut Setup, trial: &mut Trial, undo: &mut Undo) -> Result<(), String> {
    let real = setup.rules.with_file_name("real");
    fs::create_dir_all(&real).map_err(|error| error.to_string())?;
    undo.0.push(setup.rules.clone());
    mount(&["--bind", &real.to_string_lossy(), &setup.rules.to_string_lossy()]).map_err(|error| error.to_string())?;
    trial.edited = Some(real);
    Ok(())
}

const WHILE_KILLED: &[Technique] = &[
    Technique::InPlace(10),
    Technique::Rename,
    Technique::Vim,
    Technique::Recreate(50),
    Technique::MoveIn,
    Technique::Exchange,
];

/// Edits, broken ones among them, while the server is killed again and again and starts with the last good set where it
/// must.
fn restarts(folder: &Path, seconds: u64, seed: u64) -> Result<(String, Verdict), String> {
    let mut setup = Setup::new(folder);
    setup.arguments = vec!["--start-with-last-good".to_owned()];
    let sink = Sink::start(seed);
    sink.set_mood(Mood::Good);
    let workshop = setup.rules.with_file_name("workshop");
    let failed = |error: std::io::Error| format!("an edit failed: {error}");
    let mut editor = Editor::new(&setup.rules, &workshop, sink.address.port(), WHILE_KILLED[0]).map_err(failed)?;
    let server = setup.start()?;
    let plan = Plan { pairs: true, pause: Duration::from_millis(5), ..Plan::new(setup.listen, 16) };
    let load = plan.start();
    let over = AtomicBool::new(false);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (edited, killed) = std::thread::scope(|scope| {
        let killing = scope.spawn(|| kill_again_and_again(server, &setup, &over, seed));
        let mut random = Random::new(seed);
        let mut edited = Ok(());
        while Instant::now() < end && edited.is_ok() {
            let flaw = if random.below(3) == 0 { pick(&mut random, FLAWS) } else { Flaw::None };
            edited = editor.edit(pick(&mut random, WHILE_KILLED), flaw).map(|_| ());
            std::thread::sleep(random.pause(0, 900));
        }
        over.store(true, Ordering::Relaxed);
        (edited, killing.join().unwrap_or_else(|_| Err("the killer failed".to_owned())))
    });
    edited.map_err(failed)?;
    let (server, kills) = killed?;
    let version = editor.edit(WHILE_KILLED[0], Flaw::None).map_err(failed)?;
    let number = version.number;
    let in_force = wait_until(Duration::from_secs(8), || sink.newest_version() >= number);
    version.missed = (!in_force).then(micros);
    let figures = format!("{kills} kills, {} edits", editor.log.len());
    let history = History { pushes: load.stop(), versions: editor.log, kills, ..History::default() };
    let (_, verdict) = drain_and_check(history, &sink, Duration::from_secs(30));
    drop(server);
    Ok((figures, verdict))
}

/// The server that lives in the end, and how many died before.
fn kill_again_and_again(
    mut server: Server,
    setup: &Setup,
    over: &AtomicBool,
    seed: u64,
) -> Result<(Server, u64), String> {
    let mut random = Random::new(seed ^ 0xdead);
    let mut kills = 0;
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(random.pause(50, 1_500));
        server.kill();
        kills += 1;
        server = setup.start()?;
    }
    Ok((server, kills))
}
