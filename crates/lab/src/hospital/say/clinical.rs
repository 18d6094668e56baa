//! What stands at a bed and what knows of patients: IHE PCD-01, HL7 v2 ADT, orders and results, SDC.
//!
//! Sources: IHE PCD TF-2 §3.1, HL7 v2.6 chapters 3, 4 and 7, ISO/IEEE 11073-10207 and -20702.

use crate::bytes::Bytes;
use crate::hospital::chance::{narrow, wide};
use crate::hospital::people::Patient;
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use crate::medical::hl7;
use crate::medical::sdc::{Contexts, Provider};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

/// A device reports what it observes, itself or through what speaks for it.
pub(super) fn observe(stage: &Stage<'_>) -> Option<Talk> {
    let pcd = stage.model.says.pcd.as_ref()?;
    let to = if pcd.to.is_empty() { "engine" } else { &pcd.to };
    let server = stage.role(to).or_else(|| stage.role("engine")).filter(|server| *server != stage.index)?;
    let lane = stage.to(server, if to == "engine" { 6_661 } else { 6_662 })?;
    let id = format!("{}T{}", stage.index, stage.at / 1_000);
    let [a, b, c, d, e, f] = stage.device.first_mac;
    let eui = format!("{a:02X}{b:02X}{c:02X}FFFE{d:02X}{e:02X}{f:02X}");
    let name = if stage.device.host.is_empty() { "DEVICE" } else { &stage.device.host };
    let me = format!("{name}^{eui}^EUI-64");
    let speaker = stage.device.behind.map_or_else(|| me.clone(), |speaker| stage.hospital.host(speaker).to_owned());
    let stamp = stage.now().stamp();
    let mut segments = vec![format!(
        "MSH|^~\\&|{speaker}|SPECIMEN|ENGINE1|HOSPITAL|{stamp}+0000||ORU^R01^ORU_R01|{id}|P|2.6|||AL|NE||||||\
         IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"
    )];
    segments.extend(stage.patient().map(identity));
    segments.extend(stage.patient().map(|patient| visit(stage, patient)));
    segments.push(format!("OBR|1|O{id}|F{id}|182777000^monitoring of patient^SCT|||{stamp}|||{}", stage.clinician(2)));
    let instance = format!("|||{stamp}||||{name}^^{eui}^EUI-64");
    let mut rows = Vec::new();
    if !pcd.mds.is_empty() {
        rows.push(format!("||{}|1.0.0.0||||||||X", pcd.mds));
    }
    let said = [
        ("531970^MDC_ID_MODEL_MANUFACTURER", stage.model.maker.as_str()),
        ("531969^MDC_ID_MODEL_NUMBER", &stage.model.name),
        ("531972^MDC_ID_PROD_SPEC_SERIAL", &stage.device.serial),
        ("531975^MDC_ID_PROD_SPEC_SW", &stage.device.firmware),
    ];
    rows.extend((1..).zip(said).map(|(n, (code, text)): (u32, _)| format!("|ST|{code}^MDC|1.0.0.{n}|{text}||||||R")));
    for (n, observed) in pcd.observes.iter().enumerate() {
        let mut parts = observed.splitn(3, '|');
        let (code, value, unit) = (parts.next()?, parts.next()?, parts.next()?);
        rows.push(format!("|NM|{code}|1.1.1.{}|{}|{unit}|||||R", n + 1, wavering(stage, value, wide(n))));
    }
    segments.extend((1..).zip(rows).map(|(n, row): (u32, _)| format!("OBX|{n}{row}{instance}")));
    let talk = stage.stream(lane, 0, "hl7").say(hl7::block(&segments));
    Some(talk.answer(acknowledged(stage, &id)))
}

/// A value near the one given.
fn wavering(stage: &Stage<'_>, value: &str, key: u64) -> String {
    let Ok(middle) = value.parse::<f64>() else { return value.to_owned() };
    let now = middle * (0.97 + stage.chance.of(0x0b5).of(key).share() * 0.06);
    if value.contains('.') { format!("{now:.1}") } else { format!("{now:.0}") }
}

fn acknowledged(stage: &Stage<'_>, id: &str) -> Bytes {
    let stamp = stage.now().stamp();
    let head = format!("MSH|^~\\&|ENGINE1|HOSPITAL|SPECIMEN|WARD|{stamp}||ACK^R01^ACK|A{id}|P|2.6");
    hl7::block(&[head, format!("MSA|AA|{id}")])
}

fn identity(patient: &Patient) -> String {
    let Patient { family, given, mrn, birth, sex, street, .. } = patient;
    format!("PID|||{mrn}^^^HOSPITAL^MR||{family}^{given}^^^^^L||{birth}|{sex}|||{street}")
}

fn visit(stage: &Stage<'_>, patient: &Patient) -> String {
    let spot = stage.stay.spot;
    let area = stage.area().map_or("", |area| area.name.as_str());
    format!("PV1||I|{area}^{}^{}||||{}||||||||||||{}", spot.room, spot.bed, stage.clinician(1), patient.visit)
}

