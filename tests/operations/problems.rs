//! Everything is wrong at once, and a person who sees only `pointsman status --problems` learns what, and what to do.

use super::{Gateway, TOKEN, hear};
use crate::common::Folder;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up; nothing takes a tenth of it.
const PATIENCE: Duration = Duration::from_mins(2);

const RULES: &str = r#"edition 1
mapping arms {
  accept when $.alerts is not missing
  each $.alerts[*]
  severity = Critical
  status   = Firing
  title    = "disk full"
  key      = "disk"
}
channel robot    = dingtalk(url = env("ROBOT_URL"))
channel page     = webhook(url = env("PAGE_URL"))
channel intranet = webhook(url = "http://10.1.2.3/alerts")
routing main { else => robot, page, intranet }
integration shop { keys = [env("SHOP_KEY")]  arms => routing main }
"#;

/// A chat robot that is asked too often.
fn robot() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/robot/send?access_token=0123456789", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if hear(&stream).is_some() {
                let body = r#"{"errcode":130101,"errmsg":"send too fast"}"#;
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len());
                let _ = write!(&stream, "{head}\r\nconnection: close\r\n\r\n{body}");
            }
        }
    });
    url
}

fn push(listen: &str, key: &str, body: &str) -> String {
    let stream = TcpStream::connect(listen).expect("a connection");
    let start = format!("POST /push/shop?integration_key={key} HTTP/1.1\r\nhost: x\r\n");
    let rest = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    write!(&stream, "{start}{rest}connection: close\r\n\r\n{body}").expect("sent");
    let mut answer = String::new();
    (&stream).read_to_string(&mut answer).expect("answered");
    answer
}

/// Asks until there is an answer.
fn until<T>(ask: impl Fn() -> Result<T, String>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(told) => assert!(Instant::now() < end, "{told}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn everything_at_once_is_named_with_what_to_do() {
    let folder = Folder::new().file("a.rules", RULES);
    let robot = robot();
    // Nobody listens at the port of a listener that is gone.
    let dead = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let serve = folder.pointsman(["serve", "--rules", "a.rules", "--allow", "127.0.0.1", "--least-free", "1MiB"]);
    let serve = serve.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]).env("SHOP_KEY", TOKEN);
    let mut serve = serve.env("ROBOT_URL", robot).env("PAGE_URL", format!("http://{dead}/hook")).command();
    let _gateway = Gateway(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts"));
    let listen = until(|| {
        let output = folder.pointsman(["status", "--json"]).finish();
        let status: Option<serde_json::Value> = serde_json::from_str(&output.stdout).ok();
        let listen = status.as_ref().and_then(|status| status["listen"].as_str());
        listen.map(str::to_owned).ok_or(output.stderr)
    });
    let output = folder.pointsman(["status", "--problems"]).code(1).run();
    assert!(output.stdout.ends_with("\n\n1 failing\n"), "an address that is not allowed is known: {}", output.stdout);

    assert!(push(&listen, TOKEN, r#"{"alerts":[{}]}"#).starts_with("HTTP/1.1 202"));
    assert!(push(&listen, TOKEN, r#"{"alarms":[]}"#).starts_with("HTTP/1.1 422"));
    assert!(push(&listen, "wrong-0123456789-0123456789", "{}").starts_with("HTTP/1.1 404"));
    folder.write("a.rules", RULES.to_owned() + "channel chat = stout()\n");

    let expected = [
        ("held", "channel robot", "130101"),
        ("failing", "channel page", ""),
        ("blocked", "channel intranet", "--allow 10.1.2.3"),
        ("keys", "integration shop", "wrong or missing key"),
        ("rules", "rules", "a.rules:"),
        ("refused", "integration shop", "`$.alerts` is missing"),
    ];
    until(|| {
        let output = folder.pointsman(["status", "--problems", "--json"]).finish();
        let problems: Vec<serde_json::Value> = serde_json::from_str(&output.stdout).unwrap_or_default();
        let is_told = |(kind, subject, text): &(&str, &str, &str)| {
            let mut of_kind = problems.iter().filter(|problem| problem["kind"] == *kind);
            of_kind.any(|problem| {
                let is_advised = problem["fix"].as_str().is_some_and(|fix| fix.len() > 20);
                let summary = problem["summary"].as_str().unwrap_or_default();
                problem["subject"] == *subject && summary.contains(text) && is_advised
            })
        };
        let missing: Vec<_> = expected.iter().filter(|expected| !is_told(expected)).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("not told: {missing:?} in {}", output.stdout)) }
    });
    for width in [80, 160] {
        let output = folder.pointsman(["status", "--problems"]).env("COLUMNS", width.to_string()).code(1).run();
        println!("--- {width} columns\n{}", output.stdout);
        assert_eq!(output.stdout.matches("\n         to do: ").count(), output.stdout.matches("ING  ").count());
        let is_narrow = |line: &str| line.chars().count() <= width || !line.contains(' ');
        assert!(output.stdout.lines().all(is_narrow), "{}", output.stdout);
        let whole = folder.pointsman(["status"]).env("COLUMNS", width.to_string()).code(1).run();
        println!("{}", whole.stdout);
        assert!(whole.stdout.contains("FAIL  robot") && whole.stdout.contains("FAIL  shop"), "{}", whole.stdout);
    }
}
