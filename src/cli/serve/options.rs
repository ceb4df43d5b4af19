//! The settings of a gateway, declared once for flags, the environment and the configuration file. The names are the same
//! in all three, except for their spelling (`--keep-for`, `POINTSMAN_KEEP_FOR`, `keep_for`).
//!
//! A flag overrides the environment, the environment overrides the file, and the file overrides the default. The token of
//! the admin listener is not a flag, because every user of a machine can see arguments.

use super::configuration_error::ConfigurationError;
use super::quantity::{ByteSize, HumanDuration, ListenAddress};
use crate::gateway::config::GatewayConfig;
use crate::gateway::delivery::DeliveryLog;
use crate::gateway::logs;
use crate::gateway::served_rules::RuleTests;
use crate::gateway::tls::CertificateFiles;
use crate::reload::WatchMethod;
use clap::Args;
use serde::Deserialize;
use std::path::PathBuf;

/// Settings, all of them optional.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct ServeOptions {
    /// Rule files and folders to search for `*.rules`; together they are one rule set. In the environment, paths are
    /// separated by colons
    #[arg(long, env = "POINTSMAN_RULES", value_name = "PATH", num_args = 1.., value_delimiter = ':')]
    pub(super) rules: Vec<PathBuf>,
    /// The state directory: the journal, the admin token, files of `file` channels [default: pointsman-state]
    #[arg(long, env = "POINTSMAN_STATE", value_name = "DIR")]
    state: Option<PathBuf>,
    /// The address of the push listener [default: 127.0.0.1:8480]
    #[arg(long, env = "POINTSMAN_LISTEN", value_name = "ADDRESS")]
    listen: Option<ListenAddress>,
    /// The address of the admin listener: status, metrics, reload [default: 127.0.0.1:8481]
    #[arg(long, env = "POINTSMAN_ADMIN", value_name = "ADDRESS")]
    admin: Option<ListenAddress>,
    /// A file with the token of the admin listener; by default a token is made in the state directory
    #[arg(long, env = "POINTSMAN_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub(super) admin_token_file: Option<PathBuf>,
    /// A host name at which `/metrics` answers, besides addresses and names of the local network such as `pointsman` or
    /// `pointsman.monitoring.svc`; may be repeated, in the environment separated by commas
    #[arg(long, env = "POINTSMAN_ADMIN_HOST", value_name = "NAME", value_delimiter = ',')]
    admin_host: Vec<String>,
    /// The address at which senders reach the gateway, shown in push URLs: `https://alerts.example.com`
    #[arg(long, env = "POINTSMAN_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// The certificate chain of the push listener in PEM; reloaded when it changes
    #[arg(long, env = "POINTSMAN_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate in PEM
    #[arg(long, env = "POINTSMAN_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// A network or host besides the public internet that channels may reach, such as `10.0.0.0/8` or `hooks.internal`;
    /// may be repeated, in the environment separated by commas
    #[arg(long, env = "POINTSMAN_ALLOW", value_name = "NETWORK", value_delimiter = ',')]
    allow: Vec<String>,
    /// Let channels reach every address, including private ones
    #[arg(long, env = "POINTSMAN_ALLOW_PRIVATE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_private: Option<bool>,
    /// A proxy for all requests to channels; the proxy variables of the environment are ignored. Addresses and names are
    /// checked here first, but the proxy resolves names again and can reach what it likes: restrict it as well
    #[arg(long, env = "POINTSMAN_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<String>,
    /// Certificates in PEM to trust besides those of the system, for requests to channels
    #[arg(long, env = "POINTSMAN_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Do not use file events; compare contents every 2 s
    #[arg(long, env = "POINTSMAN_POLL", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    poll: Option<bool>,
    /// How often contents are compared in addition to file events [default: 10s]
    #[arg(long, env = "POINTSMAN_POLL_INTERVAL", value_name = "DURATION")]
    poll_interval: Option<HumanDuration>,
    /// A file with the sha256 of every rule file, as `sha256sum` writes it; a rule set that does not match is not loaded
    #[arg(long, env = "POINTSMAN_MANIFEST", value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Start with the last good rules if those on the disk cannot be served
    #[arg(long, env = "POINTSMAN_START_WITH_LAST_GOOD", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    start_with_last_good: Option<bool>,
    /// Reject rules whose tests fail
    #[arg(long, env = "POINTSMAN_RUN_TESTS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    run_tests: Option<bool>,
    /// Let a rule set without rule files replace one with rule files
    #[arg(long, env = "POINTSMAN_ALLOW_EMPTY", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_empty: Option<bool>,
    /// The largest total size of the rule files; a load needs at most 80 times as much memory
    /// [default: 4MiB]
    #[arg(long, env = "POINTSMAN_MOST_RULE_BYTES", value_name = "SIZE")]
    most_rule_bytes: Option<ByteSize>,
    /// A folder from which `secret_file` may read, besides the folder of the rules, `secrets` beside it, `/run/secrets`
    /// and `$CREDENTIALS_DIRECTORY`; may be repeated, in the environment separated by colons
    #[arg(long, env = "POINTSMAN_SECRETS", value_name = "DIR", value_delimiter = ':')]
    secrets: Vec<PathBuf>,
    /// Let rules read only environment variables whose names begin like this, such as `HOOK_`; may be repeated, in the
    /// environment separated by commas. By default they may read all but the settings of pointsman
    #[arg(long, env = "POINTSMAN_ENV_PREFIX", value_name = "PREFIX", value_delimiter = ',')]
    env_prefix: Vec<String>,
    /// How long settled events are kept; pending deliveries are kept until they end [default: 7d]
    #[arg(long, env = "POINTSMAN_KEEP_FOR", value_name = "DURATION")]
    keep_for: Option<HumanDuration>,
    /// The size of the journal above which the oldest settled events are removed; on a small disk it is less [default: 8GiB]
    #[arg(long, env = "POINTSMAN_KEEP_BYTES", value_name = "SIZE")]
    keep_bytes: Option<ByteSize>,
    /// The number of pending deliveries above which pushes are refused [default: 2000000]
    #[arg(long, env = "POINTSMAN_MOST_PENDING", value_name = "NUMBER")]
    most_pending: Option<u64>,
    /// The total size of pending bodies above which pushes are refused [default: 4GiB]
    #[arg(long, env = "POINTSMAN_MOST_PENDING_BYTES", value_name = "SIZE")]
    most_pending_bytes: Option<ByteSize>,
    /// The free disk space below which the oldest settled events are removed, and then pushes refused [default: 1GiB, or 5 % of the disk if that is more]
    #[arg(long, env = "POINTSMAN_LEAST_FREE", value_name = "SIZE")]
    least_free: Option<ByteSize>,
    /// The maximum number of connections of senders [default: 4096]
    #[arg(long, env = "POINTSMAN_CONNECTIONS", value_name = "NUMBER")]
    connections: Option<usize>,
    /// The maximum number of connections from one address; raise it behind a proxy [default: 64]
    #[arg(long, env = "POINTSMAN_CONNECTIONS_OF_ONE", value_name = "NUMBER")]
    connections_of_one: Option<usize>,
    /// The format of the log: `text` or `json` [default: text]
    #[arg(long, env = "POINTSMAN_LOG_FORMAT", value_name = "FORMAT")]
    #[serde(deserialize_with = "super::quantity::spelled")]
    log_format: Option<logs::LogFormat>,
    /// The level of the log: `error`, `warn`, `info`, `debug` or `trace` [default: info]
    #[arg(long, env = "POINTSMAN_LOG_LEVEL", value_name = "LEVEL")]
    #[serde(deserialize_with = "super::quantity::spelled")]
    log_level: Option<logs::LogLevel>,
    /// Log a line for every delivery that succeeds; failures are always logged [default: true]
    #[arg(long, env = "POINTSMAN_LOG_DELIVERIES", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    log_deliveries: Option<bool>,
}

