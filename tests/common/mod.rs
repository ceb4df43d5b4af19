//! What the tests share: folders that are removed after a test, and runs of the built program in them.

mod folder;
mod run;

pub(crate) use folder::Folder;
pub(crate) use run::{Finished, Run};

/// The built program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_pointsman");
