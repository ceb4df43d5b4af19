//! Names that may stand at a place: those of the kind that the words before it ask for, and those in scope.

use super::cursor::Cursor;
use super::{Completion, CompletionKind};
use crate::channel::{self, ParameterKind, ParameterSpec};
use crate::event::GroupField;
use crate::model::EventField;
use crate::ruleset::editor::description::{self, WordContext};
use crate::ruleset::editor::name::{NameDeclaration, NameKind};
use crate::ruleset::editor::view::EditorView;
use crate::{function, ruleset};
use std::collections::BTreeSet;

impl EditorView<'_> {
    /// The declared names of a kind.
    pub(super) fn of_kind(&self, cursor: &Cursor<'_>, kind: NameKind, shown: CompletionKind) -> Vec<Completion> {
        let names = self.names.of_kind(kind).filter(|(_, each)| !each.name.is_empty());
        names.map(|(_, declaration)| named(cursor, declaration, shown)).collect()
    }

    /// The names that the words right before the place ask for.
    pub(super) fn named_by_word(&self, cursor: &Cursor<'_>) -> Option<Vec<Completion>> {
        let names = |kind| Some(self.of_kind(cursor, kind, CompletionKind::Name));
        let is_test = matches!(cursor.context(), WordContext::Test | WordContext::Prove);
        match cursor.back(0) {
            "during" => names(NameKind::Schedule),
            "routing" if cursor.count() > 1 => names(NameKind::Routing),
            "mapping" if is_test => names(NameKind::Mapping),
            "integration" if is_test => names(NameKind::Integration),
            "via" => Some(self.route_paths(cursor)),
            "allow" => Some(codes(cursor)),
            "=" if cursor.context() == WordContext::Channel && cursor.openers().is_empty() => Some(kinds(cursor)),
            _ if takes_channel(cursor, is_test) => names(NameKind::Channel),
            _ => None,
        }
    }

    fn route_paths(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let routes = self.names.of_kind(NameKind::Route);
        let completion =
            |(id, _)| Completion::new(self.names.path(id), CompletionKind::Name, cursor.span()).detail("route").rank(2);
        routes.map(completion).collect()
    }

    /// Channels and routings behind `=>`.
    pub(super) fn destinations(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let mut found = self.of_kind(cursor, NameKind::Channel, CompletionKind::Name);
        for (_, routing) in self.names.of_kind(NameKind::Routing).filter(|(_, each)| *each.name != *cursor.declared()) {
            let label = format!("routing {}", routing.name);
            found.push(Completion::new(label, CompletionKind::Name, cursor.span()).detail("routing").rank(3));
        }
        found
    }

    /// The mappings that an integration may read with.
    pub(super) fn readings(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        self.of_kind(cursor, NameKind::Mapping, CompletionKind::Name)
    }

    /// What an expression can name at the place.
    pub(super) fn values_in_scope(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let mut found = functions(cursor);
        found.extend(self.of_kind(cursor, NameKind::Table, CompletionKind::Function));
        match cursor.context() {
            WordContext::Mapping => {
                found.extend(self.owned(cursor, NameKind::Let, NameKind::Mapping));
                found.extend(calls(cursor, &["header", "path_suffix"]));
            }
            WordContext::Table => found.extend(self.owned(cursor, NameKind::TableParameter, NameKind::Table)),
            WordContext::Channel => {
                found.extend(self.event_names(cursor));
                found.extend(self.owned(cursor, NameKind::Column, NameKind::Channel));
                found.extend(calls(cursor, &["env", "secret_file"]));
                found.push(Completion::new("group", CompletionKind::Field, cursor.span()).rank(4));
            }
            WordContext::Integration => found.extend(calls(cursor, &["env", "secret_file"])),
            WordContext::Define
            | WordContext::Routing
            | WordContext::Mute
            | WordContext::Heartbeat
            | WordContext::Prove
            | WordContext::Test => found.extend(self.event_names(cursor)),
            WordContext::Schedule | WordContext::File => {}
        }
        found
    }

    fn event_names(&self, cursor: &Cursor<'_>) -> Vec<Completion> {
        let fields = EventField::ALL.into_iter().map(|field| field_completion(cursor, field));
        let mut found: Vec<Completion> = fields.collect();
        found.extend(self.of_kind(cursor, NameKind::Define, CompletionKind::Variable));
        found
    }

    /// The names that the declaration around the place owns.
    fn owned(&self, cursor: &Cursor<'_>, kind: NameKind, owner: NameKind) -> Vec<Completion> {
        let owner = self.names.of_kind(owner).find(|(_, each)| *each.name == *cursor.declared()).map(|(id, _)| id);
        let within = self.names.of_kind(kind).filter(|(_, each)| each.owner.is_some() && each.owner == owner);
        within.map(|(_, each)| named(cursor, each, CompletionKind::Variable)).collect()
    }

    /// What stands behind a dot.
    pub(super) fn members(&self, cursor: &Cursor<'_>, base: &str) -> Vec<Completion> {
        match base {
            "labels" => self.label_names(cursor, "."),
            "group" => {
                let fields = GroupField::ALL.into_iter();
                let described = |field: GroupField| {
                    let text = description::group_field(field).map(|found| found.markdown()).unwrap_or_default();
                    Completion::new(field.name(), CompletionKind::Field, cursor.span()).documentation(text)
                };
                fields.map(described).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Labels with the number of places that name them; those that a path cannot show are left to brackets.
    pub(super) fn label_names(&self, cursor: &Cursor<'_>, written_after: &str) -> Vec<Completion> {
        let is_plain = |name: &str| {
            name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
                && !name.starts_with(|first: char| first.is_ascii_digit())
        };
        let mut found = Vec::new();
        for (name, _, count) in self.labels() {
            if written_after != "." || is_plain(name) {
                let detail = format!("label, {count} ×");
                let rank = if count > 3 { 1 } else { 2 };
                found.push(Completion::new(name, CompletionKind::Label, cursor.span()).detail(detail).rank(rank));
            }
        }
        let known: BTreeSet<String> = found.iter().map(|each| each.label.clone()).collect();
        let sampled = self.samples.keys().filter(|name| !known.contains(&***name) && is_plain(name));
        found.extend(sampled.map(|name| {
            Completion::new(&**name, CompletionKind::Label, cursor.span()).detail("label of samples").rank(3)
        }));
        found
    }
}

/// A gap for the value of a parameter.
fn value_gap(takes: ParameterKind) -> String {
    match takes {
        ParameterKind::Secret | ParameterKind::SecretOrText => "env(\"${1:NAME}\")".to_owned(),
        ParameterKind::Secrets => "[env(\"${1:NAME}\")]".to_owned(),
        ParameterKind::Text | ParameterKind::Template => "\"$1\"".to_owned(),
        ParameterKind::Body | ParameterKind::Headers => "{ $1 }".to_owned(),
        ParameterKind::EventValues(_) | ParameterKind::Integers(_) => "[$1]".to_owned(),
        ParameterKind::OneOf(words) | ParameterKind::DurationOr(_, words) => {
            format!("\"${{1:{}}}\"", words.first().copied().unwrap_or_default())
        }
        ParameterKind::Integer(_)
        | ParameterKind::Duration(_)
        | ParameterKind::DurationRange(_)
        | ParameterKind::OneOfIntegers(_)
        | ParameterKind::Answer
        | ParameterKind::Channel => "$1".to_owned(),
    }
}

/// A declared name.
fn named(cursor: &Cursor<'_>, declaration: &NameDeclaration, kind: CompletionKind) -> Completion {
    Completion::new(&*declaration.name, kind, cursor.span())
        .detail(declaration.kind.word())
        .documentation(declaration.documentation.join("\n"))
        .rank(2)
}

/// Whether a mapping has to set a field.
fn is_required(field: EventField) -> bool {
    matches!(field, EventField::Severity | EventField::Status | EventField::Title | EventField::Key)
}

fn field_completion(cursor: &Cursor<'_>, field: EventField) -> Completion {
    let text = description::field(field).map(|found| found.markdown()).unwrap_or_default();
    Completion::new(field.name(), CompletionKind::Field, cursor.span()).detail("field").documentation(text).rank(3)
}

fn functions(cursor: &Cursor<'_>) -> Vec<Completion> {
    let completion = |each: &&'static function::Function| {
        Completion::new(each.name, CompletionKind::Function, cursor.span())
            .detail(description::signature(each))
            .documentation(description::function(each).markdown())
            .gaps(format!("{}($1)", each.name))
    };
    function::all().iter().map(completion).collect()
}

fn calls(cursor: &Cursor<'_>, names: &[&str]) -> Vec<Completion> {
    let completion = |name: &&str| {
        let gaps = if *name == "path_suffix" { "path_suffix()".to_owned() } else { format!("{name}(\"$1\")") };
        Completion::new(*name, CompletionKind::Function, cursor.span()).gaps(gaps).rank(4)
    };
    names.iter().map(completion).collect()
}

fn kinds(cursor: &Cursor<'_>) -> Vec<Completion> {
    let completion = |kind: &&'static channel::ChannelKind| {
        Completion::new(kind.name, CompletionKind::ChannelKind, cursor.span())
            .documentation(description::channel_kind(kind).markdown())
            .gaps(format!("{}($1)", kind.name))
            .rank(1)
    };
    channel::kinds().iter().map(completion).collect()
}

