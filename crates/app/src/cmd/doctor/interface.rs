//! Whether an interface that is listened to can stay silent.

use super::Found::{self, Unknown, Well};
use super::ill;
use std::fs;
use std::path::Path;

/// Flags of an interface (netdevice(7)).
const UP: u64 = 0x1;
const NO_ARP: u64 = 0x80;

/// What is wrong with the interface called `name`, or how many frames ever left by it.
pub(super) fn look(name: &str) -> Found {
    let folder = Path::new("/sys/class/net").join(name);
    let Some(flags) = number(&folder.join("flags")) else {
        return ill("there is no such network interface", "`ip link` lists them; mend `[sensor] interfaces`");
    };
    if flags & NO_ARP == 0 {
        return ill("it answers ARP requests, so that it is not silent", format!("run `ip link set {name} arp off`"));
    }
    if has_line(Path::new("/proc/net/if_inet6"), |words| words.last() == Some(&name)) {
        let mend = format!("run `sysctl -w net.ipv6.conf.{name}.disable_ipv6=1`");
        return ill("it has an IPv6 address and speaks for it", mend);
    }
    if has_line(Path::new("/proc/net/route"), |words| words.first() == Some(&name)) {
        let mend = format!("run `ip address flush dev {name}`; what listens needs no address");
        return ill("it has an address or a route, so that programs may send by it", mend);
    }
    if flags & UP == 0 {
        return ill("it is down and hears nothing", format!("run `ip link set {name} up`"));
    }
    match number(&folder.join("statistics/tx_packets")) {
        Some(sent) => {
            Well(format!("hears, has no address, answers nothing; {sent} frames left by it since it was made"))
        }
        None => Unknown("the system does not say whether frames left by it".to_owned()),
    }
}

/// A number in a file, also in hexadecimal.
fn number(path: &Path) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |text| u64::from_str_radix(text, 16).ok())
}

fn has_line(path: &Path, is_it: impl Fn(&[&str]) -> bool) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().any(|line| is_it(&line.split_whitespace().collect::<Vec<_>>()))
}
