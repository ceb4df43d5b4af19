//! Mutes: which alerts they hold, in which channels, and as long as what other alert fires.

use crate::check::alert_value::{self, ValueUse};
use crate::check::code;
use crate::check::context::{DeclaredChannel, LoweringContext};
use crate::check::define::is_constant;
use crate::check::destination;
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::diagnostic::{Diagnostic, Findings};
use crate::model::silence::REASON_FIX;
use crate::model::{
    self, Channel, ChannelId, Comparator, EventField, Expression, ExpressionKind, GroupValue, Literal, Model,
    ReachedNode,
};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier};
use crate::time::{DurationText, corrected_duration, duration};
use std::collections::HashMap;
use std::time::Duration;

/// The longest time for which a mute goes on after its last source ended.
const LONGEST_AFTER: Duration = Duration::from_hours(7 * 24);

/// The channels in which a mute holds alerts.
enum MutedChannels {
    All,
    These(Vec<ChannelId>),
}

/// A mute of the model; nothing if part of it is refused.
pub(super) fn lower(mute: &tree::Mute, cx: &mut LoweringContext<'_>) -> Option<model::Mute> {
    let channels = channels(&mute.channels, cx);
    let when = condition(&mute.when, "when", cx);
    let source = match &mute.source {
        Some(source) => self::source(source, cx).map(Some),
        None => Some(None),
    };
    let because = ExpressionLowering { cx, scope: ExpressionScope::Event }.template(&mute.because);
    check_reason(&mute.because, cx);
    Some(model::Mute {
        name: mute.name.text.clone(),
        span: mute.name.span,
        channels: match channels? {
            MutedChannels::All => None,
            MutedChannels::These(channels) => Some(channels),
        },
        when,
        source: source?,
        because,
    })
}

/// Reports a reason without words.
fn check_reason(because: &tree::Template, cx: &mut LoweringContext<'_>) {
    let is_blank = |part: &tree::TemplatePart| match part {
        tree::TemplatePart::Text(text) => text.trim().is_empty(),
        tree::TemplatePart::Value(..) => false,
    };
    if because.parts.iter().all(is_blank) {
        let finding = Diagnostic::new(&code::MUTE_REASON, because.span, "`because` is missing");
        cx.report(finding.label("says nothing").help(REASON_FIX));
    }
}

/// The channels after `in`. A family stands for all of its members.
fn channels(named: &[tree::Destination], cx: &mut LoweringContext<'_>) -> Option<MutedChannels> {
    if named.is_empty() {
        return Some(MutedChannels::All);
    }
    let mut channels: Vec<ChannelId> = Vec::new();
    let mut firsts: HashMap<ChannelId, Span> = HashMap::new();
    let before = cx.finding_count();
    for each in named {
        let place = each.span();
        let members = members(each, cx);
        let known = members.iter().find_map(|channel| firsts.get(channel).copied());
        if let Some(first) = known {
            let message = format!("the mute holds alerts in `{}` already", cx.excerpt(place));
            let finding = Diagnostic::new(&code::MUTED_CHANNELS, place, message).related(first, "named here");
            cx.report(finding.help("remove one of them"));
        }
        for channel in members {
            firsts.entry(channel).or_insert(place);
            channels.push(channel);
        }
    }
    (cx.finding_count() == before).then_some(MutedChannels::These(channels))
}

