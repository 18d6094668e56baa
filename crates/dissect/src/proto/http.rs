//! HTTP/1.0 and 1.1 on any port: what clients and servers say about themselves, and bodies for those who read them.
//!
//! In: both directions of a TCP stream. Out: user agents, servers, realms, host names, titles of entry pages; one record
//! an exchange; bodies and half exchanges for other entries. Targets leave as shapes only ([`crate::codec::uri`]);
//! cookies, credentials, referrers and values of parameters never do. Behind `CONNECT` and `Upgrade` bytes are only
//! counted. Source: RFC 9112, RFC 9110; Basic: RFC 7617.

mod body;
mod head;
mod page;
mod says;

use crate::Output;
use crate::codec::uri::Shape;
use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe, Step};
use body::{Body, Next, Use};
use head::{Head, Length};
use says::{Answer, Asked};
use std::collections::VecDeque;
use wardlight_model::Side;

/// HTTP/1.
pub(super) struct Http;

/// The entry of the list.
pub(super) const ENTRY: Http = Http;

/// Most requests waiting for their response that are remembered.
const PIPELINED: usize = 16;
/// Most pieces of a stream looked at for the next message after a loss.
const ATTEMPTS: u16 = 512;

static INFO: Info = Info {
    name: "http",
    title: "HTTP/1",
    source: "RFC 9112, RFC 9110",
    carriers: &[Carrier::Tcp],
    ports: &[80, 8080, 8000, 8008, 8081, 8088, 8888, 3128, 591],
    record: says::RECORD,
    weirds: says::WEIRDS,
    window: 256 * 1024,
};

impl Dissector for Http {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        head::begins(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(Conversation::default())
    }
}

/// What is remembered of one conversation: numbers, states, and requests not yet answered.
#[derive(Default)]
struct Conversation {
    lanes: [Lane; 2],
    asked: VecDeque<Asked>,
    exchanges: u32,
}

#[derive(Default)]
struct Lane {
    state: State,
    /// Bytes from the front that hold no end of a head.
    scanned: usize,
    /// Bytes held when more were waited for.
    held: usize,
    /// Times the next message was looked for.
    attempts: u16,
    /// A head was read.
    is_begun: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Head,
    Body(Box<Pending>),
    /// The next message is looked for at the beginning of each piece.
    Lost,
}

/// A body on its way, and what of its exchange is needed when it is there.
struct Pending {
    body: Body,
    method: &'static str,
    shape: Shape,
    /// The exchange, when its record waits for the length of this body.
    answer: Option<Answer>,
}

impl Parser for Conversation {
    fn read(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let step = match std::mem::take(&mut self.lane(side).state) {
            State::Head => self.head(side, bytes, out),
            State::Lost => self.find(side, bytes, out),
            State::Body(pending) => self.body(side, *pending, bytes, out),
        };
        self.lane(side).held = if step == Step::Take(0) { bytes.len() } else { 0 };
        step
    }

    fn end(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) {
        if let State::Body(pending) = std::mem::take(&mut self.lane(side).state) {
            let pending = *pending;
            pending.read(bytes, pending.body.whole(), out);
            pending.finish(out);
        }
        let is_client_side = self.asked.front().is_some_and(|asked| asked.side == side);
        if !is_client_side {
            self.asked.drain(..).for_each(|asked| Answer::none(asked).record(None, out));
        }
    }

    fn gap(&mut self, side: Side, lost: u64) -> bool {
        let held = std::mem::take(&mut self.lane(side).held);
        self.lane(side).scanned = 0;
        if let State::Body(pending) = &mut self.lane(side).state
            && pending.body.lose(held, lost)
        {
            return true;
        }
        self.lane(side).state = State::Lost;
        // Which response answers which request is no longer known.
        self.asked.clear();
        true
    }
}

impl Conversation {
    fn lane(&mut self, side: Side) -> &mut Lane {
        side.of(self.lanes.each_mut())
    }

    /// Looks for the next message at the beginning of what came last.
    fn find(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let begins = head::begins(bytes);
        if begins == Probe::Yes {
            return self.head(side, bytes, out);
        }
        let lane = self.lane(side);
        (lane.state, lane.attempts) = (State::Lost, lane.attempts.saturating_add(1));
        match begins {
            _ if lane.attempts > ATTEMPTS => Step::Done,
            Probe::More => Step::Take(0),
            Probe::Yes | Probe::Likely | Probe::No => Step::Take(bytes.len()),
        }
    }

    /// Reads one head when it is whole.
    fn head(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let blank = bytes.len() - head::without_blank_lines(bytes).len();
        if blank > 0 {
            return Step::Take(blank);
        }
        match head::begins(bytes) {
            Probe::No => {
                // A side heard from the middle on has broken nothing.
                if self.lane(side).is_begun || self.asked.iter().any(|asked| asked.side != side) {
                    out.weird("http.no_message");
                }
                return self.lose(side, bytes, out);
            }
            Probe::Yes | Probe::Likely | Probe::More => {}
        }
        let lane = self.lane(side);
        let Some(length) = head::length(bytes, lane.scanned) else {
            lane.scanned = bytes.len();
            if bytes.len() <= head::LONGEST {
                return Step::Take(0);
            }
            out.weird("http.long_head");
            return Step::Done;
        };
        (lane.scanned, lane.is_begun) = (0, true);
        let Some(head) = Head::read(bytes.get(..length).unwrap_or(bytes)) else {
            out.weird("http.malformed_head");
            return self.lose(side, bytes, out);
        };
        if head.is_ambiguous {
            out.weird("http.length_and_chunked");
        }
        if head.length == Length::Bad {
            out.weird("http.bad_length");
        }
        if head.status == 0 { self.request(side, &head, bytes, out) } else { self.response(side, &head, bytes, out) }
    }

