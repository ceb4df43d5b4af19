//! One test binary for the whole project.

//! All tests, in one binary.

mod architecture;
mod check;
mod function;
mod json;
mod lint;
mod path;
mod pattern;
mod render;
mod schedule;
mod syntax;
