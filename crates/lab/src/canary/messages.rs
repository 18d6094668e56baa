//! HL7 v2 and ASTM with canaries in every segment and record that names people, orders, visits or secrets.

use super::words::{ASTM_CAGE, CANARIES as C, HL7_CAGE, SHORT_NAMES};
use crate::bytes::{base64, utf16};
use crate::medical::{astm, hl7};
use crate::talk::Talk;
use crate::wire::Station;

const DEVICE: Station = Station::new([0x00, 0x09, 0xfb, 0x0c, 0x00, 0x03], 133, "cage-monitor");
const ENGINE: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x04], 134, "cage-engine");
const ANALYSER: Station = Station::new([0x00, 0x06, 0x6b, 0x0c, 0x00, 0x05], 135, "cage-counter");

pub(super) fn talks() -> Vec<Talk> {
    let opened = || Talk::stream((DEVICE, 0), (ENGINE, 2575));
    let mut talks = Vec::new();
    for (kind, segments) in
        [("ADT^A01^ADT_A01", admission()), ("ORM^O01^ORM_O01", order()), ("ORU^R01^ORU_R01", results())]
    {
        let message = [vec![head(kind, "")], segments].concat();
        talks.push(opened().say(hl7::block(&message)).answer(refused()));
        let bare = message.iter().map(|segment| segment.clone() + "\r").collect::<String>();
        talks.push(opened().say(bare));
    }
    talks.push(opened().say(hl7::block(&batch())).answer(hl7::acknowledge("CAGE", HL7_CAGE, "B1")));
    talks.push(opened().say(hl7::block(&question())).answer(hl7::block(&found())));
    talks.push(opened().say(hl7::block(&in_latin())).say(hl7::block(&in_japanese())));
    talks.push(opened().say(hl7::block(&[utf16(&admission().join("\r"))])));
    talks.push(astm::session(Talk::stream((ANALYSER, 0), (ENGINE, 3001)), &upload()));
    talks.push(astm::session(Talk::stream((ANALYSER, 0), (ENGINE, 3001)), &enquiry()));
    talks
}

fn head(kind: &str, charset: &str) -> String {
    format!(
        "MSH|^~\\&|{HL7_CAGE}|CAGEWARD|CAGE|CAGEHOUSE|20240514081500|{}|{kind}|C1|P|2.5.1|||AL|NE||{charset}",
        C.access
    )
}

fn name() -> String {
    format!("{}^{}^{}^^^^L", C.family, C.given, C.middle)
}

fn person() -> String {
    format!(
        "PID|1|{record}^^^CAGE^MR|{record}^^^CAGE^MR~{social}^^^SSA^SS|{account}|{name}|{maiden}^Erna|{born}|F|{search}^Alias||\
         {street}^^{town}^^12345^DE||{phone}^PRN^PH^{mail}|{phone}^WPN||M|{faith}|{account}|{social}|{insured}|{maiden}||{town}",
        record = C.record,
        social = C.social,
        account = C.account,
        name = name(),
        maiden = C.maiden,
        born = C.born,
        search = C.search,
        street = C.street,
        town = C.town,
        phone = C.phone,
        mail = C.mail,
        faith = C.faith,
        insured = C.insured,
    )
}

fn stay() -> String {
    format!(
        "PV1|1|I|WARD3^12^7|R|{}||1234^{}^Dr|5678^{}^Dr|{}^Dr|MED|||||||{}^Dr|IP|{}|||||||||||||||||||||||||20240513",
        C.placer, C.attending, C.referring, C.reading, C.attending, C.visit
    )
}

fn admission() -> Vec<String> {
    vec![
        format!("EVN|A01|20240514||ADM|{}^{}", C.login, C.operator),
        person(),
        format!("PD1|||{}^^12|{}^Dr", C.employer, C.referring),
        format!("NK1|1|{}|SPO|{}^^{}|{}||||||||{}", C.kin, C.street, C.town, C.phone, C.employer),
        stay(),
        format!("PV2|||{}||||{}||||||||||||{}", C.diagnosis, C.content, C.remark),
        format!("AL1|1|DA|{}^{}|SV|{}", C.allergy, C.allergy, C.remark),
        format!("DG1|1||{0}^{0}^I10|{0}|20240514|A||||||||||{1}", C.diagnosis, C.attending),
        format!(
            "GT1|1|{}|{}||{}^^{}|{}||{}|F|||{}||||{}",
            C.insured, C.guarantor, C.street, C.town, C.phone, C.born, C.social, C.employer
        ),
        format!(
            "IN1|1|{0}|{0}|{1}|{2}|{3}|{4}|{5}||{1}|||||||{6}|SEL|{7}|{2}",
            C.insured, C.employer, C.street, C.kin, C.phone, C.account, C.guarantor, C.born
        ),
        format!("IN2|1|{}|{}^{}|||{}", C.social, C.account, C.employer, C.insured),
        format!("PR1|1||{}|{}|20240514|||{}^Dr", C.diagnosis, C.remark, C.operator),
        format!("ROL|1|AD|AT|{}^Dr||||||||{}", C.attending, C.phone),
        format!("TXA|1|CN|TX|20240514|{}||||||{}|{}||{}|{}", C.operator, C.study, C.placer, C.filler, C.file),
        format!("ZPI|1|{}|{}|{}", C.remark, C.social, C.key),
    ]
}

