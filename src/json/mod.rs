//! JSON: reading the parts that rules use into a tree that borrows from the bytes, equality and order, the canonical form,
//! writing.
//!
//! `serde_json` reads the bytes. The tree is our own for three reasons: a payload is read once and searched many times,
//! numbers must compare exactly, and a repeated member name must be noticed. No value nests deeper than 127 levels, so plain
//! recursion over a value is safe everywhere. Reading a stream never stops at a bad line.

mod arena;
mod canonical;
mod document;
mod documents;
mod error;
mod member_name;
mod number;
mod object;
mod projection;
mod stack;
mod value;
mod writer;

pub use arena::Arena;
pub use document::{Document, parse, parse_projected};
pub use documents::{DocumentChunk, documents};
pub use error::JsonError;
pub use member_name::{MemberName, OwnedMemberName};
pub use number::Number;
pub use object::Object;
pub use projection::Projection;
pub use stack::Stack;
pub use value::Value;
pub use writer::{ObjectWriter, ToJson};
