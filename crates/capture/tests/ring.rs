//! Rings on interfaces of a network of the test's own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::thread::UnshareFlags;
use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use wardlight_capture::{Ring, RingError, RingSettings};

/// Goes to a network where nobody else is, with `lo`, and does each of `commands` of `ip` there; false, with a word, where
/// that is not possible. What this thread begins goes there with it.
fn alone(commands: &[&str]) -> bool {
    // SAFETY: only the network is another; no memory and no file descriptor is.
    #[expect(unsafe_code)]
    let moved = unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) };
    if moved.is_err() {
        eprintln!("SKIPPED: only root may make networks");
        return false;
    }
    for command in ["link set lo up"].iter().chain(commands) {
        let status = Command::new("ip").args(command.split(' ')).status().expect("`apt-get install iproute2`");
        assert!(status.success(), "ip {command}");
    }
    true
}

/// Two interfaces that are the ends of one wire.
const PAIR: &[&str] = &["link add near type veth peer name far", "link set near up", "link set far up"];

fn ring(interface: &str, blocks: u32) -> Ring {
    rings(interface, blocks, 1).remove(0)
}

fn rings(interface: &str, blocks: u32, rings: u32) -> Vec<Ring> {
    Ring::open(&RingSettings { interface: interface.to_owned(), blocks, rings }).expect("rings")
}

/// Frames that come within `patience` of the one before.
fn frames(ring: &mut Ring, patience: Duration) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < patience {
        let before = all.len();
        ring.next(Duration::from_millis(20), |frame| all.push(frame.bytes.to_vec())).unwrap();
        if all.len() > before {
            last = Instant::now();
        }
    }
    all
}

/// What a UDP datagram to port 9 in an untagged Ethernet frame carries.
fn datagram(frame: &[u8]) -> Option<&[u8]> {
    let ip = frame.get(14..).filter(|_| frame.get(12..14) == Some(&[8, 0]))?;
    let udp = ip.get(20..).filter(|_| ip.get(9) == Some(&17))?;
    (udp.get(2..4)? == [0, 9]).then(|| udp.get(8..)).flatten()
}

#[test]
fn every_frame_comes_once_in_order_and_is_counted() {
    const MANY: u32 = 50_000;
    if !alone(&[]) {
        return;
    }
    let mut ring = ring("lo", 8);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sending = thread::spawn(move || {
        for number in 0..MANY {
            sender.send_to(&number.to_be_bytes(), "127.0.0.1:9").unwrap_or_default();
            if number % 100 == 0 {
                // At most ten thousand a second.
                thread::sleep(Duration::from_millis(10));
            }
        }
    });
    let found = frames(&mut ring, Duration::from_secs(1));
    sending.join().unwrap();
    let found: Vec<u32> =
        found.iter().filter_map(|frame| Some(u32::from_be_bytes(*datagram(frame)?.first_chunk()?))).collect();
    assert!(found.iter().copied().eq(0..MANY), "{} of {MANY} came", found.len());
    let received = ring.received().unwrap();
    assert_eq!(received.lost, 0);
    assert!(received.frames >= u64::from(MANY), "{received:?}");
}

#[test]
fn what_finds_no_room_is_counted() {
    const MANY: u64 = 10_000;
    if !alone(&[]) {
        return;
    }
    // Nobody refuses what comes there.
    let _receiver = UdpSocket::bind("127.0.0.1:9").unwrap();
    let mut ring = ring("lo", 2);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..MANY {
        sender.send_to(&[7; 1400], "127.0.0.1:9").unwrap();
    }
    let received = ring.received().unwrap();
    let found = u64::try_from(frames(&mut ring, Duration::from_millis(300)).len()).unwrap();
    assert!(found > 500 && received.lost > 5_000, "{found}, {received:?}");
    assert_eq!((received.frames, received.lost + found), (MANY, MANY));
}

/// Sends a frame as it is.
fn send(interface: &str, frame: &[u8]) {
    let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, SocketFlags::CLOEXEC, None).unwrap();
    // SAFETY: an address of numbers alone.
    #[expect(unsafe_code)]
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).unwrap();
    address.sll_ifindex = name_to_index(&socket, interface).unwrap().cast_signed();
    let length = libc::socklen_t::try_from(size_of_val(&address)).unwrap();
    // SAFETY: the pointer is to an address of this length, which outlives the call.
    #[expect(unsafe_code)]
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    assert_eq!(bound, 0);
    assert_eq!(rustix::io::write(&socket, frame).unwrap(), frame.len());
}

#[test]
fn a_vlan_tag_that_the_kernel_took_out_is_there_again() {
    if !alone(PAIR) {
        return;
    }
    let mut ring = ring("near", 4);
    let tagged = b"\x02far..\x02near.\x81\0\x20\x05\x88\xb5what is tagged stays tagged, and is long enough for a frame";
    let doubly = b"\x02far..\x02near.\x88\xa8\0\x07\x81\0\0\x05\x88\xb5what is tagged twice stays so, and is long enough for a frame";
    let plain = b"\x02far..\x02near.\x88\xb5what has no tag gets none, and is long enough for a frame, too";
    [&tagged[..], doubly, plain].into_iter().for_each(|frame| send("far", frame));
    let found = frames(&mut ring, Duration::from_millis(500));
    let ours: Vec<&[u8]> = found.iter().map(Vec::as_slice).filter(|frame| frame.starts_with(b"\x02far")).collect();
    assert_eq!(ours, [&tagged[..], doubly, plain]);
}

