//! The output of `--check`: integrations with their push URLs, channels with their hosts, limits. It contains no key, no
//! secret and no path of a URL.

use crate::channel::{FileSettings, Transport, URL};
use crate::cli::layout::TextLayout;
use crate::cli::table::TextTable;
use crate::gateway::config::GatewayConfig;
use crate::gateway::served_rules::{ServedChannel, ServedRules};
use crate::mask;
use crate::reload::RuleSetVersion;
use std::fmt::Write as _;

/// The plan as text.
pub(super) fn render(config: &GatewayConfig, version: &RuleSetVersion<ServedRules>) -> String {
    let served = &version.value;
    let mut text = integrations(config, served);
    text.push('\n');
    text.push_str(&channels(served));
    text.push('\n');
    for warning in &served.warnings {
        // Writing to a string does not fail.
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = write!(text, "{}", limits(config, version));
    text
}

fn integrations(config: &GatewayConfig, served: &ServedRules) -> String {
    let mut table = TextTable::new(&["integration", "reads", "sends to", "push URL, without the key"]);
    for integration in &served.integrations {
        table.row(vec![
            integration.name.clone(),
            integration.mappings.join(", "),
            integration.destination.clone(),
            config.push_url(config.listen, &integration.name),
        ]);
    }
    table.render(TextLayout::PLAIN)
}

fn channels(served: &ServedRules) -> String {
    let mut table = TextTable::new(&["channel", "kind", "to"]);
    for channel in &served.channels {
        table.row(vec![channel.name.clone(), channel.kind.name.to_owned(), target(channel)]);
    }
    table.render(TextLayout::PLAIN)
}

/// The destination of a channel, without its secret parts.
fn target(channel: &ServedChannel) -> String {
    let host = URL.read(&channel.settings).and_then(|url| mask::host(&url::Url::parse(url).ok()?));
    match channel.kind.transport {
        Transport::File => FileSettings::read(&channel.settings).path,
        Transport::Stdout => "the standard output".to_owned(),
        Transport::Discard | Transport::Http(_) => host.unwrap_or_default(),
    }
}

fn limits(config: &GatewayConfig, version: &RuleSetVersion<ServedRules>) -> String {
    let mut table = TextTable::bare();
    let mut say = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
    say("rules", format!("sha256 {}", version.hash));
    say("listen", config.listen.to_string());
    say("admin", config.admin.to_string());
    say("state", config.journal.directory.display().to_string());
    let journal = &config.journal;
    say("keep", format!("{} h, at most {} MiB", journal.keep_for.as_secs() / 3600, journal.keep_bytes >> 20));
    let pending = journal.most_pending_bytes >> 20;
    say("waiting", format!("at most {} deliveries, {pending} MiB", journal.most_pending));
    let limits = &config.limits;
    say("connections", format!("at most {}, {} of one address", limits.connections, limits.connections_of_one));
    let allow = &config.delivery.allow;
    let reach = match (config.delivery.allow_private, allow.is_empty()) {
        (true, _) => "every address".to_owned(),
        (false, true) => "public addresses".to_owned(),
        (false, false) => format!("public addresses, {}", allow.join(", ")),
    };
    say("reach", reach);
    table.render(TextLayout::PLAIN)
}

#[cfg(test)]
mod tests {
    use super::target;
    use crate::channel::{self, NotificationPolicy, Secret, Setting, Settings};
    use crate::gateway::served_rules::ServedChannel;

    #[test]
    fn only_the_host_of_a_url_is_shown() {
        let url = "https://user:canary@hooks.example.com:8443/services/canary?token=canary";
        let entries = vec![("url".to_owned(), Setting::Secret(Secret::new(url.to_owned())))];
        let kind = channel::find("slack").expect("a kind");
        let (settings, policy) = (Settings { entries }, NotificationPolicy::EVERY_EVENT);
        let channel = ServedChannel { name: "chat".to_owned(), kind, settings, policy };
        assert_eq!(target(&channel), "hooks.example.com:8443");
    }
}
