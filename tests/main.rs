//! All tests, in one binary.

mod architecture;
mod check;
mod cli;
mod function;
mod json;
mod path;
mod pattern;
mod render;
mod schedule;
mod syntax;
