//! DICOM with canaries in user identity, queries, worklists, stored objects and performed steps.

use super::words::{CANARIES as C, DICOM_CAGE, STATION_CAGE};
use crate::medical::dicom::{
    ANSWER, Association, BIG, CREATE, CT_IMAGE, Command, DEFLATED, EXPLICIT, FIND, IMPLICIT, PERFORMED_STEP, STORE,
    STUDY_FIND, Set, WORKLIST, release,
};
use crate::talk::Talk;
use crate::wire::Station;

const DEVICE: Station = Station::new([0xa0, 0xf2, 0x17, 0x0c, 0x00, 0x01], 131, "cage-ct");
const ARCHIVE: Station = Station::new([0x00, 0x25, 0x90, 0x0c, 0x00, 0x02], 132, "cage-pacs");
const IMPLEMENTATION: (&str, &str) = ("1.2.826.0.1.3680043.10.5430.9.1", "CAGE_1");
const INSTANCE: &str = "1.2.826.0.1.3680043.10.5430.9.7.1";

pub(super) fn talks() -> Vec<Talk> {
    let mut talks = Vec::new();
    for (kind, primary, secondary) in [(1, C.login, ""), (2, C.login, C.passcode), (4, C.jwt, ""), (3, C.bearer, "")] {
        let known = Association { identity: Some((kind, primary, secondary)), ..association(&[STUDY_FIND], IMPLICIT) };
        talks.push(find(&known, STUDY_FIND, query(known.set()), study(known.set(), C.umlauts)));
    }
    for (transfer, most) in [(IMPLICIT, 16_000), (EXPLICIT, 90), (BIG, 16_000)] {
        let store = association(&[CT_IMAGE], transfer);
        talks.push(exchange(&store, STORE, CT_IMAGE, object(store.set(), None), most));
    }
    let store = association(&[CT_IMAGE], DEFLATED);
    talks.push(exchange(&store, STORE, CT_IMAGE, object(store.set(), None).deflated(), 16_000));
    for (charset, name) in [
        ("ISO_IR 192", C.kanji.as_bytes().to_vec()),
        ("ISO_IR 100", C.umlauts.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()),
        ("\\ISO 2022 IR 87", [b"Yamada^Tarou=\x1b$B", C.jis.as_bytes(), b"\x1b(B"].concat()),
    ] {
        let store = association(&[CT_IMAGE], EXPLICIT);
        talks.push(exchange(&store, STORE, CT_IMAGE, object(store.set(), Some((charset, &name))), 16_000));
    }
    let worklist = association(&[WORKLIST], IMPLICIT);
    talks.push(find(&worklist, WORKLIST, scheduled(worklist.set()), scheduled(worklist.set())));
    let step = association(&[PERFORMED_STEP], EXPLICIT);
    talks.push(exchange(&step, CREATE, PERFORMED_STEP, performed(step.set()), 16_000));
    talks
}

fn association<'a>(contexts: &'a [&'a str], transfer: &'a str) -> Association<'a> {
    Association {
        calling: DICOM_CAGE,
        called: "CAGE_PACS",
        contexts,
        transfer,
        implementation: IMPLEMENTATION,
        identity: None,
    }
}

fn opened(association: &Association<'_>) -> Talk {
    Talk::stream((DEVICE, 0), (ARCHIVE, 104)).say(association.request()).answer(association.accept(IMPLEMENTATION))
}

fn exchange(association: &Association<'_>, kind: u16, sop: &str, set: Set, most: usize) -> Talk {
    let command = Command { kind, sop, id: 3, instance: INSTANCE, status: 0 };
    opened(association)
        .say(command.message(1, Some(set), most))
        .answer(Command { kind: kind | ANSWER, ..command }.message(1, None, most))
        .say(release(false))
        .answer(release(true))
}

fn find(association: &Association<'_>, sop: &str, ask: Set, found: Set) -> Talk {
    let command = Command { kind: FIND, sop, id: 5, ..Command::default() };
    let answer = Command { kind: FIND | ANSWER, status: 0xff00, ..command };
    opened(association)
        .say(command.message(1, Some(ask), 16_000))
        .answer(answer.message(1, Some(found), 16_000))
        .answer(Command { status: 0, ..answer }.message(1, None, 16_000))
        .say(release(false))
        .answer(release(true))
}

fn name() -> String {
    format!("{}^{}^{}", C.family, C.given, C.middle)
}

fn day() -> &'static str {
    C.born.get(..8).unwrap_or_default()
}

fn query(set: Set) -> Set {
    set.put(0x0008_0050, "SH", C.accession)
        .put(0x0008_0052, "CS", "STUDY")
        .put(0x0010_0010, "PN", format!("{}*", C.search))
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_0030, "DA", day())
}

fn study(set: Set, family: &str) -> Set {
    set.put(0x0008_0050, "SH", C.accession)
        .put(0x0008_0052, "CS", "STUDY")
        .put(0x0008_0090, "PN", C.referring)
        .put(0x0008_1030, "LO", C.diagnosis)
        .put(0x0010_0010, "PN", family)
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_0030, "DA", day())
        .put(0x0010_1040, "LO", C.street)
        .put(0x0020_000d, "UI", INSTANCE)
        .put(0x0020_0010, "SH", C.study)
}

