//! The configuration file, in TOML: what is wrong with it is said with its place and the nearest name.

use super::options::ServeOptions;
use crate::diagnostic::nearest;
use crate::source::{Sources, Span};

/// Reads the settings of a file; `name` is how messages call it.
///
/// # Errors
/// What is wrong, with line and column, and how to mend it.
pub(super) fn read(name: &str, text: &str) -> Result<ServeOptions, (String, Option<String>)> {
    toml::from_str(text).map_err(|error| {
        let mut sources = Sources::default();
        let file = sources.add(name, text);
        let range = error.span().unwrap_or_default();
        let at = sources.position(Span::new(file, range.start, range.end));
        let (message, help) = words(error.message());
        (format!("{name}:{}:{}: {message}", at.line, at.column), help)
    })
}

/// The library's words in ours. An unknown key comes with a list of all known ones; the nearest is enough.
fn words(message: &str) -> (String, Option<String>) {
    let message = message.trim_end();
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return (message.lines().collect::<Vec<_>>().join("; "), None);
    };
    let (key, rest) = rest.split_once('`').unwrap_or((rest, ""));
    let spelled = key.replace('-', "_");
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let same = known.iter().copied().find(|name| *name == spelled);
    let help = same.or_else(|| nearest(&spelled, known)).map_or_else(
        || "`pointsman serve --help` lists the settings; in the file they are written with `_`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    (format!("there is no setting named `{key}`"), Some(help))
}

#[cfg(test)]
mod tests {
    use super::super::options::ServeOptions;
    use super::read;
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
public_url = "https://alerts.example.com/"
tls_cert = "chain.pem"
tls_key = "key.pem"
allow = ["10.0.0.0/8", "hooks.internal"]
allow_private = false
proxy = "http://proxy.internal:3128"
poll = true
poll_interval = "5s"
manifest = "manifest"
start_with_last_good = true
run_tests = true
allow_empty = true
keep_for = "48h"
keep_bytes = "2GiB"
most_pending = 10
most_pending_bytes = "1MiB"
least_free = "10MiB"
connections = 100
connections_of_one = 50
log_format = "json"
log_level = "debug"
"#;

    fn flags(words: &[&str]) -> ServeOptions {
        let command = ServeOptions::augment_args(Command::new("serve").no_binary_name(true));
        let matches = command.try_get_matches_from(words).expect("flags");
        ServeOptions::from_arg_matches(&matches).expect("options")
    }

    #[test]
    fn every_setting_may_stand_in_the_file() {
        let command = ServeOptions::augment_args(Command::new("serve"));
        let named: Vec<String> =
            command.get_arguments().map(|argument| argument.get_id().to_string()).collect();
        let written: Vec<&str> = ALL.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
        assert_eq!(named, written);
        let config = read("p.toml", ALL).expect("it is right").config().expect("it goes together");
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.tls, Some(CertificateFiles { chain: "chain.pem".into(), key: "key.pem".into() }));
        assert_eq!(config.journal.keep_for, Duration::from_hours(48));
        assert_eq!((config.journal.keep_bytes, config.journal.least_free), (2 << 30, Some(10 << 20)));
        assert_eq!(
            config.logs,
            logs::LogOptions { format: logs::LogFormat::Json, level: logs::LogLevel::Debug }
        );
        assert_eq!(config.reload.poll, Some(Duration::from_secs(5)));
        assert_eq!(config.push_url(config.listen, "shop"), "https://alerts.example.com/push/shop");
    }

    #[test]
    fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
        let file = read("p.toml", "rules = [\"file\"]\nlisten = \"127.0.0.1:1\"\nallow_private = true\n");
        let given = flags(&["--listen", "127.0.0.1:2", "--allow-private", "false"]);
        let config = given.or(file.expect("it is right")).config().expect("it goes together");
        assert_eq!((config.listen.port(), config.admin.port()), (2, 8481));
        assert_eq!(config.reload.roots, [PathBuf::from("file")]);
        assert!(!config.delivery.allow_private);
    }

    #[test]
    fn what_is_wrong_has_its_place_and_its_mending() {
        let wrong = |text: &str| read("p.toml", text).expect_err(text);
        assert_eq!(
            wrong("rules = [\"r\"]\nliten = \"127.0.0.1:1\"\n"),
            (
                "p.toml:2:1: there is no setting named `liten`".to_owned(),
                Some("did you mean `listen`?".to_owned())
            )
        );
        let (message, help) = wrong("keep-for = \"1d\"\n");
        assert!(
            message.starts_with("p.toml:1:1: ") && help.as_deref() == Some("did you mean `keep_for`?"),
            "{message} {help:?}"
        );
        let (message, _) = wrong("\n\nkeep_for = \"soon\"\n");
        assert!(message.starts_with("p.toml:3:12: expected a duration"), "{message}");
        let (message, _) = wrong("listen = \n");
        assert!(message.starts_with("p.toml:1:"), "{message}");
        let (message, _) = wrong("log_level = \"loud\"\n");
        assert!(message.starts_with("p.toml:1:13: expected `error`"), "{message}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(flags(&[]).config().is_err());
        assert!(flags(&["--rules", "r", "--tls-cert", "c"]).config().is_err());
        assert!(flags(&["--rules", "r", "--public-url", "alerts.example.com"]).config().is_err());
    }
}
