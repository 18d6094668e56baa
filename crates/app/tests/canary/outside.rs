//! The memory of the program as a debugger takes it from outside, so that nothing in the program helps.
//!
//! The points of `WARDLIGHT_TEST_CORE` are exact, but only builds with debug assertions have them. What is shipped is
//! built by another profile, which keeps other values in other places; it must be tried as it is. `WARDLIGHT_PROGRAM`
//! names the executable to try, by default this build's, since a second build would make the test run minutes longer.
//! Mappings that are not for cores are left out by gdb as by the kernel.

use super::{TITLE, core_in};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use wardlight_lab::canary::{Scanner, canary_capture};

/// Something of the program's environment that a core always holds.
const CONTROL: &str = "WARDLIGHT_TEST_CONTROL";

pub(super) fn program() -> PathBuf {
    let named = std::env::var_os("WARDLIGHT_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_wardlight").into());
    std::path::absolute(named).expect("a path")
}

/// Runs a debugger that writes a core into `folder`; `None` when it is not installed or may not.
pub(super) fn core_by(debugger: &mut Command, folder: &Path) -> Option<PathBuf> {
    // The program forbids all others but root to look into it.
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        eprintln!("SKIPPED: only root may trace the program");
        return None;
    }
    let Ok(output) = debugger.current_dir(folder).env("DEBUGINFOD_URLS", "").stdin(Stdio::null()).output() else {
        eprintln!("SKIPPED: {:?} is not installed", debugger.get_program());
        return None;
    };
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    let core = core_in(folder);
    if core.is_none() && told.contains("ptrace") {
        eprintln!("SKIPPED: no program may be traced here: {told}");
        return None;
    }
    Some(core.unwrap_or_else(|| panic!("no core: {told}")))
}

#[track_caller]
pub(super) fn expect_no_canary(core: &Path, control: &'static str) {
    let memory = writable(&std::fs::read(core).expect("the core"));
    assert!(!Scanner::new([("control", control)]).find(&memory).is_empty(), "nothing is found in the core");
    Scanner::for_canaries().expect_none("the core", &memory);
}

/// The memory that could be written to, of a core in the form of ELF for 64 bits. The rest is the program itself, which
/// gdb keeps unlike the kernel: parts of canaries stand by chance in its list of makers.
fn writable(core: &[u8]) -> Vec<u8> {
    const LOAD: u64 = 1;
    const WRITABLE: u64 = 2;
    let number = |at: usize, length: usize| {
        core[at..at + length].iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
    };
    let place = |at: usize, length: usize| usize::try_from(number(at, length)).expect("a place in the core");
    let segments = (0..place(56, 2)).map(|n| place(32, 8) + n * place(54, 2));
    let kept = segments.filter(|at| number(*at, 4) == LOAD && number(at + 4, 4) & WRITABLE != 0);
    kept.flat_map(|at| &core[place(at + 8, 8)..][..place(at + 32, 8)]).copied().collect()
}

/// Waits until every thread of `program` has slept for a while: all that it was sent is read.
fn wait_until_idle(program: &Child) {
    let tasks = format!("/proc/{}/task", program.id());
    let is_asleep = || {
        let mut stats = std::fs::read_dir(&tasks).expect("threads").flatten().map(|task| task.path().join("stat"));
        stats.all(|stat| std::fs::read_to_string(stat).unwrap_or_default().contains(") S "))
    };
    let mut naps = 0;
    for _ in 0..1500 {
        std::thread::sleep(Duration::from_millis(20));
        naps = if is_asleep() { naps + 1 } else { 0 };
        if naps == 15 {
            return;
        }
    }
    panic!("the program does not come to rest");
}

fn memory_amid_conversations_holds_no_canary(split: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(program());
    command.args(["watch", "-"]).current_dir(folder.path()).stdin(Stdio::piped());
    let mut program = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
    let mut input = program.stdin.take().expect("its input");
    input.write_all(&canary_capture(split)).expect("sent");
    wait_until_idle(&program);
    let core = core_by(Command::new("gcore").args(["-o", "core", &program.id().to_string()]), folder.path());
    drop(input);
    assert!(program.wait().expect("it ends").success());
    if let Some(core) = core {
        expect_no_canary(&core, TITLE);
    }
}

#[test]
fn a_debugger_amid_conversations_finds_no_canary() {
    memory_amid_conversations_holds_no_canary(1460);
}

#[test]
fn a_debugger_amid_small_segments_finds_no_canary() {
    memory_amid_conversations_holds_no_canary(61);
}

#[test]
fn a_debugger_at_the_end_finds_no_canary() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("canaries.pcap"), canary_capture(61)).expect("written");
    let mut debugger = Command::new("gdb");
    debugger.args(["--batch", "--nx", "-ex", "catch syscall exit_group", "-ex", "run", "-ex", "gcore core"]);
    debugger.args(["-ex", "kill", "--args"]).arg(program());
    debugger.args(["watch", "--json", "--zeek-logs", "logs", "canaries.pcap"]).env(CONTROL, "1");
    if let Some(core) = core_by(&mut debugger, folder.path()) {
        assert!(folder.path().join("logs").is_dir(), "the program did not come to its end");
        expect_no_canary(&core, CONTROL);
    }
}
