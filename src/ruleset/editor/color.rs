//! What each token of a text is, names by what they stand for: for colours that follow the meaning.

use super::name::{NameKind, NameRole, WordMeaning};
use super::view::EditorView;
use crate::source::{FileId, Span};
use crate::syntax::{self, ClassifiedToken, TokenClass};
use std::collections::HashMap;
use std::ops::Range;

/// A token and its colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColoredToken {
    /// Which bytes of the text it takes; it does not cross a line.
    pub range: Range<usize>,
    /// What it is.
    pub color: TokenColor,
    /// Whether it declares the name.
    pub declares: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenColor {
    /// A word by its place in the grammar.
    Class(TokenClass),
    /// A declared name.
    Name(NameKind),
    /// A field of the event, or what a message says of its group.
    Field,
    /// A built-in function.
    Function,
    /// A kind of channel.
    ChannelKind,
    /// A parameter of a channel or an integration.
    Parameter,
    /// The code of a finding.
    Code,
}

impl EditorView<'_> {
    /// The tokens of a file in order.
    #[must_use]
    pub fn colors(&self, file: FileId) -> Vec<ColoredToken> {
        let own = self.names.uses.iter().filter(|each| each.span.file == file);
        let meanings: HashMap<Span, (WordMeaning, NameRole)> =
            own.map(|each| (each.span, (each.meaning, each.role))).collect();
        let color = |token: ClassifiedToken| {
            let span = Span::new(file, token.range.start, token.range.end);
            let meaning = meanings.get(&span).filter(|_| token.class != TokenClass::String);
            let color = meaning.map_or(TokenColor::Class(token.class), |(meaning, _)| self.color(*meaning));
            let declares = meaning.is_some_and(|(_, role)| *role == NameRole::Declares);
            ColoredToken { range: token.range, color, declares }
        };
        syntax::classified_tokens(self.text(file)).into_iter().map(color).collect()
    }

    fn color(&self, meaning: WordMeaning) -> TokenColor {
        match meaning {
            WordMeaning::Declared(id) => {
                let kind = self.names.declaration(id).map(|declaration| declaration.kind);
                kind.map_or(TokenColor::Class(TokenClass::Name), TokenColor::Name)
            }
            WordMeaning::Field(_) | WordMeaning::GroupField(_) => TokenColor::Field,
            WordMeaning::Function(_) | WordMeaning::Call(_) => TokenColor::Function,
            WordMeaning::ChannelKind(_) => TokenColor::ChannelKind,
            WordMeaning::Parameter(_) => TokenColor::Parameter,
            WordMeaning::Constant(_) => TokenColor::Class(TokenClass::Constant),
            WordMeaning::Code(_) => TokenColor::Code,
        }
    }
}
