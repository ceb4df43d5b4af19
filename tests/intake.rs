//! The push listener over real connections: who may push, what bodies become, what senders get, and the limits of
//! connections.

mod connections;
mod ended_alerts;
mod host;
mod memory;
mod own_pushes;
mod protocols;
mod requests;
mod senders;
mod signatures;
mod tls;

use host::{Running, keys, start, version};
use pointsman::gateway::config::ListenerLimits;

/// Any object with a `title` is accepted; each of its `alerts` is an event.
const RULES: &str = r#"edition 1
mapping plain {
  accept when $.title is string because "there is no `title`"
  each $.alerts[*]
  severity = Warning
  status   = match @.status { "resolved" => Resolved  else => Firing }
  title    = string($.title) ?? "t"
  key      = string(@.key) ?? "k"
  labels { ...@.labels }
}
mapping form {
  accept when $.alertName is string
  severity = Warning
  status   = Firing
  title    = string($.alertName) ?? "t"
  key      = string($.ruleId) ?? "k"
  labels { ...$ }
}
channel page = stdout()
channel chat = stdout()
routing main {
  else => page, chat
}
integration plain { keys = [env("A")]  plain, form => routing main }
integration other { keys = [env("B")]  plain => chat }
integration standard { keys = [env("C")]  standard => page }
integration prometheus { keys = [env("D")]  alertmanager => page }
"#;

const EVENT: &[u8] = br#"{"title": "disk full", "alerts": [{"key": "a"}]}"#;

/// A listener with four integrations.
async fn listener(limits: ListenerLimits) -> Running {
    let settings: [(&str, &[_]); 4] = [
        ("plain", &[("keys", keys(&["key-of-plain", "old+key of plain"]))]),
        ("other", &[("keys", keys(&["key-of-other"]))]),
        ("standard", &[("keys", keys(&["key-of-standard"]))]),
        ("prometheus", &[("keys", keys(&["key-of-prometheus"]))]),
    ];
    start(version(1, RULES, &settings), limits).await
}
