//! Folding: blocks of several lines, and runs of comment lines.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::outline::{OutlineNode, ParsedText};
use crate::language_server::positions::PositionMap;
use crate::syntax::{TokenPlace, concrete_tokens};
use lsp_types::request::FoldingRangeRequest;
use lsp_types::{
    FoldingRange, FoldingRangeKind, FoldingRangeParams, FoldingRangeProviderCapability, ServerCapabilities,
};
use std::collections::BTreeMap;

/// `textDocument/foldingRange`
pub(super) struct Folding;

impl Answer for Folding {
    type Request = FoldingRangeRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.folding_range_provider = Some(FoldingRangeProviderCapability::Simple(true));
    }

    fn answer(context: &AnswerContext, _: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>, RequestError> {
        let positions = context.positions()?;
        // One fold for each first line: the largest.
        let mut folds: BTreeMap<u32, (u32, FoldingRangeKind)> = BTreeMap::new();
        let mut add = |first: u32, last: u32, kind: FoldingRangeKind| {
            if first < last {
                let known = folds.entry(first).or_insert((last, kind.clone()));
                if known.0 < last {
                    *known = (last, kind);
                }
            }
        };
        blocks(&positions, &mut |first, last| add(first, last, FoldingRangeKind::Region));
        comments(&positions, &mut |first, last| add(first, last, FoldingRangeKind::Comment));
        let fold = |(first, (last, kind)): (u32, (u32, FoldingRangeKind))| FoldingRange {
            start_line: first,
            end_line: last,
            kind: Some(kind),
            ..FoldingRange::default()
        };
        Ok(Some(folds.into_iter().map(fold).collect()))
    }
}

/// The lines of each pair of brackets, up to the line above the closing one; of whole declarations where the text does not
/// parse.
fn blocks(positions: &PositionMap<'_>, add: &mut dyn FnMut(u32, u32)) {
    let line = |offset: usize| positions.position(offset).line;
    let mark = if positions.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let Some(tokens) = concrete_tokens(positions.text.get(mark..).unwrap_or_default()) else {
        let outline = ParsedText::read(positions.text).outline();
        OutlineNode::visit(&outline, &mut |node| {
            let range = node.span.range();
            add(line(range.start), line(range.end).saturating_sub(1));
        });
        return;
    };
    let mut open = Vec::new();
    for token in tokens {
        match token.place {
            TokenPlace::OpensBlock(_) | TokenPlace::OpensList | TokenPlace::OpensGroup => open.push(token.range.start),
            TokenPlace::Closes => {
                if let Some(start) = open.pop() {
                    add(line(mark + start), line(mark + token.range.start).saturating_sub(1));
                }
            }
            TokenPlace::Inner
            | TokenPlace::Clause
            | TokenPlace::Connective
            | TokenPlace::Coalesce
            | TokenPlace::Destination => {}
        }
    }
}

fn comments(positions: &PositionMap<'_>, add: &mut dyn FnMut(u32, u32)) {
    let mut first: Option<u32> = None;
    let mut number = 0;
    for line in positions.text.lines() {
        let is_comment = line.trim_start().starts_with('#');
        match (is_comment, first) {
            (true, None) => first = Some(number),
            (false, Some(start)) => {
                add(start, number.saturating_sub(1));
                first = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
        number += 1;
    }
    if let Some(start) = first {
        add(start, number.saturating_sub(1));
    }
}
