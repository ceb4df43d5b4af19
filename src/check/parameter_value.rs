//! Values that stand in the rules for parameters, and the reports of those that a parameter does not take.

use crate::channel::ParameterSpec;
use crate::check::column_text::{fill, has_columns_alone};
use crate::check::context::LoweringContext;
use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::check::secret_name::is_secret;
use crate::check::{code, secret_text};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{Expression, ExpressionKind};

/// A string that is written out and interpolates nothing.
pub(super) fn plain(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<Box<str>> {
    let ExpressionKind::Template(template) = &value.kind else {
        refuse_as_string(parameter, "a string that is written out", value, cx);
        return None;
    };
    let what = format!("`{}`", parameter.name);
    if secret_text::has_secret(template) {
        secret_text::compose(parameter, template, cx);
        return None;
    }
    if has_columns_alone(template, cx) {
        return fill(&what, parameter.text_form(), template, cx);
    }
    ExpressionLowering { cx, scope: ExpressionScope::Event }.plain_text(template, &what)
}

/// Reports a value that is not what the parameter takes.
pub(super) fn refuse(parameter: &ParameterSpec, wanted: &str, value: &Expression, cx: &mut LoweringContext<'_>) {
    let found = cx.excerpt(value.span);
    let message = format!("`{}` takes {wanted}, found `{found}`", parameter.name);
    cx.report(Diagnostic::new(&code::BAD_PARAMETER, value.span, message).note(purpose(parameter)));
}

/// Reports a value where the parameter takes a string. A secret there has a code of its own.
pub(super) fn refuse_as_string(
    parameter: &ParameterSpec,
    wanted: &str,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) {
    if !is_secret(value) {
        return refuse(parameter, wanted, value, cx);
    }
    let found = cx.excerpt(value.span);
    let message = format!("`{}` is not a secret, so it is written out, found `{found}`", parameter.name);
    cx.report(Diagnostic::new(&code::STRAY_SECRET, value.span, message).note(purpose(parameter)));
}

/// What a parameter is for, as a note.
pub(super) fn purpose(parameter: &ParameterSpec) -> String {
    let mut letters = parameter.documentation.trim_end_matches('.').chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    format!("`{}`: {first}{}", parameter.name, letters.as_str())
}
