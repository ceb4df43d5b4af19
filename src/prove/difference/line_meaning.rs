//! What a line of a routing says, as text: lines with equal texts do the same with every event. Names of lines and
//! notes of arms are not part of it.

use crate::model::{
    Destination, Expression, LineKind, Match, Model, Routing, RoutingBlock, RoutingLine, RoutingLineBody, Target,
};
use crate::prove::formula::{FormulaBuilder, MeaningId, MeaningScope};
use std::fmt::Write;

impl FormulaBuilder<'_> {
    /// What a line says without its block. Of a line without a block, all that it says.
    pub(super) fn head_meaning(&mut self, line: &RoutingLine) -> MeaningId {
        let mut text = String::new();
        self.write_head(line, &mut text);
        match &line.body {
            RoutingLineBody::Block(_) => text.push_str(" block"),
            RoutingLineBody::Target(_) | RoutingLineBody::Match(_) => self.write_body(&line.body, &mut text),
        }
        self.formulas.meaning(&text)
    }

    /// All that a line says.
    pub(super) fn line_meaning(&mut self, line: &RoutingLine) -> MeaningId {
        let mut text = String::new();
        self.write_head(line, &mut text);
        self.write_body(&line.body, &mut text);
        self.formulas.meaning(&text)
    }

    /// What each arm of a match says, with what is matched.
    pub(super) fn arm_meanings(&mut self, choice: &Match<Target>) -> Vec<MeaningId> {
        let mut subjects = format!("{:?} of", choice.case);
        for subject in &choice.subjects {
            self.write_meaning(subject, MeaningScope::EVENT, &mut subjects);
            subjects.push(',');
        }
        let arm = |arm| {
            let mut text = subjects.clone();
            self.write_arm(arm, MeaningScope::EVENT, &mut text, &mut |builder, target, _, text| {
                builder.write_target(target, text);
            });
            self.formulas.meaning(&text)
        };
        choice.arms.iter().map(arm).collect()
    }

    fn block_meaning(&mut self, block: &RoutingBlock) -> MeaningId {
        let mut text = String::from("block");
        for line in &block.lines {
            let meaning = self.line_meaning(line);
            _ = write!(text, " {meaning:?}");
        }
        self.formulas.meaning(&text)
    }

    fn write_head(&mut self, line: &RoutingLine, text: &mut String) {
        text.push_str(match line.kind {
            LineKind::Route => "route ",
            LineKind::AlsoRoute => "also route ",
            LineKind::Always => "always ",
            LineKind::Else => "else ",
        });
        if let Some(when) = &line.when {
            self.write_meaning(when, MeaningScope::EVENT, text);
        }
    }

    fn write_body(&mut self, body: &RoutingLineBody, text: &mut String) {
        match body {
            RoutingLineBody::Target(target) => self.write_target(target, text),
            RoutingLineBody::Match(choice) => {
                self.write_match(choice, MeaningScope::EVENT, text, |builder, target, _, text| {
                    builder.write_target(target, text);
                });
            }
            RoutingLineBody::Block(block) => {
                let meaning = self.block_meaning(block);
                _ = write!(text, " {meaning:?}");
            }
        }
    }

    fn write_target(&mut self, target: &Target, text: &mut String) {
        let destinations = match target {
            Target::Destinations(destinations) => destinations,
            Target::Nothing(because, _) => {
                text.push_str(" nothing ");
                return self.write_reason(because, text);
            }
            Target::Decline => return text.push_str(" decline"),
        };
        for destination in destinations {
            match destination {
                Destination::Channel(channel) => {
                    _ = write!(text, " channel {}", channel_name(self.model, *channel));
                }
                Destination::Routing(routing) => {
                    let name = self.model.routings.get(*routing).map_or("", |Routing { name, .. }| name);
                    _ = write!(text, " routing {name}");
                }
                Destination::Member(choice) => {
                    let model = self.model;
                    let members = model.families.get(choice.family).map(|family| &*family.members).unwrap_or_default();
                    _ = write!(text, " member of");
                    for (name, channel) in members {
                        _ = write!(text, " {name:?} {}", channel_name(model, *channel));
                    }
                    text.push_str(" by ");
                    self.write_meaning(&choice.value, MeaningScope::EVENT, text);
                }
            }
        }
    }

    fn write_reason(&mut self, because: &Expression, text: &mut String) {
        self.write_meaning(because, MeaningScope::EVENT, text);
    }
}

/// The name of a channel.
pub(super) fn channel_name(model: &Model, channel: usize) -> &str {
    model.channels.get(channel).map_or("", |channel| &channel.name)
}
