//! Whom the program talks to: nobody but its own processes and the database that it was told of.
//!
//! Taken from outside, by tracing every call that reaches another.

use super::{House, server, sources};
use std::fs;
use std::process::{Command, Stdio};

/// Calls by which something could leave.
const CALLS: &str = "socket,connect,sendto,sendmsg,sendmmsg,bind,listen";

/// What in a trace by `strace -yy` is neither a local socket nor loopback.
fn strangers(trace: &str) -> Vec<&str> {
    let is_call = |line: &&str| CALLS.split(',').any(|call| line.contains(&format!(" {call}(")));
    let is_local = |line: &&str| {
        let is_unix = ["AF_UNIX", "<UNIX", "<unix:"].iter().any(|word| line.contains(word));
        is_unix || ["\"127.0.0.1\"", "[127.0.0.1:", "\"::1\"", "[[::1]:"].iter().any(|word| line.contains(word))
    };
    trace.lines().filter(is_call).filter(|line| !is_local(line)).collect()
}

#[test]
fn strangers_are_told_from_neighbours() {
    let trace = "\
        7 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3<UNIX-STREAM:[9]>\n\
        7 connect(3<UNIX-STREAM:[9]>, {sa_family=AF_UNIX, sun_path=\"here/x\"}, 110) = 0\n\
        7 sendto(3<UNIX-STREAM:[9->8]>, \"x\", 1, MSG_NOSIGNAL, NULL, 0) = 1\n\
        7 sendto(4<TCP:[127.0.0.1:5000->127.0.0.1:5432]>, \"x\", 1, 0, NULL, 0) = 1\n\
        7 connect(4<TCP:[9]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"10.0.0.1\")}, 16) = 0\n\
        7 sendto(5<UDP:[9]>, \"x\", 1, 0, {sa_family=AF_INET6, inet_pton(AF_INET6, \"2001:db8::1\")}, 28) = 1\n\
        7 socket(AF_PACKET, SOCK_RAW, 768) = 3\n\
        7 openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3\n";
    let found = strangers(trace);
    assert_eq!(found.len(), 3, "{found:?}");
}

/// Traces the program with `arguments`; `None` where it cannot be traced.
fn traced(house: &House, arguments: &[&str]) -> Option<String> {
    let trace = house.at("trace");
    let program = house.command(arguments);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-yy", "-s", "8", "-e", &format!("trace={CALLS}"), "-o"]).arg(&trace);
    strace.arg(program.get_program()).args(program.get_args()).stdout(Stdio::null());
    let Ok(output) = strace.output() else {
        eprintln!("SKIPPED: no strace: apt-get install strace");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    fs::read_to_string(trace).ok()
}

/// Reads a ward, keeps it, copies it, looks at it; on either store.
#[test]
fn nobody_outside_is_talked_to() {
    let postgres = server::Server::start();
    for store in ["sqlite:".to_owned()].into_iter().chain(postgres.iter().map(server::Server::create)) {
        let house = House::new(&store);
        let ward = house.ward();
        for arguments in [&["run", "--once", &ward][..], &["backup", "make"], &["area", "list"]] {
            let Some(trace) = traced(&house, arguments) else { return };
            assert!(strangers(&trace).is_empty(), "{arguments:?}: {:#?}", strangers(&trace));
            let talks = trace.lines().filter(|line| line.contains(" connect(")).count();
            assert!(talks > 0 || store == "sqlite:", "{arguments:?}: the database was not talked to: {trace}");
        }
    }
}

/// The sensor has one socket, that to its server, and none that reaches a network.
#[test]
fn a_sensor_has_no_way_to_a_network() {
    let house = House::new("sqlite:");
    let ward = house.ward();
    let mut server = house.serve();
    let trace = traced(&house, &["run", "--role", "sensor", "--once", &ward]);
    server.kill().expect("killed");
    server.wait().expect("gone");
    let Some(trace) = trace else { return };
    let sockets: Vec<&str> = trace.lines().filter(|line| line.contains(" socket(")).collect();
    assert!(!sockets.is_empty() && sockets.iter().all(|line| line.contains("socket(AF_UNIX")), "{sockets:#?}");
    assert!(strangers(&trace).is_empty(), "{:#?}", strangers(&trace));
}

/// What listens for flow exports receives them, answers nothing, and holds the address it was given and no other.
#[test]
fn a_listener_says_nothing() {
    let house = House::new("sqlite:");
    let port = sources::listening(&house);
    let program = house.command(&["run", "--role", "server"]);
    let trace = house.at("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-yy", "-e", &format!("trace={CALLS}"), "-o"]).arg(&trace).args(["timeout", "-s", "TERM", "8"]);
    strace.arg(program.get_program()).args(program.get_args()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut traced) = strace.spawn() else { return eprintln!("SKIPPED: no strace: apt-get install strace") };
    sources::held(port);
    sources::send(port, &[sources::v5(1), b"who are you?".to_vec()]);
    sources::standing(&house, |heard| heard["flows"] == 1 && heard["datagrams"] == 2);
    traced.wait().expect("ended");
    let trace = fs::read_to_string(trace).expect("a trace");
    let said: Vec<&str> = trace.lines().filter(|line| line.contains("UDP") || line.contains("SOCK_DGRAM")).collect();
    let bound = format!("htons({port}), sin_addr=inet_addr(\"127.0.0.1\")");
    let is_quiet = |line: &&&str| line.contains(" socket(") || line.contains(" bind(") && line.contains(&bound);
    assert!(said.len() == 2 && said.iter().all(|line| is_quiet(&line)), "{said:#?}");
    assert!(strangers(&trace).iter().all(|line| line.contains(" socket(")), "{:#?}", strangers(&trace));
}
