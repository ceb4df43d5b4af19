//! Reads a configuration from YAML, and reports what it does not take.

use super::configuration::{Configuration, GroupLabels, Inhibition, Receiver, RouteNode, RouteTiming};
use super::interval::{self, NamedInterval};
use super::matcher::{self, Matcher, MatcherError};
use super::node_reader::NodeReader;
use super::value;
use crate::check::import_code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::import::yaml::{YamlNode, YamlValue};
use crate::source::Span;
use crate::text::backticked_list;

const TOP_KEYS: &[&str] =
    &["global", "route", "receivers", "inhibit_rules", "templates", "time_intervals", "mute_time_intervals", "tracing"];
const ROUTE_KEYS: &[&str] = &[
    "receiver",
    "group_by",
    "continue",
    "matchers",
    "match",
    "match_re",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "mute_time_intervals",
    "active_time_intervals",
    "routes",
];
const INHIBITION_KEYS: &[&str] = &[
    "name",
    "source_match",
    "source_match_re",
    "source_matchers",
    "target_match",
    "target_match_re",
    "target_matchers",
    "equal",
];
/// How deep a tree may be, as deep as blocks of rules.
const MAX_DEPTH: usize = 60;

/// Reads the configuration; nothing if it has no route.
pub(super) fn read(document: &YamlNode, found: &mut Vec<Diagnostic>) -> Option<Configuration> {
    let mut reader = ConfigurationReader { nodes: NodeReader::new(found), routes: 0 };
    let configuration = reader.configuration(document)?;
    reader.references(&configuration, document);
    Some(configuration)
}

struct ConfigurationReader<'f> {
    nodes: NodeReader<'f>,
    routes: usize,
}

