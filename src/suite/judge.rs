//! Every form of `expect`, held against what came out.

use super::attempt::{Attempt, Bench};
use super::compare;
use super::failure::Failure;
use super::fields;
use super::files::Files;
use super::seen::{Kind, Seen, listed};
use super::shown::{Shown, quoted};
use super::walk;
use super::watch::plural;
use crate::source::Span;
use crate::syntax::tree::{Expectation, ExpectationKind, Name, SentMode, Text};

/// What a judgement of one expectation needs.
pub(super) struct Judge<'j> {
    pub(super) bench: &'j Bench<'j>,
    pub(super) attempt: &'j Attempt,
    /// Where the expectation is written.
    pub(super) span: Span,
    /// `outcome N`
    pub(super) outcome: Option<usize>,
}

/// Nothing where it came true.
pub(super) type Verdict = Result<(), Box<Failure>>;

impl Judge<'_> {
    /// Judges an expectation that needs no file but perhaps another payload; snapshots are judged apart.
    pub(super) fn expectation(&self, expectation: &Expectation, files: &dyn Files) -> Verdict {
        match &expectation.kind {
            ExpectationKind::Count { events, dropped } => self.count(*events, *dropped),
            ExpectationKind::Subset(json) => self.subset(&self.bench.fill(json)?),
            ExpectationKind::Exactly(json) => self.exactly(&self.bench.fill(json)?),
            ExpectationKind::Dropped(reason) => self.dropped(reason.as_ref().map(|text| &*text.value)),
            ExpectationKind::Empty => self.whole(Kind::Empty, "empty"),
            ExpectationKind::Unaccepted => self.whole(Kind::Unaccepted, "unaccepted"),
            ExpectationKind::Invalid => self.whole(Kind::Invalid, "invalid"),
            ExpectationKind::Sent(mode, channels, _) => self.sent_names(*mode, channels),
            ExpectationKind::Via(paths) => self.via(paths),
            ExpectationKind::Nothing(reason) => self.nothing(reason.as_ref().map(|text| &*text.value)),
            ExpectationKind::Note(note) => self.note(&note.value),
            ExpectationKind::SameKeyAs(file) => self.same_key(file, files),
            ExpectationKind::Body(json) => self.body(&self.bench.fill(json)?),
            ExpectationKind::Snapshot(_) => Ok(()),
        }
    }

    pub(super) fn failure(&self, message: impl Into<String>) -> Failure {
        Failure::new(&self.bench.rules.sources, self.span, message)
    }

    /// The conditions that dropped or refused, where one outcome is meant.
    fn refusals(&self) -> Vec<String> {
        match (self.outcome, self.seen()) {
            (Some(number), seen) => {
                seen.get(number).map(|one| walk::refusals(self.bench, self.attempt, one)).unwrap_or_default()
            }
            (None, [one]) => walk::refusals(self.bench, self.attempt, one),
            (None, _) => Vec::new(),
        }
    }

    fn seen(&self) -> &[Seen] {
        &self.attempt.seen
    }

    /// The outcome that is meant: the one of the number, or the only one that `fits`, or the only one.
    fn meant(&self, what: &str, fits: impl Fn(&Seen) -> bool) -> Result<&Seen, Box<Failure>> {
        let seen = self.seen();
        if let Some(number) = self.outcome {
            let absent = || {
                let message = format!("there is no outcome {number}: there {}", are(seen.len()));
                Box::new(self.failure(message).actual(listed(seen)))
            };
            return seen.get(number).ok_or_else(absent);
        }
        let mut fitting = seen.iter().filter(|one| fits(one));
        match (fitting.next(), fitting.next(), seen) {
            (Some(one), None, _) | (None, None, [one]) => Ok(one),
            (Some(_), Some(_), _) => {
                let count = plural(2 + fitting.count(), what);
                let message = format!("this does not say which: there are {count}");
                let help = "name one by its number, from 0: `expect outcome 0 …`";
                Err(Box::new(self.failure(message).actual(listed(seen)).help(help)))
            }
            (None, _, _) => Err(Box::new(self.failure(format!("there is no {what}")).actual(listed(seen)))),
        }
    }

    /// The event that is meant.
    fn event(&self) -> Result<(&Seen, &Shown), Box<Failure>> {
        let seen = self.meant("event", |one| one.event.is_some())?;
        let none = || {
            let failure = self.failure("expected an event, and there is none").actual(seen.words());
            Box::new(failure.decided(&self.refusals()))
        };
        seen.event.as_ref().map(|event| (seen, event)).ok_or_else(none)
    }

    fn count(&self, events: usize, dropped: Option<usize>) -> Verdict {
        let found = self.seen().iter().filter(|one| one.event.is_some()).count();
        let lost = self.seen().iter().filter(|one| one.kind == Kind::Dropped).count();
        if found == events && dropped.is_none_or(|dropped| dropped == lost) {
            return Ok(());
        }
        let words = |events, dropped: Option<usize>| {
            let dropped = dropped.map(|count| format!(", {count} dropped")).unwrap_or_default();
            format!("{}{dropped}", plural(events, "event"))
        };
        let expected = words(events, dropped);
        let failure = self.failure("the payload came to another number of events").expected(expected);
        let actual = format!("{}\n{}", words(found, dropped.map(|_| lost)), listed(self.seen()));
        Err(Box::new(failure.actual(actual).decided(&self.refusals())))
    }

    /// `{subset}` of an event.
    pub(super) fn subset(&self, expected: &Shown) -> Verdict {
        let (seen, event) = self.event()?;
        let expected = fields::expected(expected);
        if compare::holds(&expected, event) {
            return Ok(());
        }
        let actual = compare::projected(&expected, event);
        Err(Box::new(self.differs(seen, &expected, &actual)))
    }

    fn exactly(&self, expected: &Shown) -> Verdict {
        let (seen, event) = self.event()?;
        let expected = fields::expected(expected);
        let actual = compare::aligned(&expected, &fields::written_out(&expected, event, seen));
        if compare::same(&expected, &actual) {
            return Ok(());
        }
        Err(Box::new(self.differs(seen, &expected, &actual)))
    }

    fn differs(&self, seen: &Seen, expected: &Shown, actual: &Shown) -> Failure {
        let wrong = fields::differing(expected, actual);
        let names: Vec<String> = wrong.iter().map(|name| format!("`{name}`")).collect();
        let message = match names.split_last() {
            None => "the event is another".to_owned(),
            Some((last, [])) => format!("{last} is not as expected"),
            Some((last, rest)) => format!("{} and {last} are not as expected", rest.join(", ")),
        };
        let decided = wrong
            .iter()
            .flat_map(|name| walk::field(self.bench, self.attempt, seen, name))
            .collect::<Vec<_>>();
        let failure = self.failure(message).decided(&decided);
        match (expected.members(), actual.members()) {
            ([(name, expected)], [(_, actual)])
                if expected.members().is_empty() && actual.members().is_empty() =>
            {
                failure.expected(format!("{name}: {expected}")).actual(format!("{name}: {actual}"))
            }
            _ => failure.compared(expected, actual),
        }
    }

    /// One field, as the rows of `cases … => field` expect it.
    pub(super) fn field(&self, name: &str, expected: &Shown) -> Verdict {
        let expected = match name.strip_prefix("labels.") {
            Some(label) => nest("labels", nest(label, expected.clone())),
            None => nest(name, expected.clone()),
        };
        self.subset(&expected)
    }

    pub(super) fn dropped(&self, reason: Option<&str>) -> Verdict {
        let seen = self.meant("dropped outcome", Seen::is_dropped)?;
        let right = seen.is_dropped() && reason.is_none_or(|reason| seen.has_reason(reason));
        if right {
            return Ok(());
        }
        let message =
            if seen.is_dropped() { "it was dropped for another reason" } else { "it was not dropped" };
        let expected =
            format!("dropped{}", reason.map(|words| format!(" {}", quoted(words))).unwrap_or_default());
        let failure = self.failure(message).expected(expected).actual(seen.words());
        Err(Box::new(failure.decided(&self.losses(seen))))
    }

    /// What dropped it, or sent it.
    fn losses(&self, seen: &Seen) -> Vec<String> {
        match seen.kind {
            Kind::Routed => walk::channels(self.bench, self.attempt, seen, &[]),
            Kind::Event | Kind::Dropped | Kind::Empty | Kind::Unaccepted | Kind::Invalid => {
                walk::refusals(self.bench, self.attempt, seen)
            }
        }
    }

    /// `cases … => dropped` with `missing` in the row: an event came.
    pub(super) fn not_dropped(&self) -> Verdict {
        match self.seen().iter().find(|one| one.is_dropped()) {
            None => Ok(()),
            Some(one) => {
                let failure = self.failure("it was dropped").expected("missing").actual(one.words());
                Err(Box::new(failure.decided(&self.losses(one))))
            }
        }
    }

    fn whole(&self, kind: Kind, word: &str) -> Verdict {
        let right = match (self.outcome, self.seen()) {
            (Some(number), seen) => seen.get(number).is_some_and(|one| one.kind == kind),
            (None, [one]) => one.kind == kind,
            (None, _) => false,
        };
        if right {
            return Ok(());
        }
        let failure = self.failure(format!("the payload was not found to be {word}"));
        let failure = failure.expected(word).actual(listed(self.seen()));
        let refused = self.seen().iter().any(|one| one.kind == Kind::Unaccepted);
        let wants = refused || kind == Kind::Unaccepted;
        let decided = if wants { walk::accepts(self.bench, self.attempt) } else { Vec::new() };
        Err(Box::new(failure.decided(&decided)))
    }

    fn sent_names(&self, mode: SentMode, channels: &[Name]) -> Verdict {
        self.sent(mode, &channels.iter().map(|name| &*name.text).collect::<Vec<_>>())
    }

    /// `sent [..]`
    pub(super) fn sent(&self, mode: SentMode, expected: &[&str]) -> Verdict {
        let seen = self.meant("event", |one| one.event.is_some())?;
        let gets = |channel: &str| seen.channels.iter().any(|sent| sent == channel);
        let absent: Vec<&str> = expected.iter().copied().filter(|channel| !gets(channel)).collect();
        let present: Vec<&str> = expected.iter().copied().filter(|channel| gets(channel)).collect();
        let extra = seen.channels.iter().map(String::as_str).filter(|sent| !expected.contains(sent));
        let (absent, extra) = match mode {
            SentMode::Exactly => (absent, extra.collect()),
            SentMode::Includes => (absent, Vec::new()),
            SentMode::Excludes => (Vec::new(), present),
        };
        if absent.is_empty() && extra.is_empty() {
            return Ok(());
        }
        let part = |names: &[&str], words: &str| match names {
            [] => None,
            names => Some(format!(
                "{words} {}",
                names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )),
        };
        let parts = [part(&absent, "not sent to"), part(&extra, "sent to")];
        let message = parts.into_iter().flatten().collect::<Vec<_>>().join(", but ");
        let word = match mode {
            SentMode::Exactly => "",
            SentMode::Includes => "includes ",
            SentMode::Excludes => "excludes ",
        };
        let failure = self.failure(message).expected(format!("sent {word}[{}]", expected.join(", ")));
        let decided = walk::channels(self.bench, self.attempt, seen, &absent);
        Err(Box::new(failure.actual(seen.words()).decided(&decided)))
    }

    fn via(&self, paths: &[Name]) -> Verdict {
        let seen = self.meant("event", |one| one.event.is_some())?;
        let decided = |path: &Name| seen.routes.iter().any(|(route, _)| *route == *path.text);
        let absent: Vec<&str> = paths.iter().filter(|path| !decided(path)).map(|path| &*path.text).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let names = absent.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join(", ");
        let routes: Vec<&str> = seen.routes.iter().map(|(route, _)| route.as_str()).collect();
        let expected: Vec<&str> = paths.iter().map(|path| &*path.text).collect();
        let actual = match routes.as_slice() {
            [] => seen.words(),
            routes => format!("via {}", routes.join(", ")),
        };
        let failure =
            self.failure(format!("{names} did not decide")).expected(format!("via {}", expected.join(", ")));
        Err(Box::new(failure.actual(actual).decided(&walk::paths(self.bench, self.attempt, seen, &absent))))
    }

    /// `nothing`: no line that counts sent it anywhere; the copies of `always` do not matter.
    fn nothing(&self, reason: Option<&str>) -> Verdict {
        let seen = self.meant("event", |one| one.event.is_some())?;
        let silent = walk::came_to_nothing(self.bench, seen);
        if silent && reason.is_none_or(|reason| seen.has_reason(reason)) {
            return Ok(());
        }
        let message =
            if silent { "it came to nothing for another reason" } else { "it did not come to nothing" };
        let expected =
            format!("nothing{}", reason.map(|words| format!(" {}", quoted(words))).unwrap_or_default());
        let failure = self.failure(message).expected(expected).actual(seen.words());
        Err(Box::new(failure.decided(&walk::channels(self.bench, self.attempt, seen, &[]))))
    }

    fn note(&self, expected: &str) -> Verdict {
        let (_, event) = self.event()?;
        let notes = event.member("notes");
        let found = matches!(notes, Shown::List(items) if items.iter().any(|note| matches!(note, Shown::Text(text) if **text == *expected)));
        if found {
            return Ok(());
        }
        let failure =
            self.failure("the event has no such note").expected(format!("note {}", quoted(expected)));
        Err(Box::new(failure.actual(format!("notes {notes}"))))
    }

    fn same_key(&self, file: &Text, files: &dyn Files) -> Verdict {
        let other = self.bench.attempt_file(file, files)?;
        let keys = |seen: &[Seen]| {
            let chosen =
                seen.iter().enumerate().filter(|(at, _)| self.outcome.is_none_or(|number| number == *at));
            let keys = chosen.filter_map(|(_, one)| Some(one.event.as_ref()?.member("key").clone()));
            Shown::List(keys.collect())
        };
        let (here, there) = (keys(self.seen()), keys(&other.seen));
        let some = matches!(&here, Shown::List(keys) if !keys.is_empty());
        if some && compare::same(&here, &there) {
            return Ok(());
        }
        let message = if some { "the keys differ" } else { "there is no event whose key could be compared" };
        let failure = self.failure(message).expected(format!("keys {there} (those of `{}`)", file.value));
        Err(Box::new(failure.actual(format!("keys {here}"))))
    }

    pub(super) fn body(&self, expected: &Shown) -> Verdict {
        let Some(body) = &self.attempt.body else {
            return Err(Box::new(self.failure("only a channel has a body")));
        };
        let expected = fields::unquoted(expected);
        if compare::holds(&expected, body) {
            return Ok(());
        }
        let actual = compare::projected(&expected, body);
        Err(Box::new(self.failure("the body is not as expected").compared(&expected, &actual)))
    }
}

fn nest(name: &str, value: Shown) -> Shown {
    Shown::Object(vec![(name.into(), value)])
}

fn are(count: usize) -> String {
    if count == 1 { "is 1".to_owned() } else { format!("are {count}") }
}
