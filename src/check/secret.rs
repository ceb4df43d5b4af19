//! Parameters that take secrets. Rules name a secret by `env` or `secret_file` and never hold it.

use crate::channel::{ParameterKind, ParameterSpec};
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{plain, refuse};
use crate::check::secret_name::{is_secret, is_variable, read};
use crate::check::{code, secret_text};
use crate::diagnostic::Diagnostic;
use crate::model::{Literal, ParameterValue};
use crate::syntax::tree::{Expression, ExpressionKind};

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