impl ServeOptions {
    /// These settings, with those of `other` for settings that are absent.
    pub(super) fn or(self, other: Self) -> Self {
        macro_rules! first_given {
            (options: $($option:ident)*; lists: $($list:ident)*) => {
                Self {
                    $($option: self.$option.or(other.$option),)*
                    $($list: if self.$list.is_empty() { other.$list } else { self.$list },)*
                }
            };
        }
        first_given! {
            options: state listen admin admin_token_file public_url tls_cert tls_key allow_private proxy ca_file poll
                poll_interval
                manifest start_with_last_good run_tests allow_empty most_rule_bytes keep_for keep_bytes most_pending
                most_pending_bytes least_free connections connections_of_one log_format log_level log_deliveries;
            lists: rules allow admin_host secrets env_prefix
        }
    }

    /// The state directory.
    pub(super) fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| PathBuf::from(STATE))
    }

    /// The configuration of a gateway, with defaults for absent settings.
    ///
    /// # Errors
    /// If settings contradict each other, or one is missing.
    pub(super) fn config(self) -> Result<GatewayConfig, ConfigurationError> {
        if self.rules.is_empty() {
            return Err(ConfigurationError::new(
                "no rules are named",
                "name files or folders, as arguments or as `--rules PATH`",
            ));
        }
        let mut config = GatewayConfig::new(self.rules.clone(), &self.state());
        config.tls = match (&self.tls_cert, &self.tls_key) {
            (Some(chain), Some(key)) => Some(CertificateFiles { chain: chain.clone(), key: key.clone() }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(ConfigurationError::new("the certificate has no key", "add `--tls-key FILE`"));
            }
            (None, Some(_)) => {
                return Err(ConfigurationError::new("the key has no certificate", "add `--tls-cert FILE`"));
            }
        };
        if let Some(url) = &self.public_url
            && !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))
        {
            let message = format!("`{url}` is not the address of a gateway");
            let help = "write the whole address: `--public-url https://alerts.example.com`";
            return Err(ConfigurationError::new(message, help));
        }
        self.check_names()?;
        self.fill(&mut config);
        Ok(config)
    }

    /// Checks the names that people give: a mistake in them would have no effect, or open what they restrict.
    fn check_names(&self) -> Result<(), ConfigurationError> {
        let is_odd = |prefix: &String| prefix.is_empty() || prefix.contains(|each: char| "*?=".contains(each));
        if let Some(prefix) =
            self.env_prefix.iter().find(|prefix| is_odd(prefix) || prefix.contains(char::is_whitespace))
        {
            let message = format!("`{prefix}` is not the beginning of a variable's name");
            return Err(ConfigurationError::new(message, "write the beginning as it is: `--env-prefix HOOK_`"));
        }
        let is_in_name = |each: char| each.is_ascii_alphanumeric() || "-._".contains(each);
        if let Some(host) = self.admin_host.iter().find(|host| host.is_empty() || !host.chars().all(is_in_name)) {
            let message = format!("`{host}` is not the name of a host");
            let help = "write the name alone, without scheme and port: `--admin-host metrics.example.com`";
            return Err(ConfigurationError::new(message, help));
        }
        Ok(())
    }

    /// The settings of requests to channels, and the rules: what `send` uses of the settings of `serve`.
    pub(in crate::cli) fn of_requests(
        rules: Vec<PathBuf>,
        allow: Vec<String>,
        allow_private: Option<bool>,
        proxy: Option<String>,
        ca_file: Option<PathBuf>,
    ) -> Self {
        Self { rules, allow, allow_private, proxy, ca_file, ..Self::default() }
    }

    /// These settings, with what rules may read besides their files.
    pub(in crate::cli) fn with_secrets(self, secrets: Vec<PathBuf>, env_prefix: Vec<String>) -> Self {
        Self { secrets, env_prefix, ..self }
    }

    fn fill(self, config: &mut GatewayConfig) {
        let access = &mut config.reload.access;
        set(&mut access.max_rule_bytes, self.most_rule_bytes.map(|bytes| bytes.0));
        access.own_files = [self.admin_token_file, self.tls_key].into_iter().flatten().collect();
        (access.secret_folders, access.variable_prefixes) = (self.secrets, self.env_prefix);
        set(&mut config.listen, self.listen.map(|address| address.0));
        set(&mut config.admin, self.admin.map(|address| address.0));
        config.public_url = self.public_url;
        config.delivery.allow = self.allow;
        config.admin_hosts = self.admin_host;
        set(&mut config.delivery.allow_private, self.allow_private);
        config.delivery.proxy = self.proxy;
        config.delivery.ca_file = self.ca_file;
        config.reload.poll = self.poll_interval.map(|interval| interval.0);
        if self.poll == Some(true) {
            config.reload.watch_method = WatchMethod::Poll;
        }
        config.reload.manifest = self.manifest;
        set(&mut config.reload.start_with_last_good, self.start_with_last_good);
        set(&mut config.reload.allow_empty, self.allow_empty);
        if self.run_tests == Some(true) {
            config.rule_tests = RuleTests::Run;
        }
        set(&mut config.journal.keep_for, self.keep_for.map(|time| time.0));
        set(&mut config.journal.keep_bytes, self.keep_bytes.map(|bytes| bytes.0));
        set(&mut config.journal.most_pending, self.most_pending);
        set(&mut config.journal.most_pending_bytes, self.most_pending_bytes.map(|bytes| bytes.0));
        config.journal.least_free = self.least_free.map(|bytes| bytes.0);
        set(&mut config.limits.connections, self.connections);
        set(&mut config.limits.connections_of_one, self.connections_of_one);
        set(&mut config.logs.format, self.log_format);
        set(&mut config.logs.level, self.log_level);
        if self.log_deliveries == Some(false) {
            config.delivery.log = DeliveryLog::Failures;
        }
    }
}

/// Replaces a default where a setting is given.
fn set<T>(default: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *default = given;
    }
}

/// The default state directory.
pub(in crate::cli) const STATE: &str = "pointsman-state";
