//! Parameters that take secrets. Rules name a secret by `env` or `secret_file` and never hold it.

use crate::channel::{ParameterKind, ParameterSpec, TextForm};
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{is_secret, plain, refuse};
use crate::check::{code, secret_text};
use crate::diagnostic::Diagnostic;
use crate::model::{Literal, ParameterValue, SecretReference};
use crate::syntax::tree::{Expression, ExpressionKind, Template};

/// A secret; or a string that is not secret, if the parameter takes one.
pub(super) fn one(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if is_secret(value) {
        return read(value, cx).map(ParameterValue::Secret);
    }
    if let ExpressionKind::Template(template) = &value.kind
        && secret_text::has_secret(template)
    {
        return secret_text::compose(parameter, template, cx);
    }
    let takes_text = matches!(parameter.takes, ParameterKind::SecretOrText | ParameterKind::Headers);
    match (&value.kind, takes_text) {
        (ExpressionKind::Template(_), true) => {
            return plain(parameter, value, cx).map(|text| ParameterValue::Literal(Literal::Text(text)));
        }
        (ExpressionKind::Template(_), false) => report_written_secret(parameter, value, cx),
        (_, true) => refuse(parameter, "a string, `env(\"NAME\")` or `secret_file(\"path\")`", value, cx),
        (_, false) => refuse(parameter, "a secret, `env(\"NAME\")` or `secret_file(\"path\")`", value, cx),
    }
    None
}

fn report_written_secret(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) {
    // `"${HOOK}"` names the variable already.
    let written = cx.text(value.span).trim_matches(|sign| matches!(sign, '"' | '$' | '{' | '}'));
    let named = cx.text(value.span).contains('$') && is_variable(written);
    let word = if named { written.to_owned() } else { parameter.name.to_ascii_uppercase() };
    let message = format!("`{}` is a secret and is never written into the rules", parameter.name);
    cx.report(
        Diagnostic::new(&code::SECRET_IN_RULES, value.span, message)
            .label("everyone who reads the rules reads it")
            .suggest("name where it is found", value.span, format!("env(\"{word}\")")),
    );
}

/// A list of secrets.
pub(super) fn list(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let ExpressionKind::List(items) = &value.kind else {
        if is_secret(value) {
            let said = cx.text(value.span);
            let message = format!("`{}` takes a list of secrets", parameter.name);
            cx.report(Diagnostic::new(&code::BAD_PARAMETER, value.span, message).suggest(
                "a list stands in brackets",
                value.span,
                format!("[{said}]"),
            ));
        } else {
            refuse(parameter, "a list of secrets, as `[env(\"KEY\")]`", value, cx);
        }
        return None;
    };
    if items.is_empty() {
        refuse(parameter, "at least one secret", value, cx);
        return None;
    }
    let secrets: Vec<Option<ParameterValue>> = items.iter().map(|item| one(parameter, item, cx)).collect();
    secrets.into_iter().collect::<Option<Vec<ParameterValue>>>().map(ParameterValue::List)
}

/// Named strings or secrets.
pub(super) fn headers(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let ExpressionKind::Object(members) = &value.kind else {
        refuse(parameter, "an object, as `{ \"Name\": \"value\" }`", value, cx);
        return None;
    };
    let mut headers = Vec::with_capacity(members.len());
    for (name, value) in members {
        headers.push((name.value.clone(), one(parameter, value, cx)?));
    }
    Some(ParameterValue::Object(headers))
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
    if source == "secret_file" && secret_text::has_columns_alone(template, cx) {
        return secret_text::fill("`secret_file`", TextForm::Path, template, cx).map(SecretReference::File);
    }
    let found = |message: String| Diagnostic::new(&code::BAD_SECRET, template.span, message);
    cx.report(if source == "env" && secret_text::has_columns_alone(template, cx) {
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

fn is_variable(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
