//! Images: a CT scanner asks for its work, scans, and stores to the archive; a workstation looks studies up.

use super::{ACCESSION, BIRTH, FAMILY, GIVEN, MRN, OPERATOR, PACS, PHYSICIAN, SCANNER, WORKSTATION};
use crate::medical::dicom::{
    ANSWER, Association, CT_IMAGE, Command, ECHO, EXPLICIT, FIND, IMPLICIT, STORE, STUDY_FIND, Set, VERIFICATION,
    WORKLIST, release,
};
use crate::talk::Talk;
use crate::wire::Capture;

const STUDY: &str = "1.2.826.0.1.3680043.10.5430.1.7";
const ARCHIVE: (&str, &str) = ("1.2.826.0.1.3680043.10.5430.2.1", "SPECIMENPACS_4");

/// The scanner checks the archive, gets its worklist and stores three images.
pub(super) fn scan(capture: &mut Capture) {
    let scanner = Association {
        calling: "CT1_WARD",
        called: "PACS1",
        contexts: &[VERIFICATION],
        transfer: IMPLICIT,
        implementation: ("1.2.826.0.1.3680043.10.5430.1.1", "SPECIMENCT_12"),
        identity: None,
    };
    let echo = Command { kind: ECHO, sop: VERIFICATION, id: 1, ..Command::default() };
    opened(&scanner, 40_001)
        .say(echo.message(1, None, 16_000))
        .answer(Command { kind: ECHO | ANSWER, ..echo }.message(1, None, 16_000))
        .released()
        .play(capture);
    let worklist = Association { contexts: &[WORKLIST], ..scanner };
    find(opened(&worklist, 40_002), WORKLIST, scheduled(worklist.set(), false), scheduled(worklist.set(), true))
        .play(capture);
    let store = Association { contexts: &[CT_IMAGE], transfer: EXPLICIT, ..scanner };
    let mut talk = opened(&store, 40_003);
    for number in 1..=3 {
        let instance = format!("{STUDY}.1.{number}");
        let command = Command { kind: STORE, sop: CT_IMAGE, id: number, instance: &instance, status: 0 };
        talk = talk.say(command.message(1, Some(image(store.set(), &instance)), 8_000));
        talk = talk.answer(Command { kind: STORE | ANSWER, ..command }.message(1, None, 8_000));
    }
    talk.released().play(capture);
}

/// The workstation looks for studies.
pub(super) fn query(capture: &mut Capture) {
    let viewer = Association {
        calling: "RADWS2",
        called: "PACS1",
        contexts: &[STUDY_FIND],
        transfer: IMPLICIT,
        implementation: ("1.2.826.0.1.3680043.10.5430.3.1", "SPECIMENVIEW_3"),
        identity: None,
    };
    let ask = viewer.set().put(0x0008_0052, "CS", "STUDY").put(0x0010_0010, "PN", format!("{FAMILY}*"));
    let found = viewer.set().put(0x0008_0050, "SH", ACCESSION).put(0x0008_0052, "CS", "STUDY");
    let found = found.put(0x0010_0010, "PN", format!("{FAMILY}^{GIVEN}")).put(0x0010_0020, "LO", MRN);
    let found = found.put(0x0020_000d, "UI", STUDY);
    let talk = Talk::stream((WORKSTATION, 50_201), (PACS, 11_112)).say(viewer.request()).answer(viewer.accept(ARCHIVE));
    find(talk, STUDY_FIND, ask, found).play(capture);
}

fn opened(association: &Association<'_>, port: u16) -> Talk {
    Talk::stream((SCANNER, port), (PACS, 11_112)).say(association.request()).answer(association.accept(ARCHIVE))
}

fn find(talk: Talk, sop: &str, ask: Set, found: Set) -> Talk {
    let command = Command { kind: FIND, sop, id: 7, ..Command::default() };
    let answer = Command { kind: FIND | ANSWER, status: 0xff00, ..command };
    talk.say(command.message(1, Some(ask), 16_000))
        .answer(answer.message(1, Some(found), 16_000))
        .answer(Command { status: 0, ..answer }.message(1, None, 16_000))
        .released()
}

impl Talk {
    /// The association ends in order.
    fn released(self) -> Self {
        self.say(release(false)).answer(release(true))
    }
}

/// A worklist item: keys that are asked for, or the answer.
fn scheduled(set: Set, known: bool) -> Set {
    let or_empty = |text: &str| if known { text.to_owned() } else { String::new() };
    let step = set.clone().put(0x0008_0060, "CS", "CT").put(0x0040_0001, "AE", "CT1_WARD");
    let step = step.put(0x0040_0002, "DA", "20240514").put(0x0040_0010, "SH", or_empty("CT1"));
    set.put(0x0008_0050, "SH", or_empty(ACCESSION))
        .put(0x0010_0010, "PN", or_empty(&format!("{FAMILY}^{GIVEN}")))
        .put(0x0010_0020, "LO", or_empty(MRN))
        .put(0x0010_0030, "DA", or_empty(BIRTH))
        .sequence(0x0040_0100, [step])
}

fn image(set: Set, instance: &str) -> Set {
    let pixels: Vec<u8> = (0..32u32 * 32 * 2).map(|n| u8::try_from(n * n / 97 % 251).unwrap_or_default()).collect();
    set.put(0x0008_0005, "CS", "ISO_IR 100")
        .put(0x0008_0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL")
        .put(0x0008_0016, "UI", CT_IMAGE)
        .put(0x0008_0018, "UI", instance)
        .put(0x0008_0020, "DA", "20240514")
        .put(0x0008_0030, "TM", "081500")
        .put(0x0008_0050, "SH", ACCESSION)
        .put(0x0008_0060, "CS", "CT")
        .put(0x0008_0070, "LO", "GE MEDICAL SYSTEMS")
        .put(0x0008_0080, "LO", "Ward Example Hospital")
        .put(0x0008_0090, "PN", PHYSICIAN)
        .put(0x0008_1010, "SH", "CT1")
        .put(0x0008_1070, "PN", OPERATOR)
        .put(0x0008_1090, "LO", "Specimen CT 64")
        .put(0x0010_0010, "PN", format!("{FAMILY}^{GIVEN}"))
        .put(0x0010_0020, "LO", MRN)
        .put(0x0010_0030, "DA", BIRTH)
        .put(0x0010_0040, "CS", "F")
        .put(0x0018_1000, "LO", "CT64-004711")
        .put(0x0018_1020, "LO", "spec.12.4")
        .put(0x0020_000d, "UI", STUDY)
        .put(0x0020_000e, "UI", format!("{STUDY}.1"))
        .number(0x0028_0002, 1)
        .number(0x0028_0010, 32)
        .number(0x0028_0011, 32)
        .number(0x0028_0100, 16)
        .put(0x7fe0_0010, "OW", pixels)
}
