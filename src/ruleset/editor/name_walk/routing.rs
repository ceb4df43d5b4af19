//! Names in routings and mutes.

use super::super::name::{NameId, NameKind};
use super::{NameScope, NameWalker};
use crate::syntax::tree::{Block, Destination, LineBody, Mute, Target, TargetKind};

impl NameWalker<'_> {
    /// The routes of a block. `path` is that of what holds it.
    pub(super) fn declare_lines(&mut self, owner: NameId, path: &str, block: &Block) {
        for line in &block.lines {
            let (id, path) = match &line.name {
                Some(name) => {
                    let path = format!("{path}.{}", name.text);
                    let id = self.declare_name(NameKind::Route, name, Some(line.span), Some(owner));
                    self.names.route_paths.insert(id, path.as_str().into());
                    self.routes.entry(path.clone()).or_insert(id);
                    (id, path)
                }
                None => (owner, format!("{path}.else")),
            };
            if let LineBody::Block(inner) = &line.body {
                self.declare_lines(id, &path, inner);
            }
        }
    }

    pub(super) fn block(&mut self, block: &Block) {
        let scope = NameScope::event();
        for line in &block.lines {
            line.when.iter().for_each(|when| self.expression(when, &scope));
            match &line.body {
                LineBody::Block(inner) => self.block(inner),
                LineBody::Target(target) => self.target(target, &scope),
                LineBody::Match(choice) => {
                    choice.subjects.iter().for_each(|subject| self.expression(subject, &scope));
                    self.arm_sources(choice.subjects.first(), &choice.arms, &scope);
                    for arm in &choice.arms {
                        let operands = arm.tests().flat_map(|(_, test)| test.operands());
                        operands.for_each(|operand| self.expression(operand, &scope));
                        self.target(&arm.result, &scope);
                        arm.note.iter().for_each(|note| self.template(note, &scope));
                    }
                }
            }
        }
    }

    fn target(&mut self, target: &Target, scope: &NameScope) {
        match &target.kind {
            TargetKind::Destinations(destinations) => self.destinations(destinations, scope),
            TargetKind::Nothing(reason) => self.template(reason, scope),
            TargetKind::Decline => {}
        }
    }

    pub(super) fn destinations(&mut self, destinations: &[Destination], scope: &NameScope) {
        for destination in destinations {
            match destination {
                Destination::Channel(name) => {
                    self.refer_to(NameKind::Channel, name);
                }
                Destination::Routing(name, _) => {
                    self.refer_to(NameKind::Routing, name);
                }
                Destination::Member(reference) => {
                    let family = self.refer_to(NameKind::Channel, &reference.family);
                    self.member_value(family, &reference.value, scope);
                }
            }
        }
    }

    pub(super) fn mute(&mut self, mute: &Mute) {
        let scope = NameScope::event();
        self.destinations(&mute.channels, &scope);
        self.expression(&mute.when, &scope);
        if let Some(source) = &mute.source {
            self.expression(&source.condition, &scope);
            source.same.iter().for_each(|value| self.expression(value, &scope));
        }
        self.template(&mute.because, &scope);
    }
}
