//! A rule set that is ready to be served: the rules, and every channel and integration with its secrets.
//!
//! Everything that can fail happens in [`ServedRules::build`], before the rules are published. Building sends nothing.

#![expect(clippy::disallowed_methods, reason = "secrets come from the environment")]

mod channels;

use crate::channel::integration::KEYS;
use crate::channel::{ChannelKind, NotificationPolicy, Settings};
use crate::diagnostic::{self, DiagnosticLevel, FindingCounts};
use crate::model::{self, Destination, Model};
use crate::mutant::Mutant;
use crate::reload::{LoadRejection, LoadStage, Snapshot};
use crate::ruleset::{LoadedRules, ReadTable, ResolvedSettings, RuleSet, UnreadableSecret};
use crate::source::Sources;
use crate::suite;
use crate::text::{backticked_list, plural};
use crate::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A rule set that is ready to be served. Immutable.
#[derive(Debug)]
pub struct ServedRules {
    /// The rules.
    pub rules: RuleSet,
    /// The channels, at the positions of the model.
    pub channels: Vec<ServedChannel>,
    /// The integrations, at the positions of the model.
    pub integrations: Vec<ServedIntegration>,
    /// The files, as the journal keeps them beside the events that they decided: [`Snapshot::archive`].
    pub archive: Vec<u8>,
    /// Warnings about rules that can be served, one line each. They hold no secret.
    pub warnings: Vec<String>,
}

/// Whether the tests of a rule set must pass before it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleTests {
    /// They are run, and a set with a failing test is refused.
    Run,
    /// They are not run.
    Skip,
}

/// A channel with its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedChannel {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: &'static ChannelKind,
    /// Its parameters.
    pub settings: Settings,
    /// When and how often it tells people about alerts.
    pub policy: NotificationPolicy,
}

impl PartialEq for ChannelKind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// An integration with its keys.
#[derive(Debug, Clone)]
pub struct ServedIntegration {
    /// Its name.
    pub name: String,
    /// Its parameters: `keys`, `signature`, `secret` and the rest.
    pub settings: Settings,
    /// The names of its mappings, in order.
    pub mappings: Vec<String>,
    /// Where it sends: `routing main`, or the channel's name.
    pub destination: String,
}

/// Reads an environment variable.
type EnvironmentReader<'e> = dyn Fn(&str) -> Result<String, VariableError> + 'e;

/// Why rules do not get a variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum VariableError {
    /// It is not set, or empty.
    Unset,
    /// Rules cannot read it.
    Refused(UnreadableSecret),
}

/// A variable of the environment, if rules may read it.
fn variable(name: &str, files: &Snapshot) -> Result<String, VariableError> {
    match files.refuses_variable(name) {
        Some(refusal) => Err(VariableError::Refused(refusal)),
        None => std::env::var(name).map_err(|_| VariableError::Unset),
    }
}

impl ServedRules {
    /// Checks, compiles and resolves a snapshot, and runs its tests if asked; `at` is the date for warnings that depend on it.
    ///
    /// # Errors
    /// All errors of the first stage that fails.
    pub fn build(snapshot: &Snapshot, rule_tests: RuleTests, at: Timestamp) -> Result<Self, LoadRejection> {
        let files = FileReaders { table: &|path| snapshot.read(path), secret: &|path| snapshot.read_secret(path) };
        let environment = |name: &str| variable(name, snapshot);
        let sources = snapshot.sources().clone();
        let mut served = Self::assemble(sources, &files, &environment, rule_tests, at)?;
        served.archive = snapshot.archive();
        served.warnings.extend(snapshot.world_readable_secrets().iter().map(|path| {
            let path = path.display();
            format!("everybody on this machine can read the secret file `{path}`; run `chmod o= {path}`")
        }));
        Ok(served)
    }

