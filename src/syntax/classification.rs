//! What each word and sign of a text is, for colours: from the grammar where a declaration parses, from the tokens alone
//! where it does not.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enum of rules is made by pest and has some two hundred")]

use super::grammar::{Grammar, Rule, RulePair};
use super::lex::{self, Token, TokenKind};
use super::recover;
use super::words::KEYWORDS;
use pest::Parser as _;
use std::ops::Range;

/// A part of a text, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifiedToken {
    /// Which bytes of the text it takes; it does not cross a line.
    pub range: Range<usize>,
    /// What it is.
    pub class: TokenClass,
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenClass {
    /// A word of the language, where it stands as one.
    Keyword,
    /// `Critical`, `true`, `null`, `missing`
    Constant,
    /// A name, declared or not.
    Name,
    /// The name of a label or of a member of JSON.
    Member,
    /// A string, or a part of one between interpolated values.
    String,
    /// `/…/i`
    Regex,
    /// `$.a`, `@[*]`, and segments behind a name.
    Path,
    /// A number, a duration, a day or a time.
    Number,
    /// An operator or another sign that is not a bracket or a comma.
    Sign,
    /// A bracket, or a comma.
    Punctuation,
    /// `# …`
    Comment,
    /// `## …`
    Documentation,
    /// What no rule knows.
    Unknown,
}

/// The parts of a text in order. Blanks are in none, and no two overlap.
#[must_use]
pub fn classified_tokens(text: &str) -> Vec<ClassifiedToken> {
    let mut classifier = Classifier { base: 0, tokens: Vec::new() };
    if text.len() > super::LARGEST || lex::check_limits(text).is_err() {
        classifier.by_lexer(text, 0);
    } else if !classifier.by_grammar(text, 0) {
        for piece in recover::pieces(text) {
            let declaration = text.get(piece.clone()).unwrap_or_default();
            if !classifier.by_grammar(declaration, piece.start) {
                classifier.by_lexer(declaration, piece.start);
            }
        }
    }
    classifier.tokens.sort_by_key(|token| token.range.start);
    let mut tokens = classifier.tokens;
    let comments = comments(text, &tokens);
    tokens.extend(comments);
    tokens.sort_by_key(|token| token.range.start);
    tokens
}

/// The comments between the tokens.
fn comments(text: &str, tokens: &[ClassifiedToken]) -> Vec<ClassifiedToken> {
    let mut found = Vec::new();
    let mut at = 0;
    let end = text.len()..text.len();
    let ends = tokens.iter().map(|token| token.range.clone()).chain(std::iter::once(end));
    for next in ends {
        let gap = text.get(at..next.start).unwrap_or_default();
        let mut line_start = at;
        for line in gap.split_inclusive('\n') {
            if let Some(sign) = line.find('#') {
                let start = line_start + sign;
                let end = start + line.get(sign..).unwrap_or_default().trim_end_matches(['\n', '\r']).len();
                let before = text.get(..start).unwrap_or_default();
                let begins_line = before.trim_end_matches([' ', '\t']).ends_with('\n') || before.trim().is_empty();
                let is_documentation = begins_line && line.get(sign..).is_some_and(|rest| rest.starts_with("##"));
                let class = if is_documentation { TokenClass::Documentation } else { TokenClass::Comment };
                found.push(ClassifiedToken { range: start..end, class });
            }
            line_start += line.len();
        }
        at = next.end.max(at);
    }
    found
}

struct Classifier {
    /// Where what is parsed begins in the text.
    base: usize,
    tokens: Vec<ClassifiedToken>,
}

impl Classifier {
    /// Classifies a text that parses as a file; whether it does.
    fn by_grammar(&mut self, text: &str, base: usize) -> bool {
        let Ok(pairs) = Grammar::parse(Rule::file, text) else { return false };
        self.base = base;
        pairs.for_each(|pair| self.pair(&pair));
        true
    }

    fn push(&mut self, pair: &RulePair<'_>, class: TokenClass) {
        let span = pair.as_span();
        self.add(self.base + span.start()..self.base + span.end(), class);
    }

    fn add(&mut self, range: Range<usize>, class: TokenClass) {
        if !range.is_empty() {
            self.tokens.push(ClassifiedToken { range, class });
        }
    }

    fn pair(&mut self, pair: &RulePair<'_>) {
        match pair.as_rule() {
            Rule::EOI => {}
            Rule::template => self.template(pair),
            rule => match class_of(rule, pair.as_str()) {
                Some(class) => self.push(pair, class),
                None => self.composed(pair),
            },
        }
    }

