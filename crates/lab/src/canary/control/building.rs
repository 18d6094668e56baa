//! Heating, light and doors: KNX, Niagara Fox, LonTalk, Ether-S-Bus, Modbus.

use super::{C, CONTROLLER, DESK, over, own, to};
use crate::bytes::{Bytes, length};
use crate::talk::Talk;

pub(super) fn talks() -> Vec<Talk> {
    vec![rooms(), stations(), nodes(), texts(), registers()]
}

/// KNXnet/IP: an interface called after its owner, and a text for a display (KNX Standard 3.8.2 §7.5, 3.7.2 §3.21).
fn rooms() -> Talk {
    let message =
        |service: u16, body: Bytes| Bytes::default().u16(0x0610).u16(service).u16(length::<u16>(&body.0) + 6).raw(body);
    let named = format!("Gateway {}", C.phone_owner);
    let device = Bytes::default().raw([0x36, 1, 2, 0, 0x11, 1, 0, 0, 0, 2, 10, 11, 12, 13]).raw([224, 0, 23, 12]);
    let device = device.raw(CONTROLLER.mac).padded(&named, 30, 0);
    // What a maker adds of its own, and where it was put.
    let noted = Bytes::default().u8(0xfe).u16(2).raw(C.remark);
    let noted = Bytes::default().u8(length::<u8>(&noted.0) + 1).raw(noted);
    let told = device.raw([6, 2, 2, 2, 4, 2]).raw(noted);
    let shown =
        Bytes::default().raw([4, 0x15, 0, 0, 0x11, 0, 0xbc, 0xe0, 0, 0, 9, 2, 15, 0, 0x80]).padded(C.family, 14, 0);
    let kept = Bytes::default().raw([4, 0x15, 1, 0, 0xf6, 0, 0x0b, 1, 76, 0x20, 1]).raw(&named);
    let asked = || Bytes::default().raw([8, 1]).raw(DESK.ip).u16(40_000);
    over(3671)
        .say(message(0x0203, asked()))
        .answer(message(0x0204, told))
        .say(message(0x0205, asked().raw(asked().raw([4, 4, 2, 0]))))
        .answer(message(0x0206, Bytes::default().raw([0x15, 0]).raw(asked()).raw([4, 4, 0x11, 1])))
        .say(message(0x0420, shown))
        .say(message(0x0310, kept))
}

/// Niagara Fox: greetings with names of computers, stations and users, then a log-in.
fn stations() -> Talk {
    let greeting = |number: u8, lines: &[String]| {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        format!("fox a {number} -1 fox hello\n{{\nfox.version=s:1.0.1\nid=i:1\n{lines}}};;\n")
    };
    let asked = [
        format!("hostName=s:{}", own()),
        "app.name=s:Workbench".to_owned(),
        "app.version=s:3.8.38".to_owned(),
        "os.name=s:Windows 7".to_owned(),
        "os.version=s:6.1".to_owned(),
        "hostId=s:Win-0000-0000-0000-0007".to_owned(),
        format!("user.name=s:{}", C.login),
    ];
    let told = [
        format!("hostName=s:{}-controller", C.phone_owner),
        "app.name=s:Station".to_owned(),
        "app.version=s:3.8.38".to_owned(),
        "os.name=s:QNX".to_owned(),
        "os.version=s:6.5.0".to_owned(),
        format!("station.name=s:{}", C.computer_owner),
        "hostId=s:Qnx-NPM6E-0000-12EA-FDCC".to_owned(),
        "brandId=s:cage".to_owned(),
        format!("sysInfo=o:bog 61[<bog version=\"1.0\"><p n=\"owner\" v=\"{}\"/>", C.operator),
    ];
    let log_in = format!("fox a 2 -1 fox authenticate\n{{\nusername=s:{}\npassword=s:{}\n}};;\n", C.login, C.password);
    to(1911)
        .say(greeting(1, &asked))
        .answer(greeting(0, &told))
        .say(log_in)
        .answer(format!("fox a 2 -1 fox welcome\n{{\nuser=s:{}\nnote=s:{}\n}};;\n", C.operator, C.remark))
}

