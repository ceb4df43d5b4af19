//! Inlay hints behind lines of routings: how many tests hit them, and whether no event can.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::check::proof_code;
use crate::language_server::client::ClientSupport;
use crate::source::Span;
use crate::text::plural;
use lsp_types::request::InlayHintRequest;
use lsp_types::{InlayHint, InlayHintLabel, InlayHintParams, OneOf, ServerCapabilities};

/// `textDocument/inlayHint`
pub(super) struct InlayHints;

impl Answer for InlayHints {
    type Request = InlayHintRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Tests;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.inlay_hint_provider = Some(OneOf::Left(true));
    }

    fn answer(context: &AnswerContext, parameters: InlayHintParams) -> Result<Option<Vec<InlayHint>>, RequestError> {
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let Some(rules) = snapshot.rules() else { return Ok(None) };
        let positions = context.positions()?;
        let asked = positions.bytes(parameters.range);
        let codes = [proof_code::UNREACHABLE_LINE.id, proof_code::SHADOWED_LINE.id];
        let unreachable = snapshot.diagnostics().iter().filter(|finding| codes.contains(&finding.code.id));
        let unreachable: Vec<Span> = unreachable.map(|finding| finding.span).collect();
        let tests = snapshot.route_hits();
        let own = rules.model.routing_lines().filter(|line| line.head.file == file);
        let mut hints = Vec::new();
        for line in own.filter(|line| asked.start <= line.head.range().end && line.head.range().start <= asked.end) {
            let is_unreachable = unreachable.iter().any(|place| line.head.covers(*place));
            let label = match tests.get(&*line.path).copied().unwrap_or(0) {
                _ if is_unreachable => "unreachable".to_owned(),
                0 => continue,
                count => plural(count, "test"),
            };
            let head_end = line.head.range().end;
            let rest = positions.text.get(head_end..).unwrap_or_default();
            let end = head_end + rest.lines().next().map_or(0, |rest| rest.trim_end().len());
            hints.push(InlayHint {
                position: positions.position(end),
                label: InlayHintLabel::String(label),
                kind: None,
                text_edits: None,
                tooltip: None,
                padding_left: Some(true),
                padding_right: None,
                data: None,
            });
        }
        Ok(Some(hints))
    }
}
