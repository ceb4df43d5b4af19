//! What operators do with silences: look at what one would have held, add it, list, extend and end silences.

use super::OperationError;
use super::names::check_channel;
use super::silence_preview::{SilencePreview, SilenceScan, scan};
use super::silence_types::{
    EndSilenceRequest, ExtendSilenceRequest, PreviewSilenceRequest, SilenceRequest, SilenceSelection, SilenceSummary,
};
use crate::diagnostic::{self, DiagnosticFormat, DiagnosticLevel};
use crate::gateway::journal::{
    DeliveryStore as _, EndedSilence, Journal, MAX_CONDITIONS_BYTES, PushFilter, Silence, SilenceChange,
    SilenceEndCause, SilenceExtension, SilenceFilter, SilenceId,
};
use crate::gateway::operations::ListingPage;
use crate::gateway::served_rules::ServedRules;
use crate::model::silence::{EVERY_EVENT, LONGEST_SILENCE, REASON_FIX, TOO_LONG, TOO_LONG_FIX, check_reason};
use crate::ruleset::{RefusedCondition, SilenceCondition};
use crate::time::{self, DurationText, Timestamp};
use std::time::Duration;
use ulid::Ulid;

/// For how long it is at most unless the operator insists.
const LONGEST_UNFORCED: Duration = Duration::from_hours(7 * 24);

/// The channels of a silence.
const MAX_CHANNELS: usize = 100;

/// Over which time a preview looks, where nothing else is asked for.
const PREVIEWED: Duration = Duration::from_hours(24);

/// How many alerts have to meet a condition before "every alert meets it" says something of alerts that did not come yet.
const TELLING_ALERTS: u64 = 10;

/// What a silence would have held.
///
/// # Errors
/// A condition or a time that cannot be read, an unknown channel; a journal that cannot be read.
pub fn preview_silence(
    journal: &Journal,
    served: Option<&ServedRules>,
    request: &PreviewSilenceRequest,
) -> Result<SilencePreview, OperationError> {
    let condition = read_condition(&request.condition)?;
    check_channels(journal, served, &request.channels)?;
    let now = journal.steady_now();
    let Some(since) = &request.since else {
        return Ok(scan(journal, &condition, &request.channels, now.saturating_sub(PREVIEWED))?.preview);
    };
    let asked = super::selection::parse_time("since", since, now)?;
    if asked > now {
        return Err(OperationError::invalid("`since` is later than now: a preview looks at what was received"));
    }
    let since = asked.max(oldest_kept(journal)?.unwrap_or(now));
    let preview = scan(journal, &condition, &request.channels, since)?.preview;
    Ok(SilencePreview { is_cut: asked < since, ..preview })
}

/// When the oldest push was received that is kept.
fn oldest_kept(journal: &Journal) -> Result<Option<Timestamp>, OperationError> {
    // A page behind all pushes tells nothing else.
    let none = PushFilter { after: Some(i64::MAX), ..PushFilter::default() };
    Ok(journal.read()?.pushes(&none)?.oldest)
}

/// Adds a silence.
///
/// # Errors
/// A request that cannot be read, or that is refused unless the operator insists; a change that is not durable.
pub fn add_silence(
    journal: &Journal,
    served: Option<&ServedRules>,
    request: &SilenceRequest,
) -> Result<SilenceSummary, OperationError> {
    let condition = read_condition(&request.condition)?;
    check_channels(journal, served, &request.channels)?;
    let now = journal.steady_now();
    let silence = new_silence(request, now)?;
    if !request.force {
        let found = scan(journal, &condition, &request.channels, now.saturating_sub(PREVIEWED))?;
        refuse(&silence, &condition, &found)?;
    }
    let change = journal.add_silence(silence)?;
    let added = changed(journal, change, "")?;
    let Silence { id, author, until, because, .. } = &added.silence;
    tracing::info!(silence = %id, by = author, %until, because, condition = condition.text(), "silence added");
    Ok(added)
}

/// A page of silences, the newest first.
///
/// # Errors
/// A selection or a journal that cannot be read.
pub fn silences(
    journal: &Journal,
    selection: &SilenceSelection,
) -> Result<ListingPage<SilenceSummary>, OperationError> {
    let (limit, now) = (selection.limit_or_default(), journal.steady_now());
    let before = selection.before.as_deref().map(read_id).transpose()?;
    let filter = SilenceFilter { with_ended: selection.all, before, limit: limit + 1 };
    let mut found = journal.read()?.silences(&filter)?;
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_cut).map(|last| last.id.to_string());
    let items = found.into_iter().map(|silence| SilenceSummary::of(journal, silence, now));
    Ok(ListingPage { items: items.collect::<Result<_, _>>()?, next })
}

