//! DIMSE command sets: one operation or notification, asked or answered (PS3.7 §9.3, §10.3, annex E).
//!
//! Command sets are implicit little endian. Instance UIDs, error comments and attribute lists are not looked at.

use super::association::{Association, Title, trimmed};
use super::sop::{self, Part, Service};
use crate::codec::cursor::{Cursor, Short};
use crate::codec::text;
use crate::{About, Output, Row};
use wardlight_model::{Field, KeyKind, Side};

/// What a command set says; slices lie in it.
#[derive(Debug, Default)]
pub(super) struct Command<'a> {
    /// Command Field (0000,0100).
    pub field: u16,
    message_id: Option<u16>,
    responded_id: Option<u16>,
    /// Affected or requested SOP class.
    class: &'a [u8],
    destination: &'a [u8],
    /// Who asked for the move that this store is part of.
    pub originator: &'a [u8],
    /// Whether a data set follows.
    pub has_data: bool,
    status: Option<u16>,
    event_type: Option<u16>,
    action_type: Option<u16>,
    remaining: Option<u16>,
    completed: Option<u16>,
    failed: Option<u16>,
    warning: Option<u16>,
}

/// C-STORE-RQ.
pub(super) const STORE: u16 = 0x0001;
/// N-CREATE-RQ.
pub(super) const CREATE: u16 = 0x0140;
const FIND: u16 = 0x0020;
const CANCEL: u16 = 0x0fff;
const EVENT: u16 = 0x0100;
const ANSWER: u16 = 0x8000;
const NO_DATA_SET: u16 = 0x0101;

impl<'a> Command<'a> {
    /// Reads a whole command set. Errors: [`Short`] when an element passes its end, or it has no command field.
    pub fn parse(set: &'a [u8]) -> Result<Self, Short> {
        let mut cursor = Cursor::new(set);
        let mut command = Self::default();
        let mut field = None;
        while !cursor.is_empty() {
            let (group, element) = (cursor.u16_le()?, cursor.u16_le()?);
            let length = usize::try_from(cursor.u32_le()?).map_err(|_| Short)?;
            let value = cursor.take(length)?;
            let number = Cursor::new(value).u16_le().ok();
            match (group, element) {
                (0, 0x0002 | 0x0003) => command.class = value,
                (0, 0x0100) => field = number,
                (0, 0x0110) => command.message_id = number,
                (0, 0x0120) => command.responded_id = number,
                (0, 0x0600) => command.destination = trimmed(value),
                (0, 0x0800) => command.has_data = number != Some(NO_DATA_SET),
                (0, 0x0900) => command.status = number,
                (0, 0x1002) => command.event_type = number,
                (0, 0x1008) => command.action_type = number,
                (0, 0x1020) => command.remaining = number,
                (0, 0x1021) => command.completed = number,
                (0, 0x1022) => command.failed = number,
                (0, 0x1023) => command.warning = number,
                (0, 0x1030) => command.originator = trimmed(value),
                (0, _) => {}
                _ => return Err(Short),
            }
        }
        command.field = field.ok_or(Short)?;
        Ok(command)
    }

    /// The service of the SOP class it names.
    pub fn service(&self) -> Option<Service> {
        sop::uid(self.class).and_then(sop::service)
    }

    const fn is_answer(&self) -> bool {
        self.field & ANSWER != 0
    }

    const fn operation(&self) -> u16 {
        self.field & !ANSWER
    }
}

/// An operation that was asked and not yet answered.
#[derive(Debug)]
struct Open {
    asker: Side,
    message_id: u16,
    operation: u16,
    context: u8,
    /// Pending answers so far.
    matches: u64,
    destination: Title,
}

/// Operations under way in a conversation.
#[derive(Debug, Default)]
pub(super) struct Operations {
    open: Vec<Open>,
}

/// Most operations remembered; more at once are recorded without what only their request says.
const MOST_OPEN: usize = 64;

impl Operations {
    /// Takes a command of the message's sender on context `id`: says its facts, and writes a record for an answer.
    pub fn take(&mut self, id: u8, command: &Command<'_>, association: &mut Association, out: &mut Output<'_>) {
        let side = out.context().side;
        if name(command.operation()).is_none() {
            out.weird("dicom.command_field");
            return;
        }
        self.say(id, command, association, out);
        if command.operation() == CANCEL {
            out.record(|row| {
                row.text("operation", "c-cancel");
                association.titles(row);
            });
        } else if command.is_answer() {
            self.answer(id, command, association, out);
        } else if self.open.len() < MOST_OPEN {
            self.open.push(Open {
                asker: side,
                message_id: command.message_id.unwrap_or_default(),
                operation: command.operation(),
                context: id,
                matches: 0,
                destination: Title::new(command.destination),
            });
        }
    }

    /// Records what was never answered.
    pub fn end(&mut self, association: &Association, out: &mut Output<'_>) {
        for open in self.open.drain(..) {
            out.record(|row| {
                row.text("operation", name(open.operation).unwrap_or_default());
                association.titles(row);
                class(row, open.context, &[], association);
                row.text("result", "unanswered");
                open.row(row);
            });
        }
    }

