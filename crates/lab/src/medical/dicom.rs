//! DICOM messages: associations and their PDUs (PS3.8 §9.3), commands (PS3.7 annex E), data sets (PS3.5 §7).

use crate::bytes::{Bytes, length};
use crate::packed::deflate;

pub(crate) const VERIFICATION: &str = "1.2.840.10008.1.1";
pub(crate) const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
pub(crate) const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
pub(crate) const WORKLIST: &str = "1.2.840.10008.5.1.4.31";
pub(crate) const PERFORMED_STEP: &str = "1.2.840.10008.3.1.2.3.3";
pub(crate) const IMPLICIT: &str = "1.2.840.10008.1.2";
pub(crate) const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub(crate) const BIG: &str = "1.2.840.10008.1.2.2";
pub(crate) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";

/// Commands by their number (PS3.7 annex E.1).
pub(crate) const STORE: u16 = 0x0001;
pub(crate) const FIND: u16 = 0x0020;
pub(crate) const ECHO: u16 = 0x0030;
pub(crate) const CREATE: u16 = 0x0140;
pub(crate) const ANSWER: u16 = 0x8000;

/// One association, as both sides propose and accept it.
pub(crate) struct Association<'a> {
    pub(crate) calling: &'a str,
    pub(crate) called: &'a str,
    /// Abstract syntaxes of the contexts 1, 3, 5…
    pub(crate) contexts: &'a [&'a str],
    pub(crate) transfer: &'a str,
    /// Implementation class UID and version name.
    pub(crate) implementation: (&'a str, &'a str),
    /// User identity (PS3.7 annex D.3.3.7): type, primary, secondary field.
    pub(crate) identity: Option<(u8, &'a str, &'a str)>,
}

impl Association<'_> {
    /// A-ASSOCIATE-RQ.
    pub(crate) fn request(&self) -> Bytes {
        let contexts = self.contexts.iter().zip((1u8..).step_by(2)).fold(Bytes::default(), |all, (sop, id)| {
            let syntaxes = item(0x30, Bytes::default().raw(sop)).raw(item(0x40, Bytes::default().raw(self.transfer)));
            all.raw(item(0x20, Bytes::default().u8(id).zeros(3).raw(syntaxes)))
        });
        let identity = self.identity.map_or_else(Bytes::default, |(kind, primary, secondary)| {
            item(0x58, Bytes::default().u8(kind).u8(1).long(primary).long(secondary))
        });
        self.pdu(1, contexts, identity)
    }

    /// A-ASSOCIATE-AC by an acceptor with this implementation; all contexts are accepted.
    pub(crate) fn accept(&self, implementation: (&str, &str)) -> Bytes {
        let contexts = (1u8..).step_by(2).take(self.contexts.len()).fold(Bytes::default(), |all, id| {
            let syntax = item(0x40, Bytes::default().raw(self.transfer));
            all.raw(item(0x21, Bytes::default().u8(id).zeros(3).raw(syntax)))
        });
        let identity = self.identity.map_or_else(Bytes::default, |_| item(0x59, Bytes::default().u16(0)));
        Association { implementation, contexts: self.contexts, ..*self }.pdu(2, contexts, identity)
    }

    fn pdu(&self, kind: u8, contexts: Bytes, identity: Bytes) -> Bytes {
        let (class, version) = self.implementation;
        let user = item(0x51, Bytes::default().u32(16_384)).raw(item(0x52, Bytes::default().raw(class)));
        let user = item(0x50, user.raw(item(0x55, Bytes::default().raw(version))).raw(identity));
        let head = Bytes::default().u16(1).u16(0).padded(self.called, 16, b' ').padded(self.calling, 16, b' ');
        let name = item(0x10, Bytes::default().raw("1.2.840.10008.3.1.1.1"));
        Bytes::default().u8(kind).u8(0).longer(head.zeros(32).raw(name).raw(contexts).raw(user))
    }

    /// An empty data set in the transfer syntax agreed on.
    pub(crate) fn set(&self) -> Set {
        Set::new(self.transfer)
    }
}

