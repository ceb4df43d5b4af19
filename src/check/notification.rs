//! The parameters that say when and how often a channel tells people, held against each other.

use crate::channel::notification::{FALLBACK, FALLBACK_AFTER, GROUP_BY, RECOVERIES, REPEAT, WAIT, WAIT_CRITICAL};
use crate::channel::{CONCURRENCY, ChannelKind, NotificationPolicy, RepeatPolicy};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::duration::is_filled_in;
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::model::{Literal, NotificationParameters, ParameterValue};
use crate::syntax::tree::{self, NamedArgument};
use crate::text::{backticked, enumeration};
use crate::time::DurationText;

/// The parameters that do nothing where every event goes out as it comes.
const OF_GATHERED: [&str; 4] = [GROUP_BY.name, WAIT.name, WAIT_CRITICAL.name, RECOVERIES.name];

/// Reports parameters of a channel that cannot hold together. `lowered` are those that are right by themselves.
pub(super) fn check(
    channel: &tree::Channel,
    kind: &'static ChannelKind,
    lowered: &[(Box<str>, ParameterValue)],
    cx: &mut LoweringContext<'_>,
) {
    let given = GivenParameters { written: &channel.parameters, lowered };
    if given.is_broken() {
        return;
    }
    check_fallback_after(&given, cx);
    let policy = NotificationParameters { kind, given: lowered }.policy();
    if policy.repeat == RepeatPolicy::EveryEvent {
        check_idle(kind, &given, cx);
        return;
    }
    check_waits(policy, &given, cx);
    // Rules from before kinds had a default other than every event still load; they have one request under way at a time.
    if given.says_when() {
        check_concurrency(&given, cx);
    }
}

/// What the rules give, as it is written and as it was read.
struct GivenParameters<'t> {
    written: &'t [NamedArgument],
    lowered: &'t [(Box<str>, ParameterValue)],
}

impl<'t> GivenParameters<'t> {
    /// A parameter as it is written.
    fn find(&self, name: &str) -> Option<&'t NamedArgument> {
        self.written.iter().find(|given| *given.name.text == *name)
    }

    /// Whether the rules say themselves when the channel tells people.
    fn says_when(&self) -> bool {
        OF_GATHERED.into_iter().chain([REPEAT.name]).any(|name| self.find(name).is_some())
    }

    /// Whether one of the parameters was reported by itself.
    fn is_broken(&self) -> bool {
        let is_lowered = |name: &str| self.lowered.iter().any(|(known, _)| **known == *name);
        let mut names = OF_GATHERED.into_iter().chain([REPEAT.name]);
        names.any(|name| self.find(name).is_some() && !is_lowered(name))
    }
}

/// `fallback_after` without `fallback`.
fn check_fallback_after(given: &GivenParameters<'_>, cx: &mut LoweringContext<'_>) {
    let Some(after) = given.find(FALLBACK_AFTER.name).filter(|_| given.find(FALLBACK.name).is_none()) else { return };
    let message = "`fallback_after` has no effect without `fallback`";
    let finding = Diagnostic::new(&code::IDLE_FALLBACK_AFTER, after.name.span, message)
        .note("`fallback` names the channel that is told instead where this one takes nothing")
        .help("name that channel, as in `fallback = chat`");
    report(finding, &[], cx);
}

/// Parameters beside `repeat = "every_event"`.
fn check_idle(kind: &ChannelKind, given: &GivenParameters<'_>, cx: &mut LoweringContext<'_>) {
    let idle: Vec<&NamedArgument> = OF_GATHERED.iter().filter_map(|name| given.find(name)).collect();
    let Some(first) = idle.iter().min_by_key(|argument| argument.name.span.start) else { return };
    let names = enumeration(&backticked(idle.iter().map(|argument| &argument.name.text)), "and");
    let verb = if idle.len() == 1 { "has" } else { "have" };
    let place = first.name.span;
    let Some(repeat) = given.find(REPEAT.name) else {
        let message = format!("{names} {verb} no effect: a `{}` channel sends every event as it comes", kind.name);
        let finding = Diagnostic::new(&code::IDLE_PARAMETER, place, message)
            .note("with `repeat`, a channel tells what is new: `repeat = 24h` tells again after 24 hours what still fires, and `repeat = \"never\"` does not tell it again");
        return cx.report(finding.suggest("add `repeat`", first.name.span.before(), "repeat = 24h, "));
    };
    let message = format!("{names} {verb} no effect beside `repeat = \"every_event\"`");
    let finding = Diagnostic::new(&code::IDLE_PARAMETER, place, message)
        .related(repeat.value.span, "every event goes out as it comes");
    report(
        if is_filled_in(&repeat.value) {
            finding
        } else {
            finding.suggest("tell what is new, and again after 24 hours what still fires", repeat.value.span, "24h")
        },
        &[repeat],
        cx,
    );
}

