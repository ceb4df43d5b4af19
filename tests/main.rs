//! One test binary for the whole project.

mod pattern;
mod json;
mod path;
//! All tests, in one binary.

mod json;
mod path;
mod pattern;
mod render;
