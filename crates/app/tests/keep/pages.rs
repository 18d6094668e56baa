//! Pages over TLS: the printed link makes the first account, once; keys are for their owner alone.

use super::House;
use super::tls::{ask, connect, get};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_printed_link_makes_the_first_account_over_tls() {
    let house = House::new("sqlite:");
    let config = house.at("wardlight.toml");
    let text = fs::read_to_string(&config).expect("a configuration") + "[web]\nlisten = \"127.0.0.1:0\"\n";
    fs::write(&config, text).expect("a configuration");
    let mut server = house
        .command(&["run", "--role", "server"])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(server.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let link = lines.find_map(|line| Some(line.split_once("make the first at https://")?.1.to_owned()));
    let link = link.expect("a link is printed");
    let (address, path) = link.split_at(link.find('/').expect("a path"));
    lines.find(|line| line.contains("pages at https://")).expect("it says where");
    assert!(get(address, path, "").starts_with("HTTP/1.1 200"));
    assert!(get(address, "/devices", "").contains("location: /log-in?to=%2Fdevices"));
    let form = "name=ada&shown=Ada&password=nine+lamps+over+the+quiet+ward";
    let made = ask(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    );
    assert!(made.starts_with("HTTP/1.1 303"), "{made}");
    let cookie = made.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a session");
    let cookie = cookie.split(';').next().unwrap_or_default();
    let devices = get(address, "/devices", cookie);
    assert!(devices.starts_with("HTTP/1.1 200") && devices.contains("No sensor has reported"), "{devices}");
    assert!(get(address, path, "").starts_with("HTTP/1.1 404"), "the link is used up");
    let mut plain = TcpStream::connect(address).expect("somebody listens");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("a request goes out");
    let mut answer = String::new();
    let _ = plain.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 2"), "nothing without TLS: {answer}");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    for key in ["web.key", "sealing.key"] {
        let mode = fs::metadata(house.at("keys").join(key)).expect("a key").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{key}");
    }
    let state = fs::read(house.at("data").join("state.db")).expect("a state");
    let token = cookie.split('=').nth(1).expect("a token").as_bytes();
    for secret in [b"nine lamps".as_slice(), token] {
        assert!(!state.windows(secret.len()).any(|part| part == secret), "a secret lies in the state");
    }
}

/// One never begins the handshake, one says nothing after it, one never ends its head.
#[test]
fn who_only_waits_is_let_go() {
    let house = House::new("sqlite:");
    let config = house.at("wardlight.toml");
    let text = fs::read_to_string(&config).expect("a configuration") + "[web]\nlisten = \"127.0.0.1:0\"\n";
    fs::write(&config, text).expect("a configuration");
    let mut command = house.command(&["run", "--role", "server"]);
    let mut server = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    let mut lines = BufReader::new(server.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let address =
        lines.find_map(|line| Some(line.split_once("pages at https://")?.1.to_owned())).expect("it says where");
    let (begun, soon) = (Instant::now(), Some(Duration::from_secs(60)));
    let mut mute = TcpStream::connect(&address).expect("somebody listens");
    let mut silent = connect(&address);
    while silent.conn.is_handshaking() {
        silent.conn.complete_io(&mut silent.sock).expect("a handshake");
    }
    let mut slow = connect(&address);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").expect("a head begins");
    for socket in [&mute, &silent.sock, &slow.sock] {
        socket.set_read_timeout(soon).expect("a time");
    }
    let mut answer = Vec::new();
    let _ = silent.read_to_end(&mut answer);
    let _ = slow.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"), "no head was whole");
    assert!((10..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    // Closed without a word: there is no session to say it in.
    assert_eq!(mute.read(&mut [0; 8]).expect("an end"), 0);
    assert!((19..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert!(get(&address, "/healthz", "").starts_with("HTTP/1.1 200"), "others are served");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
}