/// A-RELEASE-RQ or, as an answer, A-RELEASE-RP.
pub(crate) fn release(answer: bool) -> Bytes {
    Bytes::default().u8(if answer { 6 } else { 5 }).u8(0).longer([0; 4])
}

fn item(kind: u8, body: Bytes) -> Bytes {
    Bytes::default().u8(kind).u8(0).long(body)
}

/// A command (PS3.7 §9.3, §10.3).
#[derive(Default, Clone, Copy)]
pub(crate) struct Command<'a> {
    pub(crate) kind: u16,
    pub(crate) sop: &'a str,
    pub(crate) id: u16,
    pub(crate) instance: &'a str,
    pub(crate) status: u16,
}

impl Command<'_> {
    fn set(&self, with_data: bool) -> Set {
        let answers = self.kind & ANSWER != 0;
        let set = Set::new(IMPLICIT).put(0x0000_0002, "UI", self.sop).number(0x0000_0100, self.kind);
        let set = set.number(if answers { 0x0000_0120 } else { 0x0000_0110 }, self.id);
        let set = if matches!(self.kind, STORE | FIND) { set.number(0x0000_0700, 0) } else { set };
        let set = set.number(0x0000_0800, if with_data { 0 } else { 0x0101 });
        let set = if answers { set.number(0x0000_0900, self.status) } else { set };
        let set = if self.instance.is_empty() { set } else { set.put(0x0000_1000, "UI", self.instance) };
        let group = Set::new(IMPLICIT).put(0x0000_0000, "UL", length::<u32>(&set.bytes.0).to_le_bytes());
        Set { bytes: group.bytes.raw(set.bytes), ..set }
    }

    /// The message in P-DATA-TF PDUs of context `context`, fragments of at most `most` bytes.
    pub(crate) fn message(&self, context: u8, data: Option<Set>, most: usize) -> Bytes {
        let command = self.set(data.is_some());
        Self::fragments(context, [(Some(command), 1), (data, 0)], most)
    }

    /// The same with a data set that goes on behind it: no fragment of it is marked as the last.
    pub(crate) fn message_begun(&self, context: u8, data: Set, most: usize) -> Bytes {
        let command = Self::fragments(context, [(Some(self.set(true)), 1), (None, 0)], most);
        data.bytes.0.chunks(most).fold(command, |all, fragment| {
            all.u8(4).u8(0).longer(Bytes::default().longer(Bytes::default().u8(context).u8(0).raw(fragment)))
        })
    }

    fn fragments(context: u8, parts: [(Option<Set>, u8); 2], most: usize) -> Bytes {
        let mut all = Bytes::default();
        for (set, kind) in parts.into_iter().filter_map(|(set, kind)| Some((set?.bytes.0, kind))) {
            let last = set.len().div_ceil(most).saturating_sub(1);
            for (n, fragment) in set.chunks(most).enumerate() {
                let control = kind | if n == last { 2 } else { 0 };
                let value = Bytes::default().longer(Bytes::default().u8(context).u8(control).raw(fragment));
                all = all.u8(4).u8(0).longer(value);
            }
        }
        all
    }
}

/// A data set.
#[derive(Clone)]
pub(crate) struct Set {
    transfer: Transfer,
    bytes: Bytes,
}

#[derive(Clone, Copy, PartialEq)]
enum Transfer {
    Implicit,
    Explicit,
    Big,
}

impl Set {
    /// Empty, in the transfer syntax with this UID.
    pub(crate) fn new(transfer: &str) -> Self {
        let transfer = match transfer {
            IMPLICIT => Transfer::Implicit,
            BIG => Transfer::Big,
            _ => Transfer::Explicit,
        };
        Self { transfer, bytes: Bytes::default() }
    }

    /// Empty, in the same transfer syntax.
    pub(crate) fn emptied(&self) -> Self {
        Self { bytes: Bytes::default(), ..*self }
    }

