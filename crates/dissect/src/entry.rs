//! What a dissector is: one entry of the list in `proto.rs`.
//!
//! An entry says which bytes could be its protocol ([`Dissector::probe`]) and opens one [`Parser`] for each
//! conversation. A parser borrows bytes, says through [`Output`] what they tell, and never keeps payload.

use crate::Output;
use wardlight_model::{FieldInfo, Port, Side};

/// What carries a protocol, so where its messages are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A TCP stream, on any port.
    Tcp,
    /// UDP datagrams, on any port.
    Udp,
    /// Frames of this EtherType (IEEE 802.3 clause 3.2.6).
    Ethertype(u16),
    /// Frames with an LLC/SNAP header of this organisation and protocol (IEEE 802 §9).
    Snap(u32, u16),
    /// Frames with a plain LLC header of this destination and source service access point (IEEE 802.2).
    Llc(u8, u8),
    /// Messages of this number of the LINKTYPE_ registry: management frames of IEEE 802.11, Bluetooth.
    Link(u32),
    /// Packets of this IP protocol number, such as 58 for ICMPv6. The message begins behind the IP headers.
    Ip(u8),
    /// A message body of another protocol, offered by [`Output::body`] with this media type (lower case, no parameters).
    Body(&'static str),
    /// One half of an HTTP exchange, offered by [`Output::exchange`] as its head passes: the bytes are the head, and
    /// what it says of target, media types and status stands in [`Output::part`].
    Exchange,
}

/// What is known of a protocol before a byte of it is read. All reference pages, logs and tests derive from it.
#[derive(Debug)]
pub struct Info {
    /// Its name in flows, records and logs: lower case, digits, `_`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The specification it is read by, with version and section.
    pub source: &'static str,
    /// Where its messages are looked for.
    pub carriers: &'static [Carrier],
    /// Ports that are its own by registry or custom. Content decides; a port alone is a guess.
    pub ports: &'static [Port],
    /// The fields of its records, with type and privacy class. Empty when it writes none.
    pub record: &'static [FieldInfo],
    /// The breaches of its specification that it names: `<protocol>.<what>` and what that means.
    pub weirds: &'static [(&'static str, &'static str)],
    /// Most bytes of one direction held while a message is incomplete; beyond it the stream is only counted.
    pub window: usize,
}

/// The bytes a conversation begins with, to decide what it is.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'a> {
    /// Which end sent them.
    pub side: Side,
    /// All that this end has sent so far (TCP), or one datagram.
    pub bytes: &'a [u8],
    /// Initiator's and responder's port.
    pub ports: [Port; 2],
}

/// Whether bytes are a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// They are, whatever the port.
    Yes,
    /// They may be: true when the port is the protocol's own.
    Likely,
    /// More bytes are needed to tell.
    More,
    /// They are not.
    No,
}

/// What a parser did with the bytes it was given, and wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first `n` bytes are done with. Called again at once while `n > 0` and bytes are left; `Take(0)` waits for
    /// more bytes, and is called again with the same bytes and those behind them.
    Take(usize),
    /// The next `n` bytes, here or still to come, are passed over and never held.
    Skip(u64),
    /// `length` bytes from `at` go, so that what stands before and behind them becomes one piece (chunk headers, PDV
    /// headers). Called again at once. Only for streams; must lie within the bytes given.
    Cut {
        /// First byte that goes.
        at: usize,
        /// How many go.
        length: usize,
    },
    /// What was read is only the beginning of a message that goes on in this side's next datagram: it is held, and read
    /// again with that one behind it, until another step comes. Only for datagrams; for streams it is `Take(0)`.
    Join,
    /// The first `n` bytes are done with, and what comes next, from either end, is another protocol between the same two,
    /// such as TLS behind STARTTLS: it is looked for as at the beginning. A datagram is looked at whole again.
    Anew(usize),
    /// Nothing more will be learned from this direction: it is only counted from here on.
    Done,
    /// Nothing more will be learned from either direction.
    Finished,
    /// It is not this protocol after all. Facts already said stay; the conversation is only counted.
    Refuse,
}

/// Reads one conversation. Dropped when it ends.
pub trait Parser: Send {
    /// Reads what `side` sent. For streams `bytes` is everything not yet taken, in order, without holes; for
    /// datagrams, frames and bodies it is one whole message and the returned step matters only when it is
    /// [`Step::Join`], [`Step::Refuse`], [`Step::Finished`] or [`Step::Done`].
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step;

    /// `side` will send no more; `bytes` is what was never taken. Streams only.
    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        let _ = (side, bytes, out);
    }

    /// `lost` bytes of `side` never reached the sensor, and what was held before them is gone. `true` to go on with
    /// what comes behind them. Streams only.
    fn gap(&mut self, side: Side, lost: u64) -> bool {
        let _ = (side, lost);
        false
    }
}

/// One protocol.
pub trait Dissector: Sync {
    /// What is known of it beforehand.
    fn info(&self) -> &'static Info;

    /// Whether a conversation that begins so is this protocol. Asked for `Tcp` and `Udp` only.
    fn probe(&self, hello: &Hello<'_>) -> Probe {
        let _ = hello;
        Probe::No
    }

    /// A parser for one conversation; for all carriers but `Tcp` and `Udp` for one message.
    fn open(&self) -> Box<dyn Parser>;
}