fn codes(cursor: &Cursor<'_>) -> Vec<Completion> {
    let warnings = ruleset::codes().into_iter().filter(|code| code.id.starts_with('W'));
    let completion = |code: &'static crate::diagnostic::DiagnosticCode| {
        Completion::new(code.id, CompletionKind::Code, cursor.span())
            .detail(code.title)
            .gaps(format!("{} because \"$1\"", code.id))
    };
    warnings.map(completion).collect()
}

/// Whether the word before the place takes a channel.
fn takes_channel(cursor: &Cursor<'_>, is_test: bool) -> bool {
    match cursor.back(0) {
        "channel" | "pause" | "resume" | "down" | "notified" => is_test,
        "in" => {
            matches!(cursor.back(1), "held" | "waits") || cursor.context() == WordContext::Mute && cursor.count() <= 3
        }
        "[" | "," => is_test && is_in_channels(cursor),
        _ => false,
    }
}

/// Whether the place is in the list of `sent` or `open`.
fn is_in_channels(cursor: &Cursor<'_>) -> bool {
    let Some(open) = cursor.openers().last().copied().filter(|open| cursor.word(*open) == "[") else {
        return false;
    };
    let before = open.checked_sub(1).map_or("", |before| cursor.word(before));
    let is_row = before == "=>" && (0..open).any(|index| cursor.word(index) == "sent");
    is_row || matches!(before, "sent" | "open" | "includes" | "excludes" | "any")
}

