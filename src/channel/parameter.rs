//! The parameters of channel kinds and integrations as data: the type, the default and the check of each.

use super::settings::{Secret, Setting, Settings};
use crate::time::DurationText;
use std::fmt;
use std::time::Duration;

/// A parameter of a channel kind or of an integration.
#[derive(Debug, Clone, Copy)]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: ParameterKind,
    /// Its value if the rules do not give it.
    pub default: ParameterDefault,
    /// One or two sentences for the reference, with units and limits.
    pub documentation: &'static str,
    pub(super) check: ParameterCheck,
}

/// Finds what is wrong with a value beyond its type. Secrets are known by then; no message may show one.
pub(super) type ParameterCheck = fn(&Setting, &Settings) -> Vec<ParameterError>;

/// What is wrong with the value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterError {
    /// The reason.
    pub message: String,
    /// How to fix it.
    pub help: &'static str,
}

impl ParameterError {
    /// The problem as a list, if there is one.
    pub(super) fn list(problem: Option<&str>, help: &'static str) -> Vec<Self> {
        problem.map(|problem| Self { message: problem.to_owned(), help }).into_iter().collect()
    }
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A secret only: `env("…")` or `secret_file("…")`. A literal is refused because rule files are shared.
    Secret,
    /// A secret, or a literal string if nothing in it is secret.
    SecretOrText,
    /// A literal string.
    Text,
    /// One of these literal strings.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Integer(ValueRange),
    /// A duration, also as a string: `30s`, `"30s"`. The range is in seconds.
    Duration(ValueRange),
    /// A duration, or one of these literal strings.
    DurationOr(ValueRange, &'static [&'static str]),
    /// A duration or a range of durations: `30s..10m`.
    DurationRange(ValueRange),
    /// A list of so many labels, fields and defines.
    EventValues(ValueRange),
    /// An object of literal strings or secrets (headers).
    Headers,
    /// A list of secrets.
    Secrets,
    /// A list of whole numbers (HTTP statuses).
    Integers(ValueRange),
    /// A JSON body. Its strings interpolate, its bare names are expressions over the event.
    Body,
    /// A string that interpolates over the event.
    Template,
    /// One of these whole numbers.
    OneOfIntegers(&'static [u64]),
    /// A constant string, or a JSON body over the payload.
    Answer,
    /// The name of a channel.
    Channel,
}

/// What a text is, where parts of it come from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// The address of a request.
    Address,
    /// The address of a host.
    Host,
    /// The path of a file.
    Path,
    /// Anything else.
    Words,
}

/// The whole numbers from `min` to `max`, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueRange {
    /// The smallest.
    pub min: u64,
    /// The largest.
    pub max: u64,
}

impl ValueRange {
    /// The range between two inclusive bounds.
    pub(super) const fn new(min: u64, max: u64) -> Self {
        Self { min, max }
    }

    /// Whether a number is in the range.
    #[must_use]
    pub fn contains(self, number: u64) -> bool {
        (self.min..=self.max).contains(&number)
    }
}

/// The value of a parameter that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterDefault {
    /// It must be given.
    Required,
    /// Nothing: what the parameter turns on stays off.
    Absent,
    /// A value that depends on the event or on another parameter, in words for the reference.
    Described(&'static str),
    /// A string.
    Text(&'static str),
    /// A whole number.
    Number(u64),
    /// A duration in seconds.
    Seconds(u64),
}

impl ParameterSpec {
    /// A parameter that must be given.
    pub(super) const fn required(name: &'static str, takes: ParameterKind, documentation: &'static str) -> Self {
        Self { name, takes, default: ParameterDefault::Required, documentation, check: |_, _| Vec::new() }
    }

    /// A parameter that may be left out.
    pub(super) const fn optional(name: &'static str, takes: ParameterKind, documentation: &'static str) -> Self {
        Self::required(name, takes, documentation).with_default(ParameterDefault::Absent)
    }

    /// The same parameter with this default.
    pub(super) const fn with_default(self, default: ParameterDefault) -> Self {
        Self { default, ..self }
    }

    /// The same parameter with this check.
    pub(super) const fn with_check(self, check: ParameterCheck) -> Self {
        Self { check, ..self }
    }

    /// The parameter as one that is read as a `T`; `absent` is its value if the rules do not give it.
    pub(super) const fn typed<T: Copy>(self, absent: T) -> TypedParameter<T> {
        TypedParameter { spec: self, absent }
    }

    /// The same parameter with this number as its default.
    pub(super) const fn or_number(self, default: u64) -> TypedParameter<u64> {
        self.with_default(ParameterDefault::Number(default)).typed(default)
    }

    /// The same parameter with this duration as its default.
    pub(super) const fn or_duration(self, default: Duration) -> TypedParameter<Duration> {
        self.with_default(ParameterDefault::Seconds(default.as_secs())).typed(default)
    }

    /// The same parameter with this string as its default.
    pub(super) const fn or_text(self, default: &'static str) -> TypedParameter<&'static str> {
        self.with_default(ParameterDefault::Text(default)).typed(default)
    }

    /// Whether it must be given.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.default == ParameterDefault::Required
    }

    /// What a text that is composed for it must fit into.
    #[must_use]
    pub fn text_form(&self) -> TextForm {
        match self.name {
            "url" => TextForm::Address,
            "api_host" => TextForm::Host,
            "path" => TextForm::Path,
            _ => TextForm::Words,
        }
    }

    /// Its value in the settings, if it is given.
    #[must_use]
    pub fn setting<'s>(&self, settings: &'s Settings) -> Option<&'s Setting> {
        settings.entries.iter().find(|(name, _)| name == self.name).map(|(_, setting)| setting)
    }

    /// What is wrong with its value in the settings; nothing if it is not given.
    #[must_use]
    pub fn errors(&self, settings: &Settings) -> Vec<ParameterError> {
        self.setting(settings).map(|value| (self.check)(value, settings)).unwrap_or_default()
    }
}

