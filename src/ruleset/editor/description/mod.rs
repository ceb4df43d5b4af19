//! What the words of the language do, each from its one source: functions from `function`, channels and parameters from
//! `channel`, codes from their pages, and everything else from the tables of the reference.

mod reference;

use super::name::WordMeaning;
use crate::channel::{self, ChannelKind, ParameterSpec};
use crate::diagnostic::DiagnosticCode;
use crate::event::GroupField;
use crate::function::{Function, FunctionParameter};
use crate::model::EventField;
use reference::ReferenceRow;

/// The section of the reference about channels' messages.
const GROUPS: &str = "Saying it once: groups, waits, repetitions";

/// What a word does, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordDescription {
    /// How it is written.
    pub written: String,
    /// What it does, in Markdown.
    pub text: String,
    /// A line of rules that shows it.
    pub example: Option<String>,
}

impl WordDescription {
    /// As Markdown: the form, the text, the example.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut markdown = format!("```rules\n{}\n```\n\n{}", self.written, self.text);
        if let Some(example) = &self.example {
            markdown.push_str("\n\n```rules\n");
            markdown.push_str(example);
            markdown.push_str("\n```");
        }
        markdown
    }
}

/// Where a word of the language stands: rows of the reference about such places describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordContext {
    /// In a mapping.
    Mapping,
    /// In a table.
    Table,
    /// In a define.
    Define,
    /// In a schedule.
    Schedule,
    /// In a channel.
    Channel,
    /// In a routing.
    Routing,
    /// In a mute.
    Mute,
    /// In a heartbeat.
    Heartbeat,
    /// In an integration.
    Integration,
    /// In a test.
    Test,
    /// In a statement to prove.
    Prove,
    /// Between declarations.
    File,
}

impl WordContext {
    /// The context of what a word declares.
    #[must_use]
    pub fn of(declaring: &str) -> Self {
        match declaring {
            "mapping" => Self::Mapping,
            "table" => Self::Table,
            "define" => Self::Define,
            "schedule" => Self::Schedule,
            "channel" => Self::Channel,
            "routing" => Self::Routing,
            "mute" => Self::Mute,
            "heartbeat" => Self::Heartbeat,
            "integration" => Self::Integration,
            "test" => Self::Test,
            "prove" => Self::Prove,
            _ => Self::File,
        }
    }

    /// The sections of the reference about it, the nearest first.
    fn sections(self) -> &'static [&'static str] {
        const MATCH: &str = "Patterns, `match` and tables";
        match self {
            Self::Mapping => &["Mappings", MATCH, "Conditions", "Requests", "Values and paths", "Events"],
            Self::Table => &[MATCH, "Conditions", "Values and paths", "Files"],
            Self::Define => &["Conditions", MATCH, "Values and paths", "Events"],
            Self::Schedule => &["Schedules"],
            Self::Channel => &["Families of channels", "Channels", GROUPS, "Conditions", MATCH, "Events"],
            Self::Routing => &["Routings", "Conditions", MATCH, "Events"],
            Self::Mute => &["Mutes", "Conditions", "Events"],
            Self::Heartbeat => &["Heartbeats", "Conditions", "Events"],
            Self::Integration => &["Integrations", "Files", "Channels", "Routings"],
            Self::Test => &["Tests", "Sequences", "Conditions", "Events"],
            Self::Prove => &["`prove` declarations", "Tests", "Conditions", "Events"],
            Self::File => &["Files", "Mutes", "Schedules", "Families of channels"],
        }
    }
}

/// A keyword or an operator where it stands; `beside` holds the other words of its line.
#[must_use]
pub fn keyword(word: &str, context: WordContext, beside: &[&str]) -> Option<WordDescription> {
    let row = reference::row(word, context.sections(), beside)?;
    let example = reference::example(word, row.section, beside);
    Some(described(row, example))
}

fn described(row: &ReferenceRow, example: Option<&str>) -> WordDescription {
    WordDescription { written: row.written.join("\n"), text: sentence(&row.text), example: example.map(str::to_owned) }
}

/// A text of a table as a sentence, with links of the page left out.
fn sentence(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (shown, behind) = (before.replacen('[', "", usize::from(before.contains('['))), after.split_once(')'));
        plain.push_str(&shown);
        rest = behind.map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    let mut letters = plain.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}{}", letters.as_str(), if plain.ends_with(['.', '`']) { "" } else { "." })
}

