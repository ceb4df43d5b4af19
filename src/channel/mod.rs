//! The kinds of channels, one pure file a kind: the parameters of a kind, which of them are secret, and how an event becomes
//! a request. Nothing here sends anything.

mod alertmanager;
mod chat;
mod cut;
mod delivery;
mod dingtalk;
mod discard;
mod feishu;
mod file;
pub mod flashduty;
mod header;
mod http;
mod http_request;
pub mod integration;
mod label;
mod markup;
pub mod notification;
mod notification_policy;
mod parameter;
mod reference;
pub mod request_header;
mod response;
mod settings;
mod signature;
mod slack;
mod state_file;
mod stdout;
mod validation;
mod webhook;
mod wecom;

pub use delivery::{CONCURRENCY, DeliverySettings, MESSAGE, RATE};
pub use file::FileSettings;
pub use header::{HOPS_HEADER, is_connection_header, is_credential_header};
pub use http::{
    DeliveryVerdict, HttpAdapter, HttpChannel, HttpRequest, HttpResponse, RateLimits, RenderContext, RenderedBody,
    RequestBuildError, RequestContext, TextOrigin, TextSegment,
};
pub use http_request::{HEADERS, URL};
pub use notification::Audience;
pub use notification_policy::{NotificationPolicy, RecoveryPolicy, RepeatPolicy, WaitRange};
pub use parameter::{
    ParameterDefault, ParameterError, ParameterKind, ParameterSpec, SettingValue, TextForm, TypedParameter, ValueRange,
};
pub use reference::reference;
pub use settings::{Secret, Setting, Settings};
pub use state_file::StateFile;
pub use validation::names_host;
pub use webhook::BODY;

pub use crate::time::duration;

/// A kind of channel.
#[derive(Debug)]
pub struct ChannelKind {
    /// Its name, as rules write it.
    pub name: &'static str,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// Its own parameters, in the order of the reference.
    pub parameters: &'static [ParameterSpec],
    /// Who gets what is sent.
    pub audience: Audience,
    /// How an event gets to a channel of the kind.
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
