//! Deliberate defects, by which the campaign shows that its checker catches them.
//!
//! They exist in debug builds only, where the environment variable `POINTSMAN_MUTANT` chooses one by its letter. In a
//! release build, [`Mutant::is_on`] is false at compile time, so that the compiler removes the code of every defect. Each
//! defect is tested at one place. Most of them leave out or change what is done there. Three need code of their own: the
//! intake waits and takes the rules again (`PointerTwice`), the reload worker publishes snapshots of single files
//! (`FileByFile`, with `Snapshot::with_sources`), and the loader collects the files to watch (`WatchFiles`).

#![expect(clippy::disallowed_methods, reason = "a mutant is chosen by the environment, in debug builds")]

use std::sync::OnceLock;

macro_rules! mutants {
    ($($letter:literal $name:ident $documentation:literal;)*) => {
        /// A defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $(#[doc = $documentation] $name,)*
        }

        impl Mutant {
            const ALL: &[(&str, Self)] = &[$(($letter, Self::$name)),*];
        }
    };
}

mutants! {
    "a" PointerTwice "The rules in force are taken twice for one push: once to decide and once to render.";
    "b" FileByFile "The files of a change are published one by one.";
    "c" NoSecondScan "The second scan follows the first at once.";
    "d" PublishEarly "A rule set is published before its channels are built.";
    "e" WatchFiles "Files are watched instead of folders.";
    "f" NoDebounceCap "The debounce waits as long as changes go on.";
    "g" AnswerEarly "A push is answered before it is durable.";
    "h" MutedEnd "A mute holds the end of what was told.";
    "i" UntoldEnd "The end of what was not told is told.";
    "j" CriticalByTruth "A Critical is compared with what is true instead of what was told.";
    "k" HeldTold "A message covers what a mute holds.";
    "l" HeldAtArrival "A mute is asked when an event arrives, and never again.";
    "m" MutedSource "An alert that a mute may hold does not count as a source.";
    "n" BeatWhileAway "The time of a beat runs while the gateway is down.";
    "o" ToldEarly "An alert counts as told before the delivery of its message is durable.";
    "p" RepeatAnew "The time until a repetition begins anew when the journal is opened.";
    "q" RegroupedEnd "`group_by` is evaluated again for an end.";
}

impl Mutant {
    /// Whether this defect was chosen.
    #[must_use]
    pub fn is_on(self) -> bool {
        cfg!(debug_assertions) && chosen() == Some(self)
    }
}

fn chosen() -> Option<Mutant> {
    static CHOSEN: OnceLock<Option<Mutant>> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("POINTSMAN_MUTANT").ok()?;
        Mutant::ALL.iter().find(|(letter, _)| *letter == name).map(|(_, mutant)| *mutant)
    })
}