/// LonTalk over IP: a node announces itself; another is told a text (SNVT_str_asc) and where it stands.
fn nodes() -> Talk {
    let packet = |body: Bytes| {
        let head = Bytes::default().u16(length::<u16>(&body.0) + 20).raw([1, 1, 0, 0, 0, 0]);
        head.u32(7).u32(42).u32(99).raw(body)
    };
    let pin =
        Bytes::default().raw([1, 0x30, 1, 0x80, 0, 0x7f, 5, 2, 0xaa, 0xbb, 0xcc, 1, 0x90, 0, 9, 0x1f, 10, 4, 3, 1]);
    let update =
        |text: &str| Bytes::default().raw([1, 0x39, 1, 0x85, 1, 2, 7, 0x80, 1]).padded(text, 31, 0).u16(0xbeef);
    over(1628)
        .say(packet(pin.u16(0xbeef)))
        .answer(packet(update(C.remark)))
        .answer(packet(update(C.attending)))
        .say(packet(update(C.passcode)))
}

/// CRC-16 of the CCITT, from 0.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc >> 15 == 1 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}

/// Ether-S-Bus: texts of a controller are read and written, and its password is told (manual 26/739 §A).
fn texts() -> Talk {
    let telegram = |sequence: u16, kind: u8, content: Bytes| {
        let head = Bytes::default().u32(length::<u32>(&content.0) + 11).raw([1, 0]).u16(sequence).u8(kind).raw(content);
        let sum = crc(&head.0);
        head.u16(sum)
    };
    let command = |number: u8, content: &str| Bytes::default().raw([10, number]).raw(content);
    over(5050)
        .say(telegram(1, 0, command(0x21, "")))
        .answer(telegram(1, 1, Bytes::default().raw(C.remark)))
        .say(telegram(2, 0, command(0x1f, &format!("Office of {}", C.attending))))
        .answer(telegram(2, 2, Bytes::default().u16(0)))
        .say(telegram(3, 0, command(0xab, C.password)))
        .say(telegram(4, 0, command(0x20, "")))
        .answer(telegram(4, 1, Bytes::default().raw(C.phone)))
}

/// Modbus: what people call the device, and texts in registers and files (V1.1b3 §6.12, §6.13, §6.15, §6.21).
fn registers() -> Talk {
    let unit = |number: u16, function: u8, body: Bytes| {
        let pdu = Bytes::default().raw([0xff, function]).raw(body);
        Bytes::default().u16(number).u16(0).long(pdu)
    };
    let object = |number: u8, text: &str| Bytes::default().u8(number).short(text);
    let told = Bytes::default().raw([14, 2, 0x82, 0, 0, 5]).raw(object(0, "Cage")).raw(object(1, "CG-7"));
    let told = told.raw(object(3, &format!("http://{}:{}@cage.example", C.login, C.password)));
    let told = told.raw(object(6, &format!("Pump of {}", C.computer_owner))).raw(object(0x80, C.operator));
    let even = |text: &str| Bytes::default().raw(text).zeros(text.len() % 2);
    let words = |bytes: &Bytes| length::<u16>(bytes.0.as_chunks::<2>().0.as_flattened()) / 2;
    let text = even(C.remark);
    let written = Bytes::default().u16(100).u16(words(&text)).short(&text);
    let file = even(C.diagnosis);
    let filed = Bytes::default().u8(6).u16(1).u16(0).u16(words(&file)).raw(file);
    to(502)
        .say(unit(1, 0x2b, Bytes::default().raw([14, 2, 0])))
        .answer(unit(1, 0x2b, told))
        .say(unit(2, 0x10, written))
        .answer(unit(2, 0x10, Bytes::default().u16(100).u16(words(&text))))
        .say(unit(3, 3, Bytes::default().u16(100).u16(words(&text))))
        .answer(unit(3, 3, Bytes::default().short(&text)))
        .say(unit(4, 0x15, Bytes::default().short(&filed)))
        .answer(unit(4, 0x15, Bytes::default().short(&filed)))
        .say(unit(5, 0x11, Bytes::default()))
        .answer(unit(5, 0x11, Bytes::default().short(Bytes::default().raw([1, 0xff]).raw(C.operator))))
}
