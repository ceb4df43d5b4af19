//! Secrets of every sort, each with the word CANARY in it, go through whatever may fail; then everything that the gateway
//! wrote or said is searched for them.

use super::{Place, Running, request, root};
use crate::common::Run;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

const CANARY: &str = "CANARY";

/// One channel for each way of failing: name, its parameters, the address of its destination.
const CHANNELS: [(&str, &str, &str); 9] = [
    (
        "refuses",
        "headers = { \"X-Secret\": env(\"S_HEADER\") }, hmac = env(\"S_HMAC\")",
        "http://HOST/400/CANARY-refuses-0123456789?token=CANARY-query-1",
    ),
    (
        "redirects",
        "headers = { \"Authorization\": env(\"S_HEADER\") }",
        "http://HOST/302/CANARY-redirects-0123456789?token=CANARY-query-2",
    ),
    ("fails", "headers = { \"X-Secret\": env(\"S_HEADER\") }", "http://HOST/500/CANARY-fails-0123456789"),
    ("vanishes", "hmac = env(\"S_HMAC\")", "http://HOST/gone/CANARY-vanishes-0123456789"),
    ("accepts", "hmac = env(\"S_HMAC\")", "http://CANARY-user:CANARY-password@HOST/200/CANARY-accepts-0123456789"),
    ("unknown", "", "http://nowhere.invalid/CANARY-unknown-0123456789"),
    ("mistaken", "", "https://HOST/CANARY-mistaken-0123456789"),
    ("blocked", "", "http://10.1.2.3/CANARY-blocked-0123456789"),
    ("closed", "", "http://127.0.0.1:1/CANARY-closed-0123456789?token=CANARY-query-3"),
];

/// Channels with secrets within their texts: an address, a header, and those of a member of a family.
const COMPOSED: [(&str, &str); 2] = [
    (
        "composed",
        "url = \"http://HOST/400/{env(\"S_PART\")}?t={secret_file(\"secrets/part\")}\", headers = { \"Authorization\": \"Bearer {env(\"S_TOKEN\")}\" }",
    ),
    (
        "member[team] in [\"a\"]",
        "url = \"http://HOST/500/{team}/{secret_file(\"secrets/{team}.part\")}\", headers = { \"X-Team\": \"{team} {env(\"S_TOKEN\")}\" }",
    ),
];

const SECRETS: [(&str, &str); 6] = [
    ("S_PART", "CANARY-part-0123456789"),
    ("S_TOKEN", "CANARY7"),
    ("S_HEADER", "Bearer CANARY-header-0123456789"),
    ("S_HMAC", "whsec_Q0FOQVJZLWhtYWMtMDEyMzQ1Njc4OQ=="),
    ("S_KEY", "CANARY-key-0123456789-0123456789"),
    ("S_SIGNATURE", "CANARY-signature-0123456789"),
];

/// A destination that answers with everything that it was sent.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 16 << 10];
            let count = stream.read(&mut bytes).unwrap_or_default();
            let heard = String::from_utf8_lossy(&bytes[..count]).into_owned();
            let target = heard.split(' ').nth(1).unwrap_or_default().to_owned();
            let status = target.get(1..4).unwrap_or_default();
            if !matches!(status, "200" | "302" | "400" | "500") {
                continue;
            }
            let length = heard.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nLocation: http://{target}\r\nServer: {target}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            let _ = stream.write_all(format!("{answer}{heard}").as_bytes());
        }
    });
    address
}

fn with_secrets(run: Run, host: &str) -> Run {
    let run = SECRETS.iter().fold(run, |run, (name, secret)| run.env(name, secret));
    CHANNELS
        .iter()
        .fold(run, |run, (name, _, url)| run.env(&format!("S_URL_{}", name.to_uppercase()), url.replace("HOST", host)))
}

