//! The built-in functions: few and total. A family a file; each function carries its documentation and its examples,
//! which the tests run.

use crate::value::{Type, Value};

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters in order.
    pub parameters: &'static [Parameter],
    /// Whether the last parameter may be repeated any number of times.
    pub variadic: bool,
    /// What it results in where no argument is missing.
    pub result: Type,
    /// Whether it runs even where an argument is missing (`present`, `key`, `count`); otherwise a missing argument makes
    /// the result missing, and the caller need not ask the function.
    pub takes_missing: bool,
    /// Whether the result may be missing though no argument is (`number`, `capture`, `first`, `time`).
    pub may_be_missing: bool,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// Expressions and what they come to, as rule text: `("upper(\"a\")", "\"A\"")`.
    pub examples: &'static [(&'static str, &'static str)],
    /// The function itself. Arguments have been read as their parameters ask; there are as many as the signature allows.
    pub call: for<'a> fn(&[Value<'a>]) -> Value<'a>,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name, for messages and the reference.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// Whether it may be left out.
    pub optional: bool,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
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
    /// A regex; the function sees `Regex`.
    Regex,
    /// A string that is written out (`capture`'s group, `label_lines`' form).
    LiteralText,
    /// A natural number that is written out.
    LiteralNumber,
}

/// All functions, by name in alphabetical order.
#[must_use]
pub fn all() -> &'static [&'static Function] {
    todo!()
}

/// The function of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Function> {
    all().iter().copied().find(|function| function.name == name)
}
