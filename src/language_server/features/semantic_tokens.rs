//! Semantic tokens: what each token is, names by what they stand for.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::{RouteFactsByPath, with_view};
use crate::ruleset::editor::{ColoredToken, NameKind, TokenColor};
use crate::syntax::TokenClass;
use lsp_types::request::SemanticTokensFullRequest;
use lsp_types::{
    SemanticToken, SemanticTokenModifier, SemanticTokenType, SemanticTokens, SemanticTokensFullOptions,
    SemanticTokensLegend, SemanticTokensOptions, SemanticTokensParams, SemanticTokensResult,
    SemanticTokensServerCapabilities, ServerCapabilities,
};

/// The types of tokens, by the numbers of the protocol.
const TYPES: [SemanticTokenType; 14] = [
    SemanticTokenType::KEYWORD,
    SemanticTokenType::STRING,
    SemanticTokenType::REGEXP,
    SemanticTokenType::NUMBER,
    SemanticTokenType::COMMENT,
    SemanticTokenType::OPERATOR,
    SemanticTokenType::ENUM_MEMBER,
    SemanticTokenType::FUNCTION,
    SemanticTokenType::PARAMETER,
    SemanticTokenType::VARIABLE,
    SemanticTokenType::PROPERTY,
    SemanticTokenType::TYPE,
    SemanticTokenType::NAMESPACE,
    SemanticTokenType::CLASS,
];

/// `textDocument/semanticTokens/full`
pub(super) struct FullTokens;

impl Answer for FullTokens {
    type Request = SemanticTokensFullRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        let modifiers = vec![SemanticTokenModifier::DECLARATION, SemanticTokenModifier::DOCUMENTATION];
        let options = SemanticTokensOptions {
            legend: SemanticTokensLegend { token_types: TYPES.to_vec(), token_modifiers: modifiers },
            full: Some(SemanticTokensFullOptions::Bool(true)),
            ..SemanticTokensOptions::default()
        };
        capabilities.semantic_tokens_provider = Some(SemanticTokensServerCapabilities::SemanticTokensOptions(options));
    }

    fn answer(context: &AnswerContext, _: SemanticTokensParams) -> Result<Option<SemanticTokensResult>, RequestError> {
        let positions = context.positions()?;
        Ok(with_view(context, &RouteFactsByPath::new(), |view, _, file| {
            let mut data = Vec::new();
            let mut last = lsp_types::Position { line: 0, character: 0 };
            for token in view.colors(file) {
                let Some(kind) = token_type(&token).and_then(|kind| TYPES.iter().position(|each| *each == kind)) else {
                    continue;
                };
                let range = positions.range(token.range.clone());
                let delta_line = range.start.line - last.line;
                let from = if delta_line == 0 { last.character } else { 0 };
                data.push(SemanticToken {
                    delta_line,
                    delta_start: range.start.character - from,
                    length: range.end.character.saturating_sub(range.start.character),
                    token_type: u32::try_from(kind).ok()?,
                    token_modifiers_bitset: modifiers(&token),
                });
                last = range.start;
            }
            Some(SemanticTokensResult::Tokens(SemanticTokens { result_id: None, data }))
        }))
    }
}

fn modifiers(token: &ColoredToken) -> u32 {
    let is_documentation = token.color == TokenColor::Class(TokenClass::Documentation);
    u32::from(token.declares) | u32::from(is_documentation) << 1
}

fn token_type(token: &ColoredToken) -> Option<SemanticTokenType> {
    Some(match token.color {
        TokenColor::Class(class) => return class_type(class),
        TokenColor::Name(kind) => name_type(kind),
        TokenColor::Field => SemanticTokenType::PROPERTY,
        TokenColor::Function => SemanticTokenType::FUNCTION,
        TokenColor::ChannelKind => SemanticTokenType::TYPE,
        TokenColor::Parameter => SemanticTokenType::PARAMETER,
        TokenColor::Code => SemanticTokenType::ENUM_MEMBER,
    })
}

fn class_type(class: TokenClass) -> Option<SemanticTokenType> {
    Some(match class {
        TokenClass::Keyword => SemanticTokenType::KEYWORD,
        TokenClass::Constant => SemanticTokenType::ENUM_MEMBER,
        TokenClass::Member => SemanticTokenType::PROPERTY,
        TokenClass::Name | TokenClass::Path => SemanticTokenType::VARIABLE,
        TokenClass::String => SemanticTokenType::STRING,
        TokenClass::Regex => SemanticTokenType::REGEXP,
        TokenClass::Number => SemanticTokenType::NUMBER,
        TokenClass::Sign => SemanticTokenType::OPERATOR,
        TokenClass::Comment | TokenClass::Documentation => SemanticTokenType::COMMENT,
        TokenClass::Punctuation | TokenClass::Unknown => return None,
    })
}

fn name_type(kind: NameKind) -> SemanticTokenType {
    match kind {
        NameKind::Let | NameKind::Define | NameKind::Channel | NameKind::Schedule => SemanticTokenType::VARIABLE,
        NameKind::Table => SemanticTokenType::FUNCTION,
        NameKind::TableParameter | NameKind::Column | NameKind::Hole => SemanticTokenType::PARAMETER,
        NameKind::Routing | NameKind::Route => SemanticTokenType::NAMESPACE,
        NameKind::Label => SemanticTokenType::PROPERTY,
        NameKind::Mapping | NameKind::Mute | NameKind::Heartbeat | NameKind::Integration => SemanticTokenType::CLASS,
        NameKind::Member | NameKind::Test | NameKind::Prove => SemanticTokenType::STRING,
    }
}
