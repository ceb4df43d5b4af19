//! Selection ranges: word, brackets, line of a routing, declaration, text.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::outline::{OutlineNode, ParsedText};
use crate::language_server::positions::PositionMap;
use crate::syntax::{ConcreteToken, TokenPlace, concrete_tokens};
use lsp_types::request::SelectionRangeRequest;
use lsp_types::{SelectionRange, SelectionRangeParams, SelectionRangeProviderCapability, ServerCapabilities};
use std::ops::Range;

/// `textDocument/selectionRange`
pub(super) struct SelectionRanges;

/// How many positions one request may ask for.
const MAX_POSITIONS: usize = 1_000;

impl Answer for SelectionRanges {
    type Request = SelectionRangeRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.selection_range_provider = Some(SelectionRangeProviderCapability::Simple(true));
    }

    fn answer(
        context: &AnswerContext,
        parameters: SelectionRangeParams,
    ) -> Result<Option<Vec<SelectionRange>>, RequestError> {
        let positions = context.positions()?;
        let parsed = TextParts::read(positions.text);
        let asked = parameters.positions.into_iter().take(MAX_POSITIONS);
        Ok(Some(asked.map(|position| parsed.selection(positions.offset(position), &positions)).collect()))
    }
}

struct TextParts {
    outline: Vec<OutlineNode>,
    /// Words, and what stands between brackets, with and without them; in no order.
    parts: Vec<Range<usize>>,
    length: usize,
}

impl TextParts {
    fn read(text: &str) -> Self {
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let tokens = concrete_tokens(text.get(mark..).unwrap_or_default()).unwrap_or_default();
        let parts = parts(&tokens).into_iter().map(|part| part.start + mark..part.end + mark).collect();
        Self { outline: ParsedText::read(text).outline(), parts, length: text.len() }
    }

    fn selection(&self, offset: usize, positions: &PositionMap<'_>) -> SelectionRange {
        let place = offset..offset;
        let outline = OutlineNode::around(&self.outline, &place).into_iter().map(|node| node.span.range());
        let mut around: Vec<Range<usize>> = std::iter::once(0..self.length).chain(outline).collect();
        around.extend(self.parts.iter().filter(|part| part.start <= offset && offset <= part.end).cloned());
        around.sort_by_key(|range| (std::cmp::Reverse(range.len()), range.start));
        around.dedup();
        let mut selection: Option<SelectionRange> = None;
        let mut outer = 0..self.length;
        for range in around {
            // Two words that touch each other at the place: the first is taken.
            if outer.start <= range.start && range.end <= outer.end && !range.is_empty() {
                let parent = selection.take().map(Box::new);
                selection = Some(SelectionRange { range: positions.range(range.clone()), parent });
                outer = range;
            }
        }
        selection.unwrap_or(SelectionRange { range: positions.range(place), parent: None })
    }
}

fn parts(tokens: &[ConcreteToken]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut open: Vec<&ConcreteToken> = Vec::new();
    for token in tokens {
        match token.place {
            TokenPlace::OpensBlock(_) | TokenPlace::OpensList | TokenPlace::OpensGroup => open.push(token),
            TokenPlace::Closes => {
                if let Some(opening) = open.pop() {
                    parts.push(opening.range.end..token.range.start);
                    parts.push(opening.range.start..token.range.end);
                }
            }
            TokenPlace::Inner
            | TokenPlace::Clause
            | TokenPlace::Connective
            | TokenPlace::Coalesce
            | TokenPlace::Destination => parts.push(token.range.clone()),
        }
    }
    parts
}
