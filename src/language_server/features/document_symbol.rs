//! Document symbols: the outline of a text, by routing and route.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::outline::{OutlineKind, OutlineNode, ParsedText};
use crate::language_server::positions::PositionMap;
use lsp_types::request::DocumentSymbolRequest;
use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location, OneOf, ServerCapabilities,
    SymbolInformation, SymbolKind, Uri,
};

/// `textDocument/documentSymbol`
pub(super) struct DocumentSymbols;

impl Answer for DocumentSymbols {
    type Request = DocumentSymbolRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.document_symbol_provider = Some(OneOf::Left(true));
    }

    fn answer(
        context: &AnswerContext,
        _: DocumentSymbolParams,
    ) -> Result<Option<DocumentSymbolResponse>, RequestError> {
        let positions = context.positions()?;
        let outline = ParsedText::read(positions.text).outline();
        if context.client.nested_symbols {
            let symbols = outline.iter().map(|node| nested(node, &positions)).collect();
            return Ok(Some(DocumentSymbolResponse::Nested(symbols)));
        }
        let mut symbols = Vec::new();
        let uri = &context.document()?.uri;
        for node in &outline {
            flatten(node, None, uri, &positions, &mut symbols);
        }
        Ok(Some(DocumentSymbolResponse::Flat(symbols)))
    }
}

#[expect(deprecated, reason = "the type has no other constructor, and the field stays empty")]
fn nested(node: &OutlineNode, positions: &PositionMap<'_>) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = node.children.iter().map(|child| nested(child, positions)).collect();
    DocumentSymbol {
        name: shown(node),
        detail: Some(node.detail.clone()).filter(|detail| !detail.is_empty()),
        kind: symbol_kind(node.kind),
        tags: None,
        deprecated: None,
        range: positions.range(node.span.range()),
        selection_range: positions.range(node.name_span.range()),
        children: Some(children).filter(|children| !children.is_empty()),
    }
}

#[expect(deprecated, reason = "the type has no other constructor, and the field stays empty")]
fn flatten(
    node: &OutlineNode,
    container: Option<&str>,
    uri: &Uri,
    positions: &PositionMap<'_>,
    symbols: &mut Vec<SymbolInformation>,
) {
    symbols.push(SymbolInformation {
        name: shown(node),
        kind: symbol_kind(node.kind),
        tags: None,
        deprecated: None,
        location: Location { uri: uri.clone(), range: positions.range(node.span.range()) },
        container_name: container.map(str::to_owned),
    });
    for child in &node.children {
        flatten(child, Some(&node.name), uri, positions, symbols);
    }
}

/// Clients refuse symbols without a name.
fn shown(node: &OutlineNode) -> String {
    if node.name.trim().is_empty() { "(no name)".to_owned() } else { node.name.clone() }
}

/// The kind that editors have an icon for.
pub(in crate::language_server) fn symbol_kind(kind: OutlineKind) -> SymbolKind {
    match kind {
        OutlineKind::Mapping => SymbolKind::CLASS,
        OutlineKind::Table => SymbolKind::ARRAY,
        OutlineKind::Define => SymbolKind::CONSTANT,
        OutlineKind::Channel => SymbolKind::INTERFACE,
        OutlineKind::Routing => SymbolKind::NAMESPACE,
        OutlineKind::Mute => SymbolKind::OPERATOR,
        OutlineKind::Schedule | OutlineKind::Heartbeat => SymbolKind::EVENT,
        OutlineKind::Integration => SymbolKind::MODULE,
        OutlineKind::Test | OutlineKind::Prove => SymbolKind::METHOD,
        OutlineKind::Statement => SymbolKind::FIELD,
        OutlineKind::Route => SymbolKind::FUNCTION,
    }
}