/// A parameter with the type that it is read as.
#[derive(Debug, Clone, Copy)]
pub struct TypedParameter<T> {
    /// The parameter.
    pub spec: ParameterSpec,
    absent: T,
}

/// A type that parameters are read as.
pub trait SettingValue<'s>: Copy {
    /// The value of a setting; `None` if it has another type.
    fn from_setting(setting: &'s Setting) -> Option<Self>;
}

impl<T> TypedParameter<T> {
    /// The value that the settings give, or else the default.
    #[must_use]
    pub fn read<'s>(&self, settings: &'s Settings) -> T
    where
        T: SettingValue<'s>,
    {
        self.spec.setting(settings).and_then(T::from_setting).unwrap_or(self.absent)
    }
}

/// Nothing if the parameter is not given.
impl<'s, T: SettingValue<'s>> SettingValue<'s> for Option<T> {
    fn from_setting(setting: &'s Setting) -> Option<Self> {
        T::from_setting(setting).map(Some)
    }
}

/// A text, whether the rules wrote it or a secret holds it.
impl<'s> SettingValue<'s> for &'s str {
    fn from_setting(setting: &'s Setting) -> Option<Self> {
        setting.text()
    }
}

impl SettingValue<'_> for u64 {
    fn from_setting(setting: &Setting) -> Option<Self> {
        if let Setting::Number(number) = setting { Some(*number) } else { None }
    }
}

impl<'s> SettingValue<'s> for &'s [u64] {
    fn from_setting(setting: &'s Setting) -> Option<Self> {
        if let Setting::Numbers(numbers) = setting { Some(numbers) } else { None }
    }
}

impl SettingValue<'_> for Duration {
    fn from_setting(setting: &Setting) -> Option<Self> {
        if let Setting::Duration(duration) = setting { Some(*duration) } else { None }
    }
}

impl<'s> SettingValue<'s> for &'s [Secret] {
    fn from_setting(setting: &'s Setting) -> Option<Self> {
        if let Setting::Secrets(secrets) = setting { Some(secrets) } else { None }
    }
}

impl<'s> SettingValue<'s> for &'s [(String, Secret)] {
    fn from_setting(setting: &'s Setting) -> Option<Self> {
        if let Setting::Headers(headers) = setting { Some(headers) } else { None }
    }
}

impl fmt::Display for ParameterKind {
    /// What to write, in the words of messages and of the reference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => f.write_str("`env(\"…\")` or `secret_file(\"…\")`"),
            Self::SecretOrText => f.write_str("a string, `env(\"…\")` or `secret_file(\"…\")`"),
            Self::Text => f.write_str("a string"),
            Self::OneOf(words) => f.write_str(&quoted_words(words)),
            Self::Integer(range) => write!(f, "a whole number {range}"),
            Self::Duration(range) if range.min > 1 => {
                write!(f, "a duration from `{}` to `{}`", seconds(range.min), seconds(range.max))
            }
            Self::Duration(range) => {
                write!(f, "a duration such as `30s` or `10m`, at most `{}`", seconds(range.max))
            }
            Self::DurationOr(range, words) => {
                let (min, max) = (seconds(range.min), seconds(range.max));
                write!(f, "a duration from `{min}` to `{max}`, {}", quoted_words(words))
            }
            Self::DurationRange(range) => {
                write!(f, "a duration such as `5m` or a range such as `30s..10m`, at most `{}`", seconds(range.max))
            }
            Self::EventValues(count) => {
                write!(f, "a list of {} to {} labels, fields and defines", count.min, count.max)
            }
            Self::Headers => f.write_str("an object of strings and secrets"),
            Self::Secrets => f.write_str("a list of `env(\"…\")` and `secret_file(\"…\")`"),
            Self::Integers(range) => write!(f, "a list of whole numbers {range}"),
            Self::Body => f.write_str("a JSON body over the event"),
            Self::Template => f.write_str("a string that interpolates over the event"),
            Self::OneOfIntegers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(|number| format!("`{number}`")).collect();
                f.write_str(&numbers.join(", "))
            }
            Self::Answer => f.write_str("a constant string, or a JSON body over the payload"),
            Self::Channel => f.write_str("the name of a channel"),
        }
    }
}

impl fmt::Display for ValueRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} to {}", self.min, self.max)
    }
}

impl fmt::Display for ParameterDefault {
    /// The value as rules write it, or the words for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => f.write_str("required"),
            Self::Absent => Ok(()),
            Self::Described(words) => f.write_str(words),
            Self::Text(text) => write!(f, "`\"{text}\"`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Seconds(count) => write!(f, "`{}`", seconds(*count)),
        }
    }
}

fn seconds(count: u64) -> DurationText {
    DurationText(Duration::from_secs(count))
}

/// `"a"`, `"b"`
fn quoted_words(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    words.join(", ")
}