    /// Says the roles of both ends, and who asked for the move that a store is part of.
    fn say(&self, id: u8, command: &Command<'_>, association: &mut Association, out: &mut Output<'_>) {
        say_title(command.originator, out);
        let service = command.service().or_else(|| association.context(id).and_then(|context| context.service));
        let provides = command.is_answer() != (command.operation() == EVENT);
        let part = if provides { Part::Provider } else { Part::User };
        if let Some(service) = service.filter(|_| !is_refusal(command.status)) {
            association.say_role(id, (service, part), command.class, out);
        }
    }

    fn answer(&mut self, id: u8, command: &Command<'_>, association: &Association, out: &mut Output<'_>) {
        let asker = out.context().side.other();
        let asked = self.open.iter().position(|open| {
            open.asker == asker
                && open.operation == command.operation()
                && command.responded_id.is_none_or(|responded| responded == open.message_id)
        });
        if let Some(open) = asked.and_then(|at| self.open.get(at))
            && command.status.is_some_and(|status| is_pending(Some(status)) || outcome(status) != "failure")
        {
            // A title that was refused may be nobody's.
            say_title(open.destination.text(), out);
        }
        if is_pending(command.status) {
            if let Some(open) = asked.and_then(|at| self.open.get_mut(at)) {
                open.matches += 1;
            }
            return;
        }
        let open = asked.map(|at| self.open.swap_remove(at));
        out.record(|row| {
            row.text("operation", name(command.operation()).unwrap_or_default());
            association.titles(row);
            class(row, id, command.class, association);
            if let Some(status) = command.status {
                row.text("result", outcome(status));
                row.number("status", status);
            }
            command.counts(row);
            if let Some(open) = &open {
                open.row(row);
            }
        });
    }
}

impl Command<'_> {
    fn counts(&self, row: &mut Row<'_>) {
        let counts = [
            ("event_type", self.event_type),
            ("action_type", self.action_type),
            ("remaining", self.remaining),
            ("completed", self.completed),
            ("failed", self.failed),
            ("warning", self.warning),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                row.number(name, count);
            }
        }
    }
}

impl Open {
    fn row(&self, row: &mut Row<'_>) {
        if self.operation == FIND {
            row.number("matches", self.matches);
        }
        row.text("move_destination", self.destination.text());
    }
}

fn say_title(title: &[u8], out: &mut Output<'_>) {
    if !title.is_empty() {
        let name = text::clean(title);
        out.fact(About::Named(KeyKind::AeTitle, &name), Field::AeTitle, &name, title);
    }
}

fn class(row: &mut Row<'_>, id: u8, raw: &[u8], association: &Association) {
    let negotiated = association.context(id).map(super::association::Context::class).unwrap_or_default();
    let class = sop::uid(raw).unwrap_or(negotiated);
    row.text("sop_class", class);
    if let Some(service) = sop::service(class) {
        row.text("service", service.label());
    }
}

const fn name(operation: u16) -> Option<&'static str> {
    Some(match operation {
        STORE => "c-store",
        0x0010 => "c-get",
        FIND => "c-find",
        0x0021 => "c-move",
        0x0030 => "c-echo",
        CANCEL => "c-cancel",
        EVENT => "n-event-report",
        0x0110 => "n-get",
        0x0120 => "n-set",
        0x0130 => "n-action",
        CREATE => "n-create",
        0x0150 => "n-delete",
        _ => return None,
    })
}

/// Status types of PS3.7 annex C.
const fn outcome(status: u16) -> &'static str {
    match status {
        0 => "success",
        0xfe00 => "cancelled",
        0x0001 | 0x0107 | 0x0116 | 0xb000..=0xbfff => "warning",
        _ => "failure",
    }
}

const fn is_pending(status: Option<u16>) -> bool {
    matches!(status, Some(0xff00 | 0xff01))
}

/// Whether a status says that the service itself is not to be had: class or operation not known or not allowed.
const fn is_refusal(status: Option<u16>) -> bool {
    matches!(status, Some(0x0118 | 0x0122 | 0x0124 | 0x0211))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_set_is_read_by_tag() {
        let set = crate::trial::bytes(
            r#"0000 0000 04000000 30000000  0000 0200 12000000 "1.2.840.10008.1.1\0"
               0000 0001 02000000 3080  0000 2001 02000000 0700  0000 0008 02000000 0101  0000 0009 02000000 0000"#,
        );
        let command = Command::parse(&set).unwrap();
        assert_eq!((command.operation(), command.is_answer()), (0x0030, true));
        assert_eq!((command.responded_id, command.status, command.has_data), (Some(7), Some(0), false));
        assert_eq!(sop::uid(command.class), Some("1.2.840.10008.1.1"));
    }

    #[test]
    fn an_element_past_the_end_or_no_command_field_is_short() {
        assert!(Command::parse(&[0, 0, 0, 1, 9, 0, 0, 0, 1, 0]).is_err());
        assert!(Command::parse(&[0, 0, 0, 8, 2, 0, 0, 0, 1, 1]).is_err());
        assert!(Command::parse(&[8, 0, 0, 0, 2, 0, 0, 0, 1, 1]).is_err());
    }

    #[test]
    fn statuses_have_an_outcome() {
        for (status, expected) in [(0, "success"), (0xb007, "warning"), (0xa700, "failure"), (0xfe00, "cancelled")] {
            assert_eq!(outcome(status), expected);
        }
        assert!(is_pending(Some(0xff01)) && is_refusal(Some(0x0122)) && !is_refusal(Some(0xa700)));
    }
}