fn order() -> Vec<String> {
    vec![
        person(),
        format!("NTE|1|P|{}", C.remark),
        stay(),
        format!(
            "ORC|NW|{}|{}|{}|||^^^20240514||20240514|{}||{}^Dr|WARD3|{}|||||{}",
            C.placer, C.filler, C.study, C.operator, C.attending, C.phone, C.employer
        ),
        format!(
            "OBR|1|{}|{}|1^CT^L||20240514||||{}|||{}|||{}^Dr|{}|{}|{}|{}|||||||||{}|||{}|{}^Dr|{}|{}",
            C.placer,
            C.filler,
            C.operator,
            C.diagnosis,
            C.attending,
            C.phone,
            C.accession,
            C.study,
            C.specimen,
            C.referring,
            C.diagnosis,
            C.reading,
            C.operator,
            C.login
        ),
        format!("DG1|1||^{}", C.diagnosis),
        format!("OBX|1|ST|1^History||{}||||||F", C.remark),
        format!("SPM|1|{}&CAGE|1|BLD|||||||||||{}", C.specimen, C.remark),
        format!("BLG|D|CH|{}", C.account),
    ]
}

fn results() -> Vec<String> {
    let packed = base64(format!("{} {}", C.family, C.result).as_bytes());
    let head = format!(
        "OBR|1|{}|{}|1^MON^L|||20240514|||{}||||||{}^Dr||||||||||F",
        C.placer, C.filler, C.operator, C.attending
    );
    let from = "CAGEMON^^0009FBFFFE0C0003^EUI-64";
    let mut all = vec![person(), stay(), format!("ORC|RE|{}|{}", C.placer, C.filler), head];
    all.extend([
        format!(
            "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0||||||||X|||20240514||{0}^{1}||{from}",
            C.login, C.operator
        ),
        format!("OBX|2|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|Cage Monitor 5||||||R|||||||{from}"),
        format!("OBX|3|ST|67886^MDC_ATTR_ID_SOFT^MDC|1.0.0.3|3.3||||||R|||20240514||{}||{from}", C.operator),
        format!(
            "OBX|4|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|72|||{}|||R|||20240514||{}||{from}",
            C.remark, C.login
        ),
        format!("OBX|5|TX|1^Findings||{}~{}||||||F", C.result, C.remark),
        format!("OBX|6|ED|1^PDF||CAGE^AP^PDF^Base64^{packed}||||||F"),
        format!("OBX|7|PN|1^Name||{}||||||F", name()),
        format!("OBX|8|CX|68063^MDC_ATTR_PT_ID^MDC|1.0.0.4|{}||||||R|||||||{from}", C.record),
        format!("OBX|9|ST|67885^MDC_ATTR_PT_NAME_FAMILY^MDC|1.0.0.5|{}||||||R|||||||{from}", C.family),
        format!("OBX|10|FT|1^Text||{}\\.br\\{}||||||F", hexadecimal(C.result), C.diagnosis),
        format!("NTE|1|L|{}", C.remark),
    ]);
    // Free text with line ends, as some systems send it.
    let [first, second, third] = SHORT_NAMES;
    all.extend([
        "OBX|11|TX|1^Text||Name:".to_owned(),
        first.to_owned(),
        format!("{second}|x"),
        format!("{third}: seen"),
    ]);
    all
}

/// Text in the escape for hexadecimal data (HL7 v2.6 §2.7.4).
fn hexadecimal(text: &str) -> String {
    format!("\\X{}\\", text.bytes().map(|byte| format!("{byte:02X}")).collect::<String>())
}