    fn assemble(
        sources: Sources,
        files: &FileReaders<'_>,
        environment: &EnvironmentReader<'_>,
        rule_tests: RuleTests,
        at: Timestamp,
    ) -> Result<Self, LoadRejection> {
        let loaded = match rule_tests {
            RuleTests::Run => RuleSet::from_sources(sources, files.table, Some(at)),
            RuleTests::Skip => RuleSet::from_served_sources(sources, files.table, Some(at)),
        };
        let LoadedRules { sources, diagnostics, left_out, rules } = loaded;
        let Some(rules) = rules else {
            let message = errors_by_file(&errors(&diagnostics), left_out, &sources);
            return Err(LoadRejection { stage: LoadStage::Check, message, diagnostics, sources });
        };
        let resolved = resolve(&rules, files, environment)?;
        match rule_tests {
            RuleTests::Run => run_tests(&rules, files)?,
            RuleTests::Skip => {}
        }
        let integrations = integrations(&rules.model, resolved.integrations);
        let broken_tests = broken_tests_warning(&errors(&diagnostics), &rules.sources);
        let warnings = broken_tests.into_iter().chain(integrations.iter().filter_map(short_key_warning)).collect();
        let channels = channels(&rules.model, resolved.channels);
        Ok(Self { rules, channels, integrations, archive: Vec::new(), warnings })
    }
}

/// The text of a secret that a rule file in that folder names; `files` are those of the rule set.
///
/// # Errors
/// The reason in words, without the secret.
pub fn read_secret(
    secret: &model::SecretReference,
    folder: &Path,
    files: &Snapshot,
) -> Result<String, UnreadableSecret> {
    let readers = FileReaders { table: &|path| files.read(path), secret: &|path| files.read_secret(path) };
    MissingSecrets::default().read(secret, folder, &readers, &|name| variable(name, files))
}

/// Where the files that rules name come from.
struct FileReaders<'f> {
    table: &'f ReadTable<'f>,
    secret: &'f ReadSecretFile<'f>,
}

/// Reads the file of a secret.
type ReadSecretFile<'f> = dyn Fn(&Path) -> Result<String, UnreadableSecret> + 'f;

fn errors(diagnostics: &[diagnostic::Diagnostic]) -> Vec<diagnostic::Diagnostic> {
    diagnostics.iter().filter(|each| each.level() == DiagnosticLevel::Error).cloned().collect()
}

/// The errors in tests of rules that are served all the same.
fn broken_tests_warning(errors: &[diagnostic::Diagnostic], sources: &Sources) -> Option<String> {
    let first = errors.first()?;
    let (count, place) = (plural(errors.len(), "error"), sources.file_and_line(first.span));
    Some(format!(
        "the tests of the rules have {count}, first {place}: {}; the rules are served without these tests: \
         run `pointsman check`",
        first.message
    ))
}

/// How many errors there are and where: `1 error in rules/shop.rules`.
fn errors_by_file(errors: &[diagnostic::Diagnostic], left_out: FindingCounts, sources: &Sources) -> String {
    let files: BTreeSet<&str> = errors.iter().map(|error| sources.name(error.span)).collect();
    let counts = FindingCounts { warnings: 0, ..FindingCounts::of(errors).plus(left_out) };
    match files.first().filter(|_| files.len() == 1) {
        Some(file) => format!("{counts} in {file}"),
        None => format!("{counts} in {} files", files.len()),
    }
}

fn resolve(
    rules: &RuleSet,
    files: &FileReaders<'_>,
    environment: &EnvironmentReader<'_>,
) -> Result<ResolvedSettings, LoadRejection> {
    let missing = MissingSecrets::default();
    let result = rules.resolve(&|secret, folder| missing.read(secret, folder, files, environment));
    if Mutant::PublishEarly.is_on() {
        return Ok(ResolvedSettings { channels: Vec::new(), ..result.unwrap_or_default() });
    }
    result.map_err(|diagnostics| LoadRejection {
        stage: LoadStage::Channels,
        message: missing.message(diagnostics.len()),
        diagnostics,
        sources: rules.sources.clone(),
    })
}

/// The secrets that cannot be read, to name them all at once.
#[derive(Default)]
struct MissingSecrets {
    variables: RefCell<BTreeSet<String>>,
    refused: RefCell<BTreeSet<String>>,
    files: RefCell<BTreeSet<PathBuf>>,
}

