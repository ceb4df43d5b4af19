//! A rule set in six files, each of which stamps its version into every event, and what a delivered body must be.
//!
//! The mapping, a table, a CSV file and a define each give a stamp; the channels give one as a literal of their bodies; and
//! the routing names the channel by the version's last digit. A version that is complete gives the same stamp everywhere.

use std::fs;
use std::io::Result;
use std::path::Path;

/// How many stamps a body carries.
pub(crate) const STAMPS: usize = 5;

/// What a stamp is that could not be read: a table without its last row.
pub(crate) const TORN: u32 = u32::MAX;

/// What is wrong with a version on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing.
    None,
    /// It does not parse.
    Syntax,
    /// A route names a channel that does not exist.
    UnknownChannel,
    /// A channel needs a secret that does not exist; nothing else is wrong.
    MissingSecret,
}

/// The names of the files, in the order in which an editor writes them.
pub(crate) const NAMES: [&str; 6] =
    ["a_mapping.rules", "b_table.rules", "c_define.rules", "d_channels.rules", "e_routing.rules", "f_stamp.csv"];

/// The sink of firings, and of recoveries whose firing is open nowhere.
pub(crate) fn sinks(version: u32) -> (u32, u32) {
    (version % 10, (version + 5) % 10)
}

/// The files of a version; deliveries go to a port of this machine.
pub(crate) fn files(version: u32, port: u16, flaw: Flaw) -> [(&'static str, String); 6] {
    let texts = [
        mapping(version),
        table(version),
        format!("edition 1\ndefine stamp_define = \"{version}\"\n"),
        channels(version, port, flaw),
        routing(version, flaw),
        format!("x,stamp\nz,{version}\ntail,{version}\n"),
    ];
    let mut texts = texts.into_iter();
    NAMES.map(|name| (name, texts.next().unwrap_or_default()))
}

fn mapping(version: u32) -> String {
    format!(
        r#"edition 1
mapping stamped {{
  severity = Warning
  status   = match $.status {{ "resolved" => Resolved  else => Firing }}
  title    = "event {{$.id}}"
  key      = key("load", $.alert) ?? "load"
  labels {{
    id    = $.id
    alert = $.alert
    s0    = "{version}"
    s1    = stamp_table("z")
    s2    = stamp_file("tail") ?? "gone"
  }}
}}
"#
    )
}

fn table(version: u32) -> String {
    format!(
        "edition 1\ntable stamp_table(x) {{ \"z\" => \"{version}\"  else => \"none\" }}\n\
         table stamp_file(x) -> stamp from \"f_stamp.csv\"\n"
    )
}

/// Ten channels in every version, so that none is ever removed while something waits for it.
fn channels(version: u32, port: u16, flaw: Flaw) -> String {
    let mut text = String::from("edition 1\n");
    for sink in 0..10 {
        text.push_str(&format!(
            "channel sink_{sink} = webhook(url = \"http://127.0.0.1:{port}/sink/{sink}\", timeout = \"2s\", \
             retry_for = \"24h\", concurrency = 16, body = {{\n  alert: labels.alert, id: labels.id, \
             stamps: [labels.s0, labels.s1, labels.s2, stamp_define, \"{version}\"], status: status, \
             title: title }})\n"
        ));
    }
    if flaw == Flaw::MissingSecret {
        text.push_str("channel never = webhook(url = env(\"POINTSMAN_CAMPAIGN_NEVER_SET\"))\n");
    }
    text
}

fn routing(version: u32, flaw: Flaw) -> String {
    let (firing, over) = sinks(version);
    let (brace, other) = match flaw {
        Flaw::None => ("}", format!("sink_{firing}")),
        Flaw::Syntax => ("", format!("sink_{firing}")),
        Flaw::UnknownChannel => ("}", "nobody_knows_it".to_owned()),
        Flaw::MissingSecret => ("}", "never".to_owned()),
    };
    format!(
        "edition 1\nrouting main {{\n  allow W0011 because \"the campaign tells followed recoveries by it\"\n  \
         route over when status == Resolved => sink_{over}\n  route firing when status == Firing => sink_{firing}\n  \
         else => {other}\n{brace}\nintegration load {{ keys = [env(\"LOAD_KEY\")]  stamped => routing main }}\n"
    )
}

/// Writes a version into a folder at once.
pub(crate) fn write(folder: &Path, version: u32, port: u16) -> Result<()> {
    fs::create_dir_all(folder)?;
    files(version, port, Flaw::None).iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}

/// The body that a version gives for an event, byte for byte.
pub(crate) fn reference(version: u32, id: u64, alert: u64, resolved: bool) -> String {
    let status = if resolved { "Resolved" } else { "Firing" };
    let stamps = vec![format!("\"{version}\""); STAMPS].join(",");
    format!(
        "{{\"alert\":\"{alert}\",\"id\":\"{id}\",\"stamps\":[{stamps}],\"status\":\"{status}\",\"title\":\"event {id}\"}}"
    )
}

/// For the load figures: the mapping with ten routes, all to `discard`, or every event to one sink.
pub(crate) fn ten_routes(channel: &str) -> String {
    let mut text = format!("{}\nchannel out = {channel}\nrouting main {{\n", mapping(1));
    text = text.replace("stamp_table(\"z\")", "\"1\"").replace("stamp_file(\"tail\") ?? \"gone\"", "\"1\"");
    for route in 0..9 {
        text.push_str(&format!(
            "  route r{route} when labels.alert == \"team-{route}\" or title starts with \"route {route}:\" => out\n"
        ));
    }
    text.push_str("  else => out\n}\nintegration load { keys = [env(\"LOAD_KEY\")]  stamped => routing main }\n");
    text
}

/// Mutes that look at other alerts, and hold none of the load.
pub(crate) fn mutes(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        text.push_str(&format!(
            "mute m{number} when labels.alert starts with \"rack-{number}:\" \
             while labels.alert == \"power-{number}\" same labels.s0 because \"rack {number} has no power\"\n"
        ));
    }
    text
}
