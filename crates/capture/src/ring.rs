//! Frames as a network interface receives them.
//!
//! In: the name of an interface. Out: each frame, where the kernel wrote it, and how many were lost. A ring of blocks is
//! shared with the kernel (packet(7), `TPACKET_V3`): no call and no copy for a frame. Never: a frame sent, or one that
//! this machine sends itself.

mod block;
mod sys;

pub use block::Caught;

use block::{frames, wipe};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use sys::Shared;

/// How rings are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingSettings {
    /// The interface, such as `span0`.
    pub interface: String,
    /// Blocks of 1 MiB for each ring; each block is handed over when it is full or 50 ms old.
    pub blocks: u32,
    /// Rings among which the kernel divides the frames, both directions of a conversation to the same.
    pub rings: u32,
}

/// Why an interface cannot be listened to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// No interface has the name, or none any more.
    #[error("there is no network interface {0}; `ip link` lists them")]
    Unknown(String),
    /// Not every program may.
    #[error("this program may not listen to {0}: it needs the capability CAP_NET_RAW, or to be run by root")]
    Forbidden(String),
    /// Its frames have no Ethernet header.
    #[error("{interface} is of hardware type {kind} (linux/if_arp.h), which is not read: name an Ethernet interface")]
    Link {
        /// The interface.
        interface: String,
        /// What the kernel says of it.
        kind: u16,
    },
    /// The kernel says no.
    #[error("cannot {doing} {interface}: {source}")]
    Kernel {
        /// What was tried.
        doing: &'static str,
        /// The interface.
        interface: String,
        /// What it says.
        source: io::Error,
    },
}

/// Frames since the ring was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Received {
    /// That reached the socket, with those lost.
    pub frames: u64,
    /// That found no room in the ring.
    pub lost: u64,
}

/// A ring of an interface.
#[derive(Debug)]
pub struct Ring {
    interface: String,
    index: u32,
    socket: OwnedFd,
    shared: Shared,
    next: usize,
    received: Received,
}

impl Ring {
    /// Begins to listen with one ring or several. Errors: [`RingError`].
    pub fn open(settings: &RingSettings) -> Result<Vec<Self>, RingError> {
        let fail = |doing: &'static str| {
            move |source: io::Error| RingError::Kernel { doing, interface: settings.interface.clone(), source }
        };
        let mut rings: Vec<Self> = Vec::new();
        for _ in 0..settings.rings.max(1) {
            let ring = Self::bound(settings)?;
            if settings.rings > 1 {
                let group = rings.first().map(|first| sys::group(first.socket.as_fd())).transpose();
                let group = group.map_err(fail("share the frames of"))?;
                sys::join(ring.socket.as_fd(), group).map_err(fail("share the frames of"))?;
            }
            rings.push(ring);
        }
        // Only now: a ring gets every frame until it shares them, and some would come twice.
        for ring in &rings {
            sys::open_ears(ring.socket.as_fd()).map_err(fail("listen to"))?;
        }
        Ok(rings)
    }

    /// A ring that passes over everything yet.
    fn bound(settings: &RingSettings) -> Result<Self, RingError> {
        let name = || settings.interface.clone();
        let fail =
            |doing: &'static str| move |source: io::Error| RingError::Kernel { doing, interface: name(), source };
        // Nothing is received until it is bound to the interface.
        let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, SocketFlags::CLOEXEC, None);
        let socket = socket.map_err(|error| match error {
            Errno::PERM | Errno::ACCESS => RingError::Forbidden(name()),
            error => RingError::Kernel { doing: "open a socket for", interface: name(), source: error.into() },
        })?;
        let index = netdevice::name_to_index(&socket, &settings.interface).map_err(|_| RingError::Unknown(name()))?;
        let kind = sys::hardware_type(socket.as_fd(), &settings.interface).map_err(fail("ask what is"))?;
        if ![libc::ARPHRD_ETHER, libc::ARPHRD_LOOPBACK].contains(&kind) {
            return Err(RingError::Link { interface: name(), kind });
        }
        sys::leave_room_for_tag(socket.as_fd()).map_err(fail("keep the VLANs of"))?;
        let shared = Shared::new(socket.as_fd(), settings.blocks.max(2)).map_err(fail("make a ring for"))?;
        sys::close_ears(socket.as_fd()).map_err(fail("listen to"))?;
        sys::take_all(socket.as_fd(), index).map_err(fail("take every frame of"))?;
        sys::bind(socket.as_fd(), index).map_err(fail("listen to"))?;
        Ok(Self { interface: name(), index, socket, shared, next: 0, received: Received::default() })
    }

    /// Waits at most `patience` for a block, and gives each frame in it to `each`; whether there was one. The frames are
    /// wiped when it returns. Errors: the interface is gone.
    pub fn next(&mut self, patience: Duration, each: impl FnMut(Caught<'_>)) -> Result<bool, RingError> {
        if !self.shared.is_ours(self.next) && !self.wait(patience)? {
            return Ok(false);
        }
        let Some(block) = self.shared.block(self.next) else { return Ok(false) };
        frames(block, each);
        wipe(block);
        self.shared.give_back(self.next);
        self.next = (self.next + 1) % self.shared.blocks();
        Ok(true)
    }

    /// Waits until the next block is full or old.
    fn wait(&self, patience: Duration) -> Result<bool, RingError> {
        let fail = |source| RingError::Kernel { doing: "wait for", interface: self.interface.clone(), source };
        let mut socket = [PollFd::new(&self.socket, PollFlags::IN | PollFlags::ERR)];
        let timeout = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        match poll(&mut socket, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(fail(error.into())),
        }
        let [socket] = socket;
        if socket.revents().contains(PollFlags::ERR) {
            match sys::pending_error(self.socket.as_fd()).map_err(fail)? {
                // Down is not gone: it may come up again.
                None | Some(Errno::NETDOWN) => {}
                Some(error) => return Err(fail(error.into())),
            }
        }
        // Of an interface that was down before it went, the kernel says nothing.
        if !self.shared.is_ours(self.next) && !self.is_there() {
            return Err(RingError::Unknown(self.interface.clone()));
        }
        Ok(self.shared.is_ours(self.next))
    }

    fn is_there(&self) -> bool {
        netdevice::name_to_index(&self.socket, &self.interface).is_ok_and(|index| index == self.index)
    }

    /// Frames so far. Errors: the kernel does not say.
    pub fn received(&mut self) -> io::Result<Received> {
        // The kernel counts from the last question.
        let [frames, lost] = sys::statistics(self.socket.as_fd())?;
        self.received.frames += u64::from(frames);
        self.received.lost += u64::from(lost);
        Ok(self.received)
    }

    /// The socket, for whoever forbids to send by it.
    #[must_use]
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
