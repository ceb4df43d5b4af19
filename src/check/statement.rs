//! Statements to prove: names to positions. What is wrong with them is reported as for tests.

use super::context::LoweringContext;
use super::scope::{ExpressionLowering, ExpressionScope};
use crate::model::{ChannelId, Model, Statement, StatementExpectation, StatementExpectationKind};
use crate::source::Span;
use crate::syntax::tree::{
    DocumentedDeclaration, Expectation, ExpectationKind, Identifier, Prove, ProveStatementKind, SentMode, TestSubject,
    TestTime,
};
use crate::time::Timestamp;

/// A statement of the model; nothing if part of it is refused.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    written: &Prove,
    model: &Model,
    cx: &mut LoweringContext<'_>,
) -> Option<Statement> {
    let (mut routing, mut when, mut at, mut expectations) = (None, None, None, Vec::new());
    let mut is_whole = !item.broken;
    for line in &written.statements {
        match &line.kind {
            ProveStatementKind::Subject(TestSubject::Routing, name) => {
                routing = model.routings.iter().position(|each| each.name == name.text);
            }
            ProveStatementKind::Subject(..) => {}
            ProveStatementKind::When(condition) => {
                when = Some(ExpressionLowering { cx, scope: ExpressionScope::Event }.condition(condition));
            }
            ProveStatementKind::At(TestTime::Time(time)) => {
                at = Timestamp::read(&time.text);
                is_whole &= at.is_some();
            }
            ProveStatementKind::At(TestTime::Hole(_)) => is_whole = false,
            ProveStatementKind::Expect(expectation) => match expected(expectation, line.span, model) {
                Some(expectation) => expectations.push(expectation),
                None => is_whole = false,
            },
        }
    }
    let statement = Statement {
        name: written.name.value.clone(),
        span: written.name.span,
        item: item.span,
        routing: routing?,
        when,
        at,
        expectations,
    };
    is_whole.then_some(statement)
}

fn expected(written: &Expectation, span: Span, model: &Model) -> Option<StatementExpectation> {
    let kind = match &written.kind {
        ExpectationKind::Sent(mode, names, _) => {
            let channels = channels(names, model)?;
            match mode {
                SentMode::Exactly => StatementExpectationKind::Exactly(channels),
                SentMode::Includes => StatementExpectationKind::Includes(channels),
                SentMode::Any => StatementExpectationKind::Any(channels),
                SentMode::Excludes => StatementExpectationKind::Excludes(channels),
            }
        }
        ExpectationKind::Via(paths) => {
            StatementExpectationKind::Via(paths.iter().map(|path| path.text.clone()).collect())
        }
        ExpectationKind::NotDropped => StatementExpectationKind::NotDropped,
        ExpectationKind::Count { .. }
        | ExpectationKind::Subset(_)
        | ExpectationKind::Exactly(_)
        | ExpectationKind::Dropped(_)
        | ExpectationKind::Empty
        | ExpectationKind::Unaccepted
        | ExpectationKind::Invalid
        | ExpectationKind::Nothing(_)
        | ExpectationKind::Note(_)
        | ExpectationKind::SameKeyAs(_)
        | ExpectationKind::Snapshot(_)
        | ExpectationKind::Body(_)
        | ExpectationKind::Answer(_)
        | ExpectationKind::Notified(..)
        | ExpectationKind::Held(..)
        | ExpectationKind::NotHeld(_)
        | ExpectationKind::Waits(..) => return None,
    };
    Some(StatementExpectation { kind, span })
}

/// The channels of the names; a family stands for all of its members.
fn channels(names: &[Identifier], model: &Model) -> Option<Vec<ChannelId>> {
    let mut channels = Vec::new();
    for name in names {
        match model.family(&name.text) {
            Some(family) => channels.extend(family.members.iter().map(|(_, channel)| *channel)),
            None => channels.push(model.channels.iter().position(|channel| channel.name == name.text)?),
        }
    }
    channels.sort_unstable();
    channels.dedup();
    Some(channels)
}
