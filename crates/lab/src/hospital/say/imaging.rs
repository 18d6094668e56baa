//! What modalities and reading workstations say to the archive and the worklist (DICOM PS3.4 annexes A, B, C, K).

use crate::hospital::Volume;
use crate::hospital::model::Dicom;
use crate::hospital::people::Patient;
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use crate::medical::dicom::{
    ANSWER, Association, Command, ECHO, EXPLICIT, FIND, IMPLICIT, STORE, STUDY_FIND, Set, VERIFICATION, WORKLIST,
    release,
};

const ARCHIVE: (&str, &str) = ("1.2.826.0.1.3680043.10.5430.2.1", "SPECIMENPACS_24");
const PORT: u16 = 11_112;

/// The archive is there.
pub(super) fn echo(stage: &Stage<'_>) -> Option<Talk> {
    let dicom = stage.model.says.dicom.as_ref()?;
    let contexts = [VERIFICATION];
    let association = association(stage, dicom, &contexts, IMPLICIT);
    let command = Command { kind: ECHO, sop: VERIFICATION, id: 1, ..Command::default() };
    let answer = Command { kind: ECHO | ANSWER, ..command };
    let talk =
        opened(stage, &association)?.say(command.message(1, None, 16_000)).answer(answer.message(1, None, 16_000));
    Some(released(talk))
}

/// What is to be examined is asked for.
pub(super) fn worklist(stage: &Stage<'_>) -> Option<Talk> {
    let dicom = stage.model.says.dicom.as_ref()?;
    let contexts = [WORKLIST];
    let association = association(stage, dicom, &contexts, IMPLICIT);
    let set = |patient: Option<&Patient>| scheduled(stage, dicom, &association, patient);
    Some(found(opened(stage, &association)?, WORKLIST, (set(None), set(stage.patient()))))
}

/// Studies of somebody are looked for.
pub(super) fn query(stage: &Stage<'_>) -> Option<Talk> {
    let dicom = stage.model.says.dicom.as_ref()?;
    let patient = stage.patient()?;
    let contexts = [STUDY_FIND];
    let association = association(stage, dicom, &contexts, IMPLICIT);
    let ask = association.set().put(0x0008_0052, "CS", "STUDY").put(0x0010_0010, "PN", format!("{}*", patient.family));
    let told = association.set().put(0x0008_0050, "SH", &patient.accession).put(0x0008_0052, "CS", "STUDY");
    let told = told.put(0x0010_0010, "PN", name(patient)).put(0x0010_0020, "LO", &patient.mrn);
    let told = told.put(0x0020_000d, "UI", study(stage));
    Some(found(opened(stage, &association)?, STUDY_FIND, (ask, told)))
}

/// A series is stored.
pub(super) fn store(stage: &Stage<'_>) -> Option<Talk> {
    let dicom = stage.model.says.dicom.as_ref()?;
    let (images, rows) = match stage.volume {
        Volume::Full => (dicom.images, dicom.pixels),
        Volume::Lean => (dicom.images.min(3), super::SMALL),
    };
    let (patient, bulk) = (stage.patient()?, stage.bulk.get(&rows)?);
    let contexts = [dicom.sop.as_str()];
    let association = association(stage, dicom, &contexts, EXPLICIT);
    let mut talk = opened(stage, &association)?;
    for number in 1..=images {
        let instance = format!("{}.1.{number}", study(stage));
        let command = Command { kind: STORE, sop: &dicom.sop, id: number, instance: &instance, status: 0 };
        let set = image(stage, dicom, patient, (&instance, rows));
        // The element's header is said here; its value comes from what all images of this size share.
        let head = command.message_begun(1, set, 16_000);
        talk = talk.say_bulk(head, bulk.clone());
        talk = talk.answer(Command { kind: STORE | ANSWER, ..command }.message(1, None, 16_000));
    }
    Some(released(talk))
}

fn association<'a>(
    stage: &'a Stage<'_>,
    dicom: &'a Dicom,
    contexts: &'a [&'a str],
    transfer: &'a str,
) -> Association<'a> {
    Association {
        calling: &stage.device.ae,
        called: "PACS1",
        contexts,
        transfer,
        implementation: (&dicom.class, &dicom.version),
        identity: None,
    }
}

