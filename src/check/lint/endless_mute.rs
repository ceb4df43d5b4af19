//! A mute without `while`, `during` and `in`: it holds its alerts for ever and everywhere, as a route to `nothing` does.

use super::LintInput;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{Comparator, EventField, ExpressionKind, Model, Mute, ReachedNode};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0046", "mute without an end");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    if input.partial {
        return;
    }
    let endless = |mute: &&Mute| mute.source.is_none() && mute.channels.is_none() && !asks_time(input.model, mute);
    for mute in input.model.mutes.iter().filter(endless) {
        let message = format!("the mute `{}` never ends, and holds its alerts in every channel", mute.name);
        let finding = Diagnostic::new(&CODE, mute.span, message);
        diagnostics.push(
            finding
                .help("to tell these alerts nowhere, write a route: `route NAME when … => nothing because \"…\"`")
                .help("to hold them for a time, ask for a schedule, `and during NAME`; for one occasion, run `pointsman silence add`")
                .help("to hold them while another alert fires, name it: `while … same labels.cluster`"),
        );
    }
}

/// Whether the condition depends on a schedule, or on when the alert began or ended.
fn asks_time(model: &Model, mute: &Mute) -> bool {
    let mut asks = false;
    model.each_reached(&mute.when, &mut |node| {
        asks |= match node {
            ReachedNode::Test(test, _) => matches!(test, Comparator::During(_)),
            ReachedNode::Expression(value) => {
                matches!(value.kind, ExpressionKind::Field(EventField::StartsAt | EventField::EndsAt))
            }
        };
    });
    asks
}
