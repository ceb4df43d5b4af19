//! Values by which alerts are compared: a label, a field or a define, which gives each its name.

use crate::check::code;
use crate::check::column_text::column;
use crate::check::context::LoweringContext;
use crate::check::scope::{ExpressionLowering, ExpressionScope, is_known};
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::model::{self, EventField, GroupValue};
use crate::source::Span;
use crate::syntax::tree::{Expression, ExpressionKind};
use crate::value::ValueType;
use std::collections::HashMap;

/// What alerts are compared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueUse {
    /// `group_by = […]` of a channel.
    Group,
    /// `same …` of a mute.
    Same,
}

impl ValueUse {
    fn code(self) -> &'static DiagnosticCode {
        match self {
            Self::Group => &code::GROUP_VALUE,
            Self::Same => &code::SAME_VALUE,
        }
    }

    /// How a good value is written.
    fn example(self) -> &'static str {
        match self {
            Self::Group => "[labels.cluster]",
            Self::Same => "same labels.cluster",
        }
    }

    fn refused(self, place: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code(), place, message)
    }
}

/// A label, a field or a define, with its name.
pub(super) fn named(item: &Expression, used: ValueUse, cx: &mut LoweringContext<'_>) -> Option<GroupValue> {
    if let Some(column) = column(item, cx) {
        let message = format!("the column `{column}` is the same for every alert of a channel");
        let finding = used.refused(item.span, message);
        cx.report(finding.help("group by a value of the alert: a label, a field or a define"));
        return None;
    }
    let value = ExpressionLowering { cx, scope: ExpressionScope::Event }.value_or_labels(item);
    if !is_known(value.types) {
        return None;
    }
    let kinds = value.types.without(ValueType::NOTHING);
    if kinds == ValueType::STATUS {
        cx.report(status(item, used));
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
    report_other(item, &value, used, cx);
    None
}

fn status(item: &Expression, used: ValueUse) -> Diagnostic {
    match used {
        ValueUse::Group => {
            let message = "an alert and its recovery belong to one group, and `status` tells them apart";
            let finding = used.refused(item.span, message).label("differs when an alert ends");
            finding.help("leave it out: a message says what still fires and what is over")
        }
        ValueUse::Same => {
            let message = "the alert that is held and the one that holds it both fire, so `status` is always the same";
            used.refused(item.span, message).label("is always `Firing`").help("leave it out")
        }
    }
}

fn report_other(item: &Expression, value: &model::Expression, used: ValueUse, cx: &mut LoweringContext<'_>) {
    let excerpt = cx.excerpt(item.span);
    if let model::ExpressionKind::Literal(_) = value.kind {
        let finding = used.refused(item.span, format!("`{excerpt}` is the same for every alert"));
        let finding = finding.label("is not a value of the alert");
        let label = if let ExpressionKind::Template(template) = &item.kind { template.plain() } else { None };
        let label = label.filter(|text| is_word(text));
        return cx.report(match label {
            Some(label) => finding.did_you_mean(item.span, format!("labels.{label}")),
            None => finding.help(format!("write a label, a field or a define, as in `{}`", used.example())),
        });
    }
    if matches!(item.kind, ExpressionKind::Name(_)) {
        let is_labels = matches!(value.kind, model::ExpressionKind::Field(EventField::Labels));
        let kind = if is_labels { "all labels at once".to_owned() } else { value.types.to_string() };
        let (compared, shared) = match used {
            ValueUse::Group => ("grouped", "that alerts of a group share"),
            ValueUse::Same => ("compared", "that both alerts share"),
        };
        let finding =
            used.refused(item.span, format!("alerts are {compared} by single values, and `{excerpt}` is {kind}"));
        return cx.report(finding.help(format!("name the labels {shared}, as in `{}`", used.example())));
    }
    let what = match used {
        ValueUse::Group => "a group is named by a label, a field or a define",
        ValueUse::Same => "after `same` stands a label, a field or a define",
    };
    let finding = used.refused(item.span, format!("{what}, found `{excerpt}`"));
    let whole = cx.text(item.span);
    let whole = if whole.contains('\n') { excerpt } else { whole.to_owned() };
    cx.report(finding.help(format!("give the value a name, and write the name here: `define area = {whole}`")));
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether no two values have one name; reports it otherwise.
pub(super) fn have_own_names(values: &[GroupValue], used: ValueUse, cx: &mut LoweringContext<'_>) -> bool {
    let mut firsts: HashMap<&str, &GroupValue> = HashMap::new();
    let before = cx.finding_count();
    for value in values {
        let Some(first) = firsts.insert(&value.name, value) else { continue };
        let is_same = cx.text(first.value.span) == cx.text(value.value.span);
        let of = match used {
            ValueUse::Group => "of the group",
            ValueUse::Same => "after `same`",
        };
        let message = if is_same {
            format!("`{}` is listed twice", cx.text(value.value.span))
        } else {
            format!("two values {of} have the name `{}`", value.name)
        };
        let finding = used.refused(value.value.span, message);
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
pub(super) fn is_constant(value: &GroupValue, cx: &LoweringContext<'_>) -> bool {
    if let model::ExpressionKind::Define(id) = value.value.kind {
        return cx.constant_defines.contains(&id);
    }
    matches!(value.value.kind, model::ExpressionKind::Literal(_))
}
