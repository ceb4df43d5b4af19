//! Secrets by their names: `env("NAME")`, `secret_file("path")`.

use crate::channel::TextForm;
use crate::check::code;
use crate::check::column_text::{fill, has_columns_alone};
use crate::check::context::LoweringContext;
use crate::check::names::is_secret_source;
use crate::diagnostic::Diagnostic;
use crate::model::SecretReference;
use crate::syntax::tree::{Expression, ExpressionKind, Template};

/// Whether an expression names a secret.
pub(super) fn is_secret(value: &Expression) -> bool {
    matches!(&value.kind, ExpressionKind::Call(name, _) if is_secret_source(&name.text))
}

/// A secret that is named.
pub(super) fn read(value: &Expression, cx: &mut LoweringContext<'_>) -> Option<SecretReference> {
    let ExpressionKind::Call(source, arguments) = &value.kind else { return None };
    let is_env = &*source.text == "env";
    let template = match arguments.as_slice() {
        [Expression { kind: ExpressionKind::Template(template), .. }] => Some(template),
        _ => None,
    };
    if let Some(template) = template.filter(|template| template.values().next().is_some()) {
        return interpolated(&source.text, template, cx);
    }
    let text = template.and_then(Template::plain).filter(|text| !text.is_empty()).map(Box::<str>::from);
    let Some(text) = text else {
        let message = format!("`{}` takes one string that is written out", source.text);
        let example = if is_env { "env(\"PAYMENTS_KEY\")" } else { "secret_file(\"/run/secrets/payments\")" };
        let diagnostic = Diagnostic::new(&code::BAD_SECRET, value.span, message);
        cx.report(match arguments.as_slice() {
            [Expression { kind: ExpressionKind::Name(_) | ExpressionKind::Constant(_), span, .. }] => {
                let quoted = format!("\"{}\"", cx.text(*span));
                diagnostic.rewrite(*span, quoted)
            }
            _ => diagnostic.help(format!("write `{example}`")),
        });
        return None;
    };
    if is_env && !is_variable(&text) {
        let message = format!("`{text}` is not the name of an environment variable");
        cx.report(
            Diagnostic::new(&code::BAD_SECRET, value.span, message)
                .help("a name holds letters, digits and `_`, and does not begin with a digit: `PAYMENTS_KEY`"),
        );
        return None;
    }
    Some(if is_env { SecretReference::Environment(text) } else { SecretReference::File(text) })
}

/// The file of a member's secret. Nothing else is filled into the name of a secret.
fn interpolated(source: &str, template: &Template, cx: &mut LoweringContext<'_>) -> Option<SecretReference> {
    if source == "secret_file" && has_columns_alone(template, cx) {
        return fill("`secret_file`", TextForm::Path, template, cx).map(SecretReference::File);
    }
    let found = |message: String| Diagnostic::new(&code::BAD_SECRET, template.span, message);
    cx.report(if source == "env" && has_columns_alone(template, cx) {
        found("`env` takes no column".to_owned())
            .label("a new row would need a restart: the environment of the gateway is set when it starts")
            .help("name a file for each member: `secret_file(\"keys/{team}.key\")`")
    } else if source == "env" {
        found("`env` takes one string that is written out".to_owned()).help("write `env(\"PAYMENTS_KEY\")`")
    } else {
        found("the name of a secret's file takes the columns of a family alone".to_owned())
            .help("a family is written `channel team_chat[team] from \"teams.csv\" = …`; `{team}` is the column then")
    });
    None
}

pub(super) fn is_variable(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
