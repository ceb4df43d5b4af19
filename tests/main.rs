//! One test binary for the whole project.

mod function;
mod json;
mod path;
mod pattern;
mod schedule;
