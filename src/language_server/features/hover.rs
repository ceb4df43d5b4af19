//! Hover: a name with its declaration, a word of the language with what it does, a pattern with a text that it matches.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::{RouteFactsByPath, markup, with_view};
use crate::language_server::snapshot::RuleSetSnapshot;
use crate::ruleset::editor::{NameKind, RouteFacts};
use lsp_types::request::HoverRequest;
use lsp_types::{Hover, HoverContents, HoverParams, HoverProviderCapability, ServerCapabilities};

/// `textDocument/hover`
pub(super) struct Hovers;

impl Answer for Hovers {
    type Request = HoverRequest;
    // What is said of a route comes from tests and proofs.
    const NEEDS: FeatureNeeds = FeatureNeeds::Tests;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.hover_provider = Some(HoverProviderCapability::Simple(true));
    }

    fn answer(context: &AnswerContext, parameters: HoverParams) -> Result<Option<Hover>, RequestError> {
        let positions = context.positions()?;
        let offset = positions.offset(parameters.text_document_position_params.position);
        let routes = route_facts(context, offset);
        Ok(with_view(context, &routes, |view, snapshot, file| {
            let found = view.hover(file, offset)?;
            let range = snapshot.range(found.span, context.client.unit);
            let contents = HoverContents::Markup(markup(context, &found.markdown));
            Some(Hover { contents, range: Some(range) })
        }))
    }
}

/// The facts about the route at a place; tests and proofs run for a route alone.
fn route_facts(context: &AnswerContext, offset: usize) -> RouteFactsByPath {
    let Some((snapshot, file)) = context.checked() else { return RouteFactsByPath::new() };
    let names = snapshot.names();
    match names.declared_at(file, offset) {
        Some((id, declaration)) if declaration.kind == NameKind::Route => facts_of(snapshot, names.path(id)),
        Some(_) | None => RouteFactsByPath::new(),
    }
}

fn facts_of(snapshot: &RuleSetSnapshot, path: &str) -> RouteFactsByPath {
    if snapshot.rules().is_none() {
        return RouteFactsByPath::new();
    }
    let hits = snapshot.route_hits().get(path).copied().unwrap_or_default();
    let verdict = snapshot.verdicts().get(path).cloned();
    RouteFactsByPath::from([(path.into(), RouteFacts { hits: Some(hits), verdict })])
}