/// A silence.
///
/// # Errors
/// No such silence; a journal that cannot be read.
pub fn silence(journal: &Journal, id: &str) -> Result<SilenceSummary, OperationError> {
    let found = journal.read()?.silence(read_id(id)?)?.ok_or_else(|| unknown(id))?;
    Ok(SilenceSummary::of(journal, found, journal.steady_now())?)
}

/// Gives a silence a later end.
///
/// # Errors
/// No such silence, one that ended, or an end that is refused; a change that is not durable.
pub fn extend_silence(
    journal: &Journal,
    id: &str,
    request: &ExtendSilenceRequest,
) -> Result<SilenceSummary, OperationError> {
    let (name, at) = (read_id(id)?, journal.steady_now());
    let by = words("by", &request.by, "name who extends it")?;
    let known = journal.read()?.silence(name)?.ok_or_else(|| unknown(id))?;
    let until = end(request.duration.as_deref(), request.until.as_deref(), known.until)?;
    check_length(until.saturating_duration_since(at), request.force)?;
    let change = journal.extend_silence(name, SilenceExtension { at, by, until })?;
    let extended = changed(journal, change, id)?;
    tracing::info!(silence = %id, by = request.by, until = %extended.silence.until, "silence extended");
    Ok(extended)
}

/// Ends a silence.
///
/// # Errors
/// No such silence, or one that ended; a change that is not durable.
pub fn end_silence(journal: &Journal, id: &str, request: &EndSilenceRequest) -> Result<SilenceSummary, OperationError> {
    let by = words("by", &request.by, "name who ends it")?;
    let change = journal.end_silence(read_id(id)?, by)?;
    let ended = changed(journal, change, id)?;
    tracing::info!(silence = %id, by = request.by, "silence ended");
    Ok(ended)
}

fn read_id(id: &str) -> Result<SilenceId, OperationError> {
    id.parse().map_err(OperationError::InvalidRequest)
}

fn unknown(id: &str) -> OperationError {
    OperationError::NotFound(format!(
        "there is no silence `{id}`: it never existed, or it ended longer ago than events are kept; `pointsman silence list --all` lists all"
    ))
}

fn read_condition(text: &str) -> Result<SilenceCondition, OperationError> {
    if text.trim().is_empty() {
        return Err(OperationError::invalid(
            "`condition` is missing: say which alerts are held, such as `labels.service == \"cart\"`",
        ));
    }
    SilenceCondition::parse(text).map_err(|refused| OperationError::InvalidRequest(condition_errors(&refused)))
}

/// The errors of a condition, each on a line with its position.
fn condition_errors(refused: &RefusedCondition) -> String {
    let errors = refused.diagnostics.iter().filter(|finding| finding.level() == DiagnosticLevel::Error);
    let errors: Vec<_> = errors.cloned().collect();
    diagnostic::render(DiagnosticFormat::Short, &errors, &refused.sources).trim_end().to_owned()
}

fn check_channels(journal: &Journal, served: Option<&ServedRules>, channels: &[String]) -> Result<(), OperationError> {
    if channels.len() > MAX_CHANNELS {
        return Err(OperationError::invalid(format!(
            "a silence names at most {MAX_CHANNELS} channels: without any, it holds alerts in all"
        )));
    }
    channels.iter().try_for_each(|channel| check_channel(journal, served, channel))
}

fn new_silence(request: &SilenceRequest, now: Timestamp) -> Result<Silence, OperationError> {
    let because = words("because", &request.because, REASON_FIX)?;
    let author = words("by", &request.by, "name who silences it")?;
    let from = match &request.from {
        Some(text) => read_time("from", text)?.max(now),
        None => now,
    };
    let until = end(request.duration.as_deref(), request.until.as_deref(), from)?;
    if until <= from {
        return Err(OperationError::invalid("`until` is not after `from`, and not after now: nothing would be held"));
    }
    if from > now.saturating_add(LONGEST_SILENCE) {
        return Err(OperationError::invalid("`from` is more than 30 days away: add the silence later"));
    }
    check_length(until.saturating_duration_since(from), request.force)?;
    let mut channels = request.channels.clone();
    channels.sort_unstable();
    channels.dedup();
    Ok(Silence {
        id: SilenceId(Ulid::generate().to_bytes()),
        condition: request.condition.trim().to_owned(),
        from,
        until,
        until_resolved: request.until_resolved,
        channels,
        because,
        author,
        created: now,
        extensions: Vec::new(),
        ended: None,
        quiet_since: None,
        has_begun: false,
    })
}

