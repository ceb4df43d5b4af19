//! Workspace symbols: declarations and routes of all open rule sets whose names hold the letters of a query in their order.

use super::document_symbol::symbol_kind;
use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::outline::{OutlineKind, OutlineNode, ParsedText};
use crate::source::Span;
use lsp_types::request::WorkspaceSymbolRequest;
use lsp_types::{
    Location, OneOf, ServerCapabilities, SymbolInformation, WorkspaceSymbolParams, WorkspaceSymbolResponse,
};

/// How many symbols one answer has at most.
const MAX_SYMBOLS: usize = 1_000;

/// `workspace/symbol`
pub(super) struct WorkspaceSymbols;

impl Answer for WorkspaceSymbols {
    type Request = WorkspaceSymbolRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.workspace_symbol_provider = Some(OneOf::Left(true));
    }

    fn answer(
        context: &AnswerContext,
        parameters: WorkspaceSymbolParams,
    ) -> Result<Option<WorkspaceSymbolResponse>, RequestError> {
        let mut symbols = Vec::new();
        for snapshot in &context.all {
            for (id, file) in snapshot.sources().iter() {
                let outline = ParsedText::read(file.text()).outline();
                OutlineNode::visit(&outline, &mut |node| {
                    let is_found = node.kind != OutlineKind::Statement && holds_letters(&node.name, &parameters.query);
                    if is_found && symbols.len() < MAX_SYMBOLS {
                        let location = context.location(snapshot, Span { file: id, ..node.name_span });
                        symbols.extend(location.map(|location| symbol(node, location)));
                    }
                });
            }
        }
        Ok(Some(WorkspaceSymbolResponse::Flat(symbols)))
    }
}

#[expect(deprecated, reason = "the type has no other constructor, and the field stays empty")]
fn symbol(node: &OutlineNode, location: Location) -> SymbolInformation {
    SymbolInformation {
        name: node.name.clone(),
        kind: symbol_kind(node.kind),
        tags: None,
        deprecated: None,
        location,
        container_name: None,
    }
}

/// Whether a name holds the letters of a query in their order, whatever their case.
fn holds_letters(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|asked| letters.any(|letter| letter == asked))
}
