//! One association: what was asked, what was accepted, and the facts, roles and record that follow.
//!
//! Kept between request and answer: AE titles, UIDs and version names, which name devices and software; never a user
//! identity, an instance or an element of a data set.

use super::associate::{self, Associate, Role};
use super::equipment::Syntax;
use super::sop::{self, Part, Service};
use crate::codec::text;
use crate::{About, Output, Row};
use wardlight_model::{Field, Side};

/// Most presentation contexts: their ids are odd and have 8 bits, and some senders use even ones (PS3.8 §9.3.2.2).
const CONTEXTS: usize = 256;
/// An association with more modalities than this is a general one: its storage role names none of them.
const MODALITIES: usize = 8;

/// An application entity title as 16 bytes (PS3.8 §9.3.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Title([u8; 16]);

impl Title {
    /// Of `raw`, of which the first 16 bytes count.
    pub fn new(raw: &[u8]) -> Self {
        let mut title = [b' '; 16];
        title.iter_mut().zip(raw).for_each(|(to, from)| *to = *from);
        Self(title)
    }

    /// Without padding.
    pub fn text(&self) -> &[u8] {
        trimmed(&self.0)
    }
}

/// `raw` without the blanks and NULs around it.
pub(super) fn trimmed(raw: &[u8]) -> &[u8] {
    let pads = |byte: &u8| matches!(byte, b' ' | 0);
    let begin = raw.iter().position(|byte| !pads(byte)).unwrap_or(raw.len());
    let end = raw.iter().rposition(|byte| !pads(byte)).map_or(begin, |at| at + 1);
    raw.get(begin..end).unwrap_or_default()
}

/// How far an association has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Its request was not seen.
    #[default]
    Unseen,
    Asked,
    Accepted,
    Over,
}

/// The association of a conversation.
#[derive(Debug, Default)]
pub(super) struct Association {
    stage: Stage,
    is_request_seen: bool,
    requestor: Option<Side>,
    calling: Title,
    called: Title,
    asked: Software,
    contexts: Vec<Context>,
    roles: Vec<(String, u8)>,
    extended: Vec<String>,
    identity: Option<u8>,
    application: String,
}

/// What one end says about its implementation.
#[derive(Debug, Default)]
struct Software {
    class: String,
    version: Vec<u8>,
    max_pdu: Option<u32>,
    window: Option<(u16, u16)>,
}

/// One presentation context.
#[derive(Debug)]
pub(super) struct Context {
    id: u8,
    /// The SOP class it is for; empty when not seen or malformed.
    class: String,
    pub service: Option<Service>,
    /// 0 accepted, 1 to 4 why not; `None` before the answer.
    result: Option<u8>,
    transfer: String,
    /// Whether a data set of it was read for equipment.
    pub is_read: bool,
    /// Which roles of operations on it were said: one bit for each side and part.
    said: u8,
}

impl Association {
    pub fn calling(&self) -> &[u8] {
        self.calling.text()
    }

    /// Whether its request was seen and came from `side`, and no context of it is for query or retrieve.
    pub fn only_stores(&self, side: Side) -> bool {
        let is_for_others = |context: &Context| {
            context.result.unwrap_or_default() == 0
                && context.service.is_some_and(|service| service.is_query_retrieve())
        };
        self.is_request_seen && self.requestor == Some(side) && !self.contexts.iter().any(is_for_others)
    }

    pub fn context(&self, id: u8) -> Option<&Context> {
        self.contexts.iter().find(|context| context.id == id)
    }

    /// The context `id`; one of which nothing is known when it was not negotiated within sight.
    pub fn context_mut(&mut self, id: u8) -> Option<&mut Context> {
        if let Some(at) = self.contexts.iter().position(|context| context.id == id) {
            return self.contexts.get_mut(at);
        }
        if self.contexts.len() < CONTEXTS {
            self.contexts.push(Context::new(id, ""));
            return self.contexts.last_mut();
        }
        None
    }

    /// Whether operations on context `id` break the negotiation that was seen.
    pub fn forbids(&self, id: u8) -> bool {
        self.stage == Stage::Accepted
            && self.requestor.is_some()
            && self.context(id).is_none_or(|context| context.result != Some(0))
    }

