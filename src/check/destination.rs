//! What stands after `=>`: a channel, a routing, or a member of a family that a value chooses.

use crate::check::code;
use crate::check::context::{DeclaredChannel, LoweringContext};
use crate::check::names::is_field;
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::diagnostic::{Diagnostic, nearest};
use crate::model::{ChannelFamily, Destination, Expression, ExpressionKind, FamilyId, Literal, MemberChoice};
use crate::source::Span;
use crate::syntax::tree::{self, ExpressionKind as TreeKind, Identifier, MemberReference};
use crate::text::rule_string;
use crate::value::ValueType;

/// A destination of the model.
pub(super) fn lower(destination: &tree::Destination, cx: &mut LoweringContext<'_>) -> Option<Destination> {
    match destination {
        tree::Destination::Channel(name) => channel(name, cx),
        tree::Destination::Routing(name, whole) => cx.routing(name, *whole).map(Destination::Routing),
        tree::Destination::Member(reference) => member(reference, cx),
    }
}

fn channel(name: &Identifier, cx: &mut LoweringContext<'_>) -> Option<Destination> {
    match cx.declared_channel(name)? {
        DeclaredChannel::Single(channel) => Some(Destination::Channel(channel)),
        DeclaredChannel::Family(family) => {
            let example = cx.families.get(family).and_then(|family| family.members.first());
            let example = example.map_or("a".to_owned(), |(member, _)| member.to_string());
            let text = &name.text;
            let message = format!("`{text}` is a family of channels, not one channel");
            cx.report(
                Diagnostic::new(&code::NOT_ONE_CHANNEL, name.span, message).help(format!(
                    "choose a member by a value: `{text}[labels.…]`; or name one: `{text}[\"{example}\"]`"
                )),
            );
            None
        }
    }
}

/// `family[value]`. A string that is written out names a member that must exist.
fn member(reference: &MemberReference, cx: &mut LoweringContext<'_>) -> Option<Destination> {
    let name = &reference.family;
    if is_field(&name.text) {
        let excerpt = cx.excerpt(reference.span);
        let message = format!("a channel stands here by its name, and `{excerpt}` is a value");
        cx.report(Diagnostic::new(&code::UNKNOWN_CHANNEL, reference.span, message).help(format!(
            "a family of channels gives a member for each value: `channel team_chat[team] in [\"pay\", \"web\"] = …`, \
             then `=> team_chat[{excerpt}]`"
        )));
        return None;
    }
    let DeclaredChannel::Family(family) = cx.declared_channel(name)? else {
        let brackets = Span { start: name.span.end, ..reference.span };
        let message = format!("`{}` is one channel, not a family", name.text);
        let found = Diagnostic::new(&code::NOT_ONE_CHANNEL, reference.span, message);
        cx.report(found.suggest("name it alone", brackets, ""));
        return None;
    };
    if let Some(constant) = reference.constant() {
        return named(family, constant, reference.value.span, cx).map(Destination::Channel);
    }
    let value = ExpressionLowering { cx, scope: ExpressionScope::Event }.value(&reference.value);
    if !is_known(value.types) {
        return None;
    }
    if !value.types.overlaps(ValueType::TEXT | ValueType::NUMBER | ValueType::SEVERITY | ValueType::STATUS) {
        let excerpt = cx.excerpt(value.span);
        let message = format!("`{excerpt}` is {}, which names no member of `{}`", value.types, name.text);
        let found = Diagnostic::new(&code::NOT_ONE_CHANNEL, value.span, message);
        cx.report(found.help(format!("a member is chosen by a text, as in `{}[labels.team]`", name.text)));
        return None;
    }
    check_results(family, &value, cx);
    Some(Destination::Member(Box::new(MemberChoice { family, value, span: reference.span })))
}

/// The channel of a member that is written out.
pub(super) fn named(family: FamilyId, member: &str, place: Span, cx: &mut LoweringContext<'_>) -> Option<usize> {
    let declared = cx.families.get(family)?;
    let channel = declared.member(member);
    if channel.is_none() && !declared.members.is_empty() {
        let found = no_member(declared, member, place);
        cx.report(found);
    }
    channel
}

fn no_member(family: &ChannelFamily, member: &str, place: Span) -> Diagnostic {
    let message = format!("the family `{}` has no member `{member}`", family.name);
    let found = Diagnostic::new(&code::UNKNOWN_CHANNEL, place, message).related(family.span, "the family");
    let names = || family.members.iter().map(|(name, _)| &**name);
    if let Some(near) = nearest(member, names()) {
        return found.did_you_mean(place, rule_string(near));
    }
    let shown: Vec<String> = names().take(8).map(|name| format!("`{name}`")).collect();
    let more = if family.members.len() > shown.len() { ", …" } else { "" };
    found.note(format!("its members are {}{more}", shown.join(", ")))
}

/// Reports strings that a value may result in and that name no member.
fn check_results(family: FamilyId, value: &Expression, cx: &mut LoweringContext<'_>) {
    if let ExpressionKind::Literal(Literal::Text(text)) = &value.kind {
        named(family, text, value.span, cx);
    } else if let ExpressionKind::Coalesce(parts) = &value.kind {
        parts.iter().for_each(|part| check_results(family, part, cx));
    } else if let ExpressionKind::Match(choice) = &value.kind {
        choice.arms.iter().for_each(|arm| check_results(family, &arm.result, cx));
    }
}

impl MemberReference {
    /// The member, if it is written out.
    pub(super) fn constant(&self) -> Option<&str> {
        if let TreeKind::Template(template) = &self.value.kind { template.plain() } else { None }
    }
}
