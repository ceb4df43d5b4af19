//! The values by which a channel groups alerts: labels, fields and defines.

use crate::channel::{ParameterSpec, ValueRange};
use crate::check::alert_value::{self, ValueUse};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{purpose, refuse};
use crate::diagnostic::Diagnostic;
use crate::model::{GroupValue, ParameterValue};
use crate::syntax::tree::{Expression, ExpressionKind};
use crate::text::plural;
use std::sync::Arc;

/// The values of `group_by`. The members of a family share them.
pub(super) fn values(
    parameter: &ParameterSpec,
    count: ValueRange,
    value: &Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    if let Some(shared) = cx.columns.as_ref().and_then(|columns| columns.shared_groups.as_ref()) {
        return Some(ParameterValue::GroupValues(Arc::clone(shared)));
    }
    let items = items(parameter, count, value, cx)?;
    cx.channel_parameter = Some(parameter.name);
    let lowered: Vec<Option<GroupValue>> =
        items.iter().map(|item| alert_value::named(item, ValueUse::Group, cx)).collect();
    cx.channel_parameter = None;
    let values: Arc<[GroupValue]> = lowered.into_iter().collect::<Option<Vec<GroupValue>>>()?.into();
    if !alert_value::have_own_names(&values, ValueUse::Group, cx) {
        return None;
    }
    if values.iter().all(|value| alert_value::is_constant(value, cx)) {
        let message = "every value of `group_by` is the same for all alerts";
        let finding = Diagnostic::new(&code::GROUP_VALUE, value.span, message).label("all alerts would be one group");
        cx.report(finding.help("add a label that tells alerts apart, as in `[labels.cluster]`"));
        return None;
    }
    if let Some(columns) = &mut cx.columns {
        columns.shared_groups = Some(Arc::clone(&values));
    }
    Some(ParameterValue::GroupValues(values))
}

/// The items of the list, if there are neither too few nor too many.
fn items<'t>(
    parameter: &ParameterSpec,
    count: ValueRange,
    value: &'t Expression,
    cx: &mut LoweringContext<'_>,
) -> Option<&'t [Expression]> {
    let ExpressionKind::List(items) = &value.kind else {
        if matches!(value.kind, ExpressionKind::Name(_) | ExpressionKind::Navigate(..)) {
            let message = format!("`{}` takes a list", parameter.name);
            let finding = Diagnostic::new(&code::BAD_PARAMETER, value.span, message);
            let corrected = format!("[{}]", cx.text(value.span));
            cx.report(finding.suggest("a list stands in brackets", value.span, corrected));
        } else {
            refuse(parameter, &parameter.takes.to_string(), value, cx);
        }
        return None;
    };
    if count.contains(items.len() as u64) {
        return Some(items);
    }
    let message = format!("`{}` takes {}, found {}", parameter.name, parameter.takes, plural(items.len(), "value"));
    cx.report(Diagnostic::new(&code::BAD_PARAMETER, value.span, message).note(purpose(parameter)));
    None
}