    /// Takes a request of the message's sender.
    pub fn ask(side: Side, body: &[u8], out: &mut Output<'_>) -> Self {
        let read = associate::parse(body);
        let mut asked = Self {
            stage: Stage::Asked,
            is_request_seen: true,
            requestor: Some(side),
            calling: Title::new(read.calling),
            called: Title::new(read.called),
            asked: Software::of(&read),
            identity: read.user.identity,
            application: sop::uid(read.application).unwrap_or_default().to_owned(),
            extended: read.user.extended.iter().filter_map(|uid| sop::uid(uid)).map(str::to_owned).collect(),
            ..Self::default()
        };
        for proposed in &read.contexts {
            let doubled = asked.context(proposed.id).is_some();
            if doubled || proposed.id % 2 == 0 {
                out.weird("dicom.context_id");
            }
            if sop::uid(proposed.abstract_syntax).is_none() {
                out.weird("dicom.uid");
            }
            if !doubled && asked.contexts.len() < CONTEXTS {
                let mut context = Context::new(proposed.id, sop::uid(proposed.abstract_syntax).unwrap_or_default());
                if proposed.transfers == 1 {
                    // The only one there is to accept, should the answer stay out of sight.
                    context.transfer = sop::uid(proposed.transfer).unwrap_or_default().to_owned();
                }
                asked.contexts.push(context);
            }
        }
        greet(&read, out);
        for title in [read.calling, read.called] {
            if !is_title(title) {
                out.weird("dicom.ae_title");
            }
        }
        out.text(About::Sender, Field::AeTitle, trimmed(read.calling));
        out.fact(About::Sender, Field::Legacy, "cleartext-dicom", read.application);
        if read.user.identity == Some(2) {
            out.fact(About::Sender, Field::Legacy, "cleartext-dicom-passcode", read.application);
        }
        asked
    }

    /// Takes the acceptance by the message's sender.
    pub fn accept(&mut self, side: Side, body: &[u8], out: &mut Output<'_>) {
        let read = associate::parse(body);
        let answers = self.stage == Stage::Asked && self.requestor == Some(side.other());
        if !answers {
            *self = Self { requestor: Some(side.other()), ..Self::default() };
        }
        self.stage = Stage::Accepted;
        for answer in &read.contexts {
            if answers && self.context(answer.id).is_none() {
                out.weird("dicom.context_id");
            }
            if let Some(context) = self.context_mut(answer.id) {
                context.result = Some(answer.result);
                context.transfer = sop::uid(answer.transfer).unwrap_or_default().to_owned();
            }
        }
        greet(&read, out);
        if answers {
            // The title in the answer is reserved and not to be tested (PS3.8 §9.3.3): the one asked for counts.
            let echoed = trimmed(read.called);
            let raw = if echoed == self.called.text() { echoed } else { body };
            out.fact(About::Sender, Field::AeTitle, &text::clean(self.called.text()), raw);
        }
        out.fact(About::Sender, Field::Legacy, "cleartext-dicom", read.application);
        self.roles = read.user.roles.iter().filter_map(selected).collect();
        self.say_roles(&read, out);
        let answer = Software::of(&read);
        out.record(|row| {
            self.row(row, "accepted");
            answer.row(row, ANSWER);
            if self.identity.is_some() {
                row.flag("user_identity_answered", read.user.identity_answered);
            }
        });
    }

    /// Takes a rejection: result, source and reason (PS3.8 §9.3.4).
    pub fn reject(&mut self, [result, source, reason]: [u8; 3], out: &mut Output<'_>) {
        out.record(|row| {
            self.row(row, if result == 2 { "rejected-transient" } else { "rejected-permanent" });
            row.text("source", rejection_source(source));
            row.text("reason", rejection_reason(source, reason));
        });
        self.stage = Stage::Over;
    }

    /// Ends it; a request that was never answered is recorded.
    pub fn end(&mut self, out: &mut Output<'_>) {
        if self.stage == Stage::Asked {
            out.record(|row| self.row(row, "unanswered"));
        }
        self.stage = Stage::Over;
    }

    /// Says, once for each context, that the message's sender takes `part` in `service`.
    pub fn say_role(&mut self, id: u8, (service, part): (Service, Part), raw: &[u8], out: &mut Output<'_>) {
        let side = out.context().side;
        let Some(context) = self.context_mut(id) else { return };
        let bit = 1 << (2 * side.index() + usize::from(part == Part::Provider));
        if context.said & bit == 0 {
            context.said |= bit;
            out.fact(About::Sender, Field::DicomRole, &service.role(part), raw);
        }
    }

