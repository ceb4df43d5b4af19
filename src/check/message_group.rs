//! `group.name` in the parameters of channels: what a message says of its group.

use crate::channel::notification::GROUP_BY;
use crate::check::code;
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, make};
use crate::diagnostic::Diagnostic;
use crate::event::GroupField;
use crate::model::{Expression, ExpressionKind};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier, NavigationSegment, NavigationStep};
use crate::text::backticked_list;
use crate::value::ValueType;

/// The word by which parameters read the group of a message.
pub(super) const GROUP: &str = "group";

impl ExpressionLowering<'_, '_> {
    /// A field of the group, where `base` is the word `group` and nothing else has that name. Segments behind the field lead
    /// into it.
    pub(super) fn group_field(
        &mut self,
        base: &tree::Expression,
        segments: &[NavigationSegment],
        span: Span,
    ) -> Option<Expression> {
        let tree::ExpressionKind::Name(name) = &base.kind else { return None };
        if &*name.text != GROUP || !matches!(self.scope, ExpressionScope::Event | ExpressionScope::Body) {
            return None;
        }
        let (first, rest) = segments.split_first()?;
        let member = if let NavigationStep::Member(member) = &first.step { Some(&**member) } else { None };
        let field = GroupField::ALL.into_iter().find(|field| member == Some(field.name()));
        if self.is_hidden(name, field) {
            return None;
        }
        if !self.can_read_group(name) {
            return Some(broken(span));
        }
        let Some(field) = field else {
            self.unknown_group_field(first, member);
            return Some(broken(span));
        };
        let value = make(ExpressionKind::Group(field), types(field), name.span.to(first.span));
        Some(if rest.is_empty() { value } else { self.path_into(value, rest, span) })
    }

    /// Whether a define or a column has the name. If a field of the group was probably meant, that is reported.
    fn is_hidden(&mut self, name: &Identifier, field: Option<GroupField>) -> bool {
        let define = self.cx.names.defines.place(GROUP);
        let is_column = self.cx.columns.as_ref().is_some_and(|columns| columns.names().any(|column| column == GROUP));
        let is_hidden = is_column || define.is_some();
        if let (Some(define), Some(field), false, Some(_)) = (define, field, is_column, self.cx.channel_parameter) {
            let message =
                format!("the define `group` hides the `group` of messages, which has a field `{}`", field.name());
            self.cx.report(
                Diagnostic::new(&code::HIDDEN_GROUP, name.span, message)
                    .label("this is the define")
                    .related(define, "defined here")
                    .help("if the group of the message is meant, give the define another name"),
            );
        }
        is_hidden
    }

    /// `group` alone.
    pub(super) fn whole_group(&mut self, name: &Identifier) -> Expression {
        if self.can_read_group(name) {
            self.cx.report(
                Diagnostic::new(&code::GROUP_AS_VALUE, name.span, "the group of a message is not one value")
                    .label("has several fields")
                    .help(format!("read one of them, as in `group.firing`: it has {}", fields())),
            );
        }
        broken(name.span)
    }

    fn can_read_group(&mut self, name: &Identifier) -> bool {
        let message = match self.cx.channel_parameter {
            Some(parameter) if parameter == GROUP_BY.name => {
                "`group_by` chooses the group of an alert, and `group` is what a message says of it"
            }
            Some(_) => return true,
            None => "`group` is read by parameters of channels alone: only a message has a group",
        };
        self.cx.report(
            Diagnostic::new(&code::GROUP_OUTSIDE_CHANNEL, name.span, message)
                .label("there is one alert here, and no message yet")
                .help(
                    "parameters such as `text`, `title` and `body` can read it: `text = \"{title} ({group.firing})\"`",
                ),
        );
        false
    }

    fn unknown_group_field(&mut self, segment: &NavigationSegment, member: Option<&str>) {
        let Some(member) = member else {
            let found = Diagnostic::new(&code::UNKNOWN_GROUP_FIELD, segment.span, "the fields of a group have names");
            return self.cx.report(found.help(format!("it has {}", fields())));
        };
        let message = format!("the group of a message has no field `{member}`");
        let found = Diagnostic::new(&code::UNKNOWN_GROUP_FIELD, segment.span, message);
        let near = self.cx.nearest(member, GroupField::ALL.into_iter().map(GroupField::name));
        let is_dotted = self.cx.text(segment.span).starts_with('.');
        self.cx.report(match near {
            Some(near) => {
                let corrected = if is_dotted { format!(".{near}") } else { format!("[\"{near}\"]") };
                found.did_you_mean(segment.span, corrected)
            }
            None => found.help(format!("it has {}; the values of `group_by` are among `labels`", fields())),
        });
    }
}

fn fields() -> String {
    backticked_list(GroupField::ALL.map(GroupField::name))
}

fn types(field: GroupField) -> ValueType {
    match field {
        GroupField::Reason => ValueType::TEXT,
        GroupField::Firing
        | GroupField::Critical
        | GroupField::Resolved
        | GroupField::Muted
        | GroupField::News
        | GroupField::Changes => ValueType::NUMBER,
        GroupField::Since => ValueType::TIME | ValueType::MISSING,
        GroupField::Alerts => ValueType::ARRAY,
    }
}
