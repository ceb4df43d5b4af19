//! From text to tree: the whole example of the reference, broken files and their messages, and hostile text.

use pointsman::diagnostic::Diagnostic;
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::syntax::tree::File;

fn parse(text: &str) -> (Sources, File, Vec<Diagnostic>) {
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
    println!("{file:#?}");
}
