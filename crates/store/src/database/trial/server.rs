//! A PostgreSQL server of our own: in a temporary folder, on a socket only, gone with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The user that runs the server when root runs the tests: PostgreSQL refuses to run as root.
const NOBODY: &str = "65534";

pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    running: Mutex<Child>,
    made: AtomicU32,
}

impl Server {
    /// `None` when PostgreSQL is not installed; a failure when it must be.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("WARDLIGHT_REQUIRE_POSTGRES").is_none(),
                "PostgreSQL is required and not installed: apt-get install postgresql"
            );
            eprintln!("SKIPPED: PostgreSQL is not installed: apt-get install postgresql");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("wl-pg-").tempdir().unwrap();
        let made = run(
            "sh",
            &["-c", &format!("chmod 0700 {0} && (test $(id -u) != 0 || chown {NOBODY} {0})", folder.path().display())],
        );
        assert!(made, "the folder of the server");
        let store = folder.path().join("store");
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb.arg("-D").arg(&store).args(["-U", "wardlight", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        // Sorts as people do, unlike SQLite: what relies on a server's own order fails.
        let done = initdb.args(["--locale-provider=icu", "--icu-locale=en", "--no-sync"]).output().unwrap();
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
        let running = Mutex::new(launch(&programs, folder.path()));
        let server = Self { folder, programs, running, made: AtomicU32::new(0) };
        server.wait();
        Some(server)
    }

    /// Makes a database; gives its address.
    pub fn create(&self) -> String {
        let name = format!("case_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let done = self.client("createdb").args(["-T", "template0", &name]).output().unwrap();
        assert!(done.status.success(), "createdb: {}", String::from_utf8_lossy(&done.stderr));
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://wardlight@{socket}/{name}")
    }

    /// Ends it as its operator would, and starts it again.
    pub fn restart(&self) {
        self.stop("-INT");
        self.start_again();
    }

    /// Ends it without warning, and starts it again.
    pub fn crash(&self) {
        self.stop("-KILL");
        self.start_again();
    }

    /// Ends it at once, as `pg_ctl stop -m immediate` does.
    pub fn end(&self) {
        self.stop("-QUIT");
    }

    /// Starts it again after it was ended.
    pub fn begin(&self) {
        self.start_again();
    }

    /// Sends `signal` to the server and to every child of it.
    pub fn signal_all(&self, signal: &str) {
        let server = self.running.lock().unwrap().id().to_string();
        let children = Command::new("pgrep").args(["-P", &server]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        for id in std::iter::once(server.as_str()).chain(children.split_whitespace()) {
            assert!(run("kill", &[signal, id]), "signal to {id}");
        }
    }

    fn start_again(&self) {
        *self.running.lock().unwrap() = launch(&self.programs, self.folder.path());
        self.wait();
    }

    fn stop(&self, signal: &str) {
        let mut child = self.running.lock().unwrap();
        assert!(run("kill", &[signal, &child.id().to_string()]), "signal to the server");
        child.wait().unwrap();
    }

    fn wait(&self) {
        let begin = Instant::now();
        while !self.client("pg_isready").arg("-q").status().unwrap().success() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the server does not start");
            // After a kill, a new server waits in vain until the last child of the old one is gone.
            let mut child = self.running.lock().unwrap();
            if child.try_wait().unwrap().is_some() {
                *child = launch(&self.programs, self.folder.path());
            }
            drop(child);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn client(&self, program: &str) -> Command {
        let mut client = Command::new(self.programs.join(program));
        client.arg("-h").arg(self.folder.path()).args(["-U", "wardlight"]);
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.running.lock().unwrap();
        // Immediate: its children end with it, and nobody needs what it holds.
        run("kill", &["-QUIT", &child.id().to_string()]);
        let _ = child.wait();
    }
}

fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort();
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let folders = versions.into_iter().rev().map(|version| version.join("bin")).chain(on_path.into_iter().flatten());
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_isready").exists())
}

fn launch(programs: &Path, folder: &Path) -> Child {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    let mut server = unprivileged(&programs.join("postgres"));
    server.arg("-D").arg(folder.join("store")).arg("-k").arg(folder).args(["-h", "", "-c", "fsync=off"]);
    server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

/// `program`, run by somebody who is not root. `setpriv` becomes the program: signals reach it.
fn unprivileged(program: &Path) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.env("LC_ALL", "C.UTF-8").current_dir("/");
    command
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).status().unwrap().success()
}
