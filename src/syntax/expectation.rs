//! What the grammar allows at a place of a text that is being written: the text before it is parsed, and what the parser would
//! have taken next is given as words of the language and kinds of places.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enum of rules is made by pest and has some two hundred")]

use super::grammar::{Grammar, Rule};
use super::words::DECLARATIONS;
use super::{lex, recover};
use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use std::collections::BTreeSet;

/// What may stand at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedSyntax {
    /// Words of the language, in alphabetical order: `else`, `starts with`.
    pub words: BTreeSet<&'static str>,
    /// What else may stand there.
    pub places: BTreeSet<SyntaxPlace>,
}

/// What may stand at a place, besides words of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SyntaxPlace {
    /// A declaration.
    Declaration,
    /// A field of an event, in a mapping or a heartbeat.
    Field,
    /// A value.
    Value,
    /// A condition.
    Condition,
    /// The pattern of an arm.
    Pattern,
    /// What compares a value.
    Operator,
    /// A channel, a member of a family, `routing NAME`.
    Destination,
    /// A name; the words before it say of what.
    Name,
    /// A parameter of a channel or an integration.
    Parameter,
    /// The mappings of an integration.
    Reading,
    /// A day or a time of a schedule.
    Day,
    /// A duration.
    Duration,
    /// A string.
    Text,
    /// JSON of a test.
    Json,
    /// The member of an object in a test.
    JsonMember,
    /// The path of a route.
    RoutePath,
    /// The name of a type, behind `is`.
    Kind,
}

/// What may stand at a byte of a text. Only what stands before it in its declaration counts; nothing is known where that does
/// not parse.
#[must_use]
pub fn expected_at(text: &str, offset: usize) -> ExpectedSyntax {
    let before = text.get(..offset).unwrap_or_default();
    let start = recover::pieces(before).last().map_or(0, |piece| piece.start);
    let piece = before.get(start..).unwrap_or_default();
    if piece.len() > super::LARGEST || lex::check_limits(piece).is_err() {
        return ExpectedSyntax::default();
    }
    let Err(error) = Grammar::parse(Rule::file, piece) else { return declarations() };
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    if at < piece.trim_end().len() {
        return ExpectedSyntax::default();
    }
    match error.variant {
        ErrorVariant::ParsingError { positives, .. } => expected(&positives),
        ErrorVariant::CustomError { .. } => ExpectedSyntax::default(),
    }
}

/// What may stand where a declaration has ended.
fn declarations() -> ExpectedSyntax {
    let words = DECLARATIONS.iter().copied().chain(["allow"]).collect();
    ExpectedSyntax { words, places: BTreeSet::from([SyntaxPlace::Declaration]) }
}

fn expected(rules: &[Rule]) -> ExpectedSyntax {
    let mut found = ExpectedSyntax::default();
    for rule in rules {
        found.words.extend(words(*rule));
        found.places.extend(place(*rule));
    }
    for (beside, word, whole) in WHOLE {
        if found.words.contains(beside) && found.words.remove(word) {
            found.words.insert(whole);
        }
    }
    found
}

/// Words that do not stand alone beside another word that may stand there: the other word, the word, and what is written.
const WHOLE: [(&str, &str, &str); 6] = [
    ("each", "accept", "accept when"),
    ("each", "drop", "drop when"),
    ("always", "also", "also route"),
    ("contains", "starts", "starts with"),
    ("contains", "ends", "ends with"),
    ("exactly", "same", "same key as file"),
];