fn refused() -> crate::bytes::Bytes {
    hl7::block(&[
        format!("MSH|^~\\&|CAGE|CAGEHOUSE|{HL7_CAGE}|CAGEWARD|20240514||ACK|A1|P|2.5.1"),
        format!("MSA|AE|C1|unknown patient {} {}", C.family, C.record),
        format!("ERR||PID^1^3|204^Unknown key^HL70357|E||{}|{}|{}", C.remark, C.record, C.login),
    ])
}

fn batch() -> Vec<String> {
    let file = format!("FHS|^~\\&|{HL7_CAGE}|CAGEWARD|CAGE|CAGEHOUSE|20240514|{}|{}|{}|F1", C.access, C.file, C.remark);
    let head_of =
        format!("BHS|^~\\&|{HL7_CAGE}|CAGEWARD|CAGE|CAGEHOUSE|20240514|{}|{}|{}|B1", C.access, C.search, C.remark);
    let mut all = vec![file, head_of, head("ORU^R01", "")];
    all.extend(results());
    all.extend([format!("BTS|1|{}", C.remark), format!("FTS|1|{}", C.remark)]);
    all
}

fn question() -> Vec<String> {
    vec![
        head("QBP^Q22^QBP_Q21", ""),
        format!("QPD|Q22^Find Candidates|T1|@PID.5.1^{}~@PID.3.1^{}~@PID.7^{}", C.search, C.record, C.born),
        format!("QRD|20240514|R|I|Q1|||10|{}^{}|DEM", C.record, C.family),
        "RCP|I".to_owned(),
    ]
}

fn found() -> Vec<String> {
    let mut all =
        vec![head("RSP^K22^RSP_K21", ""), format!("MSA|AA|C1|{}", C.family), format!("QAK|T1|OK|{}", C.search)];
    all.extend([person(), format!("FT1|1|{}||20240514||CG|{}|||||||||||{}^Dr", C.placer, C.diagnosis, C.operator)]);
    all
}

fn in_latin() -> Vec<Vec<u8>> {
    let name: Vec<u8> = C.umlauts.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    let person = [b"PID|1||1||", &name[..], b"^Erna"].concat();
    vec![head("ADT^A08^ADT_A01", "8859/1").into_bytes(), person, format!("NTE|1||{}", C.umlauts).into_bytes()]
}

fn in_japanese() -> Vec<Vec<u8>> {
    let person = [b"PID|1||1||\x1b$B", C.jis.as_bytes(), b"\x1b(B~", C.kanji.as_bytes()].concat();
    vec![head("ADT^A08^ADT_A01", "ASCII~ISO IR87").into_bytes(), person]
}

fn upload() -> Vec<String> {
    vec![
        format!(
            "H|\\^&|M1|{}|{ASTM_CAGE}^Cage Counter 4^1.7^CC-0815|||{}||CAGE|{}|P|E1394-97|20240514081700",
            C.access, C.phone, C.remark
        ),
        format!(
            "P|1|{}|{}|{}|{}^{}|{}|{}|F|W|{}^{}||{}|{}|{}|||{}|{}|{}||||{}|WARD3^7|||{}",
            C.record,
            C.visit,
            C.social,
            C.family,
            C.given,
            C.maiden,
            C.born,
            C.street,
            C.town,
            C.phone,
            C.attending,
            C.referring,
            C.diagnosis,
            C.allergy,
            C.reading,
            C.account,
            C.faith
        ),
        format!("C|1|I|{}|G", C.remark),
        format!(
            "O|1|{}|{}|^^^WBC|R|||||||||20240514|{}|{}|{}|{}|{}",
            C.specimen, C.filler, C.content, C.attending, C.phone, C.placer, C.study
        ),
        format!("C|1|I|{}|G", C.diagnosis),
        format!("R|1|^^^WBC|6.1|10*3/uL||N||F||{}^{}||20240514|CC-0815", C.operator, C.login),
        format!("R|2|^^^TXT|{}|||||F||{}", C.result, C.operator),
        format!("C|1|I|{}|I", C.result),
        format!("M|1|{}", C.remark),
        format!("S|1|{}", C.content),
        "L|1|N".to_owned(),
    ]
}

fn enquiry() -> Vec<String> {
    vec![
        format!("H|\\^&||{}|{ASTM_CAGE}^Cage Counter 4^1.7^CC-0815|||||||P|E1394-97", C.access),
        format!("Q|1|{}^{}|{}^{}|ALL||||{}|{}||O", C.record, C.specimen, C.record, C.specimen, C.attending, C.phone),
        "L|1|N".to_owned(),
    ]
}
