//! The fallback of a channel: the channel that is told instead. Its name is resolved once all channels are known.

use crate::channel::ParameterSpec;
use crate::channel::notification::FALLBACK;
use crate::check::context::{DeclaredChannel, LoweringContext};
use crate::check::graph::DependencyGraph;
use crate::check::parameter_value::{purpose, refuse};
use crate::check::{code, destination};
use crate::diagnostic::Diagnostic;
use crate::model::{self, ChannelId, Fallback, ParameterValue};
use crate::source::Span;
use crate::syntax::tree::{
    self, DocumentedDeclaration, Expression, ExpressionKind, Identifier, NavigationSegment, NavigationStep,
};
use crate::text::backticked_list;

/// How many circles are reported; more of them likely have one common cause.
const CIRCLES_LIMIT: usize = 20;

/// A channel as a parameter names it: `chat`, `team_chat["pay"]`.
struct ChannelReference<'t> {
    name: &'t Identifier,
    /// The member, with the place of its brackets.
    member: Option<(&'t str, Span)>,
}

impl<'t> ChannelReference<'t> {
    fn of(value: &'t Expression) -> Option<Self> {
        if let ExpressionKind::Name(name) = &value.kind {
            return Some(Self { name, member: None });
        }
        let ExpressionKind::Navigate(base, segments) = &value.kind else { return None };
        let ExpressionKind::Name(name) = &base.kind else { return None };
        let [NavigationSegment { step: NavigationStep::Member(member), span }] = &**segments else { return None };
        Some(Self { name, member: Some((member, *span)) })
    }
}

/// The value of the parameter, if it has the form of a channel's name.
pub(super) fn lower(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if ChannelReference::of(value).is_some_and(|it| it.member.is_none_or(|(_, span)| cx.text(span).starts_with('['))) {
        return Some(ParameterValue::Channel);
    }
    let quoted = if let ExpressionKind::Template(template) = &value.kind { template.plain() } else { None };
    if let Some(name) = quoted.filter(|name| cx.names.channels.find(name).is_some()) {
        let message = format!("`{}` takes a channel by its name, without quotes", parameter.name);
        let finding = Diagnostic::new(&code::BAD_PARAMETER, value.span, message).note(purpose(parameter));
        cx.report(finding.suggest("name it", value.span, name));
    } else {
        refuse(parameter, &parameter.takes.to_string(), value, cx);
    }
    None
}

/// The written value of `fallback`.
pub(super) fn written(channel: &tree::Channel) -> Option<&Expression> {
    let mut parameters = channel.parameters.iter();
    parameters.find(|given| &*given.name.text == FALLBACK.name).map(|given| &given.value)
}

/// The name of the channel or the family that is the fallback.
pub(super) fn named(channel: &tree::Channel) -> Option<&str> {
    written(channel).and_then(ChannelReference::of).map(|reference| &*reference.name.text)
}

/// Sets the fallbacks of all channels, and reports those that lead back.
pub(super) fn resolve(
    all: &[(&DocumentedDeclaration, &tree::Channel)],
    channels: &mut [model::Channel],
    cx: &mut LoweringContext<'_>,
) {
    for (position, (_, channel)) in all.iter().enumerate() {
        let Some(value) = written(channel) else { continue };
        let Some(reference) = ChannelReference::of(value) else { continue };
        let own: Vec<ChannelId> = match cx.channels.get(position) {
            Some(DeclaredChannel::Single(own)) => vec![*own],
            Some(DeclaredChannel::Family(family)) => {
                let members = cx.families.get(*family).into_iter().flat_map(|family| &family.members);
                members.map(|(_, own)| *own).collect()
            }
            None => continue,
        };
        let is_read = |id: &ChannelId| {
            let parameters = channels.get(*id).into_iter().flat_map(|channel| &channel.parameters);
            parameters.into_iter().any(|(_, value)| matches!(value, ParameterValue::Channel))
        };
        let own: Vec<ChannelId> = own.into_iter().filter(is_read).collect();
        if own.is_empty() {
            continue;
        }
        let Some(fallback) = target(&reference, cx) else { continue };
        for own in own {
            if let Some(channel) = channels.get_mut(own) {
                channel.fallback = Some(Fallback { channel: fallback, place: value.span });
            }
        }
    }
    report_circles(channels, cx);
}

