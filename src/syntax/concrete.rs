//! What the grammar says of each token of a text that parses: for those who keep the text and change the blanks in it.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enum of rules is made by pest and has some two hundred")]

use super::grammar::{Grammar, Rule, RulePair};
use super::lex::{self, TokenKind};
use pest::Parser as _;
use std::ops::Range;

/// A token of a text that parses.
#[derive(Debug, Clone)]
pub struct ConcreteToken {
    /// Which bytes of the text it takes.
    pub range: Range<usize>,
    /// Whether no blank may stand before it.
    pub is_glued: bool,
    /// What begins here.
    pub place: TokenPlace,
    /// What stands on a line of its own from here on, within a block, a list or the file.
    pub begins: Option<ItemKind>,
    /// Whether the sign is the one at which items of a kind are aligned.
    pub is_item_sign: bool,
}

/// What a token is to the lines around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPlace {
    /// Nothing of the below.
    Inner,
    /// The brace that opens a block of items.
    OpensBlock(BlockKind),
    /// The bracket that opens a list of parts between commas.
    OpensList,
    /// The parenthesis around a condition.
    OpensGroup,
    /// What closes the last of these that is open.
    Closes,
    /// `because`, or `while` of a mute: a clause behind a condition.
    Clause,
    /// `and` or `or`.
    Connective,
    /// `??`
    Coalesce,
    /// The first word of a destination.
    Destination,
}

/// What stands in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// The lines of a routing.
    Routing,
    /// Anything else.
    Other,
}

/// What stands on a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// `channel name = …`
    Channel,
    /// `define name = …`
    Define,
    /// `let name = …`
    Let,
    /// `field = …`
    Field,
    /// `name = …` in `labels`.
    Label,
    /// `name = …` of a channel or an integration.
    Parameter,
    /// `pattern => …` of a `match` or a table.
    Arm,
    /// `values => …` in `cases`.
    CaseRow,
    /// A step of a sequence with its moments: `+10m event {…}`.
    TimedStep,
    /// A step of a test without moments.
    Step,
    /// Anything else.
    Other,
}

/// The tokens of a text in order; none where the text does not parse.
#[must_use]
pub fn concrete_tokens(text: &str) -> Option<Vec<ConcreteToken>> {
    if text.len() > super::LARGEST || lex::check_limits(text).is_err() {
        return None;
    }
    let file = Grammar::parse(Rule::file, text).ok()?.next()?;
    let mut literals = Vec::new();
    collect_literals(&file, &mut literals);
    let tokens = ranges(text, &literals).into_iter().map(|range| ConcreteToken {
        range,
        is_glued: false,
        place: TokenPlace::Inner,
        begins: None,
        is_item_sign: false,
    });
    let mut marker = TokenMarker { text, tokens: tokens.collect() };
    marker.mark_brackets();
    marker.mark(&file);
    Some(marker.tokens)
}

/// The strings, regexes and paths of a text in order. Where one ends, the grammar alone knows: a brace in a string of a test
/// begins no value.
fn collect_literals(pair: &RulePair<'_>, literals: &mut Vec<Range<usize>>) {
    if let Rule::string | Rule::fixed | Rule::template | Rule::raw | Rule::regex | Rule::path | Rule::selector =
        pair.as_rule()
    {
        literals.push(pair.as_span().start()..pair.as_span().end());
    } else {
        pair.clone().into_inner().for_each(|part| collect_literals(&part, literals));
    }
}

/// The tokens of a text with these literals.
fn ranges(text: &str, literals: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    let end = text.len()..text.len();
    for literal in literals.iter().chain([&end]) {
        let between = lex::tokens(text.get(at..literal.start).unwrap_or_default());
        let tokens = between.filter(|token| token.kind != TokenKind::Documentation);
        ranges.extend(tokens.map(|token| at + token.start..at + token.end));
        ranges.extend((!literal.is_empty()).then(|| literal.clone()));
        at = literal.end;
    }
    ranges
}

