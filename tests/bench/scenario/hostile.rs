//! Slow clients, ten thousand idle connections, tricks with headers and bodies: afterwards a probe still goes all the way,
//! and the secrets are nowhere to be found.

use super::{Course, Ending, broken_where_refused};
use crate::harness::load::{PROBE, body};
use crate::harness::server::{KEY, Server, Setup};
use crate::harness::sink::{Mood, Sink};
use crate::harness::{Folder, http, micros, wait_until};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Idle connections.
const IDLE: usize = 10_000;

/// Part of the push key, of the URL of a channel, of a key for signatures, and of a key that nobody has.
const CANARIES: [&str; 4] =
    [KEY, "canary-url-5b1f0c7e9d", "Y2FuYXJ5LWhtYWMtMzFhN2M1ZTktMDAwMDAwMDA", "canary-wrong-77c1a2"];

pub(super) fn run(course: &Course) -> Ending {
    broken_where_refused(|| {
        let mut folder = Folder::new("hostile");
        let ending = ordeal(course, folder.path())?;
        folder.keep = matches!(ending, Ending::Broken(_));
        Ok(ending)
    })
}

fn ordeal(course: &Course, folder: &Path) -> Result<Ending, String> {
    let sink = Sink::start(course.seed);
    let mut setup = Setup::new(folder);
    let [_, url, hmac, wrong] = CANARIES;
    let dead = "http://127.0.0.1:1/sink/1?token=";
    setup.environment.extend([
        ("SINK_URL".to_owned(), format!("http://{}/sink/0?token={url}", sink.address)),
        ("DEAD_URL".to_owned(), format!("{dead}{url}")),
        ("SINK_HMAC".to_owned(), format!("whsec_{hmac}=")),
    ]);
    fs::create_dir_all(&setup.rules).map_err(|error| error.to_string())?;
    fs::write(setup.rules.join("hostile.rules"), RULES).map_err(|error| error.to_string())?;
    let mut server = setup.start()?;
    let mut wrongs = Vec::new();
    probe(&server, &sink).map_err(|reason| format!("before anything: {reason}"))?;

    let idle = idle_connections(setup.listen);
    let slow: Vec<TcpStream> = (0..64).filter_map(|_| slow_client(setup.listen)).collect();
    let requests = requests(wrong);
    let answers = all_at_once(setup.listen, &requests);
    for ((name, _), status) in requests.iter().zip(&answers) {
        if (500..600).contains(status) && ![501, 503, 505].contains(status) {
            wrongs.push(format!("{name}: answered with {status}"));
        }
    }
    let bodies = bodies();
    for (name, body, valid) in &bodies {
        let path = format!("/push/load?integration_key={KEY}");
        let answer = http::request(setup.listen, "POST", &path, &[("content-type", "application/json")], body);
        let status = answer.map_or(0, |(status, _)| status);
        let right = if *valid { status == 202 } else { status == 400 };
        // While idle connections hold every place, a refusal is right too.
        let crowded_out = idle.is_ok() && [0, 503].contains(&status);
        if !right && !crowded_out {
            wrongs.push(format!("body {name}: answered with {status}"));
        }
    }
    sink.set_mood(Mood::Refusing);
    server.push(&body(PROBE, micros(), false, 0));
    std::thread::sleep(Duration::from_millis(300));
    sink.set_mood(Mood::Good);
    if let Err(reason) = probe(&server, &sink) {
        wrongs.push(format!("after everything: {reason}"));
    }
    let (memory, alive) = (server.memory() >> 20, server.is_alive());
    if !alive {
        wrongs.push("the server ended".to_owned());
    }
    wrongs.extend(traces(&server, &setup));
    drop(slow);
    let idle = match idle {
        Ok(connections) => format!("{} idle connections", connections.len()),
        Err(reason) => format!("SKIPPED idle connections ({reason})"),
    };
    let figures = format!("{} requests, {} bodies, {idle}, {memory} MiB", requests.len(), bodies.len());
    if wrongs.is_empty() {
        return Ok(Ending::Kept(format!("{figures}; secrets found nowhere")));
    }
    Ok(Ending::Broken(format!("{figures}\n    {}", wrongs.join("\n    "))))
}

const RULES: &str = r#"edition 1
mapping whatever {
  severity = Warning
  status   = Firing
  title    = string($.status) ?? "nothing"
  key      = key("hostile", $.alert) ?? "hostile"
  labels { id = $.id  alert = $.alert }
}
channel sink = webhook(url = env("SINK_URL"), hmac = env("SINK_HMAC"), body = {
  id: labels.id, alert: labels.alert, stamps: [], status: status, title: title })
