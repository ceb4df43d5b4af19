//! All tests, in one binary.

mod cli;
mod json;
mod path;
mod pattern;
mod render;
mod schedule;
mod syntax;
