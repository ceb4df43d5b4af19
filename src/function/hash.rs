//! Functions that make short names of long values: `sha256`, `key`; and the limit of alert keys.

use super::argument::{canonical, text};
use super::{ArgumentKind, Function, PLAIN, parameter};
use crate::json::Arena;
use crate::text::hex;
use crate::value::RuntimeValue;
use sha2::{Digest, Sha256};

pub(super) static SHA256: Function = Function {
    name: "sha256",
    parameters: &[parameter("text", ArgumentKind::Text)],
    documentation: "SHA-256 of the text in UTF-8, as 64 hexadecimal digits.",
    examples: &[(r#"sha256("abc")"#, r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#)],
    call: |arguments, arena| {
        let hashed = text(arguments, 0).map(|text| hex(&Sha256::digest(text.as_bytes())));
        hashed.map_or(RuntimeValue::Missing, |hex| RuntimeValue::Text(arena.text(&hex)))
    },
    ..PLAIN
};

pub(super) static KEY: Function = Function {
    name: "key",
    parameters: &[parameter("prefix", ArgumentKind::LiteralText), parameter("part", ArgumentKind::AnyOrLabels)],
    variadic: true,
    takes_missing: true,
    may_be_missing: true,
    reads_whole: true,
    documentation: "A deduplication key: the prefix, a colon, and 32 hexadecimal digits that differ if a part differs. \
                    The order of an object's members is irrelevant, `1` equals `1.0`, a number differs from a string, and \
                    missing from null. The key is missing if every part that is not written out is empty, so that \
                    two alerts without any of these values never share one.",
    examples: &[
        (r#"key("arms", "CPU", $.labels)"#, r#""arms:233b1ae57da0e38a83726319d85f313b""#),
        (r#"key("arms", "CPU", $.empty)"#, "missing"),
    ],
    call: key,
    ..PLAIN
};

/// The most bytes of an alert key. Queues and the journal hold keys, so senders must not set their size.
pub const LONGEST_KEY: usize = 1 << 10;

/// What takes the place of an alert key that is too long; nothing where the key is short enough.
#[must_use]
pub fn key_digest(key: &str) -> Option<String> {
    (key.len() > LONGEST_KEY).then(|| format!("sha256:{}", hex(&Sha256::digest(key.as_bytes()))))
}

/// The key that `key(prefix, texts…)` gives.
#[must_use]
pub fn key_of_texts(prefix: &str, texts: &[&str]) -> String {
    let arena = Arena::new();
    let mut bytes = Vec::new();
    for text in texts {
        canonical(&RuntimeValue::Text(text), &arena, &mut bytes);
    }
    key_text(prefix, &bytes)
}

fn key_text(prefix: &str, canonical: &[u8]) -> String {
    let digest = Sha256::digest(canonical);
    format!("{prefix}:{}", hex(digest.get(..16).unwrap_or_default()))
}

fn key<'a>(arguments: &[RuntimeValue<'a>], arena: &'a Arena) -> RuntimeValue<'a> {
    let (Some(prefix), Some((_, parts))) = (text(arguments, 0), arguments.split_first()) else {
        return RuntimeValue::Missing;
    };
    if parts.iter().all(RuntimeValue::is_empty) {
        return RuntimeValue::Missing;
    }
    // Large enough for the labels of an ordinary alert.
    let mut bytes = Vec::with_capacity(1 << 10);
    for part in parts {
        canonical(part, arena, &mut bytes);
    }
    RuntimeValue::Text(arena.text(&key_text(prefix, &bytes)))
}