fn members(named: &tree::Destination, cx: &mut LoweringContext<'_>) -> Vec<ChannelId> {
    match named {
        tree::Destination::Channel(name) if is_routing(name, cx) => {
            let message = format!("`{}` is a routing, and a mute names channels", name.text);
            let finding = Diagnostic::new(&code::UNKNOWN_CHANNEL, name.span, message);
            cx.report(finding.help("name the channels after `in`, and say after `when` which alerts are held there"));
            Vec::new()
        }
        tree::Destination::Channel(name) => match cx.declared_channel(name) {
            Some(DeclaredChannel::Single(channel)) => vec![channel],
            Some(DeclaredChannel::Family(family)) => {
                let members = cx.families.get(family).map(|family| &family.members);
                members.into_iter().flatten().map(|(_, channel)| *channel).collect()
            }
            None => Vec::new(),
        },
        tree::Destination::Member(reference) if reference.constant().is_none() => {
            let family = &reference.family.text;
            let message = "a mute names its channels, and a value cannot choose one";
            let finding = Diagnostic::new(&code::MUTED_CHANNELS, reference.value.span, message);
            cx.report(finding.help(format!("name the family, `in {family}`, and ask for the value after `when`")));
            Vec::new()
        }
        tree::Destination::Member(_) | tree::Destination::Routing(..) => match destination::lower(named, cx) {
            Some(model::Destination::Channel(channel)) => vec![channel],
            Some(model::Destination::Member(_) | model::Destination::Routing(_)) | None => Vec::new(),
        },
    }
}

fn is_routing(name: &Identifier, cx: &LoweringContext<'_>) -> bool {
    cx.names.routings.find(&name.text).is_some() && cx.names.channels.find(&name.text).is_none()
}

/// A condition after `when` or `while`, which some alerts have to meet and others not.
fn condition(written: &tree::Expression, word: &str, cx: &mut LoweringContext<'_>) -> Expression {
    let condition = ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(written);
    if is_constant(&condition, cx) {
        let message = match condition.literal() {
            Some(Literal::Boolean(true)) => format!("every alert meets this `{word}`"),
            Some(Literal::Boolean(false)) => format!("no alert meets this `{word}`"),
            Some(_) | None => {
                format!("this `{word}` asks for nothing of the alert, so every alert meets it or none does")
            }
        };
        let finding = Diagnostic::new(&code::CONSTANT_CONDITION, condition.span, message);
        cx.report(if word == "when" {
            finding
                .help("say which alerts are held, as in `when labels.job == \"batch\"`")
                .help("to stop the messages of a channel for a time, run `pointsman channel pause NAME`")
        } else {
            finding.help("say which other alert has to fire, as in `while labels.alert == \"NodeDown\"`")
        });
    }
    condition
}

fn source(source: &tree::MuteSource, cx: &mut LoweringContext<'_>) -> Option<model::MuteSource> {
    let condition = condition(&source.condition, "while", cx);
    let same = same_values(source, cx);
    let until_after = source.until_after.as_ref().map_or(Some(Duration::ZERO), |written| until_after(written, cx));
    Some(model::MuteSource { condition, same: same?, until_after: until_after?, span: source.span })
}

fn same_values(source: &tree::MuteSource, cx: &mut LoweringContext<'_>) -> Option<Vec<GroupValue>> {
    let values: Vec<Option<GroupValue>> =
        source.same.iter().map(|value| alert_value::named(value, ValueUse::Same, cx)).collect();
    let values = values.into_iter().collect::<Option<Vec<GroupValue>>>()?;
    if !alert_value::have_own_names(&values, ValueUse::Same, cx) {
        return None;
    }
    if let Some(constant) = values.iter().find(|value| alert_value::is_constant(value, cx)) {
        let message = format!("`{}` is the same for every alert", constant.name);
        let finding = Diagnostic::new(&code::SAME_VALUE, constant.value.span, message);
        let finding = finding.label("matches any two alerts");
        cx.report(finding.help("name a value that tells alerts apart, as in `same labels.cluster`"));
        return None;
    }
    Some(values)
}

