//! Rule files change under load, in every way that the editor knows; broken versions and valid prefixes are among them.

use super::editor::{Editor, Technique, pick};
use super::{Course, Ending, broken_where_refused, drain_and_check};
use crate::checker::{History, Verdict};
use crate::harness::load::Plan;
use crate::harness::rules::Flaw;
use crate::harness::server::{Server, Setup};
use crate::harness::sink::Sink;
use crate::harness::{Folder, Random, micros, wait_until};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is done to the rules.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    /// The ways of editing; the first decides what the folder is.
    pub(crate) techniques: &'static [Technique],
    /// What is wrong with every third version; nothing where it is empty.
    pub(crate) flaws: &'static [Flaw],
    /// Ask for a reload all the time, in the midst of edits.
    pub(crate) hammer: bool,
    /// Write an unrelated file beside the rules every 50 ms.
    pub(crate) noise: bool,
    /// How long.
    pub(crate) time: Duration,
    /// How soon a change must take effect.
    pub(crate) in_time: Duration,
    /// Connections of the load, and the pause of each.
    pub(crate) load: (u32, Duration),
    /// Where the editor has its hands, if it is not the folder that is served.
    pub(crate) edited: Option<PathBuf>,
    /// What else happens all the time, until told to end.
    pub(crate) meanwhile: Option<Meanwhile>,
}

/// What happens beside the edits, to the server and the folder of its rules.
pub(crate) type Meanwhile = fn(&Server, &Path, &AtomicBool);

const PLAIN: &[Technique] = &[
    Technique::InPlace(10),
    Technique::InPlace(30),
    Technique::Pieces,
    Technique::Rename,
    Technique::Vim,
    Technique::Prefix,
    Technique::Recreate(0),
    Technique::Recreate(50),
    Technique::Recreate(500),
    Technique::MoveIn,
    Technique::Exchange,
];

pub(crate) const FLAWS: &[Flaw] = &[Flaw::Syntax, Flaw::UnknownChannel, Flaw::MissingSecret];

impl Trial {
    /// Some techniques with flaws for a time, at the load and bound of a release build.
    pub(crate) fn new(techniques: &'static [Technique], time: Duration) -> Self {
        Self {
            techniques,
            flaws: FLAWS,
            hammer: false,
            noise: false,
            time,
            // Below the slow poll, so that a sign that is missed shows; far above what it takes, for busy machines.
            in_time: Duration::from_secs(8),
            load: (16, Duration::from_millis(5)),
            edited: None,
            meanwhile: None,
        }
    }
}

pub(super) fn run(course: &Course) -> Ending {
    let share = Duration::from_secs(course.seconds) / 8;
    let trials = [
        ("plain", Trial::new(PLAIN, share * 3)),
        ("hammered", Trial { hammer: true, ..Trial::new(&[Technique::InPlace(30), Technique::Rename], share) }),
        ("noisy", Trial { noise: true, ..Trial::new(&[Technique::Rename], share) }),
        ("configmap", Trial::new(&[Technique::ConfigMap], share * 2)),
        ("link", Trial::new(&[Technique::Link], share)),
    ];
    broken_where_refused(|| {
        let mut clean = true;
        let mut lines = Vec::new();
        for (name, trial) in &trials {
            let mut folder = Folder::new("reload");
            let setup = Setup::new(folder.path());
            let (figures, verdict) = ordeal(&setup, trial, course.seed)?;
            clean &= verdict.is_clean();
            folder.keep = !verdict.is_clean();
            lines.push(format!("\n  {name}: {figures}; {verdict}"));
        }
        let text = lines.concat();
        Ok(if clean { Ending::Kept(text) } else { Ending::Broken(text) })
    })
}

/// One trial, for whichever build the setup names: figures and verdict.
pub(crate) fn ordeal(setup: &Setup, trial: &Trial, seed: u64) -> Result<(String, Verdict), String> {
    let sink = Sink::start(seed);
    let workshop = setup.rules.with_file_name("workshop");
    let edited = trial.edited.as_ref().unwrap_or(&setup.rules);
    let mut editor = Editor::new(edited, &workshop, sink.address.port(), trial.techniques[0])
        .map_err(|error| format!("the rules: {error}"))?;
    let server = setup.start()?;
    let (connections, pause) = trial.load;
    let load = Plan { pause, ..Plan::new(setup.listen, connections) }.start();
    let over = AtomicBool::new(false);
    let noise = setup.rules.join("noise.txt");
    let edited = std::thread::scope(|scope| {
        if trial.hammer {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    server.admin("POST", "/-/reload");
                }
            });
        }
        if trial.noise {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let _ = std::fs::write(&noise, micros().to_string());
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        if let Some(meanwhile) = trial.meanwhile {
            let (server, over) = (&server, &over);
            scope.spawn(move || meanwhile(server, &setup.rules, over));
        }
        let edited = edit(&mut editor, trial, &server, &sink, &mut Random::new(seed));
        over.store(true, Ordering::Relaxed);
        edited
    });
    let pushes = load.stop();
    edited.map_err(|error| format!("an edit failed: {error}"))?;
    let good = editor.log.iter().filter(|version| version.good).count();
    let stalled = editor.log.iter().filter(|version| version.stalled).count();
    let figures = format!("{} edits ({good} good, {stalled} stalled)", editor.log.len());
    let history = History { pushes, versions: editor.log, ..History::default() };
    let (_, verdict) = drain_and_check(history, &sink, Duration::from_secs(30));
    Ok((figures, verdict))
}

fn edit(editor: &mut Editor, trial: &Trial, server: &Server, sink: &Sink, random: &mut Random) -> std::io::Result<()> {
    let end = Instant::now() + trial.time;
    while Instant::now() < end {
        let mut technique = pick(random, trial.techniques);
        if !trial.flaws.is_empty() && random.below(3) == 0 {
            let how = if technique == Technique::Prefix { Technique::Rename } else { technique };
            editor.edit(how, pick(random, trial.flaws))?;
            std::thread::sleep(random.pause(300, 900));
            technique = pick(random, trial.techniques);
        }
        if technique == Technique::Prefix {
            // Quiet before it, so that nothing but the prefix itself asks for a load.
            std::thread::sleep(Duration::from_millis(500));
        }
        let version = editor.edit(technique, Flaw::None)?;
        match random.below(4) {
            0 => std::thread::sleep(random.pause(0, 400)),
            1 => {
                let (status, _) = server.admin("POST", "/-/reload");
                version.confirmed = (status == 200).then(micros);
            }
            _ => {
                let number = version.number;
                let seen = wait_until(trial.in_time, || sink.newest_version() >= number);
                version.missed = (!seen).then(micros);
            }
        }
    }
    // After the last edit everything carries the final version.
    let version = editor.edit(trial.techniques[0], Flaw::None)?;
    let number = version.number;
    let seen = wait_until(trial.in_time, || sink.newest_version() >= number);
    version.missed = (!seen).then(micros);
    Ok(())
}
