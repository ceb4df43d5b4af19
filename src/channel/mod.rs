//! The kinds of channels: a pure file a kind. What parameters a kind takes, which of them are secret, and how an event
//! becomes a request. Nothing here sends anything.

mod alertmanager;
mod chat;
mod cut;
mod delivery;
mod dingtalk;
mod discard;
mod feishu;
mod file;
mod flashduty;
mod http;
mod http_request;
mod integration;
mod label;
mod reference;
mod response;
mod response_path;
mod settings;
mod signature;
mod slack;
mod state_file;
mod stdout;
mod validation;
mod webhook;
mod wecom;

pub use http::{
    DeliveryVerdict, HttpAdapter, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext,
};
pub use reference::reference;
pub use settings::{Secret, Setting, Settings, duration};
pub use state_file::StateFile;
pub use validation::{ParameterError, parameter_errors};

/// A kind of channel.
#[derive(Debug)]
pub struct ChannelKind {
    /// Its name, as rules write it.
    pub name: &'static str,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// Its parameters, in the order of the reference.
    pub parameters: &'static [ParameterSpec],
    /// How an event gets there.
    pub transport: Transport,
}

/// How an event gets to a channel of some kind.
#[derive(Debug, Clone, Copy)]
pub enum Transport {
    /// A request over HTTP.
    Http(&'static HttpAdapter),
    /// A line of JSON, the event, appended to a file.
    File,
    /// A line of JSON, the event, on the standard output.
    Stdout,
    /// Nowhere.
    Discard,
}

/// A parameter of a channel kind or of an integration.
#[derive(Debug, Clone, Copy)]
pub struct ParameterSpec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub takes: ParameterKind,
    /// Whether it must be given.
    pub required: bool,
    /// One sentence for the reference, with units, default and limits.
    pub documentation: &'static str,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A secret only: `env("…")` or `secret_file("…")`; a literal is refused, as rule files are shared.
    Secret,
    /// A secret or, where nothing in it is secret, a literal string.
    SecretOrText,
    /// A literal string.
    Text,
    /// One of these literal strings.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the second, both inclusive.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// A duration as a string: `"30s"`, `"10m"`, `"24h"`, from the first to the second number of seconds.
    Duration(u64, u64),
    /// An object of literal strings or secrets (headers).
    Headers,
    /// A list of secrets.
    Secrets,
    /// A list of whole numbers (HTTP statuses).
    Integers(u64, u64),
    /// A JSON body whose strings interpolate and whose bare names are expressions over the event.
    Body,
    /// A string that interpolates over the event.
    Template,
}

/// All kinds, in alphabetical order. A new kind is a file and a line.
const KINDS: &[&ChannelKind] = &[
    &alertmanager::KIND,
    &dingtalk::KIND,
    &discard::KIND,
    &feishu::KIND,
    &file::KIND,
    &flashduty::KIND,
    &slack::KIND,
    &stdout::KIND,
    &webhook::KIND,
    &wecom::KIND,
];

/// All kinds, in alphabetical order.
#[must_use]
pub fn kinds() -> &'static [&'static ChannelKind] {
    KINDS
}

/// The kind of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static ChannelKind> {
    kinds().iter().copied().find(|kind| kind.name == name)
}

/// The parameters of an integration: `keys`, and what verifies a signature.
#[must_use]
pub fn integration_parameters() -> &'static [ParameterSpec] {
    integration::PARAMETERS
}
