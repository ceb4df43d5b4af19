//! What a gateway needs besides decisions: parameters with their secrets, and the bodies of channels.

use super::RuleSet;
use crate::channel::{self, ParameterSpec, RenderContext, RenderedBody, Setting, Settings, Transport};
use crate::diagnostic::{Diagnostic, Findings};
use crate::evaluate::{self, EvaluationContext, Observer, SilentObserver};
use crate::event::{Event, MessageGroup};
use crate::json::{Number, ToJson};
use crate::model::{Channel, Literal, ParameterValue, SecretReference, SecretTextPart};
use crate::source::{SourceFile, Span};
use std::collections::HashMap;
use std::path::Path;

crate::codes! {
    UNREADABLE = "E0158", "secret that cannot be read";
    UNUSABLE = "E0159", "parameter whose value cannot be used";
}

/// Reads the text of a secret; the folder is that of the rule file that names it.
pub type ReadSecret<'r> = dyn Fn(&SecretReference, &Path) -> Result<String, UnreadableSecret> + 'r;

/// Why a secret cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableSecret {
    /// The reason, in words.
    pub reason: String,
    /// How to fix it, if not by setting the variable or writing the file.
    pub fix: Option<String>,
}

impl From<String> for UnreadableSecret {
    /// A secret that is not there, or is not a text.
    fn from(reason: String) -> Self {
        Self { reason, fix: None }
    }
}

/// The parameters of all channels and integrations.
#[derive(Debug, Default)]
pub struct ResolvedSettings {
    /// For each channel of the model, by position.
    pub channels: Vec<Settings>,
    /// For each integration of the model, by position.
    pub integrations: Vec<Settings>,
}

impl RuleSet {
    /// Resolves every secret of the rule set, and checks the values.
    ///
    /// # Errors
    /// A finding for every secret that cannot be read and every value that cannot be used.
    pub fn resolve(&self, read: &ReadSecret<'_>) -> Result<ResolvedSettings, Vec<Diagnostic>> {
        self.resolve_with(SettingsResolver {
            rules: self,
            read,
            has_real_secrets: true,
            member: None,
            diagnostics: Findings::default(),
        })
    }

    /// The findings that do not depend on secrets: those about values that are written in the rules.
    #[must_use]
    pub fn check_parameters(&self) -> Vec<Diagnostic> {
        // Long enough for a key; it is never shown.
        let placeholder = |_: &SecretReference, _: &Path| Ok("placeholder-of-every-secret".to_owned());
        let resolver = SettingsResolver {
            rules: self,
            read: &placeholder,
            has_real_secrets: false,
            member: None,
            diagnostics: Findings::default(),
        };
        self.resolve_with(resolver).err().unwrap_or_default()
    }

    fn resolve_with(&self, mut resolver: SettingsResolver<'_>) -> Result<ResolvedSettings, Vec<Diagnostic>> {
        let channels = self.model.channels.iter().map(|channel| resolver.channel(channel)).collect();
        let integrations: Vec<Settings> = self
            .model
            .integrations
            .iter()
            .map(|integration| {
                let declaration = format!("the integration `{}`", integration.name);
                let known: Vec<&ParameterSpec> = channel::integration::PARAMETERS.iter().collect();
                resolver.settings(&declaration, integration.span, &integration.parameters, &known)
            })
            .collect();
        if resolver.has_real_secrets {
            resolver.shared_keys(&integrations);
        }
        let (diagnostics, _) = resolver.diagnostics.finish();
        if diagnostics.is_empty() { Ok(ResolvedSettings { channels, integrations }) } else { Err(diagnostics) }
    }

