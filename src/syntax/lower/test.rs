//! Tests.

use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{
    CaseHoles, CaseRow, CaseRows, CaseTable, Expectation, ExpectationKind, Identifier, MomentRepetition, RepeatCount,
    SentMode, SilenceStep, StepMoments, Test, TestJson, TestJsonKind, TestStatement, TestStatementKind, TestSubject,
    TestTime,
};

impl TreeBuilder<'_> {
    pub(super) fn test(&mut self, pairs: &mut RulePairs<'_>) -> Option<Test> {
        let name = self.next_text(pairs)?;
        Some(Test { name, statements: self.readable(pairs, Self::test_statement) })
    }

    pub(super) fn test_statement(&mut self, pair: RulePair<'_>) -> Option<TestStatement> {
        if pair.as_rule() == Rule::timed_step {
            let start = self.span(&pair);
            let mut parts = pair.into_inner();
            let moments = self.next(&mut parts)?;
            let moments = self.moments(moments)?;
            let step = self.next(&mut parts)?;
            let step = self.test_statement(step)?;
            return Some(TestStatement { moments: Some(moments), span: self.until_here(start), ..step });
        }
        let start = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts = pair.into_inner();
        let kind = match rule {
            Rule::subject => {
                let subject = self.next_subject(&mut parts)?;
                let name = self.next(&mut parts)?;
                TestStatementKind::Subject(subject, self.channel_name(name)?)
            }
            Rule::input if names_file(&parts) => TestStatementKind::InputFile(self.next_text(&mut parts)?),
            Rule::input => TestStatementKind::Input(self.next_json(&mut parts)?),
            Rule::request_header => {
                let name = self.next_text(&mut parts)?;
                TestStatementKind::Header(name, self.next_json(&mut parts)?)
            }
            Rule::request_suffix => TestStatementKind::PathSuffix(self.next_json(&mut parts)?),
            Rule::event => TestStatementKind::Event(self.next_json(&mut parts)?),
            Rule::at => {
                let time = self.peek(&mut parts) == Some(Rule::timestamp);
                let name = self.next_name(&mut parts)?;
                TestStatementKind::At(if time { TestTime::Time(name) } else { TestTime::Hole(name) })
            }
            Rule::open => {
                let (names, span) = self.next_names(&mut parts)?;
                TestStatementKind::Open(names, span)
            }
            Rule::cases => TestStatementKind::Cases(self.cases(&mut parts)?),
            Rule::expect => TestStatementKind::Expect(self.expectation(&mut parts)?),
            _ => self.step(rule, &mut parts)?,
        };
        Some(TestStatement { moments: None, kind, span: self.until_here(start) })
    }

    /// A statement that only sequences have.
    fn step(&mut self, rule: Rule, parts: &mut RulePairs<'_>) -> Option<TestStatementKind> {
        Some(match rule {
            Rule::repeated_event => {
                let count = self.next(parts)?;
                let count = RepeatCount { number: self.integer(&count)?, span: self.span(&count) };
                let event = self.next(parts)?;
                TestStatementKind::Times(count, self.next_json(&mut event.into_inner())?)
            }
            Rule::restart => TestStatementKind::Restart(self.next_name(parts)?),
            Rule::down => TestStatementKind::Down(self.next_channel(parts)?, self.next_name(parts)?),
            Rule::pause => TestStatementKind::Pause(self.next_channel(parts)?),
            Rule::resume => TestStatementKind::Resume(self.next_channel(parts)?),
            Rule::silence => {
                let condition = self.value(parts)?;
                let duration = self.next_name(parts)?;
                let mut channels = Vec::new();
                while self.peek(parts) != Some(Rule::string) {
                    channels.push(self.next_channel(parts)?);
                }
                let reason = self.next_text(parts)?;
                TestStatementKind::Silence(Box::new(SilenceStep { condition, duration, channels, reason }))
            }
            _ => TestStatementKind::SilenceEnd(self.next_text(parts)?),
        })
    }

    fn moments(&mut self, pair: RulePair<'_>) -> Option<StepMoments> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = self.next_moment(&mut parts)?;
        let repetition = match self.peek(&mut parts) {
            Some(_) => {
                Some(MomentRepetition { last: self.next_moment(&mut parts)?, interval: self.next_name(&mut parts)? })
            }
            None => None,
        };
        Some(StepMoments { first, repetition, span: self.until_here(start) })
    }

    /// `+30s`, without the `+`.
    fn next_moment(&mut self, parts: &mut RulePairs<'_>) -> Option<Identifier> {
        let moment = self.next(parts)?;
        self.next_name(&mut moment.into_inner())
    }

    fn next_channel(&mut self, parts: &mut RulePairs<'_>) -> Option<Identifier> {
        let pair = self.next(parts)?;
        self.channel_name(pair)
    }

    fn next_subject(&mut self, parts: &mut RulePairs<'_>) -> Option<TestSubject> {
        let pair = self.next(parts)?;
        self.leaf(&pair);
        Some(match pair.as_rule() {
            Rule::k_mapping => TestSubject::Mapping,
            Rule::k_routing => TestSubject::Routing,
            Rule::k_integration => TestSubject::Integration,
            _ => TestSubject::Channel,
        })
    }

    fn next_names(&mut self, parts: &mut RulePairs<'_>) -> Option<(Vec<Identifier>, Span)> {
        let pair = self.next(parts)?;
        let start = self.span(&pair);
        let names = self.all(&mut pair.into_inner(), |builder, parts| {
            let pair = builder.next(parts)?;
            builder.channel_name(pair)
        })?;
        Some((names, self.until_here(start)))
    }

    fn cases(&mut self, parts: &mut RulePairs<'_>) -> Option<CaseTable> {
        if self.peek(parts) == Some(Rule::string) {
            let file = self.next_text(parts)?;
            let subject = self.next_name(parts)?;
            return Some(CaseTable { holes: CaseHoles::FromFile, subject, rows: CaseRows::File(file) });
        }
        let holes = self.next(parts)?;
        let start = self.span(&holes);
        let braced = holes.as_str().starts_with('{');
        let names = self.all(&mut holes.into_inner(), Self::next_name)?;
        let holes = if braced { CaseHoles::Named(names, self.until_here(start)) } else { CaseHoles::Positional(names) };
        let subject = self.next_name(parts)?;
        let rows = self.next(parts)?;
        let rows = self.readable(&mut rows.into_inner(), Self::case_row);
        Some(CaseTable { holes, subject, rows: CaseRows::Inline(rows) })
    }

    fn case_row(&mut self, pair: RulePair<'_>) -> Option<CaseRow> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let mut values = Vec::new();
        while let Some(value) = self.take(Rule::case_value, &mut parts) {
            values.push(self.all(&mut value.into_inner(), Self::next_json)?);
        }
        let expected = self.next_json(&mut parts)?;
        Some(CaseRow { values, expected, span: self.until_here(start) })
    }

    fn expectation(&mut self, parts: &mut RulePairs<'_>) -> Option<Expectation> {
        if let Some(count) = self.take(Rule::count, parts) {
            let kind = self.count(&mut count.into_inner())?;
            return Some(Expectation { outcome: None, kind });
        }
        let start = self.peek(parts).and_then(|_| parts.peek()).map(|pair| self.span(&pair));
        let outcome = match self.take(Rule::integer, parts) {
            Some(number) => {
                let index = self.integer(&number)?;
                Some((index, self.span(&number).to(start?)))
            }
            None => None,
        };
        let pair = self.next(parts)?;
        Some(Expectation { outcome, kind: self.expected(pair)? })
    }

    fn expected(&mut self, pair: RulePair<'_>) -> Option<ExpectationKind> {
        let rule = pair.as_rule();
        if rule == Rule::json_object {
            return Some(ExpectationKind::Subset(self.json(pair)?));
        }
        if matches!(rule, Rule::k_empty | Rule::k_unaccepted | Rule::k_invalid) {
            self.leaf(&pair);
        }
        let mut parts = pair.into_inner();
        Some(match rule {
            Rule::k_empty => ExpectationKind::Empty,
            Rule::k_unaccepted => ExpectationKind::Unaccepted,
            Rule::k_invalid => ExpectationKind::Invalid,
            Rule::exactly => ExpectationKind::Exactly(self.next_json(&mut parts)?),
            Rule::not_dropped => {
                self.finish(&mut parts);
                ExpectationKind::NotDropped
            }
            Rule::not_held => {
                self.take(Rule::k_not, &mut parts);
                let channel = self.peek(&mut parts).and_then(|_| self.next_channel(&mut parts));
                ExpectationKind::NotHeld(channel)
            }
            Rule::dropped => ExpectationKind::Dropped(self.next_text(&mut parts)),
            Rule::nothing => ExpectationKind::Nothing(self.next_text(&mut parts)),
            Rule::sent => {
                let mode = self.sent_mode(&mut parts);
                let (names, span) = self.next_names(&mut parts)?;
                ExpectationKind::Sent(mode, names, span)
            }
            Rule::via => ExpectationKind::Via(self.all(&mut parts, Self::next_name)?),
            Rule::noted => ExpectationKind::Note(self.next_text(&mut parts)?),
            Rule::same_key => ExpectationKind::SameKeyAs(self.next_text(&mut parts)?),
            Rule::snapshot => ExpectationKind::Snapshot(self.next_text(&mut parts)?),
            Rule::answered => ExpectationKind::Answer(self.next_json(&mut parts)?),
            Rule::notified => {
                let channel = self.next_channel(&mut parts)?;
                ExpectationKind::Notified(channel, self.messages(&mut parts)?)
            }
            Rule::held => {
                let reason = self.take(Rule::string, &mut parts).map(|text| self.text(&text, BraceMode::Plain));
                let channel = self.peek(&mut parts).and_then(|_| self.next_channel(&mut parts));
                ExpectationKind::Held(reason, channel)
            }
            Rule::waits => {
                let is_moment = self.peek(&mut parts) == Some(Rule::moment);
                let channel = if is_moment { None } else { Some(self.next_channel(&mut parts)?) };
                ExpectationKind::Waits(channel, self.next_moment(&mut parts)?)
            }
            _ => ExpectationKind::Body(self.next_json(&mut parts)?),
        })
    }

    /// `{subset}`, `[{subset}, …]`, or `nothing`, which is no message.
    fn messages(&mut self, parts: &mut RulePairs<'_>) -> Option<Vec<TestJson>> {
        if self.peek(parts).is_none() {
            return Some(Vec::new());
        }
        let json = self.next_json(parts)?;
        Some(match json.kind {
            TestJsonKind::Array(items) => items,
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Hole(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Object(_) => vec![json],
        })
    }

    fn sent_mode(&mut self, parts: &mut RulePairs<'_>) -> SentMode {
        let mode = match self.peek(parts) {
            Some(Rule::k_includes) => SentMode::Includes,
            Some(Rule::k_excludes) => SentMode::Excludes,
            _ => return SentMode::Exactly,
        };
        self.next(parts);
        if self.take(Rule::k_any, parts).is_some() { SentMode::Any } else { mode }
    }

    fn count(&mut self, parts: &mut RulePairs<'_>) -> Option<ExpectationKind> {
        let events = self.next(parts)?;
        let events = self.integer(&events)?;
        let dropped = match self.next(parts) {
            Some(dropped) => Some(self.integer(&dropped)?),
            None => None,
        };
        Some(ExpectationKind::Count { events, dropped })
    }

    fn integer(&mut self, pair: &RulePair<'_>) -> Option<usize> {
        let span = self.leaf(pair);
        let number = pair.as_str().parse().ok();
        if number.is_none() {
            let message = format!("the number `{}` is too large", pair.as_str());
            self.diagnostics.push(Diagnostic::new(&codes::NUMBER, span, message));
        }
        number
    }
}

/// Whether `file` comes before what says something.
fn names_file(parts: &RulePairs<'_>) -> bool {
    parts.clone().any(|pair| pair.as_rule() == Rule::k_file)
}
