//! Channels: from an event and parameters to the stored body, the request and what answers mean. Each case is a file in
//! `cases/channel`: the declaration, the secrets, the event, the time, the answers; what came of it stands beside it.
//!
//! The signatures that stand there were computed a second time by Python's `hmac` and `base64` over the message that each
//! receiver documents, and are the same.

use crate::arena;
use expect_test::expect_file;
use pointsman::channel::{HttpChannel, HttpResponse, RequestContext, Settings, Transport, kinds};
use pointsman::diagnostic::{DiagnosticFormat, render};
use pointsman::evaluate::{EvaluationContext, SilentObserver};
use pointsman::event::{AlertStatus, Event, Labels, MessageGroup, Severity};
use pointsman::json::ToJson;
use pointsman::model::SecretReference;
use pointsman::ruleset::RuleSet;
use pointsman::source::Sources;
use pointsman::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

#[test]
fn each_case_comes_to_what_stands_beside_it() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/channel");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for kind in kinds().iter().filter(|kind| matches!(kind.transport, Transport::Http(_))) {
        let has_case = |file: &PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(kind.name);
        assert!(files.iter().any(has_case), "`{}` has no case", kind.name);
    }
    for file in files {
        let case: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        expect_file![file.with_extension("txt")].assert_eq(&shown(&case));
    }
}

fn shown(case: &Value) -> String {
    let rules = rules(&format!("channel c = {}\n", case["channel"].as_str().unwrap()));
    let settings = resolved(&rules, &case["secrets"]).unwrap().channels.remove(0);
    let Transport::Http(http) = rules.model.channels[0].kind.transport else { panic!("it speaks no HTTP") };
    let event = event(&case["event"]);
    let rendered = rules.render(0, &event, MessageGroup::SingleEvent, &EvaluationContext::at(at(case))).unwrap();
    assert_eq!(
        rules
            .body("c", &event, MessageGroup::SingleEvent, &EvaluationContext::at(at(case)), &mut SilentObserver)
            .unwrap(),
        rendered.body
    );
    let mut text = format!("{}\n", serde_json::to_string_pretty(&rendered.body).unwrap());
    rendered.notes.iter().for_each(|note| writeln!(text, "note: {note}").unwrap());
    let stored = serde_json::to_vec(&rendered.body).unwrap();
    let attempt = RequestContext {
        body: &stored,
        idempotency_key: "01KAGQYTJ00000000000000000-0:c",
        at: at(case),
        replay: case["replay"] == true,
        hops: 1,
    };
    let channel = match (http.open)(&settings) {
        Ok(channel) => channel,
        Err(error) => return format!("{text}\nunsendable: {error}\n"),
    };
    text += &request(channel.as_ref(), &settings, &attempt);
    for answer in case["answers"].as_array().unwrap() {
        let verdict = verdict(channel.as_ref(), answer, at(case));
        writeln!(text, "\n{answer}\n  {verdict}").unwrap();
    }
    text
}

/// The request as it goes over the wire, but for a body that is the stored one.
fn request(channel: &dyn HttpChannel, settings: &Settings, attempt: &RequestContext<'_>) -> String {
    let request = match channel.request(attempt) {
        Ok(request) => request,
        Err(unsendable) => return format!("\nunsendable: {unsendable}\n"),
    };
    assert_eq!(channel.request(attempt), Ok(request.clone()), "the same attempt makes the same request");
    let debug = format!("{request:?} {settings:?}");
    assert!(!debug.contains("SECRET"), "a secret shows itself: {debug}");
    let mut text = format!("\n{} {}\n", request.method, request.url.expose());
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {}", value.expose()).unwrap();
    }
    let body = if request.body == attempt.body {
        "(the stored body)".to_owned()
    } else {
        String::from_utf8(request.body).unwrap()
    };
    text.replace(concat!("pointsman/", env!("CARGO_PKG_VERSION")), "pointsman/VERSION") + "\n" + &body + "\n"
}

