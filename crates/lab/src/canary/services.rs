//! Services of offices and hospitals with canaries: log-ins, mail, files, calls, data bases, printers.
//!
//! In: the canaries. Out: conversations that name people, or hold secrets, in every field that is for them.

mod accounts;
mod bases;
mod calls;
mod misplaced;
mod papers;
mod procedures;
mod remote;

use super::words::CANARIES as C;
use crate::bytes::{Bytes, base64};
use crate::talk::Talk;
use crate::wire::Station;

const CLIENT: Station = Station::new([0x98, 0xe7, 0x43, 0x0c, 0x00, 0x0e], 144, "cage-client");
const SERVER: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x0f], 145, "cage-services");

pub(super) fn talks() -> Vec<Talk> {
    let lines = [files(), terminals(), mail(), mailboxes(), vec![news(), articles()], chat()].concat();
    let known = [lines, accounts::talks(), calls::talks(), bases::talks(), papers::talks()].concat();
    [known, misplaced::talks(), procedures::talks(), remote::talks()].concat()
}

/// A stream to `port`.
fn to(port: u16) -> Talk {
    Talk::stream((CLIENT, 0), (SERVER, port))
}

/// Datagrams to `port`.
fn over(port: u16) -> Talk {
    Talk::datagrams((CLIENT, 0), (SERVER, port))
}

/// Both ends speak in lines, behind `C: ` the client and behind `S: ` the server.
fn dialogue(port: u16, lines: &[String]) -> Talk {
    lines.iter().fold(to(port), |talk, line| match line.strip_prefix("S: ") {
        Some(told) => talk.answer(format!("{told}\r\n")),
        None => talk.say(format!("{}\r\n", line.strip_prefix("C: ").unwrap_or(line))),
    })
}

/// Name and password as the mechanism PLAIN has them (RFC 4616 §2).
fn plain() -> String {
    format!("\0{}\0{}", C.login, C.password)
}

/// FTP: a log-in, a folder and a file named after patients; then the file.
fn files() -> Vec<Talk> {
    let control = dialogue(
        21,
        &[
            format!("S: 220 Cage ftpd ProFTPD 1.3.5 Server (files of {})", C.operator),
            format!("C: USER {}", C.login),
            format!("S: 331 Password required for {}", C.login),
            format!("C: PASS {}", C.password),
            format!("S: 230 User {} logged in", C.login),
            format!("C: CWD /{}", C.share),
            format!("S: 250 \"/{}\" is current directory", C.share),
            "C: PASV".to_owned(),
            "S: 227 Entering Passive Mode (10,20,0,145,20,1).".to_owned(),
            format!("C: STOR {}", C.file),
            format!("S: 150 Opening {}", C.file),
            format!("S: 226 {} stored", C.file),
            "C: QUIT".to_owned(),
            format!("S: 221 Goodbye {}", C.login),
        ],
    );
    vec![control, to(5121).answer(C.content)]
}

/// Telnet: what is typed at prompts, and the variables of a terminal.
fn terminals() -> Vec<Talk> {
    let asked = Bytes::default().raw([0xff, 0xfb, 0x01]);
    let asked = asked.raw(format!("\r\nWelcome to the Cage printer of {}\r\n\r\nlogin: ", C.operator));
    let variable = Bytes::default().raw([0xff, 0xfa, 0x27, 0, 0]).raw("USER").u8(1).raw(C.login).raw([0xff, 0xf0]);
    let typed = |text: &str| format!("{text}\r\n");
    vec![
        to(23)
            .answer([0xff, 0xfd, 0x18])
            .say([0xff, 0xfb, 0x18])
            .answer(asked)
            .say(typed(C.login))
            .answer("Password: ")
            .say(typed(C.cleartext))
            .answer(format!("{} $ ", C.family)),
        to(23)
            .answer([0xff, 0xfd, 0x27])
            .say(variable)
            .answer(format!("Benutzer von {}: ", C.employer))
            .say(typed(C.login))
            .answer("Kennwort: ")
            .say(typed(C.passcode))
            .answer(format!("{} {}\r\n", C.family, C.record)),
    ]
}

/// SMTP: both ways to log in, addresses, a message.
fn mail() -> Vec<Talk> {
    let greeted = [
        "S: 220 cage.ward.example ESMTP Postfix".to_owned(),
        "C: EHLO ward-7".to_owned(),
        format!("S: 250-cage.ward.example Hello {}", C.login),
        "S: 250 AUTH PLAIN LOGIN".to_owned(),
    ];
    let in_two = [
        "C: AUTH LOGIN".to_owned(),
        "S: 334 VXNlcm5hbWU6".to_owned(),
        format!("C: {}", base64(C.login.as_bytes())),
        "S: 334 UGFzc3dvcmQ6".to_owned(),
        format!("C: {}", base64(C.password.as_bytes())),
        format!("S: 535 5.7.8 {} is not let in", C.login),
    ];
    let sent = [
        format!("C: AUTH PLAIN {}", base64(plain().as_bytes())),
        format!("S: 235 2.7.0 {} is let in", C.login),
        format!("C: MAIL FROM:<{}>", C.mail),
        format!("S: 250 2.1.0 {} ok", C.mail),
        format!("C: RCPT TO:<{}>", C.mail),
        format!("S: 550 5.1.1 no such user {}", C.mail),
        "C: DATA".to_owned(),
        "S: 354 Go on".to_owned(),
        format!(
            "C: From: \"{}\" <{}>\r\nTo: \"{}, {}\" <{}>\r\nSubject: {}\r\n\r\n{}\r\n.",
            C.operator, C.mail, C.family, C.given, C.mail, C.remark, C.diagnosis
        ),
    ];
    vec![dialogue(25, &[&greeted[..], &in_two[..]].concat()), dialogue(587, &[&greeted[..], &sent[..]].concat())]
}

