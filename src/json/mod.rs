//! JSON: a reader for the parts of a payload that rules use, exact numbers and equality, the canonical form, a writer.
//!
//! `serde_json` reads the bytes, and the tree borrows from them. The tree is our own for three reasons: a payload is read
//! once and used many times, numbers must compare exactly, and repeated member names must be noticed. No value nests
//! deeper than 127 levels, so recursion over a value is safe. A bad line never stops the reading of a stream.

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
pub use documents::{DocumentChunk, LocatedDocument, Remaining, documents};
pub use error::JsonError;
pub use member_name::{MemberName, OwnedMemberName};
pub use number::Number;
pub use object::Object;
pub use projection::Projection;
pub use stack::Stack;
pub use value::Value;
pub use writer::{ObjectWriter, ToJson};
