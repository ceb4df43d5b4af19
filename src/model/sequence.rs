//! The moments of a sequence: a test over virtual time.
//!
//! `check` reports what cannot be read; the runner reads the same again.

use crate::source::Span;
use crate::syntax::tree::{
    ExpectationKind, Identifier, RepeatCount, StepMoments, StringLiteral, Test, TestJson, TestStatement,
    TestStatementKind,
};
use crate::time::duration;
use std::time::Duration;

/// The most events that the steps of a sequence give.
pub const MAX_ARRIVALS: usize = 100_000;

/// The most other steps of a sequence; a step with several moments counts at each.
pub const MAX_STEPS: usize = 10_000;

/// The largest number of `times`.
pub const MAX_TIMES: usize = 400;

/// The hole that `times` fills with the number of the event, `"1"` and up.
pub const TIMES_HOLE: &str = "n";

/// The last moment of a sequence, and the longest duration in one: 400 days.
pub const LATEST_MOMENT: Duration = Duration::from_hours(400 * 24);

/// When a step happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTimes {
    /// Its first moment, from the beginning of the sequence.
    pub first: Duration,
    /// No moment is later.
    pub last: Duration,
    /// From one moment to the next; without it there is one.
    pub interval: Option<Duration>,
}

/// Why moments are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MomentError {
    /// Not a duration: the units are out of order.
    Unreadable(Span),
    /// Later than [`LATEST_MOMENT`].
    TooLate(Span),
    /// The last moment is before the first.
    Backwards(Span),
    /// An interval of nothing.
    NoInterval(Span),
}

impl StepTimes {
    /// One moment.
    #[must_use]
    pub fn at(moment: Duration) -> Self {
        Self { first: moment, last: moment, interval: None }
    }

    /// Reads moments as written.
    ///
    /// # Errors
    /// The reason, with its place.
    pub fn read(written: &StepMoments) -> Result<Self, MomentError> {
        let first = read_duration(&written.first)?;
        let Some(repetition) = &written.repetition else { return Ok(Self::at(first)) };
        let (last, interval) = (read_duration(&repetition.last)?, read_duration(&repetition.interval)?);
        if last < first {
            return Err(MomentError::Backwards(written.span));
        }
        if interval.is_zero() {
            return Err(MomentError::NoInterval(repetition.interval.span));
        }
        Ok(Self { first, last, interval: Some(interval) })
    }

