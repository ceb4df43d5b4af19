//! Deliberate defects, by which the campaign shows that its checker bites.
//!
//! They exist in debug builds alone and are chosen there by the environment variable `POINTSMAN_MUTANT`; in a release
//! build every question is answered with no at compile time.

#![expect(clippy::disallowed_methods, reason = "a mutant is chosen by the environment, in debug builds")]

use std::sync::OnceLock;

/// A defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// The rule set in force is taken twice for one push.
    PointerTwice,
    /// Files are taken over one by one.
    FileByFile,
    /// There is no second scan.
    NoSecondScan,
    /// A rule set is published before its channels are built.
    PublishEarly,
    /// Files are watched in the place of folders, and nothing is polled.
    WatchFiles,
    /// A change is waited for as long as it goes on.
    NoDebounceCap,
    /// A push is answered before it is durable.
    AnswerEarly,
}

impl Mutant {
    const ALL: [(&'static str, Self); 7] = [
        ("a", Self::PointerTwice),
        ("b", Self::FileByFile),
        ("c", Self::NoSecondScan),
        ("d", Self::PublishEarly),
        ("e", Self::WatchFiles),
        ("f", Self::NoDebounceCap),
        ("g", Self::AnswerEarly),
    ];

    /// Whether this defect was asked for.
    #[must_use]
    pub fn is_on(self) -> bool {
        cfg!(debug_assertions) && chosen() == Some(self)
    }
}

fn chosen() -> Option<Mutant> {
    static CHOSEN: OnceLock<Option<Mutant>> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("POINTSMAN_MUTANT").ok()?;
        Mutant::ALL.into_iter().find(|(letter, _)| *letter == name).map(|(_, mutant)| mutant)
    })
}
