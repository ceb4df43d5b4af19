//! Receivers as channels, with the timing of the routes that name them.

use super::condition;
use super::configuration::{Configuration, GroupLabels, Receiver, RouteTiming};
use super::name;
use super::value::duration;
use crate::import::yaml::YamlNode;
use crate::source::Sources;
use crate::text::{quoted, rule_string};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The channels of a configuration.
pub(super) struct ChannelPlan {
    /// By receiver, in the order of the text: the names of its channels.
    names: BTreeMap<String, Vec<String>>,
    /// The timing that the channels of a receiver have; none for those that send nothing.
    timings: BTreeMap<String, RouteTiming>,
    /// The declarations.
    pub(super) text: String,
    /// How many channels `check` refuses until they are filled.
    pub(super) stubs: usize,
    /// The receivers that no route names.
    pub(super) unused: Vec<String>,
}

/// Whether channels send, or take the place of those that send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelKinds {
    /// As the configuration says.
    Sending,
    /// `discard`, so that a set with channels to fill can be evaluated.
    Discarding,
}

impl ChannelPlan {
    pub(super) fn new(configuration: &Configuration, sources: &Sources, kinds: ChannelKinds) -> Self {
        let mut plan = Self {
            names: BTreeMap::new(),
            timings: BTreeMap::new(),
            text: String::new(),
            stubs: 0,
            unused: Vec::new(),
        };
        let (mut taken, mut defines) = (BTreeSet::new(), BTreeSet::new());
        let nodes = configuration.root.nodes();
        let known = configuration.receivers.iter().map(|receiver| &receiver.name);
        let mut receivers: Vec<&String> = Vec::new();
        for name in known.chain(nodes.iter().map(|node| &node.receiver)) {
            if !receivers.contains(&name) {
                receivers.push(name);
            }
        }
        for receiver in receivers {
            let uses: Vec<&RouteTiming> =
                nodes.iter().filter(|node| node.receiver == *receiver).map(|node| &node.timing).collect();
            let Some(timing) = most_frequent(&uses) else {
                plan.unused.push(receiver.clone());
                continue;
            };
            let definition = configuration.receivers.iter().find(|known| known.name == *receiver);
            plan.receiver(
                receiver,
                definition,
                timing,
                configuration.global.as_ref(),
                kinds,
                sources,
                &mut taken,
                &mut defines,
            );
        }
        plan
    }

    /// The channels of a receiver, as a list of destinations.
    pub(super) fn destinations(&self, receiver: &str) -> String {
        self.names.get(receiver).map(|names| names.join(", ")).unwrap_or_default()
    }

    /// The channels of a receiver.
    pub(super) fn names(&self, receiver: &str) -> &[String] {
        self.names.get(receiver).map_or(&[], Vec::as_slice)
    }