    /// Gives up what follows on `side`: which response answers which request is no longer known.
    fn lose(&mut self, side: Side, bytes: &[u8], out: &mut Output<'_>) -> Step {
        self.lane(side).state = State::Lost;
        self.asked.drain(..).for_each(|asked| Answer::none(asked).record(None, out));
        Step::Take(bytes.len())
    }

    fn request(&mut self, side: Side, head: &Head<'_>, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let (shape, method) = (head.shape(), head.method);
        says::request(head, shape, bytes, out);
        self.exchanges = self.exchanges.saturating_add(1);
        if self.asked.len() < PIPELINED {
            self.asked.push_back(Asked::new((side, self.exchanges), head, shape, out));
        }
        let purpose = match head.kind() {
            kind if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") => Use::Form,
            kind if head.is_readable() && crate::proto::reads_body(kind) => Use::Offer,
            _ => Use::Nothing,
        };
        let length = match head.length {
            // Without either field a request has no body (RFC 9112 §6.3).
            Length::Unsaid => Length::Known(0),
            Length::Bad => return self.lose(side, bytes, out),
            length => length,
        };
        let Some(body) = Body::new(length, purpose, head.raw) else { return Step::Take(head.raw) };
        self.begin(side, Pending { body, method, shape, answer: None }, (head.raw, bytes), out)
    }

    fn response(&mut self, side: Side, head: &Head<'_>, bytes: &[u8], out: &mut Output<'_>) -> Step {
        if matches!(head.status, 100 | 102..=199) {
            if let Some(asked) = self.asked.front_mut() {
                asked.interim = head.status;
            }
            return Step::Take(head.raw);
        }
        let answer = Answer::new(self.asked.pop_front(), head, out);
        let (method, shape) = answer.request();
        says::response(head, &answer, bytes, out);
        let is_switch = head.status == 101 || method == "CONNECT" && matches!(head.status, 200..=299);
        let has_no_body = is_switch || method == "HEAD" || matches!(head.status, 204 | 304);
        let length = if has_no_body { Length::Known(0) } else { head.length };
        if length != Length::Chunked {
            answer.record(if let Length::Known(length) = length { Some(length) } else { None }, out);
        }
        if is_switch {
            return Step::Finished;
        }
        let purpose = match head.kind() {
            _ if !head.is_readable() || head.status == 206 => Use::Nothing,
            kind if kind.eq_ignore_ascii_case("text/html")
                && head.encoding.is_empty()
                && answer.is_public_page(head) =>
            {
                Use::Title
            }
            kind if crate::proto::reads_body(kind) => Use::Offer,
            _ => Use::Nothing,
        };
        let answer = (length == Length::Chunked).then_some(answer);
        let Some(body) = Body::new(length, purpose, head.raw) else { return Step::Take(head.raw) };
        self.begin(side, Pending { body, method, shape, answer }, (head.raw, bytes), out)
    }

    /// Goes on behind a head of `length` bytes with its body.
    fn begin(&mut self, side: Side, pending: Pending, (length, bytes): (usize, &[u8]), out: &mut Output<'_>) -> Step {
        if pending.body.purpose() != Use::Nothing {
            // The head stays before the body until that is read.
            return self.body(side, pending, bytes, out);
        }
        self.lane(side).state = State::Body(Box::new(pending));
        Step::Take(length)
    }

    fn body(&mut self, side: Side, mut pending: Pending, bytes: &[u8], out: &mut Output<'_>) -> Step {
        let mut next = pending.body.next(bytes);
        if let Next::Read(length) = next {
            pending.read(bytes, length, out);
            next = pending.body.pass_over();
        }
        match next {
            Next::Step(step) => {
                self.lane(side).state = State::Body(Box::new(pending));
                step
            }
            Next::Last(step) => {
                pending.finish(out);
                step
            }
            Next::Broken | Next::Read(_) => {
                out.weird("http.bad_chunk");
                pending.finish(out);
                self.lose(side, bytes, out)
            }
        }
    }
}

impl Pending {
    /// Reads `length` bytes of body behind the head, both held in `bytes`.
    fn read(&self, bytes: &[u8], length: usize, out: &mut Output<'_>) {
        let Some((head, rest)) = bytes.split_at_checked(self.body.head()) else { return };
        let Some(body) = rest.get(..length).filter(|body| !body.is_empty()) else { return };
        match self.body.purpose() {
            Use::Nothing => {}
            Use::Title => page::say_title(body, out),
            Use::Form if page::asks_password(body) => out.weird("http.form_login"),
            Use::Form => {}
            Use::Offer => {
                let Some(head) = Head::read(head) else { return };
                let part = head.part(self.method, self.shape);
                if head.encoding.is_empty() {
                    out.body(part, body);
                } else {
                    out.unpack(head.encoding, body, |out, plain| out.body(part, plain));
                }
            }
        }
    }

    fn finish(self, out: &mut Output<'_>) {
        if let Some(answer) = self.answer {
            answer.record(Some(self.body.counted), out);
        }
    }
}

#[cfg(test)]
mod tests;
