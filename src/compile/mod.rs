//! From model to program. The rule set is checked, so nothing here returns an error.

mod expression;
mod index;
mod mute;
mod reach;

use crate::channel::integration::{ANSWER_BODY, ANSWER_STATUS, LONGEST_RESOLVE_TIMEOUT};
use crate::json::{Number, OwnedMemberName, Projection};
use crate::model::{self, EventField, LetStage, Literal, Model, ParameterValue};
use crate::program::{
    AnswerContent, AnswerPlan, Channel, ChannelFamily, ConditionSet, CsvIndex, Destination, GroupValue, Heartbeat,
    Integration, LabelEntry, LabelRequirement, LocatedCondition, Mapping, NameIndex, Node, NodeId, NothingReason,
    OpeningStep, PositionsByName, Predicate, Program, RequestReads, Routing, RoutingBlock, RoutingLine,
    RoutingLineBody, Table, Target, TextPredicate,
};
use crate::source::{Sources, Span};
use crate::syntax::tree::LineKind;
use std::collections::HashMap;
use std::sync::Arc;

/// Compiles a checked rule set.
#[must_use]
pub fn compile(model: &Model, sources: Sources) -> Program {
    let mut compiler = Compiler { program: Program { sources, ..Program::default() } };
    compiler.declarations(model);
    compiler.program.nodes.shrink_to_fit();
    compiler.program.places.shrink_to_fit();
    compiler.program
}

/// Compiles checked conditions that stand alone.
#[must_use]
pub fn compile_conditions(conditions: &[model::Expression], sources: Sources) -> (Program, ConditionSet) {
    let mut compiler = Compiler { program: Program { sources, ..Program::default() } };
    let conditions = conditions.iter().map(|condition| compiler.expression(condition)).collect();
    let set = compiler.condition_set(conditions);
    (compiler.program, set)
}

/// What the members of families share.
#[derive(Default)]
struct SharedExpressions<'m> {
    /// By family and parameter.
    parameters: HashMap<(usize, &'m str), NodeId>,
    /// By family.
    group_values: HashMap<usize, Arc<[GroupValue]>>,
}

/// Fills a program; expressions are appended to its nodes.
struct Compiler {
    program: Program,
}

impl Compiler {
    fn declarations(&mut self, model: &Model) {
        self.program.names = names(model);
        self.program.schedules =
            model.schedules.iter().map(|schedule| (schedule.name.clone(), schedule.windows.clone())).collect();
        for table in &model.tables {
            let table = self.table(table);
            self.program.tables.push(table);
        }
        for define in &model.defines {
            let value = self.expression(&define.value);
            self.program.defines.push(value);
        }
        for mapping in &model.mappings {
            let before = self.program.nodes.len();
            let mut mapping = self.mapping(mapping);
            mapping.reads = RequestReads::of(self.program.nodes.get(before..).unwrap_or_default());
            mapping.reach = reach::reach(&self.program, &mapping);
            self.program.mappings.push(mapping);
        }
        let mut shared = SharedExpressions::default();
        for channel in &model.channels {
            let channel = self.channel(channel, &mut shared);
            self.program.channels.push(channel);
        }
        self.program.families = model.families.iter().map(family).collect();
        for routing in &model.routings {
            let block = self.block(&routing.block);
            self.program.routings.push(Routing { name: routing.name.clone(), block });
        }
        self.program.mutes = self.mutes(model);
        self.program.statements =
            model.statements.iter().map(|each| each.when.as_ref().map(|when| self.expression(when))).collect();
        for heartbeat in &model.heartbeats {
            let heartbeat = self.heartbeat(heartbeat);
            self.program.heartbeats.push(heartbeat);
        }
        for each in &model.integrations {
            let mut integration = integration(each, &self.program.mappings);
            integration.answer = self.answer(each);
            if let Some(AnswerPlan { body: AnswerContent::Json(body), .. }) = integration.answer {
                integration.reach.add(&reach::answer_reach(&self.program, body));
            }
            self.program.integrations.push(integration);
        }
    }

