//! `group` in the events of tests: what a message says of its group, given to a channel or expected of a message.

use super::event::EventRole;
use super::{TestChecker, code};
use crate::diagnostic::{Diagnostic, nearest};
use crate::event::{GroupFacts, GroupField};
use crate::syntax::tree::{StringLiteral, TestJson, TestJsonKind};
use crate::text::backticked_list;

impl TestChecker<'_, '_> {
    /// The members of an event that may hold `group`.
    pub(super) fn event_and_group(&mut self, members: &[(StringLiteral, TestJson)], side: EventRole) {
        let is_group = |(name, _): &&(StringLiteral, TestJson)| &*name.value == "group";
        self.event_members(members.iter().filter(|member| !is_group(member)), side);
        for (_, group) in members.iter().filter(is_group) {
            self.group(group);
        }
    }

    fn group(&mut self, json: &TestJson) {
        let Some(members) = json.members() else {
            if !matches!(json.kind, TestJsonKind::Hole(_)) {
                let found = Diagnostic::new(&code::VALUE, json.span, "`group` is an object");
                self.report(found.help("write `group: { firing: 1 }`"));
            }
            return;
        };
        for (name, value) in members {
            let names = GroupField::ALL.map(GroupField::name);
            let Some(field) = GroupField::ALL.into_iter().find(|field| field.name() == &*name.value) else {
                let message = format!("`group` has no `{}`", name.value);
                let found = Diagnostic::new(&code::FIELD, name.span, message);
                self.report(match nearest(&name.value, names) {
                    Some(near) => found.did_you_mean(name.span, near),
                    None => found.help(format!("it has {}", backticked_list(names))),
                });
                continue;
            };
            self.group_member(field, value);
        }
    }

    fn group_member(&mut self, field: GroupField, value: &TestJson) {
        if matches!(value.kind, TestJsonKind::Hole(_) | TestJsonKind::Missing) {
            return;
        }
        let name = field.name();
        match field {
            GroupField::Alerts => {}
            GroupField::Since => {
                if !self.is_time_or_missing(value) {
                    let found = Diagnostic::new(&code::VALUE, value.span, format!("`{name}` is a time"));
                    self.report(found.help("write it in quotes: `\"2026-03-07T02:00:00+08:00\"`"));
                }
            }
            GroupField::Firing
            | GroupField::Critical
            | GroupField::Resolved
            | GroupField::Muted
            | GroupField::News
            | GroupField::Changes => {
                if !matches!(value.kind, TestJsonKind::Number(_)) {
                    let found = Diagnostic::new(&code::VALUE, value.span, format!("`{name}` is a number"));
                    self.report(found.help(format!("write it without quotes: `{name}: 1`")));
                }
            }
            GroupField::Reason => self.reason(value),
        }
    }

    fn reason(&mut self, value: &TestJson) {
        let word = if let TestJsonKind::Text(word) = &value.kind { &**word } else { "" };
        if GroupFacts::REASONS.contains(&word) {
            return;
        }
        let found = Diagnostic::new(&code::VALUE, value.span, "there is no such reason of a message");
        let found = match nearest(word, GroupFacts::REASONS) {
            Some(near) => found.suggest(format!("write `{near:?}`"), value.span, format!("{near:?}")),
            None => found,
        };
        let reasons = GroupFacts::REASONS.map(|reason| format!("{reason:?}"));
        self.report(found.help(format!("it is one of {}", backticked_list(reasons))));
    }
}
