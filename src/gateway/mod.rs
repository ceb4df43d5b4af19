//! The gateway: alerts come in at push URLs, are mapped and routed by the rules in force, stored durably, and delivered
//! to channels at least once.
//!
//! One push's way: [`intake`] takes the bytes and finds the integration by its key, takes the version in force once,
//! evaluates, and hands the push with its outcomes and rendered deliveries to the [`journal`], which answers when all of
//! it is durable, in one transaction. Then the sender hears 202. [`delivery`] takes pending deliveries from the journal,
//! sends, retries and settles them. [`admin`] is a listener of its own for those who run the gateway.
//! [`run`] opens all of it, and closes it in order; in between `maintenance` looks after what no event tells.
//!
//! [`served_rules`] is what a rule set becomes here, [`config`] how a gateway is asked to run; [`status`], [`metrics`] and [`logs`]
//! are what it says of itself. [`operations`] is what operators do with the journal, at [`admin`] through [`admin_client`], or on
//! the journal alone where none runs.

pub mod admin;
pub mod admin_client;
pub mod config;
pub mod delivery;
pub mod intake;
pub mod journal;
pub mod keys;
mod listener;
mod log_pipe;
pub mod logs;
mod maintenance;
pub mod metrics;
pub mod operations;
mod problem;
mod run;
pub mod served_rules;
pub mod status;
pub mod tls;

pub use run::{GatewayError, check, run};

use crate::reload::Reloader;
use served_rules::ServedRules;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What all parts of a running gateway share.
pub struct Gateway {
    /// The rules in force.
    pub rules: Reloader<ServedRules>,
    /// What is durable.
    pub journal: journal::Journal,
    /// What the push listener keeps; `IntakeState::default()`.
    pub intake: intake::IntakeState,
    /// What is under way.
    pub deliveries: delivery::DeliveryService,
    /// What is counted.
    pub metrics: Arc<metrics::Metrics>,
    /// How it was asked to run.
    pub config: config::GatewayConfig,
    /// Whether it is about to end: nothing new is accepted.
    pub stopping: AtomicBool,
}
