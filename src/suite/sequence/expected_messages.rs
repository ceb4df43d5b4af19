//! What a sequence expects of channels: exactly the messages since the last line about each, in order.

use super::history::{message_text, moment_text};
use crate::json::Arena;
use crate::notification::MessageEvent;
use crate::source::Span;
use crate::suite::case_run::CaseRunner;
use crate::suite::compare;
use crate::suite::failure::TestFailure;
use crate::suite::fields;
use crate::suite::test_value::TestValue;
use crate::suite::timeline::{DeliveredMessage, TimelineLimit};
use crate::syntax::tree::{ExpectationKind, Identifier, Test, TestJson, TestStatementKind};
use crate::text::plural;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// How many bytes of messages wait for the lines that expect them.
const MAX_KEPT_BYTES: usize = 64 << 20;
/// How many messages a failure shows.
const SHOWN_MESSAGES: usize = 10;

/// The channels whose messages the sequence expects, with those that no line was compared with yet.
#[derive(Debug, Default)]
pub(super) struct ChannelExpectations {
    channels: BTreeMap<String, ExpectingChannel>,
    bytes: usize,
}

#[derive(Debug)]
struct ExpectingChannel {
    /// The last line that expects something of it.
    last_line: Span,
    messages: Vec<DeliveredMessage>,
}

/// A line that expects messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExpectedMessages<'t> {
    pub(super) channel: &'t Identifier,
    pub(super) messages: &'t [TestJson],
    pub(super) span: Span,
    /// When the channel has something to tell next.
    pub(super) next: Option<Timestamp>,
}

impl ChannelExpectations {
    /// The channels of a test.
    pub(super) fn of(test: &Test) -> Self {
        let mut channels = BTreeMap::new();
        for statement in &test.statements {
            if let TestStatementKind::Expect(expectation) = &statement.kind
                && let ExpectationKind::Notified(channel, _) = &expectation.kind
            {
                let expecting = ExpectingChannel { last_line: statement.span, messages: Vec::new() };
                channels.insert(channel.text.to_string(), expecting);
            }
        }
        Self { channels, bytes: 0 }
    }

    /// Keeps a message for the next line, if the sequence expects something of its channel.
    pub(super) fn keep(&mut self, delivered: DeliveredMessage) -> Result<(), TimelineLimit> {
        let Some(channel) = self.channels.get_mut(&delivered.channel) else { return Ok(()) };
        self.bytes = self.bytes.saturating_add(delivered.message.bytes());
        if self.bytes > MAX_KEPT_BYTES {
            return Err(TimelineLimit::Memory);
        }
        channel.messages.push(delivered);
        Ok(())
    }

    /// Compares the messages since the last line with those that are expected.
    pub(super) fn check(
        &mut self,
        runner: &CaseRunner<'_>,
        begin: Timestamp,
        line: ExpectedMessages<'_>,
    ) -> Result<(), Box<TestFailure>> {
        let name = &*line.channel.text;
        let found =
            self.channels.get_mut(name).map(|channel| std::mem::take(&mut channel.messages)).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(found.iter().map(|each| each.message.bytes()).sum());
        let expected = line.messages.iter().map(|json| Ok(expected_value(&runner.fill(json)?)));
        let expected = expected.collect::<Result<Vec<TestValue>, Box<TestFailure>>>()?;
        let actual: Vec<TestValue> = found.iter().map(|delivered| actual_value(&delivered.message)).collect();
        if expected.len() == actual.len() {
            let mut pairs = expected.iter().zip(&actual).zip(&found);
            let Some(((expected, actual), delivered)) =
                pairs.find(|((expected, actual), _)| !compare::holds(expected, actual))
            else {
                return Ok(());
            };
            let made = moment_text(begin, delivered.at);
            let failure = runner.fail(line.span, format!("the message to `{name}` at {made} is not as expected"));
            return Err(Box::new(failure.compared(expected, &compare::projected(expected, actual))));
        }
        let message = format!("`{name}` got {}, and this line expects {}", count(found.len()), words(expected.len()));
        let expected = expected.iter().map(TestValue::to_string).collect::<Vec<_>>();
        let failure = runner.fail(line.span, message).expected(listed(expected)).actual(messages(begin, &found));
        Err(Box::new(match line.next.filter(|_| found.is_empty()) {
            Some(next) => failure.help(format!("the next message is due at {}", moment_text(begin, next))),
            None => failure,
        }))
    }

    /// What is left at the end, and no line expects.
    pub(super) fn unexpected(&mut self, runner: &CaseRunner<'_>, begin: Timestamp) -> Vec<TestFailure> {
        let left = std::mem::take(&mut self.channels).into_iter().filter(|(_, channel)| !channel.messages.is_empty());
        left.map(|(name, ExpectingChannel { last_line, messages: left })| {
            let message = format!("after its last line, `{name}` got {}", count(left.len()));
            let failure = runner.fail(last_line, message).expected("nothing").actual(messages(begin, &left));
            failure.help("write an `expect notified` line for it, with its moment")
        })
        .collect()
    }
}

/// `none`, `1`
fn words(expected: usize) -> String {
    if expected == 0 { "none".to_owned() } else { expected.to_string() }
}

/// `no message`, `1 message`
fn count(messages: usize) -> String {
    match messages {
        0 => "no message".to_owned(),
        count => plural(u32::try_from(count).unwrap_or(u32::MAX), "message"),
    }
}

fn listed(mut lines: Vec<String>) -> String {
    let more = lines.len().saturating_sub(SHOWN_MESSAGES);
    lines.truncate(SHOWN_MESSAGES);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}

/// Messages with their times, reasons and titles.
fn messages(begin: Timestamp, delivered: &[DeliveredMessage]) -> String {
    let line = |each: &DeliveredMessage| format!("{} {}", moment_text(begin, each.at), message_text(each));
    listed(delivered.iter().map(line).collect())
}

/// An expected message in the notation of actual ones: the facts of its group are JSON.
fn expected_value(written: &TestValue) -> TestValue {
    let TestValue::Object(members) = fields::expected(written) else { return written.clone() };
    let member = |(name, value): (Box<str>, TestValue)| match &*name {
        "group" => {
            let group = fields::expected(&fields::unquoted(&value));
            (name, group)
        }
        _ => (name, value),
    };
    TestValue::Object(members.into_iter().map(member).collect())
}

/// A message as a value: the event and its group.
fn actual_value(message: &MessageEvent) -> TestValue {
    let arena = Arena::new();
    let event = TestValue::from(&message.event.event(&arena));
    let group = TestValue::from(&message.group.to_value());
    TestValue::Object(event.members().iter().cloned().chain([("group".into(), group)]).collect())
}
