//! Completion: what the grammar allows at a place, names in scope, known values.

use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::rule_view::{RouteFactsByPath, markup, with_view};
use crate::ruleset::editor::{Completion, CompletionKind, CompletionText};
use lsp_types::request::Completion as CompletionRequest;
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, CompletionParams, CompletionResponse, CompletionTextEdit,
    Documentation, InsertTextFormat, Range, ServerCapabilities, TextEdit,
};

/// `textDocument/completion`
pub(super) struct Completions;

impl Answer for Completions {
    type Request = CompletionRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        let triggers = [".", "\"", "[", "(", "=", " "].map(str::to_owned).to_vec();
        capabilities.completion_provider =
            Some(CompletionOptions { trigger_characters: Some(triggers), ..CompletionOptions::default() });
    }

    fn answer(
        context: &AnswerContext,
        parameters: CompletionParams,
    ) -> Result<Option<CompletionResponse>, RequestError> {
        let offset = context.positions()?.offset(parameters.text_document_position.position);
        Ok(with_view(context, &RouteFactsByPath::new(), |view, snapshot, file| {
            let found = view.complete(file, offset);
            let item = |(position, each): (usize, Completion)| {
                let range = snapshot.range(each.replaces, context.client.unit);
                item(context, position, each, range)
            };
            Some(CompletionResponse::Array(found.into_iter().enumerate().map(item).collect()))
        }))
    }
}

fn item(context: &AnswerContext, position: usize, completion: Completion, range: Range) -> CompletionItem {
    let Completion { label, kind, detail, documentation, insert, .. } = completion;
    let (new_text, format) = match insert {
        CompletionText::Plain(text) => (text, InsertTextFormat::PLAIN_TEXT),
        CompletionText::Gaps(text) if context.client.snippets => (text, InsertTextFormat::SNIPPET),
        CompletionText::Gaps(text) => (filled(&text), InsertTextFormat::PLAIN_TEXT),
    };
    CompletionItem {
        sort_text: Some(format!("{position:04}")),
        kind: Some(item_kind(kind)),
        detail: Some(detail).filter(|detail| !detail.is_empty()),
        documentation: Some(documentation)
            .filter(|text| !text.is_empty())
            .map(|text| Documentation::MarkupContent(markup(context, &text))),
        filter_text: Some(label.clone()),
        label,
        insert_text_format: Some(format).filter(|format| *format == InsertTextFormat::SNIPPET),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text })),
        ..CompletionItem::default()
    }
}

/// A text with its gaps filled by what they show.
fn filled(gaps: &str) -> String {
    let mut text = String::new();
    let mut letters = gaps.chars().peekable();
    let mut is_in_gap = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            '$' if letters.next_if_eq(&'{').is_some() => {
                is_in_gap = true;
                while letters.next_if(char::is_ascii_digit).is_some() {}
                letters.next_if_eq(&':');
            }
            '$' => while letters.next_if(char::is_ascii_digit).is_some() {},
            '}' if is_in_gap => is_in_gap = false,
            letter => text.push(letter),
        }
    }
    text
}

fn item_kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Snippet => CompletionItemKind::SNIPPET,
        CompletionKind::Constant => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Name => CompletionItemKind::REFERENCE,
        CompletionKind::Parameter | CompletionKind::Label => CompletionItemKind::PROPERTY,
        CompletionKind::ChannelKind => CompletionItemKind::CLASS,
        CompletionKind::Value => CompletionItemKind::VALUE,
        CompletionKind::Code => CompletionItemKind::CONSTANT,
    }
}