fn verdict(channel: &dyn HttpChannel, answer: &Value, at: Timestamp) -> String {
    let header = |name: &str| answer["headers"][name].as_str().map(str::to_owned);
    let body = match &answer["body"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let status = answer["status"].as_u64().unwrap() as u16;
    let answer = HttpResponse { status, header: &header, body: body.as_bytes(), at };
    format!("{:?}", channel.verdict(&answer))
}

fn at(case: &Value) -> Timestamp {
    Timestamp::read(case["at"].as_str().unwrap_or("2026-11-20T12:00:00Z")).unwrap()
}

fn rules(declarations: &str) -> RuleSet {
    let mut sources = Sources::default();
    sources.add("duty/case.rules", &format!("edition 1\n{declarations}"));
    let loaded = RuleSet::from_sources(sources, &|_| Err("no tables".to_owned()), None);
    let said = render(DiagnosticFormat::Human, &loaded.diagnostics, &loaded.sources);
    loaded.rules.unwrap_or_else(|| panic!("{said}"))
}

fn resolved(
    rules: &RuleSet,
    secrets: &Value,
) -> Result<pointsman::ruleset::ResolvedSettings, Vec<pointsman::diagnostic::Diagnostic>> {
    rules.resolve(&|secret: &SecretReference, folder: &Path| {
        assert_eq!(folder, Path::new("duty"));
        let (SecretReference::Environment(name) | SecretReference::File(name)) = secret;
        secrets[&**name].as_str().map(str::to_owned).ok_or_else(|| "it is not set".to_owned().into())
    })
}

fn event(json: &Value) -> Event<'_> {
    let text = |name: &str| json[name].as_str();
    let time = |name: &str| json[name].as_str().and_then(Timestamp::read);
    let severity = Severity::ALL.into_iter().find(|severity| json["severity"] == severity.name());
    let labels = json["labels"].as_array().into_iter().flatten();
    let labels = labels.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
    Event {
        severity: severity.unwrap_or(Severity::Warning),
        status: if json["status"] == "Resolved" { AlertStatus::Resolved } else { AlertStatus::Firing },
        title: text("title").unwrap_or_default(),
        key: text("key").unwrap_or("k"),
        description: text("description"),
        labels: Labels::of(labels, arena()),
        starts_at: time("starts_at"),
        ends_at: time("ends_at"),
        link: text("link"),
        source: "arms",
        integration: None,
        notes: &[],
    }
}

/// Every kind that speaks HTTP, with all that it may mention and sign.
const ALL: &str = r#"
channel dingtalk = dingtalk(url = env("URL"), secret = env("KEY"), mention = "13800000000,all")
channel feishu = feishu(url = env("URL"), secret = env("KEY"), mention = "ou_1,all")
channel wecom = wecom(url = env("URL"), mention = "zhang,li")
channel slack = slack(url = env("URL"))
channel flashduty = flashduty(key = env("KEY"))
channel alertmanager = alertmanager(url = "http://alertmanager:9093")
channel webhook = webhook(url = env("URL"), hmac = env("KEY"))
channel own_dingtalk = dingtalk(url = env("URL"), text = "{title} {description}")
channel own_feishu = feishu(url = env("URL"), text = "{title} {description}")
channel own_wecom = wecom(url = env("URL"), text = "{title} {description}", mention = "zhang")
channel own_slack = slack(url = env("URL"), text = "{title} {description}")
channel own_flashduty = flashduty(key = env("KEY"), title = "{title}", description = "{description}")
channel own_webhook = webhook(url = env("URL"), body = { "a": title, "b": description, "c": labels, "d": "{title}" })
"#;

/// The rule set of [`ALL`], checked once.
static RULES: OnceLock<RuleSet> = OnceLock::new();

/// What is wrong with a body, by the limits that the receiver's documentation names.
fn over_limit(kind: &str, body: &Value) -> Option<String> {
    let size = serde_json::to_vec(body).unwrap().len();
    let characters = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    match kind {
        "dingtalk" => (size > 20_000).then(|| format!("{size} bytes")),
        "feishu" => (size > 20_000).then(|| format!("{size} bytes")),
        "wecom" => {
            let content = body["markdown"]["content"].as_str().unwrap();
            (content.len() > 4_096).then(|| format!("{} bytes", content.len()))
        }
        "slack" => (characters(&body["attachments"][0]["text"]) > 3_000).then(|| "text".to_owned()),
        "flashduty" => {
            let labels = body["labels"].as_object().unwrap();
            let name = |name: &str| name.chars().count() <= 128 && name.is_ascii();
            let sound = (1..=512).contains(&characters(&body["title_rule"]))
                && characters(&body["description"]) <= 2_048
                && characters(&body["alert_key"]) <= 255
                && labels.len() <= 50
                && labels.iter().all(|(key, value)| name(key) && characters(value) <= 2_048);
            (!sound).then(|| "a field".to_owned())
        }
        _ => (size > 1 << 20).then(|| format!("{size} bytes")),
    }
}

