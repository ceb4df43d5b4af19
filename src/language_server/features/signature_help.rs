//! Signature help: the call around a place, and which of its arguments is being written.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::{RouteFactsByPath, markup, with_view};
use lsp_types::request::SignatureHelpRequest;
use lsp_types::{
    Documentation, ParameterInformation, ParameterLabel, ServerCapabilities, SignatureHelp, SignatureHelpOptions,
    SignatureHelpParams, SignatureInformation,
};

/// `textDocument/signatureHelp`
pub(super) struct Signatures;

impl Answer for Signatures {
    type Request = SignatureHelpRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.signature_help_provider = Some(SignatureHelpOptions {
            trigger_characters: Some(vec!["(".to_owned(), ",".to_owned()]),
            ..SignatureHelpOptions::default()
        });
    }

    fn answer(context: &AnswerContext, parameters: SignatureHelpParams) -> Result<Option<SignatureHelp>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position_params.position);
        Ok(with_view(context, &RouteFactsByPath::new(), |view, _, file| {
            let call = view.signature(file, offset)?;
            let active = u32::try_from(call.active).ok();
            let parameter =
                |name: String| ParameterInformation { label: ParameterLabel::Simple(name), documentation: None };
            let signature = SignatureInformation {
                label: call.label,
                documentation: Some(Documentation::MarkupContent(markup(context, &call.documentation))),
                parameters: Some(call.parameters.into_iter().map(parameter).collect()),
                active_parameter: None,
            };
            Some(SignatureHelp { signatures: vec![signature], active_signature: Some(0), active_parameter: active })
        }))
    }
}
