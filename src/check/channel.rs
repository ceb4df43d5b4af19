//! Channels: the kind, and its parameters.

use crate::channel::{self, ChannelKind, Transport};
use crate::check::context::LoweringContext;
use crate::check::{code, parameter};
use crate::diagnostic::Diagnostic;
use crate::model;
use crate::syntax::tree::{self, DocumentedDeclaration};

/// The kind of a channel whose kind is unknown, so that its name stays known.
static UNKNOWN: ChannelKind =
    ChannelKind { name: "", documentation: "", parameters: &[], transport: Transport::Discard };

/// A channel of the model.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    channel: &tree::Channel,
    cx: &mut LoweringContext<'_>,
) -> model::Channel {
    let (name, span) = (channel.name.text.clone(), channel.name.span);
    let Some(kind) = channel::find(&channel.kind.text) else {
        unknown_kind(channel, cx);
        return model::Channel { name, span, kind: &UNKNOWN, parameters: Vec::new() };
    };
    let owner = parameter::ParameterOwner {
        description: format!("a `{}` channel", kind.name),
        parameters: kind.parameters,
        place: channel.kind.span,
        is_broken: item.broken,
    };
    let parameters = parameter::lower(&owner, &channel.parameters, cx);
    model::Channel { name, span, kind, parameters }
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
