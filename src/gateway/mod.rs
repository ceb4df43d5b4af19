//! The gateway: it accepts alerts at push URLs, maps and routes them by the rules in force, stores them durably, and
//! delivers them to channels at least once.
//!
//! The path of a push: [`intake`] receives the bytes, finds the integration by its key, takes the version in force once,
//! and evaluates. The [`journal`] stores the push with its outcomes and rendered deliveries in one transaction. When that is
//! durable, the sender gets 202. For a channel that gathers messages it stores what the events are for the channel, and the
//! `notifier` makes messages of what is due. [`delivery`] takes pending deliveries from the journal, sends, retries and settles them.
//! [`admin`] is a listener of its own for those who run the gateway. [`run`] opens all parts and closes them in order.
//!
//! [`served_rules`] is a rule set with its secrets, [`config`] the configuration; [`status`], [`metrics`] and [`logs`] are
//! for those who watch a gateway. [`operations`] is what operators do with the journal: at [`admin`] through
//! [`admin_client`], or on the journal itself while no gateway runs. [`rehearsal`] plays its pushes by other rules.

pub mod admin;
pub mod admin_client;
pub mod config;
mod core_dumps;
pub mod delivery;
mod event_group;
mod hold_asker;
pub mod intake;
pub mod journal;
pub mod keys;
mod listener;
mod log_pipe;
pub mod logs;
mod maintenance;
pub mod metrics;
mod notifier;
pub mod operations;
mod own_events;
mod own_events_handle;
mod pauses;
mod problem;
pub mod rehearsal;
mod run;
pub mod served_rules;
pub mod status;
mod stored_event;
pub mod tls;

pub use own_events_handle::OwnEventsHandle;
pub use run::{GatewayError, blocked_channels, check, run};

use crate::reload::Reloader;
use crate::time::Clock;
use served_rules::ServedRules;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the parts of a running gateway share.
pub struct Gateway {
    /// The clock of all parts.
    pub clock: Arc<dyn Clock>,
    /// The rules in force.
    pub rules: Reloader<ServedRules>,
    /// The journal.
    pub journal: journal::Journal,
    /// The state of the push listener.
    pub intake: intake::IntakeState,
    /// The deliveries.
    pub deliveries: delivery::DeliveryService,
    /// The metrics.
    pub metrics: Arc<metrics::Metrics>,
    /// The configuration.
    pub config: config::GatewayConfig,
    /// The certificate of the push listener.
    pub certificate: Option<Arc<tls::ReloadableCertificate>>,
    /// Whether it is stopping: nothing new is accepted.
    pub stopping: AtomicBool,
}
