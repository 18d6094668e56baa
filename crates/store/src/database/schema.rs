//! The tables of the state: one description, from which statements, copies and dumps are made for both engines.
//!
//! In: nothing. Out: names, kinds and keys of columns. Every key is made of columns that are never null, so that rows
//! have one order, the same on both engines. The SQL that makes the tables stands in `migrations/`; a test compares it
//! with this description.

pub(super) mod account;

use wardlight_model::Attribute;

/// What a column holds. The names in the database are `bigint`; `double` or `double precision`; `text`; `blob` or
/// `bytea`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number; times are microseconds since 1970 in UTC.
    Int,
    /// A fraction.
    Real,
    /// UTF-8 without NUL, ordered by its bytes.
    Text,
    /// Bytes.
    Blob,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether it may be null.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the migrations"))]
    pub(super) may_miss: bool,
}

impl Column {
    const fn or_null(self) -> Self {
        Self { may_miss: true, ..self }
    }
}

/// One table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// The first format of the database that has it. A step that changes a table's columns leaves the description of the
    /// old one here too: copies are made of databases of earlier formats.
    pub(super) since: i64,
    /// How many of the first columns tell its rows apart.
    pub(super) key: usize,
    /// How many of the first columns stay as they are for ever once a row is there: they are not written again, which
    /// spares the indexes on them.
    pub(super) lasting: usize,
    /// Columns of each further index.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the migrations"))]
    pub(super) indexes: &'static [&'static [&'static str]],
    /// Columns of each further index whose values no two rows share.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the migrations"))]
    pub(super) unique: &'static [&'static [&'static str]],
    /// Whether SQLite keeps its rows in the key's own tree: smaller and faster while rows are short.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the migrations"))]
    pub(super) is_short: bool,
}

impl Table {
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.name)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.names().take(self.key)
    }
}

/// What follows from the journal, and how far that has come; in the order of dumps and copies.
static STATE: &[&Table] = &[
    &SITE,
    &AREA,
    &DOMAIN,
    &FACT,
    &PRESENCE,
    &ODDITY,
    &CONTACT,
    &DEVICE,
    &ASSET_ROW,
    &SOURCE,
    &JUDGEMENT,
    &OWNER_RULE,
    &LABEL,
    &HOUSE_RULE,
    &FLOW_SEGMENT,
    &CONSUMER,
];

/// The tables of a database of `format` that follow from the journal: the same journal gives the same rows.
pub(super) fn state_at(format: i64) -> impl Iterator<Item = &'static Table> {
    STATE.iter().copied().filter(move |table| table.since <= format)
}

/// The tables of a database of `format` that a copy carries: nobody is logged in to a copy.
pub(super) fn copied_at(format: i64) -> impl Iterator<Item = &'static Table> {
    state_at(format).chain(account::COPIED.iter().copied().filter(move |table| table.since <= format))
}

/// All tables of a database of `format`.
pub(super) fn tables_at(format: i64) -> impl Iterator<Item = &'static Table> {
    copied_at(format)
        .chain([&account::SESSION, &account::ANSWER].into_iter().filter(move |table| table.since <= format))
}

