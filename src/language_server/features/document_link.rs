//! Document links: files that the rules name, and the codes of `allow`.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::diagnostics::page_uri;
use crate::language_server::outline::ParsedText;
use crate::language_server::uri;
use lsp_types::request::DocumentLinkRequest;
use lsp_types::{DocumentLink, DocumentLinkOptions, DocumentLinkParams, ServerCapabilities, WorkDoneProgressOptions};

/// `textDocument/documentLink`
pub(super) struct DocumentLinks;

impl Answer for DocumentLinks {
    type Request = DocumentLinkRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.document_link_provider = Some(DocumentLinkOptions {
            resolve_provider: None,
            work_done_progress_options: WorkDoneProgressOptions::default(),
        });
    }

    fn answer(context: &AnswerContext, _: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>, RequestError> {
        let positions = context.positions()?;
        let parsed = ParsedText::read(positions.text);
        let folder = context.document()?.path.as_deref().and_then(std::path::Path::parent);
        let mut links = Vec::new();
        for file in parsed.named_files() {
            let target = folder.and_then(|folder| uri::from_path(&uri::without_dots(&folder.join(&*file.name))));
            // The quotes are not part of the link.
            let place = file.span.range();
            let range = positions.range(place.start + 1..place.end.saturating_sub(1).max(place.start + 1));
            links.extend(target.map(|target| DocumentLink { range, target: Some(target), tooltip: None, data: None }));
        }
        let codes = parsed.tree().allows.iter().filter(|_| context.client.shows_pages);
        links.extend(codes.map(|allow| DocumentLink {
            range: positions.range(allow.code.span.range()),
            target: page_uri(&allow.code.text),
            tooltip: None,
            data: None,
        }));
        Ok(Some(links))
    }
}
