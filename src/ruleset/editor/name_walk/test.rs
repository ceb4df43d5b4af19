//! Names in tests and statements to prove.

use super::super::name::{NameId, NameKind, NameRole, WordMeaning};
use super::expression::field_named;
use super::{NameScope, NameWalker};
use crate::event::GroupField;
use crate::model::EventField;
use crate::source::Span;
use crate::syntax::tree::{
    CaseHoles, CaseRow, CaseRows, CaseTable, ExpectationKind, Identifier, Prove, ProveStatementKind, StringLiteral,
    Test, TestJson, TestJsonKind, TestStatementKind, TestSubject, TestTime,
};
use std::collections::HashMap;

/// The holes of a test.
type Holes = HashMap<Box<str>, NameId>;

impl NameWalker<'_> {
    pub(super) fn test(&mut self, test: &Test, span: Span) {
        let holes = self.holes(test, span);
        for statement in &test.statements {
            match &statement.kind {
                TestStatementKind::Subject(subject, name) => self.subject(*subject, name),
                TestStatementKind::Input(json)
                | TestStatementKind::Header(_, json)
                | TestStatementKind::PathSuffix(json) => self.json(json, &holes),
                TestStatementKind::InputFile(file) => {
                    self.file(file);
                }
                TestStatementKind::Event(json) | TestStatementKind::Times(_, json) => self.event(json, &holes),
                TestStatementKind::At(TestTime::Hole(name)) => self.hole(&name.text, name.span, &holes),
                TestStatementKind::Open(channels, _) => self.channels(channels),
                TestStatementKind::Cases(cases) => self.cases(cases, &holes),
                TestStatementKind::Silence(silence) => {
                    self.expression(&silence.condition, &NameScope::event());
                    self.channels(&silence.channels);
                }
                TestStatementKind::Down(channel, _)
                | TestStatementKind::Pause(channel)
                | TestStatementKind::Resume(channel) => self.channel_name(&channel.text, channel.span),
                TestStatementKind::Expect(expectation) => self.expectation(&expectation.kind, &holes),
                TestStatementKind::At(TestTime::Time(_))
                | TestStatementKind::SilenceEnd(_)
                | TestStatementKind::Restart(_) => {}
            }
        }
    }

    pub(super) fn prove(&mut self, prove: &Prove) {
        for statement in &prove.statements {
            match &statement.kind {
                ProveStatementKind::Subject(subject, name) => self.subject(*subject, name),
                ProveStatementKind::When(when) => self.expression(when, &NameScope::event()),
                ProveStatementKind::At(_) => {}
                ProveStatementKind::Expect(expectation) => self.expectation(&expectation.kind, &Holes::new()),
            }
        }
    }

    /// Declares the holes that `cases` names.
    fn holes(&mut self, test: &Test, span: Span) -> Holes {
        let mut holes = Holes::new();
        for statement in &test.statements {
            let TestStatementKind::Cases(CaseTable { holes: names, .. }) = &statement.kind else { continue };
            let (CaseHoles::Positional(names) | CaseHoles::Named(names, _)) = names else { continue };
            for name in names {
                let id = self.declare_name(NameKind::Hole, name, Some(span), None);
                holes.entry(name.text.clone()).or_insert(id);
            }
        }
        holes
    }

    fn subject(&mut self, subject: TestSubject, name: &Identifier) {
        let kind = match subject {
            TestSubject::Mapping => NameKind::Mapping,
            TestSubject::Routing => NameKind::Routing,
            TestSubject::Integration => NameKind::Integration,
            TestSubject::Channel => return self.channel_name(&name.text, name.span),
        };
        self.refer_to(kind, name);
    }

    fn channels(&mut self, names: &[Identifier]) {
        for name in names {
            self.channel_name(&name.text, name.span);
        }
    }

    /// `chat`, `team_chat["payments"]`
    fn channel_name(&mut self, name: &str, span: Span) {
        let Some((family, _)) = name.split_once('[') else {
            self.refer(NameKind::Channel, name, span);
            return;
        };
        let end = span.range().start + family.len();
        let Some(id) = self.refer(NameKind::Channel, family, Span::new(span.file, span.range().start, end)) else {
            return;
        };
        let text = self.sources.text(span);
        if let (Some(first), Some(last)) = (text.find('"'), text.rfind('"')) {
            let start = span.range().start;
            let place = Span::new(span.file, start + first + 1, start + last);
            let member = self.sources.text(place).to_owned();
            self.member(id, &member, place);
        }
    }

    fn hole(&mut self, name: &str, span: Span, holes: &Holes) {
        if let Some(id) = holes.get(name) {
            self.add(span, WordMeaning::Declared(*id), NameRole::Uses);
        }
    }

    /// JSON that is a payload, or what a payload gives.
    fn json(&mut self, json: &TestJson, holes: &Holes) {
        match &json.kind {
            TestJsonKind::Hole(name) => self.hole(name, json.span, holes),
            TestJsonKind::Constant(name) => self.constant(name, json.span),
            TestJsonKind::Null
            | TestJsonKind::Missing
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Text(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => {}
        }
        json.parts().for_each(|part| self.json(part, holes));
    }

    /// JSON that is an event, or a part of one.
    fn event(&mut self, json: &TestJson, holes: &Holes) {
        let Some(members) = json.members() else { return self.json(json, holes) };
        for (name, value) in members {
            let place = self.inside(name.span);
            let Some(field) = field_named(&name.value) else {
                self.group(name, value);
                self.json(value, holes);
                continue;
            };
            self.add(place, WordMeaning::Field(field), NameRole::Uses);
            if field == EventField::Labels {
                self.event_labels(value);
            }
            self.event_source(field, value);
            self.json(value, holes);
        }
    }

    fn event_labels(&mut self, labels: &TestJson) {
        for (name, _) in labels.members().unwrap_or_default() {
            let place = self.inside(name.span);
            self.label(&name.value, place, NameRole::Uses);
        }
    }

    fn event_source(&mut self, field: EventField, value: &TestJson) {
        if let TestJsonKind::Text(text) = &value.kind {
            self.source_text(field, text, value.span);
        }
    }

    fn group(&mut self, name: &StringLiteral, value: &TestJson) {
        if &*name.value != "group" {
            return;
        }
        for (member, _) in value.members().unwrap_or_default() {
            if let Some(field) = GroupField::ALL.into_iter().find(|field| field.name() == &*member.value) {
                let place = self.inside(member.span);
                self.add(place, WordMeaning::GroupField(field), NameRole::Uses);
            }
        }
    }

    fn cases(&mut self, cases: &CaseTable, holes: &Holes) {
        let field = field_named(&cases.subject.text);
        if let Some(field) = field {
            self.add(cases.subject.span, WordMeaning::Field(field), NameRole::Uses);
        }
        let rows = match &cases.rows {
            CaseRows::Inline(rows) => rows,
            CaseRows::File(file) => {
                self.file(file);
                return;
            }
        };
        for CaseRow { values, expected, .. } in rows {
            for value in values.iter().flatten() {
                if matches!(cases.holes, CaseHoles::Named(..)) {
                    for (name, _) in value.members().unwrap_or_default() {
                        self.hole(&name.value, self.inside(name.span), holes);
                    }
                }
                // Rows hold values: a bare word in them fills nothing.
                self.json(value, &Holes::new());
            }
            match field {
                Some(field) => {
                    self.event_source(field, expected);
                    if field == EventField::Labels {
                        self.event_labels(expected);
                    }
                    self.json(expected, &Holes::new());
                }
                None => self.sent(expected),
            }
        }
    }

    /// The channels that a row expects.
    fn sent(&mut self, expected: &TestJson) {
        if let TestJsonKind::Hole(name) = &expected.kind {
            self.channel_name(name, expected.span);
        }
        expected.parts().for_each(|part| self.sent(part));
    }

    fn expectation(&mut self, kind: &ExpectationKind, holes: &Holes) {
        match kind {
            ExpectationKind::Subset(json) | ExpectationKind::Exactly(json) => self.event(json, holes),
            ExpectationKind::Body(json) | ExpectationKind::Answer(json) => self.json(json, holes),
            ExpectationKind::Sent(_, channels, _) => self.channels(channels),
            ExpectationKind::Via(paths) => paths.iter().for_each(|path| self.route_path(path)),
            ExpectationKind::SameKeyAs(file) | ExpectationKind::Snapshot(file) => {
                self.file(file);
            }
            ExpectationKind::Notified(channel, messages) => {
                self.channel_name(&channel.text, channel.span);
                for message in messages {
                    self.event(message, holes);
                }
            }
            ExpectationKind::Held(_, Some(channel))
            | ExpectationKind::NotHeld(Some(channel))
            | ExpectationKind::Waits(Some(channel), _) => self.channel_name(&channel.text, channel.span),
            ExpectationKind::Count { .. }
            | ExpectationKind::Dropped(_)
            | ExpectationKind::NotDropped
            | ExpectationKind::Empty
            | ExpectationKind::Unaccepted
            | ExpectationKind::Invalid
            | ExpectationKind::Nothing(_)
            | ExpectationKind::Note(_)
            | ExpectationKind::Held(_, None)
            | ExpectationKind::NotHeld(None)
            | ExpectationKind::Waits(None, _) => {}
        }
    }

    /// `main.payments.page`: each part is a name of its own.
    fn route_path(&mut self, path: &Identifier) {
        let mut end = 0;
        for part in path.text.split('.') {
            let start = end + usize::from(end > 0);
            end = start + part.len();
            let prefix = path.text.get(..end).unwrap_or_default();
            if let Some(id) = self.routes.get(prefix).copied().filter(|_| part != "else") {
                let at = path.span.range().start;
                let place = Span::new(path.span.file, at + start, at + end);
                self.add(place, WordMeaning::Declared(id), NameRole::Uses);
            }
        }
    }
}