fn assert_within_limits(rules: &RuleSet, event: &Event<'_>) {
    for (position, channel) in rules.model.channels.iter().enumerate() {
        let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").unwrap());
        let rendered = rules.render(position, event, MessageGroup::SingleEvent, &context).unwrap();
        if let Some(wrong) = over_limit(channel.kind.name, &rendered.body) {
            panic!("`{}` goes beyond its limit: {wrong}", channel.name);
        }
        let again = rules.render(position, event, MessageGroup::SingleEvent, &context).unwrap();
        assert_eq!(again, rendered, "`{}` renders one event in two ways", channel.name);
    }
}

#[test]
fn a_title_of_a_mebibyte_fits_every_channel() {
    let rules = rules(ALL);
    for piece in ["x", "告", "😀", "e\u{301}", "\"", "\u{1}", "<", "&", "](", "@all ", "\n", "[TPL]"] {
        let bytes = if ["x", "😀"].contains(&piece) { 1 << 20 } else { 40 << 10 };
        let long = piece.repeat(bytes / piece.len());
        let labels: Vec<Value> = (0..3).map(|at| json!([format!("{piece}.{at}"), &long[..]])).collect();
        let event = json!({ "title": long, "description": long, "key": long, "severity": "Critical",
            "link": format!("https://a.example/{}", &long.chars().take(5_000).collect::<String>()), "labels": labels });
        assert_within_limits(&rules, &self::event(&event));
    }
    let many: Vec<Value> = (0..5_000).map(|at| json!([format!("集群{at}"), "v"])).collect();
    assert_within_limits(&rules, &event(&json!({ "title": "", "labels": many })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_the_texts_no_channel_goes_beyond_its_limit(
        title in any::<String>(),
        description in proptest::collection::vec(any::<char>(), 0..9_000),
        labels in proptest::collection::vec((any::<String>(), any::<String>()), 0..60),
        is_critical in any::<bool>(),
    ) {
        let description: String = description.into_iter().collect();
        let labels: Vec<Value> = labels.into_iter().map(|(name, value)| json!([name, value])).collect();
        let severity = if is_critical { "Critical" } else { "Info" };
        let event = json!({ "title": title, "description": description, "labels": labels, "severity": severity });
        assert_within_limits(RULES.get_or_init(|| rules(ALL)), &self::event(&event));
    }
}

/// A mention in the words of an alert mentions nobody, in the default message and in one of the rules' own.
#[test]
fn words_of_an_alert_mention_nobody() {
    let rules = rules(ALL);
    let event = json!({
        "title": "<@boss> <!channel> <at id=all></at> @all @所有人",
        "description": "<@boss> <!channel> <AT id=all></at> @all [x](http://evil.example)",
        "severity": "Warning",
        "labels": [["<@boss>", "<at user_id=\"all\">"]],
    });
    let event = self::event(&event);
    for (position, channel) in rules.model.channels.iter().enumerate() {
        let name = channel.kind.name;
        if !["dingtalk", "feishu", "wecom", "slack"].contains(&name) {
            continue;
        }
        let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").unwrap());
        let body = rules.render(position, &event, MessageGroup::SingleEvent, &context).unwrap().body;
        let mut marked_up = Vec::new();
        strings(&body, name == "feishu", &mut marked_up);
        for text in marked_up {
            for mention in ["<@", "<!", "<at", "<AT", "@all", "@所有人"] {
                assert!(!text.contains(mention), "{}: `{mention}` in {text}", channel.name);
            }
        }
        assert_ne!(body["at"]["isAtAll"], true);
    }
}

/// The texts of a body that its chat reads as markup: in a card those that are not `plain_text`.
fn strings<'b>(body: &'b Value, is_card: bool, found: &mut Vec<&'b str>) {
    match body {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, is_card, found)),
        Value::Object(members) if is_card && members.get("tag") == Some(&json!("plain_text")) => {}
        Value::Object(members) => members.values().for_each(|member| strings(member, is_card, found)),
        _ => {}
    }
}

