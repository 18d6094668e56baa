//! SMB 2 (MS-SMB2 §2.2) and the old SMB 1 (MS-CIFS §2.2.4) over TCP (MS-SMB2 §2.1).

use crate::bytes::{Bytes, length, utf16};
use crate::office::ntlm;

/// Who connects as whom to what.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) user: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) station: &'a str,
    /// The server's NetBIOS name.
    pub(crate) server: &'a str,
    pub(crate) share: &'a str,
    pub(crate) file: &'a str,
}

impl Visit<'_> {
    /// The messages of a visit by SMB 2 in turn, client's and server's: negotiate, log in, connect to the share, open
    /// the file and write `content`.
    pub(crate) fn smb2(&self, content: &[u8]) -> [(Bytes, Bytes); 6] {
        let denied = 0xc000_0016;
        let path = utf16(&format!("\\\\{}\\{}", self.server, self.share));
        [
            (request2(0, 0, negotiate2()), response2(0, 0, 0, negotiated2())),
            (
                request2(1, 1, setup2(&ntlm::negotiate())),
                response2(1, 1, denied, set_up2(&ntlm::challenge(self.server, self.domain))),
            ),
            (
                request2(1, 2, setup2(&ntlm::authenticate(self.user, self.domain, self.station))),
                response2(1, 2, 0, set_up2(&Bytes::default())),
            ),
            (
                request2(3, 3, Bytes::default().u16le(9).u16le(0).u16le(72).raw(short(&path)).raw(&path)),
                response2(3, 3, 0, Bytes::default().u16le(16).u8(1).u8(0).zeros(8).u32le(0x001f_01ff)),
            ),
            (request2(5, 4, create2(self.file)), response2(5, 4, 0, created2())),
            (request2(9, 5, write2(content)), response2(9, 5, 0, Bytes::default().u16le(17).zeros(15))),
        ]
    }

    /// The same by SMB 1 without extended security: `password` in clear, or as the server's challenge wants it.
    pub(crate) fn smb1(&self, password: &str) -> [(Bytes, Bytes); 4] {
        let path = format!("\\\\{}\\{}\0", self.server.to_uppercase(), self.share);
        let connect = Bytes::default().u32le(0xff).u16le(0).u16le(1);
        let connected = Bytes::default().u32le(0xff).u16le(1);
        [
            (
                message1(0x72, false, &Bytes::default(), &Bytes::default().raw("\x02NT LM 0.12\0")),
                message1(
                    0x72,
                    true,
                    &negotiated1(),
                    &Bytes::default().zeros(8).raw(wide(self.domain)).raw(wide(self.server)),
                ),
            ),
            (self.set_up1(password), self.set_up1_answer()),
            (
                message1(0x75, false, &connect, &Bytes::default().u8(0).raw(path).raw("?????\0")),
                message1(0x75, true, &connected, &Bytes::default().raw("A:\0NTFS\0")),
            ),
            (self.create1(), message1(0xa2, true, &Bytes::default().u32le(0xff).zeros(64), &Bytes::default())),
        ]
    }

    fn set_up1(&self, password: &str) -> Bytes {
        let words = Bytes::default().u32le(0xff).u16le(4356).u16le(50).u16le(0).u32le(0);
        let words = words.raw(short(password.as_bytes())).u16le(0).u32le(0).u32le(0xd4);
        let strings = Bytes::default().raw(password).raw(self.user).u8(0).raw(self.domain).u8(0);
        let strings = strings.raw("Windows 7 Professional 7601 Service Pack 1\0Windows 7 Professional 6.1\0");
        message1(0x73, false, &words, &strings)
    }

    fn set_up1_answer(&self) -> Bytes {
        let words = Bytes::default().u32le(0xff).u16le(0);
        let strings = format!("Windows Server 2008 R2 Standard 7601\0Windows Server 2008 R2 6.1\0{}\0", self.domain);
        message1(0x73, true, &words, &Bytes::default().raw(strings))
    }

    fn create1(&self) -> Bytes {
        let words = Bytes::default().u32le(0xff).u8(0).raw(short(self.file.as_bytes())).u32le(0).u32le(0);
        let words = words.u32le(0x0012_0089).zeros(8).u32le(0x80).u32le(7).u32le(1).u32le(0).u32le(2).u8(0);
        message1(0xa2, false, &words, &Bytes::default().raw(self.file).u8(0))
    }
}