    /// The parts of a rule, and what stands between them: signs that have no rule of their own.
    fn composed(&mut self, pair: &RulePair<'_>) {
        let span = pair.as_span();
        let text = pair.as_str();
        let mut at = span.start();
        for part in pair.clone().into_inner() {
            let inner = part.as_span();
            let gap = text.get(at - span.start()..inner.start() - span.start()).unwrap_or_default();
            self.signs(gap, self.base + at);
            if at == span.start() && part.as_rule() == Rule::word && names_member(pair.as_rule()) {
                self.push(&part, TokenClass::Member);
            } else {
                self.pair(&part);
            }
            at = inner.end();
        }
        let gap = text.get(at - span.start()..).unwrap_or_default();
        self.signs(gap, self.base + at);
    }

    /// What stands between the parts of a rule.
    fn signs(&mut self, gap: &str, base: usize) {
        for token in lex::tokens(gap) {
            let class = lexical_class(&token, gap);
            if class != TokenClass::Documentation {
                self.add(base + token.start..base + token.end, class);
            }
        }
    }

    /// A string with the values between its braces.
    fn template(&mut self, pair: &RulePair<'_>) {
        let start = self.base + pair.as_span().start();
        let text = pair.as_str();
        let mut from = 0;
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(length) = lex::hole(rest) {
                self.add(start + from..start + at, TokenClass::String);
                self.hole(rest.get(1..length - 1).unwrap_or_default(), start + at);
                at += length;
                from = at;
            } else if rest.starts_with("{{") || rest.starts_with('\\') {
                at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
            } else {
                at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
        self.add(start + from..start + text.len(), TokenClass::String);
    }

    /// `{value}` at a place of the text.
    fn hole(&mut self, inside: &str, start: usize) {
        self.add(start..start + 1, TokenClass::Punctuation);
        let outside = std::mem::replace(&mut self.base, start + 1);
        match lex::check_limits(inside).ok().and_then(|()| Grammar::parse(Rule::hole_value, inside).ok()) {
            Some(pairs) => pairs.for_each(|pair| self.pair(&pair)),
            None => self.by_lexer(inside, start + 1),
        }
        self.base = outside;
        let end = start + 1 + inside.len();
        self.add(end..end + 1, TokenClass::Punctuation);
    }

    /// Classifies by the tokens alone.
    fn by_lexer(&mut self, text: &str, base: usize) {
        let tokens: Vec<Token> = lex::tokens(text).filter(|token| token.kind != TokenKind::Documentation).collect();
        let word = |index: Option<usize>| {
            let token = index.and_then(|index| tokens.get(index));
            token.and_then(|token| text.get(token.start..token.end)).unwrap_or_default()
        };
        for (index, token) in tokens.iter().enumerate() {
            let is_member = word(index.checked_sub(1)) == "." || matches!(word(Some(index + 1)), ":");
            let is_set = word(Some(index + 1)) == "=";
            let class = match lexical_class(token, text) {
                TokenClass::Keyword | TokenClass::Name if is_member => TokenClass::Member,
                TokenClass::Keyword if is_set => TokenClass::Name,
                class => class,
            };
            self.by_line(text, base, token.start..token.end, class);
        }
    }

    /// A token that may cross lines, such as a comment of another language.
    fn by_line(&mut self, text: &str, base: usize, range: Range<usize>, class: TokenClass) {
        let mut at = range.start;
        for line in text.get(range).unwrap_or_default().split_inclusive('\n') {
            let length = line.trim_end_matches(['\n', '\r']).len();
            self.add(base + at..base + at + length, class);
            at += line.len();
        }
    }
}

/// The class of a token by its form.
fn lexical_class(token: &Token, text: &str) -> TokenClass {
    let written = text.get(token.start..token.end).unwrap_or_default();
    match token.kind {
        TokenKind::Word if is_constant(written) => TokenClass::Constant,
        TokenKind::Word if KEYWORDS.contains(&written) => TokenClass::Keyword,
        TokenKind::Word => TokenClass::Name,
        TokenKind::Number => TokenClass::Number,
        TokenKind::String | TokenKind::OpenString | TokenKind::ForeignString => TokenClass::String,
        TokenKind::Regex => TokenClass::Regex,
        TokenKind::Path | TokenKind::OpenPath => TokenClass::Path,
        TokenKind::Open | TokenKind::Close => TokenClass::Punctuation,
        TokenKind::Documentation => TokenClass::Documentation,
        TokenKind::Sign if written == "," => TokenClass::Punctuation,
        TokenKind::Sign => TokenClass::Sign,
        TokenKind::Foreign => TokenClass::Unknown,
        TokenKind::ForeignComment => TokenClass::Comment,
    }
}

/// The class of all that a rule takes; nothing if its parts differ.
fn class_of(rule: Rule, text: &str) -> Option<TokenClass> {
    Some(match rule {
        Rule::truth => TokenClass::Constant,
        Rule::name | Rule::word if is_capitalised(text) => TokenClass::Constant,
        Rule::json_word if is_constant(text) => TokenClass::Constant,
        Rule::name | Rule::word | Rule::json_word | Rule::route_path => TokenClass::Name,
        _ if is_keyword(rule) => TokenClass::Keyword,
        Rule::fixed | Rule::string | Rule::raw => TokenClass::String,
        Rule::regex => TokenClass::Regex,
        Rule::path | Rule::selector => TokenClass::Path,
        Rule::integer
        | Rule::number
        | Rule::date
        | Rule::clock
        | Rule::timestamp
        | Rule::duration
        | Rule::moment
        | Rule::day => TokenClass::Number,
        Rule::order_sign
        | Rule::arrow
        | Rule::assign
        | Rule::coalesce
        | Rule::colon
        | Rule::column_arrow
        | Rule::wildcard => TokenClass::Sign,
        Rule::open_brace
        | Rule::close_brace
        | Rule::open_bracket
        | Rule::close_bracket
        | Rule::open_paren
        | Rule::close_paren => TokenClass::Punctuation,
        _ => return None,
    })
}

/// Whether the first word of a rule names a label or a member, whatever its first letter is.
fn names_member(rule: Rule) -> bool {
    matches!(rule, Rule::segment | Rule::label | Rule::member | Rule::json_member)
}

fn is_capitalised(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
}

/// Whether a word of JSON is a constant by its form.
fn is_constant(word: &str) -> bool {
    is_capitalised(word) || matches!(word, "true" | "false" | "null" | "missing")
}

/// Whether a rule takes one word of the language: its name says so.
pub(super) fn is_keyword(rule: Rule) -> bool {
    matches!(rule, Rule::quantifier | Rule::kind) || format!("{rule:?}").starts_with("k_")
}

#[cfg(test)]
mod tests {
    use super::{TokenClass, classified_tokens};

