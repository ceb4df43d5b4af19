//! An Alertmanager configuration as rules: its tree as a routing, its receivers as channels, its time intervals as schedules,
//! and its rules of inhibition as mutes. Each difference is named at its place.
//!
//! Two routings are made of a tree. The plain one has a line for each node, and proofs say which nodes alerts reach. The
//! other one is for people: it leaves out what no alert reaches, and says runs of routes in one line. Its decisions are
//! compared with those of a model of Alertmanager's own walk.

mod certificate;
mod channel;
mod condition;
mod configuration;
mod interval;
mod line;
mod matcher;
mod mute_text;
mod name;
mod node_reader;
mod reader;
mod route_name;
mod routing_text;
mod value;
mod value_form;
mod walk;
mod word;

use crate::check::import_code;
use crate::diagnostic::{Diagnostic, DiagnosticFormat, DiagnosticLevel, render};
use crate::format::formatted;
use crate::import::yaml;
use crate::prove::Witness;
use crate::ruleset::{LoadedRules, RuleSet};
use crate::source::{FileId, Sources, Span};
use certificate::{Certificate, NodeProofs};
use channel::{ChannelKinds, ChannelPlan};
use configuration::{Configuration, RouteNode};
use mute_text::{SchedulePlan, WrittenMute};
use routing_text::{LeftOut, RoutingWriter};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Imported rules, and what is known about them.
#[derive(Debug)]
pub struct AlertmanagerImport {
    /// Channels, schedules, mutes and the routing `main`.
    pub rules: String,
    /// Tests of the routing: the certificate.
    pub tests: String,
    /// The alerts of the certificate, with the receivers that the model of Alertmanager tells, as often as it does.
    pub cases: Vec<(BTreeMap<String, String>, Vec<String>)>,
    /// For each channel, the receiver that it comes from.
    pub receivers: BTreeMap<String, String>,
    /// Cases that the rules decide otherwise than the model. There are none, unless the import has a defect.
    pub differences: Vec<String>,
    /// How many nodes the tree has, the root included.
    pub routes: usize,
    /// How many of them decide in a case of the certificate.
    pub paths: usize,
    /// How many channels have to be filled before `check` takes the rules.
    pub stubs: usize,
    /// What was found in the old tree: routes that no alert reaches, receivers that no route names.
    pub findings: Vec<String>,
    root: RouteNode,
}

impl AlertmanagerImport {
    /// The receivers that an Alertmanager tells of an alert with these labels, each once, by the model of its walk.
    #[must_use]
    pub fn expected(&self, labels: &BTreeMap<String, String>) -> Vec<&str> {
        walk::receivers(&self.root, labels)
    }

    /// The values that matchers name, by label: what random alerts are made of.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, Vec<String>> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for matcher in self.root.nodes().into_iter().flat_map(|node| &node.matchers) {
            let known = values.entry(matcher.label.clone()).or_default();
            let sample = match &matcher.test {
                matcher::MatcherTest::Equal | matcher::MatcherTest::Unequal => Some(matcher.value.clone()),
                matcher::MatcherTest::Matches(regex) | matcher::MatcherTest::MatchesNot(regex) => regex.sample(),
            };
            let words = condition::words(matcher).unwrap_or_default();
            known.extend(words.into_iter().chain(sample));
        }
        values
    }
}

/// Imports the configuration in a file. Dates that come back every year are written out for `year` and the next one.
/// Without a value, the findings say why.
#[must_use]
pub fn import(sources: &Sources, file: FileId, year: i64) -> (Option<AlertmanagerImport>, Vec<Diagnostic>) {
    let text = sources.file(file).map_or("", |file| file.text());
    let documents = match yaml::read(text, file) {
        Ok(documents) => documents,
        Err(error) => return (None, vec![unreadable(&error, text)]),
    };
    let Some(document) = documents.iter().find(|document| document.get("route").is_some()).or(documents.first()) else {
        let finding = Diagnostic::new(&import_code::BAD_VALUE, Span::new(file, 0, 0), "the file is empty");
        return (None, vec![finding.help("name an Alertmanager configuration")]);
    };
    let mut found = Vec::new();
    let configuration = reader::read(document, &mut found);
    found.sort_by_key(|finding| (finding.span.start, finding.span.end));
    let configuration = configuration.filter(|_| found.iter().all(|finding| finding.level() != DiagnosticLevel::Error));
    (configuration.map(|configuration| written(configuration, sources, file, year)), found)
}

