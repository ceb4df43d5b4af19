//! The JSON reader: which texts it accepts, its errors, and exact numbers and equality.

use crate::arena;
use pointsman::json::{self, LocatedDocument, Number, ToJson, Value};
use proptest::prelude::*;

fn read(text: &str) -> &Value<'_> {
    json::parse(text.as_bytes(), arena()).unwrap_or_else(|invalid| panic!("{text}: {invalid:?}")).root
}

fn refusal(bytes: &[u8]) -> String {
    match json::parse(bytes, arena()) {
        Ok(document) => panic!("{} was taken as {document:?}", String::from_utf8_lossy(bytes)),
        Err(invalid) => format!("{}:{}: {}", invalid.line, invalid.column, invalid.message),
    }
}

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|()| panic!("{text} is a number"))
}

fn canonical(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    read(text).canonical(&mut out);
    out
}

#[test]
fn errors_have_a_message_and_a_position() {
    let deep = "[".repeat(128);
    let cases: &[(&[u8], &str)] = &[
        (b"", "1:1: the document is empty, a JSON value is expected"),
        (b" \n ", "1:1: the document is empty, a JSON value is expected"),
        (
            b"\n $alertmanager_content\n",
            "2:2: the placeholder `$alertmanager_content` was sent as it stands: the Test button of ARMS does not \
             expand it, a real alert will",
        ),
        (
            b"'$alertmanager_content'",
            "1:1: the placeholder `$alertmanager_content` was sent as it stands: the Test button of ARMS does not \
             expand it, a real alert will",
        ),
        (b"${body}", "1:1: the placeholder `${body}` was not expanded by its sender"),
        (
            b"alertName=cpu&alertState=ALERT",
            "1:1: this is form-encoded (`alertName=…`), JSON is expected: set the data format of the sender to JSON",
        ),
        (b"<html></html>", "1:1: this is XML or HTML, JSON is expected"),
        (b"\x1f\x8b\x08\x00", "1:1: this is compressed by gzip, JSON is expected as plain UTF-8"),
        (b"\xff\xfe{\x00", "1:1: this is UTF-16, JSON is expected as plain UTF-8"),
        (
            "{\n\"é\": \"é\u{0}\"".as_bytes(),
            "2:8: a string holds a line break or another control character; write it as `\\n` or `\\u00XX`",
        ),
        (b"{\"a\": \"\xff\"}", "1:8: byte 0xFF is not valid UTF-8; JSON is sent as UTF-8"),
        (b"{\"a\": [1, 2", "1:12: the document is cut off: an array is not closed by `]`"),
        (b"{\"a\": 1", "1:8: the document is cut off: an object is not closed by `}`"),
        (b"{\"a\": ", "1:6: the document is cut off: a value is expected"),
        (b"\"abc", "1:5: the document is cut off: a string is not closed by `\"`"),
        (deep.as_bytes(), "1:128: arrays and objects nest deeper than 127 levels"),
        (b"{\"a\":\n 1e400}", "2:2: the number `1e400` is out of range"),
        (b"{'a': 1}", "1:2: strings and member names stand in double quotes (`\"`) in JSON"),
        ("{“a”: 1}".as_bytes(), "1:2: strings and member names stand in double quotes (`\"`) in JSON"),
        (b"{\"a\": 'b'}", "1:7: strings and member names stand in double quotes (`\"`) in JSON"),
        (b"{\"a\": 1,}", "1:9: a comma stands before the closing bracket; take it out"),
        (b"[1,]", "1:4: a comma stands before the closing bracket; take it out"),
        (b"[NaN]", "1:2: JSON has no number `NaN`; send null"),
        (b"{\"a\": None}", "1:7: JSON writes `null`, not `None`"),
        (b"{\"a\": nil}", "1:8: JSON writes `null`, not `nil`"),
        (b"{a: 1}", "1:2: expected a member name in double quotes, found `a`"),
        (b"{\"a\" 1}", "1:6: expected `:`, found `1`"),
        (b"{\"a\": 1 \"b\": 2}", "1:9: expected `,` or `}`, found `\"`"),
        ("{\"é\": 1} x".as_bytes(), "1:10: expected the end of the document, found `x`"),
        (b"{} // done", "1:4: JSON has no comments"),
        (b"[01]", "1:3: expected a digit, found `1`"),
        (
            b"\"\\x\"",
            "1:3: an unknown escape in a string; `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX` are the ones there are",
        ),
        (b"\"\\ud800\"", "1:8: a `\\u` escape of half a surrogate pair; both halves must stand together"),
    ];
    let mut differences = Vec::new();
    for (bytes, expected) in cases {
        let actual = refusal(bytes);
        if actual != *expected {
            differences.push(format!("{}\n  expected {expected}\n  actual   {actual}", String::from_utf8_lossy(bytes)));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(json::parse(b"\xEF\xBB\xBF[1]", arena()).unwrap().root, read("[1]"));
    assert_eq!(refusal(b"\xEF\xBB\xBF[1}"), "1:3: expected `,` or `]`, found `}`");
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let bytes = br#"{"plain": "text", "esc\u0061ped": "a\nb"}"#;
    let object = json::parse(bytes, arena()).unwrap().root.as_object().unwrap();
    let is_borrowed = |text: &str| bytes.as_ptr_range().contains(&text.as_ptr());
    let borrowed: Vec<_> =
        object.iter().map(|(name, value)| (is_borrowed(name), value.as_text().is_some_and(is_borrowed))).collect();
    assert_eq!(borrowed, [(true, true), (false, false)]);
    assert_eq!(object.get("escaped").and_then(Value::as_text), Some("a\nb"));
}

#[test]
fn a_repeated_name_has_its_last_value_at_its_first_position() {
    let document = json::parse(br#"{"a": 1, "b": {"x": 1, "x": 2}, "a": 3}"#, arena()).unwrap();
    assert_eq!(document.root.to_json(), r#"{"a":3,"b":{"x":2}}"#);
    assert_eq!(document.repeated, Some("x"));
    assert_eq!(json::parse(b"{\"a\": {\"b\": 1}, \"b\": 1}", arena()).unwrap().repeated, None);
}

#[test]
fn large_objects_are_found_by_name_and_survive_many_repeats() {
    let members: Vec<_> = (0..100_000).map(|n| format!("\"n{n}\":{n}")).collect();
    let text = format!("{{{}}}", members.join(","));
    let value = read(&text);
    let object = value.as_object().unwrap();
    assert_eq!(object.len(), 100_000);
    for n in [0, 1, 16, 17, 50_000, 99_999] {
        assert_eq!(object.get(&format!("n{n}")), Some(&Value::Number(Number::Natural(n))));
    }
    assert_eq!(object.get("absent"), None);
    assert_eq!(value, read(&text));
    let repeats = format!("{{{}}}", (0..100_000).map(|n| format!("\"n{}\":{n}", n % 40)).collect::<Vec<_>>().join(","));
    let document = json::parse(repeats.as_bytes(), arena()).unwrap();
    assert_eq!(document.repeated, Some("n0"));
    assert_eq!(document.root.as_object().unwrap().len(), 40);
    assert_eq!(document.root.as_object().unwrap().get("n39"), Some(&Value::Number(Number::Natural(99_999))));
}

#[test]
fn numbers_compare_by_value_and_print_as_json() {
    let ascending = [
        "-1e300",
        "-9223372036854775808",
        "-2",
        "-1.5",
        "-1",
        "-0.5",
        "0",
        "5e-324",
        "0.5",
        "1",
        "1.5",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551614",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
    ];
    for (left_place, left) in ascending.iter().enumerate() {
        for (right_place, right) in ascending.iter().enumerate() {
            let (order, expected) = (number(left).cmp(&number(right)), left_place.cmp(&right_place));
            assert_eq!(order, expected, "{left} {right}");
        }
    }
    assert_ne!(number("9007199254740993"), number("9007199254740992.0"));
    assert_eq!(number("9007199254740992"), number("9007199254740992.0"));
    assert_ne!(number("18446744073709551615"), number("18446744073709551615.0"));
    for (left, right) in [("1", "1.0"), ("0", "-0.0"), ("100", "1e2"), ("-1", "-1.0"), ("0", "-0")] {
        assert_eq!(number(left), number(right));
        assert_eq!(canonical(left), canonical(right), "{left} {right}");
    }
    for text in ["1.0", "0.1", "1e+300", "-1.5", "-0.0", "18446744073709551615", "-9223372036854775808"] {
        assert_eq!(number(text).to_string(), text);
    }
    for text in ["", " 1", "1 ", "+1", "01", ".5", "1.", "1e", "NaN", "0x1", "1e400", "\"1\"", "-"] {
        assert!(text.parse::<Number>().is_err(), "{text}");
    }
}

#[test]
fn equality_and_the_canonical_form_follow_json() {
    let (left, right) = (r#"{"a": 1, "b": [1.0, "x"]}"#, r#"{"b": [1, "x"], "a": 1.0}"#);
    assert_eq!(read(left), read(right));
    assert_eq!(canonical(left), canonical(right));
    let different = [
        "null",
        "false",
        "true",
        "0",
        "\"0\"",
        "\"\"",
        "[]",
        "{}",
        "[[]]",
        "[\"\"]",
        "0.5",
        "\"null\"",
        "[0,[1]]",
        "[[0],1]",
        "{\"a\":\"b\"}",
        "{\"ab\":\"\"}",
    ];
    for left in different {
        for right in different {
            assert_eq!(read(left) == read(right), left == right, "{left} {right}");
            assert_eq!(canonical(left) == canonical(right), left == right, "{left} {right}");
        }
    }
}

fn stream(text: &[u8]) -> Vec<String> {
    let line = |LocatedDocument { offset, document }| match document {
        Ok(document) => format!("{offset} {}", document.root.to_json()),
        Err(invalid) => format!("{offset} !{}:{}: {}", invalid.line, invalid.column, invalid.message),
    };
    json::documents(text, arena()).map(line).collect()
}

#[test]
fn a_file_may_hold_many_documents_and_bad_lines_among_them() {
    assert_eq!(stream(b" \n\t"), Vec::<String>::new());
    assert_eq!(
        stream(b"\xEF\xBB\xBF{\"a\":1}{\"a\":2}\n[3] 4 \"five\"\n"),
        ["3 {\"a\":1}", "10 {\"a\":2}", "18 [3]", "22 4", "24 \"five\""]
    );
    assert_eq!(stream(b"{\n  \"a\": [\n    1\n  ]\n}\n{\n}\n"), ["0 {\"a\":[1]}", "23 {}"]);
    assert_eq!(
        stream("{\"a\":1}\n{\"é\":}\n{\"a\":2} oops\n{\"a\":3}".as_bytes()),
        [
            "0 {\"a\":1}",
            "8 !2:6: expected a value, found `}`",
            "16 {\"a\":2}",
            "24 !3:9: expected a value, found `o`",
            "29 {\"a\":3}"
        ]
    );
    assert_eq!(
        stream(b"{\"cut\": 1\n{\"a\":2}\n{\n  \"x\": 1,\n  \"y\": oops\n}\n{\"a\":3}\n"),
        [
            "0 !1:10: the document is cut off: an object is not closed by `}`",
            "10 {\"a\":2}",
            "18 !5:8: expected a value, found `o`",
            "44 {\"a\":3}"
        ]
    );
    assert_eq!(
        stream(b"[1]\n\"\xff\"\n[2]"),
        ["0 [1]", "4 !2:2: byte 0xFF is not valid UTF-8; JSON is sent as UTF-8", "8 [2]"]
    );
    // The error is on the line that is cut off, not on a later line where it was detected.
    assert_eq!(
        stream(b"{\"a\":1}\n{\"a\":[{\"b\":\r\n\n{\"a\":2}\n$x\n"),
        [
            r#"0 {"a":1}"#,
            "8 !2:12: the document is cut off: a value is expected",
            r#"22 {"a":2}"#,
            "30 !5:1: the placeholder `$x` was not expanded by its sender",
        ]
    );
    assert_eq!(
        stream(b"{\"a\":[1,\n{\"a\":[2,\n{\"a\":\"x\n[3]"),
        [
            "0 !1:9: the document is cut off: a value is expected",
            "9 !2:9: the document is cut off: a value is expected",
            "18 !3:8: the document is cut off: a string is not closed by `\"`",
            "26 [3]",
        ]
    );
    // In a document over several lines, the error is on the line where it is.
    assert!(stream(b"{\"a\":[\n{\"b\":1},\n{\"b\":2}\noops\n")[0].starts_with("0 !4:1: "));
    assert_eq!(stream(b"[1, 2\n"), ["0 !1:6: the document is cut off: an array is not closed by `]`"]);
}

#[test]
fn many_bad_lines_take_linear_work() {
    for line in ["{\n", "[[],\n", "nonsense\n", "{\"a\":1} x\n", "{\"a\":\n", "}\n", "\"\n"] {
        let text = line.repeat(20_000);
        assert!(json::documents(text.as_bytes(), arena()).count() >= 1);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = json::parse(&bytes, arena());
        let _ = json::documents(&bytes, arena()).count();
    }

    #[test]
    fn no_text_like_json_makes_it_panic(text in r#"([\[\]{},:"'\\ \n$<=a0-9eé.+-]|true|null|\\u[dD][89cC]00){0,40}"#) {
        let _ = json::parse(text.as_bytes(), arena());
        for LocatedDocument { offset, document } in json::documents(text.as_bytes(), arena()) {
            prop_assert!(offset < text.len());
            if let Err(invalid) = document {
                prop_assert!(invalid.line >= 1 && invalid.column >= 1 && invalid.line <= text.lines().count() + 1);
            }
        }
    }

    #[test]
    fn what_is_written_reads_back(left in any::<f64>(), right in any::<i64>(), natural in any::<u64>()) {
        prop_assume!(left.is_finite());
        let numbers = [Number::Float(left), Number::from(right), Number::Natural(natural)].map(Value::Number);
        let value = Value::Array(&numbers);
        let text = value.to_json();
        prop_assert_eq!(read(&text), &value);
        prop_assert_eq!(Number::Float(left).to_string().parse(), Ok(Number::Float(left)));
    }
}

/// The documents of a text that is read in chunks of some lines.
fn in_chunks(text: &[u8], lines_at_once: usize) -> Vec<String> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut open, mut before, mut lead, mut found) = (Vec::new(), 0, 0, Vec::new());
    let whole = json::Projection::whole();
    for (at, lines_of_chunk) in lines.chunks(lines_at_once).enumerate() {
        open.extend_from_slice(&lines_of_chunk.concat());
        let is_last = (at + 1) * lines_at_once >= lines.len();
        let remaining = if is_last { json::Remaining::Last } else { json::Remaining::More };
        let read = if at == 0 { json::DocumentChunk::first } else { json::DocumentChunk::new };
        let mut chunk = read(&open, remaining, &whole).with_line_prefix(lead);
        while let Some(next) = chunk.next(arena()) {
            found.push(match next.document {
                Ok(document) => format!("{:?}", document.root),
                Err(wrong) => format!("{}:{}: {}", wrong.line + before, wrong.column, wrong.message),
            });
        }
        before += chunk.lines();
        lead = chunk.line_prefix();
        let consumed = chunk.consumed();
        open.drain(..consumed);
    }
    found
}

#[test]
fn chunks_are_read_as_the_whole_is() {
    let pieces = [
        "{\"a\": 1}\n",
        "{\n  \"b\": [\n1,\n2]\n}\n",
        "{\"cut\":\n",
        "\n  \n",
        "[1, 2]\n",
        "nonsense\n",
        "{\"bad\": x}\n",
        "{\n  \"bad\": x\n}\n",
        "}\n",
        "\"text\"\n12\n",
        "[\n",
        "{\"é\": \"ü\"} {\"two\": 2}\n",
        "{} {\"a\": 1\n",
        "\"not closed\r\n",
        "\u{feff}{\"a\":\n1}\n",
    ];
    // All sequences of three pieces, and some long sequences.
    let mut seed = 1_usize;
    let mut texts: Vec<String> = Vec::new();
    for first in pieces {
        texts.extend(pieces.iter().flat_map(|second| pieces.map(|third| [first, second, third].concat())));
    }
    for _ in 0..300 {
        let long = (0..12).map(|_| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            pieces[(seed >> 33) % pieces.len()]
        });
        texts.push(long.collect());
    }
    for text in texts {
        let whole: Vec<String> = json::documents(text.as_bytes(), arena())
            .map(|next| match next.document {
                Ok(document) => format!("{:?}", document.root),
                Err(wrong) => format!("{}:{}: {}", wrong.line, wrong.column, wrong.message),
            })
            .collect();
        for lines_at_once in [1, 2, 5] {
            assert_eq!(in_chunks(text.as_bytes(), lines_at_once), whole, "{lines_at_once} lines of {text}");
        }
    }
}
