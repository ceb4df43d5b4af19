//! The company of twelve teams, with a running gateway: a team is a line of the list and two key files.

use super::{PATIENCE, Place, Running, request, root};
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// The key of the push URL of the set.
const KEY: &str = "canary-company-0123456789-0123456789";

/// A destination that accepts everything, and tells the target of each request.
fn destination() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, heard) = channel();
    thread::spawn(move || serve(&listener, &tell));
    (address, heard)
}

fn serve(listener: &TcpListener, tell: &Sender<String>) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let (mut text, mut chunk) = (String::new(), [0; 4096]);
        while !text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.trim_end().ends_with('}')) {
            let count = stream.read(&mut chunk).unwrap_or_default();
            if count == 0 {
                break;
            }
            text.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
        let _ = tell.send(text.split(' ').nth(1).unwrap_or_default().to_owned());
    }
}

/// The set `company` with the keys of its teams; every channel posts to `address`.
struct Company {
    place: Place,
    address: String,
}

impl Company {
    fn new(address: &str) -> Self {
        let place = Place::new();
        let rules = place.rules();
        fs::copy(root().join("rules/alertmanager/alertmanager.rules"), rules.join("alertmanager.rules")).unwrap();
        let shipped = root().join("rules/company");
        let text = fs::read_to_string(shipped.join("company.rules")).unwrap();
        let host = format!("flashduty(api_host = \"http://{address}\", ");
        assert!(text.contains("flashduty("));
        fs::write(rules.join("company.rules"), text.replace("flashduty(", &host)).unwrap();
        fs::create_dir(rules.join("keys")).unwrap();
        fs::write(rules.join("keys/alertmanager.push"), KEY).unwrap();
        let company = Self { place, address: address.to_owned() };
        let teams = fs::read_to_string(shipped.join("teams.csv")).unwrap();
        let names: Vec<&str> = teams.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(names.len(), 12);
        for team in &names {
            company.add_keys(team);
        }
        company.write_teams(&teams);
        company
    }

    fn add_keys(&self, team: &str) {
        self.add_key(team, "page", &format!("canary-page-{team}-0123456789"));
        self.add_key(team, "chat", &format!("http://{}/canary-chat/{team}", self.address));
    }

    fn add_key(&self, team: &str, kind: &str, key: &str) {
        fs::write(self.place.rules().join(format!("keys/{team}.{kind}")), key).unwrap();
    }

    fn teams(&self) -> String {
        fs::read_to_string(self.place.rules().join("teams.csv")).unwrap()
    }

    fn write_teams(&self, teams: &str) {
        fs::write(self.place.rules().join("teams.csv"), teams).unwrap();
    }

    fn start(&self) -> Running {
        Running::start(&self.place, &["--allow", "127.0.0.0/8"])
    }
}

fn push(gateway: &Running, team: &str, severity: &str) {
    let body = format!(
        "{{\"version\": \"4\", \"alerts\": [{{\"status\": \"firing\", \"fingerprint\": \"{team}\", \
         \"labels\": {{\"alertname\": \"a\", \"severity\": \"{severity}\", \"team\": \"{team}\"}}}}]}}"
    );
    let path = format!("/push/company_alertmanager?integration_key={KEY}");
    let (code, answer) = request(&gateway.listen(), "POST", &path, "", body.as_bytes());
    assert_eq!(code, 202, "{answer}");
}

fn hear(heard: &Receiver<String>, wanted: &[&str]) {
    let mut got: Vec<String> =
        wanted.iter().map(|_| heard.recv_timeout(PATIENCE).expect("another request comes")).collect();
    got.sort();
    assert_eq!(got, wanted);
}

fn named<'s>(status: &'s Value, name: &str) -> Option<&'s Value> {
    status["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == name)
}