    /// As [`RuleSet::resolve`], for one channel, by its position in the model. No other secret is read.
    ///
    /// # Errors
    /// As for [`RuleSet::resolve`].
    pub fn resolve_channel(&self, channel: usize, read: &ReadSecret<'_>) -> Result<Settings, Vec<Diagnostic>> {
        let mut resolver = SettingsResolver {
            rules: self,
            read,
            has_real_secrets: true,
            member: None,
            diagnostics: Findings::default(),
        };
        let settings = self.model.channels.get(channel).map(|channel| resolver.channel(channel)).unwrap_or_default();
        let (diagnostics, _) = resolver.diagnostics.finish();
        if diagnostics.is_empty() { Ok(settings) } else { Err(diagnostics) }
    }

    /// The body that a channel, by its position in the model, gets for an event; nothing if its kind takes no body. `group` is
    /// what its parameters read of the message.
    #[must_use]
    pub fn render(
        &self,
        channel: usize,
        event: &Event<'_>,
        group: MessageGroup<'_>,
        context: &EvaluationContext<'_>,
    ) -> Option<RenderedBody> {
        self.render_observed(channel, event, group, context, &mut SilentObserver)
    }

    /// As [`RuleSet::render`], with an observer of the evaluation.
    pub(super) fn render_observed<O: Observer>(
        &self,
        channel: usize,
        event: &Event<'_>,
        group: MessageGroup<'_>,
        context: &EvaluationContext<'_>,
        observer: &mut O,
    ) -> Option<RenderedBody> {
        let declared = self.model.channels.get(channel)?;
        let http = match declared.kind.transport {
            Transport::Http(http) => http,
            Transport::File | Transport::Stdout => {
                return Some(RenderedBody { body: event.to_value(), notes: Vec::new() });
            }
            Transport::Discard => return None,
        };
        let parameters = evaluate::parameters(&self.program, channel, event, group, context, observer);
        let mut render_context = RenderContext {
            event,
            body: parameters.body,
            texts: parameters.texts.into_iter().collect(),
            message: parameters.message,
        };
        for (name, argument) in &declared.parameters {
            if let ParameterValue::Literal(Literal::Text(text)) = argument {
                render_context.texts.insert(name, text.to_string());
            }
        }
        let mut rendered = (http.render)(&render_context);
        rendered.notes.splice(0..0, parameters.notes);
        Some(rendered)
    }
}

/// Reads secrets and collects findings.
struct SettingsResolver<'r> {
    rules: &'r RuleSet,
    read: &'r ReadSecret<'r>,
    /// Whether `read` returns real secrets and not placeholders.
    has_real_secrets: bool,
    /// The member of a family whose settings are read, and where its row stands.
    member: Option<String>,
    diagnostics: Findings,
}