fn request2(command: u16, id: u8, body: Bytes) -> Bytes {
    framed(head2(command, id, 0, 0).raw(body))
}

fn response2(command: u16, id: u8, status: u32, body: Bytes) -> Bytes {
    framed(head2(command, id, status, 1).raw(body))
}

fn head2(command: u16, id: u8, status: u32, flags: u32) -> Bytes {
    let head = Bytes::default().raw(b"\xfeSMB").u16le(64).u16le(1).u32le(status).u16le(command).u16le(31);
    let session = if command == 0 || (command, id) == (1, 1) { 0 } else { 0x4000_0021 };
    let head = head.u32le(flags).u32le(0).u8(id).zeros(7).u32le(0xfeff).u32le(u32::from(command > 3));
    head.u32le(session).u32le(0).zeros(16)
}

fn negotiate2() -> Bytes {
    let body = Bytes::default().u16le(36).u16le(4).u16le(1).u16le(0).u32le(0x7f).raw([0x5a; 16]).zeros(8);
    body.u16le(0x0202).u16le(0x0210).u16le(0x0300).u16le(0x0302)
}

fn negotiated2() -> Bytes {
    let body = Bytes::default().u16le(65).u16le(1).u16le(0x0302).u16le(0).raw([0xa5; 16]).u32le(0x2f);
    let body = body.u32le(1 << 20).u32le(1 << 20).u32le(1 << 20).zeros(16);
    body.u16le(128).u16le(0).u32le(0)
}

fn setup2(token: &Bytes) -> Bytes {
    let body = Bytes::default().u16le(25).u8(0).u8(1).u32le(1).u32le(0).u16le(88).raw(short(&token.0)).zeros(8);
    body.raw(token)
}

fn set_up2(token: &Bytes) -> Bytes {
    Bytes::default().u16le(9).u16le(0).u16le(72).raw(short(&token.0)).raw(token)
}

fn create2(file: &str) -> Bytes {
    let name = utf16(file);
    let body = Bytes::default().u16le(57).u8(0).u8(0).u32le(2).zeros(16).u32le(0x0012_0089).u32le(0x80).u32le(7);
    body.u32le(1).u32le(0).u16le(120).raw(short(&name)).zeros(8).raw(name)
}

fn created2() -> Bytes {
    Bytes::default().u16le(89).zeros(62).raw([0x11; 16]).zeros(8)
}

fn write2(content: &[u8]) -> Bytes {
    let body = Bytes::default().u16le(49).u16le(112).u32le(length(content)).zeros(8).raw([0x11; 16]).zeros(16);
    body.raw(content)
}

fn negotiated1() -> Bytes {
    let words = Bytes::default().u16le(0).u8(3).u16le(50).u16le(1).u32le(16_644).u32le(65_536).u32le(0);
    words.u32le(0x0000_f3fd).zeros(8).u16le(0).u8(8)
}

fn message1(command: u8, answer: bool, words: &Bytes, bytes: &Bytes) -> Bytes {
    // Unicode strings only in the answer to negotiate, as its capabilities are not known before.
    let flags2 = if command == 0x72 && answer { 0xc001 } else { 0x4001 };
    let head = Bytes::default().raw(b"\xffSMB").u8(command).u32le(0).u8(if answer { 0x98 } else { 0x18 });
    let head = head.u16le(flags2).zeros(12).u16le(0).u16le(0xfeff).u16le(0).u16le(1);
    let count: u8 = length(words.0.as_chunks::<2>().0.as_flattened());
    framed(head.u8(count / 2).raw(words).raw(short(&bytes.0)).raw(bytes))
}

fn wide(text: &str) -> Vec<u8> {
    utf16(&format!("{text}\0"))
}

fn short(bytes: &[u8]) -> [u8; 2] {
    length::<u16>(bytes).to_le_bytes()
}

fn framed(message: Bytes) -> Bytes {
    Bytes::default().longer(message)
}
