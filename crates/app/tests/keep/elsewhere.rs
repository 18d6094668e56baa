//! Log-in by another house, against a real OpenID provider that runs here.

use super::House;
use super::tls::get;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use wardlight_model::{Id, Time};
use wardlight_store::database::{Account, Database, PATIENCE, Settings};

/// A program that ends with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Node with the provider's package; none when either is not here.
fn node() -> Option<Command> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = here.join("../../target/tools/node_modules");
    let given = std::env::var("NODE_PATH").unwrap_or_default();
    let command = || {
        let mut node = Command::new("node");
        node.env("NODE_PATH", format!("{given}:{}", tools.display())).current_dir(here.join("tests/browser"));
        node
    };
    let found = command().args(["-e", "require.resolve('oidc-provider')"]).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then(command)
}

/// The value of a header of an answer.
fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let is_it = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
    answer.lines().find(is_it).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
}

/// Goes where the provider leads, as a browser does, until it leads back.
fn follow(provider: &str, from: &str) -> String {
    let (mut jar, mut at) = (BTreeMap::new(), from.to_owned());
    for _ in 0..10 {
        let Some(path) = at.strip_prefix(provider).or_else(|| at.starts_with('/').then_some(at.as_str())) else {
            return at;
        };
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut stream = TcpStream::connect(provider.trim_start_matches("http://")).expect("a provider");
        let host = provider.trim_start_matches("http://");
        let lines = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            cookies.join("; ")
        );
        stream.write_all(lines.as_bytes()).expect("a request goes out");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        for line in answer.lines().filter(|line| line.to_ascii_lowercase().starts_with("set-cookie:")) {
            let pair = line.split_once(": ").and_then(|(_, pair)| pair.split(';').next()?.split_once('='));
            let (name, value) = pair.expect("a cookie");
            jar.insert(name.to_owned(), value.to_owned());
        }
        at = header(&answer, "location").unwrap_or_else(|| panic!("it leads nowhere: {answer}")).to_owned();
    }
    panic!("it leads in a ring: {at}")
}

fn cookie(answer: &str) -> String {
    header(answer, "set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned()
}

#[test]
fn another_house_vouches_for_whom_an_account_was_made() {
    let Some(mut node) = node() else {
        eprintln!("skipped: no node with oidc-provider; `npm install --prefix target/tools oidc-provider@9` brings it");
        return;
    };
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let house = House::new("sqlite:");
    let (config, secret) = (house.at("wardlight.toml"), house.at("secret"));
    fs::write(&secret, "a secret between the two\n").expect("a secret");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its mode");
    let issuer = format!("http://127.0.0.1:{port}");
    let text = fs::read_to_string(&config).expect("a configuration")
        + &format!(
            "[web]\nlisten = \"127.0.0.1:0\"\nhost = \"localhost\"\n[oidc]\nissuer = \"{issuer}\"\nclient_id = \"wardlight\"\n\
             client_secret = \"{}\"\nclaim = \"preferred_username\"\n",
            secret.display()
        );
    fs::write(&config, text).expect("a configuration");
    let server = house.command(&["run", "--role", "server"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut server = Ends(server.expect("it starts"));
    let mut lines = BufReader::new(server.0.stderr.take().expect("piped")).lines().map_while(Result::ok);
    let address = lines.find_map(|line| Some(line.split_once("pages at https://")?.1.to_owned())).expect("an address");
    // What it says from now on is read, or it would wait; and tells why where the test fails.
    std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
    let ours = format!("https://localhost:{}", address.rsplit(':').next().expect("a port"));
    let provider = node.args(["provider.mjs", &port.to_string(), &ours]).stdout(Stdio::piped()).spawn();
    let mut provider = Ends(provider.expect("node"));
    let mut said = BufReader::new(provider.0.stdout.take().expect("piped")).lines();
    let ready = said.next();
    assert!(ready.is_some_and(|line| line.is_ok_and(|line| line == "ready")), "the provider starts");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let made = Account {
        id: Id([5; 16]),
        name: "otto".to_owned(),
        shown: "Otto O.".to_owned(),
        password: None,
        is_disabled: false,
        is_break_glass: false,
        made: Time::from_seconds(0),
    };
    runtime.block_on(async {
        let url = format!("sqlite:{}", house.at("data/state.db").display());
        let settings = Settings { url, site: Id::default(), now: Time::default(), patience: PATIENCE };
        let database = Database::open(&settings).await.expect("the state opens");
        assert!(database.put_account(&made).await.expect("a state"));
        let known = Account { id: Id([6; 16]), name: "ada".to_owned(), password: Some("x".to_owned()), ..made };
        assert!(database.put_account(&known).await.expect("a state"));
        database.close().await;
    });
    let tried = |person: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a provider");
        let lines = format!("GET /person/{person} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(lines.as_bytes()).expect("a request goes out");
        stream.read_to_end(&mut Vec::new()).expect("an answer");
        let sent = get(&address, "/log-in/elsewhere?to=%2Faccount", "");
        let to = header(&sent, "location").unwrap_or_else(|| panic!("it sends nowhere: {sent}"));
        for part in ["code_challenge_method=S256", "nonce=", "state=", "response_type=code"] {
            assert!(to.contains(part), "{part}: {to}");
        }
        let back = follow(&issuer, to).trim_start_matches(&ours).to_owned();
        (back, cookie(&sent))
    };
    for person in ["otto", "otto"] {
        let (back, sent) = tried(person);
        assert!(get(&address, &back, "").starts_with("HTTP/1.1 401"), "another browser");
        let entered = get(&address, &back, &sent);
        assert_eq!(header(&entered, "location"), Some("/account"), "{entered}");
        assert!(get(&address, "/account", &cookie(&entered)).contains("You are logged in as otto"));
        assert!(get(&address, &back, &sent).starts_with("HTTP/1.1 401"), "once");
    }
    for (person, why) in [
        ("stranger", "no account here"),
        ("ada", "no account here"),
        ("otto:2", "no account here"),
        ("refused", "did not vouch"),
    ] {
        let (back, sent) = tried(person);
        let refused = get(&address, &back, &sent);
        assert!(refused.starts_with("HTTP/1.1 401") && refused.contains(why), "{person}: {refused}");
    }
    let (back, sent) = tried("otto");
    let forged = back.replace("code=", "code=x");
    assert!(!get(&address, &forged, &sent).contains("location:"), "a code that the provider never gave");
}