impl MissingSecrets {
    fn read(
        &self,
        secret: &model::SecretReference,
        folder: &Path,
        files: &FileReaders<'_>,
        environment: &EnvironmentReader<'_>,
    ) -> Result<String, UnreadableSecret> {
        match secret {
            model::SecretReference::Environment(name) => {
                let is_empty = |value: &String| value.trim().is_empty();
                let value = environment(name)
                    .and_then(|value| if is_empty(&value) { Err(VariableError::Unset) } else { Ok(value) });
                value.map_err(|error| {
                    let (named, unreadable) = match error {
                        VariableError::Unset => {
                            let reason = format!("the environment variable `{name}` is not set, or empty");
                            (&self.variables, UnreadableSecret::from(reason))
                        }
                        VariableError::Refused(refusal) => (&self.refused, refusal),
                    };
                    named.borrow_mut().insert(name.to_string());
                    unreadable
                })
            }
            model::SecretReference::File(name) => {
                let path = folder.join(&**name);
                let read = (files.secret)(&path).and_then(|text| {
                    // Editors end a file with a line break, which is not part of the secret.
                    let text = text.trim_end_matches(['\n', '\r']).to_owned();
                    if text.is_empty() { Err(UnreadableSecret::from("it is empty".to_owned())) } else { Ok(text) }
                });
                read.inspect_err(|_| {
                    self.files.borrow_mut().insert(path);
                })
            }
        }
    }

    /// What to set, in one line.
    fn message(&self, count: usize) -> String {
        let variables = first_of(self.variables.borrow().iter());
        let files = first_of(self.files.borrow().iter().map(|path| path.display()));
        let refused = first_of(self.refused.borrow().iter());
        let parts = [
            (UNSET_VARIABLES, variables),
            ("these secret files cannot be read", files),
            ("rules cannot read these environment variables", refused),
        ];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> = parts.map(|(what, names)| format!("{what}: {names}")).collect();
        if parts.is_empty() {
            return match count {
                1 => "1 channel or integration cannot be built".to_owned(),
                count => format!("{count} channels and integrations cannot be built"),
            };
        }
        parts.join("; ")
    }
}

/// How the message of a load begins that misses variables of the environment.
pub const UNSET_VARIABLES: &str = "set these environment variables";

/// How many missing secrets one message names.
const MAX_NAMED: usize = 20;

/// The first of these in backticks, and how many more there are.
fn first_of(names: impl ExactSizeIterator<Item = impl std::fmt::Display>) -> String {
    let more = names.len().saturating_sub(MAX_NAMED);
    let shown = backticked_list(names.take(MAX_NAMED));
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Files of tests are read like tables, so that they belong to the version. Nothing is written.
struct ReadOnlyFiles<'f>(&'f FileReaders<'f>);

impl suite::TestFiles for ReadOnlyFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        (self.0.table)(path).map(String::into_bytes)
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> Result<(), String> {
        Err("a gateway does not write snapshots".to_owned())
    }
}

fn run_tests(rules: &RuleSet, files: &FileReaders<'_>) -> Result<(), LoadRejection> {
    // A gateway that loads rules runs no proofs.
    let options = suite::TestOptions { selection: suite::TestSelection::Tests, ..suite::TestOptions::default() };
    let report = suite::run(rules, &options, &mut ReadOnlyFiles(files));
    let failed: Vec<&suite::TestResult> = report.results.iter().filter(|result| !result.passed()).collect();
    let Some(first) = failed.first() else { return Ok(()) };
    let why = first.failures.first().map_or("", |failure| &failure.message);
    let (count, all) = (failed.len(), plural(report.results.len(), "test"));
    Err(LoadRejection {
        stage: LoadStage::Tests,
        message: format!("{count} of {all} failed, first `{}` ({}): {why}", first.name(), first.location.short()),
        diagnostics: Vec::new(),
        sources: rules.sources.clone(),
    })
}

fn channels(model: &Model, settings: Vec<Settings>) -> Vec<ServedChannel> {
    let named = model.channels.iter().zip(settings);
    let served = |(channel, settings): (&model::Channel, Settings)| ServedChannel {
        name: channel.name.to_string(),
        kind: channel.kind,
        settings,
        policy: channel.policy(),
    };
    named.map(served).collect()
}

