//! Tables on a terminal.

use crate::{folder, said, wardlight};
use std::process::Command;

#[test]
fn tables_fit_the_terminal_and_not_a_pipe() {
    let folder = folder(&[]);
    let command = format!("{} watch", env!("CARGO_BIN_EXE_wardlight"));
    let widest = |text: &str| text.lines().skip(3).map(|line| line.trim_end().chars().count()).max();
    for columns in [60, 90] {
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("COLUMNS", columns.to_string()).current_dir(folder.path());
        let Ok(output) = script.output() else {
            eprintln!("SKIPPED: script is not installed");
            return;
        };
        let text = said(&output);
        assert!(text.contains("ADDRESS") && text.contains("too narrow for"), "{text}");
        assert!(widest(&text) <= Some(columns), "{columns}: {text}");
    }
    let piped = said(&wardlight(folder.path(), &["watch"]));
    assert!(widest(&piped) > Some(90) && !piped.contains("too narrow"), "{piped}");
}
