//! A declaration that nothing uses. What only a test names is not in use.

use super::LintInput;
use super::mention::Mentions;
use super::visit::{self, TreeNode};
use crate::check::fallback;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::source::Span;
use crate::syntax::tree::{
    Declaration, Destination, DocumentedDeclaration, ExpressionKind, HeartbeatLineKind, Identifier, TargetKind,
};
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0002", "unused declaration");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    if input.partial {
        return;
    }
    let kinds: HashSet<&str> = input.items().map(visit::kind).collect();
    let mut uses = UsedDeclarations::default();
    for item in input.items() {
        uses.add(item);
    }
    for item in input.items() {
        let kind = visit::kind(item);
        let needed = users(kind).iter().any(|user| kinds.contains(user));
        if let Some(name) = visit::name(item)
            && needed
            && !uses.has(&input.mentions, kind, &name.text)
        {
            let mut finding = unused(kind, name, item);
            for (mute, span) in uses.muted(kind, &name.text) {
                finding =
                    finding.related(span, format!("no alert goes there, so the mute `{mute}` holds nothing in it"));
            }
            diagnostics.push(finding);
        }
        let lets = visit::lets(item);
        let mentioned = if lets.is_empty() { HashSet::new() } else { names(item) };
        for name in lets.into_iter().filter(|name| !mentioned.contains(&*name.text)) {
            diagnostics.push(unused("let", name, item));
        }
    }
}

/// The declarations that could use one of a kind. A set without any of them is likely a part of a larger set, so
/// nothing is reported.
fn users(kind: &str) -> &'static [&'static str] {
    match kind {
        "channel" => &["routing", "integration"],
        "table" => &["mapping", "routing", "define", "channel", "mute"],
        "define" => &["routing", "mute"],
        "schedule" => &["mapping", "routing", "define", "mute"],
        "mapping" | "routing" => &["integration"],
        _ => &[],
    }
}

fn unused(kind: &str, name: &Identifier, item: &DocumentedDeclaration) -> Diagnostic {
    let finding = Diagnostic::new(&CODE, name.span, format!("{kind} `{}` is never used", name.text));
    let finding = match kind {
        "channel" => finding.label("no route and no integration names it"),
        "mapping" => finding.label("no integration reads with it"),
        "routing" => finding.label("no integration and no other routing leads to it"),
        _ => finding.label("nothing names it"),
    };
    if kind == "let" {
        return finding.help("remove the `let`");
    }
    let allow = format!("allow {} because \"…\"\n", CODE.id);
    finding.suggest("remove it, or say why it stays", item.span.before(), allow)
}

/// What destinations and integrations name.
#[derive(Default)]
struct UsedDeclarations<'t> {
    channels: HashSet<&'t str>,
    routings: HashSet<&'t str>,
    mappings: HashSet<&'t str>,
    /// The channels after `in` of mutes, with the name of the mute. A mute needs a channel, and does not use one.
    muted: Vec<(&'t str, &'t str, Span)>,
}

impl<'t> UsedDeclarations<'t> {
    fn has(&self, mentions: &Mentions<'_>, kind: &str, name: &str) -> bool {
        match kind {
            "channel" => self.channels.contains(name),
            "table" => mentions.calls.contains(name),
            "define" => mentions.names.contains(name),
            "schedule" => mentions.schedules.contains(name),
            "mapping" => self.mappings.contains(name),
            "routing" => self.routings.contains(name),
            _ => true,
        }
    }

    /// The mutes that name a channel.
    fn muted(&self, kind: &str, name: &str) -> impl Iterator<Item = (&'t str, Span)> {
        let is_it = kind == "channel";
        self.muted.iter().filter(move |(channel, ..)| is_it && *channel == name).map(|(_, mute, span)| (*mute, *span))
    }

    fn add(&mut self, item: &'t DocumentedDeclaration) {
        let own = visit::name(item).map_or("", |name| &*name.text);
        match &item.kind {
            Declaration::Routing(routing) => {
                routing.block.each_target(&mut |target| match &target.kind {
                    TargetKind::Destinations(all) => self.add_destinations(all, own),
                    TargetKind::Nothing(_) | TargetKind::Decline => {}
                });
            }
            Declaration::Integration(integration) => {
                for reading in &integration.routes {
                    self.mappings.extend(reading.mappings.iter().map(|name| &*name.text));
                    self.add_destinations(&reading.destinations, "");
                }
            }
            Declaration::Heartbeat(heartbeat) => {
                for line in &heartbeat.lines {
                    if let HeartbeatLineKind::Target(destinations) = &line.kind {
                        self.add_destinations(destinations, "");
                    }
                }
            }
            Declaration::Channel(channel) => {
                self.channels.extend(fallback::named(channel).filter(|name| *name != own));
            }
            Declaration::Mute(mute) => {
                let channel = |destination: &'t Destination| match destination {
                    Destination::Channel(name) => Some((&*name.text, own, name.span)),
                    Destination::Member(reference) => Some((&*reference.family.text, own, reference.family.span)),
                    Destination::Routing(..) => None,
                };
                self.muted.extend(mute.channels.iter().filter_map(channel));
            }
            Declaration::Mapping(_)
            | Declaration::Table(_)
            | Declaration::Define(_)
            | Declaration::Schedule(_)
            | Declaration::Test(_)
            | Declaration::Prove(_) => {}
        }
    }

    fn add_destinations(&mut self, destinations: &'t [Destination], own: &str) {
        for destination in destinations {
            match destination {
                Destination::Channel(name) => self.channels.insert(&name.text),
                Destination::Member(reference) => self.channels.insert(&reference.family.text),
                Destination::Routing(name, _) => &*name.text != own && self.routings.insert(&name.text),
            };
        }
    }
}

fn names(item: &DocumentedDeclaration) -> HashSet<&str> {
    let mut names = HashSet::new();
    visit::walk(item, &mut |node| {
        if let TreeNode::Expression(value) = node
            && let ExpressionKind::Name(name) = &value.kind
        {
            names.insert(&*name.text);
        }
    });
    names
}
