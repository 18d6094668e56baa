//! DICOM upper layer and DIMSE: who associates with whom, for what, and which equipment made what is sent.
//!
//! In comes one TCP conversation; out go AE titles, implementations, roles, the equipment that stored objects name,
//! and a record for each association and each operation.
//!
//! **What never leaves:** user names, passcodes and tokens of a user identity (only its type), instance UIDs, error
//! comments, and every element of a data set but modality, manufacturer, station name, model, serial number and
//! software versions. Patient group 0010, accession number, institution, physicians and descriptions are passed over
//! by their lengths in the lent buffer; pixel data is not even held.
//!
//! **Whose title.** A calling AE title is its sender's. A called one is the responder's only once the responder
//! accepts the association; a rejected title belongs to nobody. The destination of a move that was not refused, and
//! who asked for the move that a stored object is part of, are devices of their own (`Named`).
//!
//! **Roles** are those of accepted presentation contexts, and of operations: an association that accepts storage of
//! more than eight modalities is a general one and gives `storage-scu` alone, until an object is stored.
//!
//! **Whose equipment.** A stored object names the equipment that made it, which a router, archive or workstation only
//! passes on. So equipment is said
//! - about `Named(Serial, "<manufacturer>/<serial>")` whenever both are there, whoever sends the object;
//! - about the sender only when it asked for the association itself (not an archive answering C-GET), stores on its
//!   own (the command names no move originator), and neither uses nor offers query/retrieve on this association.
//!   That is what modalities do; a router does so too, and then contradicts itself from one association to the next.
//!   Which of the claims hold is decided where all of them are seen, in the inventory.
//!
//! Of several software versions the first is said. The modality of a performed procedure step is its sender's when the step's station title (0040,0241) is the title
//! the sender calls itself.
//!
//! **How much is read.** The first data set of each presentation context, until one of a creator named a maker or
//! model; at most 32 KiB of its front, until past (0018,1020). Everything behind is skipped by PDU lengths. Deflated
//! data sets are not read, nor those of associations whose beginning was not seen: their encoding is unknown.
//!
//! Source: DICOM PS3.8 §9.3 and annex E (PDUs, PDVs), PS3.7 §9, §10, annexes C to E (DIMSE), PS3.5 §7 (data sets).

mod associate;
mod association;
mod dimse;
mod equipment;
mod hello;
mod sop;
mod stream;

use crate::entry::{Carrier, Dissector, Hello, Info, Parser, Probe};
use wardlight_model::{FieldInfo, Kind, Privacy};

pub(super) const ENTRY: Dicom = Dicom;

/// The entry `dicom`.
pub(super) struct Dicom;

impl Dissector for Dicom {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, hello: &Hello<'_>) -> Probe {
        hello::probe(hello.bytes)
    }

    fn open(&self) -> Box<dyn Parser> {
        Box::new(stream::Stream::default())
    }
}

static INFO: Info = Info {
    name: "dicom",
    title: "DICOM",
    source: "DICOM PS3.8 §9.3, PS3.7 §9 and §10, PS3.5 §7",
    carriers: &[Carrier::Tcp],
    ports: &[104, 11112],
    record: RECORD,
    weirds: WEIRDS,
    window: 128 * 1024,
};

const fn field(name: &'static str, kind: Kind, meaning: &'static str) -> FieldInfo {
    FieldInfo { name, kind, privacy: Privacy::Device, meaning }
}

