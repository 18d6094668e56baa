//! The tables of accounts: who may come in, with what, and who is in.

use super::{Table, blob, int, text};

/// What a copy carries, in the order of copies.
pub(in crate::database) static COPIED: &[&Table] =
    &[&ACCOUNT, &GRANT, &FACTOR, &TOKEN, &VIEW, &PASS, &IDENTITY, &EMERGENCY];

/// Who may come in. `folded` is the name without regard to case; `password` is a PHC string.
pub(in crate::database) static ACCOUNT: Table = Table {
    name: "account",
    columns: &[
        blob("id"),
        text("name"),
        text("folded"),
        text("shown"),
        text("password").or_null(),
        int("is_disabled"),
        int("is_break_glass"),
        int("made"),
    ],
    since: 5,
    key: 1,
    lasting: 1,
    indexes: &[],
    unique: &[&["folded"]],
    is_short: true,
};

/// What an account may do and where, in the order that it was given; without an area, on the whole site.
pub(in crate::database) static GRANT: Table = Table {
    name: "account_grant",
    columns: &[
        blob("account"),
        int("position"),
        text("role"),
        blob("area").or_null(),
        int("from"),
        int("until").or_null(),
    ],
    since: 5,
    key: 2,
    lasting: 2,
    indexes: &[],
    unique: &[],
    is_short: true,
};

/// What an account shows beside its password; `sealed` can be read with the key of the program alone.
pub(in crate::database) static FACTOR: Table = Table {
    name: "factor",
    columns: &[
        blob("id"),
        blob("account"),
        text("kind"),
        int("made"),
        text("title"),
        blob("sealed"),
        int("used").or_null(),
        int("step").or_null(),
    ],
    since: 5,
    key: 1,
    lasting: 4,
    indexes: &[&["account"]],
    unique: &[],
    is_short: true,
};

/// What programs log in with; `actions` is a list of names as JSON.
pub(in crate::database) static TOKEN: Table = Table {
    name: "api_token",
    columns: &[
        blob("id"),
        blob("account"),
        text("title"),
        blob("hash"),
        text("actions"),
        int("made"),
        int("until"),
        int("used").or_null(),
    ],
    since: 5,
    key: 1,
    lasting: 1,
    indexes: &[&["account"]],
    unique: &[],
    is_short: true,
};

/// Addresses of pages that somebody gave a title.
pub(in crate::database) static VIEW: Table = Table {
    name: "view",
    columns: &[
        blob("id"),
        blob("account").or_null(),
        text("role").or_null(),
        text("page"),
        text("title"),
        text("address"),
        int("made"),
    ],
    since: 5,
    key: 1,
    lasting: 1,
    indexes: &[&["page"]],
    unique: &[],
    is_short: true,
};

/// Who is logged in; told apart by the SHA-256 of what the browser holds, which is nowhere here.
pub(in crate::database) static SESSION: Table = Table {
    name: "session",
    columns: &[
        blob("hash"),
        blob("account"),
        int("begun"),
        int("is_break_glass"),
        int("seen"),
        int("stepped_up").or_null(),
    ],
    since: 5,
    key: 1,
    lasting: 4,
    indexes: &[&["account"], &["begun"]],
    unique: &[],
    is_short: true,
};

/// What programs were answered under a key of theirs; told apart by the hash of account and key.
pub(in crate::database) static ANSWER: Table = Table {
    name: "answer",
    columns: &[blob("key"), blob("request"), int("status"), text("body"), int("made")],
    since: 7,
    key: 1,
    lasting: 1,
    indexes: &[&["made"]],
    unique: &[],
    is_short: true,
};

/// What leads into an account without its password, told apart by its SHA-256: the link by which its owner sets it up, or
/// the code in an envelope for emergencies.
pub(in crate::database) static PASS: Table = Table {
    name: "account_pass",
    columns: &[blob("hash"), blob("account"), text("kind"), int("made"), int("until").or_null()],
    since: 8,
    key: 1,
    lasting: 1,
    indexes: &[&["account"]],
    unique: &[],
    is_short: true,
};

/// Who an account is at another house that vouches for people.
pub(in crate::database) static IDENTITY: Table = Table {
    name: "account_identity",
    columns: &[text("issuer"), text("subject"), blob("account"), int("made")],
    since: 8,
    key: 2,
    lasting: 2,
    indexes: &[&["account"]],
    unique: &[],
    is_short: true,
};

/// Uses of accounts for emergencies, and who took note of them.
pub(in crate::database) static EMERGENCY: Table = Table {
    name: "emergency",
    columns: &[blob("id"), blob("account"), int("begun"), blob("seen_by").or_null(), int("seen").or_null()],
    since: 8,
    key: 1,
    lasting: 3,
    indexes: &[],
    unique: &[],
    is_short: true,
};
