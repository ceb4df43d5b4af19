//! The features: one file each, and the one list of them.
//!
//! A feature answers one request of the protocol. To add one, write a file with a type that implements [`Answer`], and add a
//! line to [`FEATURES`].

mod code_action;
mod code_lens;
mod commands;
mod completion;
mod definition;
mod document_link;
mod document_symbol;
mod folding;
mod formatting;
mod highlight;
mod hover;
mod inlay_hint;
mod references;
mod rename;
mod selection;
mod semantic_tokens;
mod signature_help;
mod text;
mod workspace_symbol;

use super::client::ClientSupport;
use super::documents::{OpenDocument, OpenDocuments};
use super::positions::PositionMap;
use super::snapshot::RuleSetSnapshot;
use crate::source::{FileId, Span};
use lsp_server::ErrorCode;
use lsp_types::request::Request;
use lsp_types::{Location, MessageType, ServerCapabilities, WorkspaceEdit};
use serde_json::Value;
use std::cell::RefCell;
use std::sync::Arc;

/// All features.
pub(super) const FEATURES: &[Feature] = &[
    Feature::of::<formatting::DocumentFormatting>(),
    Feature::of::<formatting::RangeFormatting>(),
    Feature::of::<code_action::CodeActions>(),
    Feature::of::<code_lens::CodeLenses>(),
    Feature::of::<commands::ExecuteCommand>(),
    Feature::of::<completion::Completions>(),
    Feature::of::<definition::Definition>(),
    Feature::of::<document_link::DocumentLinks>(),
    Feature::of::<document_symbol::DocumentSymbols>(),
    Feature::of::<folding::Folding>(),
    Feature::of::<highlight::Highlights>(),
    Feature::of::<hover::Hovers>(),
    Feature::of::<inlay_hint::InlayHints>(),
    Feature::of::<references::ReferencesOf>(),
    Feature::of::<rename::PrepareRename>(),
    Feature::of::<rename::RenameName>(),
    Feature::of::<selection::SelectionRanges>(),
    Feature::of::<semantic_tokens::FullTokens>(),
    Feature::of::<signature_help::Signatures>(),
    Feature::of::<workspace_symbol::WorkspaceSymbols>(),
    Feature::of::<text::ShowText>(),
];

/// What a feature needs before it can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeatureNeeds {
    /// The text as it is now. There may be a snapshot of an older one.
    Text,
    /// A check of the text as it is now.
    Check,
    /// The same; the answer takes long, so it is computed apart: it runs tests or proofs.
    Tests,
}

/// A feature: the answer to one request.
pub(super) trait Answer {
    /// The request.
    type Request: Request;
    /// What the answer needs.
    const NEEDS: FeatureNeeds;

    /// Says to the client that the server has it.
    fn announce(capabilities: &mut ServerCapabilities, client: &ClientSupport);

    /// Answers.
    ///
    /// # Errors
    /// If the request is refused; the client shows why.
    fn answer(
        context: &AnswerContext,
        parameters: <Self::Request as Request>::Params,
    ) -> Result<<Self::Request as Request>::Result, RequestError>;
}

/// A feature of the list.
pub(super) struct Feature {
    pub(super) method: &'static str,
    pub(super) needs: FeatureNeeds,
    pub(super) announce: fn(&mut ServerCapabilities, &ClientSupport),
    pub(super) answer: fn(&AnswerContext, Value) -> Result<Value, RequestError>,
}

impl Feature {
    const fn of<A: Answer>() -> Self {
        Self { method: A::Request::METHOD, needs: A::NEEDS, announce: A::announce, answer: answer::<A> }
    }
}

fn answer<A: Answer>(context: &AnswerContext, parameters: Value) -> Result<Value, RequestError> {
    let parameters = serde_json::from_value(parameters).map_err(|error| RequestError::invalid(error.to_string()))?;
    let result = A::answer(context, parameters)?;
    serde_json::to_value(result).map_err(|_| RequestError::panicked())
}

