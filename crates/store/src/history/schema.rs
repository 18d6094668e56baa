//! The columns of a file: names, types, encodings. `docs/reference/flow-history.md` is their description for users.
//!
//! Only types that every reader of Parquet knows: text, signed integers, moments in UTC. Names are those of Zeek's
//! `conn.log`, with `_` for the dot of `id.orig_h` so that no query has to quote them.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::basic::{Encoding, Type};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;
use wardlight_model::{ConnState, Known, Transport};

/// Version of the columns. A file of another version is read by the code that knows it, never guessed at.
pub(super) const VERSION: u16 = 1;

/// Rows of a row group: few enough that the statistics on sorted addresses prune, enough to compress.
pub(super) const GROUP_ROWS: usize = 1 << 17;
/// Rows of a page: what a reader unpacks to see one of them.
pub(super) const PAGE_ROWS: usize = 1 << 14;
/// Level of zstd. Measured: 2 to 6 give larger files, 9 saves 0.3 % for three times the time.
pub(super) const ZSTD_LEVEL: i32 = 1;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text in UTF-8.
    Text,
    /// A signed number of 64 bits.
    Long,
    /// A signed number of 32 bits.
    Int,
    /// Microseconds since 1970 in UTC.
    Moment,
}

/// How its values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Each different value once, and a code for each row.
    Dictionary,
    /// One by one: so many values that a dictionary costs more than it saves.
    Plain,
    /// As differences: numbers of about the same size, or that grow. Squeezing them more saves nothing.
    Delta,
}

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub coding: Coding,
    /// Whether a row may say nothing.
    pub may_miss: bool,
    /// Whether files say its bounds: they cost time, and nobody prunes by those of the others.
    pub is_stated: bool,
    /// Whether a bloom filter says which values there are.
    pub is_sought: bool,
}

/// The columns, in the order of [`column`].
pub(super) static COLUMNS: [Column; 29] = [
    text("site"),
    text("sensor"),
    long("journal_seq", Coding::Dictionary),
    Column { kind: Kind::Moment, ..long("ts", Coding::Delta) },
    long("duration_us", Coding::Plain),
    long("uid", Coding::Delta),
    long("scope", Coding::Dictionary),
    Column { is_stated: true, ..text("id_orig_h") },
    Column { coding: Coding::Delta, ..int("id_orig_p") },
    Column { is_stated: true, is_sought: true, ..text("id_resp_h") },
    int("id_resp_p"),
    text("proto"),
    Column { is_stated: true, may_miss: true, ..text("service") },
    Column { may_miss: true, ..text("service_known_by") },
    text("conn_state"),
    text("history"),
    long("orig_pkts", Coding::Dictionary),
    long("orig_ip_bytes", Coding::Plain),
    long("orig_bytes", Coding::Plain),
    long("orig_missed_bytes", Coding::Dictionary),
    long("resp_pkts", Coding::Dictionary),
    long("resp_ip_bytes", Coding::Plain),
    long("resp_bytes", Coding::Plain),
    long("resp_missed_bytes", Coding::Dictionary),
    Column { may_miss: true, ..int("vlan") },
    Column { may_miss: true, ..text("orig_l2_addr") },
    Column { may_miss: true, ..text("resp_l2_addr") },
    Column { may_miss: true, ..int("orig_ttl") },
    Column { may_miss: true, ..int("resp_ttl") },
];

const fn text(name: &'static str) -> Column {
    let (kind, coding) = (Kind::Text, Coding::Dictionary);
    Column { name, kind, coding, may_miss: false, is_stated: false, is_sought: false }
}

const fn long(name: &'static str, coding: Coding) -> Column {
    Column { kind: Kind::Long, coding, is_stated: true, ..text(name) }
}

const fn int(name: &'static str) -> Column {
    Column { kind: Kind::Int, ..long(name, Coding::Dictionary) }
}

impl Kind {
    /// The type of Parquet that holds it.
    pub const fn physical(self) -> Type {
        match self {
            Self::Text => Type::BYTE_ARRAY,
            Self::Long | Self::Moment => Type::INT64,
            Self::Int => Type::INT32,
        }
    }
}

impl Coding {
    /// How pages of data are written.
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::Dictionary => Encoding::RLE_DICTIONARY,
            Self::Plain => Encoding::PLAIN,
            Self::Delta => Encoding::DELTA_BINARY_PACKED,
        }
    }

    /// Every encoding in a column, that of its dictionary and of what says which rows miss included.
    pub const fn encodings(self) -> [Encoding; 3] {
        match self {
            Self::Dictionary | Self::Plain => [Encoding::PLAIN, Encoding::RLE, self.encoding()],
            Self::Delta => [Encoding::RLE, Encoding::RLE, self.encoding()],
        }
    }

    /// Whether zstd makes it smaller.
    pub const fn is_squeezed(self) -> bool {
        matches!(self, Self::Dictionary | Self::Plain)
    }
}