    /// Compressed, as the deflated transfer syntax has it (PS3.5 §10.4).
    pub(crate) fn deflated(self) -> Self {
        Self { bytes: Bytes::default().raw(deflate(&self.bytes.0)), ..self }
    }

    /// Adds an element. Tags must rise.
    pub(crate) fn put(self, tag: u32, vr: &str, value: impl AsRef<[u8]>) -> Self {
        let mut value = value.as_ref().to_vec();
        if !value.len().is_multiple_of(2) {
            value.push(if matches!(vr, "UI" | "OB" | "UN") { 0 } else { b' ' });
        }
        self.head(tag, vr, length(&value)).extend(value)
    }

    /// Adds a number of two bytes.
    pub(crate) fn number(self, tag: u32, number: u16) -> Self {
        let bytes = if self.transfer == Transfer::Big { number.to_be_bytes() } else { number.to_le_bytes() };
        self.put(tag, "US", bytes)
    }

    /// Adds a sequence of items with lengths.
    pub(crate) fn sequence(self, tag: u32, items: impl IntoIterator<Item = Self>) -> Self {
        let empty = Self { bytes: Bytes::default(), ..self };
        let body = items
            .into_iter()
            .fold(empty, |all, item| all.word(0xfffe_e000).double(length(&item.bytes.0)).extend(item.bytes.0));
        self.head(tag, "SQ", length(&body.bytes.0)).extend(body.bytes.0)
    }

    /// Adds a sequence of items that end with delimiters (PS3.5 §7.5.2).
    pub(crate) fn open_sequence(self, tag: u32, items: impl IntoIterator<Item = Self>) -> Self {
        let begun = self.head(tag, "SQ", u32::MAX);
        let body = items.into_iter().fold(begun, |all, item| {
            all.word(0xfffe_e000).double(u32::MAX).extend(item.bytes.0).word(0xfffe_e00d).double(0)
        });
        body.word(0xfffe_e0dd).double(0)
    }

    /// Adds the header of an element whose `length` bytes come later.
    pub(crate) fn begin(self, tag: u32, vr: &str, length: u32) -> Self {
        self.head(tag, vr, length)
    }

    fn head(self, tag: u32, vr: &str, length: u32) -> Self {
        let tagged = self.word(tag);
        if tagged.transfer == Transfer::Implicit {
            return tagged.double(length);
        }
        let named = tagged.extend(vr.as_bytes());
        if matches!(vr, "OB" | "OW" | "SQ" | "UN" | "UT" | "UC" | "UR") {
            return named.extend([0, 0]).double(length);
        }
        let short = u16::try_from(length).unwrap_or(u16::MAX);
        let bytes = if named.transfer == Transfer::Big { short.to_be_bytes() } else { short.to_le_bytes() };
        named.extend(bytes)
    }

    fn word(self, tag: u32) -> Self {
        let [a, b, c, d] = tag.to_be_bytes();
        if self.transfer == Transfer::Big { self.extend([a, b, c, d]) } else { self.extend([b, a, d, c]) }
    }

    fn double(self, number: u32) -> Self {
        let bytes = if self.transfer == Transfer::Big { number.to_be_bytes() } else { number.to_le_bytes() };
        self.extend(bytes)
    }

    fn extend(self, bytes: impl AsRef<[u8]>) -> Self {
        Self { bytes: self.bytes.raw(bytes), ..self }
    }
}

/// An instance as a file (PS3.10 §7.1), in explicit little endian.
pub(crate) fn file(sop: &str, instance: &str, set: Set) -> Vec<u8> {
    let meta = Set::new(EXPLICIT).put(0x0002_0001, "OB", [0, 1]).put(0x0002_0002, "UI", sop);
    let meta = meta.put(0x0002_0003, "UI", instance).put(0x0002_0010, "UI", EXPLICIT);
    let group = Set::new(EXPLICIT).put(0x0002_0000, "UL", length::<u32>(&meta.bytes.0).to_le_bytes());
    Bytes::default().zeros(128).raw("DICM").raw(group.bytes).raw(meta.bytes).raw(set.bytes).0
}
