//! What may be written at a place: words of the language that the grammar allows there, names in scope, values that are known.
//!
//! A text that is being written rarely parses. Only the tokens before the place count, in the declaration that it is in, and
//! the names and values of the last rules without an error.

mod cursor;
mod names;
mod patterns;
mod snippets;
mod subject;
mod values;

use super::description::{self, WordContext};
use super::view::EditorView;
use crate::source::{FileId, Span};
use crate::syntax::{self, ExpectedSyntax, SyntaxPlace};
use cursor::{Cursor, CursorPlace};
use std::collections::BTreeSet;

/// Something that may be written at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown and looked for.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A few words beside it: the kind of a name, how often a label is used.
    pub detail: String,
    /// What it does, in Markdown; may be empty.
    pub documentation: String,
    /// What is written.
    pub insert: CompletionText,
    /// What it replaces: the beginning of a word before the place.
    pub replaces: Span,
    /// Lower ranks are shown first.
    pub rank: u8,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompletionKind {
    /// A word of the language.
    Keyword,
    /// A declaration or an arm with gaps to fill.
    Snippet,
    /// A constant.
    Constant,
    /// A field of the event.
    Field,
    /// A function or a table.
    Function,
    /// A let, a define, a parameter of a table, a column.
    Variable,
    /// A declared name of any other kind.
    Name,
    /// A parameter of a channel or an integration.
    Parameter,
    /// A kind of channel.
    ChannelKind,
    /// A label.
    Label,
    /// A value.
    Value,
    /// The code of a finding.
    Code,
}

/// The text that a completion writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompletionText {
    /// As it is.
    Plain(String),
    /// With gaps: `${1:name}`, and `$0` where the cursor stands in the end. A sign of its own is written `\$` and `\}`.
    Gaps(String),
}

impl Completion {
    fn new(label: impl Into<String>, kind: CompletionKind, replaces: Span) -> Self {
        let label = label.into();
        let insert = CompletionText::Plain(label.clone());
        Self { label, kind, detail: String::new(), documentation: String::new(), insert, replaces, rank: 5 }
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    fn documentation(self, markdown: impl Into<String>) -> Self {
        Self { documentation: markdown.into(), ..self }
    }

    fn plain(self, text: impl Into<String>) -> Self {
        Self { insert: CompletionText::Plain(text.into()), ..self }
    }

    fn gaps(self, text: impl Into<String>) -> Self {
        Self { insert: CompletionText::Gaps(text.into()), ..self }
    }
}

impl EditorView<'_> {
    /// What may be written at a byte of a file, the most likely first.
    #[must_use]
    pub fn complete(&self, file: FileId, offset: usize) -> Vec<Completion> {
        let text = self.text(file);
        let offset = text.floor_char_boundary(offset);
        let cursor = Cursor::new(text, file, offset);
        let mut found = match cursor.place() {
            CursorPlace::Comment => Vec::new(),
            CursorPlace::Member(base) => self.members(&cursor, base),
            CursorPlace::Text { before } => self.texts(&cursor, before),
            CursorPlace::Hole => self.values_in_scope(&cursor),
            CursorPlace::Code => self.code(&cursor, text),
        };
        found.sort_by_key(|each| (each.rank, each.kind));
        let mut seen = BTreeSet::new();
        found.retain(|each| seen.insert(each.label.clone()));
        found
    }

    /// What may stand between tokens.
    fn code(&self, cursor: &Cursor<'_>, text: &str) -> Vec<Completion> {
        if let Some(names) = self.named_by_word(cursor) {
            return names;
        }
        let expected = syntax::expected_at(text, cursor.word_start);
        let mut found = self.placed(cursor, &expected);
        found.extend(expected.words.iter().map(|word| keyword(cursor, word)));
        found
    }

    fn placed(&self, cursor: &Cursor<'_>, expected: &ExpectedSyntax) -> Vec<Completion> {
        let mut found = Vec::new();
        for place in &expected.places {
            match place {
                SyntaxPlace::Declaration if cursor.is_outside() => found.extend(snippets::declarations(cursor)),
                SyntaxPlace::Field => found.extend(names::fields_to_set(cursor)),
                SyntaxPlace::Value | SyntaxPlace::Condition => found.extend(self.values(cursor)),
                SyntaxPlace::Pattern => found.extend(self.patterns(cursor)),
                SyntaxPlace::Destination => found.extend(self.destinations(cursor)),
                SyntaxPlace::Parameter => found.extend(names::parameters(cursor)),
                SyntaxPlace::Reading => found.extend(self.readings(cursor)),
                SyntaxPlace::Duration => found.extend(snippets::durations(cursor)),
                SyntaxPlace::Day => found.extend(snippets::days(cursor)),
                SyntaxPlace::Json | SyntaxPlace::JsonMember => found.extend(self.json(cursor)),
                SyntaxPlace::Name => found.extend(self.named_by_place(cursor, expected)),
                SyntaxPlace::Kind => found.extend(snippets::kinds(cursor)),
                SyntaxPlace::Declaration | SyntaxPlace::Operator | SyntaxPlace::Text | SyntaxPlace::RoutePath => {}
            }
        }
        found
    }
}

impl EditorView<'_> {
    /// A name by the words that may stand in its place: the fields of a mapping, the parameters of a channel.
    fn named_by_place(&self, cursor: &Cursor<'_>, expected: &ExpectedSyntax) -> Vec<Completion> {
        let is_in_parentheses = cursor.openers().last().is_some_and(|open| cursor.word(*open) == "(");
        let context = cursor.context();
        let is_field = context == WordContext::Mapping && expected.words.contains("each")
            || context == WordContext::Heartbeat && expected.words.contains("timeout");
        let sends = matches!(context, WordContext::Routing | WordContext::Heartbeat | WordContext::Integration);
        if is_field {
            names::fields_to_set(cursor)
        } else if context == WordContext::Channel && is_in_parentheses && matches!(cursor.back(0), "(" | ",") {
            names::parameters(cursor)
        } else if context == WordContext::Integration && expected.words.contains("allow") {
            [names::parameters(cursor), self.readings(cursor)].concat()
        } else if sends && matches!(cursor.back(0), "=>" | ",") {
            self.destinations(cursor)
        } else {
            Vec::new()
        }
    }
}

/// A word of the language with what it does.
fn keyword(cursor: &Cursor<'_>, word: &str) -> Completion {
    let first = word.split(' ').next().unwrap_or(word);
    let described = description::keyword(first, cursor.context(), &[first]);
    let documentation = described.map(|found| found.markdown()).unwrap_or_default();
    Completion::new(word, CompletionKind::Keyword, cursor.span()).documentation(documentation).rank(6)
}
