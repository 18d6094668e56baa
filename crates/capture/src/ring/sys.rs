//! What rustix does not know of packet sockets: their options, their ring, their address.
//!
//! The only place that shares memory with the kernel. A block belongs to one side at a time: its status word says to
//! which, and is read before and written after everything else.

use super::block::TAG;
use memmap2::{Advice, MmapOptions, MmapRaw};
use rustix::io::Errno;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes of a block.
const BLOCK: usize = 1 << 20;
/// Room for one frame that the kernel reckons with; longer ones take more.
const FRAME: usize = 1 << 11;
/// When a block that is not full is handed over, in milliseconds.
const OLD: u32 = 50;
/// Where the status word stands in a block, behind version and offset.
const STATUS: usize = 8;

/// Blocks that kernel and program hand each other.
#[derive(Debug)]
pub struct Shared(MmapRaw);

impl Shared {
    /// A ring of `blocks` blocks for `socket`. Errors: no memory.
    pub fn new(socket: BorrowedFd<'_>, blocks: u32) -> io::Result<Self> {
        set(socket, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as libc::c_int))?;
        let number = |size: usize| u32::try_from(size).map_err(io::Error::other);
        let request = libc::tpacket_req3 {
            tp_block_size: number(BLOCK)?,
            tp_block_nr: blocks,
            tp_frame_size: number(FRAME)?,
            tp_frame_nr: number(BLOCK / FRAME)?.saturating_mul(blocks),
            tp_retire_blk_tov: OLD,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set(socket, libc::PACKET_RX_RING, &request)?;
        let length = BLOCK.saturating_mul(usize::try_from(blocks).map_err(io::Error::other)?);
        let map = MmapOptions::new().len(length).map_raw(socket.as_raw_fd())?;
        map.advise(Advice::DontDump)?;
        Ok(Self(map))
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> usize {
        self.0.len() / BLOCK
    }

    /// Whether the kernel has handed over the block.
    pub fn is_ours(&self, block: usize) -> bool {
        self.status(block).is_some_and(|status| status.load(Ordering::Acquire) & libc::TP_STATUS_USER != 0)
    }

    /// The bytes of a block that is ours.
    pub fn block(&mut self, block: usize) -> Option<&mut [u8]> {
        if !self.is_ours(block) {
            return None;
        }
        let begin = self.0.as_mut_ptr().wrapping_add(block.checked_mul(BLOCK)?);
        // SAFETY: the block lies within the mapping, as `is_ours` has seen, and the mapping lives as long as `self`, which is
        // lent as a whole; the kernel writes to no block that is ours, and there is no other reference to this one.
        #[expect(unsafe_code)]
        Some(unsafe { std::slice::from_raw_parts_mut(begin, BLOCK) })
    }

    /// Hands a block to the kernel.
    pub fn give_back(&mut self, block: usize) {
        if let Some(status) = self.status(block) {
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
        }
    }

    fn status(&self, block: usize) -> Option<&AtomicU32> {
        let at = block.checked_mul(BLOCK).filter(|at| *at < self.0.len())? + STATUS;
        let word = self.0.as_mut_ptr().wrapping_add(at).cast::<u32>();
        // SAFETY: the word lies within the mapping, which lives as long as `self`, at a multiple of four; while the kernel
        // may write to it, only this reference reads it.
        #[expect(unsafe_code)]
        Some(unsafe { AtomicU32::from_ptr(word) })
    }
}

/// Lets the kernel leave room before each frame for the VLAN tag that it takes out, and pass over what this machine sends.
pub fn leave_room_for_tag(socket: BorrowedFd<'_>) -> io::Result<()> {
    set(socket, libc::PACKET_RESERVE, &libc::c_int::try_from(TAG).map_err(io::Error::other)?)?;
    set(socket, libc::PACKET_IGNORE_OUTGOING, &1)
}

/// Lets the interface hand over frames that are for others, as long as the socket lives.
pub fn take_all(socket: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let request = libc::packet_mreq {
        mr_ifindex: index.cast_signed(),
        mr_type: libc::c_ushort::try_from(libc::PACKET_MR_PROMISC).map_err(io::Error::other)?,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    set(socket, libc::PACKET_ADD_MEMBERSHIP, &request)
}

/// Passes over every frame, until [`open_ears`].
pub fn close_ears(socket: BorrowedFd<'_>) -> io::Result<()> {
    // A program of classic BPF that takes no byte of any frame (linux/bpf_common.h: BPF_RET of a constant).
    let mut take_nothing = [libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: 0 }];
    let program = libc::sock_fprog { len: 1, filter: take_nothing.as_mut_ptr() };
    set_at(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Takes frames from now on.
pub fn open_ears(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_at(socket, libc::SOL_SOCKET, libc::SO_DETACH_FILTER, &0)
}

/// Divides frames among the sockets of a group by their conversation; fragments go where their first one goes. A socket
/// without a `group` begins one.
pub fn join(socket: BorrowedFd<'_>, group: Option<u16>) -> io::Result<()> {
    // A group does not ask its sockets whether they pass over what this machine sends.
    let how = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_DEFRAG | libc::PACKET_FANOUT_FLAG_IGNORE_OUTGOING;
    let how = if group.is_none() { how | libc::PACKET_FANOUT_FLAG_UNIQUEID } else { how };
    set(socket, libc::PACKET_FANOUT, &(how << 16 | u32::from(group.unwrap_or_default())))
}

/// The number of the group that a socket has joined.
pub fn group(socket: BorrowedFd<'_>) -> io::Result<u16> {
    let mut found: libc::c_int = 0;
    get(socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &mut found)?;
    let [a, b, ..] = found.cast_unsigned().to_le_bytes();
    Ok(u16::from_le_bytes([a, b]))
}

/// Begins to receive from the interface with this number.
pub fn bind(socket: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::c_ushort::try_from(libc::AF_PACKET).map_err(io::Error::other)?,
        sll_protocol: u16::try_from(libc::ETH_P_ALL).map_err(io::Error::other)?.to_be(),
        sll_ifindex: index.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the pointer is to an address of this length, which outlives the call.
    #[expect(unsafe_code)]
    let outcome = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length_of(&address)) };
    done(outcome)
}

/// Frames and lost frames since this was asked last.
pub fn statistics(socket: BorrowedFd<'_>) -> io::Result<[u32; 2]> {
    let mut found = [0_u32; 3];
    get(socket, libc::SOL_PACKET, libc::PACKET_STATISTICS, &mut found)?;
    let [frames, lost, _] = found;
    Ok([frames, lost])
}

/// What went wrong with the socket since this was asked last.
pub fn pending_error(socket: BorrowedFd<'_>) -> io::Result<Option<Errno>> {
    let mut found: libc::c_int = 0;
    get(socket, libc::SOL_SOCKET, libc::SO_ERROR, &mut found)?;
    Ok((found != 0).then(|| Errno::from_raw_os_error(found)))
}

/// What kind of hardware the interface is (linux/if_arp.h).
pub fn hardware_type(socket: BorrowedFd<'_>, interface: &str) -> io::Result<u16> {
    let mut name = [0; libc::IFNAMSIZ];
    // The last byte stays zero.
    for (to, from) in name.iter_mut().take(libc::IFNAMSIZ - 1).zip(interface.bytes()) {
        *to = libc::c_char::from_ne_bytes([from]);
    }
    let nothing = libc::sockaddr { sa_family: 0, sa_data: [0; 14] };
    let mut request = libc::ifreq { ifr_name: name, ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_hwaddr: nothing } };
    // SAFETY: the kernel reads the name and writes a hardware address into the union, which is as large as it may be.
    #[expect(unsafe_code)]
    let kind = unsafe {
        done(libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut request))?;
        request.ifr_ifru.ifru_hwaddr.sa_family
    };
    Ok(kind)
}

