//! References: every place of a name, in expressions, templates, bodies, tests and paths of routes.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::ruleset::editor::NameRole;
use lsp_types::request::References;
use lsp_types::{Location, OneOf, ReferenceParams, ServerCapabilities};

/// `textDocument/references`
pub(super) struct ReferencesOf;

impl Answer for ReferencesOf {
    type Request = References;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.references_provider = Some(OneOf::Left(true));
    }

    fn answer(context: &AnswerContext, parameters: ReferenceParams) -> Result<Option<Vec<Location>>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position.position);
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let with_declaration = parameters.context.include_declaration;
        let found = snapshot.names().references(file, offset);
        let found = found.filter(|each| with_declaration || each.role == NameRole::Uses);
        Ok(Some(found.filter_map(|each| context.location(snapshot, each.span)).collect()))
    }
}
