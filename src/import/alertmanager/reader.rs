//! Reads a configuration from YAML, and reports what it does not take.

use super::configuration::{Configuration, GroupLabels, Inhibition, Receiver, RouteNode, RouteTiming};
use super::interval::{self, NamedInterval};
use super::matcher::{self, Matcher, MatcherError};
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
    let mut reader = ConfigurationReader { found, routes: 0 };
    let configuration = reader.configuration(document)?;
    reader.references(&configuration, document);
    Some(configuration)
}

pub(super) struct ConfigurationReader<'f> {
    found: &'f mut Vec<Diagnostic>,
    routes: usize,
}

impl ConfigurationReader<'_> {
    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    fn bad(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::new(&import_code::BAD_VALUE, span, message).help(help));
    }

    fn configuration(&mut self, document: &YamlNode) -> Option<Configuration> {
        if let Some(kind) = document.get("kind").and_then(YamlNode::text) {
            let message = format!("this is a `{kind}` of Kubernetes, not an Alertmanager configuration");
            self.bad(document.span, message, "write the text of its `alertmanager.yaml` to a file, and import that");
            return None;
        }
        self.keys(document, TOP_KEYS, "configuration");
        let Some(route) = document.get("route") else {
            self.bad(
                document.span,
                "the configuration has no `route`",
                "an Alertmanager configuration has `route` and `receivers`",
            );
            return None;
        };
        let root = self.route(route, None, 0)?;
        let receivers = self.list(document, "receivers").iter().filter_map(|node| self.receiver(node)).collect();
        let mut intervals: Vec<NamedInterval> = Vec::new();
        for key in ["time_intervals", "mute_time_intervals"] {
            for node in self.list(document, key) {
                intervals.extend(interval::read(node, self));
            }
        }
        let inhibitions =
            self.list(document, "inhibit_rules").iter().filter_map(|node| self.inhibition(node)).collect();
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

    /// Reports the keys that are not known.
    pub(super) fn keys(&mut self, node: &YamlNode, known: &[&str], noun: &str) {
        if !matches!(node.value, YamlValue::Map(_)) {
            self.expected(node, "a map");
        }
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let message = format!("a {noun} has no key `{}`", entry.key);
            let finding = Diagnostic::new(&import_code::UNKNOWN_KEY, entry.key_span, message);
            let finding = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => finding.did_you_mean(entry.key_span, near),
                None => finding.help(format!("its keys are {}", backticked_list(known))),
            };
            self.report(finding);
        }
    }

    fn expected(&mut self, node: &YamlNode, what: &str) {
        let message = format!("expected {what}, found {}", node.kind());
        self.report(Diagnostic::new(&import_code::BAD_VALUE, node.span, message));
    }

    /// The elements of a list; none if the key is not there.
    pub(super) fn list<'n>(&mut self, node: &'n YamlNode, key: &str) -> &'n [YamlNode] {
        match node.get(key) {
            None => &[],
            Some(YamlNode { value: YamlValue::List(elements), .. }) => elements,
            Some(YamlNode { value: YamlValue::Null, .. }) => &[],
            Some(other) => {
                self.expected(other, "a list");
                &[]
            }
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&mut self, node: &YamlNode, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.list(node, key) {
            match element.text() {
                Some(text) => texts.push(text.to_owned()),
                None => self.expected(element, "a text"),
            }
        }
        texts
    }

    fn route(&mut self, node: &YamlNode, parent: Option<&RouteNode>, depth: usize) -> Option<RouteNode> {
        self.keys(node, ROUTE_KEYS, "route");
        if depth > MAX_DEPTH {
            self.bad(
                node.span,
                format!("the tree is deeper than {MAX_DEPTH}"),
                "import parts of the tree, and call one routing from the other",
            );
            return None;
        }
        let own = node.get("receiver").and_then(YamlNode::text).map(str::to_owned);
        let Some(receiver) = own.or_else(|| parent.map(|parent| parent.receiver.clone())) else {
            self.bad(node.span, "the first route has no `receiver`", "name the receiver of what no other route takes");
            return None;
        };
        let id = self.routes;
        self.routes += 1;
        let mut route = RouteNode {
            id,
            span: node.span,
            receiver,
            matchers: self.matchers(node, ""),
            continues: self.flag(node, "continue"),
            timing: self.timing(node, parent.map(|parent| &parent.timing)),
            muted: self.texts(node, "mute_time_intervals"),
            active: self.texts(node, "active_time_intervals"),
            children: Vec::new(),
        };
        for child in self.list(node, "routes") {
            let child = self.route(child, Some(&route), depth + 1);
            route.children.extend(child);
        }
        Some(route)
    }

    fn flag(&mut self, node: &YamlNode, key: &str) -> bool {
        let Some(value) = node.get(key) else { return false };
        match value.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "y") => true,
            Some("false" | "no" | "off" | "n") => false,
            _ => {
                self.bad(value.span, format!("expected `true` or `false` for `{key}`"), "write `true` or `false`");
                false
            }
        }
    }

    fn timing(&mut self, node: &YamlNode, inherited: Option<&RouteTiming>) -> RouteTiming {
        let mut timing = inherited.cloned().unwrap_or_default();
        if node.get("group_by").is_some() {
            let labels = self.texts(node, "group_by");
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
                None => self.bad(
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
                        self.expected(&entry.value, "a text");
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
        let listed = if alone.is_some() { &[] } else { self.list(node, &key) };
        for element in alone.into_iter().chain(listed) {
            match element.text() {
                Some(text) => matchers.extend(self.matcher(matcher::read(text), element.span)),
                None => self.bad(
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
                self.bad(span, format!("`{text}` is not a matcher"), help);
                Vec::new()
            }
            Err(MatcherError::Regex(regex, reason)) => {
                let help = "regular expressions are those of RE2, without look-around and back references";
                self.bad(span, format!("`{regex}` is not a regular expression: {reason}"), help);
                Vec::new()
            }
        }
    }

    fn receiver(&mut self, node: &YamlNode) -> Option<Receiver> {
        let Some(name) = node.get("name") else {
            self.bad(node.span, "a receiver has a `name`", "write `- name: …`");
            return None;
        };
        let mut configs = Vec::new();
        for entry in node.entries().iter().filter(|entry| entry.key != "name") {
            if !entry.key.ends_with("_configs") {
                let message = format!("a receiver has no key `{}`", entry.key);
                self.report(
                    Diagnostic::new(&import_code::UNKNOWN_KEY, entry.key_span, message)
                        .help("a receiver has a `name` and lists such as `webhook_configs`"),
                );
                continue;
            }
            configs.extend(self.list(node, &entry.key).iter().map(|config| (entry.key.clone(), config.clone())));
        }
        Some(Receiver { name: name.text().unwrap_or("null").to_owned(), span: name.span, configs })
    }

    fn inhibition(&mut self, node: &YamlNode) -> Option<Inhibition> {
        self.keys(node, INHIBITION_KEYS, "rule of inhibition");
        let (source, target) = (self.matchers(node, "source_"), self.matchers(node, "target_"));
        Some(Inhibition { span: node.span, source, target, equal: self.texts(node, "equal") })
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
        self.report(match nearest(name, known.iter().copied()) {
            Some(near) => finding.did_you_mean(node.span, near),
            None => finding.help(format!("define it, or name one of {}", backticked_list(known))),
        });
    }
}
