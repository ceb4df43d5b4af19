//! The values by which a channel groups alerts: labels, fields and defines.

use crate::channel::{ParameterSpec, ValueRange};
use crate::check::code;
use crate::check::column_text::column;
use crate::check::context::LoweringContext;
use crate::check::parameter_value::{purpose, refuse};
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::diagnostic::Diagnostic;
use crate::model::{self, EventField, GroupValue, ParameterValue};
use crate::syntax::tree::{Expression, ExpressionKind};
use crate::text::plural;
use crate::value::ValueType;
use std::collections::HashMap;
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
    let lowered: Vec<Option<GroupValue>> = items.iter().map(|item| group_value(item, cx)).collect();
    cx.channel_parameter = None;
    let values: Arc<[GroupValue]> = lowered.into_iter().collect::<Option<Vec<GroupValue>>>()?.into();
    if !have_own_names(&values, cx) {
        return None;
    }
    if values.iter().all(|value| is_constant(&value.value, cx)) {
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

/// A label, a field or a define, with its name.
pub(super) fn group_value(item: &Expression, cx: &mut LoweringContext<'_>) -> Option<GroupValue> {
    if let Some(column) = column(item, cx) {
        let message = format!("the column `{column}` is the same for every alert of a channel");
        cx.report(
            Diagnostic::new(&code::GROUP_VALUE, item.span, message)
                .help("group by a value of the alert: a label, a field or a define"),
        );
        return None;
    }
    let value = ExpressionLowering { cx, scope: ExpressionScope::Event }.value_or_labels(item);
    if !is_known(value.types) {
        return None;
    }
    let kinds = value.types.without(ValueType::NOTHING);
    if kinds == ValueType::STATUS {
        report_status(item, cx);
        return None;
    }
    let name: Option<Box<str>> = match (&item.kind, &value.kind) {
        (_, model::ExpressionKind::Label(name)) => Some(name.clone()),
        (ExpressionKind::Name(name), model::ExpressionKind::Field(_) | model::ExpressionKind::Define(_)) => {
            Some(name.text.clone())
        }
        _ => None,
    };
    let is_text = !kinds.without(ValueType::ARRAY | ValueType::OBJECT | ValueType::LABELS).is_never();
    if let Some(name) = name.filter(|_| is_text) {
        return Some(GroupValue { name, value });
    }
    report_other(item, &value, cx);
    None
}

fn report_status(item: &Expression, cx: &mut LoweringContext<'_>) {
    let message = "an alert and its recovery belong to one group, and `status` tells them apart";
    let finding = Diagnostic::new(&code::GROUP_VALUE, item.span, message).label("differs when an alert ends");
    cx.report(finding.help("leave it out: a message says what still fires and what is over"));
}

fn report_other(item: &Expression, value: &model::Expression, cx: &mut LoweringContext<'_>) {
    let excerpt = cx.excerpt(item.span);
    if let model::ExpressionKind::Literal(_) = value.kind {
        let message = format!("`{excerpt}` is the same for every alert");
        let finding = Diagnostic::new(&code::GROUP_VALUE, item.span, message).label("is not a value of the alert");
        let label = if let ExpressionKind::Template(template) = &item.kind { template.plain() } else { None };
        let label = label.filter(|text| is_word(text));
        return cx.report(match label {
            Some(label) => finding.did_you_mean(item.span, format!("labels.{label}")),
            None => finding.help("write a label, a field or a define, as in `[labels.cluster]`"),
        });
    }
    if matches!(item.kind, ExpressionKind::Name(_)) {
        let is_labels = matches!(value.kind, model::ExpressionKind::Field(EventField::Labels));
        let kind = if is_labels { "all labels at once".to_owned() } else { value.types.to_string() };
        let message = format!("alerts are grouped by single values, and `{excerpt}` is {kind}");
        let finding = Diagnostic::new(&code::GROUP_VALUE, item.span, message);
        return cx.report(finding.help("name the labels that alerts of a group share, as in `[labels.cluster]`"));
    }
    let message = format!("a group is named by a label, a field or a define, found `{excerpt}`");
    let finding = Diagnostic::new(&code::GROUP_VALUE, item.span, message);
    let whole = cx.text(item.span);
    let whole = if whole.contains('\n') { excerpt } else { whole.to_owned() };
    cx.report(finding.help(format!("give the value a name, and write the name here: `define area = {whole}`")));
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether no two values have one name; reports it otherwise.
fn have_own_names(values: &[GroupValue], cx: &mut LoweringContext<'_>) -> bool {
    let mut firsts: HashMap<&str, &GroupValue> = HashMap::new();
    let before = cx.finding_count();
    for value in values {
        let Some(first) = firsts.insert(&value.name, value) else { continue };
        let is_same = cx.text(first.value.span) == cx.text(value.value.span);
        let message = if is_same {
            format!("`{}` is listed twice", cx.text(value.value.span))
        } else {
            format!("two values of the group have the name `{}`", value.name)
        };
        let finding = Diagnostic::new(&code::GROUP_VALUE, value.value.span, message);
        let finding = finding.related(first.value.span, "the first");
        cx.report(if is_same {
            finding.help("remove one of them")
        } else {
            finding.help(format!("give one of them another name: `define {}_label = …`", value.name.replace('-', "_")))
        });
    }
    cx.finding_count() == before
}

/// Whether a value is the same for every event.
fn is_constant(value: &model::Expression, cx: &LoweringContext<'_>) -> bool {
    if let model::ExpressionKind::Define(id) = value.kind {
        return cx.constant_defines.contains(&id);
    }
    matches!(value.kind, model::ExpressionKind::Literal(_))
}
