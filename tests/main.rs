//! All tests, in one binary.

mod docs;
mod json;
mod path;
mod pattern;
mod render;
mod rules;
mod schedule;
mod syntax;
