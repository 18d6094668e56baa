//! Bedside, laboratory and alarms with canaries: POCT1-A, IHE PCD over MLLP and HTTP, FHIR, pagers, nurse call; and plant.
//!
//! In: the canaries. Out: conversations that name patients, staff, orders and visits in every field that is for them.

mod plant;

use super::words::CANARIES as C;
use crate::medical::hl7;
use crate::office::http::{request, response};
use crate::talk::Talk;
use crate::wire::Station;

const METER: Station = Station::new([0x00, 0x60, 0x19, 0x0c, 0x00, 0x10], 146, "cage-meter");
const GATEWAY: Station = Station::new([0x00, 0x1a, 0x01, 0x0c, 0x00, 0x11], 147, "cage-gateway");
const SERVER: Station = Station::new([0x00, 0x50, 0x56, 0x0c, 0x00, 0x12], 148, "cage-clinic");

const HOST: &str = "Host: 10.20.0.148";
const EUI: &str = "0009FBFFFE0C0013^^0009FBFFFE0C0013^EUI-64";

pub(super) fn talks() -> Vec<Talk> {
    [point_of_care(), observations(), resources(), vec![page(), nurse(), station()], plant::talks()].concat()
}

/// A document of POCT1-A with its header (CLSI POCT1-A2 appendix B).
fn document(kind: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><{kind}><HDR><HDR.message_type V=\"{kind}\"/><HDR.control_id V=\"1\"/>\
         <HDR.version_id V=\"POCT1\"/></HDR>{body}</{kind}>"
    )
}

/// A meter says hello, brings a patient's result, and is given lists of operators and patients.
fn point_of_care() -> Vec<Talk> {
    let device = format!(
        "<DEV><DEV.device_id V=\"00-60-19-FF-FE-0C-00-10\"/><DEV.vendor_id V=\"CGE\"/><DEV.model_id V=\"Meter 2\"/>\
         <DEV.serial_id V=\"CM0815\"/><DEV.device_name V=\"Meter of {}\"/></DEV>",
        C.operator
    );
    let person = format!(
        "<PT><PT.patient_id V=\"{}\"/><PT.name V=\"{}, {}\"/><PT.birth_date V=\"{}\"/><PT.location V=\"{}\"/>",
        C.record, C.family, C.given, C.born_on, C.street
    );
    let seen = format!(
        "<SVC><SVC.role_cd V=\"OBS\"/>{person}<OBS><OBS.observation_id V=\"2339-0\" SN=\"LN\" DN=\"{}\"/><OBS.value V=\"113\" \
         U=\"mg/dL\"/><NTE><NTE.text V=\"{}\"/></NTE></OBS></PT><OPR><OPR.operator_id V=\"{}\"/><OPR.name V=\"{}\"/></OPR><ORD>\
         <ORD.order_id V=\"{}\"/><ORD.ordering_provider_id V=\"{}\"/></ORD></SVC>",
        C.family, C.remark, C.login, C.operator, C.placer, C.attending
    );
    let event = format!("<EVT><EVT.description V=\"{}\"/><EVT.severity V=\"N\"/></EVT>", C.remark);
    let refused = format!("<ACK><ACK.type_cd V=\"AE\"/><ACK.note_txt V=\"unknown patient {}\"/></ACK>", C.record);
    let operators = format!("<OPR><OPR.operator_id V=\"{}\"/><OPR.name V=\"{}\"/></OPR>", C.login, C.operator);
    let secret = format!("<OPR><OPR.operator_id V=\"{}\"/><OPR.password V=\"{}\"/></OPR>", C.login, C.access);
    let talk = Talk::stream((METER, 0), (SERVER, 3500))
        .say(document("HEL.R01", &device))
        .answer(document("ACK.R01", "<ACK><ACK.type_cd V=\"AA\"/></ACK>"))
        .say(document("OBS.R01", &seen))
        .answer(document("ACK.R01", &refused))
        .say(document("EVS.R01", &event))
        .answer(document("OPL.R01", &operators))
        .answer(document("OPL.R01", &secret))
        .answer(document("PTL.R01", &format!("{person}</PT>")))
        .answer(document("DTV.CGE.NOTE", &format!("<X V=\"{}\"/>", C.remark)));
    let bare = Talk::stream((METER, 0), (SERVER, 3500)).say(document("OBS.R01", &seen)).say(document("KPA.R01", ""));
    vec![talk, bare]
}

/// The header of a message of a gateway; `profile` is the transaction of IHE.
fn head(kind: &str, profile: &str) -> String {
    format!(
        "MSH|^~\\&|CAGEGATE^001A01FFFE0C0011^EUI-64|WARD|ALARM|HOSP|20240514081500|{}|{kind}|19|P|2.6|||AL|NE||UNICODE UTF-8|||\
         {profile}",
        C.access
    )
}

