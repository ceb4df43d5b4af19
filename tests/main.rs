//! All tests, in one binary.

mod render;