/// A text that has to be there.
pub(super) fn words(name: &str, text: &str, fix: &'static str) -> Result<String, OperationError> {
    check_reason(name, text, fix).map_err(|(refused, fix)| OperationError::invalid(format!("{refused}: {fix}")))?;
    Ok(text.trim().to_owned())
}

fn read_time(name: &str, text: &str) -> Result<Timestamp, OperationError> {
    Timestamp::read(text).ok_or_else(|| {
        OperationError::invalid(format!(
            "`{name}` is not a time: `{text}`; expected something like 2026-03-07T02:00:00+08:00"
        ))
    })
}

/// The end of what lasts for some time after `from`, or until a time.
pub(super) fn end(duration: Option<&str>, until: Option<&str>, from: Timestamp) -> Result<Timestamp, OperationError> {
    match (duration, until) {
        (Some(text), None) => {
            let corrected = || time::corrected_duration(text).map(|fix| format!(": write `{fix}`")).unwrap_or_default();
            let read = time::duration(text).ok_or_else(|| {
                OperationError::invalid(format!(
                    "`for` is not a duration: `{text}`; expected something like 20m, 1h30m or 2d{}",
                    corrected()
                ))
            })?;
            Ok(from.saturating_add(read))
        }
        (None, Some(text)) => read_time("until", text),
        (None, None) => Err(OperationError::invalid(
            "an end is missing: `for`, such as 20m, or `until`, such as 2026-03-07T02:00:00+08:00",
        )),
        (Some(_), Some(_)) => Err(OperationError::invalid("`for` and `until` are both given: give one of them")),
    }
}

fn check_length(length: Duration, force: bool) -> Result<(), OperationError> {
    if length > LONGEST_SILENCE {
        return Err(OperationError::invalid(format!("{TOO_LONG}: {TOO_LONG_FIX}")));
    }
    if length > LONGEST_UNFORCED && !force {
        return Err(OperationError::Refused(format!(
            "the silence would last {}, which is more than 7 days: shorten it, write a `mute` into the rules, or insist with `--force` (`\"force\": true` in the API)",
            DurationText(length)
        )));
    }
    Ok(())
}

/// Refuses what is hardly meant.
fn refuse(silence: &Silence, condition: &SilenceCondition, found: &SilenceScan) -> Result<(), OperationError> {
    if found.meets_every_event(condition, TELLING_ALERTS) {
        return Err(OperationError::Refused(format!(
            "every event of the last 24 h {EVERY_EVENT}: narrow it, or insist with `--force` (`\"force\": true` in the API)"
        )));
    }
    if let Some(wider) = found.within(silence) {
        return Err(OperationError::Refused(format!(
            "this is wholly within the silence {} of {}, until {}, because \"{}\": nothing more would be held; extend that one, or insist with `--force` (`\"force\": true` in the API)",
            wider.id, wider.author, wider.until, wider.because
        )));
    }
    Ok(())
}

fn changed(journal: &Journal, change: SilenceChange, id: &str) -> Result<SilenceSummary, OperationError> {
    match change {
        SilenceChange::Done(silence) => Ok(SilenceSummary::of(journal, *silence, journal.steady_now())?),
        SilenceChange::Unknown => Err(unknown(id)),
        SilenceChange::Over(end) => Err(OperationError::Refused(over(id, &end))),
        SilenceChange::NotLater(until) => Err(OperationError::invalid(format!(
            "the silence `{id}` ends at {until} already, and is never shortened: give a later end, or end it with `pointsman silence end {id}`"
        ))),
        SilenceChange::TooLong(bytes) => Err(OperationError::Refused(format!(
            "the conditions of the silences that did not end would have {bytes} bytes together, of at most {MAX_CONDITIONS_BYTES}, as every event is compared with all of them: end some, shorten the condition, or write a `mute` into the rules"
        ))),
        SilenceChange::TooMany => Err(OperationError::Refused(
            "there are too many silences, or too many extensions of one: end some, or write a `mute` into the rules"
                .to_owned(),
        )),
    }
}

fn over(id: &str, end: &EndedSilence) -> String {
    let why = match (end.cause, &end.by) {
        (SilenceEndCause::Operator, Some(by)) => format!(", by {by}"),
        (SilenceEndCause::Operator, None) | (SilenceEndCause::Time, _) => String::new(),
        (SilenceEndCause::Resolved, _) => ", as nothing that it held fired any more".to_owned(),
    };
    format!("the silence `{id}` ended at {}{why}: add a new one", end.at)
}
