//! An installation that listens to an interface, in a network of its own.

use super::House;
use std::fs::{self, File};
use std::net::UdpSocket;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

fn ip(command: &str) {
    let status = Command::new("ip").args(command.split(' ')).status().expect("`apt-get install iproute2`");
    assert!(status.success(), "ip {command}");
}

/// Frames that left by the interface, as the kernel counts them.
fn sent(interface: &str) -> u64 {
    let output = Command::new("ip").args(["-j", "-s", "link", "show", interface]).output().expect("ip");
    let links: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    links[0]["stats64"]["tx"]["packets"].as_u64().expect("a number")
}

/// The device at `address` tells its neighbours what it is (UPnP Device Architecture 2.0, 1.2.2).
fn announce(address: &str, product: &str) {
    let socket = UdpSocket::bind((address, 0)).expect("an address of the far end");
    let notify = format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\nNT: upnp:rootdevice\r\n\
         NTS: ssdp:alive\r\nUSN: uuid:2fac1234-31f8-11b4-a222-08002b34c003::upnp:rootdevice\r\n\
         LOCATION: http://{address}/description.xml\r\nSERVER: Linux/5.10 UPnP/1.0 {product}\r\n\r\n"
    );
    let _ = socket.send_to(notify.as_bytes(), "239.255.255.250:1900");
}

/// Announces it again and again until it is listed.
fn until_listed(house: &House, address: &str, product: &str) {
    let begun = Instant::now();
    loop {
        announce(address, product);
        let listed = house.run(&["devices"]);
        if String::from_utf8_lossy(&listed.stdout).contains(address) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{address} is not listed: {}", house.log());
        sleep(Duration::from_millis(500));
    }
}

impl House {
    fn listen(&self) -> Child {
        let log = File::create(self.at("log")).expect("a log");
        let mut program = self.command(&["run", "--interface", "near"]);
        program.stdout(log.try_clone().expect("a log")).stderr(log).spawn().expect("the program starts")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }
}

#[test]
fn an_interface_is_listened_to_and_nothing_is_sent_by_it() {
    let own = std::env::current_exe().expect("this program");
    let inside = "live::in_a_network_of_its_own";
    // What `/sys` tells of is the network in which it was mounted.
    let script = "mount -t sysfs sysfs /sys && exec \"$0\" \"$@\"";
    let mut unshare = Command::new("unshare");
    unshare.args(["--net", "--mount", "sh", "-c", script]).arg(own).args([inside, "--exact", "--ignored"]);
    let output = unshare.output();
    let output = output.expect("`unshare` of util-linux");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if said.contains("unshare failed") {
        eprintln!("SKIPPED: only root may make networks: {said}");
        return;
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
#[ignore = "the test before it gives it a network of its own"]
fn in_a_network_of_its_own() {
    ip("link set lo up");
    ip("link add near type veth peer name far");
    ip("link set near arp off addrgenmode none up");
    ip("link set far up");
    ip("address add 10.9.0.1/24 dev far");
    ip("address add 10.9.0.7/24 dev far");
    ip("neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev far");
    ip("route add 239.0.0.0/8 dev far");
    let before = sent("near");
    let house = House::new("sqlite:");
    let mut program = house.listen();
    until_listed(&house, "10.9.0.1", "Pump/2.1");

    // Ten thousand a second for five seconds.
    let sender = UdpSocket::bind("10.9.0.1:0").expect("a socket");
    let begun = Instant::now();
    for number in 0..50_000_u32 {
        let _ = sender.send_to(&number.to_be_bytes(), "10.9.0.2:9");
        if number % 100 == 0 {
            sleep((Duration::from_micros(100) * number).saturating_sub(begun.elapsed()));
        }
    }
    sleep(Duration::from_secs(7));
    assert!(!house.log().contains("lost"), "{}", house.log());

    // The sensor dies, is started again, and listens.
    let parent = program.id().to_string();
    assert!(Command::new("pkill").args(["-KILL", "-P", &parent]).status().expect("pkill").success());
    until_listed(&house, "10.9.0.7", "Monitor/4");
    assert!(house.log().contains("died of signal 9"), "{}", house.log());
    assert!(house.log().contains("were under way when the sensor ended"), "{}", house.log());

    let _ = sender.send_to(b"what is under way at the end is kept, too", "10.9.0.2:9");
    sleep(Duration::from_secs(1));
    assert!(Command::new("kill").args(["-TERM", &parent]).status().expect("kill").success());
    let status = program.wait().expect("it ends");
    assert!(status.success(), "{status}: {}", house.log());
    assert_eq!(sent("near"), before, "frames left by the interface that is listened to");
    assert_silent(&house);
    // The server may have ended before the sensor had sent its last.
    house.says(&["run", "--once"]);
    let state = house.state();
    let contacts = state.split("# contact").nth(1).and_then(|rest| rest.split("# device").next()).expect("contacts");
    let pair = contacts.lines().find(|line| line.contains("x0a090001") && line.contains("x0a090002")).expect("the two");
    // What was under way when the sensor died is told of as it was, and once. The last datagram may be of another hour.
    let mut numbers = pair.split(|letter: char| !letter.is_ascii_digit()).filter_map(|word| word.parse::<u64>().ok());
    assert!(numbers.any(|packets| (50_000..=50_001).contains(&packets)), "{pair}");
}

/// The doctor finds what would not let the interface be silent.
fn assert_silent(house: &House) {
    let text = fs::read_to_string(house.at("wardlight.toml")).expect("a configuration");
    fs::write(house.at("wardlight.toml"), format!("{text}[sensor]\ninterfaces = [\"near\"]\n")).expect("written");
    let says = || String::from_utf8_lossy(&house.run(&["doctor"]).stdout).into_owned();
    assert!(says().contains("✓ interface near: hears, has no address, answers nothing; "), "{}", says());
    ip("link set near down");
    assert!(says().contains("✗ interface near: it is down"), "{}", says());
    ip("link set near arp on up");
    assert!(says().contains("✗ interface near: it answers ARP"), "{}", says());
    ip("link set near arp off");
    ip("address add 10.9.0.2/24 dev near");
    assert!(says().contains("✗ interface near: it has an address"), "{}", says());
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let house = House::new("sqlite:");
    let output = house.run(&["run", "--role", "sensor", "--interface", "span9"]);
    let said = String::from_utf8_lossy(&output.stderr);
    let is_known = said.contains("there is no network interface span9") || said.contains("CAP_NET_RAW");
    assert!(!output.status.success() && is_known, "{said}");
}
