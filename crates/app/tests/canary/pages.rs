//! What people and programs are answered: every page, file and resource of the real server, as every role, over TLS. No
//! patient, order or secret is in any answer, nor in what is kept, logged or copied behind them.

use super::kept::{Ward, files, wait_until_kept};
use super::run;
use super::tls::{ask, fetch, get};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use wardlight_access::Role;
use wardlight_access::session::{Session, Token};
use wardlight_lab::canary::{CAGES, Scanner};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Account, Database, PATIENCE, Settings, StoredGrant, StoredSession};
use wardlight_store::projection::Column;
use wardlight_web::route;

const PASSWORD: &str = "nine lamps over the quiet ward";

/// The server with the canaries read, where it is asked, and what it writes into its log.
struct Served {
    ward: Ward,
    server: Child,
    address: String,
    link: String,
    log: Arc<Mutex<String>>,
}

impl Served {
    fn start() -> Self {
        let ward = Ward::new(61);
        let config = ward.at("wardlight.toml");
        let text = fs::read_to_string(&config).expect("a configuration") + "[web]\nlisten = \"127.0.0.1:0\"\n";
        fs::write(&config, text).expect("a configuration");
        let mut command = ward.command(&["run"]);
        let mut server = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(server.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let link = lines.find_map(|line| Some(line.split_once("make the first at https://")?.1.to_owned()));
        let link = link.expect("a link is printed");
        let (address, link) = link.split_at(link.find('/').expect("a path"));
        lines.find(|line| line.contains("pages at https://")).expect("it says where");
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines {
                *kept.lock().expect("a log") += &(line + "\n");
            }
        });
        wait_until_kept(&ward);
        Self { address: address.to_owned(), link: link.to_owned(), ward, server, log }
    }

    /// What is answered to who bears `cookie`.
    fn get(&self, path: &str, cookie: &str) -> Vec<u8> {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        fetch(&self.address, &format!("{head}Cookie: {cookie}\r\n\r\n"))
    }

    fn post(&self, path: &str, form: &str) -> String {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n");
        let kind = "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
        ask(&self.address, &format!("{head}{kind}Content-Length: {}\r\n\r\n{form}", form.len()))
    }
}

/// An account with a session for each role; their cookies.
fn roles(ward: &Ward) -> Vec<(Role, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let url = format!("sqlite:{}", ward.at("data/state.db").display());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
    let now = Time::from_micros(i64::try_from(now.as_micros()).expect("a time"));
    runtime.block_on(async {
        let settings = Settings { url, site: Id::default(), now: Time::default(), patience: PATIENCE };
        let database = Database::open(&settings).await.expect("the state opens");
        let mut cookies = Vec::new();
        for role in Role::ALL.into_iter().filter(|role| role.is_of_the_house()) {
            let (id, name) = (Id([role as u8 + 1; 16]), role.name().to_owned());
            let shown = format!("A {name}");
            let account =
                Account { id, name, shown, password: None, is_disabled: false, is_break_glass: false, made: now };
            assert!(database.put_account(&account).await.expect("written"));
            let until = Some(now.plus(86_400_000_000));
            let grant = StoredGrant { account: id, role: role.name().to_owned(), area: None, from: now, until };
            database.put_grants(id, &[grant]).await.expect("written");
            let (token, session) = (Token::new([role as u8 + 101; 32]), Session::begin(now, true));
            let (begun, seen, stepped_up) = (session.begun, session.seen, session.stepped_up);
            let kept =
                StoredSession { hash: token.hash(), account: id, begun, seen, stepped_up, is_break_glass: false };
            database.put_session(&kept).await.expect("written");
            cookies.push((role, format!("{}={}", wardlight_web::COOKIE_NAME, token.text())));
        }
        database.close().await;
        cookies
    })
}

