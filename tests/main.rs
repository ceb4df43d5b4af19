//! One test binary for the whole project.

//! All tests, in one binary.

mod json;
mod path;
mod pattern;
mod render;
mod syntax;