    fn heartbeat(&mut self, heartbeat: &model::Heartbeat) -> Heartbeat {
        Heartbeat {
            name: heartbeat.name.clone(),
            source: model::heartbeat_source(&heartbeat.name).into(),
            when: self.expression(&heartbeat.when),
            by: heartbeat.by.iter().map(|each| self.group_value(each)).collect(),
            timeout: heartbeat.timeout,
            severity: heartbeat.severity,
            title: self.expression(&heartbeat.title),
            labels: heartbeat.labels.iter().map(|(name, value)| (name.clone(), self.expression(value))).collect(),
            routing: heartbeat.routing,
            location: self.location(heartbeat.span),
        }
    }

    fn group_value(&mut self, value: &model::GroupValue) -> GroupValue {
        GroupValue { name: value.name.clone(), value: self.expression(&value.value) }
    }

    /// The answer of an integration, if its parameters say anything about it.
    fn answer(&mut self, integration: &model::Integration) -> Option<AnswerPlan> {
        let given = |name: &str| {
            let found = integration.parameters.iter().find(|(parameter, _)| &**parameter == name);
            found.map(|(_, value)| value)
        };
        let (status, body) = (given(ANSWER_STATUS.spec.name), given(ANSWER_BODY.name));
        if status.is_none() && body.is_none() {
            return None;
        }
        let status = match status {
            Some(ParameterValue::Literal(Literal::Number(Number::Natural(status)))) => u16::try_from(*status).ok(),
            _ => None,
        };
        let status = status.unwrap_or(202);
        let body = match body {
            _ if status == 204 => AnswerContent::Empty,
            Some(ParameterValue::Expression(body)) => AnswerContent::Json(self.expression(body)),
            Some(ParameterValue::Literal(Literal::Text(text))) => AnswerContent::Text(text.clone()),
            _ => AnswerContent::Receipt,
        };
        Some(AnswerPlan { status, body })
    }

    fn table(&mut self, table: &model::Table) -> Table {
        match &table.rows {
            model::TableRows::Arms(arms) => Table::Arms(self.value_match(arms)),
            model::TableRows::Csv(csv) => Table::Csv(CsvIndex::new(csv.case, &csv.rows)),
        }
    }

    fn mapping(&mut self, mapping: &model::Mapping) -> Mapping {
        let positions = |stage| {
            let lets = mapping.lets.iter().enumerate();
            lets.filter(move |(_, own)| own.stage == stage).map(|(position, _)| position)
        };
        Mapping {
            name: mapping.name.clone(),
            opening: self.opening(&mapping.accept, positions(LetStage::Payload)),
            each: mapping.each.as_ref().map(|each| self.nodes(each)),
            lets: mapping.lets.iter().map(|each| (each.name.clone(), self.expression(&each.value))).collect(),
            element_lets: positions(LetStage::Element).collect(),
            drops: mapping
                .drops
                .iter()
                .map(|drop| (self.located_condition(&drop.when, drop.span), self.expression(&drop.because)))
                .collect(),
            fields: self.fields(&mapping.fields),
            labels: mapping.labels.iter().map(|entry| self.label(entry)).collect(),
            reach: Projection::default(),
            reads: RequestReads::default(),
        }
    }

    fn fields(&mut self, set: &[(EventField, model::Expression)]) -> [Option<NodeId>; EventField::ALL.len()] {
        EventField::ALL.map(|field| {
            let value = set.iter().find(|(name, _)| *name == field);
            value.map(|(_, value)| self.expression(value))
        })
    }

    /// The conditions of `accept`, each after the lets above it. The conditions of one line share its reason.
    fn opening(
        &mut self,
        accept: &[model::AcceptCondition],
        payload_lets: impl Iterator<Item = usize>,
    ) -> Vec<OpeningStep> {
        let mut steps = Vec::new();
        let mut lets = payload_lets.peekable();
        for line in accept {
            while let Some(position) = lets.next_if(|position| *position < line.lets_above) {
                steps.push(OpeningStep::Let(position));
            }
            let because = line.because.as_ref().map(|because| self.expression(because));
            for when in conjuncts(&line.when) {
                steps.push(OpeningStep::Accept(self.located_condition(when, when.span), because));
            }
        }
        steps.extend(lets.map(OpeningStep::Let));
        steps
    }

