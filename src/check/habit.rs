//! Names that authors bring from other languages, and what they are here: the root of a document, the clock, `True`, a channel
//! for nothing.

use crate::check::scope::{ExpressionLowering, ExpressionScope};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::Identifier;

/// Where another language finds the whole document.
fn is_payload(name: &str) -> bool {
    matches!(name, "input" | "payload" | "data" | "body" | "msg" | "message" | "request" | "json" | "event" | "doc")
}

/// Where another language finds one alert of the document.
fn is_element(name: &str) -> bool {
    matches!(name, "alert" | "item" | "it" | "this" | "self" | "elem" | "element" | "object")
}

impl ExpressionLowering<'_, '_> {
    /// `input.labels.team`: the name of a document before its members.
    pub(super) fn document_name(&self, diagnostic: &Diagnostic, name: &Identifier) -> Option<Diagnostic> {
        let (_, after) = self.cx.surrounding_text(name.span);
        if !after.starts_with('.') || !(is_payload(&name.text) || is_element(&name.text)) {
            return None;
        }
        let with_dot = Span { end: name.span.end + 1, ..name.span };
        let diagnostic = diagnostic.clone();
        Some(match self.scope {
            ExpressionScope::Event | ExpressionScope::Body => {
                diagnostic.suggest(format!("fields of the event are named without `{}.`", name.text), with_dot, "")
            }
            ExpressionScope::Payload(..) | ExpressionScope::Answer => {
                diagnostic.suggest("the payload is `$`", name.span, "$")
            }
            ExpressionScope::Element(_) if is_payload(&name.text) => {
                diagnostic.suggest("the payload is `$`", name.span, "$")
            }
            ExpressionScope::Element(_) => {
                diagnostic.suggest("the element of `each`, or else the payload, is `@`", name.span, "@")
            }
            ExpressionScope::Parameters(..) => return None,
        })
    }

    /// `now`, `hour(starts_at)`: a clock, or a part of a time.
    pub(super) fn clock(&self, diagnostic: &Diagnostic, name: &str, argument: Option<&str>) -> Option<Diagnostic> {
        let lower = name.to_ascii_lowercase().replace('_', "");
        let is_clock = matches!(
            &*lower,
            "now"
                | "today"
                | "utcnow"
                | "currenttime"
                | "hour"
                | "hours"
                | "minute"
                | "weekday"
                | "dayofweek"
                | "day"
                | "dayofmonth"
                | "month"
                | "date"
                | "isweekend"
                | "isweekday"
                | "timeofday"
                | "strftime"
                | "dayname"
        );
        if !is_clock {
            return None;
        }
        let subject = argument.filter(|argument| !argument.contains("now") && !argument.is_empty());
        let asks = subject.map_or_else(|| "during office".to_owned(), |time| format!("{time} during office"));
        let diagnostic = diagnostic.clone().note("a rule has no clock: hours, days and dates stand in a schedule");
        Some(match self.scope {
            ExpressionScope::Event => diagnostic.help(format!(
                "declare `schedule office in \"Asia/Shanghai\" {{ mon..fri 09:00..18:00 }}`, and ask `{asks}`"
            )),
            ExpressionScope::Payload(..)
            | ExpressionScope::Element(_)
            | ExpressionScope::Parameters(..)
            | ExpressionScope::Answer
            | ExpressionScope::Body => diagnostic.help(format!(
                "declare `schedule office in \"Asia/Shanghai\" {{ mon..fri 09:00..18:00 }}`, and ask in a routing: `when {asks}`"
            )),
        })
    }

    /// A schedule where a condition is needed.
    pub(super) fn schedule_name(&self, diagnostic: &Diagnostic, name: &Identifier) -> Option<Diagnostic> {
        self.cx.names.schedules.find(&name.text)?;
        let diagnostic = diagnostic.clone();
        Some(diagnostic.suggest("a schedule is asked by `during`", name.span, format!("during {}", name.text)))
    }

    /// `True`, `None`: the words of Python and others, as written here.
    pub(super) fn foreign_constant(&self, diagnostic: &Diagnostic, name: &Identifier) -> Option<Diagnostic> {
        let diagnostic = diagnostic.clone();
        match &*name.text {
            "True" | "TRUE" | "Yes" | "YES" => return Some(diagnostic.rewrite(name.span, "true")),
            "False" | "FALSE" | "No" | "NO" => return Some(diagnostic.rewrite(name.span, "false")),
            "None" | "NULL" | "Null" | "Nil" | "NIL" | "Undefined" | "Missing" | "nil" | "undefined" => {}
            _ => return None,
        }
        let (before, _) = self.cx.surrounding_text(name.span);
        let compared = before.trim_end();
        for (sign, test) in
            [("==", "is missing"), ("!=", "is not missing"), ("is not", "is not missing"), ("is", "is missing")]
        {
            if let Some(left) = compared.strip_suffix(sign) {
                let start = u32::try_from(left.len()).unwrap_or(name.span.start);
                return Some(diagnostic.rewrite(Span { start, ..name.span }, test));
            }
        }
        Some(diagnostic.rewrite(name.span, "missing"))
    }
}