fn until_after(written: &Identifier, cx: &mut LoweringContext<'_>) -> Option<Duration> {
    let refused = |message: String| Diagnostic::new(&code::UNTIL_AFTER, written.span, message);
    let Some(read) = duration(&written.text) else {
        let finding = refused(format!("`{}` is not a duration", written.text));
        cx.report(match corrected_duration(&written.text) {
            Some(corrected) => finding.rewrite(written.span, corrected),
            None => finding.help("write numbers with their units, the largest first and each once: `1h30m`, `90s`"),
        });
        return None;
    };
    if read.is_zero() {
        let finding = refused("a mute ends with its last source where nothing else is said".to_owned());
        cx.report(finding.help("leave `until … after` out"));
        return None;
    }
    if read > LONGEST_AFTER {
        let longest = DurationText(LONGEST_AFTER);
        let finding = refused(format!("a mute goes on for {longest} after its last source ended at most"));
        cx.report(finding.help("give what is booting or catching up the time that it needs, as in `until 5m after`"));
        return None;
    }
    Some(read)
}

/// Reports what the conditions of mutes must not depend on, through defines and tables as well.
pub(super) fn check_reach(model: &Model, findings: &mut Findings) {
    for value in model.channels.iter().filter_map(Channel::group_values).flat_map(|values| values.iter()) {
        let Some(status) = first_reached(model, &value.value, reads_status) else { continue };
        let message = "an alert and its recovery belong to one group, and `status` tells them apart";
        let finding =
            Diagnostic::new(&code::GROUP_VALUE, value.value.span, message).related(status.span, "asks for it");
        findings.push(finding.help("group by what stays the same from the firing to the recovery"));
    }
    for mute in &model.mutes {
        if let Some(status) = first_reached(model, &mute.when, reads_status) {
            let message = "a mute holds what fires, and never an end, so it cannot ask for the status";
            let finding = Diagnostic::new(&code::MUTED_STATUS, status.span, message);
            findings.push(status.related(finding, &mute.when).help("leave the condition on `status` out"));
        }
        let Some(source) = &mute.source else { continue };
        if let Some(status) = first_reached(model, &source.condition, reads_status) {
            let message = "`while` looks at alerts that fire, so it cannot ask for the status";
            let finding = Diagnostic::new(&code::MUTED_STATUS, status.span, message);
            findings.push(status.related(finding, &source.condition).help("leave the condition on `status` out"));
        }
        if let Some(during) = first_reached(model, &source.condition, asks_schedule) {
            let message = "`while` looks at another alert for as long as it fires, whatever the time";
            let finding = Diagnostic::new(&code::TIMED_SOURCE, during.span, message).label("asks for the time");
            let finding = during.related(finding, &source.condition);
            findings.push(finding.help("ask for the time after `when`: `when … and during SCHEDULE while …`"));
        }
    }
}

/// What a condition must not depend on.
#[derive(Clone, Copy)]
struct ReachedPart {
    span: Span,
}

impl ReachedPart {
    /// Shows the condition as well, where the part stands in a define or a table.
    fn related(self, finding: Diagnostic, condition: &Expression) -> Diagnostic {
        if condition.span.covers(self.span) {
            finding
        } else {
            finding.related(condition.span, "the mute asks it here")
        }
    }
}

fn first_reached(
    model: &Model,
    condition: &Expression,
    is_wanted: fn(ReachedNode<'_>) -> Option<Span>,
) -> Option<ReachedPart> {
    let mut found = None;
    model.each_reached(condition, &mut |node| {
        if found.is_none() {
            found = is_wanted(node).map(|span| ReachedPart { span });
        }
    });
    found
}

fn reads_status(node: ReachedNode<'_>) -> Option<Span> {
    match node {
        ReachedNode::Expression(value) if matches!(value.kind, ExpressionKind::Field(EventField::Status)) => {
            Some(value.span)
        }
        ReachedNode::Expression(_) | ReachedNode::Test(..) => None,
    }
}

fn asks_schedule(node: ReachedNode<'_>) -> Option<Span> {
    match node {
        ReachedNode::Test(Comparator::During(_), span) => Some(span),
        ReachedNode::Expression(_) | ReachedNode::Test(..) => None,
    }
}