    /// Writes both titles, as far as they were seen.
    pub fn titles(&self, row: &mut Row<'_>) {
        row.text("calling_ae", self.calling.text());
        row.text("called_ae", self.called.text());
    }

    /// The roles that the accepted contexts give: SCU to who asked and SCP to who accepted, unless role selection
    /// says otherwise (PS3.7 annex D.3.3.4).
    fn say_roles(&self, read: &Associate<'_>, out: &mut Output<'_>) {
        let accepted = |context: &&Context| context.result == Some(0);
        let services = self.contexts.iter().filter(accepted).filter_map(|context| context.service);
        let mut modalities: Vec<&str> = services.filter(Service::is_storage).map(|service| service.modality).collect();
        modalities.sort_unstable();
        modalities.dedup();
        let is_general = modalities.len() > MODALITIES;
        let mut said: Vec<(Service, Part, bool)> = Vec::new();
        for context in self.contexts.iter().filter(accepted) {
            let Some(mut service) = context.service else { continue };
            if is_general && service.is_storage() {
                service.modality = "";
            }
            let item =
                read.contexts.iter().find(|answer| answer.id == context.id).map_or(&[][..], |answer| answer.item);
            for (part, of_sender) in self.parts(&context.class) {
                if !said.contains(&(service, part, of_sender)) {
                    said.push((service, part, of_sender));
                    let about = if of_sender { About::Sender } else { About::Receiver };
                    out.fact(about, Field::DicomRole, &service.role(part), item);
                }
            }
        }
    }

    /// Who takes which part in `class`: the part, and whether it is the acceptor's.
    fn parts(&self, class: &str) -> impl Iterator<Item = (Part, bool)> + use<> {
        let selected = self.roles.iter().find(|(selected, _)| selected == class).map(|(_, bits)| *bits);
        let (user, provider) = selected.map_or((true, false), |bits| (bits & 1 != 0, bits & 2 != 0));
        let of_user = [(Part::User, false), (Part::Provider, true)];
        let of_provider = [(Part::Provider, false), (Part::User, true)];
        of_user.into_iter().filter(move |_| user).chain(of_provider.into_iter().filter(move |_| provider))
    }

    fn row(&self, row: &mut Row<'_>, result: &str) {
        row.text("operation", "associate");
        self.titles(row);
        row.text("result", result);
        row.text("application_context", &self.application);
        self.asked.row(row, ASKED);
        if let Some(identity) = self.identity {
            row.text("user_identity_type", identity_type(identity));
        }
        if self.is_request_seen {
            row.number("contexts_proposed", self.contexts.len() as u64);
        }
        let accepted = self.contexts.iter().filter(|context| context.result == Some(0)).count();
        row.number("contexts_accepted", accepted as u64);
        row.list("contexts", self.contexts.iter().map(Context::line));
        row.list("role_selection", self.roles.iter().map(|(class, bits)| format!("{class}={}", role_bits(*bits))));
        row.list("extended_negotiation", &self.extended);
    }
}

impl Context {
    fn new(id: u8, class: &str) -> Self {
        let service = sop::service(class);
        Self { id, class: class.to_owned(), service, result: None, transfer: String::new(), is_read: false, said: 0 }
    }

    /// The SOP class it is for; empty when that was not seen.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// How data sets on it are encoded.
    pub fn syntax(&self) -> Syntax {
        Syntax::of(&self.transfer)
    }

    /// `abstract=result/transfer`.
    fn line(&self) -> String {
        let result = match self.result {
            None => "unanswered",
            Some(0) => return format!("{}=accepted/{}", self.class, self.transfer),
            Some(1) => "user-rejection",
            Some(3) => "abstract-syntax-not-supported",
            Some(4) => "transfer-syntaxes-not-supported",
            Some(_) => "no-reason",
        };
        format!("{}={result}", self.class)
    }
}

/// Record fields of one end's implementation.
struct Names {
    class: &'static str,
    version: &'static str,
    max_pdu: &'static str,
    invoked: &'static str,
    performed: &'static str,
}

