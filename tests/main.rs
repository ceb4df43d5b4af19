mod json;
mod path;
mod pattern;
