//! The built-in functions: few and total, one file for each family. Each function carries its documentation and its
//! examples, which the tests run.
//!
//! No function fails, and none makes more than [`LONGEST`] bytes or [`MAX_PARTS`] parts, whatever the payload holds. A new
//! function is a constant in the file of its family and a line in [`all`].

mod argument;
mod bounded_text;
mod collection;
mod convert;
mod decode;
mod hash;
mod label_lines;
mod pairs;
mod text;
mod time;

pub use hash::{LONGEST_KEY, key_digest, key_of_texts};
pub(crate) use label_lines::{LinePart, NAME as LABEL_LINES, label_line_parts};
pub(crate) use time::{NAME as TIME, read_time};

use crate::json::Arena;
use crate::value::{RuntimeValue, ValueType};

/// The most bytes of a string that `replace`, `join` and `label_lines` make; the rest is cut off.
pub const LONGEST: usize = 1024 * 1024;

/// The most parts that `split` makes; the last one keeps the rest.
pub const MAX_PARTS: usize = 10_000;

/// The payload that the examples read.
pub const EXAMPLE_PAYLOAD: &str =
    r#"{"list": ["a", "b", "c"], "labels": {"team": "sre", "env": "prod", "zone": "b"}, "empty": []}"#;

/// A built-in function.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own, asked in a place of its own")]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters in order.
    pub parameters: &'static [FunctionParameter],
    /// Whether the last parameter may be repeated any number of times.
    pub variadic: bool,
    /// The type of its result if no argument is missing.
    pub result: ValueType,
    /// Whether it runs even if an argument is missing (`present`, `key`). Otherwise a missing argument makes the result
    /// missing, and the function is not called.
    pub takes_missing: bool,
    /// Whether the result may be missing although no argument is (`number`, `capture`, `first`, `time`).
    pub may_be_missing: bool,
    /// Whether it reads a whole array or object, and not only its length or a part.
    pub reads_whole: bool,
    /// The end of a note that begins with the call (`pairs`).
    pub remark: Option<ArgumentRemark>,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// Expressions and their values, as rule text: `("upper(\"a\")", "\"A\"")`.
    pub examples: &'static [(&'static str, &'static str)],
    /// The function itself. Its result is allocated in the arena. The arguments have the types and the number that the
    /// signature asks for.
    pub call: for<'a> fn(&[RuntimeValue<'a>], &'a Arena) -> RuntimeValue<'a>,
}

/// What the author of the rules should know about the arguments of a call; nothing if they are as they should be.
pub type ArgumentRemark = for<'a> fn(&[RuntimeValue<'a>], &'a Arena) -> Option<String>;

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct FunctionParameter {
    /// Its name, for messages and the reference.
    pub name: &'static str,
    /// What it takes.
    pub takes: ArgumentKind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A string; scalars are read as their JSON text, arrays and objects too, with a note. The function sees `Text`.
    Text,
    /// A number.
    Number,
    /// Any value, as it is (`present`, `number`, `string`, `time`, `len`).
    Any,
    /// Any value, labels as a whole included (`key`, `len`, `label_lines`).
    AnyOrLabels,
    /// A path of many nodes; the function sees `List`.
    Nodes,
    /// A path of many nodes, or a list that a function made (`join`).
    List,
    /// A list as a value, or a path of many nodes (`pairs`).
    Items,
    /// A regex; the function sees `Regex`.
    Regex,
    /// A string that is written out (`capture`'s group, `label_lines`' form).
    LiteralText,
    /// A natural number that is written out.
    LiteralNumber,
    /// The name of a time zone that is written out; the function sees `Text`.
    Zone,
    /// A form of times that is written out, with the directives of `strptime`; the function sees `Text`.
    TimeForm,
}

/// All functions, by name in alphabetical order.
#[must_use]
pub fn all() -> &'static [&'static Function] {
    &ALL
}

static ALL: [&Function; 23] = [
    &convert::CAPTURE,
    &collection::COUNT,
    &decode::DECODE_URL,
    &collection::FIRST,
    &collection::JOIN,
    &hash::KEY,
    &label_lines::LABEL_LINES,
    &collection::LEN,
    &text::LOWER,
    &convert::NUMBER,
    &pairs::PAIRS,
    &convert::PARSE_JSON,
    &collection::PRESENT,
    &text::REPLACE,
    &hash::SHA256,
    &text::SLICE,
    &collection::SORT,
    &text::SPLIT,
    &convert::STRING,
    &time::TIME,
    &text::TRIM,
    &decode::UNESCAPE_HTML,
    &text::UPPER,
];

/// The function of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().iter().copied().find(|function| function.name == name)
}

/// A parameter that must be given.
const fn parameter(name: &'static str, takes: ArgumentKind) -> FunctionParameter {
    FunctionParameter { name, takes, optional: false }
}

/// A parameter that may be left out.
const fn optional(name: &'static str, takes: ArgumentKind) -> FunctionParameter {
    FunctionParameter { name, takes, optional: true }
}

/// The defaults of most functions: they take no missing value and result in a string.
const PLAIN: Function = Function {
    name: "",
    parameters: &[],
    variadic: false,
    result: ValueType::TEXT,
    takes_missing: false,
    may_be_missing: false,
    reads_whole: false,
    remark: None,
    documentation: "",
    examples: &[],
    call: |_, _| RuntimeValue::Missing,
};
