//! Ways in: what leads into an account beside its password, which names accounts may have, and where a log-in leads on.

/// What a link to set up an account is called in the state.
pub const SET_UP: &str = "set-up";
/// What the code of an envelope is called there.
pub const EMERGENCY: &str = "break-glass";
/// Most signs of a name to log in with.
const NAME: usize = 64;
/// The same, of the name that others see.
const SHOWN: usize = 80;

/// `to` when it is an address of ours, else the first page.
pub fn within(to: &str) -> &str {
    let is_ours =
        to.starts_with('/') && !to.starts_with("//") && !to.contains(|c: char| c == '\\' || c.is_ascii_control());
    if is_ours { to } else { "/" }
}

/// Why `name` may not be a name to log in with; none when it may.
pub fn unfit(name: &str) -> Option<String> {
    let is_fit = (1..=NAME).contains(&name.chars().count()) && !name.contains(char::is_control);
    (!is_fit).then(|| format!("Give a name of 1 to {NAME} signs."))
}

/// What others see: as typed, or else the name to log in with.
pub fn seen(shown: &str, name: &str) -> String {
    let shown: String = shown.trim().chars().filter(|sign| !sign.is_control()).take(SHOWN).collect();
    if shown.is_empty() { name.to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for to in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "devices",
            "/a\r\nb: c",
            "/\t/evil.example",
            "/\0",
        ] {
            assert_eq!(within(to), "/", "{to}");
        }
        assert_eq!(within("/devices?q=a"), "/devices?q=a");
    }
}
