//! Random editing: whatever happens, the published diagnostics are those of `check` on the same texts, every request is
//! answered, and the texts of both sides are the same.

use super::client::{ClientKind, EditorClient};
use super::hostile::{METHODS, parameters};
use crate::common::Folder;
use crate::prove::generator::Random;
use lsp_server::Message;
use pointsman::ruleset::{Proofs, RuleSet, SystemClock};
use pointsman::source::{ColumnUnit, EditorLines};
use pointsman::suite::complete_check;
use pointsman::suite::files::DiskFiles;
use pointsman::time::Clock as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What is typed.
const FRAGMENTS: &[&str] = &[
    "edition 1\n",
    "\n",
    "\r\n",
    " ",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "/",
    "#",
    "## doc\n",
    "=>",
    "=",
    "==",
    "when ",
    "route new when severity == Critical => page\n",
    "else => decline\n",
    "channel extra = stdout()\n",
    "nothing because \"x\"",
    "labels.team",
    "$.alerts[*]",
    "match labels.team { \"a\" => page  else => chat }",
    "😀",
    "值",
    "ü",
    "\u{feff}",
    "\t",
    "allow W0002 because \"later\"\n",
    "test \"t\" { routing main  event {}  expect sent [page] }\n",
    "0",
    "7d",
    "and ",
    "not ",
];

const MAIN: &str = "edition 1

