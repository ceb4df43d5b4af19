mod json;
mod path;
mod pattern;
mod schedule;