fn set<T: Copy>(socket: BorrowedFd<'_>, option: libc::c_int, value: &T) -> io::Result<()> {
    set_at(socket, libc::SOL_PACKET, option, value)
}

fn set_at<T: Copy>(socket: BorrowedFd<'_>, level: libc::c_int, option: libc::c_int, value: &T) -> io::Result<()> {
    let (socket, from) = (socket.as_raw_fd(), std::ptr::from_ref(value).cast());
    // SAFETY: the pointer is to a value of this length, which the kernel reads, with what it points to in turn.
    #[expect(unsafe_code)]
    let outcome = unsafe { libc::setsockopt(socket, level, option, from, length_of(value)) };
    done(outcome)
}

/// Fills `value`, which must be of numbers alone.
fn get<T: Copy>(socket: BorrowedFd<'_>, level: libc::c_int, option: libc::c_int, value: &mut T) -> io::Result<()> {
    let mut length = length_of(value);
    let (socket, to) = (socket.as_raw_fd(), std::ptr::from_mut(value).cast());
    // SAFETY: the pointer is to `length` bytes, of which any are a value; the kernel writes no more than that.
    #[expect(unsafe_code)]
    let outcome = unsafe { libc::getsockopt(socket, level, option, to, &raw mut length) };
    done(outcome)
}

fn length_of<T>(_: &T) -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default()
}

fn done(outcome: libc::c_int) -> io::Result<()> {
    if outcome < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
