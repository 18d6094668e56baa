//! Data bases: SQL Server, PostgreSQL, MySQL, Oracle.
//!
//! In: the canaries. Out: conversations with them as users, passwords, statements and rows.

use super::to;
use crate::bytes::{Bytes, length, utf16};
use crate::canary::words::CANARIES as C;
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    vec![mssql(), postgres(), postgres_refused(), mysql(), oracle()]
}

fn statement() -> String {
    format!("SELECT * FROM patients WHERE name='{}' AND born='{}'", C.family, C.born_on)
}

/// A packet of TDS, the last of its message (MS-TDS §2.2.3.1).
fn tds(kind: u8, payload: &Bytes) -> Bytes {
    Bytes::default().u8(kind).u8(1).u16(length::<u16>(&payload.0) + 8).u16(0).u8(1).u8(0).raw(payload)
}

/// LOGIN7 (MS-TDS §2.2.6.4): the client's `host` and `program` among the names, the password as it is hidden there.
pub(super) fn login7(host: &str, program: &str) -> Bytes {
    let hidden: Vec<u8> = utf16(C.password).into_iter().map(|byte| byte.rotate_left(4) ^ 0xa5).collect();
    let names = [host, C.windows, "", program, "cage-sql", "", "ODBC", "", "Cage"].map(utf16);
    let fixed = Bytes::default().raw([4, 0, 0, 0x74]).u32le(4096).zeros(12).u32le(0x03e0).zeros(8);
    let (mut at, mut places, mut texts) = (94_u16, Bytes::default(), Bytes::default());
    for (number, name) in (0..).zip(&names) {
        let text = if number == 2 { &hidden } else { name };
        let size: u16 = length(text);
        (places, texts) = (places.u16le(at).u16le(size / 2), texts.raw(text));
        at += size;
    }
    let last = Bytes::default().zeros(6).u16le(at).u16le(0).u16le(at).u16le(0).u16le(at).u16le(0).u32le(0);
    let body = fixed.raw(places).raw(last).raw(texts);
    tds(0x10, &Bytes::default().u32le(length::<u32>(&body.0) + 4).raw(body))
}

/// SQL Server says whom it refuses (MS-TDS §2.2.7.10).
pub(super) fn refused_login() -> Bytes {
    let words = utf16(&format!("Login failed for user '{}'.", C.windows));
    let error =
        Bytes::default().u32le(18_456).u8(1).u8(14).u16le(length::<u16>(&words) / 2).raw(words).zeros(2).u32le(1);
    tds(4, &Bytes::default().u8(0xaa).u16le(length(&error.0)).raw(error))
}

/// SQL Server: a log-in, a statement and its row.
fn mssql() -> Talk {
    let batch = Bytes::default().u32le(22).u32le(18).u16le(2).zeros(8).u32le(1).raw(utf16(&statement()));
    let cell = utf16(C.family);
    let row = Bytes::default().u8(0xd1).u16le(length(&cell)).raw(cell).u16le(length(C.result.as_bytes())).raw(C.result);
    to(1433).say(login7("ward-7", "Lab")).answer(refused_login()).say(tds(1, &batch)).answer(tds(4, &row))
}

/// A message of PostgreSQL behind its type (PostgreSQL 17 §53.7).
fn typed(kind: u8, body: &Bytes) -> Bytes {
    Bytes::default().u8(kind).raw(sized(body))
}

fn sized(body: &Bytes) -> Bytes {
    Bytes::default().u32(length::<u32>(&body.0) + 4).raw(body)
}

/// What a client of PostgreSQL that calls itself `program` begins with.
pub(super) fn startup(program: &str) -> Bytes {
    let names = format!("user\0{}\0database\0{}\0application_name\0{program}\0\0", C.login, C.share);
    sized(&Bytes::default().u32(0x0003_0000).raw(names))
}

/// PostgreSQL's password in clear.
pub(super) fn password() -> Bytes {
    typed(b'p', &Bytes::default().raw(C.password).u8(0))
}

/// PostgreSQL with a password in clear, a statement and its row.
fn postgres() -> Talk {
    let text = |text: &str| Bytes::default().raw(text).u8(0);
    let own = Bytes::default().raw(text("session_authorization")).raw(text(C.login));
    let version = Bytes::default().raw(text("server_version")).raw(text("14.5"));
    let ready = typed(b'R', &Bytes::default().u32(0)).raw(typed(b'S', &own)).raw(typed(b'S', &version));
    let row = Bytes::default().u16(2).longer(C.family).longer(C.born_on);
    to(5432)
        .say(startup("Lab"))
        .answer(typed(b'R', &Bytes::default().u32(3)))
        .say(password())
        .answer(ready.raw(typed(b'Z', &Bytes::default().raw("I"))))
        .say(typed(b'Q', &text(&statement())))
        .answer(typed(b'D', &row))
}