/// What a word means, as far as it is built in; a declared name has its own documentation.
#[must_use]
pub fn built_in(meaning: WordMeaning) -> Option<WordDescription> {
    match meaning {
        WordMeaning::Declared(_) => None,
        WordMeaning::Field(field) => self::field(field),
        WordMeaning::GroupField(field) => group_field(field),
        WordMeaning::Function(function) => Some(self::function(function)),
        WordMeaning::Call(name) => call(name),
        WordMeaning::ChannelKind(kind) => Some(channel_kind(kind)),
        WordMeaning::Parameter(parameter) => Some(self::parameter(parameter)),
        WordMeaning::Constant(name) => constant(name),
        WordMeaning::Code(code) => Some(self::code(code)),
    }
}

/// A field of the event.
#[must_use]
pub fn field(field: EventField) -> Option<WordDescription> {
    let row = reference::exact("Events", field.name())?;
    Some(described(row, reference::example(field.name(), "Mappings", &["="])))
}

/// What a message says of its group.
#[must_use]
pub fn group_field(field: GroupField) -> Option<WordDescription> {
    let row = reference::exact(GROUPS, &format!("group.{}", field.name()))?;
    Some(described(row, reference::example(field.name(), GROUPS, &["group"])))
}

/// `env`, `secret_file`, `header`, `path_suffix`
fn call(name: &str) -> Option<WordDescription> {
    let section = if matches!(name, "header" | "path_suffix") { "Requests" } else { "Channels" };
    let row = reference::row(name, &[section], &[])?;
    Some(described(row, reference::example(name, section, &[])))
}

fn constant(name: &str) -> Option<WordDescription> {
    let row = reference::exact("Values and paths", name)?;
    let word = WordDescription { written: name.to_owned(), ..described(row, None) };
    Some(WordDescription { example: reference::example(name, "Mappings", &[]).map(str::to_owned), ..word })
}

/// A function: its signature, its documentation, its examples with their values.
#[must_use]
pub fn function(function: &Function) -> WordDescription {
    let examples = function.examples.iter().take(3).map(|(call, value)| format!("{call} # is {value}"));
    let examples: Vec<String> = examples.collect();
    WordDescription {
        written: format!("{} -> {}", signature(function), function.result),
        text: function.documentation.to_owned(),
        example: Some(examples.join("\n")).filter(|examples| !examples.is_empty()),
    }
}

/// `slice(text, from, to?)`
#[must_use]
pub fn signature(function: &Function) -> String {
    format!("{}({})", function.name, parameter_names(function).join(", "))
}

/// The parameters as the reference names them.
#[must_use]
pub fn parameter_names(function: &Function) -> Vec<String> {
    let name = |each: &FunctionParameter| format!("{}{}", each.name, if each.optional { "?" } else { "" });
    let rest = function.variadic.then(|| "…".to_owned());
    function.parameters.iter().map(name).chain(rest).collect()
}

/// A kind of channel, with its own parameters.
#[must_use]
pub fn channel_kind(kind: &ChannelKind) -> WordDescription {
    let names = kind
        .parameters
        .iter()
        .map(|each| if each.is_required() { format!("{} = …", each.name) } else { format!("{}?", each.name) });
    WordDescription {
        written: format!("{}({})", kind.name, names.collect::<Vec<_>>().join(", ")),
        text: kind.documentation.to_owned(),
        example: reference::example(kind.name, "Channels", &["channel"]).map(str::to_owned),
    }
}

/// A parameter of a channel or an integration.
#[must_use]
pub fn parameter(parameter: &ParameterSpec) -> WordDescription {
    let default = parameter.default.to_string();
    let default = match &*default {
        "" => String::new(),
        "required" => " Required.".to_owned(),
        default => format!(" Default: {default}."),
    };
    let is_shown = |kind: &&&ChannelKind| kind.parameters.iter().any(|each| each.name == parameter.name);
    let owner = channel::kinds().iter().find(is_shown).map_or("", |kind| kind.name);
    WordDescription {
        written: format!("{} = …", parameter.name),
        text: format!("{} Takes {}.{default}", parameter.documentation, parameter.takes),
        example: reference::example(parameter.name, "Channels", &["=", owner]).map(str::to_owned),
    }
}