/// The address of every page and resource, about each of `devices` where it is about one, and lists with all they can show.
fn addresses(devices: &[String]) -> Vec<String> {
    let columns: Vec<String> = Column::ALL.iter().map(|column| format!("col={}", column.name())).collect();
    let columns = columns.join("&");
    let facets = columns.replace("col=", "facet=");
    let mut all = Vec::new();
    for route in route::all() {
        let path = route.path;
        if path.contains("/devices/{id}") || path.contains("/assets/{id}") {
            all.extend(devices.iter().map(|id| path.replace("{id}", id)));
        } else if !path.contains('{') {
            all.push(path.to_owned());
        }
        if ["/devices", "/api/v1/devices"].contains(&path) || path.starts_with("/devices/export") {
            all.push(format!("{path}?{columns}"));
        }
    }
    all.push(format!("/devices?{facets}"));
    all.extend(["yes", "no"].map(|word| format!("/records?missing={word}&unlisted=yes")));
    all
}

/// What a workbook holds, unpacked.
fn unpacked(folder: &Path, answer: &[u8]) -> Vec<u8> {
    let Some(at) = answer.windows(4).position(|part| part == b"PK\x03\x04") else { return answer.to_vec() };
    let path = folder.join("workbook.zip");
    fs::write(&path, &answer[at..]).expect("written");
    match Command::new("unzip").arg("-p").arg(&path).output() {
        Ok(output) => output.stdout,
        Err(error) => {
            eprintln!("SKIPPED: unzip: {error}");
            Vec::new()
        }
    }
}

#[test]
fn no_answer_holds_a_canary() {
    let mut served = Served::start();
    let scanner = Scanner::for_canaries();
    let form = format!("name=ada&shown=Ada&password={}", PASSWORD.replace(' ', "+"));
    let made = served.post(&served.link, &form);
    assert!(made.starts_with("HTTP/1.1 303"), "{made}");
    let cookies = roles(&served.ward);
    let list = get(&served.address, "/api/v1/devices?col=id&limit=1000", &cookies[0].1);
    let devices: Vec<String> = list.split("\"id\":\"").skip(1).map(|rest| rest.chars().take(36).collect()).collect();
    assert!(devices.len() > 8, "only {} devices: {list}", devices.len());
    let (mut answered, mut said) = (0, String::new());
    for (role, cookie) in &cookies {
        // One role is told of all devices, the others of some.
        let of = if *role == Role::Admin { &devices[..] } else { &devices[..1] };
        for path in addresses(of) {
            let answer = served.get(&path, cookie);
            let what = format!("{path} for {}", role.name());
            assert!(answer.starts_with(b"HTTP/1.1 ") && !answer.starts_with(b"HTTP/1.1 5"), "{what}");
            answered += usize::from(answer.starts_with(b"HTTP/1.1 200"));
            let answer = unpacked(served.ward.at("").as_path(), &answer);
            scanner.expect_none(&what, &answer);
            let token = cookie.split_once('=').expect("a cookie").1.as_bytes();
            assert!(!answer.windows(token.len()).any(|part| part == token), "{what}: the session's token");
            if *role == Role::Admin {
                said += &String::from_utf8_lossy(&answer);
            }
        }
    }
    assert!(answered > 250, "only {answered} answers");
    // Facts that no claim rests on are kept and shown nowhere.
    let told = CAGES.into_iter().filter(|cage| said.contains(cage)).count();
    assert!(told * 4 >= CAGES.len() * 3, "only {told} names of the capture stand in any answer");
    served.server.kill().expect("it runs");
    served.server.wait().expect("it ends");
    let copied = run(&mut served.ward.command(&["backup", "make"]));
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    let secrets = cookies.iter().map(|(_, cookie)| ("a session", &*cookie.clone().leak()));
    let secrets = secrets.map(|(name, cookie)| (name, cookie.split_once('=').expect("a cookie").1));
    let secret = Scanner::new(secrets.chain([("the password", PASSWORD)]));
    let log = served.log.lock().expect("a log").clone();
    scanner.expect_none("the log", log.as_bytes());
    secret.expect_none("the log", log.as_bytes());
    let kept = [files(&served.ward.at("data")), files(&served.ward.at("backup"))].concat();
    assert!(kept.len() > 12, "only {} files", kept.len());
    for (path, bytes) in &kept {
        scanner.expect_none(&path.display().to_string(), bytes);
        secret.expect_none(&path.display().to_string(), bytes);
    }
}
