//! Formatting: the whole text, or whole declarations, as small edits.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::format::{self, FormatError};
use crate::language_server::client::ClientSupport;
use crate::language_server::positions::PositionMap;
use lsp_types::request::{Formatting, RangeFormatting as RangeFormattingRequest};
use lsp_types::{DocumentFormattingParams, DocumentRangeFormattingParams, OneOf, ServerCapabilities, TextEdit};
use std::ops::Range;

/// `textDocument/formatting`
pub(super) struct DocumentFormatting;

impl Answer for DocumentFormatting {
    type Request = Formatting;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.document_formatting_provider = Some(OneOf::Left(true));
    }

    fn answer(context: &AnswerContext, _: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>, RequestError> {
        let positions = context.positions()?;
        Ok(Some(edits(&positions, 0..positions.text.len())?))
    }
}

/// `textDocument/rangeFormatting`
pub(super) struct RangeFormatting;

impl Answer for RangeFormatting {
    type Request = RangeFormattingRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.document_range_formatting_provider = Some(OneOf::Left(true));
    }

    fn answer(
        context: &AnswerContext,
        parameters: DocumentRangeFormattingParams,
    ) -> Result<Option<Vec<TextEdit>>, RequestError> {
        let positions = context.positions()?;
        let range = positions.bytes(parameters.range);
        Ok(Some(edits(&positions, format::declarations_around(positions.text, range))?))
    }
}

/// The changes within a part of the text. A text that does not parse is not changed: its diagnostics say why.
fn edits(positions: &PositionMap<'_>, part: Range<usize>) -> Result<Vec<TextEdit>, RequestError> {
    match format::changes(positions.text) {
        Ok(changes) => {
            let within = changes.into_iter().filter(|(range, _)| part.start <= range.start && range.end <= part.end);
            Ok(within.map(|(range, text)| TextEdit { range: positions.range(range), new_text: text }).collect())
        }
        Err(FormatError::Unparsed) => Ok(Vec::new()),
        Err(FormatError::Changed) => Err(RequestError::panicked()),
    }
}