/// The database itself; one row.
pub(super) static SITE: Table = Table {
    name: "site",
    columns: &[blob("id"), int("format"), int("journal_sequence"), int("created")],
    since: 1,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

pub(super) static AREA: Table = Table {
    name: "area",
    columns: &[blob("id"), blob("parent").or_null(), text("level"), text("name"), text("zone").or_null()],
    since: 1,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

pub(super) static DOMAIN: Table = Table {
    name: "domain",
    columns: &[int("scope"), blob("site"), text("name")],
    since: 1,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// Hardware and network addresses are their bytes, empty when not known.
pub(super) static FACT: Table = Table {
    name: "fact",
    columns: &[
        int("sequence"),
        int("item"),
        int("scope"),
        blob("mac"),
        blob("ip"),
        text("key_kind").or_null(),
        text("key_text").or_null(),
        text("field"),
        text("value"),
        text("protocol"),
        int("first"),
        int("last"),
        int("count"),
        int("place_source"),
        int("place_packet"),
        int("place_offset"),
        int("place_length"),
    ],
    since: 1,
    key: 2,
    lasting: 10,
    indexes: &[&["ip", "scope"], &["mac"], &["field"]],
    unique: &[],
    is_short: true,
};

pub(super) static PRESENCE: Table = Table {
    name: "presence",
    columns: &[
        int("sequence"),
        int("item"),
        int("scope"),
        blob("mac"),
        blob("ip"),
        int("first"),
        int("last"),
        int("packets"),
        int("ttl"),
        int("sent"),
    ],
    since: 1,
    key: 2,
    lasting: 5,
    indexes: &[&["ip", "scope"], &["mac"]],
    unique: &[],
    is_short: true,
};

pub(super) static ODDITY: Table = Table {
    name: "oddity",
    columns: &[
        text("name"),
        int("count"),
        int("first"),
        int("place_source"),
        int("place_packet"),
        int("place_offset"),
        int("place_length"),
    ],
    since: 1,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// The hour stands first: what is new is written side by side, and what is old goes side by side.
pub(super) static CONTACT: Table = Table {
    name: "contact",
    columns: &[
        int("hour"),
        int("initiator_scope"),
        blob("initiator_ip"),
        blob("initiator_mac"),
        int("responder_scope"),
        blob("responder_ip"),
        blob("responder_mac"),
        text("service"),
        int("flows"),
        int("initiator_packets"),
        int("responder_packets"),
        int("initiator_bytes"),
        int("responder_bytes"),
        int("first"),
        int("last"),
    ],
    since: 1,
    key: 8,
    lasting: 8,
    indexes: &[
        &["initiator_ip", "initiator_scope", "hour"],
        &["responder_ip", "responder_scope", "hour"],
        &["initiator_mac", "hour"],
        &["responder_mac", "hour"],
    ],
    unique: &[],
    is_short: true,
};

/// Columns for lists to filter and order by; `body` is the whole device as JSON. A value that is not known is empty.
pub(super) static DEVICE: Table = Table {
    name: "device",
    columns: &[
        blob("id"),
        text("key"),
        text(Attribute::Type.name()),
        real("type_confidence"),
        text(Attribute::Maker.name()),
        real("maker_confidence"),
        text(Attribute::Model.name()),
        real("model_confidence"),
        text(Attribute::OperatingSystem.name()),
        real("operating_system_confidence"),
        text(Attribute::Firmware.name()),
        real("firmware_confidence"),
        text(Attribute::Serial.name()),
        real("serial_confidence"),
        text(Attribute::Name.name()),
        real("name_confidence"),
        int("first"),
        int("last"),
        text("macs"),
        text("addresses"),
        text("search"),
        text("body"),
    ],
    since: 1,
    key: 1,
    lasting: 1,
    indexes: &[&["key"], &["type"], &["maker", "model"], &["operating_system"], &["name"], &["last"]],
    unique: &[],
    is_short: false,
};

/// Versions of the rows of other systems' records; `body` is the CBOR of what each says.
pub(super) static ASSET_ROW: Table = Table {
    name: "asset_row",
    columns: &[int("sequence"), int("item"), text("source"), text("key"), blob("body")],
    since: 3,
    key: 2,
    lasting: 2,
    indexes: &[&["source", "key"]],
    unique: &[],
    is_short: false,
};

/// Where these rows come from; `body` is the CBOR of its last runs.
pub(super) static SOURCE: Table = Table {
    name: "source",
    columns: &[text("name"), blob("body")],
    since: 3,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// What people judged of two members of assets.
pub(super) static JUDGEMENT: Table = Table {
    name: "judgement",
    columns: &[blob("id"), blob("one"), blob("other"), int("is_same")],
    since: 3,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// Who answers for which devices; told apart by the decision that says so.
pub(super) static OWNER_RULE: Table = Table {
    name: "owner_rule",
    columns: &[blob("id"), blob("body")],
    since: 4,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// What people say of devices; told apart by the decision that says so.
pub(super) static LABEL: Table = Table {
    name: "label",
    columns: &[blob("id"), blob("body")],
    since: 6,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// Rules of the house; told apart by the decision that made them.
pub(super) static HOUSE_RULE: Table = Table {
    name: "house_rule",
    columns: &[blob("id"), blob("body")],
    since: 9,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// The Parquet files of the flow history; `removed` and `reason` are what is left of one that was taken away.
pub(super) static FLOW_SEGMENT: Table = Table {
    name: "flow_segment",
    columns: &[
        text("path"),
        int("hour"),
        int("first_sequence"),
        int("last_sequence"),
        int("rows"),
        int("bytes"),
        int("first"),
        int("last"),
        int("recorded"),
        blob("sha256"),
        int("schema"),
        int("removed").or_null(),
        text("reason").or_null(),
    ],
    since: 2,
    key: 1,
    lasting: 1,
    indexes: &[&["hour"]],
    unique: &[],
    is_short: true,
};

/// How far each reader of the journal has come.
pub(super) static CONSUMER: Table = Table {
    name: "consumer",
    columns: &[text("name"), int("sequence")],
    since: 2,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[],
    is_short: true,
};

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, may_miss: false }
}

const fn int(name: &'static str) -> Column {
    column(name, Kind::Int)
}

const fn real(name: &'static str) -> Column {
    column(name, Kind::Real)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn blob(name: &'static str) -> Column {
    column(name, Kind::Blob)
}
