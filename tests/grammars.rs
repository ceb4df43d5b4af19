//! The Tree-sitter grammar of editors: it accepts what the program's grammar accepts and nothing else, and its colours are
//! those of the language server.

use crate::format::{blocks, texts};
use crate::prove::generator::Random;
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::syntax::{self, TokenClass, classified_tokens};
use std::cmp::Reverse;
use tree_sitter::{Language, Node, Parser, Query, QueryCursor, StreamingIterator as _};
use tree_sitter_pointsman as editor;

/// How many edited texts are parsed by both grammars.
const EDITS: usize = 500;

/// Codes of limits, which the grammar of editors does not know: too deep, too large.
const LIMITS: [&str; 2] = ["E0004", "E0027"];

fn language() -> Language {
    editor::LANGUAGE.into()
}

fn parser() -> Parser {
    let mut parser = Parser::new();
    parser.set_language(&language()).unwrap();
    parser
}

/// Every rule file of the project and every block of rules in its pages.
fn corpus() -> Vec<(String, String)> {
    let all: Vec<_> = texts("rules").into_iter().chain(texts("tests")).chain(blocks()).collect();
    assert!(all.len() > 1_000, "{} texts", all.len());
    all
}

/// What the program says of the form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Valid,
    /// The grammar accepts it, and it is refused afterwards: an unknown escape, `and` beside `or`, `a == "b" or "c"`.
    RefusedLater,
    /// The grammar refuses it.
    Broken,
    /// Over a limit.
    Excessive,
}

fn form(text: &str) -> Form {
    let mut sources = Sources::default();
    let id = sources.add("a.rules", text);
    let mut diagnostics = Vec::new();
    syntax::parse(&sources, id, &mut diagnostics);
    if diagnostics.iter().any(|finding| LIMITS.contains(&finding.code.id)) {
        Form::Excessive
    } else if !syntax::accepts(text) {
        Form::Broken
    } else if diagnostics.iter().any(|finding| finding.code.id.starts_with('E')) {
        Form::RefusedLater
    } else {
        Form::Valid
    }
}

/// The first part of a tree that is wrong, for messages.
fn first_error(node: Node<'_>) -> Option<Node<'_>> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    let parts: Vec<Node<'_>> = node.children(&mut cursor).collect();
    parts.into_iter().filter(Node::has_error).find_map(first_error)
}

/// Where the two grammars differ about a text.
fn difference(parser: &mut Parser, text: &str, form: Form) -> Option<String> {
    let tree = parser.parse(text, None).unwrap();
    let error = tree.root_node().has_error();
    match form {
        // `a == "b" and c == "d" or "e"`: `check` says more of it than that `and` and `or` are mixed.
        Form::Valid if error && !is_found(text, "E0054") => {
            let place = first_error(tree.root_node()).map(|node| node.start_position());
            Some(format!("a valid text has an error at {place:?}"))
        }
        Form::Broken if !error => Some("a broken text has no error".to_owned()),
        Form::Valid | Form::RefusedLater | Form::Broken | Form::Excessive => None,
    }
}

/// Whether `check` finds something with this code.
fn is_found(text: &str, code: &str) -> bool {
    let mut sources = Sources::default();
    sources.add("a.rules", text);
    let loaded = RuleSet::from_sources(sources, &|_| Err("there are no files".to_owned()), None);
    loaded.diagnostics.iter().any(|finding| finding.code.id == code)
}

