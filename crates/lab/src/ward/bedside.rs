//! The bedside and the laboratory: a patient monitor, a ventilator, infusion pumps behind their gateway, an analyser.

use super::{
    ANALYSER, BIRTH, ENGINE, FAMILY, GIVEN, LABORATORY, MONITOR, MRN, OPERATOR, PHYSICIAN, PUMPS, STREET, VENTILATOR,
    VISIT,
};
use crate::medical::sdc::{Contexts, Provider};
use crate::medical::{astm, hl7};
use crate::network::group;
use crate::talk::Talk;
use crate::wire::Capture;

/// The monitor sends observations as IHE PCD-01 (IHE DEV TF-2 §3.1).
pub(super) fn monitor(capture: &mut Capture) {
    let me = "BED7MON^0009FBFFFE070028^EUI-64";
    let mut talk = Talk::stream((MONITOR, 40_301), (ENGINE, 6661));
    for (n, rate) in [72, 74, 71].into_iter().enumerate() {
        let head = header(me, &format!("M{n}"));
        let observed = [
            "||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0||||||||X".to_owned(),
            "|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0.0.1|Philips||||||R".to_owned(),
            "|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|Specimen Monitor 7||||||R".to_owned(),
            "|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.0.0.3|DE00700028||||||R".to_owned(),
            "|ST|531975^MDC_ID_PROD_SPEC_SW^MDC|1.0.0.4|M.04.21||||||R".to_owned(),
            format!("|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|{rate}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R"),
        ];
        talk = hl7::exchange(talk, &message(&head, me, &observed), ("BED7MON", "ENGINE1"), &format!("M{n}"));
    }
    talk.play(capture);
}

/// Two pumps report through their gateway (IHE DEV TF-2 §3.1, infusion).
pub(super) fn pumps(capture: &mut Capture) {
    let gateway = "PUMPGATE^0003B1FFFE90003C^EUI-64";
    let mut talk = Talk::stream((PUMPS, 40_601), (ENGINE, 6661));
    for (pump, serial) in [("0003B1FFFE900101", "PMP-20011"), ("0003B1FFFE900102", "PMP-20012")] {
        let observed = [
            "||69985^MDC_DEV_PUMP_INFUS_MDS^MDC|1.0.0.0||||||||X".to_owned(),
            "|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0.0.1|ICU Medical||||||R".to_owned(),
            "|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|Specimen Pump 3||||||R".to_owned(),
            format!("|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.0.0.3|{serial}||||||R"),
            "|NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1.1.1.1|12.5|265266^MDC_DIM_MILLI_L_PER_HR^MDC|||||R".to_owned(),
        ];
        let me = format!("PUMP^^{pump}^EUI-64");
        talk = hl7::exchange(talk, &message(&header(gateway, serial), &me, &observed), ("PUMPGATE", "ENGINE1"), serial);
    }
    talk.play(capture);
}

fn header(me: &str, id: &str) -> String {
    format!(
        "MSH|^~\\&|{me}|WARD3|ENGINE1|HOSPITAL|20240514081500+0000||ORU^R01^ORU_R01|{id}|P|2.6|||AL|NE||||||\
         IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"
    )
}

fn message(head: &str, me: &str, observed: &[String]) -> Vec<String> {
    let mut segments = vec![
        head.to_owned(),
        format!("PID|||{MRN}^^^HOSPITAL^MR||{FAMILY}^{GIVEN}^^^^^L||{BIRTH}|F|||{STREET}"),
        format!("PV1||I|WARD3^ROOM12^BED7||||{PHYSICIAN}||||||||||||{VISIT}"),
        format!("OBR|1|O1|F1|182777000^monitoring of patient^SCT|||20240514081500|||{OPERATOR}"),
    ];
    let instance = me.replace("BED7MON^", "BED7MON^^");
    segments
        .extend((1..).zip(observed).map(|(n, rest): (u32, _)| format!("OBX|{n}{rest}|||20240514081500||||{instance}")));
    segments
}

/// The ventilator announces itself and tells a consumer what it is, and at whose bed it stands.
pub(super) fn ventilator(capture: &mut Capture) {
    let [a, b, c, d] = VENTILATOR.ip;
    let address = format!("http://{a}.{b}.{c}.{d}:6464/vent");
    let provider = Provider {
        uuid: "3b1f0a2c-5d44-4d0e-9a77-0030e6550029",
        address: &address,
        scopes: "sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSPITAL%2F%2F%2FWARD3%2F%2FBED7?fac=HOSPITAL&amp;poc=WARD3&amp;bed=BED7",
        maker: "Draeger",
        model: "Specimen Ventilator 5",
        number: "SV5-EU",
        friendly: "Ventilator bed 7",
        firmware: "2.17.3",
        serial: "ASKL-0029",
        code: "70001",
    };
    capture.udp(VENTILATOR, group([239, 255, 255, 250]), (40_702, 3702), provider.hello());
    let patient = format!(
        "<pm:State xsi:type=\"pm:PatientContextState\" DescriptorHandle=\"pc\" Handle=\"p1\" ContextAssociation=\"Assoc\">\
         <pm:Identification Root=\"urn:hospital\" Extension=\"{MRN}\"/><pm:CoreData><pm:Givenname>{GIVEN}</pm:Givenname>\
         <pm:Familyname>{FAMILY}</pm:Familyname><pm:Sex>F</pm:Sex></pm:CoreData></pm:State>"
    );
    let place = "<pm:State xsi:type=\"pm:LocationContextState\" DescriptorHandle=\"lc\" Handle=\"l1\" ContextAssociation=\"Assoc\">\
         <pm:LocationDetail PoC=\"WARD3\" Bed=\"BED7\" Facility=\"HOSPITAL\"/></pm:State>";
    Talk::stream((ENGINE, 40_701), (VENTILATOR, 6464))
        .say(provider.ask())
        .answer(provider.metadata())
        .say(provider.ask_mdib(""))
        .answer(provider.mdib(Contexts { patient: &patient, more: place }))
        .play(capture);
}

/// The analyser sends results to the laboratory system beyond the router.
pub(super) fn analyser(capture: &mut Capture) {
    let records = [
        "H|\\^&|||Sysmex^Specimen Counter 9^00-21^^^^XS-5071|||||LIS1||P|E1394-97|20240514081700".to_owned(),
        format!("P|1||{MRN}||{FAMILY}^{GIVEN}||{BIRTH}|F|||||{PHYSICIAN}"),
        "O|1|S-240514-17||^^^WBC\\^^^RBC|R||||||N".to_owned(),
        format!("R|1|^^^WBC|6.1|10*3/uL||N||F||{OPERATOR}||20240514081630|XS-5071"),
        format!("R|2|^^^RBC|4.6|10*6/uL||N||F||{OPERATOR}||20240514081630|XS-5071"),
        "L|1|N".to_owned(),
    ];
    astm::session(Talk::stream((ANALYSER, 40_501), (LABORATORY, 5000)), &records).play(capture);
}