fn rules(place: &Place, host: &str) {
    let names = CHANNELS.map(|(name, ..)| name).join(", ") + ", composed, member[\"a\"]";
    let mut text = String::from("edition 1\n");
    for (name, parameters, _) in CHANNELS {
        let comma = if parameters.is_empty() { "" } else { ", " };
        let variable = name.to_uppercase();
        text.push_str(&format!("channel {name} = webhook(url = env(\"S_URL_{variable}\"){comma}{parameters})\n"));
    }
    for (name, parameters) in COMPOSED {
        text.push_str(&format!("channel {name} = webhook({})\n", parameters.replace("HOST", host)));
    }
    text.push_str(&format!("routing everywhere {{ else => {names} }}\n"));
    text.push_str(
        "integration leaky { keys = [env(\"S_KEY\"), secret_file(\"secrets/key\")]  arms => routing everywhere }\n",
    );
    text.push_str("integration signed { keys = [secret_file(\"secrets/other\")]  signature = \"github\"  secret = env(\"S_SIGNATURE\")  arms => routing everywhere }\n");
    fs::write(place.rules().join("leaky.rules"), text).unwrap();
    fs::create_dir_all(place.rules().join("secrets")).unwrap();
    fs::write(place.rules().join("secrets/key"), "CANARY-file-0123456789-0123456789\n").unwrap();
    fs::write(place.rules().join("secrets/part"), "CANARY-file-part-0123456789\n").unwrap();
    fs::write(place.rules().join("secrets/a.part"), "CANARY-member-part-0123456789\n").unwrap();
    fs::write(place.rules().join("secrets/other"), "CANARY-other-0123456789-0123456789\n").unwrap();
}

/// Pushes of every sort; the first is accepted.
fn push(gateway: &Running) -> Vec<(u16, String)> {
    let listen = gateway.status()["listen"].as_str().unwrap().to_owned();
    let sample = fs::read(root().join("rules/arms/samples/severity-critical.json")).unwrap();
    let good = "/push/leaky?integration_key=CANARY-key-0123456789-0123456789";
    let file = "Authorization: Bearer CANARY-file-0123456789-0123456789\r\n";
    let other = "X-Integration-Key: CANARY-other-0123456789-0123456789\r\n";
    let wrong = "X-Hub-Signature-256: sha256=CANARY\r\n";
    let pushes: [(&str, &str, &[u8]); 11] = [
        (good, "", &sample),
        ("/push/leaky", file, &sample),
        (good, "", b"{\"no\": \"JSON"),
        (good, "", b"{\"no\": \"alert\"}"),
        (good, "Content-Encoding: br\r\n", b"x"),
        (good, "Content-Type: image/CANARY\r\n", b"x"),
        ("/push/leaky?integration_key=CANARY-wrong-0123456789", "", &sample),
        ("/push/CANARY-name?integration_key=CANARY-wrong-0123456789", file, &sample),
        ("/push/signed", other, &sample),
        ("/push/signed", &format!("{other}{wrong}"), &sample),
        ("/CANARY/path?integration_key=CANARY-wrong-0123456789", "", &sample),
    ];
    pushes.iter().map(|(path, headers, body)| request(&listen, "POST", path, headers, body)).collect()
}

/// Files below a folder, with what they hold.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("ballast") {
            found.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
        }
    }
}

/// Texts are compared in lower case.
fn holds(text: &str, secret: &str) -> bool {
    text.contains(&secret.to_ascii_lowercase())
}

