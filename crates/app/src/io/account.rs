//! Who is at the other end of a local socket, by the word of the kernel.

use rustix::net::sockopt::socket_peercred;
use std::io;
use std::os::unix::net::UnixStream;

/// The account that opened the other end of `stream`: `name (uid 1000)`, or `uid 1000` when this machine's list of
/// accounts does not name it. Errors: what the kernel says.
pub fn peer(stream: &UnixStream) -> io::Result<String> {
    let uid = socket_peercred(stream)?.uid.as_raw();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    Ok(name(&accounts, uid).map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})")))
}

/// The name of `uid` in `accounts`, which is laid out as passwd(5) says.
fn name(accounts: &str, uid: u32) -> Option<&str> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_account_with_the_number_is_meant() {
        let accounts = "root:x:0:0::/root:/bin/sh\nbroken\n::7\nmayer:x:1000:7::/home:/bin/sh\nalias:x:1000:7:::\n";
        assert_eq!([0, 1000, 7, 1].map(|uid| name(accounts, uid)), [Some("root"), Some("mayer"), None, None]);
    }

    #[test]
    fn the_kernel_says_who_is_there() {
        let (here, _there) = UnixStream::pair().expect("a pair");
        let uid = rustix::process::getuid().as_raw();
        assert!(peer(&here).expect("said").contains(&format!("uid {uid}")));
    }
}