const ASKED: Names = Names {
    class: "calling_implementation_uid",
    version: "calling_implementation_version",
    max_pdu: "calling_max_pdu",
    invoked: "async_invoked_proposed",
    performed: "async_performed_proposed",
};
const ANSWER: Names = Names {
    class: "called_implementation_uid",
    version: "called_implementation_version",
    max_pdu: "called_max_pdu",
    invoked: "async_invoked",
    performed: "async_performed",
};

impl Software {
    fn of(read: &Associate<'_>) -> Self {
        let user = &read.user;
        Self {
            class: sop::uid(user.implementation).unwrap_or_default().to_owned(),
            version: trimmed(user.version).iter().take(64).copied().collect(),
            max_pdu: user.max_pdu,
            window: user.window,
        }
    }

    fn row(&self, row: &mut Row<'_>, names: Names) {
        row.text(names.class, &self.class);
        row.text(names.version, &self.version);
        if let Some(max_pdu) = self.max_pdu {
            row.number(names.max_pdu, max_pdu);
        }
        if let Some((invoked, performed)) = self.window {
            row.number(names.invoked, invoked);
            row.number(names.performed, performed);
        }
    }
}

/// Says what both request and acceptance say about their sender.
fn greet(read: &Associate<'_>, out: &mut Output<'_>) {
    read.weirds.iter().for_each(|weird| out.weird(weird));
    if read.version & 1 == 0 {
        out.weird("dicom.protocol_version");
    }
    match sop::uid(read.user.implementation) {
        Some(uid) => out.fact(About::Sender, Field::ImplementationUid, uid, read.user.implementation),
        None => out.weird("dicom.implementation_uid"),
    }
    out.text(About::Sender, Field::ImplementationVersion, trimmed(read.user.version));
}

/// Whether `raw` is a title: printable ASCII, not all blanks (PS3.5 §6.2, AE).
fn is_title(raw: &[u8]) -> bool {
    let text = trimmed(raw);
    !text.is_empty() && text.iter().all(|byte| matches!(byte, b' '..=b'~') && *byte != b'\\')
}

fn selected(role: &Role<'_>) -> Option<(String, u8)> {
    Some((sop::uid(role.class)?.to_owned(), u8::from(role.user) | u8::from(role.provider) << 1))
}

const fn role_bits(bits: u8) -> &'static str {
    match bits {
        1 => "scu",
        2 => "scp",
        3 => "scu+scp",
        _ => "none",
    }
}

/// PS3.7 table D.3-14.
const fn identity_type(code: u8) -> &'static str {
    match code {
        1 => "username",
        2 => "username-passcode",
        3 => "kerberos",
        4 => "saml",
        5 => "jwt",
        _ => "other",
    }
}

const fn rejection_source(source: u8) -> &'static str {
    match source {
        1 => "service-user",
        2 => "service-provider-acse",
        3 => "service-provider-presentation",
        _ => "other",
    }
}

/// PS3.8 table 9-21.
const fn rejection_reason(source: u8, reason: u8) -> &'static str {
    match (source, reason) {
        (1 | 2, 1) => "no-reason-given",
        (1, 2) => "application-context-name-not-supported",
        (1, 3) => "calling-ae-title-not-recognized",
        (1, 7) => "called-ae-title-not-recognized",
        (2, 2) => "protocol-version-not-supported",
        (3, 1) => "temporary-congestion",
        (3, 2) => "local-limit-exceeded",
        _ => "reserved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_lose_their_padding_only() {
        assert_eq!(Title::new(b"  CT 1          ").text(), b"CT 1");
        assert_eq!(Title::new(b"CT1\0\0\0").text(), b"CT1");
        assert_eq!(Title::new(b"                ").text(), b"");
        assert!(!is_title(&[b' '; 16]));
        assert!(!is_title(b"A\\B"));
    }

    #[test]
    fn role_selection_turns_the_parts_around() {
        let roles = vec![("1.2".to_owned(), 2), ("1.3".to_owned(), 3)];
        let association = Association { roles, ..Association::default() };
        let parts = |class| association.parts(class).collect::<Vec<_>>();
        assert_eq!(parts("1.1"), [(Part::User, false), (Part::Provider, true)]);
        assert_eq!(parts("1.2"), [(Part::Provider, false), (Part::User, true)]);
        assert_eq!(parts("1.3").len(), 4);
    }
}