    /// How many moments there are.
    #[must_use]
    pub fn count(self) -> usize {
        let length = self.last.saturating_sub(self.first).as_secs();
        let more = self.interval.and_then(|interval| length.checked_div(interval.as_secs())).unwrap_or(0);
        usize::try_from(more).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// The moments, in order.
    pub fn moments(self) -> impl Iterator<Item = Duration> {
        let interval = self.interval.unwrap_or_default();
        std::iter::successors(Some(self.first), move |moment| moment.checked_add(interval)).take(self.count())
    }

    /// The last moment: the next step belongs to it, unless it has moments of its own.
    #[must_use]
    pub fn end(self) -> Duration {
        let before = u32::try_from(self.count() - 1).unwrap_or(u32::MAX);
        self.first.saturating_add(self.interval.unwrap_or_default().saturating_mul(before))
    }
}

/// A duration of a sequence.
///
/// # Errors
/// The reason, with its place.
pub fn read_duration(written: &Identifier) -> Result<Duration, MomentError> {
    let duration = duration(&written.text).ok_or(MomentError::Unreadable(written.span))?;
    if duration > LATEST_MOMENT { Err(MomentError::TooLate(written.span)) } else { Ok(duration) }
}

/// Whether a test is a sequence: a statement has a moment, or is one that only sequences have.
#[must_use]
pub fn is_sequence(test: &Test) -> bool {
    test.statements.iter().any(|statement| statement.moments.is_some() || is_of_sequences(&statement.kind))
}

/// Whether only a sequence can hold a statement.
fn is_of_sequences(kind: &TestStatementKind) -> bool {
    match kind {
        TestStatementKind::Times(..)
        | TestStatementKind::Silence(_)
        | TestStatementKind::SilenceEnd(_)
        | TestStatementKind::Restart(_)
        | TestStatementKind::Down(..)
        | TestStatementKind::Pause(_)
        | TestStatementKind::Resume(_) => true,
        TestStatementKind::Expect(expectation) => {
            matches!(expectation.kind, ExpectationKind::Notified(..) | ExpectationKind::Waits(..))
        }
        TestStatementKind::Subject(..)
        | TestStatementKind::Input(_)
        | TestStatementKind::InputFile(_)
        | TestStatementKind::Header(..)
        | TestStatementKind::PathSuffix(_)
        | TestStatementKind::Event(_)
        | TestStatementKind::At(_)
        | TestStatementKind::Open(..)
        | TestStatementKind::Cases(_) => false,
    }
}

/// Whether a statement of a sequence happens at moments; the others are about the whole test.
#[must_use]
pub fn is_step(kind: &TestStatementKind) -> bool {
    match kind {
        TestStatementKind::Subject(..)
        | TestStatementKind::Header(..)
        | TestStatementKind::PathSuffix(_)
        | TestStatementKind::At(_)
        | TestStatementKind::Open(..)
        | TestStatementKind::Cases(_) => false,
        TestStatementKind::Input(_)
        | TestStatementKind::InputFile(_)
        | TestStatementKind::Event(_)
        | TestStatementKind::Times(..)
        | TestStatementKind::Silence(_)
        | TestStatementKind::SilenceEnd(_)
        | TestStatementKind::Restart(_)
        | TestStatementKind::Down(..)
        | TestStatementKind::Pause(_)
        | TestStatementKind::Resume(_)
        | TestStatementKind::Expect(_) => true,
    }
}

/// What a statement gives that arrives.
#[derive(Debug, Clone, Copy)]
pub enum ArrivingKind<'t> {
    /// One event.
    Event(&'t TestJson),
    /// So many events.
    Times(usize, &'t TestJson),
    /// A payload.
    Payload(&'t TestJson),
    /// A payload in a file.
    File(&'t StringLiteral),
}

impl<'t> ArrivingKind<'t> {
    /// What a statement gives; nothing where it gives no events.
    #[must_use]
    pub fn of(kind: &'t TestStatementKind) -> Option<Self> {
        Some(match kind {
            TestStatementKind::Event(json) => Self::Event(json),
            TestStatementKind::Times(RepeatCount { number, .. }, json) => Self::Times(*number, json),
            TestStatementKind::Input(json) => Self::Payload(json),
            TestStatementKind::InputFile(file) => Self::File(file),
            TestStatementKind::Subject(..)
            | TestStatementKind::Header(..)
            | TestStatementKind::PathSuffix(_)
            | TestStatementKind::At(_)
            | TestStatementKind::Open(..)
            | TestStatementKind::Cases(_)
            | TestStatementKind::Silence(_)
            | TestStatementKind::SilenceEnd(_)
            | TestStatementKind::Restart(_)
            | TestStatementKind::Down(..)
            | TestStatementKind::Pause(_)
            | TestStatementKind::Resume(_)
            | TestStatementKind::Expect(_) => return None,
        })
    }

    /// How many events or payloads it gives at one of its moments.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Times(number, _) => number,
            Self::Event(_) | Self::Payload(_) | Self::File(_) => 1,
        }
    }
}

/// A step of a sequence with its moments.
#[derive(Debug, Clone, Copy)]
pub struct SequenceStep<'t> {
    /// The statement.
    pub statement: &'t TestStatement,
    /// When it happens.
    pub times: StepTimes,
}

/// Why a step has no moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepError {
    /// Its moments are refused.
    Moments(MomentError),
    /// It is the first step and has none.
    NoMoment(Span),
}

/// The steps of a sequence in the order of the text. Each without moments gets the last one of the step before.
pub fn steps(test: &Test) -> impl Iterator<Item = Result<SequenceStep<'_>, StepError>> {
    let mut before: Option<Duration> = None;
    // What has no place in a sequence has moments all the same where they are written.
    let is_timed = |statement: &&TestStatement| statement.moments.is_some() || is_step(&statement.kind);
    let steps = test.statements.iter().filter(is_timed);
    steps.map(move |statement| {
        let times = match &statement.moments {
            Some(written) => StepTimes::read(written).map_err(StepError::Moments),
            None => before.map(StepTimes::at).ok_or(StepError::NoMoment(statement.span)),
        };
        // What follows a step that is refused is not refused for it.
        before = Some(times.map_or(before.unwrap_or_default(), StepTimes::end));
        Ok(SequenceStep { statement, times: times? })
    })
}
