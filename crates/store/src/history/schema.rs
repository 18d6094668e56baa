//! The columns of a file: names, types, encodings. `docs/reference/flow-history.md` is their description for users.
//!
//! Only types that every reader of Parquet knows: text, signed integers, moments in UTC. Names are those of Zeek's
//! `conn.log`, with `_` for the dot of `id.orig_h` so that no query has to quote them.

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;
use wardlight_model::{ConnState, Known, Transport};

/// Version of the columns. A file of another version is read by the code that knows it, never guessed at.
pub(super) const VERSION: u16 = 1;

/// Rows of a row group: few enough that the statistics on sorted addresses prune, enough to compress.
const GROUP_ROWS: usize = 1 << 17;
/// Level of zstd. Measured: 2 to 6 give larger files, 9 saves 0.3 % for three times the time.
const ZSTD_LEVEL: i32 = 1;
/// Distinct responders that a row group's bloom filter is laid out for; it is folded when there are fewer.
const BLOOM_ADDRESSES: u64 = 20_000;

/// Columns of text whose bounds nobody prunes by; computing them compares every value twice.
const UNSTATED: [&str; 8] =
    ["site", "sensor", "proto", "service_known_by", "conn_state", "history", "orig_l2_addr", "resp_l2_addr"];

/// Numbers with so many values that a dictionary costs more than it saves.
const PLAIN: [&str; 5] = ["duration_us", "orig_ip_bytes", "orig_bytes", "resp_ip_bytes", "resp_bytes"];
/// Numbers of about the same size, or that grow.
const DELTA: [&str; 3] = ["ts", "uid", "id_orig_p"];

/// Columns by place. The order is that of [`arrow`].
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
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let must = |name: &str, kind: DataType| Field::new(name, kind, false);
    let may = |name: &str, kind: DataType| Field::new(name, kind, true);
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let (long, int) = (|| DataType::Int64, || DataType::Int32);
    Arc::new(Schema::new(vec![
        must("site", text()),
        must("sensor", text()),
        must("journal_seq", long()),
        must("ts", moment()),
        must("duration_us", long()),
        must("uid", long()),
        must("scope", long()),
        must("id_orig_h", text()),
        must("id_orig_p", int()),
        must("id_resp_h", text()),
        must("id_resp_p", int()),
        must("proto", text()),
        may("service", text()),
        may("service_known_by", text()),
        must("conn_state", text()),
        must("history", text()),
        must("orig_pkts", long()),
        must("orig_ip_bytes", long()),
        must("orig_bytes", long()),
        must("orig_missed_bytes", long()),
        must("resp_pkts", long()),
        must("resp_ip_bytes", long()),
        must("resp_bytes", long()),
        must("resp_missed_bytes", long()),
        may("vlan", int()),
        may("orig_l2_addr", text()),
        may("resp_l2_addr", text()),
        may("orig_ttl", int()),
        may("resp_ttl", int()),
    ]))
}

/// How files are written. Nothing of it depends on the time or the machine.
pub(super) fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("wardlight flow history {VERSION}"))
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(ColumnPath::from("id_resp_h"), true)
        .set_column_bloom_filter_max_ndv(ColumnPath::from("id_resp_h"), BLOOM_ADDRESSES);
    for name in UNSTATED {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    for name in PLAIN.iter().chain(&DELTA) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(*name), false);
    }
    for name in DELTA {
        properties = properties.set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    properties.build()
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
