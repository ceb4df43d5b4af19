//! The path language.
