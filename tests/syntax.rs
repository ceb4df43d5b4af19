//! From text to tree: the whole example of the reference, broken files and their messages, and hostile text.

use pointsman::diagnostic::Diagnostic;
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::syntax::tree::{Declaration, File};

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
}

/// A finding in short: its place and message, then its help.
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

#[test]
fn broken_files_are_explained() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/syntax");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rules")) {
        let (sources, file, diagnostics) = parse(&std::fs::read_to_string(path).unwrap());
        let names = file
            .items
            .iter()
            .map(|item| format!("{}{}", name(&item.kind), if item.broken { "?" } else { "" }));
        let lost = file.lost.iter().map(|name| format!("{}!", name.text));
        let kept: Vec<String> = names.chain(lost).collect();
        let told = format!("{}kept: {}\n", short(&sources, &diagnostics), kept.join(" "));
        expect_test::expect_file![path.with_extension("txt")].assert_eq(&told);
    }
}

fn name(declaration: &Declaration) -> String {
    match declaration {
        Declaration::Mapping(mapping) => format!("{}:{}", mapping.name.text, mapping.statements.len()),
        Declaration::Table(table) => table.name.text.to_string(),
        Declaration::Define(define) => define.name.text.to_string(),
        Declaration::Schedule(schedule) => schedule.name.text.to_string(),
        Declaration::Channel(channel) => channel.name.text.to_string(),
        Declaration::Routing(routing) => format!("{}:{}", routing.name.text, routing.block.lines.len()),
        Declaration::Integration(integration) => integration.name.text.to_string(),
        Declaration::Test(test) => format!("{:?}:{}", test.name.value, test.statements.len()),
    }
}