impl ConfigurationReader<'_> {
    fn configuration(&mut self, document: &YamlNode) -> Option<Configuration> {
        if let Some(kind) = document.get("kind").and_then(YamlNode::text) {
            let message = format!("this is a `{kind}` of Kubernetes, not an Alertmanager configuration");
            self.nodes.bad(
                document.span,
                message,
                "write the text of its `alertmanager.yaml` to a file, and import that",
            );
            return None;
        }
        self.nodes.keys(document, TOP_KEYS, "configuration");
        let Some(route) = document.get("route") else {
            self.nodes.bad(
                document.span,
                "the configuration has no `route`",
                "an Alertmanager configuration has `route` and `receivers`",
            );
            return None;
        };
        let root = self.route(route, None, 0)?;
        let receivers = self.nodes.list(document, "receivers").iter().filter_map(|node| self.receiver(node)).collect();
        let mut intervals: Vec<NamedInterval> = Vec::new();
        for key in ["time_intervals", "mute_time_intervals"] {
            for node in self.nodes.list(document, key) {
                intervals.extend(interval::read(node, &mut self.nodes));
            }
        }
        let inhibitions = self.nodes.list(document, "inhibit_rules").iter().map(|node| self.inhibition(node)).collect();
        let ignored = document.entries().iter().filter(|entry| matches!(&*entry.key, "templates" | "tracing"));
        Some(Configuration {
            root,
            receivers,
            intervals,
            inhibitions,
            ignored: ignored.map(|entry| (entry.key.clone(), entry.key_span)).collect(),
            global: document.get("global").cloned(),
        })
    }

    fn route(&mut self, node: &YamlNode, parent: Option<&RouteNode>, depth: usize) -> Option<RouteNode> {
        self.nodes.keys(node, ROUTE_KEYS, "route");
        if depth > MAX_DEPTH {
            self.nodes.bad(
                node.span,
                format!("the tree is deeper than {MAX_DEPTH}"),
                "import parts of the tree, and call one routing from the other",
            );
            return None;
        }
        let own = node.get("receiver").and_then(YamlNode::text).map(str::to_owned);
        let Some(receiver) = own.or_else(|| parent.map(|parent| parent.receiver.clone())) else {
            self.nodes.bad(
                node.span,
                "the first route has no `receiver`",
                "name the receiver of what no other route takes",
            );
            return None;
        };
        let id = self.routes;
        self.routes += 1;
        let mut route = RouteNode {
            id,
            span: node.span,
            receiver,
            matchers: self.matchers(node, ""),
            continues: self.nodes.flag(node, "continue"),
            timing: self.timing(node, parent.map(|parent| &parent.timing)),
            muted: self.nodes.texts(node, "mute_time_intervals"),
            active: self.nodes.texts(node, "active_time_intervals"),
            children: Vec::new(),
        };
        for child in self.nodes.list(node, "routes") {
            let child = self.route(child, Some(&route), depth + 1);
            route.children.extend(child);
        }
        Some(route)
    }

    fn timing(&mut self, node: &YamlNode, inherited: Option<&RouteTiming>) -> RouteTiming {
        let mut timing = inherited.cloned().unwrap_or_default();
        if node.get("group_by").is_some() {
            let labels = self.nodes.texts(node, "group_by");
            timing.group_by =
                if labels.iter().any(|label| label == "...") { GroupLabels::All } else { GroupLabels::Some(labels) };
        }
        for (key, field) in [
            ("group_wait", &mut timing.wait),
            ("group_interval", &mut timing.interval),
            ("repeat_interval", &mut timing.repeat),
        ] {
            let Some(value) = node.get(key) else { continue };
            match value.text().and_then(value::seconds) {
                Some(seconds) => *field = seconds,
                None => self.nodes.bad(
                    value.span,
                    format!("expected a duration for `{key}`"),
                    "write it as `30s`, `5m`, `4h` or `1d`",
                ),
            }
        }
        timing
    }

    /// The matchers of `match`, `match_re` and `matchers`, with a word before each key.
    fn matchers(&mut self, node: &YamlNode, before: &str) -> Vec<Matcher> {
        let mut matchers = Vec::new();
        for (key, operator) in [("match", "="), ("match_re", "=~")] {
            for entry in node.get(&format!("{before}{key}")).into_iter().flat_map(YamlNode::entries) {
                let value = match &entry.value.value {
                    YamlValue::Scalar(text) => text.as_str(),
                    YamlValue::Null => "",
                    YamlValue::List(_) | YamlValue::Map(_) => {
                        self.nodes.expected(&entry.value, "a text");
                        continue;
                    }
                };
                let matcher = Matcher::new(&entry.key, operator, value);
                matchers.extend(self.matcher(matcher.map(|one| vec![one]), entry.value.span));
            }
        }
        let key = format!("{before}matchers");
        let written = node.get(&key);
        let alone = written.filter(|written| written.text().is_some());
        let listed = if alone.is_some() { &[] } else { self.nodes.list(node, &key) };
        for element in alone.into_iter().chain(listed) {
            match element.text() {
                Some(text) => matchers.extend(self.matcher(matcher::read(text), element.span)),
                None => self.nodes.bad(
                    element.span,
                    "expected a matcher",
                    "write matchers in quotes, as in `- 'team=\"payments\"'`",
                ),
            }
        }
        matchers
    }

    fn matcher(&mut self, read: Result<Vec<Matcher>, MatcherError>, span: Span) -> Vec<Matcher> {
        match read {
            Ok(matchers) => matchers,
            Err(MatcherError::Syntax(text)) => {
                let help = "a matcher is a label, one of `=`, `!=`, `=~`, `!~`, and a value: `team=\"payments\"`";
                self.nodes.bad(span, format!("`{text}` is not a matcher"), help);
                Vec::new()
            }
            Err(MatcherError::Regex(regex, reason)) => {
                let help = "regular expressions are those of RE2, without look-around and back references";
                self.nodes.bad(span, format!("`{regex}` is not a regular expression: {reason}"), help);
                Vec::new()
            }
        }
    }

    fn receiver(&mut self, node: &YamlNode) -> Option<Receiver> {
        let Some(name) = node.get("name") else {
            self.nodes.bad(node.span, "a receiver has a `name`", "write `- name: …`");
            return None;
        };
        let mut configs = Vec::new();
        for entry in node.entries().iter().filter(|entry| entry.key != "name") {
            if !entry.key.ends_with("_configs") {
                let message = format!("a receiver has no key `{}`", entry.key);
                self.nodes.report(
                    Diagnostic::new(&import_code::UNKNOWN_KEY, entry.key_span, message)
                        .help("a receiver has a `name` and lists such as `webhook_configs`"),
                );
                continue;
            }
            configs.extend(self.nodes.list(node, &entry.key).iter().map(|config| (entry.key.clone(), config.clone())));
        }
        Some(Receiver { name: name.text().unwrap_or("null").to_owned(), span: name.span, configs })
    }

    fn inhibition(&mut self, node: &YamlNode) -> Inhibition {
        self.nodes.keys(node, INHIBITION_KEYS, "rule of inhibition");
        let (source, target) = (self.matchers(node, "source_"), self.matchers(node, "target_"));
        Inhibition { span: node.span, source, target, equal: self.nodes.texts(node, "equal") }
    }

    /// Reports receivers and intervals that nothing defines. A tree without any receivers is one that was cut out of its file.
    fn references(&mut self, configuration: &Configuration, document: &YamlNode) {
        let receivers: Vec<&str> = configuration.receivers.iter().map(|receiver| &*receiver.name).collect();
        let intervals: Vec<&str> = configuration.intervals.iter().map(|interval| &*interval.name).collect();
        let mut routes: Vec<&YamlNode> = document.get("route").into_iter().collect();
        while let Some(route) = routes.pop() {
            routes.extend(route.get("routes").into_iter().flat_map(YamlNode::elements).rev());
            if let Some(name) = route.get("receiver").filter(|_| document.get("receivers").is_some()) {
                self.reference(name, "receiver", &receivers);
            }
            for key in ["mute_time_intervals", "active_time_intervals"] {
                for name in route.get(key).into_iter().flat_map(YamlNode::elements) {
                    self.reference(name, "time interval", &intervals);
                }
            }
        }
    }

    fn reference(&mut self, node: &YamlNode, noun: &str, known: &[&str]) {
        let Some(name) = node.text().filter(|name| !known.contains(name)) else { return };
        let finding = Diagnostic::new(&import_code::UNDEFINED, node.span, format!("there is no {noun} named `{name}`"));
        self.nodes.report(match nearest(name, known.iter().copied()) {
            Some(near) => finding.did_you_mean(node.span, near),
            None => finding.help(format!("define it, or name one of {}", backticked_list(known))),
        });
    }
}
