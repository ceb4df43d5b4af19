//! What one walk over the expressions of a rule set finds: the tests of values, the labels and paths that are read.

use super::{
    ChannelId, Comparator, ComparisonSubject, DefineId, Expression, ExpressionKind, HeartbeatId, MappingId, Match,
    Model, MuteId, Pattern, RoutingId, RoutingLineBody, TableId, TableRows, Target,
};
use crate::path::CompiledPath;
use crate::pattern::Case;
use crate::source::Span;

/// The declaration that holds an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpressionOwner {
    Mapping(MappingId),
    Table(TableId),
    Define(DefineId),
    Routing(RoutingId),
    Channel(ChannelId),
    Mute(MuteId),
    Heartbeat(HeartbeatId),
}

/// What the lints look at, in text order by kind of declaration.
#[derive(Default)]
pub(crate) struct ModelMentions<'m> {
    /// The tests of values.
    pub(crate) tests: Vec<(ExpressionOwner, ValueTest<'m>)>,
    /// The labels that are read.
    pub(crate) labels: Vec<(ExpressionOwner, &'m str, Span)>,
    /// The defines that are used.
    pub(crate) defines: Vec<(ExpressionOwner, DefineId)>,
    /// The paths that are read, and the value that each starts from where that is not the payload.
    pub(crate) paths: Vec<(ExpressionOwner, PathRead<'m>)>,
    /// The choices among arms.
    pub(crate) choices: Vec<(ExpressionOwner, &'m Match<Expression>)>,
}

/// A path that an expression reads.
#[derive(Clone, Copy)]
pub(crate) struct PathRead<'m> {
    pub(crate) start: Option<&'m Expression>,
    pub(crate) path: &'m CompiledPath,
    pub(crate) span: Span,
}

impl<'m> ModelMentions<'m> {
    /// The mentions in a rule set.
    pub(crate) fn of(model: &'m Model) -> Self {
        let mut mentions = Self::default();
        walk(model, &mut |owner, node| match node {
            ModelNode::Test(test) => mentions.tests.push((owner, test)),
            ModelNode::Expression(value) => {
                mentions.add(owner, value);
            }
        });
        mentions
    }

    fn add(&mut self, owner: ExpressionOwner, value: &'m Expression) {
        let span = value.span;
        let (start, path) = match &value.kind {
            ExpressionKind::Label(name) => return self.labels.push((owner, name, span)),
            ExpressionKind::Define(id) => return self.defines.push((owner, *id)),
            ExpressionKind::Match(choice) => return self.choices.push((owner, choice)),
            ExpressionKind::Path(path) => (None, path),
            ExpressionKind::Nodes(nodes) => (nodes.start.as_deref(), &nodes.path),
            ExpressionKind::Navigate(start, path) => (Some(&**start), path),
            ExpressionKind::Literal(_)
            | ExpressionKind::Template(_)
            | ExpressionKind::Regex(_)
            | ExpressionKind::Let(_)
            | ExpressionKind::Field(_)
            | ExpressionKind::Parameter(_)
            | ExpressionKind::Request(_)
            | ExpressionKind::Group(_)
            | ExpressionKind::Call(..)
            | ExpressionKind::Lookup(..)
            | ExpressionKind::Coalesce(_)
            | ExpressionKind::Or(_)
            | ExpressionKind::And(_)
            | ExpressionKind::Not(_)
            | ExpressionKind::Compare(_)
            | ExpressionKind::List(_)
            | ExpressionKind::Object(_) => return,
        };
        self.paths.push((owner, PathRead { start, path, span }));
    }
}

#[derive(Clone, Copy)]
enum ModelNode<'m> {
    /// An expression, before its parts.
    Expression(&'m Expression),
    /// A test of a value.
    Test(ValueTest<'m>),
}

/// A test of a value, by a comparison or by a pattern of an arm.
#[derive(Clone, Copy)]
pub(crate) struct ValueTest<'m> {
    pub(crate) subject: &'m Expression,
    pub(crate) test: &'m Comparator,
    pub(crate) case: Case,
    pub(crate) form: TestForm,
    pub(crate) span: Span,
}

/// How a test is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestForm {
    /// A comparison.
    Comparison,
    /// A comparison with `not` or `!=`.
    Negation,
    /// A pattern of an arm.
    Pattern,
}

type Visitor<'s, 'm> = &'s mut dyn FnMut(ExpressionOwner, ModelNode<'m>);