#[test]
fn both_grammars_accept_the_same_files() {
    let mut parser = parser();
    let (mut valid, mut broken) = (0, 0);
    let mut different = Vec::new();
    for (name, text) in corpus() {
        let form = form(&text);
        valid += usize::from(form == Form::Valid);
        broken += usize::from(form == Form::Broken);
        different.extend(difference(&mut parser, &text, form).map(|found| format!("{name}: {found}")));
    }
    assert!(valid > 700 && broken > 200, "{valid} valid, {broken} broken");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn both_grammars_accept_the_same_edited_texts() {
    let mut parser = parser();
    let texts: Vec<String> = corpus()
        .into_iter()
        .map(|(_, text)| text)
        .filter(|text| text.len() < 2_000 && form(text) == Form::Valid)
        .collect();
    let words: Vec<&str> = texts.iter().flat_map(|text| words(text)).collect();
    let mut random = Random::new(11);
    for _ in 0..EDITS {
        let text = random.pick(&texts);
        let edited = edited(text, &words, &mut random);
        let found = difference(&mut parser, &edited, form(&edited));
        assert_eq!(found, None, "{edited}");
    }
}

/// The words and signs of a text, roughly.
fn words(text: &str) -> Vec<&str> {
    text.split(|character: char| character.is_whitespace() || "(),".contains(character))
        .filter(|word| !word.is_empty() && !word.contains('#'))
        .collect()
}

/// A text in which one word is left out, replaced, or has another before it.
fn edited(text: &str, words: &[&str], random: &mut Random) -> String {
    let own = self::words(text);
    let word = *random.pick(&own);
    let at = word.as_ptr() as usize - text.as_ptr() as usize;
    let (before, after) = (&text[..at], &text[at + word.len()..]);
    match random.below(3) {
        0 => format!("{before}{after}"),
        1 => format!("{before}{}{after}", random.pick(words)),
        _ => format!("{before}{} {word}{after}", random.pick(words)),
    }
}

#[test]
fn queries_name_parts_that_the_grammar_has() {
    for query in [editor::HIGHLIGHTS, editor::FOLDS, editor::INDENTS, editor::TEXT_OBJECTS, editor::INJECTIONS] {
        Query::new(&language(), query).unwrap();
    }
}

/// What a capture of the highlights stands for; nothing for names and signs, which the colours tell apart more finely.
fn class_of_capture(name: &str) -> Option<TokenClass> {
    Some(match name {
        "comment" | "comment.documentation" => TokenClass::Comment,
        "constant" | "constant.builtin" => TokenClass::Constant,
        "keyword" => TokenClass::Keyword,
        "number" => TokenClass::Number,
        "string" | "string.escape" => TokenClass::String,
        "string.regexp" | "string.special" => TokenClass::Regex,
        _ => return None,
    })
}

/// The class of each byte by the highlights: the innermost part decides, and of its patterns the last one.
fn highlighted(parser: &mut Parser, query: &Query, text: &str) -> Vec<Option<TokenClass>> {
    let tree = parser.parse(text, None).unwrap();
    let mut cursor = QueryCursor::new();
    let mut found = Vec::new();
    let mut captures = cursor.captures(query, tree.root_node(), text.as_bytes());
    while let Some((matched, index)) = captures.next() {
        let capture = matched.captures()[*index];
        let range = capture.node.byte_range();
        found.push((range.start, Reverse(range.end), matched.pattern_index, capture.index));
    }
    found.sort_unstable();
    let mut classes = vec![None; text.len()];
    for (start, Reverse(end), _, capture) in found {
        let name = query.capture_names()[capture as usize];
        classes[start..end].fill(class_of_capture(name));
    }
    classes
}

/// What the colours can tell of a class of the language server.
fn compared(class: TokenClass) -> Option<TokenClass> {
    match class {
        TokenClass::Documentation => Some(TokenClass::Comment),
        TokenClass::Keyword
        | TokenClass::Constant
        | TokenClass::String
        | TokenClass::Regex
        | TokenClass::Number
        | TokenClass::Comment => Some(class),
        TokenClass::Name
        | TokenClass::Member
        | TokenClass::Path
        | TokenClass::Sign
        | TokenClass::Punctuation
        | TokenClass::Unknown => None,
    }
}

#[test]
fn colours_are_those_of_the_language_server() {
    let mut parser = parser();
    let query = Query::new(&language(), editor::HIGHLIGHTS).unwrap();
    let mut different = Vec::new();
    for (name, text) in corpus().into_iter().filter(|(_, text)| form(text) == Form::Valid) {
        let classes = highlighted(&mut parser, &query, &text);
        for token in classified_tokens(&text) {
            let found = &classes[token.range.clone()];
            if found.iter().any(|class| *class != compared(token.class)) {
                let line = text[..token.range.start].matches('\n').count() + 1;
                different.push(format!("{name}:{line}: `{}` is {:?}", &text[token.range.clone()], token.class));
            }
        }
    }
    assert!(different.is_empty(), "{} differences\n{}", different.len(), different.join("\n"));
}
