//! The values of a channel's or an integration's parameters, secrets included.
//!
//! Rules name secrets, and the names are resolved when the rules are served. A resolved secret never shows itself: its `Debug`
//! is masked, it implements neither `Display` nor `Serialize`, and its memory is cleared when it is dropped.

use crate::mask::{MASK, SecretMask};
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

/// The text of a secret, or a literal text where rules may write either.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: Zeroizing<String>,
    is_literal: bool,
    /// The secrets of which the text is composed. An answer may repeat one of them alone.
    parts: Vec<Zeroizing<String>>,
}

impl Secret {
    /// Wraps a text as a secret.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self { text: Zeroizing::new(text), is_literal: false, parts: Vec::new() }
    }

    /// Wraps a text that is composed of secrets and other words.
    #[must_use]
    pub fn composed(text: String, secrets: &[Self]) -> Self {
        let parts = secrets.iter().map(|secret| secret.text.clone()).collect();
        Self { text: Zeroizing::new(text), is_literal: false, parts }
    }

    fn add_to(&self, mask: &mut SecretMask) {
        mask.add(&self.text, 1);
        self.parts.iter().for_each(|part| mask.add(part, 1));
    }

    /// Wraps a text that the rules write where they could name a secret.
    #[must_use]
    pub fn literal(text: String) -> Self {
        Self { text: Zeroizing::new(text), is_literal: true, parts: Vec::new() }
    }

    /// Whether the rules write the text, so that who reads them knows it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.is_literal
    }

    /// The text, for the one place that needs it. It must never get into a message, a log or a store.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A literal string.
    Text(String),
    /// A resolved secret.
    Secret(Secret),
    /// Resolved secrets.
    Secrets(Vec<Secret>),
    /// A whole number.
    Number(u64),
    /// Whole numbers.
    Numbers(Vec<u64>),
    /// A duration.
    Duration(Duration),
    /// Names and values of headers.
    Headers(Vec<(String, Secret)>),
}

impl Setting {
    /// The text, whether the rules wrote it or a secret holds it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Secret(secret) => Some(secret.expose()),
            Self::Secrets(_) | Self::Number(_) | Self::Numbers(_) | Self::Duration(_) | Self::Headers(_) => None,
        }
    }
}

/// The parameters that the rules give, without those that are expressions over the event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Names and values, in the order of the rules.
    pub entries: Vec<(String, Setting)>,
}

impl Settings {
    /// The mask of all secrets among the values.
    #[must_use]
    pub fn mask(&self) -> SecretMask {
        let mut mask = SecretMask::default();
        for (_, setting) in &self.entries {
            match setting {
                Setting::Secret(secret) => secret.add_to(&mut mask),
                Setting::Secrets(secrets) => secrets.iter().for_each(|secret| secret.add_to(&mut mask)),
                Setting::Headers(headers) => {
                    for (_, value) in headers.iter().filter(|(_, value)| !value.is_literal()) {
                        value.add_to(&mut mask);
                    }
                }
                Setting::Text(_) | Setting::Number(_) | Setting::Numbers(_) | Setting::Duration(_) => {}
            }
        }
        mask
    }
}
