//! Running other programs.

use anyhow::{Context as _, Result, bail};
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The cargo that runs this program, else the one on the path.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `command` as it would be typed.
pub fn typed(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Runs `command` with its output shown. Errors: when it cannot start or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{}`", typed(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", typed(command));
    }
    Ok(())
}

/// What `command` writes to its standard output. Errors: when it cannot start or fails; the error holds what it said.
pub fn stdout(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{}`", typed(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", typed(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Whether `command` runs and succeeds; says nothing.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// Runs `command`, shows what it writes to both outputs, and gives each line to `hear`. `true` when it succeeded.
/// Errors: when it cannot start.
pub fn listen(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<bool> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    let line = typed(command);
    command.stdin(Stdio::null()).stdout(writer.try_clone().context("cannot make a pipe")?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start `{line}`"))?;
    // The pipe ends only when every writer is gone, those inside `command` as well.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    for bytes in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&bytes);
        println!("{text}");
        hear(&text);
    }
    Ok(child.wait().with_context(|| format!("lost `{line}`"))?.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_outputs_are_heard_and_failure_is_told() {
        let mut heard = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let fine = listen(&mut command, |line| heard.push(line.to_owned())).expect("sh runs");
        heard.sort();
        assert_eq!((fine, heard), (false, vec!["one".to_owned(), "two".to_owned()]));
    }

    #[test]
    fn an_error_names_the_command_and_what_it_said() {
        let error = stdout(Command::new("sh").args(["-c", "echo reason >&2; exit 1"])).expect_err("fails");
        assert!(error.to_string().contains("sh -c") && error.to_string().contains("reason"), "{error}");
    }
}