/// The findings of `resolve`, each in one line.
fn findings(declarations: &str, secrets: &Value) -> String {
    let rules = rules(declarations);
    let found = resolved(&rules, secrets).err().unwrap_or_default();
    render(DiagnosticFormat::Short, &found, &rules.sources)
}

#[test]
fn every_secret_that_cannot_be_read_is_named_at_its_place() {
    let said = findings(
        "channel a = slack(url = env(\"HOOK\"))\nchannel b = webhook(url = secret_file(\"hook.txt\"), headers = { \"Authorization\": env(\"EMPTY\") })\n",
        &json!({ "EMPTY": "\n" }),
    );
    let expected = [
        "duty/case.rules:2:29: error[E0158]: the secret `env(\"HOOK\")` cannot be read: it is not set",
        "duty/case.rules:3:39: error[E0158]: the secret `secret_file(\"hook.txt\")` cannot be read: it is not set",
        "duty/case.rules:3:85: error[E0158]: the secret `env(\"EMPTY\")` cannot be read: it is empty",
    ];
    assert_eq!(said.lines().count(), expected.len(), "{said}");
    for (line, expected) in said.lines().zip(expected) {
        assert!(line.starts_with(expected), "{said}");
        assert!(line.contains("help: "), "{said}");
    }
}

