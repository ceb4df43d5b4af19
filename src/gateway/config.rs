//! How a gateway is asked to run: flags over environment over a TOML file over defaults.

use super::{delivery, journal};
use crate::reload;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a gateway runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where pushes come in.
    pub listen: SocketAddr,
    /// Where operators come in.
    pub admin: SocketAddr,
    /// The base of push URLs as senders see it, for display: `https://alerts.example.com`.
    pub public_url: Option<String>,
    /// Certificate chain and key in PEM files; read again when they change.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Rules.
    pub reload: reload::Options,
    /// Whether a set whose tests fail is refused.
    pub run_tests: bool,
    /// The journal.
    pub journal: journal::Options,
    /// Deliveries.
    pub delivery: delivery::Options,
    /// What a connection may do.
    pub limits: Limits,
}

/// What a connection may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
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
}

impl Default for Limits {
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
        }
    }
}
