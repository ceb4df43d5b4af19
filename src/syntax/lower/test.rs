//! Tests.

use super::{Rule, RulePair, RulePairs, TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{
    CaseHoles, CaseRow, CaseRows, CaseTable, Expectation, ExpectationKind, Identifier, SentMode, Test, TestStatement,
    TestStatementKind, TestSubject, TestTime,
};

impl TreeBuilder<'_> {
    pub(super) fn test(&mut self, pairs: &mut RulePairs<'_>) -> Option<Test> {
        let name = self.next_text(pairs)?;
        Some(Test { name, statements: self.readable(pairs, Self::test_statement) })
    }

    fn test_statement(&mut self, pair: RulePair<'_>) -> Option<TestStatement> {
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
            _ => TestStatementKind::Expect(self.expectation(&mut parts)?),
        };
        Some(TestStatement { kind, span: self.until_here(start) })
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
            _ => ExpectationKind::Body(self.next_json(&mut parts)?),
        })
    }

    fn sent_mode(&mut self, parts: &mut RulePairs<'_>) -> SentMode {
        let mode = match self.peek(parts) {
            Some(Rule::k_includes) => SentMode::Includes,
            Some(Rule::k_excludes) => SentMode::Excludes,
            _ => return SentMode::Exactly,
        };
        self.next(parts);
        mode
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