/// Says of tokens what the grammar says.
struct TokenMarker<'t> {
    text: &'t str,
    tokens: Vec<ConcreteToken>,
}

impl TokenMarker<'_> {
    /// Brackets are lists until the grammar says otherwise.
    fn mark_brackets(&mut self) {
        for token in &mut self.tokens {
            token.place = match self.text.get(token.range.clone()) {
                Some("(") => TokenPlace::OpensGroup,
                Some("[" | "{") => TokenPlace::OpensList,
                Some(")" | "]" | "}") => TokenPlace::Closes,
                _ => TokenPlace::Inner,
            };
        }
    }

    fn mark(&mut self, pair: &RulePair<'_>) {
        let rule = pair.as_rule();
        match rule {
            Rule::k_because | Rule::mute_source => self.place(pair, TokenPlace::Clause),
            Rule::k_and | Rule::k_or => self.place(pair, TokenPlace::Connective),
            Rule::coalesce => self.place(pair, TokenPlace::Coalesce),
            Rule::settings | Rule::parameters => {
                self.glue(pair);
                self.place(pair, TokenPlace::OpensList);
            }
            _ if is_unspaced(rule) => self.glue_within(pair),
            Rule::arguments | Rule::member_value => self.spread_within(pair),
            _ => {}
        }
        let begins_items = items_begin(rule);
        let mut sign = item_sign(rule);
        let mut is_inside = rule == Rule::file || rule == Rule::settings;
        for part in pair.clone().into_inner() {
            match part.as_rule() {
                Rule::open_brace if begins_items => {
                    let block = if rule == Rule::block { BlockKind::Routing } else { BlockKind::Other };
                    self.place(&part, TokenPlace::OpensBlock(block));
                    is_inside = true;
                }
                Rule::open_paren => {}
                Rule::close_brace | Rule::close_paren | Rule::EOI => is_inside = false,
                inner if is_inside => self.begin(&part, item_kind(inner)),
                inner if sign == Some(inner) => {
                    self.sign(&part);
                    sign = None;
                }
                _ => {}
            }
            self.mark(&part);
        }
        match rule {
            Rule::schedule_line => self.keep_apart(pair),
            Rule::timed_step => self.mark_step(pair),
            _ => {}
        }
        if let Rule::target | Rule::reading | Rule::beat_target = rule {
            self.mark_destinations(pair);
        }
    }

    /// What stands behind the moments, or the `every` in them.
    fn mark_step(&mut self, step: &RulePair<'_>) {
        let mut parts = step.clone().into_inner();
        let every = parts.next().and_then(|moments| moments.into_inner().find(|part| part.as_rule() == Rule::k_every));
        if let Some(part) = every.or_else(|| parts.next()) {
            self.sign(&part);
        }
    }

    /// Times below their days stay below them: to join the lines would hide what `check` says of them.
    fn keep_apart(&mut self, line: &RulePair<'_>) {
        let text = self.text;
        for times in line.clone().into_inner().filter(|part| part.as_rule() == Rule::times) {
            let before = text.get(..times.as_span().start()).unwrap_or_default();
            if before.trim_end_matches([' ', '\t']).ends_with('\n') && times.as_span().start() > line.as_span().start()
            {
                self.begin(&times, ItemKind::Other);
            }
        }
    }

    /// What stands behind the arrow.
    fn mark_destinations(&mut self, pair: &RulePair<'_>) {
        let parts: Vec<RulePair<'_>> = pair.clone().into_inner().collect();
        let arrow = parts.iter().position(|part| part.as_rule() == Rule::arrow).map_or(0, |at| at + 1);
        let destinations: Vec<&RulePair<'_>> = parts.iter().skip(arrow).filter(|part| is_destination(part)).collect();
        if destinations.len() > 1 {
            for destination in destinations {
                self.place(destination, TokenPlace::Destination);
            }
        }
    }

    fn place(&mut self, pair: &RulePair<'_>, place: TokenPlace) {
        if let Some(token) = self.first(pair) {
            token.place = place;
        }
    }

    fn begin(&mut self, pair: &RulePair<'_>, kind: ItemKind) {
        if let Some(token) = self.first(pair) {
            token.begins = Some(kind);
        }
    }

    fn sign(&mut self, pair: &RulePair<'_>) {
        if let Some(token) = self.first(pair) {
            token.is_item_sign = true;
        }
    }

    fn glue(&mut self, pair: &RulePair<'_>) {
        if let Some(token) = self.first(pair) {
            token.is_glued = true;
        }
    }

    /// All tokens of the pair but the first stand directly behind the one before.
    fn glue_within(&mut self, pair: &RulePair<'_>) {
        for token in self.within(pair).iter_mut().skip(1) {
            token.is_glued = true;
        }
    }

    /// Within brackets that stand directly behind a name, blanks are free again.
    fn spread_within(&mut self, pair: &RulePair<'_>) {
        for token in self.within(pair).iter_mut().skip(1) {
            token.is_glued = false;
        }
        self.place(pair, TokenPlace::OpensList);
    }

    fn first(&mut self, pair: &RulePair<'_>) -> Option<&mut ConcreteToken> {
        let start = pair.as_span().start();
        let at = self.tokens.partition_point(|token| token.range.start < start);
        self.tokens.get_mut(at).filter(|token| token.range.start == start)
    }

    fn within(&mut self, pair: &RulePair<'_>) -> &mut [ConcreteToken] {
        let span = pair.as_span();
        let first = self.tokens.partition_point(|token| token.range.start < span.start());
        let end = self.tokens.partition_point(|token| token.range.start < span.end());
        self.tokens.get_mut(first..end).unwrap_or_default()
    }
}

