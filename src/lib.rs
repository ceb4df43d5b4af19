//! Pointsman: a declarative rule language and its engine for the people who run on-call.

pub mod channel;
pub mod check;
pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod evaluate;
pub mod event;
pub mod function;
pub mod json;
pub mod path;
pub mod pattern;
pub mod program;
pub mod ruleset;
pub mod source;
pub mod suite;
pub mod syntax;
pub mod time;
pub mod value;
