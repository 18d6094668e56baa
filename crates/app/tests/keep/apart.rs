//! The sensor beside the server: it has no more than it needs, crashes alone, and goes on.

use super::House;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The only child of process `parent`, once there is one that is not `before`.
fn child(parent: u32, before: Option<u32>) -> u32 {
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(30), "there is no sensor");
        let tasks = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let children: Vec<u32> = texts
            .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
            .collect();
        if let [pid] = children[..]
            && Some(pid) != before
        {
            return pid;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the kernel says of process `pid`.
fn said(pid: u32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:")).map(str::trim).map(str::to_owned));
    line.unwrap_or_default()
}

/// Filters of system calls that process `pid` stands under.
fn filters(pid: u32) -> u32 {
    said(pid, "Seccomp_filters").parse().unwrap_or_default()
}

/// Waits until `pid` is confined more than `server` is: it is a process before that is done.
fn confined(pid: u32, server: u32) {
    let begun = Instant::now();
    while filters(pid) <= filters(server) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the sensor keeps all its rights");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_sensor_has_nothing_it_does_not_need_crashes_alone_and_goes_on_and_dies_with_its_server() {
    let house = House::new("sqlite:");
    let folder = house.at("captures");
    fs::create_dir(&folder).expect("a folder");
    let mut command = house.command(&["run", &folder.display().to_string()]);
    let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let first = child(server.id(), None);
    confined(first, server.id());
    assert_eq!((said(first, "NoNewPrivs").as_str(), said(first, "CapEff").trim_start_matches('0')), ("1", ""));

    let killed = std::process::Command::new("kill").args(["-ABRT", &first.to_string()]).status().expect("kill");
    assert!(killed.success());
    let second = child(server.id(), Some(first));
    confined(second, server.id());
    assert!(server.try_wait().expect("asked").is_none(), "the server goes on");

    // What comes now is read by the one that was started again.
    fs::copy(house.ward(), folder.join("ward.pcap")).expect("a capture");
    let begun = Instant::now();
    while !house.says(&["devices"]).contains(" devices") {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody reads");
        std::thread::sleep(Duration::from_millis(100));
    }
    server.kill().expect("killed");
    server.wait().expect("gone");
    let begun = Instant::now();
    while fs::metadata(format!("/proc/{second}")).is_ok() && !said(second, "State").starts_with('Z') {
        assert!(begun.elapsed() < Duration::from_secs(10), "the sensor outlives its server");
        std::thread::sleep(Duration::from_millis(10));
    }
}