    /// What a route's timing says otherwise than its channels, in words.
    pub(super) fn difference(&self, receiver: &str, timing: &RouteTiming) -> Option<String> {
        let channel = self.timings.get(receiver)?;
        let mut parts = Vec::new();
        for (key, here, there) in [
            ("group_wait", timing.wait, channel.wait),
            ("group_interval", timing.interval, channel.interval),
            ("repeat_interval", timing.repeat, channel.repeat),
        ] {
            if here != there {
                parts.push(format!("{key} was {}", duration(here)));
            }
        }
        if timing.group_by != channel.group_by {
            parts.push(match &timing.group_by {
                GroupLabels::All => "group_by was all labels".to_owned(),
                GroupLabels::Some(labels) => format!("group_by was [{}]", labels.join(", ")),
            });
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    #[expect(clippy::too_many_arguments, reason = "the state of one pass over the receivers")]
    fn receiver(
        &mut self,
        receiver: &str,
        definition: Option<&Receiver>,
        timing: &RouteTiming,
        global: Option<&YamlNode>,
        kinds: ChannelKinds,
        sources: &Sources,
        taken: &mut BTreeSet<String>,
        defines: &mut BTreeSet<String>,
    ) {
        let base = name::channel(receiver);
        let configs = definition.map_or(&[][..], |definition| definition.configs.as_slice());
        let place = definition.map(|definition| format!("line {}", sources.position(definition.span).line));
        let is_renamed = configs.len() > 1 || base != receiver;
        if is_renamed {
            let place = place.map(|place| format!(", {place}")).unwrap_or_default();
            let _ = writeln!(self.text, "## Receiver {}{place}.", quoted(receiver));
        }
        if configs.is_empty() {
            let name = name::unique(&base, taken);
            let _ = writeln!(self.text, "channel {name} = discard()");
            self.names.insert(receiver.to_owned(), vec![name]);
            return;
        }
        self.timings.insert(receiver.to_owned(), timing.clone());
        for (key, config) in configs {
            let kind = key.trim_end_matches("_configs");
            let wanted = if configs.len() == 1 { base.clone() } else { format!("{base}-{kind}") };
            let name = name::unique(&wanted, taken);
            let channel = SendingChannel { kind, config, global, environment: environment(&name) };
            let mut notes = Vec::new();
            let (kind, mut parameters) = channel.write(&mut notes);
            self.stubs += usize::from(is_stub(&kind));
            let group = self.timing(timing, config, defines, &mut notes);
            parameters.extend(group);
            for note in notes {
                let _ = writeln!(self.text, "# {note}");
            }
            let _ = match kinds {
                ChannelKinds::Sending => writeln!(self.text, "channel {name} = {}", call(&kind, &parameters)),
                ChannelKinds::Discarding => writeln!(self.text, "channel {name} = discard()"),
            };
            self.names.entry(receiver.to_owned()).or_default().push(name);
        }
    }

    /// The parameters of noise reduction.
    fn timing(
        &mut self,
        timing: &RouteTiming,
        config: &YamlNode,
        defines: &mut BTreeSet<String>,
        notes: &mut Vec<String>,
    ) -> Vec<String> {
        let mut parameters = Vec::new();
        match &timing.group_by {
            GroupLabels::All => {}
            GroupLabels::Some(labels) if labels.is_empty() => {
                notes.push("Without `group_by`, Alertmanager tells all alerts of a route together; here each alert stands alone.".to_owned());
            }
            GroupLabels::Some(labels) => {
                parameters.push(format!("group_by = [{}]", self.group(labels, defines).join(", ")));
            }
        }
        let repeat = timing.repeat.max(60);
        let low = timing.wait.min(86_400).min(repeat);
        let high = timing.interval.min(86_400).min(repeat);
        if high < timing.interval || low < timing.wait {
            notes.push(format!(
                "group_wait {} and group_interval {} are cut: a wait is at most the repetition, and a day.",
                duration(timing.wait),
                duration(timing.interval)
            ));
        }
        let wait =
            if low.max(1) < high { format!("{}..{}", duration(low.max(1)), duration(high)) } else { duration(low) };
        parameters.push(format!("wait = {wait}"));
        if low > 0 {
            parameters.push(format!("wait_critical = {}", duration(low)));
        }
        parameters.push(format!("repeat = {}", duration(repeat)));
        if config.get("send_resolved").and_then(YamlNode::text) == Some("false") {
            parameters.push("recoveries = \"never\"".to_owned());
        }
        parameters
    }

    /// The values of `group_by`: at most five, so the last ones are put together in a define.
    fn group(&mut self, labels: &[String], defines: &mut BTreeSet<String>) -> Vec<String> {
        let (first, rest) = if labels.len() > 5 { labels.split_at(4) } else { (labels, &[][..]) };
        let mut values: Vec<String> = first.iter().map(|label| condition::label(label)).collect();
        if !rest.is_empty() {
            let name = name::name(&rest.join("_and_")).to_ascii_lowercase().replace('-', "_");
            let name = name::allowed(&name, "group");
            if defines.insert(name.clone()) {
                let parts: Vec<String> = rest.iter().map(|label| format!("{{{}}}", condition::label(label))).collect();
                let _ = writeln!(
                    self.text,
                    "define {name} = \"{}\"   # a channel groups by five values at most",
                    parts.join(" ")
                );
            }
            values.push(name);
        }
        values
    }
}

/// The timing that most routes of a receiver have; the first of several.
fn most_frequent<'t>(uses: &[&'t RouteTiming]) -> Option<&'t RouteTiming> {
    let count = |timing: &RouteTiming| uses.iter().filter(|other| ***other == *timing).count();
    let most = uses.iter().map(|timing| count(timing)).max()?;
    uses.iter().find(|timing| count(timing) == most).copied()
}

/// The name of an environment variable for a secret of a channel.
fn environment(channel: &str) -> String {
    channel.to_ascii_uppercase().replace('-', "_")
}

/// Whether there is no such kind of channel, so that `check` refuses it.
fn is_stub(kind: &str) -> bool {
    crate::channel::kinds().iter().all(|known| known.name != kind)
}

