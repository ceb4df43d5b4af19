//! Commands: one file each, and the one list of them. The first argument is an object that names a document by `uri`.

mod explain_code;

use super::{Answer, FeatureNeeds, RequestContext, RequestError};
use crate::diagnostic::nearest;
use crate::language_server::client::ClientSupport;
use lsp_types::request::ExecuteCommand as ExecuteCommandRequest;
use lsp_types::{ExecuteCommandOptions, ExecuteCommandParams, ServerCapabilities, WorkDoneProgressOptions};
use serde_json::Value;

/// All commands.
const COMMANDS: &[ServerCommand] = &[ServerCommand { name: explain_code::NAME, run: explain_code::run }];

/// A command.
struct ServerCommand {
    name: &'static str,
    /// `argument` is the first argument.
    run: fn(&RequestContext, argument: &Value) -> Result<Value, RequestError>,
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

    fn answer(context: &RequestContext, parameters: ExecuteCommandParams) -> Result<Option<Value>, RequestError> {
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