fn opened(stage: &Stage<'_>, association: &Association<'_>) -> Option<Talk> {
    let archive = stage.role("pacs").filter(|archive| *archive != stage.index)?;
    let talk = stage.stream(stage.to(archive, PORT)?, 0, "dicom");
    Some(talk.say(association.request()).answer(association.accept(ARCHIVE)))
}

fn released(talk: Talk) -> Talk {
    talk.say(release(false)).answer(release(true))
}

fn found(talk: Talk, sop: &str, (ask, told): (Set, Set)) -> Talk {
    let command = Command { kind: FIND, sop, id: 7, ..Command::default() };
    let answer = Command { kind: FIND | ANSWER, status: 0xff00, ..command };
    let talk = talk.say(command.message(1, Some(ask), 16_000)).answer(answer.message(1, Some(told), 16_000));
    released(talk.answer(Command { status: 0, ..answer }.message(1, None, 16_000)))
}

fn name(patient: &Patient) -> String {
    format!("{}^{}", patient.family, patient.given)
}

fn study(stage: &Stage<'_>) -> String {
    format!("1.2.826.0.1.3680043.10.5430.{}.{}", stage.index, stage.at / 1_000)
}

/// A worklist item: keys that are asked for, or the answer.
fn scheduled(stage: &Stage<'_>, dicom: &Dicom, association: &Association<'_>, patient: Option<&Patient>) -> Set {
    let known = |text: &str| if patient.is_some() { text.to_owned() } else { String::new() };
    let of = |part: fn(&Patient) -> String| patient.map(part).unwrap_or_default();
    let step = association.set().put(0x0008_0060, "CS", &dicom.modality).put(0x0040_0001, "AE", &stage.device.ae);
    let step = step.put(0x0040_0002, "DA", stage.now().date()).put(0x0040_0010, "SH", known(&stage.device.ae));
    association
        .set()
        .put(0x0008_0050, "SH", of(|patient| patient.accession.clone()))
        .put(0x0010_0010, "PN", of(name))
        .put(0x0010_0020, "LO", of(|patient| patient.mrn.clone()))
        .put(0x0010_0030, "DA", of(|patient| patient.birth.clone()))
        .sequence(0x0040_0100, [step])
}

/// An image up to the header of its pixels.
fn image(stage: &Stage<'_>, dicom: &Dicom, patient: &Patient, (instance, rows): (&str, u16)) -> Set {
    let (now, study) = (stage.now(), study(stage));
    let place = stage.area().map_or("", |area| area.name.as_str());
    let stamp = now.stamp();
    let time = stamp.get(8..).unwrap_or_default();
    Set::new(EXPLICIT)
        .put(0x0008_0005, "CS", "ISO_IR 100")
        .put(0x0008_0008, "CS", "ORIGINAL\\PRIMARY")
        .put(0x0008_0016, "UI", &dicom.sop)
        .put(0x0008_0018, "UI", instance)
        .put(0x0008_0020, "DA", now.date())
        .put(0x0008_0030, "TM", time)
        .put(0x0008_0050, "SH", &patient.accession)
        .put(0x0008_0060, "CS", &dicom.modality)
        .put(0x0008_0070, "LO", &stage.model.maker)
        .put(0x0008_0080, "LO", "Specimen Hospital")
        .put(0x0008_0090, "PN", stage.clinician(1))
        .put(0x0008_1010, "SH", &stage.device.ae)
        .put(0x0008_1040, "LO", place)
        .put(0x0008_1070, "PN", stage.clinician(2))
        .put(0x0008_1090, "LO", &stage.model.name)
        .put(0x0010_0010, "PN", name(patient))
        .put(0x0010_0020, "LO", &patient.mrn)
        .put(0x0010_0030, "DA", &patient.birth)
        .put(0x0010_0040, "CS", patient.sex.to_string())
        .put(0x0018_1000, "LO", &stage.device.serial)
        .put(0x0018_1020, "LO", &stage.device.firmware)
        .put(0x0020_000d, "UI", &study)
        .put(0x0020_000e, "UI", format!("{study}.1"))
        .number(0x0028_0002, 1)
        .put(0x0028_0004, "CS", "MONOCHROME2")
        .number(0x0028_0010, rows)
        .number(0x0028_0011, rows)
        .number(0x0028_0100, 16)
        .number(0x0028_0101, 16)
        .number(0x0028_0102, 15)
        .number(0x0028_0103, 0)
        .begin(0x7fe0_0010, "OW", u32::from(rows) * u32::from(rows) * 2)
}
