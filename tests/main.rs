//! All tests, in one binary.

mod alertmanager;
mod architecture;
mod check;
mod cli;
mod docs;
mod function;
mod json;
mod lint;
mod path;
mod pattern;
mod render;
mod rules;
mod schedule;
mod suite;
mod syntax;