/// An application sends one of its messages: admissions and orders go round all patients in turn.
pub(super) fn send(stage: &Stage<'_>) -> Option<Talk> {
    let application = stage.model.says.hl7.as_ref()?;
    let server = stage.role("engine").filter(|server| *server != stage.index)?;
    let turn = stage.at / 1_000_000 / 20;
    let is_round = !stage.model.role.is_empty();
    let patients = &stage.hospital.patients;
    let sends = &application.sends;
    let (turns, kinds) = (wide(patients.len()).max(1), wide(sends.len()).max(1));
    let patient = if is_round { patients.get(narrow::<usize>(turn / kinds % turns)) } else { stage.patient() }?;
    let kind = sends.get(narrow::<usize>(turn % kinds))?;
    let id = format!("{}M{}", stage.index, stage.at / 1_000);
    let stamp = stage.now().stamp();
    let head = |event: &str| {
        format!("MSH|^~\\&|{}|HOSPITAL|ENGINE1|HOSPITAL|{stamp}||{event}|{id}|P|2.6", application.application)
    };
    let order =
        format!("ORC|NW|{0}|{0}|||||{stamp}|{1}||{2}", patient.accession, stage.clinician(3), stage.clinician(1));
    let asked = format!("OBR|1|{0}|{0}|71260^CT CHEST^C4|||{stamp}", patient.accession);
    let mut segments = match kind.as_str() {
        "adt" => vec![head("ADT^A08^ADT_A01"), format!("EVN||{stamp}")],
        "orm" => vec![head("ORM^O01^ORM_O01")],
        "zpm" => vec![head("ZPM^Z01")],
        _ => vec![head("ORU^R01^ORU_R01")],
    };
    segments.extend([identity(patient), visit(stage, patient)]);
    match kind.as_str() {
        "adt" => {}
        "orm" => segments.extend([order, asked]),
        "zpm" => segments.push(format!("ZPM|V|{}|1||MED^Acetaminophen|||2|{}", stage.device.host, stage.clinician(2))),
        _ => {
            segments.extend([asked, format!("OBX|1|NM|2951-2^Sodium^LN||140|mmol/L|||||F|||{stamp}||||{}", me(stage))])
        }
    }
    let talk = stage.stream(stage.to(server, 2_575)?, 0, "hl7").say(hl7::block(&segments));
    Some(talk.answer(acknowledged(stage, &id)))
}

/// The equipment instance identifier (HL7 v2.6 §7.4.2.18) of what is no server.
fn me(stage: &Stage<'_>) -> String {
    if stage.model.role.is_empty() {
        format!("{}^{}^{}^L", stage.model.name, stage.device.serial, stage.model.maker)
    } else {
        String::new()
    }
}

/// A device offers itself by WS-Discovery, and the engine reads what it is and who is connected to it.
pub(super) fn offer(stage: &Stage<'_>) -> Vec<Talk> {
    let Some(sdc) = &stage.model.says.sdc else { return Vec::new() };
    let [a, b, c, d, e, f] = stage.device.first_mac;
    let uuid = format!("3b1f0a2c-5d44-4d0e-9a77-{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}");
    let address = format!("http://{}:6464/{}", stage.stay.ip, stage.device.host);
    let (spot, area) = (stage.stay.spot, stage.area().map_or("", |area| area.name.as_str()));
    let area = area.replace(' ', "");
    let scopes = format!(
        "sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSPITAL%2F%2F%2F{area}%2F%2F{}?fac=HOSPITAL\
         &amp;poc={area}&amp;bed={}",
        spot.bed, spot.bed
    );
    let provider = Provider {
        uuid: &uuid,
        address: &address,
        scopes: &scopes,
        maker: &stage.model.maker,
        model: &stage.model.name,
        number: &stage.model.name,
        friendly: &stage.device.host,
        firmware: &stage.device.firmware,
        serial: &stage.device.serial,
        code: &sdc.code,
    };
    let hello = stage.group(Ipv4Addr::new(239, 255, 255, 250).into(), (stage.port(7), 3_702));
    let told = hello.map(|lane| stage.datagrams(lane, 0, "wsd").say(provider.hello()));
    let reader = stage.role("engine").and_then(|engine| stage.from(engine, 6_464));
    let read = reader.map(|lane| {
        let (patient, place) = (stage.patient().map(context).unwrap_or_default(), location(&area, spot.bed));
        let contexts = Contexts { patient: &patient, more: &place };
        let talk = stage.stream(lane, 3, "http").say(provider.ask()).answer(provider.metadata());
        talk.say(provider.ask_mdib("")).answer(provider.mdib(contexts))
    });
    told.into_iter().chain(read).collect()
}

fn context(patient: &Patient) -> String {
    let Patient { family, given, mrn, sex, .. } = patient;
    format!(
        "<pm:State xsi:type=\"pm:PatientContextState\" DescriptorHandle=\"pc\" Handle=\"p1\" ContextAssociation=\"Assoc\">\
         <pm:Identification Root=\"urn:hospital\" Extension=\"{mrn}\"/><pm:CoreData><pm:Givenname>{given}</pm:Givenname>\
         <pm:Familyname>{family}</pm:Familyname><pm:Sex>{sex}</pm:Sex></pm:CoreData></pm:State>"
    )
}

fn location(area: &str, bed: u8) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "<pm:State xsi:type=\"pm:LocationContextState\" DescriptorHandle=\"lc\" Handle=\"l1\" ContextAssociation=\"Assoc\">\
         <pm:LocationDetail PoC=\"{area}\" Bed=\"{bed}\" Facility=\"HOSPITAL\"/></pm:State>"
    );
    text
}