/// An image of a patient called by `name` in a character set, else by the usual one.
fn object(set: Set, named: Option<(&str, &[u8])>) -> Set {
    let usual = name();
    let (charset, patient) = named.unwrap_or(("ISO_IR 100", usual.as_bytes()));
    let request = set.emptied().put(0x0040_0007, "LO", C.diagnosis).put(0x0040_1001, "SH", C.placer);
    let nested = set.emptied().sequence(0x0040_a730, [request.clone()]);
    let physician = physician(&set);
    let person = set
        .put(0x0008_0005, "CS", charset)
        .put(0x0008_0016, "UI", CT_IMAGE)
        .put(0x0008_0018, "UI", INSTANCE)
        .put(0x0008_0050, "SH", C.accession)
        .put(0x0008_0060, "CS", "CT")
        .put(0x0008_0070, "LO", "Cage Makers")
        .put(0x0008_0080, "LO", "Cage Hospital")
        .put(0x0008_0090, "PN", C.referring)
        .put(0x0008_0094, "SH", C.phone.get(..16).unwrap_or_default())
        .open_sequence(0x0008_0096, [physician])
        .put(0x0008_1010, "SH", STATION_CAGE)
        .put(0x0008_1030, "LO", C.diagnosis)
        .put(0x0008_1050, "PN", C.attending)
        .put(0x0008_1060, "PN", C.reading)
        .put(0x0008_1070, "PN", C.operator)
        .put(0x0008_1080, "LO", C.diagnosis)
        .put(0x0008_1090, "LO", "Cage CT 3")
        .put(0x0009_0010, "LO", "CAGE PRIVATE")
        .put(0x0009_1001, "LO", C.remark)
        .put(0x0010_0010, "PN", patient)
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_0030, "DA", day())
        .put(0x0010_0032, "TM", C.born.get(8..).unwrap_or_default())
        .put(0x0010_0050, "SQ", "")
        .put(0x0010_1000, "LO", C.insured)
        .put(0x0010_1001, "PN", C.kin)
        .put(0x0010_1005, "PN", C.maiden)
        .put(0x0010_1040, "LO", format!("{}\\{}", C.street, C.town))
        .put(0x0010_1060, "PN", C.maiden)
        .put(0x0010_1090, "LO", C.account)
        .put(0x0010_2000, "LO", C.diagnosis)
        .put(0x0010_2110, "LO", C.allergy)
        .put(0x0010_2154, "SH", C.phone)
        .put(0x0010_21b0, "LT", C.remark)
        .put(0x0010_21f0, "LO", C.faith)
        .put(0x0010_4000, "LT", C.result);
    person
        .put(0x0018_1000, "LO", "CAGE-SN-1")
        .put(0x0018_1030, "LO", C.remark)
        .put(0x0020_000d, "UI", INSTANCE)
        .put(0x0020_0010, "SH", C.study)
        .put(0x0020_4000, "LT", C.remark)
        .put(0x0032_1032, "PN", C.referring)
        .put(0x0032_4000, "LT", C.remark)
        .put(0x0038_0010, "LO", C.visit)
        .put(0x0038_0300, "LO", C.town)
        .open_sequence(0x0040_0275, [request])
        .sequence(0x0040_0555, [nested])
        .put(0x0040_2016, "LO", C.placer)
        .put(0x0040_2017, "LO", C.filler)
        .put(0x0040_2400, "LT", C.remark)
        .put(0x7fe0_0010, "OW", [0x33; 600])
}

fn physician(set: &Set) -> Set {
    set.emptied().put(0x0040_1101, "SQ", "").put(0x0040_1103, "LO", C.phone)
}

fn scheduled(set: Set) -> Set {
    let step = set.emptied().put(0x0008_0060, "CS", "CT").put(0x0032_1070, "LO", C.allergy);
    let step = step.put(0x0040_0001, "AE", DICOM_CAGE).put(0x0040_0006, "PN", C.attending);
    let step = step.put(0x0040_0007, "LO", C.diagnosis).put(0x0040_0010, "SH", STATION_CAGE);
    set.put(0x0008_0050, "SH", C.accession)
        .put(0x0008_0090, "PN", C.referring)
        .put(0x0010_0010, "PN", name())
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_0030, "DA", day())
        .put(0x0010_2110, "LO", C.allergy)
        .put(0x0032_1032, "PN", C.referring)
        .put(0x0038_0010, "LO", C.visit)
        .sequence(0x0040_0100, [step])
        .put(0x0040_1001, "SH", C.placer)
}

fn performed(set: Set) -> Set {
    let scheduled = set.emptied().put(0x0008_0050, "SH", C.accession).put(0x0040_1001, "SH", C.placer);
    set.put(0x0008_0060, "CS", "CT")
        .put(0x0010_0010, "PN", name())
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_0030, "DA", day())
        .put(0x0020_0010, "SH", C.study)
        .put(0x0040_0241, "AE", DICOM_CAGE)
        .put(0x0040_0242, "SH", STATION_CAGE)
        .put(0x0040_0252, "CS", "IN PROGRESS")
        .put(0x0040_0254, "LO", C.diagnosis)
        .sequence(0x0040_0270, [scheduled])
        .put(0x0040_0280, "ST", C.remark)
        .put(0x0040_1010, "PN", C.operator)
}