/// The fields that a mapping or heartbeat can still set.
pub(super) fn fields_to_set(cursor: &Cursor<'_>) -> Vec<Completion> {
    let is_set = |name: &str| (0..cursor.count()).any(|at| cursor.word(at) == name && cursor.word(at + 1) == "=");
    let can_be_set = |field: EventField| match field {
        EventField::Labels | EventField::Integration | EventField::Notes => false,
        EventField::Severity | EventField::Title => true,
        EventField::Status
        | EventField::Key
        | EventField::Description
        | EventField::StartsAt
        | EventField::EndsAt
        | EventField::Link
        | EventField::Source => cursor.context() == WordContext::Mapping,
    };
    let open = EventField::ALL.into_iter().filter(|field| can_be_set(*field) && !is_set(field.name()));
    let completion = |field: EventField| {
        let required = is_required(field);
        field_completion(cursor, field).plain(format!("{} = ", field.name())).rank(if required { 1 } else { 3 })
    };
    open.map(completion).collect()
}

/// The parameters that the channel or integration around the place does not have yet.
pub(super) fn parameters(cursor: &Cursor<'_>) -> Vec<Completion> {
    let is_given = |name: &str| (0..cursor.count()).any(|at| cursor.word(at) == name && cursor.word(at + 1) == "=");
    let all: Vec<&'static ParameterSpec> = if cursor.context() == WordContext::Integration {
        channel::integration::PARAMETERS.iter().collect()
    } else {
        let equals = (0..cursor.count()).find(|index| cursor.word(*index) == "=");
        let kind = equals.and_then(|equals| channel::find(cursor.word(equals + 1)));
        kind.into_iter().flat_map(channel::ChannelKind::all_parameters).collect()
    };
    let open = all.into_iter().filter(|spec| !is_given(spec.name));
    let completion = |spec: &'static ParameterSpec| {
        let value = value_gap(spec.takes);
        Completion::new(spec.name, CompletionKind::Parameter, cursor.span())
            .detail(spec.takes.to_string())
            .documentation(description::parameter(spec).markdown())
            .gaps(format!("{} = {value}", spec.name))
            .rank(if spec.is_required() { 1 } else { 3 })
    };
    open.map(completion).collect()
}
