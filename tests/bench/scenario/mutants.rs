//! The seven deliberate defects: each runs under the trial that is meant for it, and the checker must catch it. A sound
//! debug build goes first, under all of that at once, and must pass, so that what is caught is the defect.

use super::editor::Technique;
use super::reload::Trial;
use super::{Course, Ending, broken_where_refused, crash, reload};
use crate::checker::{Promise, Verdict};
use crate::harness::rules::Flaw;
use crate::harness::server::Setup;
use crate::harness::{Folder, Random};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How often a defect may slip through before it counts as not caught.
const ATTEMPTS: u64 = 4;

/// A defect and what catches it.
struct Defect {
    letter: &'static str,
    /// How it shows.
    shows: &'static [Promise],
    /// None: SIGKILL under load.
    techniques: &'static [Technique],
    flaws: &'static [Flaw],
    hammer: bool,
    noise: bool,
    /// Further arguments of the gateway.
    arguments: &'static [&'static str],
}

/// Changes are noticed by the watcher alone.
const NO_POLL: &[&str] = &["--poll-interval", "1h"];

/// No defect, and what the trials of the others do.
const SOUND: Defect = Defect {
    letter: "",
    shows: &[],
    techniques: &[Technique::Rename, Technique::InPlace(40)],
    flaws: &[Flaw::MissingSecret],
    hammer: true,
    noise: true,
    arguments: NO_POLL,
};

const MIXED: &[Promise] = &[
    Promise::NoMixture,
    Promise::NoGhost,
    Promise::RealTime,
    Promise::Monotone,
    Promise::Reference,
    Promise::NothingLost,
];

const DEFECTS: &[Defect] = &[
    Defect {
        letter: "a",
        shows: MIXED,
        techniques: &[Technique::Link],
        flaws: &[],
        hammer: true,
        noise: false,
        arguments: &[],
    },
    Defect {
        letter: "b",
        shows: MIXED,
        techniques: &[Technique::InPlace(40), Technique::Rename],
        flaws: &[],
        hammer: true,
        noise: false,
        arguments: &[],
    },
    Defect {
        letter: "c",
        shows: MIXED,
        techniques: &[Technique::InPlace(40)],
        flaws: &[],
        hammer: true,
        noise: false,
        arguments: &[],
    },
    Defect {
        letter: "d",
        shows: MIXED,
        techniques: &[Technique::Rename],
        flaws: &[Flaw::MissingSecret],
        hammer: false,
        noise: false,
        arguments: &[],
    },
    Defect {
        letter: "e",
        shows: &[Promise::Liveness],
        techniques: &[Technique::Rename],
        flaws: &[],
        hammer: false,
        noise: false,
        arguments: NO_POLL,
    },
    Defect {
        letter: "f",
        shows: &[Promise::Liveness],
        techniques: &[Technique::Rename],
        flaws: &[],
        hammer: false,
        noise: true,
        arguments: &[],
    },
    Defect {
        letter: "g",
        shows: &[Promise::NothingLost],
        techniques: &[],
        flaws: &[],
        hammer: false,
        noise: false,
        arguments: &[],
    },
];

pub(super) fn run(course: &Course) -> Ending {
    broken_where_refused(|| {
        let program = debug_build()?;
        // A short run takes some of them, by its seed; a long one all.
        let count = (course.seconds / 8).clamp(2, DEFECTS.len() as u64);
        let seconds = (course.seconds / (count + 1) / 2).max(4);
        let mut defects: Vec<&Defect> = DEFECTS.iter().collect();
        let mut random = Random::new(course.seed);
        while defects.len() as u64 > count {
            defects.remove(random.below(defects.len() as u64) as usize);
        }
        let mut lines = Vec::new();
        let mut caught_all = true;
        let sound = attempt(&SOUND, &program, None, &Course { seconds, seed: course.seed })?;
        if !sound.is_clean() {
            caught_all = false;
            lines.push(format!("\n  a sound build is refused: {sound}"));
        }
        for defect in defects {
            let (line, caught) = catch(defect, &program, &Course { seconds, seed: course.seed })?;
            caught_all &= caught;
            lines.push(line);
        }
        let text = lines.concat();
        Ok(if caught_all { Ending::Kept(text) } else { Ending::Broken(text) })
    })
}

/// Tries until the defect shows.
fn catch(defect: &Defect, program: &Path, course: &Course) -> Result<(String, bool), String> {
    let mut seen = Verdict::default();
    for attempts in 1..=ATTEMPTS {
        let course = Course { seconds: course.seconds * attempts, seed: course.seed + attempts };
        seen = attempt(defect, program, Some(defect.letter), &course)?;
        if let Some(shown) = seen.broken.keys().find(|promise| defect.shows.contains(promise)) {
            let (count, _) = &seen.broken[shown];
            return Ok((format!("\n  {}: caught by {shown:?} x{count} at attempt {attempts}", defect.letter), true));
        }
    }
    Ok((format!("\n  {}: NOT CAUGHT in {ATTEMPTS} attempts: {seen}", defect.letter), false))
}

fn attempt(defect: &Defect, program: &Path, mutant: Option<&str>, course: &Course) -> Result<Verdict, String> {
    let folder = Folder::new("mutant");
    let mut setup = Setup::new(folder.path());
    program.clone_into(&mut setup.program);
    setup.arguments = defect.arguments.iter().map(|&argument| argument.to_owned()).collect();
    if let Some(letter) = mutant {
        setup.environment.push(("POINTSMAN_MUTANT".to_owned(), letter.to_owned()));
    }
    if defect.techniques.is_empty() {
        return crash::ordeal(course, &setup, Duration::from_secs(15)).map(|(_, verdict)| verdict);
    }
    let trial = Trial {
        flaws: defect.flaws,
        hammer: defect.hammer,
        noise: defect.noise,
        // A debug build on a busy machine takes its time.
        in_time: Duration::from_secs(6),
        load: (12, Duration::from_millis(10)),
        ..Trial::new(defect.techniques, Duration::from_secs(course.seconds))
    };
    reload::ordeal(&setup, &trial, course.seed).map(|(_, verdict)| verdict)
}

/// The program with its debug assertions, as defects exist in no other: what `POINTSMAN_DEBUG_PROGRAM` names, or the debug
/// build, built where it is not up to date.
fn debug_build() -> Result<PathBuf, String> {
    if let Some(program) = std::env::var_os("POINTSMAN_DEBUG_PROGRAM") {
        return Ok(program.into());
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "pointsman", "--manifest-path"])
        .arg(&manifest)
        .status()
        .is_ok_and(|status| status.success());
    let release = Path::new(env!("CARGO_BIN_EXE_pointsman"));
    let program = release.parent().and_then(Path::parent).map(|target| target.join("debug/pointsman"));
    program.filter(|program| built && program.exists()).ok_or_else(|| "the debug build failed".to_owned())
}