    fn label(&mut self, entry: &model::LabelEntry) -> LabelEntry {
        match entry {
            model::LabelEntry::Spread(value, except) => LabelEntry::Spread(self.expression(value), except.clone()),
            model::LabelEntry::Set(name, value) => LabelEntry::Set(OwnedMemberName::new(name), self.expression(value)),
        }
    }

    /// A condition, with the source text and the place of its statement.
    fn located_condition(&mut self, when: &model::Expression, place: Span) -> LocatedCondition {
        let source_text = self.program.sources.text(when.span).into();
        let location = self.location(place);
        let before = self.program.nodes.len();
        let when = self.expression(when);
        let reads_request = !RequestReads::of(self.program.nodes.get(before..).unwrap_or_default()).is_empty();
        LocatedCondition { when, source_text, reads_request, location, place }
    }

    fn location(&self, place: Span) -> Box<str> {
        self.program.sources.file_and_line(place).into()
    }

    /// `shared` holds the expressions that the members of families share.
    fn channel<'m>(&mut self, channel: &'m model::Channel, shared: &mut SharedExpressions<'m>) -> Channel {
        let mut parameters = Vec::new();
        for (name, argument) in &channel.parameters {
            if let ParameterValue::Expression(value) = argument {
                let node = match &channel.member {
                    None => self.expression(value),
                    Some(member) => {
                        let known = shared.parameters.entry((member.family, &**name));
                        *known.or_insert_with(|| self.expression(value))
                    }
                };
                parameters.push((name.clone(), node));
            }
        }
        let columns = channel.member.as_ref().map_or_else(Arc::default, |member| Arc::clone(&member.columns));
        let group_values = self.group_values(channel, shared);
        Channel {
            name: channel.name.clone(),
            parameters,
            columns,
            policy: channel.policy(),
            fallback: channel.fallback.map(|fallback| fallback.channel),
            group_values,
        }
    }

    fn group_values(&mut self, channel: &model::Channel, shared: &mut SharedExpressions<'_>) -> Arc<[GroupValue]> {
        let Some(values) = channel.group_values() else { return Arc::default() };
        let family = channel.member.as_ref().map(|member| member.family);
        if let Some(known) = family.and_then(|family| shared.group_values.get(&family)) {
            return Arc::clone(known);
        }
        let compiled: Arc<[GroupValue]> = values.iter().map(|each| self.group_value(each)).collect();
        if let Some(family) = family {
            shared.group_values.insert(family, Arc::clone(&compiled));
        }
        compiled
    }

    fn block(&mut self, block: &model::RoutingBlock) -> RoutingBlock {
        let lines: Box<[RoutingLine]> = block.lines.iter().map(|line| self.line(line)).collect();
        let index = index::index(&self.program, &lines).map(Box::new);
        let labels = if index.is_some() {
            Box::default()
        } else {
            lines.iter().map(|line| self.label_requirement(line)).collect()
        };
        let always = lines.iter().rposition(|line| line.kind == LineKind::Always);
        let always_until = always.map_or(0, |last| u32::try_from(last + 1).unwrap_or(u32::MAX));
        RoutingBlock { lines, index, labels, always_until }
    }

    /// The text that a line requires of a label.
    fn label_requirement(&self, line: &RoutingLine) -> Option<LabelRequirement> {
        let when = line.when?;
        // The part that is decided fastest comes first.
        let (condition, is_all) =
            if let Node::And(parts) = self.program.node(when) { (*parts.first()?, false) } else { (when, true) };
        let Node::Compare(comparison) = self.program.node(condition) else { return None };
        let Predicate::Text(TextPredicate::Equal(text)) = &comparison.test else { return None };
        if comparison.negated || comparison.case.is_ignored() {
            return None;
        }
        Some(LabelRequirement { id: comparison.label?, text: text.clone(), is_all })
    }

    fn line(&mut self, line: &model::RoutingLine) -> RoutingLine {
        let when = line.when.as_ref().map(|when| self.expression(when));
        let body = match &line.body {
            model::RoutingLineBody::Block(block) => RoutingLineBody::Block(Box::new(self.block(block))),
            model::RoutingLineBody::Match(arms) => self.route_match(arms),
            model::RoutingLineBody::Target(target) => RoutingLineBody::Target(self.target(target)),
        };
        RoutingLine { kind: line.kind, path: line.path.clone(), when, body, place: line.head }
    }

    fn route_match(&mut self, arms: &model::Match<model::Target>) -> RoutingLineBody {
        let targets = arms.arms.iter().map(|arm| self.target(&arm.result)).collect();
        let choice = self.match_with(arms, |_, arm, _| arm);
        RoutingLineBody::Match(self.push(Node::Choose(Box::new(choice)), arms.span), targets)
    }

    fn target(&mut self, target: &model::Target) -> Target {
        match target {
            model::Target::Destinations(all) => match **all {
                [model::Destination::Channel(channel)] => Target::Channel(channel),
                ref all => {
                    let is_chosen = all.iter().any(|destination| destination.choice().is_some());
                    let all = all.iter().map(|destination| self.destination(destination)).collect();
                    if is_chosen { Target::ChosenDestinations(all) } else { Target::Destinations(all) }
                }
            },
            model::Target::Nothing(because, place) => {
                let at = self.location(*place);
                Target::Nothing(Box::new(NothingReason { because: self.expression(because), location: at }))
            }
            model::Target::Decline => Target::Decline,
        }
    }

    fn destination(&mut self, destination: &model::Destination) -> Destination {
        match destination {
            model::Destination::Channel(id) => Destination::Channel(*id),
            model::Destination::Routing(id) => Destination::Routing(*id),
            model::Destination::Member(choice) => {
                Destination::Member { family: choice.family, value: self.expression(&choice.value) }
            }
        }
    }

    fn push(&mut self, node: Node, place: Span) -> NodeId {
        let id = u32::try_from(self.program.nodes.len()).unwrap_or(u32::MAX);
        self.program.nodes.push(node);
        self.program.places.push(place);
        NodeId(id)
    }
}