#[test]
fn the_other_end_of_the_wire_hears_nothing_of_a_ring() {
    let silent =
        ["link add near type veth peer name far", "link set far up", "link set near arp off addrgenmode none up"];
    if !alone(&silent) {
        return;
    }
    let mut far = ring("far", 4);
    let mut near = ring("near", 4);
    frames(&mut near, Duration::from_millis(300));
    near.received().unwrap();
    drop(near);
    drop(ring("near", 4));
    let heard: Vec<Vec<u8>> = frames(&mut far, Duration::from_millis(500));
    assert!(heard.is_empty(), "{heard:x?}");
}

#[test]
fn rings_of_a_group_share_the_frames_by_conversation() {
    if !alone(&[]) {
        return;
    }
    let mut rings = rings("lo", 4, 2);
    let senders: Vec<UdpSocket> = (0..64).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let receiver = UdpSocket::bind("127.0.0.1:9").unwrap();
    for round in 0..10 {
        for sender in &senders {
            sender.send_to(&[round], "127.0.0.1:9").unwrap();
            // And back.
            receiver.send_to(&[round], sender.local_addr().unwrap()).unwrap();
        }
    }
    let mut conversations = [BTreeSet::new(), BTreeSet::new()];
    let mut count = 0;
    for (ring, conversations) in rings.iter_mut().zip(&mut conversations) {
        for frame in frames(ring, Duration::from_millis(300)) {
            count += 1;
            let ports = BTreeSet::from([&frame[34..36], &frame[36..38]].map(<[u8]>::to_vec));
            conversations.insert(ports);
        }
    }
    let [one, other] = conversations;
    assert_eq!((count, one.len() + other.len()), (1280, 64), "both directions of a conversation are together");
    assert!(one.len() > 8 && other.len() > 8, "{} and {}", one.len(), other.len());
}

#[test]
fn no_frame_comes_twice_while_rings_are_opened() {
    if !alone(&[]) {
        return;
    }
    let _receiver = UdpSocket::bind("127.0.0.1:9").unwrap();
    for _ in 0..5 {
        let (sender, stop) = (UdpSocket::bind("127.0.0.1:0").unwrap(), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&stop);
        let sending = thread::spawn(move || {
            let mut number = 0_u32;
            while !is_over.load(Ordering::SeqCst) {
                sender.send_to(&number.to_be_bytes(), "127.0.0.1:9").unwrap();
                number += 1;
                thread::sleep(Duration::from_micros(20));
            }
        });
        thread::sleep(Duration::from_millis(20));
        let mut rings = rings("lo", 4, 4);
        thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::SeqCst);
        sending.join().unwrap();
        let all = rings.iter_mut().flat_map(|ring| frames(ring, Duration::from_millis(150)));
        let mut numbers: Vec<Vec<u8>> = all.filter_map(|frame| datagram(&frame).map(<[u8]>::to_vec)).collect();
        let count = numbers.len();
        assert!(count > 100, "{count}");
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}

#[test]
fn two_programs_may_share_an_interface_each_among_its_own_rings() {
    if !alone(&[]) {
        return;
    }
    let _receiver = UdpSocket::bind("127.0.0.1:9").unwrap();
    let mut programs = [rings("lo", 4, 2), rings("lo", 4, 2)];
    for _ in 0..50 {
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(&[1], "127.0.0.1:9").unwrap();
    }
    for rings in &mut programs {
        let heard: usize = rings.iter_mut().map(|ring| frames(ring, Duration::from_millis(300)).len()).sum();
        assert_eq!(heard, 50);
    }
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    if !alone(&[]) {
        return;
    }
    let error = Ring::open(&RingSettings { interface: "span9".to_owned(), blocks: 2, rings: 1 }).unwrap_err();
    assert!(matches!(&error, RingError::Unknown(name) if name == "span9"), "{error}");
    assert_eq!(error.to_string(), "there is no network interface span9; `ip link` lists them");
}

#[test]
fn an_interface_that_goes_ends_the_ring_with_its_name() {
    for before in [&[][..], &["link set near down", "link set near up"], &["link set near down"]] {
        if !alone(PAIR) {
            return;
        }
        let mut ring = ring("near", 2);
        for command in before {
            assert!(Command::new("ip").args(command.split(' ')).status().unwrap().success());
            ring.next(Duration::from_millis(50), |_| {}).expect("down is not gone");
        }
        assert!(Command::new("ip").args(["link", "delete", "near"]).status().unwrap().success());
        let begun = Instant::now();
        let error = loop {
            match ring.next(Duration::from_millis(50), |_| {}) {
                Err(error) => break error,
                Ok(_) => assert!(begun.elapsed() < Duration::from_secs(5), "it goes on, {before:?}"),
            }
        };
        assert!(matches!(&error, RingError::Unknown(name) if name == "near"), "{error}");
    }
}
