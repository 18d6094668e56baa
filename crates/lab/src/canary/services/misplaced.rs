//! People where only programs, computers and devices should be named, as their owners name them.
//!
//! In: the canaries. Out: conversations in which a name stands in a field that is read for what else it says.

use super::{bases, dialogue, over, papers, to};
use crate::bytes::Bytes;
use crate::canary::words::CANARIES as C;
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    [greetings(), vec![telephone(), pump(), chat(), proxied(), papers::printed(C.windows)], programs()].concat()
}

/// Greetings so short that all of one may be shown beside the words of it that may be read.
fn greetings() -> Vec<Talk> {
    let of = |port: u16, text: String| dialogue(port, &[format!("S: {text}"), "C: QUIT".to_owned()]);
    vec![
        of(21, format!("220 FTP ready {}", C.family)),
        of(23, format!("Philips monitor {}", C.family)),
        of(25, format!("220 ESMTP Postfix {}", C.search)),
        of(110, format!("+OK Dovecot ready {}", C.family)),
        of(119, format!("200 {} INN 2.6.4", C.family)),
        of(143, format!("* OK Dovecot ready {}", C.family)),
    ]
}

/// A telephone whose product names who uses it.
fn telephone() -> Talk {
    let ask = format!(
        "OPTIONS sip:7@ward.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.20.0.144:5060;branch=z9hG4bK9\r\nFrom: <sip:8@ward.example>\r\n\
         To: <sip:7@ward.example>\r\nCall-ID: 9@10.20.0.144\r\nCSeq: 9 OPTIONS\r\nUser-Agent: Cage Desk/4.2 user={}\r\n\
         Content-Length: 0\r\n\r\n",
        C.login
    );
    over(5060).say(ask)
}

/// An identifier of MQTT that is somebody's log-in name, with a dot as in mail.
fn pump() -> Talk {
    let connect = Bytes::default().long("MQTT").u8(4).u8(2).u16(60).long(C.windows);
    to(1883).say(Bytes::default().u8(0x10).short(connect)).answer([0x20, 2, 0, 0])
}

/// A server of XMPP that is somebody's own computer.
fn chat() -> Talk {
    let open = |who: &str| {
        format!("<stream:stream {who} xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
    };
    let own = format!("{}-PC", C.computer_owner);
    to(5222).say(open(&format!("to='{own}'"))).answer(open(&format!("from='{own}' id='1'")))
}

/// A proxy is asked for somebody's own computer.
fn proxied() -> Talk {
    let host = format!("{}-PC", C.computer_owner);
    to(1080).say([5, 1, 0]).answer([5, 0]).say(Bytes::default().raw([5, 1, 0, 3]).short(host).u16(80))
}

/// Programs and computers of data bases' clients that are called after people, with blanks and with a dot; each answer
/// names somebody, so that some break off while what was asked is remembered.
fn programs() -> Vec<Talk> {
    let own = format!("{}-PC", C.computer_owner);
    let wanted = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];
    let ready = [b'R', 0, 0, 0, 8, 0, 0, 0, 0, b'Z', 0, 0, 0, 5, b'I'];
    let clients = |name: &str| {
        [
            to(5432).say(bases::startup(name)).answer(wanted).say(bases::password()).answer(ready),
            to(1433).say(bases::login7(&own, name)).answer(bases::refused_login()),
            to(1521).say(bases::connect(name, &own)).answer(bases::refused_connection()),
        ]
    };
    [clients(C.operator), clients(C.windows)].concat()
}