/// What is wrong with a rule set whatever its secrets hold, `check` says without them.
#[test]
fn what_needs_no_secret_is_foreseen() {
    let foreseen = |declarations: &str| {
        let rules = rules(declarations);
        render(DiagnosticFormat::Short, &rules.check_parameters(), &rules.sources)
    };
    for (declarations, expected) in [
        ("channel c = webhook(url = \"hooks.example.com\")\n", "it is not a URL"),
        ("channel c = webhook(url = env(\"S\"), headers = { \"Host\": env(\"S\") })\n", "`Host` cannot be set"),
        ("channel c = file(path = \"../out\")\n", "out of the state directory"),
    ] {
        let said = foreseen(declarations);
        assert!(said.contains("E0159") && said.contains(expected), "{declarations}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let sound =
        "channel a = slack(url = env(\"A\"))\nchannel b = webhook(url = secret_file(\"b\"), hmac = env(\"C\"))\n";
    assert_eq!(foreseen(sound), "");
    let integration = |keys: &str| {
        foreseen(&format!(
            "mapping m {{ severity = Info  status = Firing  title = \"t\"  key = \"k\" }}\nchannel c = stdout()\n\
             integration one {{ keys = [{keys}]  m => c }}\nintegration two {{ keys = [env(\"Z\")]  m => c }}\n"
        ))
    };
    assert_eq!(integration("env(\"A\"), secret_file(\"A\")"), "");
}

#[test]
fn values_that_cannot_work_are_refused_and_never_shown() {
    let wrong = [
        ("webhook(url = env(\"S\"))", "SECRET is no address", "it is not a URL"),
        ("webhook(url = env(\"S\"))", "ftp://SECRET.example", "it is not an `http` or `https` URL"),
        ("flashduty(key = env(\"S\"), api_host = \"https://a.example/path\")", "SECRET", "more than a host"),
        ("webhook(url = \"https://a.example\", headers = { \"Host\": env(\"S\") })", "SECRET", "`Host` cannot be set"),
        (
            "webhook(url = \"https://a.example\", headers = { \"Proxy-Authorization\": env(\"S\") })",
            "SECRET",
            "cannot be set",
        ),
        (
            "webhook(url = \"https://a.example\", headers = { \"X\": env(\"S\") })",
            "SECRET\r\nHost: b",
            "control character",
        ),
        (
            "webhook(url = \"https://a.example\", headers = { \"X Y\": env(\"S\") })",
            "SECRET",
            "not the name of a header",
        ),
        ("webhook(url = \"https://a.example\", hmac = env(\"S\"))", "whsec_SECRET!", "not Base64"),
        ("webhook(url = env(\"S\"), success_path = \"$..code\")", "https://SECRET.example", "not a singular path"),
        ("file(path = \"../SECRET\")", "", "out of the state directory"),
    ];
    for (channel, secret, expected) in wrong {
        let said = findings(&format!("channel c = {channel}\n"), &json!({ "S": secret }));
        assert!(said.contains("E0159") && said.contains(expected) && !said.contains("SECRET"), "{channel}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let sound = "webhook(url = env(\"S\"), headers = { \"Authorization\": \"Bearer 告\" }, timeout = \"30s\", retry_for = \"0s\")";
    assert_eq!(findings(&format!("channel c = {sound}\n"), &json!({ "S": "https://a.example/x\r\n" })), "");
}

const MAPPING: &str = "mapping m {\n  severity = Warning\n  status = Firing\n  title = \"t\"\n  key = key(\"m\", $.a) ?? \"k\"\n}\nchannel ops = stdout()\n";

#[test]
fn a_key_is_long_and_names_one_integration() {
    let two = format!(
        "{MAPPING}integration one {{\n  keys = [env(\"A\"), env(\"B\")]\n  m => ops\n}}\nintegration two {{\n  keys = [env(\"C\")]\n  m => ops\n}}\n"
    );
    let keys = |a: &str, b: &str, c: &str| findings(&two, &json!({ "A": a, "B": b, "C": c }));
    let (first, second) = ("SECRET-0123456789-a", "SECRET-0123456789-b");
    assert_eq!(keys(first, first, second), "");
    let shared = keys(first, second, second);
    assert!(shared.contains("the integrations `one` and `two` have the same key"), "{shared}");
    assert!(keys("SECRET", second, first).contains("fewer than 16 characters"));
    assert!(keys("SECRET 0123456789-a", second, first).contains("a blank"));
    assert!(!shared.contains("SECRET"));
}

#[test]
fn a_signature_has_all_that_it_needs() {
    let with = |more: &str| {
        let one = format!("{MAPPING}integration one {{\n  keys = [env(\"A\")]\n  {more}\n  m => ops\n}}\n");
        findings(&one, &json!({ "A": "SECRET-0123456789-a", "S": "SECRET" }))
    };
    let bare = with("signature = \"generic\"");
    assert!(bare.contains("no `secret` to verify it with") && bare.contains("which header holds it"), "{bare}");
    assert!(with("signature = \"github\"").contains("no `secret`"));
    assert_eq!(with("signature = \"github\"\n  secret = env(\"S\")"), "");
    let odd = with("signature = \"generic\"\n  secret = env(\"S\")\n  header = \"X Y\"");
    assert!(odd.contains("not the name of a header"), "{odd}");
}

/// A rule test of a channel sees the request's body, whatever the kind.
#[test]
fn rule_tests_see_the_body_of_every_kind() {
    let rules = rules(
        "channel duty = flashduty(key = env(\"KEY\"), title = \"{labels.service}: {title}\")\nchannel chat = dingtalk(url = env(\"URL\"))\n\
         test \"push\" {\n  channel duty\n  event { severity: Critical, title: \"down\", labels: { service: \"pay\" } }\n  expect body { title_rule: \"pay: down\", event_status: \"Critical\", labels: { service: \"pay\" } }\n}\n\
         test \"chat\" {\n  channel chat\n  event { severity: Critical, title: \"down\" }\n  expect body { msgtype: \"markdown\", markdown: { title: \"🔴 [Critical] down\" } }\n}\n",
    );
    let report = pointsman::suite::run(
        &rules,
        &pointsman::suite::TestOptions::default(),
        &mut pointsman::suite::files::DiskFiles,
    );
    assert_eq!(report.failed(), 0, "{}", pointsman::suite::report::text::render(&report));
    assert_eq!(report.results.len(), 2);
}

/// `file` and `stdout` write the event; `discard` has no body, and a rule test of it looks at the event.
#[test]
fn kinds_without_requests_write_the_event() {
    let rules = rules("channel a = file(path = \"a.ndjson\")\nchannel b = stdout()\nchannel c = discard()\n");
    let json = json!({ "title": "t", "labels": [["a", "b"]] });
    let event = event(&json);
    let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").unwrap());
    let whole = event.to_value();
    for position in [0, 1] {
        assert_eq!(rules.render(position, &event, MessageGroup::SingleEvent, &context).unwrap().body, whole);
    }
    assert_eq!(rules.render(2, &event, MessageGroup::SingleEvent, &context), None);
    assert_eq!(rules.body("c", &event, MessageGroup::SingleEvent, &context, &mut SilentObserver).unwrap(), whole);
}
