//! Definition: where a name is declared, the column or cell of a CSV file, the file that a string names.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::{RouteFactsByPath, location, with_view};
use lsp_types::request::GotoDefinition;
use lsp_types::{GotoDefinitionParams, GotoDefinitionResponse, OneOf, ServerCapabilities};

/// `textDocument/definition`
pub(super) struct Definition;

impl Answer for Definition {
    type Request = GotoDefinition;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.definition_provider = Some(OneOf::Left(true));
    }

    fn answer(
        context: &AnswerContext,
        parameters: GotoDefinitionParams,
    ) -> Result<Option<GotoDefinitionResponse>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position_params.position);
        Ok(with_view(context, &RouteFactsByPath::new(), |view, snapshot, file| {
            let place = view.names.definition(file, offset, view.read)?;
            location(context, snapshot, &place).map(GotoDefinitionResponse::Scalar)
        }))
    }
}
