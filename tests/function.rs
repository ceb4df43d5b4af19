//! The functions: every example in their documentation, and the tables in `cases/function`.
//!
//! Both are lines of rule text, `upper("a") -> "A"`, read here by a small reader that knows calls, literals, regexes,
//! constants and plain paths.

use crate::arena;
use pointsman::event::{Labels, Severity};
use pointsman::function::{self, ArgumentKind, EXAMPLE_PAYLOAD, Function};
use pointsman::json;
use pointsman::pattern::{Case, RegexPattern};
use pointsman::value::RuntimeValue;
use proptest::prelude::*;

/// Reads and evaluates rule text.
struct Reader<'t> {
    rest: &'t str,
    payload: &'static json::Value<'static>,
}

impl Reader<'_> {
    fn eat(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest;
        true
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|character| !belongs(character)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }

    fn value(&mut self) -> RuntimeValue<'static> {
        self.rest = self.rest.trim_start();
        match self.rest.chars().next().unwrap_or(' ') {
            '"' => RuntimeValue::Text(arena().text(&self.string())),
            '/' => self.regex(),
            '$' => self.path(),
            '0'..='9' | '-' => RuntimeValue::Number(
                self.take(|c| c.is_ascii_digit() || "+-.eE".contains(c)).parse().unwrap(),
            ),
            _ => self.word(),
        }
    }

    fn string(&mut self) -> String {
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = stream.next().unwrap().unwrap();
        let end = stream.byte_offset();
        self.rest = &self.rest[end..];
        text
    }

    fn regex(&mut self) -> RuntimeValue<'static> {
        assert!(self.eat("/"));
        let pattern = self.take(|character| character != '/');
        assert!(self.eat("/"));
        RuntimeValue::Regex(Box::leak(Box::new(RegexPattern::new(&pattern, "", Case::Sensitive).unwrap())))
    }

    /// `$.a.b` is a value, `$.a[*]` a list.
    fn path(&mut self) -> RuntimeValue<'static> {
        assert!(self.eat("$"));
        let mut at = Some(self.payload);
        while self.eat(".") {
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
            at = at.and_then(pointsman::json::Value::as_object).and_then(|object| object.get(&name));
        }
        if self.eat("[*]") {
            let items = at.and_then(pointsman::json::Value::as_array).unwrap_or_default();
            return RuntimeValue::List(arena().collect(items.iter().map(RuntimeValue::of_json)));
        }
        at.map_or(RuntimeValue::Missing, RuntimeValue::of_json)
    }

    fn word(&mut self) -> RuntimeValue<'static> {
        let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
        match name.as_str() {
            "missing" => RuntimeValue::Missing,
            "null" => RuntimeValue::Null,
            "true" => RuntimeValue::Boolean(true),
            "false" => RuntimeValue::Boolean(false),
            "Critical" => RuntimeValue::Severity(Severity::Critical),
            "labels" => RuntimeValue::Labels(labels()),
            _ => self.call(function::find(&name).unwrap_or_else(|| panic!("`{name}` in `{}`", self.rest))),
        }
    }

    fn call(&mut self, function: &'static Function) -> RuntimeValue<'static> {
        assert!(self.eat("("), "{}", self.rest);
        let mut arguments = Vec::new();
        while !self.eat(")") {
            assert!(arguments.is_empty() || self.eat(","), "{}", self.rest);
            arguments.push(self.value());
        }
        call(function, arguments)
    }
}

/// Calls a function as evaluation does.
fn call(function: &'static Function, mut arguments: Vec<RuntimeValue<'static>>) -> RuntimeValue<'static> {
    let required = function.parameters.iter().filter(|parameter| !parameter.optional).count();
    assert!(
        arguments.len() >= required && (function.variadic || arguments.len() <= function.parameters.len())
    );
    let missing = |value: &RuntimeValue<'_>| matches!(value, RuntimeValue::Missing | RuntimeValue::Null);
    if !function.takes_missing && arguments.iter().any(missing) {
        return RuntimeValue::Missing;
    }
    for (parameter, argument) in function.parameters.iter().zip(&mut arguments) {
        if parameter.takes == ArgumentKind::Text && !matches!(argument, RuntimeValue::Text(_)) {
            *argument = (function::find("string").unwrap().call)(std::slice::from_ref(argument), arena());
        }
    }
    (function.call)(&arguments, arena())
}

fn leak(text: &str) -> &'static json::Value<'static> {
    json::parse(arena().text(text).as_bytes(), arena()).unwrap().root
}

fn labels() -> &'static Labels<'static> {
    arena().alloc(Labels::of([("team", "sre"), ("env", "prod"), ("zone", "b")], arena()))
}

fn evaluate(text: &str) -> RuntimeValue<'static> {
    let mut reader = Reader { rest: text, payload: leak(EXAMPLE_PAYLOAD) };
    let value = reader.value();
    assert_eq!(reader.rest.trim(), "", "left over of `{text}`");
    value
}

