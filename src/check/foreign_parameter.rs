//! Words of other alerting tools as parameters of a channel: what the parameter is called here.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::Identifier;

/// What stands here for a parameter of another tool.
enum Counterpart {
    /// The same under another name.
    Renamed(&'static str),
    /// Something that is written in another way.
    Written(&'static str),
}

/// Reports a parameter of a channel that another alerting tool has. Says whether it is one. `owner` is the channel, in words.
pub(super) fn report(owner: &str, name: &Identifier, cx: &mut LoweringContext<'_>) -> bool {
    let Some(counterpart) = counterpart(&name.text) else { return false };
    let message = format!("{owner} has no parameter `{}`", name.text);
    let finding = Diagnostic::new(&code::UNKNOWN_PARAMETER, name.span, message);
    cx.report(match counterpart {
        Counterpart::Renamed(own) => finding.suggest(format!("it is called `{own}` here"), name.span, own),
        Counterpart::Written(help) => finding.help(help),
    });
    true
}

fn counterpart(word: &str) -> Option<Counterpart> {
    Some(match word {
        "repeat_interval" | "resend_delay" | "renotify" | "renotify_interval" | "repeat_every" | "repeat_after" => {
            Counterpart::Renamed("repeat")
        }
        "group" | "groupby" | "grouping" | "group_keys" | "aggregate" | "aggregate_by" => {
            Counterpart::Renamed("group_by")
        }
        "delay" | "debounce" | "notify_delay" | "notification_delay" => Counterpart::Renamed("wait"),
        "rate_limit" => Counterpart::Renamed("rate"),
        "group_wait" | "group_interval" => Counterpart::Written(
            "news gathers from `group_wait` to `group_interval`: `wait = 30s..5m`; a Critical does not wait, unless `wait_critical = 30s` says so",
        ),
        "send_resolved" | "notify_resolved" | "send_recovery" | "recovery" | "resolved" | "disable_resolve_message" => {
            Counterpart::Written(
                "`recoveries` says which ends are told: `recoveries = \"group\"`, `\"each\"` or `\"never\"`",
            )
        }
        "dedup" | "deduplicate" | "dedup_interval" | "dedup_window" | "suppress_repeats" => Counterpart::Written(
            "an alert that fires again unchanged is not told again before `repeat` has passed: `repeat = 4h`, or `repeat = \"never\"`",
        ),
        "inhibit" | "inhibit_rules" | "inhibit_by" | "suppress" | "depends_on" => Counterpart::Written(
            "a channel cannot ask what else fires; what belongs together is told together by `group_by = [labels.cluster]`",
        ),
        "mute"
        | "silence"
        | "mute_time_intervals"
        | "mute_timings"
        | "active_time_intervals"
        | "active_timings"
        | "quiet_hours"
        | "hours" => Counterpart::Written(
            "when a channel gets alerts is said by the routing: declare a schedule, and write `route NAME when during office => …`",
        ),
        "throttle" | "throttle_period" => Counterpart::Written(
            "`rate` is the most requests a minute, and `wait = 30s..10m` makes fewer messages of a group that changes often",
        ),
        "escalate_to" | "escalate" | "escalation" | "notify_after" => Counterpart::Written(
            "escalation is one more channel that waits longer, and hears of what still fires then: `repeat = \"never\", wait = 30m, wait_critical = 30m`",
        ),
        _ => return None,
    })
}