/// POP3 and IMAP: ways to log in, names of mailboxes, messages.
fn mailboxes() -> Vec<Talk> {
    let pop = [
        "S: +OK Dovecot POP3 ready.".to_owned(),
        format!("C: USER {}", C.login),
        format!("S: +OK {}", C.login),
        format!("C: PASS {}", C.password),
        format!("S: -ERR wrong password of {}", C.login),
        "C: AUTH PLAIN".to_owned(),
        "S: + ".to_owned(),
        format!("C: {}", base64(plain().as_bytes())),
        format!("S: -ERR {} is not let in", C.login),
        format!("C: APOP {} c4c9334bac560ecc979e58001b3e22fb", C.digest),
        format!("S: +OK {} has a message", C.operator),
        "C: RETR 1".to_owned(),
        format!("S: +OK\r\nSubject: {}\r\n\r\n{}\r\n.", C.remark, C.diagnosis),
    ];
    let imap = [
        format!("S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready for {}.", C.operator),
        format!("C: a1 ID (\"name\" \"Cage Mail\" \"version\" \"3.2\" \"user\" \"{}\")", C.login),
        "S: a1 OK".to_owned(),
        format!("C: a2 LOGIN \"{}\" \"{}\"", C.login, C.password),
        format!("S: a2 NO {} is not let in", C.login),
        format!("C: a3 LOGIN {} {}", C.digest, C.passcode),
        format!("S: a3 OK {} logged in", C.operator),
        format!("C: a4 SELECT \"{}\"", C.family),
        format!("S: * LIST () \"/\" \"{}\"", C.share),
        "C: a5 FETCH 1 ENVELOPE".to_owned(),
        format!("S: * 1 FETCH (ENVELOPE (\"date\" \"{}\" ((\"{}\" NIL NIL NIL))))", C.remark, C.operator),
    ];
    let in_parts = [
        "S: * OK IMAP4 ready".to_owned(),
        "C: b1 AUTHENTICATE PLAIN".to_owned(),
        "S: + ".to_owned(),
        format!("C: {}", base64(plain().as_bytes())),
        format!("S: b1 NO {}", C.login),
        format!("C: b2 LOGIN {{{}}}", C.login.len()),
        "S: + ".to_owned(),
        format!("C: {} {}", C.login, C.password),
    ];
    vec![dialogue(110, &pop), dialogue(143, &imap), dialogue(143, &in_parts)]
}

/// NNTP: a log-in.
fn news() -> Talk {
    dialogue(
        119,
        &[
            format!("S: 200 cage.ward.example InterNetNews NNRP server INN 2.6.4 ready for {}", C.operator),
            "C: MODE READER".to_owned(),
            "S: 200 ready".to_owned(),
            format!("C: AUTHINFO USER {}", C.login),
            format!("S: 381 password of {}", C.login),
            format!("C: AUTHINFO PASS {}", C.password),
            format!("S: 281 Welcome {}", C.operator),
        ],
    )
}

/// NNTP: a group and an article.
fn articles() -> Talk {
    dialogue(
        119,
        &[
            "S: 200 NNTP Service Ready".to_owned(),
            format!("C: GROUP ward.{}", C.family),
            format!("S: 211 1 1 1 ward.{}", C.family),
            "C: ARTICLE 1".to_owned(),
            format!("S: 220 1 <{}>\r\nFrom: {}\r\nSubject: {}\r\n\r\n{}\r\n.", C.mail, C.operator, C.remark, C.result),
        ],
    )
}

/// XMPP: a log-in in clear, and messages.
fn chat() -> Vec<Talk> {
    let spaces = "version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
    let asked = format!("<?xml version='1.0'?><stream:stream from='{}' to='cage.ward.example' {spaces}>", C.mail);
    let answered = format!("<?xml version='1.0'?><stream:stream id='1' from='cage.ward.example' {spaces}>");
    let offered = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
        </mechanisms></stream:features>";
    let message = |from: &str, to: &str| {
        format!("<message from='{from}' to='{to}'><subject>{}</subject><body>{}</body></message>", C.family, C.remark)
    };
    let opened = || to(5222).say(&asked).answer(&answered).answer(offered);
    vec![
        opened()
            .say(format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}</auth>",
                base64(plain().as_bytes())
            ))
            .answer("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
            .say(message(C.mail, C.login)),
        opened().say(message(C.mail, C.login)).answer(message(C.login, C.mail)),
    ]
}
