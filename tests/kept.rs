//! The declarations that the parser keeps of a file with errors: their names, and how many parts each has.

use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::syntax::tree::Declaration;

/// One line. A `?` marks a declaration with errors, a `!` one of which only the name is known.
pub(crate) fn kept(text: &str) -> String {
    let mut sources = Sources::default();
    let id = sources.add("case.rules", text);
    let file = syntax::parse(&sources, id, &mut Vec::new());
    let names = file.items.iter().map(|item| format!("{}{}", name(&item.kind), if item.broken { "?" } else { "" }));
    let lost = file.unparsed_names.iter().map(|name| format!("{}!", name.text));
    let kept: Vec<String> = names.chain(lost).collect();
    format!("kept: {}\n", kept.join(" "))
}

fn name(declaration: &Declaration) -> String {
    match declaration {
        Declaration::Mapping(mapping) => format!("{}:{}", mapping.name.text, mapping.statements.len()),
        Declaration::Table(table) => table.name.text.to_string(),
        Declaration::Define(define) => define.name.text.to_string(),
        Declaration::Schedule(schedule) => schedule.name.text.to_string(),
        Declaration::Channel(channel) => channel.name.text.to_string(),
        Declaration::Routing(routing) => format!("{}:{}", routing.name.text, routing.block.lines.len()),
        Declaration::Mute(mute) => mute.name.text.to_string(),
        Declaration::Heartbeat(heartbeat) => format!("{}:{}", heartbeat.name.text, heartbeat.lines.len()),
        Declaration::Integration(integration) => integration.name.text.to_string(),
        Declaration::Test(test) => format!("{:?}:{}", test.name.value, test.statements.len()),
        Declaration::Prove(prove) => format!("{:?}:{}", prove.name.value, prove.statements.len()),
    }
}
