//! Plays the pushes, page by page, for all rule sets at once.

use super::rehearsed_rules::RehearsedRules;
use crate::cli::backend::{BackendError, BackendResult, OperationsBackend};
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::gateway::journal::PushOrigin;
use crate::gateway::operations::{PushSelection, RecordCount, RecordSelection, SilenceSelection};
use crate::gateway::rehearsal::{OperatorActions, Rehearsal, RehearsalReport, RehearsalStopped};
use crate::time::Timestamp;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::ops::Range;

/// How many silences are asked for at once.
const SILENCES_PER_PAGE: usize = 1_000;

/// What was played, and what was not.
#[derive(Debug, Serialize)]
pub(super) struct PlayedPushes {
    /// From when on pushes were asked for.
    pub(super) asked_since: Timestamp,
    /// Where the rehearsal began: not before the oldest push that the journal has.
    pub(super) since: Timestamp,
    /// Where it ended.
    pub(super) until: Timestamp,
    /// How many pushes were played.
    pub(super) pushes: u64,
    /// Replays of pushes that were played.
    pub(super) replays: u64,
    /// Pushes whose records are damaged.
    pub(super) damaged: u64,
    /// Silences of that time that were played.
    pub(super) silences: usize,
    /// Pauses in force that were played.
    pub(super) pauses: usize,
    /// Bodies of that time in the quarantine.
    pub(super) quarantined: RecordCount,
}

/// Plays the pushes of a time; a report for each rule set.
///
/// # Errors
/// If pushes cannot be read, or too many alerts are open; the error is printed.
pub(super) fn play(
    backend: &OperationsBackend,
    selection: &RecordSelection,
    time: Range<Timestamp>,
    rules: &[RehearsedRules],
    terminal: &mut Terminal,
) -> Result<(PlayedPushes, Vec<RehearsalReport>), Exit> {
    let report = |error: BackendError, terminal: &mut Terminal| error.report(terminal);
    let quarantined = backend.count_quarantined(selection).map_err(|error| report(error, terminal))?;
    let mut pages = PushSelection { pushes: selection.clone(), after: None };
    let mut page = backend.stored_pushes(&pages).map_err(|error| report(error, terminal))?;
    let since = page.oldest.map_or(time.start, |oldest| oldest.clamp(time.start, time.end));
    let actions = actions(backend, since..time.end).map_err(|error| report(error, terminal))?;
    let mut played = PlayedPushes {
        asked_since: time.start,
        since,
        until: time.end,
        pushes: 0,
        replays: 0,
        damaged: 0,
        silences: actions.silences.len(),
        pauses: actions.pauses.len(),
        quarantined,
    };
    let begun = rules.iter().map(|rules| Rehearsal::new(&rules.rules, since).with_operators(&actions));
    let mut rehearsals: Vec<Rehearsal<'_>> = begun.collect();
    let progress = RehearsalProgress::new(since..time.end, terminal);
    loop {
        played.damaged += page.damaged;
        for stored in std::mem::take(&mut page.items) {
            let push = stored.accepted().map_err(|error| terminal.fail(&format!("a push cannot be read: {error}")))?;
            if push.is_replay {
                played.replays += 1;
                continue;
            }
            played.pushes += u64::from(push.origin != PushOrigin::Clock);
            for rehearsal in &mut rehearsals {
                rehearsal.play(&push, &mut |_| ()).map_err(|error| stopped(error, terminal))?;
            }
            progress.reach(push.received, played.pushes);
        }
        if page.next.is_none() {
            break;
        }
        pages.after = page.next;
        page = backend.stored_pushes(&pages).map_err(|error| report(error, terminal))?;
    }
    let finished = rehearsals.into_iter().map(|rehearsal| rehearsal.finish(time.end, &mut |_| ()));
    let reports = finished.collect::<Result<Vec<_>, _>>().map_err(|error| stopped(error, terminal))?;
    progress.finish();
    Ok((played, reports))
}

/// What operators did in that time.
fn actions(backend: &OperationsBackend, time: Range<Timestamp>) -> BackendResult<OperatorActions> {
    let mut actions = OperatorActions::default();
    let mut page = SilenceSelection { all: true, before: None, limit: Some(SILENCES_PER_PAGE) };
    loop {
        let found = backend.silences(&page)?;
        actions.silences.extend(found.items.into_iter().map(|summary| summary.silence));
        page.before = found.next;
        if page.before.is_none() {
            break;
        }
    }
    actions.silences.retain(|silence| {
        let until = silence.ended.as_ref().map_or(silence.until, |ended| ended.at);
        silence.from.max(silence.created) < time.end && until > time.start
    });
    actions.pauses = backend.pauses()?.items;
    actions.pauses.retain(|paused| paused.pause.since < time.end && paused.pause.until > time.start);
    Ok(actions)
}

fn stopped(error: RehearsalStopped, terminal: &mut Terminal) -> Exit {
    terminal.error(&format!("the rehearsal is stopped: {error}"));
    terminal.help("rehearse one integration, `--integration NAME`, or less time, `--since TIME`");
    Exit::Failed
}

/// A progress bar on the standard error, where a person looks at it.
struct RehearsalProgress {
    bar: Option<ProgressBar>,
    begin: Timestamp,
}

impl RehearsalProgress {
    fn new(time: Range<Timestamp>, terminal: &Terminal) -> Self {
        let length = time.end.saturating_duration_since(time.start).as_secs();
        let bar = terminal.err.is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent}% {msg} {eta}");
            ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, begin: time.start }
    }

    fn reach(&self, received: Timestamp, pushes: u64) {
        let Some(bar) = &self.bar else { return };
        // The bar is drawn now and then; a text for each push is not needed.
        if pushes.is_multiple_of(256) {
            bar.set_message(format!("{pushes} pushes"));
            bar.set_position(received.saturating_duration_since(self.begin).as_secs());
        }
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
