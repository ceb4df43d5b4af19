mod json;
mod path;