channel dead = webhook(url = env("DEAD_URL"))
routing main { else => sink, dead }
integration load { keys = [env("LOAD_KEY")]  whatever => routing main }
"#;

/// One event from the push to the sink.
fn probe(server: &Server, sink: &Sink) -> Result<(), String> {
    let before = sink.probes();
    let mut status = 0;
    // Idle connections hold their places until the time for their headers is over.
    let accepted = wait_until(Duration::from_secs(40), || {
        status = server.push(&body(PROBE, micros(), false, 0));
        status == 202
    });
    if !accepted {
        return Err(format!("a probe is answered with {status}"));
    }
    if wait_until(Duration::from_secs(40), || sink.probes() > before) {
        return Ok(());
    }
    Err("a probe is not delivered".to_owned())
}

fn idle_connections(to: SocketAddr) -> Result<Vec<TcpStream>, String> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if files < IDLE as u64 + 1_000 {
        return Err(format!("{files} open files are allowed"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let end = Instant::now() + Duration::from_secs(20);
    let mut connections = Vec::with_capacity(IDLE);
    runtime.block_on(async {
        for number in 0..IDLE {
            if Instant::now() > end {
                break;
            }
            let from =
                std::net::Ipv4Addr::from(u32::from(std::net::Ipv4Addr::new(127, 2, 0, 1)) + (number / 40) as u32);
            let Ok(socket) = tokio::net::TcpSocket::new_v4() else { break };
            let _ = socket.bind(SocketAddr::from((from, 0)));
            let connecting = tokio::time::timeout(Duration::from_secs(1), socket.connect(to));
            if let Ok(Ok(stream)) = connecting.await
                && let Ok(stream) = stream.into_std()
            {
                connections.push(stream);
            }
        }
    });
    Ok(connections)
}

/// A head of which only a part ever comes.
fn slow_client(to: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(1)).ok()?;
    stream.write_all(b"POST /push/load HTTP/1.1\r\nhost: x\r\nx-slow: ").ok()?;
    Some(stream)
}

/// The statuses of raw requests, each on a connection of its own; 0 where there was no answer.
fn all_at_once(to: SocketAddr, requests: &[(&str, Vec<u8>)]) -> Vec<u16> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = requests
            .iter()
            .map(|(_, bytes)| {
                scope.spawn(move || {
                    let answer = http::raw(to, bytes, Duration::from_secs(2)).unwrap_or_default();
                    http::Head::read(&answer).map_or(0, |head| head.first_number)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(0)).collect()
    })
}

fn requests(wrong: &str) -> Vec<(&'static str, Vec<u8>)> {
    let path = format!("/push/load?integration_key={KEY}");
    let head =
        |extra: &str| format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{extra}\r\n");
    let text = |name: &'static str, text: String| (name, text.into_bytes());
    vec![
        text("both lengths", head("content-length: 6\r\ntransfer-encoding: chunked\r\n") + "0\r\n\r\nX"),
        text("two lengths", head("content-length: 2\r\ncontent-length: 3\r\n") + "{}x"),
        text("a length with a sign", head("content-length: +2\r\n") + "{}"),
        text("a length beyond all", head("content-length: 99999999999999999999999\r\n") + "{}"),
        text("a length of a terabyte", head("content-length: 1099511627776\r\n") + "{}"),
        text("an odd encoding", head("transfer-encoding: xchunked\r\n") + "{}"),
        text("an encoding twice", head("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n") + "0\r\n\r\n"),
        text("a blank before the colon", head("content-length : 2\r\n") + "{}"),
        text("a folded header", head("x-a: b\r\n c\r\ncontent-length: 2\r\n") + "{}"),
        text("a header with NUL", head("x-a: \0\r\ncontent-length: 2\r\n") + "{}"),
        text("a huge header", head(&format!("x-a: {}\r\n", "a".repeat(200_000))) + "{}"),
        text("a thousand headers", head(&"x-a: b\r\n".repeat(1_000)) + "{}"),
        text("a chunk size beyond all", head("transfer-encoding: chunked\r\n") + "ffffffffffffffffff\r\n{}"),
        text("a chunk size that is none", head("transfer-encoding: chunked\r\n") + "zz\r\n{}\r\n0\r\n\r\n"),
        text("a chunk extension without end", head("transfer-encoding: chunked\r\n") + "2;" + &"a".repeat(100_000)),
        text("a chunk that never comes", head("transfer-encoding: chunked\r\n") + "5\r\n{"),
        text("trailers without end", head("transfer-encoding: chunked\r\n") + "0\r\n" + &"x: y\r\n".repeat(50_000)),
        text("gzip that is none", head("content-encoding: gzip\r\ncontent-length: 2\r\n") + "{}"),
        text("an absolute address", head("content-length: 2\r\n").replace("POST /", "POST http://evil.test/") + "{}"),
        text("no host", "GET /-/ready HTTP/1.1\r\n\r\n".to_owned()),
        text("two hosts", "GET /-/ready HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned()),
        text("HTTP/0.9", "GET /\r\n\r\n".to_owned()),
        text("HTTP/9.9", "GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_owned()),
        text("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        text("a connection upgrade", head("connection: upgrade, x\r\nupgrade: h2c\r\ncontent-length: 2\r\n") + "{}"),
        text("CONNECT", "CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test\r\n\r\n".to_owned()),
        text("a path upwards", "GET /push/../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n".to_owned()),
        text("a path of 100 kB", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000))),
        text("pipelined", (head("content-length: 2\r\n") + "{}").repeat(20)),
        text("a wrong key", head("content-length: 2\r\n").replace(KEY, wrong) + "{}"),
        text(
            "a wrong key in a header",
            head(&format!("authorization: Bearer {wrong}\r\ncontent-length: 2\r\n")) + "{}",
        ),
        text("an expectation", head("expect: 100-continue\r\ncontent-length: 2\r\n")),
        ("TLS", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0]),
        ("noise", (0..=255).cycle().take(10_000).collect()),
    ]
}

/// Bodies in the manner of `JSONTestSuite`, and whether each is valid.
fn bodies() -> Vec<(&'static str, Vec<u8>, bool)> {
    let mut bodies: Vec<(&'static str, Vec<u8>, bool)> = [
        ("an empty array", "[]", true),
        ("a lone number", "1e-2", true),
        ("a lone string", "\"\\u0000\\uD834\\uDD1E\"", true),
        ("duplicate names", r#"{"id":"1","id":"2"}"#, true),
        ("a large integer", r#"{"id":123456789012345678901234567890}"#, true),
        ("blanks", " \t\r\n{} \t\r\n", true),
        ("nothing", "", false),
        ("a blank", " ", false),
        ("a comma too many", "[1,]", false),
        ("two values", "{} {}", false),
        ("a comment", "{}/* */", false),
        ("single quotes", "{'a':1}", false),
        ("no quotes", "{a:1}", false),
        ("a leading zero", "[012]", false),
        ("a plus", "[+1]", false),
        ("a lone point", "[1.]", false),
        ("NaN", "[NaN]", false),
        ("infinity", "[-Infinity]", false),
        ("a tab in a string", "[\"\t\"]", false),
        ("a bad escape", r#"["\x00"]"#, false),
        ("half an escape", r#"["\u00A"]"#, false),
        ("an end too early", r#"{"a":"#, false),
        ("a capital true", "[True]", false),
        ("a lone colon", ":", false),
    ]
    .into_iter()
    .map(|(name, text, valid)| (name, text.as_bytes().to_vec(), valid))
    .collect();
    bodies.push(("100,000 brackets", b"[".repeat(100_000), false));
    bodies.push(("100,000 objects", br#"{"a":"#.repeat(100_000), false));
    bodies.push(("bytes that are no UTF-8", vec![b'"', 0xff, 0xfe, b'"'], false));
    bodies.push(("overlong UTF-8", vec![b'"', 0xc0, 0xaf, b'"'], false));
    bodies.push(("UTF-16", vec![0xff, 0xfe, b'{', 0, b'}', 0], false));
    bodies
}

/// Where secrets are found that should be nowhere.
fn traces(server: &Server, setup: &Setup) -> Vec<String> {
    let mut places = vec![("the log".to_owned(), fs::read(&setup.log).unwrap_or_default())];
    let paths =
        ["/metrics", "/api/v1/status", "/api/v1/integrations", "/api/v1/events", "/api/v1/dead", "/api/v1/quarantine"];
    for path in paths {
        places.push((path.to_owned(), server.admin("GET", path).1.into_bytes()));
    }
    for entry in fs::read_dir(&setup.state).into_iter().flatten().flatten() {
        let path = entry.path();
        places.push((path.display().to_string(), fs::read(&path).unwrap_or_default()));
    }
    let mut found = Vec::new();
    for (place, bytes) in places {
        for canary in CANARIES {
            if bytes.windows(canary.len()).any(|window| window == canary.as_bytes()) {
                found.push(format!("a secret stands in {place}: {}…", &canary[..10]));
            }
        }
    }
    found
}
