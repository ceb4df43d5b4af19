//! What a request says besides its body: the headers that mappings name, and the path behind the integration's name.
//!
//! It is an input of evaluation like the time, and as untrusted as the payload. Its size is bounded where it is made, so an
//! expression may read it without a budget.

use crate::channel::request_header::LONGEST_HEADER;
use crate::json::Arena;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a request said besides its body, as far as mappings read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMetadata {
    /// By their names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<String, HeaderText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_suffix: Option<String>,
}

/// The value of a header that a request has. In JSON it is a string or null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
pub enum HeaderText {
    /// Its text.
    Text(String),
    /// It is too long, or is not UTF-8.
    Unreadable,
}

impl From<Option<String>> for HeaderText {
    fn from(text: Option<String>) -> Self {
        text.filter(|text| text.len() <= LONGEST_HEADER).map_or(Self::Unreadable, Self::Text)
    }
}

impl From<HeaderText> for Option<String> {
    fn from(text: HeaderText) -> Self {
        match text {
            HeaderText::Text(text) => Some(text),
            HeaderText::Unreadable => None,
        }
    }
}

impl RequestMetadata {
    /// A request that said nothing.
    #[must_use]
    pub fn none() -> &'static Self {
        static NONE: RequestMetadata = RequestMetadata { headers: BTreeMap::new(), path_suffix: None };
        &NONE
    }

    /// Sets a header; its name is read in lower case, and a value that is too long cannot be read.
    pub fn set_header(&mut self, name: &str, value: impl Into<Option<String>>) {
        self.headers.insert(name.to_ascii_lowercase(), HeaderText::from(value.into()));
    }

    /// Sets the path behind the integration's name.
    pub fn set_path_suffix(&mut self, suffix: String) {
        self.path_suffix = Some(suffix);
    }

    /// Whether the request said nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.path_suffix.is_none()
    }

    /// The headers, in the order of their names.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &HeaderText)> {
        self.headers.iter().map(|(name, text)| (name.as_str(), text))
    }

    /// The path behind the integration's name, without the slash before it.
    #[must_use]
    pub fn path_suffix(&self) -> Option<&str> {
        self.path_suffix.as_deref()
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        let text = |text: &HeaderText| match text {
            HeaderText::Text(text) => text.len(),
            HeaderText::Unreadable => 0,
        };
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + text(value)).sum();
        headers + self.path_suffix.as_ref().map_or(0, String::len)
    }
}

/// The same in the arena of the payload, for values of expressions.
pub(super) struct RequestTexts<'v> {
    headers: &'v [ArenaHeader<'v>],
    /// The path behind the integration's name.
    pub(super) path_suffix: Option<&'v str>,
}

/// A header in the arena of the payload.
#[derive(Clone, Copy)]
pub(super) struct ArenaHeader<'v> {
    name: &'v str,
    /// Its text; nothing where it cannot be read.
    pub(super) text: Option<&'v str>,
}

impl<'v> RequestTexts<'v> {
    pub(super) fn new(request: &RequestMetadata, arena: &'v Arena) -> Self {
        let header = |(name, text): (&str, &HeaderText)| {
            let text = match text {
                HeaderText::Text(text) => Some(arena.text(text)),
                HeaderText::Unreadable => None,
            };
            ArenaHeader { name: arena.text(name), text }
        };
        let headers: Vec<_> = request.headers().map(header).collect();
        Self { headers: arena.slice(&headers), path_suffix: request.path_suffix().map(|suffix| arena.text(suffix)) }
    }

    /// A header that the request has.
    pub(super) fn header(&self, name: &str) -> Option<ArenaHeader<'v>> {
        self.headers.iter().find(|header| header.name == name).copied()
    }
}