/// `webhook(url = env("HOOK_URL"))`, over several lines where it is long.
fn call(kind: &str, parameters: &[String]) -> String {
    let line = format!("{kind}({})", parameters.join(", "));
    if line.chars().count() < 84 { line } else { format!("{kind}(\n  {}\n)", parameters.join(",\n  ")) }
}

/// One configuration of a receiver.
struct SendingChannel<'c> {
    kind: &'c str,
    config: &'c YamlNode,
    global: Option<&'c YamlNode>,
    environment: String,
}

impl SendingChannel<'_> {
    /// The kind and its parameters, and what is said about them.
    fn write(&self, notes: &mut Vec<String>) -> (String, Vec<String>) {
        match self.kind {
            "webhook" => {
                self.not_carried(&["url", "url_file", "send_resolved", "http_config"], notes);
                notes.push("The body is one event as JSON, not Alertmanager's payload of a group.".to_owned());
                let mut parameters = vec![format!("url = {}", self.address("url", None))];
                parameters.extend(self.authorization(notes));
                ("webhook".to_owned(), parameters)
            }
            "slack" => {
                self.not_carried(&["api_url", "api_url_file", "send_resolved"], notes);
                ("slack".to_owned(), vec![format!("url = {}", self.secret("api_url", Some("slack_api_url")))])
            }
            "discord" => {
                self.not_carried(&["webhook_url", "webhook_url_file", "send_resolved"], notes);
                let body = "body = { \"content\": \"[{event_status}] {title}\" }".replace("event_status", "severity");
                ("webhook".to_owned(), vec![format!("url = {}", self.secret("webhook_url", None)), body])
            }
            other => {
                notes.push(format!("TO FILL: there is no kind `{other}`. Name a kind that exists; where the service takes JSON over HTTPS, `webhook` with a `body`."));
                self.not_carried(&["send_resolved"], notes);
                (other.to_owned(), Vec::new())
            }
        }
    }

    /// Names the settings that are not among the carried ones.
    fn not_carried(&self, carried: &[&str], notes: &mut Vec<String>) {
        let left: Vec<&str> =
            self.config.entries().iter().map(|entry| &*entry.key).filter(|key| !carried.contains(key)).collect();
        if !left.is_empty() {
            notes.push(format!("Not carried: {}.", left.join(", ")));
        }
    }

    /// An address that is written where it holds no secret.
    fn address(&self, key: &str, global: Option<&str>) -> String {
        let written = self.config.get(key).and_then(YamlNode::text);
        match written.filter(|url| is_open(url)) {
            Some(url) => rule_string(url),
            None => self.secret(key, global),
        }
    }

    /// A secret, from the environment or from the file that the configuration names.
    fn secret(&self, key: &str, global: Option<&str>) -> String {
        let file = self.config.get(&format!("{key}_file")).and_then(YamlNode::text).or_else(|| {
            let has_own = self.config.get(key).is_some();
            let key = global.filter(|_| !has_own)?;
            self.global?.get(&format!("{key}_file"))?.text()
        });
        match file {
            Some(path) => format!("secret_file({})", quoted(path)),
            None => format!("env(\"{}_URL\")", self.environment),
        }
    }

    /// The header of `http_config.authorization`.
    fn authorization(&self, notes: &mut Vec<String>) -> Option<String> {
        let http = self.config.get("http_config")?;
        let scheme =
            http.get("authorization").map(|each| each.get("type").and_then(YamlNode::text).unwrap_or("Bearer"));
        let scheme = scheme.or_else(|| http.get("bearer_token").map(|_| "Bearer"));
        let known = ["authorization", "bearer_token"];
        let left: Vec<&str> =
            http.entries().iter().map(|entry| &*entry.key).filter(|key| !known.contains(key)).collect();
        if !left.is_empty() {
            notes.push(format!("Not carried of http_config: {}.", left.join(", ")));
        }
        Some(format!("headers = {{ \"Authorization\": \"{} {{env(\"{}_TOKEN\")}}\" }}", scheme?, self.environment))
    }
}

/// Whether an address looks as if it held no secret: no user, no query, no long part.
fn is_open(url: &str) -> bool {
    let is_long = |part: &str| part.len() >= 20 && part.contains(|letter: char| letter.is_ascii_digit());
    let (_, rest) = url.split_once("://").unwrap_or_default();
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    !rest.is_empty() && !url.contains(['@', '?', '{']) && !path.split('/').any(is_long)
}
