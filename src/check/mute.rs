//! Mutes: what they hold, and as long as what other alert fires.

use crate::check::code;
use crate::check::context::{DeclaredChannel, LoweringContext};
use crate::check::destination;
use crate::check::group;
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::diagnostic::Diagnostic;
use crate::model::{self, ChannelId, GroupValue};
use crate::syntax::tree::{self, DocumentedDeclaration, Identifier};
use crate::time::duration;
use std::time::Duration;

/// A mute of the model; nothing if part of it is refused.
pub(super) fn lower(
    _item: &DocumentedDeclaration,
    mute: &tree::Mute,
    cx: &mut LoweringContext<'_>,
) -> Option<model::Mute> {
    let channels = channels(&mute.channels, cx);
    let when = ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(&mute.when);
    let source = mute.source.as_ref().map(|source| self::source(source, cx));
    let because = ExpressionLowering { cx, scope: ExpressionScope::Event }.template(&mute.because);
    Some(model::Mute {
        name: mute.name.text.clone(),
        span: mute.name.span,
        channels: channels?,
        when,
        source: source.map_or(Some(None), |source| source.map(Some))?,
        because,
    })
}

/// The channels after `in`, each once. A family stands for all of its members.
#[expect(clippy::option_option, reason = "the outer one is an error, the inner one means all channels")]
fn channels(named: &[tree::Destination], cx: &mut LoweringContext<'_>) -> Option<Option<Vec<ChannelId>>> {
    if named.is_empty() {
        return Some(None);
    }
    let mut all: Vec<ChannelId> = Vec::new();
    let before = cx.finding_count();
    for each in named {
        for channel in members(each, cx) {
            if !all.contains(&channel) {
                all.push(channel);
            }
        }
    }
    (cx.finding_count() == before).then_some(Some(all))
}

fn members(named: &tree::Destination, cx: &mut LoweringContext<'_>) -> Vec<ChannelId> {
    if let tree::Destination::Channel(name) = named {
        return match cx.declared_channel(name) {
            Some(DeclaredChannel::Single(channel)) => vec![channel],
            Some(DeclaredChannel::Family(family)) => {
                let members = cx.families.get(family).map(|family| &family.members);
                members.into_iter().flatten().map(|(_, channel)| *channel).collect()
            }
            None => Vec::new(),
        };
    }
    match destination::lower(named, cx) {
        Some(model::Destination::Channel(channel)) => vec![channel],
        Some(model::Destination::Member(_) | model::Destination::Routing(_)) | None => Vec::new(),
    }
}

fn source(source: &tree::MuteSource, cx: &mut LoweringContext<'_>) -> Option<model::MuteSource> {
    let condition = ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(&source.condition);
    let same: Vec<Option<GroupValue>> = source.same.iter().map(|value| group::group_value(value, cx)).collect();
    let until_after = source.until_after.as_ref().map_or(Some(Duration::ZERO), |written| until_after(written, cx));
    let same = same.into_iter().collect::<Option<Vec<GroupValue>>>()?;
    Some(model::MuteSource { condition, same, until_after: until_after?, span: source.span })
}

fn until_after(written: &Identifier, cx: &mut LoweringContext<'_>) -> Option<Duration> {
    let read = duration(&written.text);
    if read.is_none() {
        let message = format!("`{}` is not a duration", written.text);
        cx.report(Diagnostic::new(&code::BAD_PARAMETER, written.span, message));
    }
    read
}