/// The words with which a rule may begin.
fn words(rule: Rule) -> Vec<&'static str> {
    let only: &[&'static str] = match rule {
        Rule::quantifier => &["all", "any", "none"],
        Rule::condition | Rule::lone_condition => &["all", "any", "during", "none", "not"],
        Rule::line | Rule::head => &["also route", "always", "else", "route"],
        Rule::target => &["decline", "nothing because", "routing"],
        Rule::to_routing => &["routing"],
        Rule::match_value | Rule::route_match => &["match"],
        Rule::arm | Rule::route_arm => &["else"],
        Rule::reason => &["because"],
        Rule::within => &["in", "in cidr"],
        Rule::cidr => &["cidr"],
        Rule::starts_with => &["starts with"],
        Rule::ends_with => &["ends with"],
        Rule::ignore_case => &["ignore case"],
        Rule::accept => &["accept when"],
        Rule::drop => &["drop when"],
        Rule::let_ => &["let"],
        Rule::note | Rule::noted => &["note"],
        Rule::same_key => &["same key as file"],
        Rule::answered => &["answer"],
        Rule::not_dropped => &["not dropped"],
        Rule::not_held => &["not held"],
        Rule::mute_channels => &["in"],
        Rule::mute_source => &["while"],
        Rule::mute_after => &["until"],
        Rule::beat_when | Rule::prove_when => &["when"],
        Rule::beat_by => &["by"],
        Rule::beat_timeout => &["timeout"],
        Rule::subject => &["channel", "integration", "mapping", "routing"],
        Rule::request_header => &["header"],
        Rule::request_suffix => &["path_suffix"],
        Rule::repeated_event => &["times"],
        Rule::silence_end => &["end silence"],
        Rule::input => &["input", "input file"],
        Rule::schedule_line => &["also", "except"],
        Rule::k_events => &["events"],
        Rule::comparison => &["contains", "ends with", "finds", "in", "is", "like", "matches", "starts with"],
        _ => &[],
    };
    if !only.is_empty() {
        return only.to_vec();
    }
    let name = format!("{rule:?}");
    let word = name.strip_prefix("k_").unwrap_or(&name);
    super::keywords().iter().copied().filter(|known| *known == word).collect()
}

/// The kind of place that a rule takes.
fn place(rule: Rule) -> Option<SyntaxPlace> {
    Some(match rule {
        Rule::mapping | Rule::declaration => SyntaxPlace::Declaration,
        Rule::field => SyntaxPlace::Field,
        Rule::condition | Rule::lone_condition | Rule::quantifier => SyntaxPlace::Condition,
        Rule::reference
        | Rule::path
        | Rule::template
        | Rule::raw
        | Rule::number
        | Rule::truth
        | Rule::match_value
        | Rule::match_subject
        | Rule::hole_value
        | Rule::argument
        | Rule::list
        | Rule::object => SyntaxPlace::Value,
        Rule::arm | Rule::route_arm | Rule::column | Rule::wildcard => SyntaxPlace::Pattern,
        Rule::equal | Rule::unequal | Rule::order | Rule::comparison => SyntaxPlace::Operator,
        Rule::target | Rule::to_routing | Rule::to_member => SyntaxPlace::Destination,
        Rule::name | Rule::word | Rule::channel_member | Rule::family | Rule::family_name => SyntaxPlace::Name,
        Rule::setting => SyntaxPlace::Parameter,
        Rule::reading => SyntaxPlace::Reading,
        Rule::day | Rule::days | Rule::day_range | Rule::date | Rule::clock | Rule::schedule_line => SyntaxPlace::Day,
        Rule::duration | Rule::durations | Rule::moment => SyntaxPlace::Duration,
        Rule::string | Rule::fixed => SyntaxPlace::Text,
        Rule::json_object | Rule::json_array | Rule::json_word => SyntaxPlace::Json,
        Rule::json_member | Rule::member => SyntaxPlace::JsonMember,
        Rule::route_path => SyntaxPlace::RoutePath,
        Rule::kind => SyntaxPlace::Kind,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{SyntaxPlace, expected_at};

    fn shown(text: &str) -> String {
        let found = expected_at(text, text.len());
        let words: Vec<&str> = found.words.into_iter().collect();
        let places: Vec<String> = found.places.iter().map(|place| format!("{place:?}")).collect();
        format!("{} / {}", words.join(", "), places.join(" "))
    }

    #[test]
    fn words_and_places_follow_the_grammar() {
        assert!(shown("edition 1\n").starts_with("allow, channel, define, heartbeat"), "{}", shown("edition 1\n"));
        let mapping = "edition 1\nmapping m {\n  ";
        assert!(shown(mapping).contains("accept when") && shown(mapping).contains("Name"), "{}", shown(mapping));
        let routing = "edition 1\nrouting main {\n  ";
        assert_eq!(shown(routing), "allow, also route, always, else, route / ");
        let target = "edition 1\nrouting main {\n  route a when severity == Critical => ";
        assert!(expected_at(target, target.len()).places.contains(&SyntaxPlace::Destination), "{}", shown(target));
        let operator = "edition 1\nrouting main {\n  route a when labels.team ";
        assert!(shown(operator).contains("starts with"), "{}", shown(operator));
        let test = "edition 1\ntest \"x\" {\n  expect ";
        assert!(shown(test).contains("same key as file"), "{}", shown(test));
    }
}
