//! All tests, in one binary.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test may fail by a panic, reads its cases, and says what it skips"
)]

mod alertmanager;
mod architecture;
mod channel;
mod check;
mod cli;
mod common;
mod contributing;
mod delivery;
mod diff;
mod docs;
mod editor;
mod evaluate;
mod format;
mod function;
mod grammars;
mod hostile;
mod intake;
mod journal;
mod json;
mod kept;
mod language_server;
mod messages;
mod mutation;
mod mute;
mod notification;
mod notification_policy;
mod operations;
mod path;
mod pattern;
mod prove;
mod reach;
mod rehearse;
mod reload;
mod render;
mod routing;
mod rules;
mod schedule;
mod serve;
mod suite;
mod syntax;

/// An arena for a test, which is not freed before all tests end.
fn arena() -> &'static pointsman::json::Arena {
    Box::leak(Box::default())
}
