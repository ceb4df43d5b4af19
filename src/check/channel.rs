//! Channels: the kind, and its parameters.

use crate::channel::{self, Audience, ChannelKind, Transport};
use crate::check::context::{DeclaredChannel, LoweringContext};
use crate::check::family::{self, LoweredMember};
use crate::check::{code, notification, parameter};
use crate::diagnostic::Diagnostic;
use crate::event::member_name;
use crate::model;
use crate::syntax::tree::{self, DocumentedDeclaration};

/// The kind of a channel whose kind is unknown, so that its name stays known.
static UNKNOWN: ChannelKind = ChannelKind {
    name: "",
    documentation: "",
    parameters: &[],
    audience: Audience::Programs,
    transport: Transport::Discard,
};

/// The most channels of a rule set.
pub(crate) const MAX_CHANNELS: usize = 5_000;

/// The channels of the model, with those of families. Where each declaration leads is kept in the context.
pub(super) fn lower(
    all: &[(&DocumentedDeclaration, &tree::Channel)],
    cx: &mut LoweringContext<'_>,
) -> Vec<model::Channel> {
    let mut channels = Vec::with_capacity(all.len());
    for (item, channel) in all {
        let first = channels.len();
        let declared = self::channel(item, channel, &mut channels, cx);
        cx.channels.push(declared);
        if (first..channels.len()).contains(&MAX_CHANNELS) {
            let message = format!("this is more than the {MAX_CHANNELS} channels that a rule set may have");
            let found = Diagnostic::new(&code::TOO_MANY_CHANNELS, channel.name.span, message);
            cx.report(found.help("members of families count as channels; leave out those that no alert needs"));
        }
    }
    channels
}

/// Adds the channel, or those of the family.
fn channel(
    item: &DocumentedDeclaration,
    channel: &tree::Channel,
    channels: &mut Vec<model::Channel>,
    cx: &mut LoweringContext<'_>,
) -> DeclaredChannel {
    let (name, span) = (channel.name.text.clone(), channel.name.span);
    let Some(kind) = channel::find(&channel.kind.text) else {
        unknown_kind(channel, cx);
        if channel.family.is_some() {
            return add_family(channel, Vec::new(), cx);
        }
        channels.push(model::Channel {
            name,
            span,
            kind: &UNKNOWN,
            parameters: Vec::new(),
            member: None,
            fallback: None,
        });
        return DeclaredChannel::Single(channels.len() - 1);
    };
    let owner = parameter::ParameterOwner {
        description: format!("a `{}` channel", kind.name),
        parameters: kind.all_parameters().collect(),
        kind: Some(kind),
        place: channel.kind.span,
        is_broken: item.broken,
    };
    let Some(family) = &channel.family else {
        let parameters = parameter::lower(&owner, &channel.parameters, cx);
        notification::check(channel, kind, &parameters, cx);
        channels.push(model::Channel { name, span, kind, parameters, member: None, fallback: None });
        return DeclaredChannel::Single(channels.len() - 1);
    };
    let mut members = Vec::new();
    for LoweredMember { name, parameters, member } in family::lower(channel, family, &owner, cx.families.len(), cx) {
        let full_name = member_name(&channel.name.text, &name).into();
        members.push((name, channels.len()));
        channels.push(model::Channel { name: full_name, span, kind, parameters, member: Some(member), fallback: None });
    }
    add_family(channel, members, cx)
}

fn add_family(
    channel: &tree::Channel,
    members: Vec<(Box<str>, model::ChannelId)>,
    cx: &mut LoweringContext<'_>,
) -> DeclaredChannel {
    cx.families.push(model::ChannelFamily { name: channel.name.text.clone(), span: channel.name.span, members });
    DeclaredChannel::Family(cx.families.len() - 1)
}

fn unknown_kind(channel: &tree::Channel, cx: &mut LoweringContext<'_>) {
    let kinds: Vec<&str> = channel::kinds().iter().map(|kind| kind.name).collect();
    let other = match &*channel.kind.text.to_ascii_lowercase() {
        "wechat" | "wework" | "weixin" | "wxwork" => Some("wecom"),
        "lark" => Some("feishu"),
        "ding" | "dingding" => Some("dingtalk"),
        "http" | "https" | "url" | "hook" | "post" => Some("webhook"),
        "console" | "print" | "log" | "terminal" => Some("stdout"),
        "null" | "none" | "blackhole" | "devnull" => Some("discard"),
        _ => None,
    };
    let near = cx.nearest(&channel.kind.text, kinds.iter().copied()).or(other.map(str::to_owned));
    let diagnostic = Diagnostic::new(
        &code::UNKNOWN_KIND,
        channel.kind.span,
        format!("there is no kind of channel named `{}`", channel.kind.text),
    )
    .note(format!("the kinds are `{}`", kinds.join("`, `")));
    cx.report(match near {
        Some(near) => diagnostic.did_you_mean(channel.kind.span, near),
        None => diagnostic.help("what has an address to post to is reached by `webhook(url = env(\"HOOK_URL\"))`"),
    });
}