/// Columns by place. The order is that of [`COLUMNS`].
pub(super) mod column {
    pub const SITE: usize = 0;
    pub const SENSOR: usize = 1;
    pub const SEQUENCE: usize = 2;
    pub const TS: usize = 3;
    pub const DURATION: usize = 4;
    pub const UID: usize = 5;
    pub const SCOPE: usize = 6;
    pub const ORIG_H: usize = 7;
    pub const ORIG_P: usize = 8;
    pub const RESP_H: usize = 9;
    pub const RESP_P: usize = 10;
    pub const PROTO: usize = 11;
    pub const SERVICE: usize = 12;
    pub const SERVICE_KNOWN: usize = 13;
    pub const STATE: usize = 14;
    pub const HISTORY: usize = 15;
    /// Packets, IP bytes, payload bytes, missed bytes of the initiator, then of the responder.
    pub const SENT: usize = 16;
    pub const VLAN: usize = 24;
    pub const MACS: usize = 25;
    pub const HOP_LIMITS: usize = 27;
}

/// The columns as Arrow knows them.
pub(super) fn arrow() -> Arc<Schema> {
    let field = |column: &Column| {
        let kind = match column.kind {
            Kind::Text => DataType::Utf8,
            Kind::Long => DataType::Int64,
            Kind::Int => DataType::Int32,
            Kind::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        };
        Field::new(column.name, kind, column.may_miss)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// How files are written. Nothing of it depends on the time or the machine.
pub(super) fn properties() -> WriterProperties {
    WriterProperties::builder().set_created_by(format!("wardlight flow history {VERSION}")).build()
}

const STATES: [(ConnState, &str); 13] = [
    (ConnState::S0, "S0"),
    (ConnState::S1, "S1"),
    (ConnState::SF, "SF"),
    (ConnState::Rej, "REJ"),
    (ConnState::S2, "S2"),
    (ConnState::S3, "S3"),
    (ConnState::RstO, "RSTO"),
    (ConnState::RstR, "RSTR"),
    (ConnState::RstOS0, "RSTOS0"),
    (ConnState::RstRH, "RSTRH"),
    (ConnState::SH, "SH"),
    (ConnState::ShR, "SHR"),
    (ConnState::Oth, "OTH"),
];

const KNOWN: [(Known, &str); 3] =
    [(Known::Port, "port"), (Known::Content, "content"), (Known::PortAndContent, "port_and_content")];

const NAMED: [Transport; 5] = [Transport::ICMP, Transport::TCP, Transport::UDP, Transport::ICMPV6, Transport::SCTP];

/// All names of states, in the order of [`state_code`].
pub(super) fn state_names() -> impl Iterator<Item = &'static str> {
    STATES.iter().map(|(_, name)| *name)
}

/// Place of `state` among [`state_names`].
pub(super) fn state_code(state: ConnState) -> u8 {
    STATES.iter().zip(0..).find(|((known, _), _)| *known == state).map_or(12, |(_, code)| code)
}

/// The state called `name`.
pub(super) fn state(name: &str) -> Option<ConnState> {
    STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
}

/// All names of how a service was known, in the order of [`known_code`].
pub(super) fn known_names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(_, name)| *name)
}

/// Place of `known` among [`known_names`].
pub(super) fn known_code(known: Known) -> u8 {
    KNOWN.iter().zip(0..).find(|((other, _), _)| *other == known).map_or(0, |(_, code)| code)
}

/// How a service was known, from its name.
pub(super) fn known(name: &str) -> Option<Known> {
    KNOWN.iter().find(|(_, other)| *other == name).map(|(known, _)| *known)
}

/// The IP protocol that shows itself as `name`.
pub(super) fn transport(name: &str) -> Option<Transport> {
    let named = NAMED.into_iter().find(|transport| transport.to_string() == name);
    named.or_else(|| name.strip_prefix("ip-")?.parse().ok().map(Transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_written() {
        for (code, (expected, name)) in STATES.into_iter().enumerate() {
            assert_eq!((state(name), usize::from(state_code(expected))), (Some(expected), code));
        }
        for (code, (expected, name)) in KNOWN.into_iter().enumerate() {
            assert_eq!((known(name), usize::from(known_code(expected))), (Some(expected), code));
        }
        for number in 0..=255 {
            assert_eq!(transport(&Transport(number).to_string()), Some(Transport(number)));
        }
    }

    #[test]
    fn columns_stand_where_their_places_say() {
        use column::*;
        let names = arrow();
        let name = |place: usize| names.field(place).name().as_str();
        assert_eq!([SITE, SENSOR, SEQUENCE, TS].map(name), ["site", "sensor", "journal_seq", "ts"]);
        assert_eq!([DURATION, UID, SCOPE, PROTO].map(name), ["duration_us", "uid", "scope", "proto"]);
        assert_eq!([ORIG_H, ORIG_P, RESP_H, RESP_P].map(name), ["id_orig_h", "id_orig_p", "id_resp_h", "id_resp_p"]);
        assert_eq!([SERVICE, SERVICE_KNOWN, STATE].map(name), ["service", "service_known_by", "conn_state"]);
        assert_eq!([HISTORY, SENT, VLAN].map(name), ["history", "orig_pkts", "vlan"]);
        assert_eq!([MACS, HOP_LIMITS].map(name), ["orig_l2_addr", "orig_ttl"]);
    }
}