fn unreadable(error: &yaml::YamlError, text: &str) -> Diagnostic {
    let finding = Diagnostic::new(&import_code::NOT_YAML, error.span, format!("this is not YAML: {}", error.message));
    let start = error.span.start as usize;
    let line = text.get(..start).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
    let line = text.get(line..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    if line.contains("{{") {
        finding.help(
            "this looks like a template that is not rendered: import what `helm template` prints, or quote the value",
        )
    } else {
        finding.help("indent with blanks, and put values that begin with `{`, `[`, `*`, `&` or `!` in quotes")
    }
}

fn written(configuration: Configuration, sources: &Sources, file: FileId, year: i64) -> AlertmanagerImport {
    let file = sources.file(file).map_or("", |file| file.name());
    let discarding = ChannelPlan::new(&configuration, sources, ChannelKinds::Discarding);
    let sending = ChannelPlan::new(&configuration, sources, ChannelKinds::Sending);
    let lines: BTreeMap<usize, usize> =
        configuration.root.nodes().iter().map(|node| (node.id, sources.position(node.span).line)).collect();
    let plain = format!("edition 1\n{}{}", discarding.text, routing_text::plain(&configuration.root, &discarding));
    let proofs = match load(&plain).rules {
        Some(rules) => certificate::prove(&rules, &configuration.root, &|id| lines.get(&id).copied()),
        None => NodeProofs { witnesses: Vec::new(), dead: LeftOut::new() },
    };
    let writer = RoutingWriter { plan: &sending, sources, left_out: &proofs.dead };
    let routing = writer.routing(&configuration.root);
    let schedules = SchedulePlan::new(&configuration, year);
    let mutes = mute_text::mutes(&configuration, &sending, &schedules, sources);
    let (mutes, refused) = carried(mutes, &discarding.text, &schedules.text, &routing);
    let rules = document(file, &configuration, &sending, &schedules.text, &mutes, &routing, sources);
    let certificate = Certificate::new(&configuration.root, proofs.witnesses);
    let loaded = load(&format!("edition 1\n{}{routing}", discarding.text));
    let mut import = AlertmanagerImport {
        rules: formatted(rules),
        tests: formatted(format!(
            "edition 1\n\n# The certificate: what the original decides about these alerts.\n{}",
            certificate.tests(&sending)
        )),
        cases: certificate.cases().map(|case| (case.labels.clone(), case.receivers.clone())).collect(),
        receivers: BTreeMap::new(),
        differences: Vec::new(),
        routes: lines.len(),
        paths: certificate.paths,
        stubs: sending.stubs,
        findings: findings(&configuration, &proofs.dead, &sending, &lines, refused),
        root: configuration.root,
    };
    for node in import.root.nodes() {
        for channel in sending.names(&node.receiver) {
            import.receivers.insert(channel.clone(), node.receiver.clone());
        }
    }
    import.differences = differences(&loaded, &import, &sending);
    import
}

/// Checks rules without other files.
fn load(text: &str) -> LoadedRules {
    let mut sources = Sources::default();
    sources.add("imported.rules", text);
    RuleSet::from_sources(sources, &|_| Err("an import names no tables".to_owned()), None)
}

/// The mutes as text, and what could not be carried: a mute that `check` refuses becomes a comment. What it warns of is
/// as in the original.
fn carried(mut mutes: Vec<WrittenMute>, channels: &str, schedules: &str, routing: &str) -> (String, Vec<String>) {
    let before = format!("edition 1\n{channels}{schedules}");
    let mut comments = String::new();
    let mut refused = Vec::new();
    loop {
        let text: String = mutes.iter().map(|mute| mute.text.as_str()).collect();
        let loaded = load(&format!("{before}{text}{routing}"));
        let mut end = before.len();
        let mut fault = None;
        let mut allowed = String::new();
        for (at, mute) in mutes.iter().enumerate() {
            let start = end;
            end += mute.text.len();
            let found = loaded.diagnostics.iter().filter(|found| (start..end).contains(&(found.span.start as usize)));
            let (errors, warnings): (Vec<_>, Vec<_>) = found.partition(|found| found.level() == DiagnosticLevel::Error);
            fault = errors.first().map(|error| (at, error.message.clone())).or(fault);
            for AllowedWarning { code, reason } in AS_ORIGINAL {
                if warnings.iter().any(|warning| warning.code.id == code) {
                    let _ = writeln!(allowed, "allow {code} because \"as in Alertmanager, {reason}\"");
                }
            }
            let _ = writeln!(allowed, "{}", mute.text);
        }
        let Some((at, message)) = fault else { return (allowed + &comments, refused) };
        let mute = mutes.remove(at);
        let _ = writeln!(comments, "# Not carried: {}, because {message}.", mute.origin);
        for line in mute.text.lines() {
            let _ = writeln!(comments, "#   {line}");
        }
        refused.push(format!("{} is not carried: {message}", mute.origin));
    }
}

/// Warnings about mutes that hold of the original as well, and why.
const AS_ORIGINAL: [AllowedWarning; 2] = [
    AllowedWarning { code: "W0008", reason: "which compares what the sender wrote" },
    AllowedWarning { code: "W0010", reason: "where a missing label is the empty text" },
];

/// A warning that an import silences, and why.
struct AllowedWarning {
    code: &'static str,
    reason: &'static str,
}

fn document(
    file: &str,
    configuration: &Configuration,
    plan: &ChannelPlan,
    schedules: &str,
    mutes: &str,
    routing: &str,
    sources: &Sources,
) -> String {
    let mut out = format!("edition 1\n\n# Imported from {file}, whose lines the comments name.\n");
    for (key, span) in &configuration.ignored {
        let _ = writeln!(out, "# Not carried: `{key}`, line {}.", sources.position(*span).line);
    }
    if !plan.unused.is_empty() {
        let _ = writeln!(out, "# Receivers that no route names: {}.", plan.unused.join(", "));
    }
    for part in [plan.text.as_str(), schedules, mutes, routing] {
        if !part.is_empty() {
            out.push('\n');
            out.push_str(part.trim_end());
            out.push('\n');
        }
    }
    out
}

fn findings(
    configuration: &Configuration,
    dead: &LeftOut,
    plan: &ChannelPlan,
    lines: &BTreeMap<usize, usize>,
    refused: Vec<String>,
) -> Vec<String> {
    let mut findings = Vec::new();
    for node in configuration.root.nodes() {
        if let (Some(reason), Some(line)) = (dead.get(&node.id), lines.get(&node.id)) {
            findings.push(format!("line {line}: no alert reaches this route to {}: {reason}", node.receiver));
        }
    }
    if !plan.unused.is_empty() {
        findings.push(format!("no route names these receivers: {}", plan.unused.join(", ")));
    }
    findings.extend(refused);
    findings
}

/// The cases of the certificate that the rules decide otherwise than the model.
fn differences(loaded: &LoadedRules, import: &AlertmanagerImport, plan: &ChannelPlan) -> Vec<String> {
    let Some(rules) = &loaded.rules else {
        return vec![render(DiagnosticFormat::Short, &loaded.diagnostics, &loaded.sources)];
    };
    let Some(routing) = rules.program.names.routings.get("main") else { return Vec::new() };
    let mut differences = Vec::new();
    for (labels, _) in &import.cases {
        let witness = Witness { labels: labels.clone(), ..Witness::default() };
        let decided = rules.outcome(&witness, *routing);
        let wanted = import.expected(labels).into_iter().flat_map(|receiver| plan.names(receiver));
        if !decided.channels.iter().map(|channel| &**channel).eq(wanted.map(String::as_str)) {
            let words = certificate::words(labels);
            let expected = import.expected(labels).join(", ");
            differences
                .push(format!("{words}: Alertmanager tells {expected}, the rules {}", decided.channels.join(", ")));
        }
    }
    differences
}
