//! The call around a place: what it takes, and which of its arguments is being written.

use super::description;
use super::name::{NameKind, NamePlace};
use super::view::{EditorView, TokenView};
use crate::source::FileId;
use crate::syntax;
use crate::{channel, function};

/// A call that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSignature {
    /// The call with its parameters: `slice(text, from, to?)`.
    pub label: String,
    /// The parameters, as the label shows them.
    pub parameters: Vec<String>,
    /// Which of them is being written; past the last one, the last.
    pub active: usize,
    /// What it does, in Markdown.
    pub documentation: String,
}

impl EditorView<'_> {
    /// The innermost call around a byte of a file: of a function, a table or a kind of channel.
    #[must_use]
    pub fn signature(&self, file: FileId, offset: usize) -> Option<CallSignature> {
        let before = self.text(file).get(..offset)?;
        let start = syntax::declaration_start(before);
        let tokens = TokenView::new(before.get(start..)?);
        let (open, commas) = innermost_parenthesis(&tokens)?;
        let name = tokens.word(open.checked_sub(1)?);
        let named = self.called(name)?;
        let last_name = named.parameters.iter().position(|parameter| {
            // Parameters of channels are named: the one that is being written counts, wherever it stands.
            (open..tokens.tokens.len())
                .rev()
                .find(|at| tokens.word(*at) == "=")
                .is_some_and(|equals| *parameter == format!("{} = …", tokens.word(equals.saturating_sub(1))))
        });
        let active = last_name.unwrap_or(commas).min(named.parameters.len().saturating_sub(1));
        Some(CallSignature { active, ..named })
    }

    fn called(&self, name: &str) -> Option<CallSignature> {
        if let Some(function) = function::find(name) {
            let parameters = description::parameter_names(function);
            let documentation = description::function(function).text;
            return Some(call(name, parameters, documentation));
        }
        if let Some(kind) = channel::find(name) {
            let parameters = kind.all_parameters().map(|each| format!("{} = …", each.name)).collect();
            return Some(call(name, parameters, kind.documentation.to_owned()));
        }
        let (id, table) = self.names.of_kind(NameKind::Table).find(|(_, each)| *each.name == *name)?;
        let own = self.names.declarations.iter().filter(|each| each.owner == Some(id));
        let mut parameters: Vec<String> = own.map(|each| each.name.to_string()).collect();
        if parameters.is_empty() {
            parameters = self.columns(table.item?);
        }
        Some(call(name, parameters, table.documentation.join("\n")))
    }

    /// The parameters of a table whose rows are in a CSV file.
    fn columns(&self, item: crate::source::Span) -> Vec<String> {
        let text = self.sources.text(item);
        let open = text.find('(').unwrap_or_default();
        let inside = text.get(open + 1..).and_then(|rest| rest.split(')').next()).unwrap_or_default();
        let is_column = |name: &&str| {
            let mut columns = self.names.of_kind(NameKind::Column);
            columns.any(|(_, each)| *each.name == **name && matches!(each.place, NamePlace::Column(_)))
        };
        inside.split(',').map(str::trim).filter(is_column).map(str::to_owned).collect()
    }
}

fn call(name: &str, parameters: Vec<String>, documentation: String) -> CallSignature {
    CallSignature { label: format!("{name}({})", parameters.join(", ")), parameters, active: 0, documentation }
}

/// The innermost `(` that is open at the end, and how many commas stand behind it.
fn innermost_parenthesis(tokens: &TokenView<'_>) -> Option<(usize, usize)> {
    let mut open: Vec<(usize, usize)> = Vec::new();
    for index in 0..tokens.tokens.len() {
        match tokens.word(index) {
            "(" | "[" | "{" => open.push((index, 0)),
            ")" | "]" | "}" => {
                open.pop();
            }
            "," => open.iter_mut().last().into_iter().for_each(|(_, commas)| *commas += 1),
            _ => {}
        }
    }
    open.into_iter().rev().find(|(index, _)| tokens.word(*index) == "(")
}
