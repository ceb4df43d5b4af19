//! One walk over the expressions of the tree, for every lint that looks at them.

use crate::pattern::Case;
use crate::source::Span;
use crate::syntax::tree::{
    Block, Comparator, Comparison, ComparisonSubject, Declaration, Destination, DocumentedDeclaration, Expression,
    ExpressionKind, HeartbeatLineKind, Identifier, LabelEntry, Line, LineBody, MappingStatement, MappingStatementKind,
    Match, MatchArm, Mute, NavigationStep, ProveStatementKind, StringLiteral, TableBody, Target, TargetKind, Template,
};

/// What a lint may want to see.
#[derive(Clone, Copy)]
pub(crate) enum TreeNode<'t> {
    /// An expression, before its parts.
    Expression(&'t Expression),
    /// A comparison, before its operands.
    Comparison(&'t Comparison),
    /// A pattern of an arm that tests.
    Pattern {
        /// What it tests.
        test: &'t Comparator,
        /// Its place.
        span: Span,
        /// Whether letter case counts.
        case: Case,
    },
    /// A string that may interpolate: a result, a label, a reason; not an operand of a comparison.
    Template(&'t Template),
    /// The subject of a match.
    MatchSubject(&'t Expression),
    /// The name of a schedule after `during`.
    During(&'t Identifier),
}

/// Shows every node of a declaration in text order. Tests are left out: their JSON has no expressions.
pub(crate) fn walk<'t>(item: &'t DocumentedDeclaration, see: &mut dyn FnMut(TreeNode<'t>)) {
    match &item.kind {
        Declaration::Mapping(mapping) => mapping.statements.iter().for_each(|line| statement(line, see)),
        Declaration::Table(table) => {
            if let TableBody::Arms(rows, _) = &table.body {
                for row in rows {
                    arm(row, table.ignore_case.into(), see, &mut expression);
                }
            }
        }
        Declaration::Define(define) => expression(&define.value, see),
        Declaration::Channel(channel) => {
            channel.parameters.iter().for_each(|given| expression(&given.value, see));
        }
        Declaration::Routing(routing) => block(&routing.block, see),
        Declaration::Mute(declared) => mute(declared, see),
        Declaration::Heartbeat(heartbeat) => heartbeat.lines.iter().for_each(|line| heartbeat_line(&line.kind, see)),
        Declaration::Integration(integration) => {
            integration.parameters.iter().for_each(|given| expression(&given.value, see));
        }
        Declaration::Prove(prove) => {
            for statement in &prove.statements {
                if let ProveStatementKind::When(condition) = &statement.kind {
                    expression(condition, see);
                }
            }
        }
        Declaration::Schedule(_) | Declaration::Test(_) => {}
    }
}

type NodeVisitor<'s, 't> = &'s mut dyn FnMut(TreeNode<'t>);

fn statement<'t>(statement: &'t MappingStatement, see: NodeVisitor<'_, 't>) {
    match &statement.kind {
        MappingStatementKind::Accept(condition, because) => {
            expression(condition, see);
            if let Some(because) = because {
                template(because, see);
            }
        }
        MappingStatementKind::Each(value)
        | MappingStatementKind::Let(_, value)
        | MappingStatementKind::Field(_, value) => expression(value, see),
        MappingStatementKind::Labels(entries) => label_entries(entries, see),
        MappingStatementKind::Drop(condition, because) => {
            expression(condition, see);
            template(because, see);
        }
    }
}

fn heartbeat_line<'t>(line: &'t HeartbeatLineKind, see: NodeVisitor<'_, 't>) {
    match line {
        HeartbeatLineKind::When(value) | HeartbeatLineKind::Field(_, value) => expression(value, see),
        HeartbeatLineKind::By(values) => values.iter().for_each(|value| expression(value, see)),
        HeartbeatLineKind::Labels(entries) => label_entries(entries, see),
        HeartbeatLineKind::Timeout(_) | HeartbeatLineKind::Target(_) => {}
    }
}

fn label_entries<'t>(entries: &'t [LabelEntry], see: NodeVisitor<'_, 't>) {
    for entry in entries {
        match entry {
            LabelEntry::Spread { value, .. } | LabelEntry::Set(_, value) => expression(value, see),
        }
    }
}

fn block<'t>(block: &'t Block, see: NodeVisitor<'_, 't>) {
    block.lines.iter().for_each(|each| line(each, see));
}

fn line<'t>(line: &'t Line, see: NodeVisitor<'_, 't>) {
    line.when.iter().for_each(|when| expression(when, see));
    match &line.body {
        LineBody::Block(inner) => block(inner, see),
        LineBody::Match(inner) => matching(inner, see, &mut target),
        LineBody::Target(inner) => target(inner, see),
    }
}

fn target<'t>(target: &'t Target, see: NodeVisitor<'_, 't>) {
    match &target.kind {
        TargetKind::Nothing(because) => template(because, see),
        TargetKind::Destinations(destinations) => {
            for destination in destinations {
                if let Destination::Member(reference) = destination {
                    expression(&reference.value, see);
                }
            }
        }
        TargetKind::Decline => {}
    }
}

fn mute<'t>(mute: &'t Mute, see: NodeVisitor<'_, 't>) {
    expression(&mute.when, see);
    if let Some(source) = &mute.source {
        expression(&source.condition, see);
        source.same.iter().for_each(|value| expression(value, see));
    }
    template(&mute.because, see);
}

type ResultVisitor<'r, 't, R> = &'r mut dyn FnMut(&'t R, NodeVisitor<'_, 't>);

