//! The parser: the example of the reference, broken files with their messages, and hostile text.

use pointsman::diagnostic::Diagnostic;
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::syntax::tree::RuleFile;

fn parse(text: &str) -> (Sources, RuleFile, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let id = sources.add("case.rules", text);
    let mut diagnostics = Vec::new();
    let file = syntax::parse(&sources, id, &mut diagnostics);
    (sources, file, diagnostics)
}

fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/syntax/language.rules");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_example_of_the_reference_parses() {
    let (_, file, diagnostics) = parse(&example());
    assert!(diagnostics.is_empty(), "{diagnostics:#?}");
    assert_eq!(file.items.len(), 19);
}

/// A finding in short form: its position and message, then its help.
fn short(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut lines = String::new();
    for finding in diagnostics {
        let place = sources.position(finding.span);
        lines += &format!("{} {}:{} {}\n", finding.code.id, place.line, place.column, finding.message);
        for (span, words) in &finding.related {
            let place = sources.position(*span);
            lines += &format!("  {}:{} {words}\n", place.line, place.column);
        }
        for help in &finding.help {
            lines += &format!("  help: {}\n", help.text);
        }
    }
    lines
}

/// Parses on a small stack, with a time limit.
fn survives(text: String) -> Vec<Diagnostic> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let worker = std::thread::Builder::new().stack_size(1 << 21);
    worker.spawn(move || sender.send(parse(&text).2)).unwrap();
    receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("parsing ends, and does not panic")
}

#[test]
fn hostile_text_is_refused_in_time() {
    let many = |text: &str, times: usize| text.repeat(times);
    let define = |value: String| format!("edition 1\n\ndefine a = {value}\n");
    let cases = [
        ("parentheses", define(many("(", 100_000))),
        ("closed parentheses", define(format!("{}x{}", many("(", 100_000), many(")", 100_000)))),
        ("brackets", format!("edition 1\n\ntest \"t\" {{\n  input {}\n}}\n", many("[", 100_000))),
        ("objects", format!("edition 1\n\ntest \"t\" {{\n  input {}\n}}\n", many("{ a: ", 100_000))),
        ("path brackets", define(format!("$.a{}", many("[?(", 100_000)))),
        ("negations", define(format!("{}x", many("not ", 100_000)))),
        ("a long line", define(many("a ", 5_000_000))),
        ("long lines", define(many("a or\n", 20_000))),
        ("hidden brackets", define(format!("\"{{\", {}}}\"", many("[", 100_000)))),
        ("brackets in a hole", define(format!("\"{{{}}}\"", many("(", 100_000)))),
        ("nul", many("\0", 1_000_000)),
        ("nul lines", many("\0\n", 1_000_000)),
        ("quotes", many("\"\n", 30_000)),
        ("slashes", many("// x\n", 30_000)),
        ("curly quotes", many("“a” “\n", 10_000)),
        ("broken declarations", many("mapping m { title = }\n", 3_000)),
        ("broken routes", format!("edition 1\n\nrouting r {{\n{}}}\n", many("route a when => b\n", 3_000))),
        ("broken blocks", format!("edition 1\n\nrouting r {{\n{}", many("route a when x {\n", 3_000))),
        ("words", many("a\n", 100_000)),
        ("closers", many("}\n", 30_000)),
        ("matches", define(many("match a { ", 60))),
        ("coalesce", define(format!("a{}", many(" ?? a", 20_000)))),
        ("calls", define(format!("{}a", many("f(", 60)))),
        ("documentation", many("## a\n", 30_000)),
        ("allows", many("allow W0001 because \"x\"\n", 10_000)),
    ];
    for (name, text) in cases {
        let start = std::time::Instant::now();
        let diagnostics = survives(text);
        let taken = start.elapsed();
        println!("{name}: {taken:?}, {} findings", diagnostics.len());
        assert!(diagnostics.len() < 200, "{name}: {}", diagnostics.len());
        assert!(taken.as_secs() < 10, "{name}: {taken:?}");
    }
}

#[test]
fn a_long_list_of_operators_is_flat() {
    let (_, file, diagnostics) = parse(&format!("edition 1\n\ndefine a = x{}\n", " or x".repeat(20_000)));
    assert!(diagnostics.is_empty());
    assert_eq!(file.items.len(), 1);
}

/// Truncates each declaration of the example at every byte, and the whole example at some bytes.
#[test]
fn every_truncation_of_the_example_is_explained() {
    let text = example();
    let (_, file, _) = parse(&text);
    for item in &file.items {
        let declaration = format!("edition 1\n\n{}", &text[item.span.range()]);
        (11..declaration.len()).for_each(|end| truncated(&declaration, end));
    }
    (0..text.len()).step_by(61).for_each(|end| truncated(&text, end));
}

fn truncated(text: &str, end: usize) {
    let Some(cut) = text.get(..end) else { return };
    let (sources, _, diagnostics) = parse(cut);
    let report = short(&sources, &diagnostics);
    assert!(diagnostics.iter().all(|finding| finding.span.end as usize <= end + 2), "{end}: {report}");
    assert!(diagnostics.len() <= 3, "{end}: {report}");
}

#[test]
fn many_routes_parse_in_time() {
    let route = |number: usize| {
        format!("  route r{number} when labels.team == \"team{number}\" and severity >= Warning => sre\n")
    };
    let routes: String = (0..1_000).map(route).collect();
    let text = format!("edition 1\n\nchannel sre = stdout()\n\nrouting main {{\n{routes}  else => sre\n}}\n");
    let start = std::time::Instant::now();
    let (_, file, diagnostics) = parse(&text);
    println!("1,000 routes: {:?}", start.elapsed());
    assert!(diagnostics.is_empty());
    assert_eq!(file.items.len(), 2);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "(\\PC|[ \n\"{}()\\[\\]$@./=<>|#\\\\])*") {
        survives(text);
    }

    #[test]
    fn mutated_rules_never_panic(
        edits in proptest::collection::vec((0.0..1.0, 0_usize..40, "[\\x00-\\x7f“”，｛\\PC]{0,3}"), 1..6)
    ) {
        let mut text = example();
        for (place, length, new) in edits {
            let boundary = |at: usize| (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            let start = boundary((place * text.len() as f64) as usize);
            let end = boundary((start + length).min(text.len()));
            text.replace_range(start..end, &new);
        }
        survives(text);
    }
}
