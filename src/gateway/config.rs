//! The configuration of a gateway.

use super::served_rules::RuleTests;
use super::tls::CertificateFiles;
use super::{delivery, journal, logs};
use crate::channel::{Secret, StateFile};
use crate::reload;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The default size of all rule files together, so that a load fits into a small machine beside the rules in force: it takes
/// up to 80 bytes of memory for each.
const MAX_RULE_BYTES: u64 = 4 << 20;

/// The configuration of a gateway.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// The address of the push listener.
    pub listen: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
    /// The base of push URLs as senders see it, for display: `https://alerts.example.com`.
    pub public_url: Option<String>,
    /// The files of the certificate; read again when they change.
    pub tls: Option<CertificateFiles>,
    /// Which rules, and how they are reloaded.
    pub reload: reload::ReloadOptions,
    /// Whether a rule set whose tests fail is refused.
    pub rule_tests: RuleTests,
    /// The journal.
    pub journal: journal::JournalConfig,
    /// Deliveries.
    pub delivery: delivery::OutboundConfig,
    /// The limits of the push listener.
    pub limits: ListenerLimits,
    /// The token of the admin listener, if it is given; otherwise it is in the state directory, where the first start writes it.
    pub admin_token: Option<Secret>,
    /// Names besides addresses and local names by which the metrics may be asked for.
    pub admin_hosts: Vec<String>,
    /// How logs are written.
    pub logs: logs::LogOptions,
}

impl GatewayConfig {
    /// The defaults for these rules and that state directory.
    #[must_use]
    pub fn new(roots: Vec<PathBuf>, state: &Path) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8480)),
            admin: SocketAddr::from(([127, 0, 0, 1], 8481)),
            public_url: None,
            tls: None,
            reload: reload::ReloadOptions {
                roots,
                last_good: Some(StateFile::LastGood.path(state)),
                access: reload::RuleAccess {
                    max_rule_bytes: MAX_RULE_BYTES,
                    state: Some(state.to_owned()),
                    ..reload::RuleAccess::default()
                },
                ..reload::ReloadOptions::default()
            },
            rule_tests: RuleTests::Skip,
            journal: journal::JournalConfig { directory: state.to_owned(), ..journal::JournalConfig::default() },
            delivery: delivery::OutboundConfig { directory: state.to_owned(), ..delivery::OutboundConfig::default() },
            limits: ListenerLimits::default(),
            admin_token: None,
            admin_hosts: Vec::new(),
            logs: logs::LogOptions::default(),
        }
    }

    /// The base of push URLs as senders see it, for display; `listen` is where the gateway really listens.
    #[must_use]
    pub fn base_url(&self, listen: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let given = self.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        given.unwrap_or_else(|| format!("{scheme}://{listen}"))
    }

    /// The push URL of an integration, without its key.
    #[must_use]
    pub fn push_url(&self, listen: SocketAddr, integration: &str) -> String {
        format!("{}/push/{integration}", self.base_url(listen))
    }
}

/// The limits of the push listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at once; 4,096.
    pub connections: usize,
    /// Connections of one address at once; 64.
    pub connections_of_one: usize,
    /// Requests under way at once; more are answered with 503; 1,024.
    pub requests: usize,
    /// From the first byte to the end of the headers; 5 s.
    pub header_time: Duration,
    /// For a whole body; 15 s.
    pub body_time: Duration,
    /// Between two requests of one connection; 60 s.
    pub idle_time: Duration,
    /// Bytes of all headers together; 16 KiB.
    pub header_bytes: usize,
    /// Bytes of bodies held in memory at once; 64 MiB.
    pub body_bytes: usize,
    /// Bytes of what is decided and waits for the journal; more is answered with 503; 48 MiB. An eighth of them is for small
    /// pushes alone.
    pub decided_bytes: usize,
    /// Bytes of large answers that wait for their clients; more are answered without their outcomes; 16 MiB.
    pub answer_bytes: usize,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_of_one: 64,
            requests: 1_024,
            header_time: Duration::from_secs(5),
            body_time: Duration::from_secs(15),
            idle_time: Duration::from_mins(1),
            header_bytes: 16 << 10,
            body_bytes: 64 << 20,
            decided_bytes: 48 << 20,
            answer_bytes: 16 << 20,
        }
    }
}