/// What an answer is computed from.
#[derive(Debug)]
pub(super) struct AnswerContext {
    pub(super) client: ClientSupport,
    /// All open texts.
    pub(super) documents: Arc<OpenDocuments>,
    /// The text that the request names. A request that names one is only answered for an open rule file.
    pub(super) document: Option<Arc<OpenDocument>>,
    /// The rule set of the text: of the text as it is now, unless the feature needs no more than the text.
    pub(super) snapshot: Option<Arc<RuleSetSnapshot>>,
    /// Whether the folders of the files decided which of them form that set.
    pub(super) is_found_set: bool,
    /// The last snapshot of the set without errors; may be the same.
    pub(super) sound: Option<Arc<RuleSetSnapshot>>,
    /// The newest snapshots of all open sets.
    pub(super) all: Vec<Arc<RuleSetSnapshot>>,
    /// What the client is asked to do besides.
    pub(super) effects: RefCell<Vec<ClientEffect>>,
}

/// What the server asks of the client besides the answer.
#[derive(Debug)]
pub(super) enum ClientEffect {
    /// Apply an edit.
    Apply { label: String, edit: WorkspaceEdit },
    /// Show a message.
    Show { kind: MessageType, text: String },
}

impl AnswerContext {
    /// The text that the request names.
    ///
    /// # Errors
    /// If it names none that is open.
    pub(super) fn document(&self) -> Result<&OpenDocument, RequestError> {
        self.document.as_deref().ok_or_else(|| RequestError::invalid("the document is not open".to_owned()))
    }

    /// Positions in the text that the request names.
    ///
    /// # Errors
    /// As for [`AnswerContext::document`].
    pub(super) fn positions(&self) -> Result<PositionMap<'_>, RequestError> {
        Ok(self.document()?.positions(self.client.unit))
    }

    /// The snapshot with the file that the request names.
    pub(super) fn checked(&self) -> Option<(&RuleSetSnapshot, FileId)> {
        let snapshot = self.snapshot.as_deref()?;
        let file = snapshot.file(self.document.as_ref()?.path.as_ref()?)?;
        Some((snapshot, file))
    }

    /// The place of a span of a snapshot.
    pub(super) fn location(&self, snapshot: &RuleSetSnapshot, span: Span) -> Option<Location> {
        let uri = self.documents.uri(&snapshot.path(span.file)?)?;
        Some(Location { uri, range: snapshot.range(span, self.client.unit) })
    }
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequestError {
    /// A code of the protocol.
    pub(super) code: i32,
    /// The reason, in words.
    pub(super) message: String,
}

impl RequestError {
    fn new(code: ErrorCode, message: String) -> Self {
        Self { code: code as i32, message }
    }

    /// The parameters are wrong.
    pub(super) fn invalid(message: String) -> Self {
        Self::new(ErrorCode::InvalidParams, message)
    }

    /// The request is understood, and refused for a reason.
    pub(super) fn refused(message: String) -> Self {
        Self::new(ErrorCode::RequestFailed, message)
    }

    /// The text changed before the answer was there.
    pub(super) fn outdated() -> Self {
        Self::new(ErrorCode::ContentModified, "the text has changed".to_owned())
    }

    /// The client no longer wants the answer.
    pub(super) fn canceled() -> Self {
        Self::new(ErrorCode::RequestCanceled, "the request was cancelled".to_owned())
    }

    /// The server is not yet initialised.
    pub(super) fn early() -> Self {
        Self::new(ErrorCode::ServerNotInitialized, "the server waits for `initialize`".to_owned())
    }

    /// The server is shutting down, or initialised already.
    pub(super) fn late(message: &str) -> Self {
        Self::new(ErrorCode::InvalidRequest, message.to_owned())
    }

    /// There is no such method.
    pub(super) fn unknown(method: &str) -> Self {
        Self::new(ErrorCode::MethodNotFound, format!("the server does not know `{method}`"))
    }

    /// A mistake of the server.
    pub(super) fn panicked() -> Self {
        let message = "this is a mistake in the language server; please report it with the text".to_owned();
        Self::new(ErrorCode::InternalError, message)
    }
}