fn check(text: &str, expected: &str) {
    let (found, wanted) = (format!("{:?}", evaluate(text)), format!("{:?}", evaluate(expected)));
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn every_example_holds() {
    for function in function::all() {
        assert!(!function.documentation.is_empty() && !function.examples.is_empty(), "{}", function.name);
        for (text, expected) in function.examples {
            assert!(text.contains(function.name), "{text}");
            check(text, expected);
        }
    }
}

#[test]
fn functions_are_in_alphabetical_order() {
    let names: Vec<&str> = function::all().iter().map(|function| function.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(function::find("upper").is_some() && function::find("").is_none());
}

#[test]
fn the_tables_hold() {
    let tables = [
        include_str!("cases/function/text.txt"),
        include_str!("cases/function/collection.txt"),
        include_str!("cases/function/convert.txt"),
        include_str!("cases/function/hash.txt"),
    ];
    for line in tables.iter().flat_map(|table| table.lines()) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let (text, expected) = line.rsplit_once(" -> ").unwrap_or_else(|| panic!("{line}"));
            check(text, expected);
        }
    }
}

#[test]
fn keys_differ_where_parts_differ() {
    let texts = [
        r#"key("k", "ab", "c")"#,
        r#"key("k", "a", "bc")"#,
        r#"key("k", "abc")"#,
        r#"key("k", "abc", "")"#,
        r#"key("k", "abc", missing)"#,
        r#"key("k", "abc", null)"#,
        r#"key("k", missing, "abc")"#,
        r#"key("k", 1)"#,
        r#"key("k", "1")"#,
        r#"key("k", true)"#,
        r#"key("k", "true")"#,
        r#"key("k", Critical)"#,
        r#"key("k", "Critical")"#,
        r#"key("k", $.list)"#,
        r#"key("k", "a", "b", "c")"#,
        r#"key("l", 1)"#,
        r#"key("k", 9007199254740993)"#,
        r#"key("k", 9007199254740992)"#,
    ];
    let keys: std::collections::BTreeSet<String> =
        texts.iter().map(|text| format!("{:?}", evaluate(text))).collect();
    assert_eq!(keys.len(), texts.len());
}

#[test]
fn what_a_payload_makes_is_bounded() {
    let text = |length: usize| RuntimeValue::Text(arena().text(&"ä".repeat(length)));
    let length = |name: &str, arguments: Vec<RuntimeValue<'static>>| match call(
        function::find(name).unwrap(),
        arguments,
    ) {
        RuntimeValue::Text(text) => text.len(),
        RuntimeValue::List(items) => items.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(length("replace", vec![text(2000), RuntimeValue::Text("ä"), text(2000)]), function::LONGEST);
    assert_eq!(length("split", vec![text(50_000), RuntimeValue::Text("ä")]), function::MOST_PARTS);
    let parts = call(function::find("split").unwrap(), vec![text(5_000), RuntimeValue::Text("ä")]);
    assert_eq!(length("join", vec![parts, text(5_000)]), function::LONGEST);
    let form = RuntimeValue::Text(arena().text(&"{name}{value}".repeat(100_000)));
    assert_eq!(length("label_lines", vec![RuntimeValue::Labels(labels()), form]), function::LONGEST);
}

fn any_value() -> impl Strategy<Value = RuntimeValue<'static>> {
    prop_oneof![
        Just(RuntimeValue::Missing),
        Just(RuntimeValue::Null),
        any::<bool>().prop_map(RuntimeValue::Boolean),
        any::<i64>().prop_map(|number| RuntimeValue::Number(number.into())),
        (-5_i64..5).prop_map(|number| RuntimeValue::Number(number.into())),
        (-1e20_f64..1e20).prop_map(|number| RuntimeValue::Number(json::Number::Float(number))),
        "\\PC{0,12}".prop_map(|text| RuntimeValue::Text(arena().text(&text))),
        "[0-9{}\\[\\]\",:. name]{0,12}".prop_map(|text| RuntimeValue::Text(arena().text(&text))),
        Just(RuntimeValue::List(&[RuntimeValue::Null, RuntimeValue::Missing, RuntimeValue::Boolean(true)])),
        Just(RuntimeValue::Json(leak(EXAMPLE_PAYLOAD))),
        Just(RuntimeValue::Severity(Severity::Info)),
        Just(RuntimeValue::Labels(labels())),
    ]
}

proptest! {
    #[test]
    fn no_function_panics(arguments in prop::collection::vec(any_value(), 0..5)) {
        for function in function::all() {
            let _ = (function.call)(&arguments, arena());
        }
    }

    #[test]
    fn slices_are_those_of_characters(text in "[aé值]{0,8}", from in 0_usize..10, to in 0_usize..10) {
        let expected: String = text.chars().skip(from).take(to.saturating_sub(from)).collect();
        let number = |number: usize| RuntimeValue::Number((number as u64).into());
        let found = (function::find("slice").unwrap().call)(&[RuntimeValue::Text(&text), number(from), number(to)], arena());
        prop_assert!(matches!(found, RuntimeValue::Text(text) if text == expected));
    }
}
