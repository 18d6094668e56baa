//! A conversation as it is meant, before it is laid onto packets; and the ways in which a sensor may see only part.

use crate::wire::{Capture, Connection, Station};

/// One conversation of a client with a server.
#[derive(Clone)]
pub(crate) struct Talk {
    pub(crate) client: (Station, u16),
    pub(crate) server: (Station, u16),
    pub(crate) turns: Vec<Turn>,
    datagrams: bool,
    begins: bool,
    ends: bool,
}

/// What one end sends at a time.
#[derive(Clone)]
pub(crate) enum Turn {
    /// The client, these bytes.
    Client(Vec<u8>),
    /// The server, these bytes.
    Server(Vec<u8>),
    /// The client (when true) or the server, so many bytes that the capture lacks.
    Lost(bool, u32),
}

impl Talk {
    /// A TCP conversation in which nothing was said yet.
    pub(crate) const fn stream(client: (Station, u16), server: (Station, u16)) -> Self {
        Self { client, server, turns: Vec::new(), datagrams: false, begins: true, ends: true }
    }

    /// The same over UDP, each turn one datagram.
    pub(crate) fn datagrams(client: (Station, u16), server: (Station, u16)) -> Self {
        Self { datagrams: true, ..Self::stream(client, server) }
    }

    /// The client sends `message`.
    pub(crate) fn say(mut self, message: impl AsRef<[u8]>) -> Self {
        self.turns.push(Turn::Client(message.as_ref().to_vec()));
        self
    }

    /// The server sends `message`.
    pub(crate) fn answer(mut self, message: impl AsRef<[u8]>) -> Self {
        self.turns.push(Turn::Server(message.as_ref().to_vec()));
        self
    }

    /// The same between other ports.
    pub(crate) const fn at_ports(mut self, client: u16, server: u16) -> Self {
        (self.client.1, self.server.1) = (client, server);
        self
    }

    /// It breaks off behind `byte` of turn `turn`, without an end unless `ends`.
    pub(crate) fn until(&self, turn: usize, byte: usize, ends: bool) -> Self {
        let mut turns: Vec<Turn> = self.turns.iter().take(turn + 1).cloned().collect();
        if let Some(Turn::Client(bytes) | Turn::Server(bytes)) = turns.last_mut() {
            bytes.truncate(byte);
        }
        Self { turns, ends, ..self.clone() }
    }

    /// The capture begins with `byte` of turn `turn`.
    pub(crate) fn from(&self, turn: usize, byte: usize) -> Self {
        let mut turns: Vec<Turn> = self.turns.iter().skip(turn).cloned().collect();
        if let Some(Turn::Client(bytes) | Turn::Server(bytes)) = turns.first_mut() {
            bytes.drain(..byte.min(bytes.len()));
        }
        Self { turns, begins: false, ..self.clone() }
    }

    /// The capture lacks `count` bytes from `byte` of turn `turn`.
    pub(crate) fn without(&self, turn: usize, byte: usize, count: usize) -> Self {
        let mut lossy = self.until(turn, byte, true);
        let lost = u32::try_from(count).unwrap_or(u32::MAX);
        let behind = |bytes: &Vec<u8>| bytes.iter().skip(byte + count).copied().collect();
        match self.turns.get(turn) {
            Some(Turn::Client(bytes)) => lossy.turns.extend([Turn::Lost(true, lost), Turn::Client(behind(bytes))]),
            Some(Turn::Server(bytes)) => lossy.turns.extend([Turn::Lost(false, lost), Turn::Server(behind(bytes))]),
            Some(Turn::Lost(..)) | None => {}
        }
        lossy.turns.extend(self.turns.iter().skip(turn + 1).cloned());
        lossy
    }

    /// Whether it is carried by datagrams.
    pub(crate) const fn is_datagrams(&self) -> bool {
        self.datagrams
    }

    /// Lays it onto packets.
    pub(crate) fn play(&self, capture: &mut Capture) {
        if self.datagrams {
            self.play_datagrams(capture)
        } else {
            self.play_stream(capture)
        }
        capture.wait(40);
    }

    fn play_datagrams(&self, capture: &mut Capture) {
        let ((client, from), (server, to)) = (self.client, self.server);
        for turn in &self.turns {
            match turn {
                Turn::Client(bytes) => capture.udp(client, server, (from, to), bytes),
                Turn::Server(bytes) => capture.udp(server, client, (to, from), bytes),
                Turn::Lost(..) => {}
            }
        }
    }

    fn play_stream(&self, capture: &mut Capture) {
        let mut connection = if self.begins {
            Connection::open(capture, self.client, self.server)
        } else {
            Connection::midway(self.client, self.server)
        };
        for turn in &self.turns {
            capture.wait(2);
            match turn {
                Turn::Client(bytes) => connection.send(capture, true, bytes),
                Turn::Server(bytes) => connection.send(capture, false, bytes),
                Turn::Lost(client, count) => connection.lose(capture, *client, *count),
            }
        }
        if self.ends {
            connection.close(capture);
        }
    }
}