/// Rules of which no blank may stand between two tokens.
fn is_unspaced(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::reference
            | Rule::segment
            | Rule::selector
            | Rule::family_name
            | Rule::channel_member
            | Rule::to_member
            | Rule::moment
            | Rule::route_path
    )
}

/// Rules whose braces hold items.
fn items_begin(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::mapping
            | Rule::labels
            | Rule::rows
            | Rule::schedule
            | Rule::match_value
            | Rule::block
            | Rule::route_match
            | Rule::heartbeat
            | Rule::integration
            | Rule::test
            | Rule::case_rows
            | Rule::prove
    )
}

fn item_kind(rule: Rule) -> ItemKind {
    match rule {
        Rule::channel => ItemKind::Channel,
        Rule::define => ItemKind::Define,
        Rule::let_ => ItemKind::Let,
        Rule::field => ItemKind::Field,
        Rule::label => ItemKind::Label,
        Rule::setting => ItemKind::Parameter,
        Rule::arm | Rule::route_arm => ItemKind::Arm,
        Rule::case_row => ItemKind::CaseRow,
        Rule::timed_step => ItemKind::TimedStep,
        Rule::expect
        | Rule::input
        | Rule::event
        | Rule::repeated_event
        | Rule::restart
        | Rule::down
        | Rule::pause
        | Rule::resume
        | Rule::silence
        | Rule::silence_end => ItemKind::Step,
        _ => ItemKind::Other,
    }
}

/// The sign at which items that the rule reads are aligned.
fn item_sign(rule: Rule) -> Option<Rule> {
    match item_kind(rule) {
        ItemKind::Channel
        | ItemKind::Define
        | ItemKind::Let
        | ItemKind::Field
        | ItemKind::Label
        | ItemKind::Parameter => Some(Rule::assign),
        ItemKind::Arm | ItemKind::CaseRow => Some(Rule::arrow),
        ItemKind::TimedStep | ItemKind::Step | ItemKind::Other => None,
    }
}

fn is_destination(pair: &RulePair<'_>) -> bool {
    matches!(pair.as_rule(), Rule::to_routing | Rule::to_member | Rule::name)
}
