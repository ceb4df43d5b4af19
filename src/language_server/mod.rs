//! The language server: `pointsman lsp`.
//!
//! It is synchronous and in order. One thread reads messages, one answers them, and one computes: it checks rule sets as
//! `pointsman check` does, with the texts of the editor in the place of their files, so that an editor and `check` cannot
//! disagree. The newest text wins: a check that waits is replaced by a newer one, and the result of an older one is
//! discarded. A request that needs the result of a check waits for it; if the text changes meanwhile, it is answered with
//! `ContentModified`.
//!
//! Nothing that a client sends ends the server, besides `exit`. A panic in an answer or a check is reported to the client.
//!
//! `features` holds one file for each feature and one list of them. Deliberately absent: incremental parsing, and meanings of
//! rules that [`crate::ruleset`] does not provide. The server executes, fetches and sends nothing.

mod client;
mod diagnostics;
mod documents;
mod features;
mod outline;
mod positions;
mod rule_sets;
mod rule_view;
mod server;
mod settings;
mod snapshot;
mod state;
mod sync;
mod transport;
mod uri;
mod worker;
mod workspace_edit;

pub use server::{ServerExit, serve};
pub use transport::stdio;
