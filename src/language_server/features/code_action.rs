//! Code actions: the edits of findings, `allow` with a reason, the page of a code, and all fixes of a file at once.

use super::commands::{APPLY_EDIT, EXPLAIN};
use super::{Answer, AnswerContext, FeatureNeeds, RequestError};
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::language_server::client::ClientSupport;
use crate::language_server::diagnostics::DiagnosticWriter;
use crate::language_server::outline::{OutlineNode, ParsedText};
use crate::language_server::snapshot::RuleSetSnapshot;
use crate::language_server::workspace_edit::workspace_edit;
use crate::source::{FileId, SourceFile, Span};
use crate::text::plural;
use lsp_types::request::CodeActionRequest;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOptions, CodeActionOrCommand, CodeActionParams, CodeActionProviderCapability,
    CodeActionResponse, Command, ServerCapabilities, WorkDoneProgressOptions, WorkspaceEdit,
};
use serde_json::json;
use std::ops::Range;

/// `textDocument/codeAction`
pub(super) struct CodeActions;

impl Answer for CodeActions {
    type Request = CodeActionRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Check;

    fn announce(capabilities: &mut ServerCapabilities, client: &ClientSupport) {
        let kinds = vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL];
        capabilities.code_action_provider = Some(if client.code_action_literals {
            CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(kinds),
                work_done_progress_options: WorkDoneProgressOptions::default(),
                resolve_provider: None,
            })
        } else {
            CodeActionProviderCapability::Simple(true)
        });
    }

    fn answer(
        context: &AnswerContext,
        parameters: CodeActionParams,
    ) -> Result<Option<CodeActionResponse>, RequestError> {
        let Some((snapshot, file)) = context.checked() else { return Ok(None) };
        let bytes = context.positions()?.bytes(parameters.range);
        let writer = ActionWriter { context, snapshot, file };
        let mut actions = Vec::new();
        let own = || snapshot.diagnostics().iter().filter(|finding| finding.span.file == file);
        for finding in own().filter(|finding| touches(finding.span, &bytes)) {
            actions.extend(writer.fixes(finding));
            actions.extend(writer.allow(finding));
            actions.extend(writer.explain(finding));
        }
        actions.extend(writer.fix_all(own()));
        if let Some(only) = &parameters.context.only {
            actions.retain(|action| only.iter().any(|kind| is_of_kind(action, kind)));
        }
        let form = |action: CodeAction| writer.in_form_of_client(action);
        Ok(Some(actions.into_iter().map(form).collect()))
    }
}

fn touches(span: Span, bytes: &Range<usize>) -> bool {
    let own = span.range();
    own.start <= bytes.end && bytes.start <= own.end
}

/// Kinds are nested by dots: `source` asks for `source.fixAll` too.
fn is_of_kind(action: &CodeAction, asked: &CodeActionKind) -> bool {
    let kind = action.kind.as_ref().map_or("", |kind| kind.as_str());
    let rest = kind.strip_prefix(asked.as_str());
    asked.as_str().is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

struct ActionWriter<'c> {
    context: &'c AnswerContext,
    snapshot: &'c RuleSetSnapshot,
    file: FileId,
}

impl ActionWriter<'_> {
    /// One action for each edit of a finding.
    fn fixes(&self, finding: &Diagnostic) -> Vec<CodeAction> {
        let edits = finding.help.iter().filter_map(|help| Some((&help.text, help.edit.clone()?)));
        let is_preferred = edits.clone().count() == 1;
        let action = |(title, edit): (&String, (Span, String))| CodeAction {
            title: title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            edit: Some(self.edit([edit])),
            diagnostics: Some(vec![self.diagnostic(finding)]),
            is_preferred: is_preferred.then_some(true),
            ..CodeAction::default()
        };
        edits.map(action).collect()
    }

    /// `allow CODE because "…"` above the line or declaration of a finding.
    fn allow(&self, finding: &Diagnostic) -> Option<CodeAction> {
        if !check::can_be_allowed(finding.code) {
            return None;
        }
        let text = self.snapshot.sources().file(self.file).map(SourceFile::text)?;
        let outline = ParsedText::read(text).outline();
        let around = OutlineNode::around(&outline, &finding.span.range());
        let start = around.last()?.span.range().start;
        let line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
        let indent = text.get(line_start..start)?;
        let code = finding.code.id;
        // What stands on the line of another item stays there.
        let behind = if indent.trim().is_empty() { format!("\n{indent}") } else { " ".to_owned() };
        let place = Span::new(self.file, start, start);
        Some(CodeAction {
            title: format!("allow {code} here, with a reason"),
            kind: Some(CodeActionKind::QUICKFIX),
            edit: Some(self.edit([(place, format!("allow {code} because \"say why this is right\"{behind}"))])),
            diagnostics: Some(vec![self.diagnostic(finding)]),
            ..CodeAction::default()
        })
    }

    fn explain(&self, finding: &Diagnostic) -> Option<CodeAction> {
        let title = format!("explain {}: {}", finding.code.id, finding.code.title);
        let uri = &self.context.document.as_ref()?.uri;
        let argument = json!({"uri": uri, "code": finding.code.id});
        Some(CodeAction {
            title: title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            command: Some(Command { title, command: EXPLAIN.to_owned(), arguments: Some(vec![argument]) }),
            diagnostics: Some(vec![self.diagnostic(finding)]),
            ..CodeAction::default()
        })
    }

    /// The edits of all findings that have exactly one, unless they overlap.
    fn fix_all<'d>(&self, findings: impl Iterator<Item = &'d Diagnostic>) -> Option<CodeAction> {
        let mut edits: Vec<(Span, String)> = Vec::new();
        for finding in findings {
            let mut own = finding.help.iter().filter_map(|help| help.edit.clone());
            let (Some(edit), None) = (own.next(), own.next()) else { continue };
            let is_apart = |known: &(Span, String)| edit.0.end < known.0.start || known.0.end < edit.0.start;
            if edit.0.file == self.file && edits.iter().all(is_apart) {
                edits.push(edit);
            }
        }
        (!edits.is_empty()).then(|| CodeAction {
            title: format!("fix all in this file: {}", plural(edits.len(), "problem")),
            kind: Some(CodeActionKind::SOURCE_FIX_ALL),
            edit: Some(self.edit(edits)),
            ..CodeAction::default()
        })
    }

    fn edit(&self, edits: impl IntoIterator<Item = (Span, String)>) -> WorkspaceEdit {
        workspace_edit(self.context, self.snapshot, edits)
    }

    fn diagnostic(&self, finding: &Diagnostic) -> lsp_types::Diagnostic {
        let AnswerContext { documents, client, is_found_set, .. } = self.context;
        let is_found_set = *is_found_set;
        DiagnosticWriter { snapshot: self.snapshot, documents, client: *client, is_found_set }.write(finding)
    }

    /// A client that knows no actions gets commands, which the server turns into edits.
    fn in_form_of_client(&self, action: CodeAction) -> CodeActionOrCommand {
        if self.context.client.code_action_literals {
            return action.into();
        }
        let CodeAction { title, edit, command, .. } = action;
        command.map_or_else(
            || {
                let uri = self.context.document.as_ref().map(|document| &document.uri);
                let argument = json!({"uri": uri, "label": title, "edit": edit});
                Command { title, command: APPLY_EDIT.to_owned(), arguments: Some(vec![argument]) }.into()
            },
            CodeActionOrCommand::Command,
        )
    }
}
