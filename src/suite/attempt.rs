//! One case, run: its input built, its subject asked, what came out.

use super::failure::Failure;
use super::files::Files;
use super::plan::{Input, Plan};
use super::seen::Seen;
use super::shown::{Bindings, Shown, Unfilled};
use super::stand_in;
use super::watch::Watch;
use crate::diagnostic::nearest;
use crate::evaluate::Context;
use crate::event::{Outcome, Result as Came};
use crate::json;
use crate::ruleset::{RuleSet, Subject};
use crate::source::Span;
use crate::syntax::tree::{At, Json, Name, TestSubject, Text};
use crate::time::Instant;

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// The outcomes, in payload order.
    pub(super) seen: Vec<Seen>,
    /// The body that a channel would send.
    pub(super) body: Option<Shown>,
    /// What happened on the way.
    pub(super) watch: Watch,
}

/// What cases are run with.
pub(super) struct Bench<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) plan: &'r Plan<'r>,
    pub(super) bindings: &'r Bindings,
}

impl Bench<'_> {
    /// Runs the case.
    pub(super) fn attempt(&self, files: &dyn Files) -> Result<Attempt, Box<Failure>> {
        let whole = self.plan.test.tree.name.span;
        let Some((kind, subject)) = self.plan.subject else {
            return Err(self.fail(whole, "the test names no subject"));
        };
        let Some((input, place)) = self.plan.input else {
            return Err(self.fail(whole, "the test gives no input"));
        };
        match input {
            Input::Payload(json) => {
                let bytes = self.fill(json)?.to_json().unwrap_or_default();
                self.map(kind, subject, bytes.as_bytes())
            }
            Input::File(file) => self.map(kind, subject, &self.bytes(file, files)?),
            Input::Event(json) => self.event(kind, subject, json, place),
        }
    }

    /// Runs the same subject over the bytes of another file.
    pub(super) fn attempt_file(&self, file: &Text, files: &dyn Files) -> Result<Attempt, Box<Failure>> {
        let Some((kind, subject)) = self.plan.subject else {
            return Err(self.fail(file.span, "the test names no subject"));
        };
        self.map(kind, subject, &self.bytes(file, files)?)
    }

    fn bytes(&self, file: &Text, files: &dyn Files) -> Result<Vec<u8>, Box<Failure>> {
        let path = self.plan.test.folder.join(&*file.value);
        let unread = |reason| {
            let failure = Failure::new(
                &self.rules.sources,
                file.span,
                format!("cannot read `{}`: {reason}", file.value),
            );
            Box::new(failure.help("paths are relative to the folder of the test's file"))
        };
        files.read(&path).map_err(unread)
    }

    fn map(&self, kind: TestSubject, name: &Name, bytes: &[u8]) -> Result<Attempt, Box<Failure>> {
        let subject = match kind {
            TestSubject::Mapping => Subject::Mapping(&name.text, None),
            TestSubject::Integration => Subject::Integration(&name.text),
            TestSubject::Routing | TestSubject::Channel => {
                return Err(self.fail(name.span, "this subject takes an `event`, not an `input`"));
            }
        };
        let mut watch = Watch::default();
        let arena = json::Arena::new();
        let seen = match json::parse(bytes, &arena) {
            Ok(document) => {
                let context = Context { now: self.now()?, open: &|_| self.open() };
                let outcomes = self.rules.evaluate(subject, &document, &context, &mut watch);
                let outcomes = outcomes.map_err(|_| self.unknown(name))?;
                outcomes.iter().map(|outcome| self.see(outcome)).collect()
            }
            Err(invalid) => vec![self.see(&refused(kind, name, invalid))],
        };
        Ok(Attempt { seen, body: None, watch })
    }

    fn event(
        &self,
        kind: TestSubject,
        name: &Name,
        json: &Json,
        place: Span,
    ) -> Result<Attempt, Box<Failure>> {
        let arena = json::Arena::new();
        let event =
            stand_in::event(&self.fill(json)?, &arena).map_err(|message| self.fail(place, message))?;
        let context = Context { now: self.now()?, open: &|_| self.open() };
        let mut watch = Watch::default();
        match kind {
            TestSubject::Routing => {
                let outcome = self.rules.route(&name.text, event, &context, &arena, &mut watch);
                let seen = vec![self.see(&outcome.map_err(|_| self.unknown(name))?)];
                Ok(Attempt { seen, body: None, watch })
            }
            TestSubject::Channel => {
                let body = self.rules.body(&name.text, event, &context).map_err(|_| self.unknown(name))?;
                Ok(Attempt { seen: Vec::new(), body: Some(Shown::from(&body)), watch })
            }
            TestSubject::Mapping | TestSubject::Integration => {
                Err(self.fail(name.span, "this subject takes an `input`, not an `event`"))
            }
        }
    }

    /// JSON of the test with its holes filled.
    pub(super) fn fill(&self, json: &Json) -> Result<Shown, Box<Failure>> {
        Shown::written(json, self.bindings).map_err(|Unfilled { hole, place }| self.unfilled(&hole, place))
    }

    fn unfilled(&self, hole: &str, place: Span) -> Box<Failure> {
        let failure = self.fail(place, format!("nothing fills the hole `{hole}`"));
        match nearest(hole, self.bindings.iter().map(|(name, _)| &**name)) {
            Some(near) => Box::new(failure.help(format!("did you mean `{near}`?"))),
            None => failure,
        }
    }

    fn now(&self) -> Result<Instant, Box<Failure>> {
        let (text, span) = match self.plan.at {
            None => (Shown::Text(stand_in::AT.into()), self.plan.test.tree.name.span),
            Some((At::Time(time), _)) => (Shown::Text(time.text.clone()), time.span),
            Some((At::Hole(hole), _)) => {
                let bound = self.bindings.iter().find(|(name, _)| *name == hole.text);
                let unfilled = || self.unfilled(&hole.text, hole.span);
                (bound.map(|(_, value)| value.clone()).ok_or_else(unfilled)?, hole.span)
            }
        };
        let time = match &text {
            Shown::Text(text) | Shown::Name(text) | Shown::Number(text) => Instant::read(text),
            Shown::Missing => Instant::read(stand_in::AT),
            Shown::Null | Shown::Boolean(_) | Shown::List(_) | Shown::Object(_) => None,
        };
        time.ok_or_else(|| self.fail(span, format!("{text} is no time")))
    }

    fn see(&self, outcome: &Outcome<'_>) -> Seen {
        let file = self.rules.sources.name(self.plan.test.span);
        Seen::new(outcome, file.rsplit_once('/').map_or("", |(folder, _)| folder))
    }

    fn open(&self) -> Vec<String> {
        self.plan.open.iter().map(|channel| channel.text.to_string()).collect()
    }

    fn unknown(&self, name: &Name) -> Box<Failure> {
        self.fail(name.span, format!("the rule set holds no `{}`", name.text))
    }

    fn fail(&self, span: Span, message: impl Into<String>) -> Box<Failure> {
        Box::new(Failure::new(&self.rules.sources, span, message))
    }
}

/// The outcome of bytes that are not JSON.
fn refused(kind: TestSubject, name: &Name, invalid: json::Invalid) -> Outcome<'_> {
    let json::Invalid { line, column, message } = invalid;
    let integration = (kind == TestSubject::Integration).then_some(&*name.text);
    Outcome { integration, mapping: None, index: None, result: Came::Invalid { line, column, message } }
}