fn check_waits(policy: NotificationPolicy, given: &GivenParameters<'_>, cx: &mut LoweringContext<'_>) {
    let wait = given.find(WAIT.name);
    if let (Some(wait), Some(repeat), RepeatPolicy::After(after)) = (wait, given.find(REPEAT.name), policy.repeat)
        && policy.wait.high > after
    {
        let (high, after) = (DurationText(policy.wait.high), DurationText(after));
        let message = format!("`wait` is up to {high}, and `repeat` is {after}");
        let finding = Diagnostic::new(&code::WAIT_TOO_LONG, wait.value.span, message)
            .label("news would wait longer than what is old")
            .related(repeat.value.span, "tells again what still fires")
            .help(format!("let `repeat` be at least {high}, or `wait` at most {after}"));
        report(finding, &[wait, repeat], cx);
    }
    let Some(critical) = given.find(WAIT_CRITICAL.name).filter(|_| policy.wait_critical > policy.wait.low) else {
        return;
    };
    let (waits, low) = (DurationText(policy.wait_critical), DurationText(policy.wait.low));
    let Some(wait) = wait else {
        let message = format!("`wait_critical` is {waits}, and without `wait` other news waits 0s");
        let finding = Diagnostic::new(&code::WAIT_TOO_LONG, critical.value.span, message)
            .label("a Critical would wait longer than a Warning")
            .suggest("let other news wait as long", critical.name.span.before(), format!("wait = {waits}, "));
        return report(finding, &[critical], cx);
    };
    let message = format!("`wait_critical` is {waits}, and other news waits {low}");
    let finding = Diagnostic::new(&code::WAIT_TOO_LONG, critical.value.span, message)
        .label("a Critical would wait longer than a Warning")
        .related(wait.value.span, "the wait of other news");
    let is_cell = is_filled_in(&critical.value);
    let finding =
        if is_cell { finding } else { finding.suggest("wait at most as long", critical.value.span, low.to_string()) };
    report(finding, &[critical, wait], cx);
}

/// `concurrency` above 1: messages of a channel that gathers have an order.
fn check_concurrency(given: &GivenParameters<'_>, cx: &mut LoweringContext<'_>) {
    let read = given.lowered.iter().find(|(name, _)| &**name == CONCURRENCY.spec.name);
    let Some((_, ParameterValue::Literal(Literal::Number(Number::Natural(count))))) = read else { return };
    let Some(written) = given.find(CONCURRENCY.spec.name).filter(|_| *count > 1) else { return };
    let message = "a channel that tells what is new has one request under way at a time";
    let finding = Diagnostic::new(&code::SEVERAL_REQUESTS, written.value.span, message)
        .label("a later message could arrive first");
    let finding = match given.find(REPEAT.name) {
        Some(repeat) => finding.related(repeat.value.span, "tells what is new, not every event"),
        None => finding.note("channels of its kind tell what is new, unless they have `repeat = \"every_event\"`"),
    };
    cx.report(finding.suggest("one at a time", written.value.span, "1"));
}

/// Reports a finding; where a column fills in one of the parameters, with the member that it is about.
fn report(finding: Diagnostic, involved: &[&NamedArgument], cx: &mut LoweringContext<'_>) {
    let is_cell = involved.iter().any(|argument| is_filled_in(&argument.value));
    match cx.columns.as_mut().filter(|_| is_cell) {
        Some(columns) => {
            let finding = finding.note(format!("so it is for {}", columns.member()));
            columns.refuse(finding);
        }
        None => cx.report(finding),
    }
}
