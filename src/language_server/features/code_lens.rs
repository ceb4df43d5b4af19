//! Code lenses: run a test, show the routes of a routing; and for a line that no test hits, show an event that reaches it, and
//! insert a test.

use super::commands::{INSERT_TEST, RUN_TEST, SHOW_ROUTES, SHOW_WITNESS};
use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::language_server::client::ClientSupport;
use crate::language_server::outline::{OutlineKind, ParsedText};
use crate::model::LineKind;
use crate::source::Span;
use lsp_types::request::CodeLensRequest;
use lsp_types::{CodeLens, CodeLensOptions, CodeLensParams, Command, ServerCapabilities};
use serde_json::{Value, json};

/// `textDocument/codeLens`
pub(super) struct CodeLenses;

impl Answer for CodeLenses {
    type Request = CodeLensRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Tests;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.code_lens_provider = Some(CodeLensOptions { resolve_provider: None });
    }

    fn answer(context: &AnswerContext, _: CodeLensParams) -> Result<Option<Vec<CodeLens>>, RequestError> {
        let positions = context.positions()?;
        let uri = &context.document()?.uri;
        let mut lenses: Vec<(Span, CodeLens)> = Vec::new();
        let mut add = |span: Span, title: &str, command: &str, argument: Value| {
            let (title, command) = (title.to_owned(), command.to_owned());
            let command = Some(Command { title, command, arguments: Some(vec![argument]) });
            lenses.push((span, CodeLens { range: positions.range(span.range()), command, data: None }));
        };
        for node in ParsedText::read(positions.text).outline() {
            match node.kind {
                OutlineKind::Test => {
                    add(node.name_span, "run this test", RUN_TEST, json!({"uri": uri, "test": node.name}));
                }
                OutlineKind::Prove => {
                    add(node.name_span, "prove this", RUN_TEST, json!({"uri": uri, "test": node.name}));
                }
                OutlineKind::Routing => {
                    add(node.name_span, "show routes", SHOW_ROUTES, json!({"uri": uri, "routing": node.name}));
                }
                OutlineKind::Mapping
                | OutlineKind::Table
                | OutlineKind::Define
                | OutlineKind::Schedule
                | OutlineKind::Channel
                | OutlineKind::Mute
                | OutlineKind::Heartbeat
                | OutlineKind::Integration
                | OutlineKind::Statement
                | OutlineKind::Route => {}
            }
        }
        if let Some((snapshot, file)) = context.checked()
            && let Some(rules) = snapshot.rules()
        {
            let hits = snapshot.route_hits();
            let own = rules.model.routing_lines().filter(|line| line.title.file == file && line.kind != LineKind::Else);
            for line in own.filter(|line| !hits.contains_key(&*line.path)) {
                let argument = json!({"uri": uri, "route": &*line.path});
                add(line.title, "no test: show an event", SHOW_WITNESS, argument.clone());
                add(line.title, "insert a test", INSERT_TEST, argument);
            }
        }
        lenses.sort_by_key(|(span, _)| (span.start, span.end));
        Ok(Some(lenses.into_iter().map(|(_, lens)| lens).collect()))
    }
}
