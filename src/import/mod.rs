//! Foreign configuration to rule text, with a certificate: cases that the imported rules and the original decide alike.
//!
//! Nothing here reads files. A configuration is a text in [`Sources`](crate::source::Sources), so that findings show its lines.

pub mod alertmanager;
mod yaml;