/// The page of a code.
#[must_use]
pub fn code(code: &DiagnosticCode) -> WordDescription {
    let page = code.page.split_once('\n').map_or("", |(_, rest)| rest).trim();
    WordDescription { written: format!("{}: {}", code.id, code.title), text: page.to_owned(), example: None }
}

#[cfg(test)]
mod tests {
    use super::{WordContext, WordDescription, built_in, keyword, reference};
    use crate::channel::{self, integration};
    use crate::event::GroupField;
    use crate::function;
    use crate::model::EventField;
    use crate::ruleset::editor::name::WordMeaning;
    use crate::{ruleset, syntax};
    use std::collections::BTreeMap;

    fn assert_described(word: &str, description: Option<WordDescription>) -> WordDescription {
        let found = description.unwrap_or_else(|| panic!("`{word}` has no description"));
        assert!(!found.text.trim().is_empty() && !found.written.is_empty(), "{word}: {found:?}");
        found
    }

    #[test]
    fn every_word_of_the_language_is_described_and_shown() {
        let contexts = ["mapping", "table", "routing", "mute", "heartbeat", "schedule", "test", "prove", ""];
        for word in syntax::keywords() {
            for context in contexts {
                let found = assert_described(word, keyword(word, WordContext::of(context), &[]));
                // Where no example of the reference shows it, its row does.
                assert!(found.example.is_some() || found.written.contains(' '), "`{word}` has no example");
            }
        }
    }

    #[test]
    fn words_are_described_where_they_stand() {
        let text = |word, context, beside: &[&str]| keyword(word, context, beside).unwrap().written;
        assert_eq!(text("when", WordContext::Mapping, &["drop", "when"]), "drop when C because \"…\"");
        assert_eq!(text("when", WordContext::Mapping, &["accept", "when"]), "accept when C [because \"…\"]");
        assert_eq!(text("when", WordContext::Mute, &["when"]), "when C");
        assert_eq!(text("when", WordContext::Heartbeat, &["when"]), "when CONDITION");
        assert_eq!(text("also", WordContext::Schedule, &["also"]), "also …");
        assert_eq!(text("also", WordContext::Routing, &["also", "route"]), "also route NAME [when C] …");
        assert_eq!(text("in", WordContext::Routing, &["in", "cidr"]), "in cidr \"…\"");
    }

    #[test]
    fn everything_built_in_is_described() {
        for each in EventField::ALL {
            assert_described(each.name(), built_in(WordMeaning::Field(each)));
        }
        for each in GroupField::ALL {
            assert_described(each.name(), built_in(WordMeaning::GroupField(each)));
        }
        for each in function::all() {
            assert!(assert_described(each.name, built_in(WordMeaning::Function(each))).example.is_some());
        }
        for each in ["env", "secret_file", "header", "path_suffix"] {
            assert_described(each, built_in(WordMeaning::Call(each)));
        }
        for each in ["Critical", "Warning", "Info", "Firing", "Resolved"] {
            assert_described(each, built_in(WordMeaning::Constant(each)));
        }
        for kind in channel::kinds() {
            assert_described(kind.name, built_in(WordMeaning::ChannelKind(kind)));
            for parameter in kind.all_parameters() {
                assert_described(parameter.name, built_in(WordMeaning::Parameter(parameter)));
            }
        }
        for parameter in integration::PARAMETERS {
            assert_described(parameter.name, built_in(WordMeaning::Parameter(parameter)));
        }
        for code in ruleset::codes() {
            assert_described(code.id, built_in(WordMeaning::Code(code)));
        }
    }

    /// Two rows with one text, or two rows of a section with one first column, would be two sources of one description.
    #[test]
    fn no_description_exists_twice() {
        let mut texts: BTreeMap<&str, &[&str]> = BTreeMap::new();
        for row in reference::rows() {
            let is_remark = row.text.split_whitespace().count() < 4;
            let other = texts.insert(&row.text, &row.written).filter(|_| !is_remark);
            assert!(other.is_none(), "{:?} and {other:?}: {}", row.written, row.text);
        }
        for function in function::all() {
            assert!(reference::exact("Functions", function.name).is_none(), "{}", function.name);
        }
    }
}