/// Shows every expression and every test of a value. Tests of the rules have none.
fn walk<'m>(model: &'m Model, see: Visitor<'_, 'm>) {
    for (id, mapping) in model.mappings.iter().enumerate() {
        let mut see = within(ExpressionOwner::Mapping(id), see);
        mapping.each_accept(&mut |value| expression(value, &mut see));
        mapping.each_value(&mut |value| expression(value, &mut see));
    }
    for (id, table) in model.tables.iter().enumerate() {
        let mut see = within(ExpressionOwner::Table(id), see);
        if let TableRows::Arms(rows) = &table.rows {
            patterns(rows, &mut see);
            rows.each_expression(&mut |value| expression(value, &mut see));
        }
    }
    for (id, define) in model.defines.iter().enumerate() {
        expression(&define.value, &mut within(ExpressionOwner::Define(id), see));
    }
    for (id, channel) in model.channels.iter().enumerate() {
        let mut see = within(ExpressionOwner::Channel(id), see);
        for (_, value) in &channel.parameters {
            value.each_expression(&mut |value| expression(value, &mut see));
        }
    }
    heartbeats(model, see);
    for (id, routing) in model.routings.iter().enumerate() {
        let mut see = within(ExpressionOwner::Routing(id), see);
        for line in routing.block.all_lines() {
            line.when.iter().for_each(|when| expression(when, &mut see));
            if let RoutingLineBody::Match(choice) = &line.body {
                patterns(choice, &mut see);
                choice.each_condition(&mut |value| expression(value, &mut see));
            }
            for target in line.body.own_targets() {
                if let Target::Nothing(because, _) = target {
                    expression(because, &mut see);
                }
            }
        }
    }
    walk_mutes(model, see);
}

/// The conditions, values and words of mutes.
fn walk_mutes<'m>(model: &'m Model, see: Visitor<'_, 'm>) {
    for (id, mute) in model.mutes.iter().enumerate() {
        let mut see = within(ExpressionOwner::Mute(id), see);
        mute.each_expression(&mut |value| expression(value, &mut see));
    }
}

fn heartbeats<'m>(model: &'m Model, see: Visitor<'_, 'm>) {
    for (id, heartbeat) in model.heartbeats.iter().enumerate() {
        let mut see = within(ExpressionOwner::Heartbeat(id), see);
        expression(&heartbeat.when, &mut see);
        heartbeat.by.iter().for_each(|value| expression(&value.value, &mut see));
        expression(&heartbeat.title, &mut see);
        heartbeat.labels.iter().for_each(|(_, value)| expression(value, &mut see));
    }
}

fn within<'s, 'm>(owner: ExpressionOwner, see: Visitor<'s, 'm>) -> impl FnMut(ModelNode<'m>) + use<'s, 'm> {
    move |node| see(owner, node)
}

fn expression<'m>(value: &'m Expression, see: &mut dyn FnMut(ModelNode<'m>)) {
    see(ModelNode::Expression(value));
    if let ExpressionKind::Match(choice) = &value.kind {
        patterns(choice, see);
    } else if let ExpressionKind::Compare(comparison) = &value.kind
        && let ComparisonSubject::Value(subject) = &comparison.subject
    {
        let form = if comparison.negated { TestForm::Negation } else { TestForm::Comparison };
        let (test, case) = (&comparison.test, comparison.case);
        see(ModelNode::Test(ValueTest { subject, test, case, form, span: value.span }));
    }
    value.each_part(&mut |part| expression(part, see));
}

fn patterns<'m, R>(choice: &'m Match<R>, see: &mut dyn FnMut(ModelNode<'m>)) {
    for arm in &choice.arms {
        for (subject, alternatives) in choice.subjects.iter().zip(&arm.columns) {
            for (test, span) in alternatives.iter().filter_map(Pattern::test) {
                let (case, form) = (choice.case, TestForm::Pattern);
                see(ModelNode::Test(ValueTest { subject, test, case, form, span }));
            }
        }
    }
}
