//! A channel whose news may wait for more than an hour.

use super::LintInput;
use crate::channel::notification::WAIT;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{ChannelId, Model};
use crate::syntax::tree::{Channel, Declaration};
use crate::time::DurationText;
use std::collections::HashMap;
use std::time::Duration;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0043", "wait of more than an hour");

const LONGEST: Duration = Duration::from_hours(1);

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    let longest = longest_waits(input.model);
    for item in input.items() {
        let Declaration::Channel(channel) = &item.kind else { continue };
        let wait = longest.get(&*channel.name.text).copied().unwrap_or_default();
        if wait > LONGEST {
            diagnostics.extend(finding(channel, wait));
        }
    }
}

/// The longest wait of each channel, and of each family that of its members.
fn longest_waits(model: &Model) -> HashMap<&str, Duration> {
    let of = |id: ChannelId| model.channels.get(id).map_or(Duration::ZERO, |channel| channel.policy().wait.high);
    let single = model.channels.iter().filter(|channel| channel.member.is_none());
    let mut longest: HashMap<&str, Duration> =
        single.map(|channel| (&*channel.name, channel.policy().wait.high)).collect();
    for family in &model.families {
        let waits = family.members.iter().map(|(_, id)| of(*id));
        longest.insert(&family.name, waits.max().unwrap_or_default());
    }
    longest
}

fn finding(channel: &Channel, wait: Duration) -> Option<Diagnostic> {
    let given = channel.parameters.iter().find(|given| &*given.name.text == WAIT.name)?;
    let message = format!("news may wait for {} before anybody is told", DurationText(wait));
    Some(
        Diagnostic::new(&CODE, given.value.span, message)
            .label("is more than an hour")
            .help("let the range end at an hour at most; how often old news is told again is said by `repeat`"),
    )
}