fn integrations(model: &Model, settings: Vec<Settings>) -> Vec<ServedIntegration> {
    let mapping = |id: &usize| model.mappings.get(*id).map(|mapping| mapping.name.to_string());
    let served = |(integration, settings): (&model::Integration, Settings)| ServedIntegration {
        name: integration.name.to_string(),
        settings,
        mappings: integration.mappings.iter().filter_map(mapping).collect(),
        destination: destination(model, &integration.destination),
    };
    model.integrations.iter().zip(settings).map(served).collect()
}

fn destination(model: &Model, destination: &Destination) -> String {
    match destination {
        Destination::Channel(id) => model.channels.get(*id).map(|channel| channel.name.to_string()),
        Destination::Routing(id) => model.routings.get(*id).map(|routing| format!("routing {}", routing.name)),
        Destination::Member(choice) => model.families.get(choice.family).map(|family| family.name.to_string()),
    }
    .unwrap_or_default()
}

/// The length of a key of 128 random bits in base64url.
const MIN_KEY_LENGTH: usize = 22;

fn short_key_warning(integration: &ServedIntegration) -> Option<String> {
    let short = KEYS.read(&integration.settings).iter().any(|key| key.expose().chars().count() < MIN_KEY_LENGTH);
    short.then(|| {
        let name = &integration.name;
        format!(
            "a key of the integration `{name}` has fewer than {MIN_KEY_LENGTH} characters and could be guessed: \
             run `pointsman keys new --integration {name}` for a better one"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{
        FileReaders, MissingSecrets, RuleTests, ServedIntegration, ServedRules, VariableError, short_key_warning,
    };
    use crate::channel::{Setting, Settings};
    use crate::model::SecretReference;
    use crate::reload::{LoadRejection, LoadStage};
    use crate::source::Sources;
    use crate::time::Timestamp;
    use std::path::Path;

    const RULES: &str = r#"edition 1
mapping queue { severity = Warning  status = Firing  title = $.title ?? "untitled"  key = "k" }
channel a = webhook(url = env("HOOK_A"))
channel b = webhook(url = env("HOOK_B"))
routing main { route one when title == "a" => a  else => b }
integration shared { keys = [env("KEY")]  queue => routing main }
integration dedicated { keys = [secret_file("key")]  queue => b }
test "where it goes" { integration shared  input { "title": "a" }  expect sent [EXPECTED] }
"#;

    fn build(text: &str, variables: &[(&str, &str)], rule_tests: RuleTests) -> Result<ServedRules, LoadRejection> {
        let mut sources = Sources::default();
        sources.add("shop/a.rules", text);
        let environment = |name: &str| {
            let found = variables.iter().find(|(each, _)| *each == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VariableError::Unset)
        };
        let secret = |path: &Path| {
            assert_eq!(path, Path::new("shop/key"));
            Ok("0123456789012345678901\n".to_owned())
        };
        let files = FileReaders { table: &|_| Err("no tables".to_owned()), secret: &secret };
        ServedRules::assemble(sources, &files, &environment, rule_tests, Timestamp::default())
    }

    const ALL: &[(&str, &str)] =
        &[("HOOK_A", "https://a.example/"), ("HOOK_B", "https://b.example/"), ("KEY", "sixteen-letters-")];

    #[test]
    fn names_destinations_and_mappings_are_those_of_the_rules() {
        let served = build(&RULES.replace("EXPECTED", "a"), ALL, RuleTests::Run).expect("it can be served");
        let channels: Vec<_> = served.channels.iter().map(|each| (&*each.name, each.kind.name)).collect();
        assert_eq!(channels, [("a", "webhook"), ("b", "webhook")]);
        let shown = |each: &super::ServedIntegration| (each.name.clone(), each.destination.clone());
        let integrations: Vec<_> = served.integrations.iter().map(shown).collect();
        let expected = [("shared", "routing main"), ("dedicated", "b")];
        assert_eq!(integrations, expected.map(|(name, to)| (name.to_owned(), to.to_owned())));
        assert_eq!(served.integrations[0].mappings, ["queue"]);
    }

    #[test]
    fn a_rule_set_with_an_error_is_refused_at_check() {
        let rejection =
            build(&RULES.replace("else => b", "else => c"), ALL, RuleTests::Skip).expect_err("no channel c");
        assert_eq!((rejection.stage, rejection.diagnostics.is_empty()), (LoadStage::Check, false));
        assert_eq!(rejection.message, "2 errors in shop/a.rules");
    }

    #[test]
    fn a_test_that_fails_refuses_the_set_only_where_tests_are_run() {
        let text = RULES.replace("EXPECTED", "b");
        assert!(build(&text, ALL, RuleTests::Skip).is_ok());
        let rejection = build(&text, ALL, RuleTests::Run).expect_err("the test fails");
        assert_eq!(rejection.stage, LoadStage::Tests);
        assert!(
            rejection.message.starts_with("1 of 1 test failed, first `where it goes` (shop/a.rules:8): "),
            "{}",
            rejection.message
        );
    }

    #[test]
    fn an_error_in_a_test_is_a_warning_unless_tests_are_run() {
        let text = RULES.replace("EXPECTED", "renamed");
        let served = build(&text, ALL, RuleTests::Skip).expect("the rules themselves are right");
        assert_eq!(served.rules.model.tests.len(), 0);
        let expected = "the tests of the rules have 1 error, first shop/a.rules:8: there is no channel `renamed`; \
                        the rules are served without these tests: run `pointsman check`";
        assert!(served.warnings.contains(&expected.to_owned()), "{:?}", served.warnings);
        let rejection = build(&text, ALL, RuleTests::Run).expect_err("the test has an error");
        assert_eq!((rejection.stage, &*rejection.message), (LoadStage::Check, "1 error in shop/a.rules"));
    }

    #[test]
    fn an_error_outside_of_tests_or_a_test_that_does_not_parse_refuses_the_set() {
        let renamed = RULES.replace("EXPECTED", "renamed");
        let elsewhere = renamed.replace("route one when title", "route one when titel");
        let unclosed = format!(
            "{}integration late {{ keys = [env(\"KEY\")]  queue => b }}\n",
            renamed.replace("[renamed] }", "[a]")
        );
        for text in [elsewhere, unclosed] {
            let rejection = build(&text, ALL, RuleTests::Skip).expect_err("there is another error");
            assert_eq!(rejection.stage, LoadStage::Check);
        }
    }

    #[test]
    fn everything_that_is_not_set_is_named_at_once() {
        let missing = MissingSecrets::default();
        let environment = |name: &str| (name == "BLANK").then(|| " ".to_owned()).ok_or(VariableError::Unset);
        let secret = |path: &Path| {
            if path == Path::new("shop/key") { Ok("canary\n".to_owned()) } else { Err("gone".to_owned().into()) }
        };
        let files = FileReaders { table: &|_| Err("no tables".to_owned()), secret: &secret };
        let read = |secret: &SecretReference| missing.read(secret, Path::new("shop"), &files, &environment);
        assert_eq!(read(&SecretReference::File("key".into())), Ok("canary".to_owned()));
        for name in ["HOOK_B", "HOOK_A", "BLANK", "HOOK_A"] {
            assert!(read(&SecretReference::Environment(name.into())).is_err(), "{name}");
        }
        let variables = "set these environment variables: `BLANK`, `HOOK_A`, `HOOK_B`";
        assert_eq!(missing.message(4), variables);
        assert!(read(&SecretReference::File("other".into())).is_err());
        assert_eq!(missing.message(5), format!("{variables}; these secret files cannot be read: `shop/other`"));
    }

    #[test]
    fn a_short_key_is_warned_about_without_being_shown() {
        let integration = |keys: &[&str]| {
            let keys = keys.iter().map(|key| crate::channel::Secret::new((*key).to_owned())).collect();
            let settings = Settings { entries: vec![("keys".to_owned(), Setting::Secrets(keys))] };
            ServedIntegration { name: "shop".to_owned(), settings, mappings: Vec::new(), destination: String::new() }
        };
        let long = "0123456789012345678901";
        assert_eq!(short_key_warning(&integration(&[long])), None);
        let warning = short_key_warning(&integration(&[long, "canary"])).expect("one is short");
        assert!(warning.contains("`shop`") && !warning.contains("canary"), "{warning}");
    }
}
