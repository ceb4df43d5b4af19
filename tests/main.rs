//! All tests, in one binary.

mod cli;
mod json;
mod path;
mod render;
