//! Strings of parameters in which secrets stand.
//!
//! Such a string is a secret as a whole. Only addresses and headers take one, because everything else becomes part of a
//! message, which the journal keeps and people read.

use crate::channel::{ParameterKind, ParameterSpec, TextForm};
use crate::check::code;
use crate::check::column_text::{cell, check_host, column};
use crate::check::context::LoweringContext;
use crate::check::secret_name::{self, is_secret};
use crate::diagnostic::Diagnostic;
use crate::model::{ParameterValue, SecretTextPart};
use crate::syntax::tree::{Expression, Template, TemplatePart};

/// Whether a string has a secret between its braces.
pub(super) fn has_secret(template: &Template) -> bool {
    template.values().any(names_secret)
}

/// Whether a secret stands in a value, alone or within something else.
fn names_secret(value: &Expression) -> bool {
    let mut found = is_secret(value);
    value.each_part(&mut |part| found = found || names_secret(part));
    found
}

/// A string with secrets in it.
pub(super) fn compose(
    parameter: &ParameterSpec,
    template: &Template,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let form = parameter.text_form();
    if form != TextForm::Address && parameter.takes != ParameterKind::Headers {
        report_misplaced(parameter, template, cx);
        return None;
    }
    let what = format!("`{}`", parameter.name);
    check_host(&what, form, template, cx)?;
    let mut parts = Vec::with_capacity(template.parts.len());
    for part in &template.parts {
        match part {
            TemplatePart::Text(words) => parts.push(Some(SecretTextPart::Text(words.clone()))),
            TemplatePart::Value(value, _) if is_secret(value) => {
                parts.push(secret_name::read(value, cx).map(SecretTextPart::Secret));
            }
            TemplatePart::Value(value, _) if column(value, cx).is_some() => {
                parts.push(cell(&what, form, value, cx).map(SecretTextPart::Text));
            }
            TemplatePart::Value(value, _) => {
                report_other(&what, value, cx);
                parts.push(None);
            }
        }
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| ParameterValue::SecretText(parts.into()))
}

fn report_misplaced(parameter: &ParameterSpec, template: &Template, cx: &mut LoweringContext<'_>) {
    let Some(secret) = template.values().find(|value| names_secret(value)) else { return };
    let excerpt = cx.excerpt(secret.span);
    let message = format!("the secret `{excerpt}` cannot stand within the text of `{}`", parameter.name);
    let found = Diagnostic::new(&code::STRAY_SECRET, secret.span, message);
    let whole = matches!(parameter.takes, ParameterKind::Secret | ParameterKind::SecretOrText | ParameterKind::Secrets);
    cx.report(if whole {
        found.label("this parameter is a secret as a whole").help("let the secret hold the whole value")
    } else {
        found
            .label("is not kept secret here")
            .help("a secret stands within `url`, in its path or query, and within the values of `headers`")
    });
}

fn report_other(what: &str, value: &Expression, cx: &mut LoweringContext<'_>) {
    let excerpt = cx.excerpt(value.span);
    let message = format!("{what} takes secrets between its braces, found `{excerpt}`");
    let found = Diagnostic::new(&code::INTERPOLATION, value.span, message);
    cx.report(if names_secret(value) {
        found.help("a secret stands alone between its braces: `{env(\"NAME\")}`")
    } else {
        found
            .help("an address or a header is the same for every event; what depends on the event belongs into the body")
    });
}
