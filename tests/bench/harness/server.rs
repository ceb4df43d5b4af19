//! The server under test: the built program with folders of its own, started, killed and asked how it fares.

use super::{http, wait_until};
use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How a server is started; every start from it uses the same folders and ports.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The program.
    pub(crate) program: PathBuf,
    /// Its rules.
    pub(crate) rules: PathBuf,
    /// Its state directory.
    pub(crate) state: PathBuf,
    /// Where its standard streams go.
    pub(crate) log: PathBuf,
    /// Where pushes go.
    pub(crate) listen: SocketAddr,
    /// Where operators go.
    pub(crate) admin: SocketAddr,
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Further arguments.
    pub(crate) arguments: Vec<String>,
}

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    setup: Setup,
    /// From the start of the process to its readiness.
    pub(crate) start_time: Duration,
}

/// An address at a port that is free, and stays so while the server is down: the system takes the ports of outgoing
/// connections from 32768 on (`ip_local_port_range`), and a client that tries again and again may even meet itself there.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(7) % 12_000;
    (0..12_000)
        .find_map(|_| {
            let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
            let listener = TcpListener::bind(("127.0.0.1", u16::try_from(port).ok()?)).ok()?;
            listener.local_addr().ok()
        })
        .expect("a free port")
}

impl Setup {
    /// The release build, or what `POINTSMAN_PROGRAM` names, with rules and state below a folder, at free ports.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            program: std::env::var_os("POINTSMAN_PROGRAM")
                .map_or_else(|| env!("CARGO_BIN_EXE_pointsman").into(), PathBuf::from),
            rules: folder.join("rules"),
            state: folder.join("state"),
            log: folder.join("server.log"),
            listen: free_address(),
            admin: free_address(),
            environment: vec![("LOAD_KEY".to_owned(), KEY.to_owned())],
            arguments: Vec::new(),
        }
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log);
        let log = log.map_err(|error| error.to_string())?;
        let error_log = log.try_clone().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let child = Command::new(&self.program)
            .arg("serve")
            .args(["--rules".as_ref(), self.rules.as_os_str()])
            .args(["--state".as_ref(), self.state.as_os_str()])
            .args(["--listen", &self.listen.to_string(), "--admin", &self.admin.to_string()])
            .args(["--allow", "127.0.0.0/8"])
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let mut server = Server { child, setup: self.clone(), start_time: Duration::ZERO };
        let mut ended = None;
        let ready = wait_until(Duration::from_mins(1), || {
            ended = server.child.try_wait().ok().flatten();
            ended.is_some() || server.is_ready()
        });
        server.start_time = begun.elapsed();
        match ended {
            None if ready => Ok(server),
            None => Err(format!("not ready after 60 s\n{}", self.last_log())),
            Some(status) => Err(format!("it ended at once: {status}\n{}", self.last_log())),
        }
    }

    /// Whether the program finds no error in its rules.
    pub(crate) fn accepts_rules(&self) -> Result<bool, String> {
        let mut check = Command::new(&self.program);
        check.arg("check").arg(&self.rules).envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = check.output().map_err(|error| format!("{}: {error}", self.program.display()))?;
        Ok(output.status.success())
    }

    /// A request to the admin listener, with its token; status and body, or 0 where there was no answer.
    pub(crate) fn admin_with(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let token = fs::read_to_string(self.state.join("admin.token")).unwrap_or_default();
        let authorization = format!("Bearer {}", token.trim());
        let headers = [("authorization", &*authorization), ("content-type", "application/json")];
        let answer = http::request(self.admin, method, path, &headers, body.as_bytes());
        answer.map_or((0, String::new()), |(status, body)| (status, String::from_utf8_lossy(&body).into()))
    }

    /// A push to the integration `load`; the status, or 0 where there was no answer.
    pub(crate) fn push(&self, body: &str) -> u16 {
        let path = format!("/push/load?integration_key={KEY}");
        let headers = [("content-type", "application/json")];
        http::request(self.listen, "POST", &path, &headers, body.as_bytes()).map_or(0, |(status, _)| status)
    }

    /// The end of what it said.
    pub(crate) fn last_log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2_000)..]).into_owned()
    }
}

/// The key of the integration `load`.
pub(crate) const KEY: &str = "load-key-0123456789abcdefghijklmnopqrstuvw";

impl Server {
    /// Whether it says that it takes pushes.
    pub(crate) fn is_ready(&self) -> bool {
        http::request(self.setup.listen, "GET", "/-/ready", &[], b"").is_ok_and(|(status, _)| status == 200)
    }

    /// Whether the process runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            let _ = rustix::process::kill_process(process, signal);
        }
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; how long it took to end, and whether it ended well.
    pub(crate) fn terminate(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let well = self.child.wait().is_ok_and(|status| status.success());
        (begun.elapsed(), well)
    }

    /// The memory that it has, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.status_of_process("VmRSS:")
    }

    /// The most memory that it ever had, in bytes.
    pub(crate) fn most_memory(&self) -> u64 {
        self.status_of_process("VmHWM:")
    }

    /// The processor time that each of its threads took so far, in seconds, by their names.
    pub(crate) fn processor(&self) -> BTreeMap<String, f64> {
        let mut taken = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten() {
            let read = |file| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
            // Nanoseconds on a processor come first in `schedstat`.
            let nanoseconds = read("schedstat").split(' ').next().and_then(|first| first.parse::<f64>().ok());
            *taken.entry(read("comm").trim().to_owned()).or_default() += nanoseconds.unwrap_or_default() / 1e9;
        }
        taken
    }

    fn status_of_process(&self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) << 10
    }

    /// A request to the admin listener, with its token; status and body.
    pub(crate) fn admin(&self, method: &str, path: &str) -> (u16, String) {
        self.setup.admin_with(method, path, "")
    }

    /// A push of one event; the status.
    pub(crate) fn push(&self, body: &str) -> u16 {
        self.setup.push(body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
