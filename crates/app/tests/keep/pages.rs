//! Pages over TLS: the printed link makes the first account, once; keys are for their owner alone.

use super::House;
use super::tls::{ask, get};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

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