const RECORD: &[FieldInfo] = &[
    field("operation", Kind::Text, "associate, abort, or the DIMSE operation such as c-store"),
    field("calling_ae", Kind::Text, "title of who asked for the association"),
    field("called_ae", Kind::Text, "title that was called, whether or not it was accepted"),
    field(
        "result",
        Kind::Text,
        "accepted, rejected-…, unanswered; for an operation success, warning, failure, cancelled",
    ),
    field("source", Kind::Text, "who rejected or aborted (PS3.8 tables 9-21 and 9-26)"),
    field("reason", Kind::Text, "why it was rejected or aborted"),
    field("application_context", Kind::Text, "application context name"),
    field("calling_implementation_uid", Kind::Text, "implementation class UID of who asked"),
    field("calling_implementation_version", Kind::Text, "implementation version name of who asked"),
    field("calling_max_pdu", Kind::Number, "longest PDU that who asked receives, in bytes; 0 is unlimited"),
    field("called_implementation_uid", Kind::Text, "implementation class UID of who accepted"),
    field("called_implementation_version", Kind::Text, "implementation version name of who accepted"),
    field("called_max_pdu", Kind::Number, "longest PDU that who accepted receives, in bytes; 0 is unlimited"),
    field("async_invoked_proposed", Kind::Number, "operations invoked at once, as asked for; 0 is unlimited"),
    field("async_performed_proposed", Kind::Number, "operations performed at once, as asked for; 0 is unlimited"),
    field("async_invoked", Kind::Number, "operations invoked at once, as accepted; 0 is unlimited"),
    field("async_performed", Kind::Number, "operations performed at once, as accepted; 0 is unlimited"),
    field("user_identity_type", Kind::Text, "username, username-passcode, kerberos, saml or jwt; never the identity"),
    field("user_identity_answered", Kind::Flag, "whether the acceptance answers the user identity"),
    field("contexts_proposed", Kind::Number, "presentation contexts asked for"),
    field("contexts_accepted", Kind::Number, "presentation contexts accepted"),
    field("contexts", Kind::List, "presentation contexts as abstract=result/transfer"),
    field("role_selection", Kind::List, "roles of who asked, as accepted: class=scu, scp or both"),
    field("extended_negotiation", Kind::List, "SOP classes with extended negotiation"),
    field("sop_class", Kind::Text, "affected or requested SOP class"),
    field("service", Kind::Text, "service of the SOP class, such as storage:CT"),
    field("status", Kind::Number, "status of the answer (PS3.7 annex C)"),
    field("event_type", Kind::Number, "event type of an N-EVENT-REPORT"),
    field("action_type", Kind::Number, "action type of an N-ACTION"),
    field("matches", Kind::Number, "pending answers to a C-FIND"),
    field("remaining", Kind::Number, "sub-operations not yet done"),
    field("completed", Kind::Number, "sub-operations that succeeded"),
    field("failed", Kind::Number, "sub-operations that failed"),
    field("warning", Kind::Number, "sub-operations with a warning"),
    field("move_destination", Kind::Text, "title that a C-MOVE sends to"),
];

const WEIRDS: &[(&str, &str)] = &[
    ("dicom.pdu_type", "a PDU type that does not exist (PS3.8 §9.3.1)"),
    ("dicom.pdu_length", "a PDU whose length its type does not allow"),
    ("dicom.pdv_length", "a presentation data value that does not fit its PDU (PS3.8 §9.3.5)"),
    ("dicom.short_item", "an item that passes the end of its PDU"),
    ("dicom.item_type", "an item that does not belong into an association (PS3.8 §9.3.2)"),
    ("dicom.protocol_version", "a protocol version without bit 0 (PS3.8 §9.3.2)"),
    ("dicom.ae_title", "an AE title that is blank or not printable (PS3.5 §6.2)"),
    ("dicom.uid", "an abstract syntax that is no UID (PS3.5 §9)"),
    ("dicom.implementation_uid", "no sound implementation class UID, which is mandatory (PS3.7 annex D.3.3.2)"),
    ("dicom.context_id", "a presentation context id that is even, doubled, or answered but never proposed"),
    ("dicom.context", "data on a presentation context that was not accepted"),
    ("dicom.command", "a command set that is cut short, too long or has no command field (PS3.7 §6.3)"),
    ("dicom.command_field", "a command field that does not exist (PS3.7 annex E)"),
    ("dicom.element", "a data set that is not in the negotiated transfer syntax, so was not read"),
    ("dicom.deflated", "a data set in a deflated transfer syntax, so not read"),
    ("dicom.syntax", "a data set in a transfer syntax unknown here, so not read: private, or negotiated out of sight"),
];