mapping shop {
  severity = match $.level { \"high\" => Critical  else => Warning }
  status   = Firing
  title    = $.title ?? \"an alert 😀\"
  key      = key(\"shop\", $.id) ?? \"shop\"
  labels { team = $.team ?? \"none\" }
}

integration shop { keys = [env(\"SHOP_KEY\")]  shop => routing main }

routing main {
  route urgent when severity == Critical and labels.team == \"web\" => page
  route by_team match labels.team {
    \"web\" | \"shop\" => chat
    else             => decline
  }
  else => chat
}
";

const CHANNELS: &str = "edition 1

## Who is on duty.
channel page = stdout()
channel chat = stdout()

table owner(team) -> owner from \"owners.csv\"
";

const TESTS: &str = "edition 1

test \"urgent\" {
  routing main
  event { severity: Critical, labels: { team: \"web\" } }
  expect sent [page]
}
";

const FILES: &[&str] = &["set/main.rules", "set/more/channels.rules", "set/tests.rules"];

/// How many steps were taken, and of which kind.
#[derive(Debug, Default)]
pub(crate) struct CampaignCounts {
    pub(crate) edits: usize,
    pub(crate) other: usize,
    pub(crate) requests: usize,
    pub(crate) with_findings: usize,
}

/// Edits at random.
pub(crate) fn run(steps: usize, seed: u64, kind: ClientKind) -> CampaignCounts {
    let folder = Folder::new()
        .file(FILES[0], MAIN)
        .file(FILES[1], CHANNELS)
        .file(FILES[2], TESTS)
        .file("set/more/owners.csv", "team,owner\nweb,ann\n");
    let mut campaign = EditingCampaign {
        client: EditorClient::start(folder, kind, json!({"sets": [["set"]]})),
        random: Random::new(seed),
        published: BTreeMap::new(),
        counts: CampaignCounts::default(),
        mirror: Folder::new(),
    };
    campaign.client.settle();
    campaign.client.open(FILES[0]);
    for step in 0..steps {
        let what = campaign.step();
        campaign.compare(&format!("seed {seed}, step {step}: {what}"));
    }
    for name in campaign.client.texts.keys().cloned().collect::<Vec<_>>() {
        campaign.client.close(&name);
    }
    campaign.client.settle();
    campaign.take_published();
    assert!(campaign.published.values().all(Vec::is_empty), "nothing is left after the last text is closed");
    campaign.client.end();
    campaign.counts
}

struct EditingCampaign {
    client: EditorClient,
    random: Random,
    /// The diagnostics that the client shows: code, range and message.
    published: BTreeMap<String, Vec<(String, String, String)>>,
    counts: CampaignCounts,
    /// The same texts, for `check`.
    mirror: Folder,
}

impl EditingCampaign {
    fn step(&mut self) -> String {
        let open: Vec<String> = self.client.texts.keys().cloned().collect();
        let name = (*self.random.pick(FILES)).to_owned();
        let is_open = self.client.texts.contains_key(&name);
        match self.random.below(20) {
            0 if is_open && open.len() > 1 => {
                self.counts.other += 1;
                self.client.close(&name);
                format!("close {name}")
            }
            1 if is_open => {
                self.counts.other += 1;
                self.client.save(&name);
                format!("save {name}")
            }
            2 if !is_open => {
                self.counts.other += 1;
                let text = self.disk_text(&name);
                let text = self.edited(&text).1;
                self.client.folder.write(&name, text);
                self.client.watched(&name);
                format!("disk {name}")
            }
            3 => {
                self.counts.other += 1;
                let rows = ["team,owner\nweb,ann\n", "team,owner\nweb\n", "x\n", "", "team,owner\nweb,ann\nweb,bob\n"];
                self.client.folder.write("set/more/owners.csv", self.random.pick(&rows));
                self.client.watched("set/more/owners.csv");
                "disk owners.csv".to_owned()
            }
            4 | 5 if is_open => self.restore(&name),
            6..=8 => self.ask(),
            _ if !is_open => {
                self.counts.other += 1;
                self.client.open(&name);
                format!("open {name}")
            }
            _ => {
                self.counts.edits += 1;
                let text = self.client.texts[&name].text.clone();
                let ((range, replacement), _) = self.edited(&text);
                let shown = format!("replace {name} {range:?} {replacement:?}");
                self.client.replace(&name, range, &replacement);
                shown
            }
        }
    }

    fn disk_text(&self, name: &str) -> String {
        fs::read_to_string(self.client.folder.join(name)).unwrap_or_default()
    }

    /// Undoes everything, so that the rules are sound from time to time.
    fn restore(&mut self, name: &str) -> String {
        self.counts.edits += 1;
        let original = [MAIN, CHANNELS, TESTS][FILES.iter().position(|each| *each == name).unwrap()];
        let length = self.client.texts[name].text.len();
        self.client.replace(name, 0..length, original);
        format!("restore {name}")
    }

    /// An edit of a text, and the text after it.
    fn edited(&mut self, text: &str) -> ((std::ops::Range<usize>, String), String) {
        let place = |random: &mut Random| text.floor_char_boundary(random.below(text.len() + 1));
        let start = place(&mut self.random);
        let end = if self.random.one_in(3) { start } else { text.ceil_char_boundary(start + self.random.below(30)) };
        let inserted = match self.random.below(4) {
            0 => String::new(),
            1 => {
                let from = place(&mut self.random);
                text[from..text.ceil_char_boundary((from + self.random.below(80)).min(text.len()))].to_owned()
            }
            _ => (*self.random.pick(FRAGMENTS)).to_owned(),
        };
        let mut changed = text.to_owned();
        changed.replace_range(start..end.min(text.len()), &inserted);
        ((start..end.min(text.len()), inserted), changed)
    }

    fn ask(&mut self) -> String {
        self.counts.requests += 1;
        let method = *self.random.pick(METHODS);
        let open: Vec<String> = self.client.texts.keys().cloned().collect();
        let name = self.random.pick(&open).clone();
        let uri = self.client.uri(&name);
        let length = self.client.texts[&name].text.len();
        let (one, two) = (self.random.below(length + 1), self.random.below(length + 1));
        let range = json!({"start": self.client.position(&name, one), "end": self.client.position(&name, two)});
        if let Err(reason) = self.client.request(method, parameters(&uri, &range)) {
            assert!(!reason.contains("-32603"), "{method}: {reason}");
        }
        format!("{method} {name} {one} {two}")
    }

    /// Compares what is published with what `check` says of the same texts.
    fn compare(&mut self, what: &str) {
        self.client.settle();
        self.client.compare_texts();
        self.take_published();
        let expected = self.check();
        let shown: BTreeMap<_, _> = self.published.iter().filter(|(_, found)| !found.is_empty()).collect();
        let expected: BTreeMap<_, _> = expected.iter().filter(|(_, found)| !found.is_empty()).collect();
        self.counts.with_findings += usize::from(!expected.is_empty());
        assert_eq!(shown, expected, "{what}");
    }

    fn take_published(&mut self) {
        for message in std::mem::take(&mut self.client.received) {
            let Message::Notification(each) = message else { continue };
            assert!(each.method != "window/showMessage" || each.params["type"] != 1, "{}", each.params);
            if each.method == "textDocument/publishDiagnostics" {
                let uri = each.params["uri"].as_str().unwrap().to_owned();
                let name = uri.strip_prefix(&self.client.uri("")).unwrap().to_owned();
                let found = each.params["diagnostics"].as_array().unwrap().iter().map(shown);
                self.published.insert(name, found.collect());
            }
        }
    }

    fn check(&mut self) -> BTreeMap<String, Vec<(String, String, String)>> {
        for name in FILES {
            let text = self.client.texts.get(*name).map_or_else(|| self.disk_text(name), |own| own.text.clone());
            self.mirror.write(name, text);
        }
        self.mirror.write("set/more/owners.csv", self.disk_text("set/more/owners.csv"));
        let mut loaded = RuleSet::load(&[self.mirror.join("set")], Some(SystemClock.now())).unwrap();
        complete_check(&mut loaded, &mut Proofs::default(), &DiskFiles);
        let unit = if self.client.kind == ClientKind::Utf8 { ColumnUnit::Utf8 } else { ColumnUnit::Utf16 };
        let mut found: BTreeMap<String, Vec<(String, String, String)>> = BTreeMap::new();
        for finding in &loaded.diagnostics {
            let file = loaded.sources.file(finding.span.file).unwrap();
            let name = Path::new(file.name()).strip_prefix(self.mirror.path()).unwrap().display().to_string();
            let lines = EditorLines::new(file.text());
            let position = |at: u32| {
                let position = lines.position(file.text(), at as usize, unit);
                format!("{}:{}", position.line, position.column)
            };
            let range = format!("{}-{}", position(finding.span.start), position(finding.span.end));
            let message = finding.message.replace(&self.mirror.path().display().to_string(), "");
            found.entry(name).or_default().push((finding.code.id.to_owned(), range, message));
        }
        found
    }
}

/// The code, range and first line of a diagnostic.
fn shown(diagnostic: &Value) -> (String, String, String) {
    let position = |name: &str| {
        let position = &diagnostic["range"][name];
        format!("{}:{}", position["line"], position["character"])
    };
    let range = format!("{}-{}", position("start"), position("end"));
    let message = diagnostic["message"].as_str().unwrap().lines().next().unwrap_or_default().to_owned();
    (diagnostic["code"].as_str().unwrap().to_owned(), range, message)
}
