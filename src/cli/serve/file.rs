//! The configuration file, in TOML. Errors have a place, and suggest the nearest name.

use super::configuration_error::ConfigurationError;
use super::options::ServeOptions;
use crate::diagnostic::nearest;
use crate::source::{Sources, Span};

/// Reads the settings of a file; `name` is its name in messages.
///
/// # Errors
/// If the text is not valid; the message has a line and a column.
pub(super) fn read(name: &str, text: &str) -> Result<ServeOptions, ConfigurationError> {
    toml::from_str(text).map_err(|error| {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let range = error.span().unwrap_or_default();
        let at = sources.position(Span::new(file, range.start, range.end));
        let ConfigurationError { message, help } = explain(error.message());
        ConfigurationError { message: format!("{name}:{}:{}: {message}", at.line, at.column), help }
    })
}

/// Rewrites the message of the library. For an unknown key, it lists all known keys; the nearest is enough.
fn explain(message: &str) -> ConfigurationError {
    let message = message.trim_end();
    let Some(rest) = message.strip_prefix("unknown field `") else {
        let message = message.lines().collect::<Vec<_>>().join("; ");
        return ConfigurationError { message, help: None };
    };
    let (key, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let spelled = key.replace('-', "_");
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let same = known.iter().copied().find(|name| *name == spelled);
    let help = same.or_else(|| nearest(&spelled, known)).map_or_else(
        || "`pointsman serve --help` lists the settings; in the file they are spelled with `_`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    ConfigurationError::new(format!("there is no setting named `{key}`"), help)
}

#[cfg(test)]
mod tests {
    use super::{ConfigurationError, ServeOptions, read};
    use crate::gateway::logs;
    use crate::gateway::tls::CertificateFiles;
    use clap::{Args, Command, FromArgMatches};
    use std::path::PathBuf;
    use std::time::Duration;

    const ALL: &str = r#"
rules = ["rules/arms", "team"]
state = "/var/lib/pointsman"
listen = "0.0.0.0:9000"
admin = "127.0.0.1:9001"
admin_token_file = "/run/token"
admin_host = ["ops.internal"]
public_url = "https://alerts.example.com/"
tls_cert = "chain.pem"
tls_key = "key.pem"
allow = ["10.0.0.0/8", "hooks.internal"]
allow_private = false
proxy = "http://proxy.internal:3128"
ca_file = "ca.pem"
poll = true
poll_interval = "5s"
manifest = "manifest"
start_with_last_good = true
run_tests = true
allow_empty = true
most_rule_bytes = "1MiB"
secrets = ["/etc/pointsman/keys"]
env_prefix = ["HOOK_"]
keep_for = "48h"
keep_bytes = "2GiB"
most_pending = 10
most_pending_bytes = "1MiB"
least_free = "10MiB"
connections = 100
connections_of_one = 50
log_format = "json"
log_level = "debug"
log_deliveries = false
"#;

    fn flags(words: &[&str]) -> ServeOptions {
        let command = ServeOptions::augment_args(Command::new("serve").no_binary_name(true));
        let matches = command.try_get_matches_from(words).expect("flags");
        ServeOptions::from_arg_matches(&matches).expect("options")
    }

    #[test]
    fn every_setting_can_be_in_the_file() {
        let command = ServeOptions::augment_args(Command::new("serve"));
        let named: Vec<String> = command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
        let written: Vec<&str> = ALL.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
        assert_eq!(named, written);
        let config = read("p.toml", ALL).expect("it is right").config().expect("the settings fit");
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.tls, Some(CertificateFiles { chain: "chain.pem".into(), key: "key.pem".into() }));
        assert_eq!(config.journal.keep_for, Duration::from_hours(48));
        assert_eq!((config.journal.keep_bytes, config.journal.least_free), (2 << 30, Some(10 << 20)));
        assert_eq!(config.logs, logs::LogOptions { format: logs::LogFormat::Json, level: logs::LogLevel::Debug });
        assert_eq!(config.reload.poll, Some(Duration::from_secs(5)));
        assert_eq!(config.push_url(config.listen, "shop"), "https://alerts.example.com/push/shop");
    }

    #[test]
    fn a_flag_overrides_the_file_and_the_file_the_default() {
        let file = read("p.toml", "rules = [\"file\"]\nlisten = \"127.0.0.1:1\"\nallow_private = true\n");
        let given = flags(&["--listen", "127.0.0.1:2", "--allow-private", "false"]);
        let config = given.or(file.expect("it is right")).config().expect("the settings fit");
        assert_eq!((config.listen.port(), config.admin.port()), (2, 8481));
        assert_eq!(config.reload.roots, [PathBuf::from("file")]);
        assert!(!config.delivery.allow_private);
    }

    #[test]
    fn an_error_has_a_place_and_a_fix() {
        let wrong = |text: &str| read("p.toml", text).expect_err(text);
        assert_eq!(
            wrong("rules = [\"r\"]\nliten = \"127.0.0.1:1\"\n"),
            ConfigurationError::new("p.toml:2:1: there is no setting named `liten`", "did you mean `listen`?")
        );
        let ConfigurationError { message, help } = wrong("keep-for = \"1d\"\n");
        assert!(
            message.starts_with("p.toml:1:1: ") && help.as_deref() == Some("did you mean `keep_for`?"),
            "{message} {help:?}"
        );
        let message = wrong("\n\nkeep_for = \"soon\"\n").message;
        assert!(message.starts_with("p.toml:3:12: expected a duration"), "{message}");
        let message = wrong("listen = \n").message;
        assert!(message.starts_with("p.toml:1:"), "{message}");
        let message = wrong("log_level = \"loud\"\n").message;
        assert!(message.starts_with("p.toml:1:13: expected `error`"), "{message}");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        assert!(flags(&[]).config().is_err());
        assert!(flags(&["--rules", "r", "--tls-cert", "c"]).config().is_err());
        assert!(flags(&["--rules", "r", "--public-url", "alerts.example.com"]).config().is_err());
    }
}