fn patient() -> [String; 3] {
    [
        format!(
            "PID|1||{}^^^HOSP^MR||{}^{}^{}^^^^L||{}|F|||{}^^{}||{}||||{}",
            C.record, C.family, C.given, C.middle, C.born, C.street, C.town, C.phone, C.account
        ),
        format!("PV1||I|ICU^2^23|||||{}^Dr||||||||||IP|{}", C.attending, C.visit),
        format!("NTE|1||{}", C.remark),
    ]
}

/// What a gateway observes: PCD-01, in MLLP and over HTTP, and an alert, PCD-04 (IHE DEV TF-2 §3.1, §3.4).
fn observations() -> Vec<Talk> {
    let seen = [
        format!("OBR|1|{}|{}|182777000^monitoring of patient^SCT|||||||||||{}^Dr", C.placer, C.filler, C.referring),
        format!(
            "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||{}^{}||{EUI}",
            C.login, C.operator
        ),
        format!("OBX|2|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.1|Vista 500||||||R|||||||{EUI}"),
        format!("OBX|3|ST|68063^MDC_ATTR_PT_ID_INT^MDC|1.0.0.2|{}||||||R|||||||{EUI}", C.record),
        format!("OBX|4|TX|68060^MDC_ATTR_PT_BED^MDC|1.0.0.3|{}~{}||||||R|||||||{EUI}", C.result, C.diagnosis),
        format!("PRT|1|AD||SB^Supervisor|{}^{}|||WARD3|||||{}^^{}|{}", C.login, C.operator, C.street, C.town, C.phone),
    ];
    let alert = [
        format!(
            "OBR|1|{}^CAGEGATE|{}^CAGEGATE|196616^MDC_EVT_ALARM^MDC||||||||||||||||{}",
            C.placer, C.filler, C.phone
        ),
        format!("OBX|1|ST|196670^MDC_EVT_LO^MDC|1.1.1.1.1|{}||||||R|||||{}||{EUI}", C.remark, C.login),
        format!("OBX|2|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.1.1.1.2|start||||||R|||||{}^{}", C.login, C.operator),
    ];
    let first =
        [vec![head("ORU^R01^ORU_R01", "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO")], patient().to_vec()];
    let second =
        [vec![head("ORU^R40^ORU_R40", "IHE_PCD_ACM_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO")], patient().to_vec()];
    let first = [first.concat(), seen.to_vec()].concat();
    let second = [second.concat(), alert.to_vec()].concat();
    let refused = [
        "MSH|^~\\&|ALARM|HOSP|CAGEGATE|WARD|20240514081501||ACK^R40^ACK|A19|P|2.6".to_owned(),
        format!("MSA|AE|19|unknown patient {}", C.family),
        format!("ERR||PID^1^3|204^Unknown key^HL70357|E||||{}", C.remark),
    ];
    let over_http = first.iter().map(|segment| segment.clone() + "\r").collect::<String>();
    let kind = "Content-Type: application/hl7-v2; charset=UTF-8";
    let post = request(&format!("POST /hl7/{}", C.login), &[HOST, kind], over_http);
    let told = refused.iter().map(|segment| segment.clone() + "\r").collect::<String>();
    let opened = || Talk::stream((GATEWAY, 0), (SERVER, 6661));
    vec![
        opened().say(hl7::block(&first)).answer(hl7::acknowledge("ALARM", "CAGEGATE", "19")),
        opened().say(hl7::block(&second)).answer(hl7::block(&refused)),
        web().say(post).answer(response("200 OK", &[kind], told)),
    ]
}

fn web() -> Talk {
    Talk::stream((GATEWAY, 0), (SERVER, 80))
}