/// The parts of a conjunction, so that a refusal can name the one that was false.
fn conjuncts(condition: &model::Expression) -> Vec<&model::Expression> {
    let model::ExpressionKind::And(parts) = &condition.kind else { return vec![condition] };
    parts.iter().flat_map(conjuncts).collect()
}

fn family(family: &model::ChannelFamily) -> ChannelFamily {
    ChannelFamily { name: family.name.clone(), members: family.members.iter().cloned().collect() }
}

fn integration(integration: &model::Integration, mappings: &[Mapping]) -> Integration {
    let (mut reach, mut reads) = (Projection::default(), RequestReads::default());
    for mapping in integration.mappings.iter().filter_map(|place| mappings.get(*place)) {
        reach.add(&mapping.reach);
        reads.add(&mapping.reads);
    }
    Integration {
        reach,
        reads,
        answer: None,
        name: integration.name.clone(),
        mappings: integration.mappings.clone(),
        resolve_timeout: Some(integration.resolve_timeout).filter(|timeout| *timeout < LONGEST_RESOLVE_TIMEOUT),
        destination: match &integration.destination {
            model::Destination::Channel(id) => Destination::Channel(*id),
            model::Destination::Routing(id) => Destination::Routing(*id),
            // Check lets only members that are written out stand here, which are channels.
            model::Destination::Member(_) => Destination::Channel(usize::MAX),
        },
    }
}

fn names(model: &Model) -> NameIndex {
    fn index<'m, T: 'm>(all: impl IntoIterator<Item = &'m T>, name: fn(&T) -> &Box<str>) -> PositionsByName {
        all.into_iter().enumerate().map(|(position, each)| (name(each).clone(), position)).collect()
    }
    NameIndex {
        mappings: index(&model.mappings, |mapping| &mapping.name),
        channels: index(&model.channels, |channel| &channel.name),
        routings: index(&model.routings, |routing| &routing.name),
        integrations: index(&model.integrations, |integration| &integration.name),
    }
}