/// PostgreSQL says whom it refuses.
fn postgres_refused() -> Talk {
    let words = format!("SFATAL\0C28P01\0Mpassword authentication failed for user \"{}\"\0\0", C.login);
    to(5432)
        .say(startup("Lab"))
        .answer(typed(b'R', &Bytes::default().u32(5).raw("salt")))
        .say(typed(b'p', &Bytes::default().raw("md5d41d8cd98f00b204e9800998ecf8427e\0")))
        .answer(typed(b'E', &Bytes::default().raw(words)))
}

/// A packet of MySQL (MySQL Internals §14.1.2).
fn numbered(number: u8, payload: &Bytes) -> Bytes {
    Bytes::default().u16le(length(&payload.0)).u8(0).u8(number).raw(payload)
}

/// MySQL: a log-in with what the driver says of the user, a statement and its row, and a refusal.
fn mysql() -> Talk {
    let greeting =
        Bytes::default().u8(10).raw("8.0.33\0").u32le(42).raw("saltsalt").u8(0).raw([0xff, 0xf7, 0xff, 2, 0]);
    let greeting = greeting.raw([0xff, 0xdf, 21]).zeros(10).raw("morerandom12\0").raw("caching_sha2_password\0");
    let attributes = [("_os", "Linux"), ("_client_name", "libmysql"), ("os_user", C.windows), ("program_name", "lab")];
    let attributes = attributes.iter().fold(Bytes::default(), |all, (name, value)| all.short(name).short(value));
    let login = Bytes::default().u32le(0x003a_a68d).u32le(1 << 24).u8(0xff).zeros(23).raw(C.login).u8(0);
    let login = login.short([0xee; 32]).raw(C.share).u8(0).raw("caching_sha2_password\0").short(attributes);
    let refused = format!("#28000Access denied for user '{}'@'ward-7'", C.login);
    let refused = Bytes::default().u8(0xff).u16le(1045).raw(refused);
    to(3306)
        .answer(numbered(0, &greeting))
        .say(numbered(1, &login))
        .answer(numbered(2, &Bytes::default().raw([0, 0, 0, 2, 0, 0, 0])))
        .say(numbered(0, &Bytes::default().u8(3).raw(statement())))
        .answer(numbered(1, &Bytes::default().short(C.family).short(C.result)))
        .answer(numbered(2, &refused))
}

/// A packet of Oracle Net.
fn packet(kind: u8, body: &Bytes) -> Bytes {
    Bytes::default().u16(length::<u16>(&body.0) + 8).u16(0).u8(kind).u8(0).u16(0).raw(body)
}

/// What a client of Oracle begins with, behind a head of 58 bytes, from `program` on `host`.
pub(super) fn connect(program: &str, host: &str) -> Bytes {
    let descriptor = format!(
        "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=LAB)(CID=(PROGRAM={program})(HOST={host})(USER={})))\
         (ADDRESS=(PROTOCOL=TCP)(HOST=10.20.0.145)(PORT=1521)))",
        C.login
    );
    let head = Bytes::default().u16(0x013a).u16(0x012c).u16(0x0c41).u16(0x2000).u16(0xffff).u16(0x7f08).u16(0).u16(1);
    let head = head.u16(length(descriptor.as_bytes())).u16(58).u32(0x0800).raw("AA").zeros(24);
    packet(1, &head.raw(descriptor))
}

/// Oracle says what it refuses, and to whom.
pub(super) fn refused_connection() -> Bytes {
    let text = format!("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR=nothing for {}))", C.windows);
    packet(4, &Bytes::default().u8(0x22).u8(0).long(text))
}

/// Oracle: a program in a person's folder, a statement, its row.
fn oracle() -> Talk {
    let program = format!("C:\\Users\\{}\\LAB.EXE", C.windows);
    let accept = Bytes::default().u16(0x013a).u16(0x41).u16(0x2000).u16(0x7fff).u16(1).u16(0).u16(32).raw("AA");
    to(1521)
        .say(connect(&program, "ward-7"))
        .answer(packet(2, &accept))
        .say(packet(6, &Bytes::default().u16(0).raw(statement())))
        .answer(packet(6, &Bytes::default().u16(0).raw(C.family).raw(C.result)))
}
