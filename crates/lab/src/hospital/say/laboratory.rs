//! What analysers say: ASTM E1394 records in E1381 frames, and POCT1-A conversations of meters.
//!
//! Sources: LIS02-A2 §6-12, LIS01-A2 §8, POCT1-A2 §4.2 (device messaging layer).

use crate::bytes::Bytes;
use crate::hospital::stage::Stage;
use crate::hospital::talk::Talk;
use crate::medical::astm;

/// Results go to the laboratory's system, through a serial server where the analyser knows no network.
pub(super) fn results(stage: &Stage<'_>) -> Option<Talk> {
    let sends = stage.model.says.astm.as_ref()?;
    let server = stage.role("laboratory").filter(|server| *server != stage.index)?;
    let (patient, stamp) = (stage.patient()?, stage.now().stamp());
    let operator = stage.clinician(2);
    let mut records = vec![
        format!("H|\\^&|||{}|||||LIS1||P|E1394-97|{stamp}", stage.fill(&sends.sender)),
        format!(
            "P|1||{}||{}^{}||{}|{}|||||{}",
            patient.mrn,
            patient.family,
            patient.given,
            patient.birth,
            patient.sex,
            stage.clinician(1)
        ),
        format!("O|1|{}||^^^ALL|R||||||N", patient.accession),
    ];
    for (n, test) in (1..).zip(&sends.tests) {
        let mut parts = test.split('|');
        let (name, value, unit) = (parts.next()?, parts.next()?, parts.next()?);
        let n: u32 = n;
        records.push(format!("R|{n}|^^^{name}|{value}|{unit}||N||F||{operator}||{stamp}|{}", stage.device.serial));
    }
    records.push("L|1|N".to_owned());
    let talk = stage.stream(stage.to(server, 5_000)?, 0, "astm").say([0x05]).answer([0x06]);
    let numbered = records.iter().zip((1..=7u8).chain(0..=0).cycle());
    let sent = numbered.fold(talk, |talk, (record, number)| talk.say(astm::frame(number, record)).answer([0x06]));
    Some(sent.say([0x04]))
}

/// A meter is put into its dock: hello, status, observations, end.
pub(super) fn meter(stage: &Stage<'_>) -> Option<Talk> {
    let server = stage.role("laboratory").filter(|server| *server != stage.index)?;
    let (patient, now) = (stage.patient()?, stage.now());
    let stamp = format!("{}T{:02}:{:02}:{:02}+00:00", now.iso(), now.hour, now.minute, now.second);
    let [a, b, c, d, e, f] = stage.device.first_mac;
    let id = format!("{a:02X}{b:02X}{c:02X}-FFFE-{d:02X}{e:02X}{f:02X}");
    let message = |kind: &str, number: u8, body: &str| {
        Bytes::default().raw(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><{kind}><HDR><HDR.control_id V=\"{number}\"/>\
             <HDR.version_id V=\"POCT1\"/><HDR.creation_dttm V=\"{stamp}\"/></HDR>{body}</{kind}>"
        ))
    };
    let device = format!(
        "<DEV><DEV.device_id V=\"{id}\"/><DEV.vendor_id V=\"{}\"/><DEV.model_id V=\"{}\"/><DEV.serial_id V=\"{}\"/>\
         <DEV.manufacturer_name V=\"{}\"/><DEV.sw_version V=\"{}\"/><DEV.device_name V=\"{}\"/>\
         <DCP><DCP.application_timeout V=\"120\"/></DCP></DEV>",
        stage.model.maker,
        stage.model.name,
        stage.device.serial,
        stage.model.maker,
        stage.device.firmware,
        stage.device.host
    );
    let status = format!("<DST><DST.status_dttm V=\"{stamp}\"/><DST.new_observations_qty V=\"1\"/></DST>");
    let value = 80 + stage.chance.of(4).below(90);
    let observation = |test: &String| {
        let (code, unit) = test.split_once('|')?;
        Some(format!("<OBS><OBS.observation_id V=\"{code}\" SN=\"LN\"/><OBS.value V=\"{value}\" U=\"{unit}\"/></OBS>"))
    };
    let observations: String = stage.model.says.poct.iter().filter_map(observation).collect();
    let observed = format!(
        "<SVC><SVC.role_cd V=\"OBS\"/><SVC.observation_dttm V=\"{stamp}\"/><PT><PT.patient_id V=\"{}\"/>\
         <PT.name V=\"{}, {}\"/>{observations}</PT><OPR><OPR.operator_id V=\"{}\"/></OPR></SVC>",
        patient.mrn,
        patient.family,
        patient.given,
        stage.clinician(2)
    );
    let accept = |number: u8, of: u8| {
        message("ACK.R01", number, &format!("<ACK><ACK.type_cd V=\"AA\"/><ACK.ack_control_id V=\"{of}\"/></ACK>"))
    };
    let talk =
        stage.stream(stage.to(server, 3_500)?, 0, "poct").say(message("HEL.R01", 1, &device)).answer(accept(101, 1));
    let talk = talk.say(message("DST.R01", 2, &status)).answer(accept(102, 2));
    let talk = talk.answer(message("REQ.R01", 103, "<REQ><REQ.request_cd V=\"ROBS\"/></REQ>"));
    let talk = talk.say(message("OBS.R01", 3, &observed)).answer(accept(104, 3));
    Some(talk.say(message("END.R01", 4, "<TRM><TRM.reason_cd V=\"NRM\"/></TRM>")))
}