#[test]
fn a_team_is_a_line_of_the_list_and_two_key_files() {
    let (address, heard) = destination();
    let company = Company::new(&address);
    let gateway = company.start();
    push(&gateway, "payments", "critical");
    let page = |team: &str| format!("/event/push/alert/standard?integration_key=canary-page-{team}-0123456789");
    hear(&heard, &["/canary-chat/payments", &page("payments")]);
    let own = |status: &Value| status["channels"].to_string().matches("company_chat[").count();
    assert_eq!(own(&gateway.status()), 12);

    // The line alone: the rules in force stay, and the row and the files are named.
    let teams = company.teams();
    company.write_teams(&format!("{teams}fraud,Nia\n"));
    let line = gateway.err.wait("reload failed");
    assert!(line.contains("keys/fraud.chat") && line.contains("keys/fraud.page"), "{line}");
    let status = gateway.until("refused", |status| status["rules"]["failing_since"].is_string());
    assert!(status["rules"].to_string().contains("teams.csv:14"), "{:#}", status["rules"]);
    assert_eq!(status["rules"]["generation"], 1);
    push(&gateway, "fraud", "warning");
    hear(&heard, &["/canary-chat/platform", &page("platform")]);

    // The files arrive: nothing else is needed.
    company.add_key("fraud", "page", "canary-page-fraud-0123456789");
    company.add_key("fraud", "chat", &format!("http://{address}/canary-chat/fraud"));
    gateway.until("loaded", |status| status["rules"]["generation"] == 2);
    push(&gateway, "fraud", "critical");
    hear(&heard, &["/canary-chat/fraud", &page("fraud")]);
    let status = gateway.until("counted", |status| {
        named(status, "company_chat[\"fraud\"]").is_some_and(|channel| channel["delivered"] == 1)
    });
    assert_eq!(own(&status), 13);
    let (_, metrics) = gateway.ask("GET", "/metrics");
    assert!(metrics.contains("channel=\"company_chat[\\\"fraud\\\"]\""), "{metrics}");
    let shown = company.place.pointsman(&["status", "--state", "state"]).run().stdout;
    assert!(shown.contains("company_chat[\"fraud\"]"), "{shown}");
    let listed = |channel: &str| {
        let words = ["events", "--state", "state", "--channel", channel];
        company.place.pointsman(&words).finish().stdout
    };
    assert!(listed("company_chat.fraud").contains("3 delivered"), "{}", listed("company_chat.fraud"));

    let (out, err) = (gateway.out.clone(), gateway.err.clone());
    assert_eq!(gateway.end("-TERM").code(), Some(0));
    for text in [out.whole(), err.whole(), shown, metrics, status.to_string()] {
        assert!(!text.contains("canary"), "a key is shown: {text}");
    }
}

#[test]
fn what_waits_for_a_team_that_is_gone_becomes_a_dead_letter() {
    let (address, _heard) = destination();
    let company = Company::new(&address);
    company.add_key("mobile", "chat", "http://127.0.0.1:1/canary-chat/mobile");
    let gateway = company.start();
    push(&gateway, "mobile", "warning");
    let chat = "company_chat[\"mobile\"]";
    gateway.until("tried", |status| named(status, chat).is_some_and(|channel| channel["last_error"].is_object()));
    company.write_teams(&company.teams().replace("mobile,Gita\n", ""));
    gateway.until("loaded", |status| status["rules"]["generation"] == 2);
    gateway.until("given up", |status| {
        named(status, chat).is_some_and(|channel| channel["kind"].is_null() && channel["dead"] == 1)
    });
    let shown = company.place.pointsman(&["status", "--problems", "--state", "state"]).finish().stdout;
    assert!(shown.contains("pointsman dead drop --channel") && shown.contains("company_chat.mobile"), "{shown}");
    let words = ["dead", "list", "--state", "state", "--channel", "company_chat.mobile"];
    let listed = company.place.pointsman(&words).run().stdout;
    assert!(listed.contains(chat), "{listed}");
}

#[test]
fn key_files_are_waited_for_in_a_folder_that_does_not_exist_yet() {
    let (address, heard) = destination();
    let company = Company::new(&address);
    let gateway = company.start();
    let rules = company.place.rules().join("company.rules");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replace("keys/{team}.chat", "../secrets/chats/{team}/key")).unwrap();
    let line = gateway.err.wait("reload failed");
    assert!(line.contains("secrets/chats/web/key"), "{line}");
    let teams = company.teams();
    for team in teams.lines().skip(1).filter_map(|line| line.split(',').next()) {
        let folder = company.place.rules().join("../secrets/chats").join(team);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("key"), format!("http://{address}/moved/{team}")).unwrap();
    }
    gateway.until("loaded", |status| status["rules"]["generation"] == 2);
    push(&gateway, "web", "warning");
    hear(&heard, &["/moved/web"]);
}