#[test]
fn no_secret_comes_out_anywhere() {
    let place = Place::new();
    let host = echo();
    rules(&place, &host);
    let serve = place.serve(&["--log-level", "trace", "--allow", "127.0.0.0/8", "--poll", "--poll-interval", "1h"]);
    let gateway = Running::of(&place, with_secrets(serve, &host));
    let mut said: Vec<(String, Vec<u8>)> = Vec::new();
    let answers = push(&gateway);
    let codes: Vec<u16> = answers.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [202, 202, 400, 422, 415, 415, 404, 404, 401, 401, 404]);
    said.extend(answers.into_iter().map(|(code, body)| (format!("answer {code}"), body.into_bytes())));
    gateway.until("tried by every channel", |status| {
        let tried = |channel: &Value| channel["last_error"].is_object() || channel["delivered"].as_u64() > Some(0);
        let ours = |channel: &&Value| !channel["name"].as_str().unwrap().starts_with("demo");
        status["channels"].as_array().unwrap().iter().filter(ours).all(tried)
    });

    // Reloads that fail, by a secret that is missing, one that is none, and rules that are wrong.
    let leaky = place.rules().join("leaky.rules");
    let text = fs::read_to_string(&leaky).unwrap();
    let mut reload = |text: &str| {
        fs::write(&leaky, text).unwrap();
        let (code, body) = gateway.ask("POST", "/-/reload");
        said.push((format!("reload {code}"), body.into_bytes()));
        assert_eq!(code, 400);
    };
    reload(&text.replace("env(\"S_HMAC\")", "env(\"S_NONE\")"));
    reload(&text.replace("env(\"S_URL_FAILS\")", "env(\"S_KEY\")"));
    reload(&text.replace("else =>", "else ="));
    fs::write(place.rules().join("secrets/key"), b"CANARY-file\xff").unwrap();
    reload(&text);

    for path in [
        "/metrics",
        "/-/ready",
        "/api/v1/status",
        "/api/v1/integrations",
        "/api/v1/channels",
        "/api/v1/rules",
        "/api/v1/events",
        "/api/v1/dead",
        "/api/v1/quarantine",
        "/api/v1/quarantine/plan",
        "/api/v1/replay",
        "/CANARY",
    ] {
        said.push((path.to_owned(), gateway.ask("GET", path).1.into_bytes()));
    }
    let events: Value = serde_json::from_str(&gateway.ask("GET", "/api/v1/events").1).unwrap();
    let id = events["items"][0]["id"].as_str().or(events["items"][0]["event"].as_str()).expect("an event").to_owned();
    for words in [
        vec!["status"],
        vec!["status", "--json"],
        vec!["events"],
        vec!["events", &id],
        vec!["dead", "list"],
        vec!["quarantine", "list"],
        vec!["explain", "--event", &id],
    ] {
        let finished = with_secrets(place.pointsman(&words), &host).args(["--state", "state"]).finish();
        let (out, err) = (finished.stdout, finished.stderr);
        assert!(out.len() > 20, "{words:?}: {out}{err}");
        said.push((words.join(" "), (out + &err).into_bytes()));
    }
    fs::write(place.rules().join("secrets/key"), "CANARY-file-0123456789-0123456789\n").unwrap();
    for (name, ..) in CHANNELS {
        let send = place.pointsman(&["send", name, "--rules", "rules", "--allow", "127.0.0.0/8"]);
        // The secrets of integrations are none of its business.
        let send = with_secrets(send, &host).env_remove("S_KEY").env_remove("POINTSMAN_DEMO_KEY");
        let finished = send.code(i32::from(name != "accepts")).run();
        said.push((format!("send {name}"), (finished.stdout + &finished.stderr).into_bytes()));
    }
    for name in ["composed", "member.a"] {
        let send = place.pointsman(&["send", name, "--rules", "rules", "--allow", "127.0.0.0/8"]);
        let finished = with_secrets(send, &host).env_remove("S_KEY").code(1).run();
        assert!(finished.stdout.contains("<secret>"), "{}", finished.stdout);
        said.push((format!("send {name}"), (finished.stdout + &finished.stderr).into_bytes()));
    }
    let check = with_secrets(place.serve(&["--check", "--allow", "127.0.0.0/8"]), &host).finish();
    said.push(("serve --check".to_owned(), (check.stdout + &check.stderr).into_bytes()));
    let token = gateway.token.clone();
    let (out, err) = (gateway.out.clone(), gateway.err.clone());
    // The journal as a crash leaves it, with its log, and once more in order.
    files(&place.state(), &mut said);
    assert_eq!(gateway.end("-TERM").code(), Some(0));
    files(&place.state(), &mut said);
    said.push(("stdout".to_owned(), out.whole().into_bytes()));
    said.push(("stderr".to_owned(), err.whole().into_bytes()));
    assert!(said.iter().any(|(name, bytes)| name == "stderr" && bytes.len() > 2_000), "the log tells something");
    let mut echoed = 0;
    for (name, bytes) in &said {
        let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
        echoed += usize::from(text.contains("token=<secret>") || text.contains("/<secret>"));
        for (_, secret) in SECRETS.iter().chain(&[("", CANARY)]) {
            let at = text.find(&secret.to_ascii_lowercase());
            let near: Option<String> = at.map(|at| text[at..].chars().take(100).collect());
            assert!(!holds(&text, secret), "{name} holds {secret}: {near:?}");
        }
        assert!(name.ends_with("/admin.token") || !holds(&text, &token), "{name} holds the admin token");
    }
    assert!(echoed >= 5, "what the destination repeated is shown, and masked: {echoed}");
}