impl SettingsResolver<'_> {
    fn channel(&mut self, channel: &Channel) -> Settings {
        let row = channel.member.as_ref().and_then(|member| member.row.as_ref());
        let shown = row.map_or_else(|| format!("`{}`", channel.name), |row| format!("`{}` ({row})", channel.name));
        let declaration = format!("the channel {shown}");
        self.member = channel.member.as_ref().map(|_| shown);
        let known: Vec<&ParameterSpec> = channel.kind.all_parameters().collect();
        let settings = self.settings(&declaration, channel.span, &channel.parameters, &known);
        self.member = None;
        settings
    }

    /// The settings of one channel or integration.
    fn settings(
        &mut self,
        declaration: &str,
        name: Span,
        arguments: &[(Box<str>, ParameterValue)],
        known: &[&ParameterSpec],
    ) -> Settings {
        let before = self.diagnostics.count();
        let mut settings = Settings::default();
        for (parameter, argument) in arguments {
            let takes = known.iter().find(|known| known.name == &**parameter).map(|known| known.takes);
            let setting = self.setting(argument, takes, name);
            settings.entries.extend(setting.map(|setting| (parameter.to_string(), setting)));
        }
        // Values are checked only if all of them could be read.
        if self.diagnostics.count() == before {
            let is_secret = |name: &str| {
                arguments.iter().any(|(parameter, argument)| &**parameter == name && holds_secret(argument))
            };
            for parameter in known.iter().filter(|known| self.has_real_secrets || !is_secret(known.name)) {
                for error in parameter.errors(&settings) {
                    let message = format!("`{}` of {declaration} cannot be used: {}", parameter.name, error.message);
                    self.diagnostics.push(Diagnostic::new(&UNUSABLE, name, message).help(error.help));
                }
            }
        }
        settings
    }

    fn setting(
        &mut self,
        argument: &ParameterValue,
        takes: Option<channel::ParameterKind>,
        name: Span,
    ) -> Option<Setting> {
        match argument {
            ParameterValue::Literal(Literal::Text(text)) => Some(Setting::Text(text.to_string())),
            ParameterValue::Duration(duration) => Some(Setting::Duration(*duration)),
            ParameterValue::Literal(Literal::Number(Number::Natural(number))) => Some(Setting::Number(*number)),
            ParameterValue::Secret(secret) => self.secret(secret, name).map(Setting::Secret),
            ParameterValue::SecretText(parts) => self.secret_text(parts, takes, name).map(Setting::Secret),
            ParameterValue::List(items) => self.list(items, name),
            ParameterValue::Object(members) => {
                let mut headers = Vec::with_capacity(members.len());
                for (header, value) in members {
                    let value = match value {
                        ParameterValue::Secret(secret) => self.secret(secret, name),
                        ParameterValue::SecretText(parts) => self.secret_text(parts, takes, name),
                        ParameterValue::Literal(Literal::Text(text)) if channel::is_credential_header(header) => {
                            Some(channel::Secret::new(text.to_string()))
                        }
                        ParameterValue::Literal(Literal::Text(text)) => {
                            Some(channel::Secret::literal(text.to_string()))
                        }
                        ParameterValue::Literal(_)
                        | ParameterValue::Duration(_)
                        | ParameterValue::Wait(_)
                        | ParameterValue::List(_)
                        | ParameterValue::Object(_)
                        | ParameterValue::Expression(_)
                        | ParameterValue::GroupValues(_)
                        | ParameterValue::Channel => None,
                    };
                    headers.extend(value.map(|value| (header.to_string(), value)));
                }
                Some(Setting::Headers(headers))
            }
            // The rule set says itself when and how often a channel tells people.
            ParameterValue::Wait(_)
            | ParameterValue::GroupValues(_)
            | ParameterValue::Channel
            | ParameterValue::Literal(_)
            | ParameterValue::Expression(_) => None,
        }
    }

    /// Secrets, or whole numbers.
    fn list(&mut self, items: &[ParameterValue], name: Span) -> Option<Setting> {
        let (mut secrets, mut numbers) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                ParameterValue::Secret(secret) => secrets.extend(self.secret(secret, name)),
                ParameterValue::Literal(Literal::Number(Number::Natural(number))) => numbers.push(*number),
                ParameterValue::Literal(_)
                | ParameterValue::Duration(_)
                | ParameterValue::Wait(_)
                | ParameterValue::SecretText(_)
                | ParameterValue::List(_)
                | ParameterValue::Object(_)
                | ParameterValue::Expression(_)
                | ParameterValue::GroupValues(_)
                | ParameterValue::Channel => {}
            }
        }
        match (secrets.is_empty(), numbers.is_empty()) {
            (false, _) => Some(Setting::Secrets(secrets)),
            (true, false) => Some(Setting::Numbers(numbers)),
            (true, true) => None,
        }
    }

    fn secret(&mut self, secret: &SecretReference, name: Span) -> Option<channel::Secret> {
        let sources = &self.rules.sources;
        let file = sources.file(name.file).map_or("", SourceFile::name);
        let folder = Path::new(file).parent().unwrap_or_else(|| Path::new(""));
        let UnreadableSecret { reason, fix } = match (self.read)(secret, folder) {
            Ok(text) => {
                let text = without_line_break(text);
                if !text.is_empty() {
                    return Some(channel::Secret::new(text));
                }
                UnreadableSecret::from("it is empty".to_owned())
            }
            Err(unreadable) => unreadable,
        };
        let set = match secret {
            SecretReference::Environment(variable) => {
                format!("set the variable `{variable}` in the environment of the gateway")
            }
            SecretReference::File(path) => {
                let relative = if Path::new(&**path).is_absolute() { "" } else { " (relative to the rule file)" };
                format!("put the secret into `{path}`{relative}, readable for the gateway")
            }
        };
        let owner = self.member.as_ref().map(|member| format!(" of {member}")).unwrap_or_default();
        let message = format!("the secret `{secret}`{owner} cannot be read: {reason}");
        let place = self.place(secret, name);
        self.diagnostics.push(Diagnostic::new(&UNREADABLE, place, message).help(fix.unwrap_or(set)));
        None
    }

    /// A string with secrets in it.
    fn secret_text(
        &mut self,
        parts: &[SecretTextPart],
        takes: Option<channel::ParameterKind>,
        name: Span,
    ) -> Option<channel::Secret> {
        let (mut text, mut secrets) = (String::new(), Vec::new());
        let mut is_complete = true;
        for part in parts {
            match part {
                SecretTextPart::Text(words) => text.push_str(words),
                SecretTextPart::Secret(reference) => match self.secret(reference, name) {
                    Some(secret) => {
                        is_complete &= takes == Some(channel::ParameterKind::Headers)
                            || self.fits_address(reference, &secret, name);
                        text.push_str(secret.expose());
                        secrets.push(secret);
                    }
                    None => is_complete = false,
                },
            }
        }
        is_complete.then(|| channel::Secret::composed(text, &secrets))
    }

    /// Whether a secret leaves the rest of an address as it is written; reports it otherwise.
    fn fits_address(&mut self, reference: &SecretReference, secret: &channel::Secret, name: Span) -> bool {
        let ends = |letter: char| letter.is_control() || letter.is_whitespace() || matches!(letter, '#' | '\\');
        if !secret.expose().contains(ends) {
            return true;
        }
        let message = format!("the secret `{reference}` cannot stand within an address: it holds a blank, `#` or `\\`");
        let place = self.place(reference, name);
        self.diagnostics.push(
            Diagnostic::new(&UNUSABLE, place, message)
                .help("percent-encode it, as `%23`, or check that it was copied whole"),
        );
        false
    }

    /// The place at which the declaration names a secret; the name of the declaration if it is not found.
    fn place(&self, secret: &SecretReference, name: Span) -> Span {
        let (SecretReference::Environment(words) | SecretReference::File(words)) = secret;
        let text = self.rules.sources.file(name.file).map_or("", SourceFile::text);
        let from = name.range().end;
        let quoted = format!("\"{words}\"");
        let found = text.get(from..).and_then(|rest| rest.find(&quoted)).map(|at| from + at);
        found.map_or(name, |at| Span::new(name.file, at, at + quoted.len()))
    }

    /// Reports integrations that share a key: a key must identify the integration.
    fn shared_keys(&mut self, integrations: &[Settings]) {
        let mut owners: HashMap<&str, usize> = HashMap::new();
        for (position, settings) in integrations.iter().enumerate() {
            for key in channel::integration::KEYS.read(settings) {
                let first = *owners.entry(key.expose()).or_insert(position);
                let all = &self.rules.model.integrations;
                let (Some(first), Some(second)) = (all.get(first), all.get(position)) else { continue };
                if first.name == second.name {
                    continue;
                }
                let message = format!("the integrations `{}` and `{}` have the same key", first.name, second.name);
                self.diagnostics.push(
                    Diagnostic::new(&UNUSABLE, second.span, message)
                        .label("a push with this key could be meant for either")
                        .related(first.span, "has the key already")
                        .help("make a key of its own with `pointsman keys new`"),
                );
            }
        }
    }
}

/// Whether a value is a secret, as a whole.
fn holds_secret(argument: &ParameterValue) -> bool {
    matches!(argument, ParameterValue::Secret(_) | ParameterValue::SecretText(_))
}

/// Removes one line break at the end, which editors add.
fn without_line_break(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