/// The channel of a reference; an unknown one is reported.
fn target(reference: &ChannelReference<'_>, cx: &mut LoweringContext<'_>) -> Option<ChannelId> {
    let name = reference.name;
    let is_channel = cx.names.channels.find(&name.text).is_some();
    if !is_channel && cx.names.routings.find(&name.text).is_some() {
        let message = format!("`{}` is a routing, not a channel", name.text);
        cx.report(Diagnostic::new(&code::UNKNOWN_CHANNEL, name.span, message).help("name the channel that is told"));
        return None;
    }
    match (cx.declared_channel(name)?, reference.member) {
        (DeclaredChannel::Single(channel), None) => Some(channel),
        (DeclaredChannel::Family(family), Some((member, span))) => {
            destination::named(family, member, within(span, cx), cx)
        }
        (DeclaredChannel::Single(_), Some((_, span))) => {
            let message = format!("`{}` is one channel, not a family", name.text);
            let found = Diagnostic::new(&code::NOT_ONE_CHANNEL, name.span, message);
            cx.report(found.suggest("name it alone", span, ""));
            None
        }
        (DeclaredChannel::Family(family), None) => {
            let example = cx.families.get(family).and_then(|family| family.members.first());
            let example = example.map_or("a".to_owned(), |(member, _)| member.to_string());
            let message = format!("`{}` is a family of channels, not one channel", name.text);
            let found = Diagnostic::new(&code::NOT_ONE_CHANNEL, name.span, message);
            cx.report(found.help(format!("name a member: `{}[\"{example}\"]`", name.text)));
            None
        }
    }
}

/// What stands within brackets.
fn within(brackets: Span, cx: &LoweringContext<'_>) -> Span {
    let text = cx.text(brackets);
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    let before = text.find(inner).unwrap_or_default() + inner.len() - inner.trim_start().len();
    let (before, length) = (u32::try_from(before), u32::try_from(inner.trim().len()));
    let (Ok(before), Ok(length)) = (before, length) else { return brackets };
    let start = brackets.start + before;
    Span { start, end: start + length, ..brackets }
}

fn report_circles(channels: &mut [model::Channel], cx: &mut LoweringContext<'_>) {
    let edges = channels.iter().map(|channel| channel.fallback.iter().map(|fallback| fallback.channel).collect());
    let circles = DependencyGraph::new(edges.collect()).cycles;
    for circle in circles.iter().take(CIRCLES_LIMIT) {
        let members: Vec<(&str, Span)> = circle
            .iter()
            .filter_map(|id| channels.get(*id))
            .filter_map(|channel| Some((&*channel.name, channel.fallback.as_ref()?.place)))
            .collect();
        let Some(((first, place), rest)) = members.split_first() else { continue };
        let finding = if rest.is_empty() {
            let message = format!("`{first}` is its own fallback");
            Diagnostic::new(&code::FALLBACK_CIRCLE, *place, message).help("name another channel")
        } else {
            let names = backticked_list(members.iter().map(|(name, _)| *name));
            let message = format!("the fallback of `{first}` leads back to it: {names}");
            let mut finding = Diagnostic::new(&code::FALLBACK_CIRCLE, *place, message);
            for (name, place) in rest {
                finding = finding.related(*place, format!("the fallback of `{name}`"));
            }
            finding.help("the last channel has no fallback")
        };
        cx.report(finding);
    }
    for id in circles.into_iter().flatten() {
        if let Some(channel) = channels.get_mut(id) {
            channel.fallback = None;
        }
    }
}
