//! What an integration answers to an accepted push: `answer_status` and `answer_body`.

use crate::channel::ParameterSpec;
use crate::channel::integration::{ANSWER_BODY, ANSWER_STATUS, LONGEST_ANSWER};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{plain, refuse_as_string};
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::diagnostic::Diagnostic;
use crate::json::Number;
use crate::model::{self, Literal, ParameterValue};
use crate::syntax::tree::{self, Expression, ExpressionKind};
use std::sync::Arc;

/// A constant string, or JSON over the payload.
pub(super) fn body(
    parameter: &ParameterSpec,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if matches!(value.kind, ExpressionKind::Template(_)) {
        return text(parameter, value, cx);
    }
    if !matches!(value.kind, ExpressionKind::Object(_) | ExpressionKind::List(_)) {
        refuse_as_string(parameter, "a constant string, or JSON as `{ \"code\": 0 }`", value, cx);
        return None;
    }
    let body = ExpressionLowering { cx, scope: ExpressionScope::Answer }.value(value);
    if !is_known(body.types) {
        return None;
    }
    check_echo(&body, cx);
    Some(ParameterValue::Expression(Arc::new(body)))
}

fn text(parameter: &ParameterSpec, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<ParameterValue> {
    let text = plain(parameter, value, cx)?;
    if text.len() > LONGEST_ANSWER {
        let message = format!("`{}` has {} bytes", parameter.name, text.len());
        let found = Diagnostic::new(&code::BAD_PARAMETER, value.span, message);
        cx.report(found.help(format!("an answer has at most {LONGEST_ANSWER} bytes")));
        return None;
    }
    Some(ParameterValue::Literal(Literal::Text(text)))
}

/// Reports the whole payload as a value: what a sender can have echoed is chosen by the rules, not by the sender.
fn check_echo(value: &model::Expression, cx: &mut LoweringContext<'_>) {
    if let model::ExpressionKind::Path(path) = &value.kind
        && path.is_root()
    {
        cx.report(
            Diagnostic::new(&code::WHOLE_ECHO, value.span, "an answer does not repeat the whole payload")
                .label("everything that the sender wrote")
                .help("name the members that the sender wants back: `$.sessionId`"),
        );
    }
    value.each_part(&mut |part| check_echo(part, cx));
}

/// Reports a body with a status that has none.
pub(super) fn check_status(
    integration: &tree::Integration,
    parameters: &[(Box<str>, ParameterValue)],
    cx: &mut LoweringContext<'_>,
) {
    let is_empty = parameters.iter().any(|(name, value)| {
        let ParameterValue::Literal(Literal::Number(status)) = value else { return false };
        &**name == ANSWER_STATUS.spec.name && *status == Number::Natural(204)
    });
    let body = integration.parameters.iter().find(|given| &*given.name.text == ANSWER_BODY.name);
    if let Some(body) = body.filter(|_| is_empty) {
        cx.report(
            Diagnostic::new(&code::BAD_PARAMETER, body.value.span, "an answer with status 204 has no body")
                .help("remove `answer_body`, or answer with 200"),
        );
    }
}