    fn shown(text: &str) -> String {
        let tokens = classified_tokens(text);
        let show =
            |token: &super::ClassifiedToken| format!("{}:{:?}", text.get(token.range.clone()).unwrap(), token.class);
        tokens.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_are_what_the_grammar_takes_them_for() {
        let text = "## Doc\nchannel key = stdout() # why\n";
        assert_eq!(
            shown(text),
            "## Doc:Documentation channel:Keyword key:Name =:Sign stdout:Name (:Punctuation ):Punctuation # why:Comment"
        );
        let broken = "channel key = stdout(\nrouting main { route a when labels.in == \"x{{\" => key }";
        assert!(shown(broken).contains("route:Keyword a:Name when:Keyword"), "{}", shown(broken));
    }

    #[test]
    fn members_and_routes_are_no_words_of_the_language() {
        let mapping = "mapping m { labels { Region = $.Region.x } }";
        let test = "test \"t\" { routing main  event { labels: { Region: \"x\" } }  expect via main.else }";
        let shown = shown(&format!("edition 1\n{mapping}\n{test}\n"));
        assert!(!shown.contains("Region:Constant") && !shown.contains("else:Keyword"), "{shown}");
    }

    #[test]
    fn values_within_strings_are_classified() {
        let text = "edition 1\nmapping a { title = \"x {$.b ?? \"n\"} y\" }\n";
        assert!(
            shown(text).contains("\"x :String {:Punctuation $.b:Path ??:Sign \"n\":String }:Punctuation  y\":String")
        );
    }

    #[test]
    fn parts_are_in_order_and_apart() {
        let text =
            "mapping m { labels { a = b } severity = match @.c { \"x\" | like \"y*\" => Critical } # z\n}\nrouting";
        let tokens = classified_tokens(text);
        assert!(tokens.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start), "{tokens:?}");
        assert!(tokens.iter().any(|token| token.class == TokenClass::Constant));
    }
}
