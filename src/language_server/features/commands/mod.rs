//! Commands: one file each, and the one list of them. The first argument is an object that names a document by `uri`.

mod apply_edit;
mod explain_code;
mod insert_test;
mod run_test;
mod show_routes;
mod show_witness;

pub(super) use apply_edit::NAME as APPLY_EDIT;
pub(super) use explain_code::NAME as EXPLAIN;
pub(super) use insert_test::NAME as INSERT_TEST;
pub(super) use run_test::NAME as RUN_TEST;
pub(super) use show_routes::NAME as SHOW_ROUTES;
pub(super) use show_witness::NAME as SHOW_WITNESS;

use super::{Answer, AnswerContext, ClientEffect, FeatureNeeds, RequestError};
use crate::diagnostic::nearest;
use crate::language_server::client::ClientSupport;
use crate::language_server::snapshot::RuleSetSnapshot;
use crate::ruleset::RuleSet;
use lsp_types::request::ExecuteCommand as ExecuteCommandRequest;
use lsp_types::{
    ExecuteCommandOptions, ExecuteCommandParams, MessageType, ServerCapabilities, WorkDoneProgressOptions,
};
use serde_json::Value;

/// All commands.
const COMMANDS: &[ServerCommand] = &[
    ServerCommand { name: apply_edit::NAME, run: apply_edit::run },
    ServerCommand { name: explain_code::NAME, run: explain_code::run },
    ServerCommand { name: insert_test::NAME, run: insert_test::run },
    ServerCommand { name: run_test::NAME, run: run_test::run },
    ServerCommand { name: show_routes::NAME, run: show_routes::run },
    ServerCommand { name: show_witness::NAME, run: show_witness::run },
];

/// A command.
struct ServerCommand {
    name: &'static str,
    /// `argument` is the first argument.
    run: fn(&AnswerContext, argument: &Value) -> Result<Value, RequestError>,
}

/// `workspace/executeCommand`
pub(super) struct ExecuteCommand;

impl Answer for ExecuteCommand {
    type Request = ExecuteCommandRequest;
    const NEEDS: FeatureNeeds = FeatureNeeds::Tests;

    fn announce(capabilities: &mut ServerCapabilities, _client: &ClientSupport) {
        capabilities.execute_command_provider = Some(ExecuteCommandOptions {
            commands: COMMANDS.iter().map(|command| command.name.to_owned()).collect(),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        });
    }

    fn answer(context: &AnswerContext, parameters: ExecuteCommandParams) -> Result<Option<Value>, RequestError> {
        let Some(command) = COMMANDS.iter().find(|command| command.name == parameters.command) else {
            let near = nearest(&parameters.command, COMMANDS.iter().map(|command| command.name));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(RequestError::invalid(format!("there is no command `{}`{near}", parameters.command)));
        };
        (command.run)(context, parameters.arguments.first().unwrap_or(&Value::Null)).map(Some)
    }
}

/// A text of the first argument.
///
/// # Errors
/// If it is missing.
fn text<'v>(argument: &'v Value, name: &str) -> Result<&'v str, RequestError> {
    let text = argument.get(name).and_then(Value::as_str);
    text.ok_or_else(|| RequestError::invalid(format!("the first argument is an object with `{name}`, a string")))
}

/// The rules of the document that a command names.
///
/// # Errors
/// If it names none that is open, or its rules hold an error.
fn rules(context: &AnswerContext) -> Result<(&RuleSetSnapshot, &RuleSet), RequestError> {
    context.document()?;
    let snapshot = context.snapshot.as_deref();
    let rules = snapshot.and_then(|snapshot| Some((snapshot, snapshot.rules()?)));
    rules.ok_or_else(|| RequestError::refused("the rules hold an error: fix it first".to_owned()))
}

/// Shows a text, unless the client shows the result of the command itself.
fn show(context: &AnswerContext, text: impl Into<String>) {
    if !context.client.shows_pages {
        context.effects.borrow_mut().push(ClientEffect::Show { kind: MessageType::INFO, text: text.into() });
    }
}