/// Resources of FHIR that tie devices to patients.
fn resources() -> Vec<Talk> {
    let kind = "Content-Type: application/fhir+json";
    let token = format!("Authorization: Bearer {}", C.bearer);
    let whom = format!("{{\"reference\":\"Patient/{}\",\"display\":\"{}, {}\"}}", C.record, C.family, C.given);
    let device = format!(
        "{{\"resourceType\":\"Device\",\"manufacturer\":\"Cage Makers\",\"serialNumber\":\"CAGE-SN-9\",\"deviceName\":[{{\"name\":\
         \"Pump of {0}\",\"type\":\"user-friendly-name\"}},{{\"name\":\"{0}\",\"type\":\"patient-reported-name\"}}],\"patient\":{whom},\
         \"owner\":{{\"display\":\"{1}\"}},\"location\":{{\"display\":\"{2}\"}},\"note\":[{{\"text\":\"{3}\",\"authorString\":\"{4}\"}}]}}",
        C.family, C.employer, C.street, C.remark, C.operator
    );
    let metric = format!(
        "{{\"resourceType\":\"DeviceMetric\",\"identifier\":[{{\"value\":\"{}\"}}],\"source\":{{\"display\":\"{}\"}},\"subject\":{whom},\
         \"contained\":[{device}]}}",
        C.record, C.remark
    );
    let others = ["DeviceRequest", "DeviceUseStatement", "Flag", "Communication"].map(|name| {
        format!(
            "{{\"resource\":{{\"resourceType\":\"{name}\",\"subject\":{whom},\"requester\":{{\"display\":\"{}\"}},\"reasonCode\":[{{\
             \"text\":\"{}\"}}],\"payload\":[{{\"contentString\":\"{}\"}}]}}}}",
            C.attending, C.diagnosis, C.remark
        )
    });
    let bundle = format!("{{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{}]}}", others.join(","));
    let find = format!("GET /fhir/DeviceMetric?source.patient={}&patient:Patient.family={}", C.record, C.search);
    vec![
        web().say(request(&find, &[HOST, &token], [])).answer(response("200 OK", &[kind], &metric)),
        web().say(request("PUT /fhir/Device/9", &[HOST, kind, &token], &device)).answer(response(
            "200 OK",
            &[kind],
            &device,
        )),
        web().say(request("POST /fhir", &[HOST, kind, &token], bundle)).answer(response("200 OK", &[kind], metric)),
    ]
}

/// An alarm goes to a pager by WCTP, and is answered (WCTP 1.3 §4).
fn page() -> Talk {
    let kind = "Content-Type: text/xml";
    let begin = "<?xml version=\"1.0\"?><!DOCTYPE wctp-Operation SYSTEM \"http://dtd.wctp.org/wctp-dtd-v1r3.dtd\">";
    let asked = format!(
        "{begin}<wctp-Operation wctpVersion=\"WCTP-DTD-V1R3\" wctpToken=\"{}\"><wctp-SubmitRequest><wctp-SubmitHeader \
         submitTimestamp=\"2024-05-14T08:15:00\"><wctp-Originator senderID=\"{}\" securityCode=\"{}\" miscInfo=\"{}\"/>\
         <wctp-MessageControl messageID=\"1\"/><wctp-Recipient recipientID=\"{}\"/></wctp-SubmitHeader><wctp-Payload>\
         <wctp-Alphanumeric>ICU BED 7 {} {}</wctp-Alphanumeric></wctp-Payload></wctp-SubmitRequest></wctp-Operation>",
        C.key, C.mail, C.access, C.operator, C.phone, C.family, C.remark
    );
    let told = format!(
        "{begin}<wctp-Operation wctpVersion=\"WCTP-DTD-V1R3\"><wctp-Confirmation><wctp-Failure errorCode=\"401\" errorText=\"{}\">{}\
         </wctp-Failure></wctp-Confirmation></wctp-Operation>",
        C.phone, C.remark
    );
    web().say(request("POST /wctp", &[HOST, kind], asked)).answer(response("200 OK", &[kind], told))
}

/// A nurse call system tells the station who calls.
fn nurse() -> Talk {
    let kind = "Content-Type: application/json";
    let call = format!(
        "{{\"bed\":\"ICU 7\",\"patient\":{{\"name\":\"{} {}\",\"mrn\":\"{}\"}},\"staff\":\"{}\",\"text\":\"{}\"}}",
        C.given, C.family, C.record, C.operator, C.remark
    );
    let line = format!("POST /nursecall/events?station=3&user={}", C.login);
    web().say(request(&line, &[HOST, kind], call)).answer(response(
        "200 OK",
        &[kind],
        format!("{{\"nurse\":\"{}\"}}", C.kin),
    ))
}

/// The same by SIP: a bed calls under the name of who lies in it.
fn station() -> Talk {
    let text = format!("{} {}", C.family, C.diagnosis);
    let head = format!(
        "Via: SIP/2.0/UDP 10.20.0.147:5060;branch=z9hG4bK7\r\nFrom: \"Bed 7 {}, {}\" <sip:bed7@ward.example>;tag=7\r\n\
         To: \"{}\" <sip:{}@ward.example>\r\nCall-ID: 7@10.20.0.147\r\nCSeq: 7 MESSAGE\r\n",
        C.family, C.given, C.operator, C.login
    );
    Talk::datagrams((GATEWAY, 0), (SERVER, 5060))
        .say(format!(
            "MESSAGE sip:{}@ward.example SIP/2.0\r\n{head}Subject: {}\r\nAlert-Info: <urn:cage:{}>\r\nContent-Length: {}\r\n\r\n{text}",
            C.login,
            C.remark,
            C.visit,
            text.len()
        ))
        .answer(format!("SIP/2.0 200 OK\r\n{head}Content-Length: 0\r\n\r\n"))
}
