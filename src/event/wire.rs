//! The JSON of an outcome, with its event and its decision. `run` prints it, the admin API returns it, and the journal
//! stores it.

use super::{Event, Labels, MappingRejection, MatchedRoute, Outcome, OutcomeKind, RoutingDecision, RuleReason};
use crate::json::{ObjectWriter, ToJson};
use crate::time::Timestamp;
use std::io::Write;

impl ToJson for Outcome<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.member("outcome", self.name());
        object.optional("integration", self.integration);
        object.optional("mapping", self.mapping);
        object.optional("index", self.index);
        match &self.kind {
            OutcomeKind::Event(event) => object.member("event", *event),
            OutcomeKind::Routed(event, decision) => {
                object.member("event", *event);
                decision.members(&mut object);
            }
            OutcomeKind::Dropped(reason) => object.member("reasons", [*reason].as_slice()),
            OutcomeKind::Empty => {}
            OutcomeKind::Unaccepted(refusals) => object.member("reasons", refusals.as_slice()),
            OutcomeKind::Invalid { line, column, message } => {
                object.member("line", line);
                object.member("column", column);
                object.member("reason", message.as_str());
            }
        }
        object.close();
    }
}

impl RoutingDecision<'_> {
    fn members(&self, object: &mut ObjectWriter<'_>) {
        object.member("channels", self.channels);
        object.member("routes", self.routes);
        if self.routes.iter().any(|route| route.arm.is_some()) {
            object.member("arms", &MatchedArms(self.routes));
        }
        object.member("reasons", self.reasons);
        if self.followed {
            object.member("followed", &true);
        }
    }
}

impl ToJson for MatchedRoute<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        self.path.write(out);
    }
}

/// The arms that were chosen, by route path.
struct MatchedArms<'d, 'a>(&'d [MatchedRoute<'a>]);

impl ToJson for MatchedArms<'_, '_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        for (path, arm) in self.0.iter().filter_map(|route| Some((route.path, route.arm?))) {
            object.named(path, &arm);
        }
        object.close();
    }
}

impl ToJson for RuleReason<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.member("reason", self.reason);
        object.member("at", self.at);
        object.close();
    }
}

impl ToJson for MappingRejection<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.member("mapping", self.mapping);
        object.member("reason", self.reason);
        object.member("at", self.at);
        object.close();
    }
}

impl ToJson for Event<'_> {
    /// An absent field is left out.
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.member("severity", self.severity.name());
        object.member("status", self.status.name());
        object.member("event_status", self.event_status());
        object.member("title", self.title);
        object.member("key", self.key);
        object.optional("description", self.description);
        object.member("labels", &self.labels);
        object.optional("starts_at", self.starts_at);
        object.optional("ends_at", self.ends_at);
        object.optional("link", self.link);
        object.member("source", self.source);
        object.optional("integration", self.integration);
        object.member("notes", self.notes);
        object.close();
    }
}

impl ToJson for Labels<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = self.entries();
        out.push(b'{');
        while let Some((name, value)) = rest.first() {
            if rest.len() < self.len() {
                out.push(b',');
            }
            let (count, text) = self.contiguous_prefix(rest);
            if count > 0 {
                out.extend_from_slice(text);
            } else {
                name.text().write(out);
                out.push(b':');
                value.write(out);
            }
            rest = rest.get(count.max(1)..).unwrap_or_default();
        }
        out.push(b'}');
    }
}

impl ToJson for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        // A timestamp contains nothing to escape, and writing to memory cannot fail.
        let _ = write!(out, "\"{self}\"");
    }
}
