//! All tests, in one binary.

mod check;
mod function;
mod json;
mod path;
mod pattern;
mod render;
mod schedule;
mod syntax;
