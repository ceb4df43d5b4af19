//! What an answer about rules is made from: the texts as they are, their names, and what is known of the last version that
//! had no error.

use super::name::{NameId, RuleNames};
use crate::ruleset::{ReadTable, RuleSet};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax::{self, ClassifiedToken, TokenClass};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

use super::description::WordContext;

/// What answers are made from.
#[derive(Clone, Copy)]
pub struct EditorView<'e> {
    /// The texts.
    pub sources: &'e Sources,
    /// Their names.
    pub names: &'e RuleNames,
    /// The rules as they were when they last had no error.
    pub sound: Option<&'e RuleSet>,
    /// What is known of routes, by their paths.
    pub routes: &'e BTreeMap<Box<str>, RouteFacts>,
    /// The values of labels in samples, by the labels' names.
    pub samples: &'e BTreeMap<Box<str>, BTreeSet<Box<str>>>,
    /// Reads the tables that rules name.
    pub read: &'e ReadTable<'e>,
    /// The time of the answer.
    pub now: Timestamp,
}

/// What tests and proofs know of a route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteFacts {
    /// How many cases of tests hit it; nothing if no tests were run.
    pub hits: Option<usize>,
    /// An event that reaches it, or why none does, in Markdown.
    pub verdict: Option<String>,
}

impl<'e> EditorView<'e> {
    /// The text of a file.
    #[must_use]
    pub fn text(&self, file: FileId) -> &'e str {
        self.sources.file(file).map_or("", SourceFile::text)
    }

    /// The path and the facts of a route.
    pub(super) fn route_facts(&self, id: NameId) -> Option<&'e RouteFacts> {
        self.routes.get(self.names.path(id))
    }
}

/// The tokens of a text, looked at from one of them.
pub(super) struct TokenView<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<ClassifiedToken>,
}

impl<'t> TokenView<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, tokens: syntax::classified_tokens(text) }
    }

    pub(super) fn word(&self, index: usize) -> &'t str {
        let range = self.tokens.get(index).map(|token| token.range.clone());
        range.and_then(|range| self.text.get(range)).unwrap_or_default()
    }

    pub(super) fn class(&self, index: usize) -> Option<TokenClass> {
        self.tokens.get(index).map(|token| token.class)
    }

    /// The token that holds a byte, or ends at it where no other begins there.
    pub(super) fn at(&self, offset: usize) -> Option<usize> {
        let after = self.tokens.partition_point(|token| token.range.start <= offset);
        let index = after.checked_sub(1)?;
        let token = self.tokens.get(index)?;
        (offset <= token.range.end).then_some(index)
    }

    /// The place of a token.
    pub(super) fn span(&self, file: FileId, index: usize) -> Option<Span> {
        self.tokens.get(index).map(|token| Span::new(file, token.range.start, token.range.end))
    }

    /// In what kind of declaration a token stands.
    pub(super) fn context(&self, index: usize) -> WordContext {
        let begins = (0..=index).rev().find_map(|before| {
            let start = self.tokens.get(before)?.range.start;
            let is_margin = start == 0 || self.text.as_bytes().get(start - 1) == Some(&b'\n');
            let context = WordContext::of(self.word(before));
            (is_margin && context != WordContext::File).then_some(context)
        });
        begins.unwrap_or(WordContext::File)
    }

    /// The words and signs on the line of a token.
    pub(super) fn beside(&self, index: usize) -> Vec<&'t str> {
        let Some(token) = self.tokens.get(index) else { return Vec::new() };
        let start = self.text.get(..token.range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = self.text.get(token.range.end..).and_then(|after| after.find('\n'));
        let end = end.map_or(self.text.len(), |at| token.range.end + at);
        let on_line = self.tokens.iter().filter(|each| each.range.start >= start && each.range.end <= end);
        let words = on_line.filter(|each| matches!(each.class, TokenClass::Keyword | TokenClass::Sign));
        words.filter_map(|each| self.text.get(each.range.clone())).collect()
    }
}
