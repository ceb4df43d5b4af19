//! `pointsman/text`: the text as the server has it, to find out whether an editor and the server agree.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use lsp_types::request::Request;
use lsp_types::{ServerCapabilities, TextDocumentIdentifier};
use serde::{Deserialize, Serialize};

/// The request, which the protocol does not have.
pub(super) enum TextRequest {}

impl Request for TextRequest {
    type Params = TextParameters;
    type Result = Option<ServerText>;
    const METHOD: &'static str = "pointsman/text";
}

/// The document that is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TextParameters {
    text_document: TextDocumentIdentifier,
}

/// A text, and the client's number of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ServerText {
    version: i32,
    text: String,
}

/// `pointsman/text`
pub(super) struct ShowText;

impl Answer for ShowText {
    type Request = TextRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Text;

    fn announce(_capabilities: &mut ServerCapabilities, _client: &ClientSupport) {}

    fn answer(context: &AnswerContext, _: TextParameters) -> Result<Option<ServerText>, RequestError> {
        let document = context.document()?;
        Ok(Some(ServerText { version: document.version, text: document.text.to_string() }))
    }
}
