//! A network of a command's own: loopback and nothing else, so that whatever reaches out fails.
//!
//! Linux gives every program a network of its own when asked (`unshare --net`); an ordinary user may ask within a user
//! namespace of theirs, where the system lets them.

use crate::shell;
use std::process::Command;

/// Ways to a network of one's own: as root, as an ordinary user.
const WAYS: [&[&str]; 2] = [&["--net"], &["--map-current-user", "--keep-caps", "--net"]];
/// Loopback is there from the beginning, and switched off.
const BEGIN: &str = "PATH=\"$PATH:/usr/sbin:/sbin\" ip link set lo up";

/// `command` in a network of its own. Errors: why it cannot have one, and what to do.
pub fn alone(command: &Command) -> Result<Command, String> {
    let may = |way: &&[&str]| shell::succeeds(Command::new("unshare").args(*way).args(["sh", "-c", BEGIN]));
    let Some(way) = WAYS.into_iter().find(may) else {
        let why = "no network of its own: `unshare --net` or `ip` is missing or forbidden; `apt-get install iproute2`, \
                   or run it as root";
        return Err(why.to_owned());
    };
    let mut within = Command::new("unshare");
    within.args(way).args(["sh", "-c", &format!("{BEGIN} && exec \"$0\" \"$@\"")]);
    within.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => within.env(name, value),
            None => within.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        within.current_dir(folder);
    }
    Ok(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_loopback_and_nothing_else() {
        let mut script = Command::new("sh");
        script.args(["-c", "wc -l < /proc/net/route; grep -c lo: /proc/net/dev; echo $NAME; pwd"]).env("NAME", "kept");
        let mut script = match alone(&script) {
            Ok(script) => script,
            Err(why) => return eprintln!("SKIPPED: {why}"),
        };
        let said = shell::stdout(script.current_dir("/")).expect("it runs");
        let said = String::from_utf8_lossy(&said);
        assert_eq!(said.lines().map(str::trim).collect::<Vec<_>>(), ["1", "1", "kept", "/"], "one line: the heading");
    }
}