fn matching<'t, R>(matching: &'t Match<R>, see: NodeVisitor<'_, 't>, results: ResultVisitor<'_, 't, R>) {
    for subject in &matching.subjects {
        see(TreeNode::MatchSubject(subject));
        expression(subject, see);
    }
    matching.arms.iter().for_each(|each| arm(each, matching.ignore_case.into(), see, results));
}

fn arm<'t, R>(arm: &'t MatchArm<R>, case: Case, see: NodeVisitor<'_, 't>, results: ResultVisitor<'_, 't, R>) {
    for (pattern, test) in arm.tests() {
        see(TreeNode::Pattern { test, span: pattern.span, case });
        operands(test, see);
    }
    results(&arm.result, see);
    arm.note.iter().for_each(|note| template(note, see));
}

fn expression<'t>(value: &'t Expression, see: NodeVisitor<'_, 't>) {
    see(TreeNode::Expression(value));
    if let ExpressionKind::Template(text) = &value.kind {
        template(text, see);
    } else if let ExpressionKind::Match(inner) = &value.kind {
        matching(inner, see, &mut expression);
    } else if let ExpressionKind::Compare(inner) = &value.kind {
        comparison(inner, see);
    } else {
        value.each_part(&mut |part| expression(part, see));
    }
}

fn template<'t>(template: &'t Template, see: NodeVisitor<'_, 't>) {
    see(TreeNode::Template(template));
    template.values().for_each(|value| expression(value, see));
}

fn comparison<'t>(comparison: &'t Comparison, see: NodeVisitor<'_, 't>) {
    see(TreeNode::Comparison(comparison));
    match &comparison.subject {
        ComparisonSubject::Value(value) | ComparisonSubject::Nodes(_, value) => expression(value, see),
        ComparisonSubject::Now => {}
    }
    operands(&comparison.test, see);
}

fn operands<'t>(test: &'t Comparator, see: NodeVisitor<'_, 't>) {
    if let Comparator::During(schedule) = test {
        see(TreeNode::During(schedule));
    }
    test.operands().iter().for_each(|value| operand(value, see));
}

/// A string here is compared and does not interpolate.
fn operand<'t>(value: &'t Expression, see: NodeVisitor<'_, 't>) {
    if !matches!(value.kind, ExpressionKind::Template(_)) {
        expression(value, see);
    }
}

/// The words of a string without interpolated values, and its place.
pub(crate) fn plain(value: &Expression) -> Option<(&str, Span)> {
    let ExpressionKind::Template(template) = &value.kind else { return None };
    Some((template.plain()?, template.span))
}

/// The label that an expression reads, `labels.name` or `labels["name"]`, with the place of the whole.
pub(crate) fn label(value: &Expression) -> Option<&str> {
    let ExpressionKind::Navigate(base, segments) = &value.kind else { return None };
    let ExpressionKind::Name(name) = &base.kind else { return None };
    match segments.as_slice() {
        [segment] if &*name.text == "labels" => match &segment.step {
            NavigationStep::Member(member) => Some(member),
            NavigationStep::Index(_) | NavigationStep::Selector(_) => None,
        },
        _ => None,
    }
}

/// The name of a declaration; a test has a title only.
pub(crate) fn name(item: &DocumentedDeclaration) -> Option<&Identifier> {
    match &item.kind {
        Declaration::Mapping(declared) => Some(&declared.name),
        Declaration::Table(declared) => Some(&declared.name),
        Declaration::Define(declared) => Some(&declared.name),
        Declaration::Schedule(declared) => Some(&declared.name),
        Declaration::Channel(declared) => Some(&declared.name),
        Declaration::Routing(declared) => Some(&declared.name),
        Declaration::Mute(declared) => Some(&declared.name),
        Declaration::Heartbeat(declared) => Some(&declared.name),
        Declaration::Integration(declared) => Some(&declared.name),
        Declaration::Test(_) | Declaration::Prove(_) => None,
    }
}

/// The keyword of a declaration.
pub(crate) fn kind(item: &DocumentedDeclaration) -> &'static str {
    match &item.kind {
        Declaration::Mapping(_) => "mapping",
        Declaration::Table(_) => "table",
        Declaration::Define(_) => "define",
        Declaration::Schedule(_) => "schedule",
        Declaration::Channel(_) => "channel",
        Declaration::Routing(_) => "routing",
        Declaration::Mute(_) => "mute",
        Declaration::Heartbeat(_) => "heartbeat",
        Declaration::Integration(_) => "integration",
        Declaration::Test(_) => "test",
        Declaration::Prove(_) => "prove",
    }
}

/// All lets of a mapping.
pub(crate) fn lets(item: &DocumentedDeclaration) -> Vec<&Identifier> {
    let Declaration::Mapping(mapping) = &item.kind else { return Vec::new() };
    let lets = mapping.statements.iter().filter_map(|statement| {
        if let MappingStatementKind::Let(name, _) = &statement.kind { Some(name) } else { None }
    });
    lets.collect()
}

/// The labels that a mapping sets by name, with their values.
pub(crate) fn set_labels(item: &DocumentedDeclaration) -> Vec<(&StringLiteral, &Expression)> {
    let Declaration::Mapping(mapping) = &item.kind else { return Vec::new() };
    let entries = mapping.statements.iter().filter_map(|statement| {
        if let MappingStatementKind::Labels(entries) = &statement.kind { Some(entries) } else { None }
    });
    let set = entries
        .flatten()
        .filter_map(|entry| if let LabelEntry::Set(name, value) = entry { Some((name, value)) } else { None });
    set.collect()
}
