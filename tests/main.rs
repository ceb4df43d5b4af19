//! One test binary for the whole project.

mod json;
mod path;
mod pattern;
