//! Who is told of events: a hook that fails, hangs, refuses and comes back, with the server killed in between; a collector.

use super::House;
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A request: its head's lines in lower case, and its body.
#[derive(Debug, Clone)]
struct Heard {
    head: Vec<String>,
    body: String,
}

impl Heard {
    fn header(&self, name: &str) -> &str {
        let line = self.head.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name} in {:?}", self.head))
    }
}

fn heard(stream: &mut TcpStream) -> Option<Heard> {
    let mut from = BufReader::new(stream.try_clone().ok()?);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        head.push(format!("{}: {value}", name.to_lowercase()));
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    Some(Heard { head, body: String::from_utf8(body).ok()? })
}

/// A hook on this machine: answers in turn as told, and well when nothing is left to try.
struct Hook {
    port: u16,
    all: Arc<Mutex<Vec<(&'static str, Heard)>>>,
}

impl Hook {
    fn open(port: u16, answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let all = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (Arc::clone(&all), answers.iter().copied().collect::<VecDeque<_>>());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(heard) = heard(&mut stream) else { continue };
                let answer = answers.pop_front().unwrap_or("204 No Content");
                kept.lock().expect("a lock").push((answer, heard));
                if answer == "hang" {
                    thread::spawn(move || (thread::sleep(Duration::from_secs(30)), stream));
                } else if answer != "close" {
                    let more = if answer.starts_with("302") { "Location: http://127.0.0.1:1/\r\n" } else { "" };
                    let _ = write!(stream, "HTTP/1.1 {answer}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n");
                }
            }
        });
        Self { port, all }
    }

    /// Waits until so many were heard.
    #[track_caller]
    fn wait(&self, count: usize) -> Vec<(&'static str, Heard)> {
        let begun = Instant::now();
        loop {
            let all = self.all.lock().expect("a lock").clone();
            if all.len() >= count {
                return all;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{all:#?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn configure(house: &House, more: &str) {
    let secret = house.at("hook.secret");
    fs::write(&secret, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n").expect("a secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a mode");
    let config = house.at("wardlight.toml");
    let text =
        fs::read_to_string(&config).expect("a configuration") + &more.replace("SECRET", &secret.display().to_string());
    fs::write(&config, text).expect("a configuration");
}

/// What `openssl` says the signature is.
fn signature(heard: &Heard, house: &House) -> String {
    let signed = house.at("signed");
    let text = format!("{}.{}.{}", heard.header("webhook-id"), heard.header("webhook-timestamp"), heard.body);
    fs::write(&signed, text).expect("written");
    let line = format!(
        "openssl dgst -sha256 -mac HMAC -macopt hexkey:000102030405060708090a0b0c0d0e0f1011121314151617 -binary {} | base64",
        signed.display()
    );
    let output = Command::new("sh").args(["-c", &line]).output().expect("openssl runs");
    format!("v1,{}", String::from_utf8_lossy(&output.stdout).trim())
}

#[test]
fn a_hook_hears_each_event_under_one_id_whatever_fails() {
    let house = House::new("sqlite:");
    let hook = Hook::open(0, &["500 Internal Server Error", "302 Found", "close", "hang"]);
    configure(
        &house,
        &format!(
            "[[webhook]]\nname = \"siem\"\nurl = \"http://127.0.0.1:{}/hook\"\nsecret = \"SECRET\"\nnear = true\n",
            hook.port
        ),
    );
    let mut server = house.serve();
    house.says(&["run", "--role", "sensor", "--once", &house.ward()]);
    let tried = hook.wait(4);
    // It hangs: the server is killed while it waits.
    server.kill().expect("killed");
    server.wait().expect("gone");
    let mut server = house.serve();
    let all = hook.wait(6);
    let id = tried[0].1.header("webhook-id").to_owned();
    let ids: Vec<&str> = all.iter().map(|(_, heard)| heard.header("webhook-id")).collect();
    assert!(ids[..5].iter().all(|tried| *tried == id), "one id, and no other event before it is told: {ids:?}");
    assert_ne!(ids[5], id, "then the next");
    for (_, heard) in &all {
        assert_eq!(heard.header("webhook-signature"), signature(heard, &house));
        let body: serde_json::Value = serde_json::from_str(&heard.body).expect("JSON");
        assert!(body["type"].is_string() && body["timestamp"].is_string() && body["data"]["words"].is_string());
        assert!(heard.head[0].starts_with("post /hook"), "{:?}", heard.head);
    }
    let bodies: String = all.iter().map(|(_, heard)| heard.body.as_str()).collect();
    assert!(bodies.contains("device.found") && bodies.contains("found: "), "{bodies}");
    server.kill().expect("killed");
    server.wait().expect("gone");
}

#[test]
fn a_collector_hears_messages_counted_in_octets() {
    let house = House::new("sqlite:");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    configure(
        &house,
        &format!(
            "[[syslog]]\nname = \"log\"\naddress = \"127.0.0.1:{port}\"\ntls = false\nform = \"ocsf\"\nevents = [\"device.found\"]\n"
        ),
    );
    let mut server = house.serve();
    house.says(&["run", "--role", "sensor", "--once", &house.ward()]);
    let (first, _) = listener.accept().expect("it comes");
    // A collector that goes hears the message again when it is back.
    drop(first);
    let (stream, _) = listener.accept().expect("it comes again");
    let mut from = BufReader::new(stream);
    for _ in 0..2 {
        let mut count = Vec::new();
        from.read_until(b' ', &mut count).expect("a count");
        let count: usize = String::from_utf8_lossy(&count).trim().parse().expect("a number");
        let mut message = vec![0; count];
        from.read_exact(&mut message).expect("a message");
        let message = String::from_utf8(message).expect("text");
        let (head, object) = message.split_once("\"] {").expect("structured parts, then an object");
        assert!(
            head.starts_with("<109>1 ") && head.contains(" wardlight ") && head.contains(" device.found [origin "),
            "{head}"
        );
        let object: serde_json::Value = serde_json::from_str(&format!("{{{object}")).expect("JSON");
        assert_eq!((&object["class_uid"], &object["type_uid"]), (&5001.into(), &500_102.into()));
    }
    server.kill().expect("killed");
    server.wait().expect("gone");
}
