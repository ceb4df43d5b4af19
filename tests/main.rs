mod json;
mod path;
//! All tests, in one binary.

mod render;
