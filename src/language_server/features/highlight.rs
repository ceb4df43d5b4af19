//! Highlights: every place of a name in the file at hand.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::ruleset::editor::NameRole;
use lsp_types::request::DocumentHighlightRequest;
use lsp_types::{DocumentHighlight, DocumentHighlightKind, DocumentHighlightParams, OneOf, ServerCapabilities};

/// `textDocument/documentHighlight`
pub(super) struct Highlights;

impl Answer for Highlights {
    type Request = DocumentHighlightRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.document_highlight_provider = Some(OneOf::Left(true));
    }

    fn answer(
        context: &AnswerContext,
        parameters: DocumentHighlightParams,
    ) -> Result<Option<Vec<DocumentHighlight>>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position_params.position);
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let found = snapshot.names().references(file, offset).filter(|each| each.span.file == file);
        let highlight = |each: &crate::ruleset::editor::NameUse| DocumentHighlight {
            range: snapshot.range(each.span, context.client.unit),
            kind: Some(match each.role {
                NameRole::Declares => DocumentHighlightKind::WRITE,
                NameRole::Uses => DocumentHighlightKind::READ,
            }),
        };
        Ok(Some(found.map(highlight).collect()))
    }
}
