//! Names that a test uses and that the rule set must hold.

use super::{TestChecker, code};
use crate::diagnostic::{Diagnostic, nearest};
use crate::event::member_name;
use crate::model::Model;
use crate::source::Span;
use crate::syntax::tree::{Identifier, TestSubject};
use crate::text::{backticked, with_article};

/// The names of the declarations of a kind.
fn names(kind: TestSubject, model: &Model) -> Vec<&str> {
    match kind {
        TestSubject::Mapping => model.mappings.iter().map(|each| &*each.name).collect(),
        TestSubject::Routing => model.routings.iter().map(|each| &*each.name).collect(),
        TestSubject::Integration => model.integrations.iter().map(|each| &*each.name).collect(),
        TestSubject::Channel => model.channels.iter().map(|each| &*each.name).collect(),
    }
}

impl TestChecker<'_, '_> {
    /// Reports a word that names no declaration of its kind.
    pub(super) fn check_reference(&mut self, kind: TestSubject, word: &str, span: Span) {
        let candidates = names(kind, self.model);
        let declared = word.split_once('[').map_or(word, |(family, _)| family);
        if candidates.contains(&word) || self.unparsed.contains(declared) {
            return;
        }
        if let Some(family) = self.model.family(word).filter(|_| kind == TestSubject::Channel) {
            let message = format!("`{word}` is a family of channels, not one channel");
            let found = Diagnostic::new(&code::UNKNOWN, span, message);
            let example = family.members.first().map_or_else(String::new, |(member, _)| member_name(word, member));
            self.report(
                found.help(format!("name a member: `{example}`")).help(
                    "the name of a family means all its members in `sent excludes` and `sent includes any` alone",
                ),
            );
            return;
        }
        let other = TestSubject::ALL.into_iter().find(|other| names(*other, self.model).contains(&word));
        let found = Diagnostic::new(&code::UNKNOWN, span, format!("there is no {} `{word}`", kind.word()));
        let found = match (nearest_reference(word, &candidates), other) {
            (_, Some(other)) => found.help(format!("`{word}` is {}", with_article(other.word()))),
            (Some(near), None) => found.did_you_mean(span, near),
            (None, None) => found.help(listed(kind, &candidates)),
        };
        self.report(found);
    }

    /// Reports a path that no route has.
    pub(super) fn check_route_path(&mut self, path: &Identifier) {
        let paths: Vec<&str> = self.model.routing_lines().map(|line| &*line.path).collect();
        let routing = path.text.split_once('.').map_or(&*path.text, |(routing, _)| routing);
        if paths.contains(&&*path.text) || self.unparsed.contains(routing) {
            return;
        }
        let found = Diagnostic::new(&code::UNKNOWN, path.span, format!("there is no route `{}`", path.text));
        let ending = format!(".{}", path.text);
        let longer = paths.iter().copied().find(|known| known.ends_with(&ending));
        let near = longer.or_else(|| nearest(&path.text, paths.iter().copied()));
        self.report(match near {
            Some(near) => found.did_you_mean(path.span, near),
            None => found.help("write the names from the routing inwards, as in `main.payments.page` or `main.else`"),
        });
    }
}

/// The nearest of the names. A member of a family is near another member of that family alone.
fn nearest_reference<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let Some((family, _)) = word.split_once('[') else { return nearest(word, names.iter().copied()) };
    let member = |name: &'n str| name.strip_prefix(family)?.strip_prefix("[\"")?.strip_suffix("\"]");
    let written = word.strip_prefix(family)?.strip_prefix("[\"")?.strip_suffix("\"]")?;
    let near = nearest(written, names.iter().copied().filter_map(member))?;
    names.iter().copied().find(|name| member(name) == Some(near))
}

/// What a test could be about.
pub(super) fn subjects(model: &Model) -> String {
    let known = TestSubject::ALL.into_iter().find_map(|kind| Some((kind.word(), *names(kind, model).first()?)));
    let (word, name) = known.unwrap_or(("mapping", "arms"));
    format!("begin with what it is about: `{word} {name}`")
}

/// The line that names a routing.
pub(super) fn first_routing(model: &Model) -> String {
    let name = model.routings.first().map_or("main", |routing| &routing.name);
    format!("name a routing: `routing {name}`")
}

fn listed(kind: TestSubject, names: &[&str]) -> String {
    let shown = backticked(names.iter().take(8));
    match shown.as_slice() {
        [] => format!("the rule set holds no {} at all", kind.word()),
        _ if names.len() > 8 => format!("there are {}, …", shown.join(", ")),
        _ => format!("there is {}", shown.join(", ")),
    }
}
