//! DICOMweb, FHIR and SDC.

use super::{VENTILATOR, escaped, opened, server};
use crate::bytes::Bytes;
use crate::canary::words::{CANARIES as C, SDC_CAGE, STATION_CAGE};
use crate::medical::dicom::{CT_IMAGE, EXPLICIT, Set, file};
use crate::medical::sdc::{Contexts, Provider, envelope};
use crate::network::group;
use crate::office::http::{chunked, multipart, request, response};
use crate::packed::{deflate, gzip};
use crate::talk::Talk;

const HOST: &str = "Host: cage.ward.example";
const FHIR: &str = "Content-Type: application/fhir+json; charset=utf-8";
const DICOM: &str = "Content-Type: application/dicom+json";

pub(super) fn talks() -> Vec<Talk> {
    [dicomweb(), fhir(), sdc()].concat()
}

fn dicomweb() -> Vec<Talk> {
    let named = server();
    let query = format!(
        "GET /dicom-web/studies?PatientName={}*&00100020={}&AccessionNumber={}&PatientBirthDate={}",
        C.search,
        C.record,
        C.accession,
        C.born.get(..8).unwrap_or_default()
    );
    let answer = response("200 OK", &[&named, DICOM], study());
    let part = "Content-Type: application/dicom";
    let stored =
        multipart("cage", &[(part, &instance()), ("Content-Type: application/dicom+json", study().as_bytes())]);
    let related = "Content-Type: multipart/related; type=\"application/dicom\"; boundary=cage";
    vec![
        opened().say(request(&query, &[HOST, "Accept: application/dicom+json"], [])).answer(answer),
        opened().say(request("POST /dicom-web/studies", &[HOST, related], &stored)).answer(response(
            "200 OK",
            &[&named, DICOM],
            study(),
        )),
        opened()
            .say(request("GET /dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5", &[HOST], []))
            .answer(chunked("200 OK", &[&named, related], &stored.0, 37)),
        opened().say(request("POST /dicom-web/workitems", &[HOST, DICOM], format!("[{}]", study()))).answer(response(
            "201 Created",
            &[&named],
            [],
        )),
    ]
}

fn instance() -> Vec<u8> {
    let set = Set::new(EXPLICIT)
        .put(0x0008_0050, "SH", C.accession)
        .put(0x0008_0060, "CS", "CT")
        .put(0x0008_0070, "LO", "Cage Makers")
        .put(0x0008_0090, "PN", C.referring)
        .put(0x0008_1010, "SH", STATION_CAGE)
        .put(0x0008_1070, "PN", C.operator)
        .put(0x0010_0010, "PN", format!("{}^{}", C.family, C.given))
        .put(0x0010_0020, "LO", C.record)
        .put(0x0010_4000, "LT", C.remark);
    file(CT_IMAGE, "1.2.5", set)
}

fn study() -> String {
    let element = |tag: &str, vr: &str, value: &str| format!("\"{tag}\":{{\"vr\":\"{vr}\",\"Value\":[{value}]}}");
    let text = |tag: &str, vr: &str, value: &str| element(tag, vr, &format!("\"{value}\""));
    let name = |tag: &str, value: &str| {
        element(tag, "PN", &format!("{{\"Alphabetic\":\"{value}\",\"Ideographic\":\"{}\"}}", C.kanji))
    };
    let all = [
        text("00080050", "SH", C.accession),
        text("00080060", "CS", "CT"),
        text("00080070", "LO", "Cage Makers"),
        name("00080090", C.referring),
        text("00081010", "SH", STATION_CAGE),
        name("00081070", C.operator),
        name("00100010", &format!("{}^{}", C.family, C.given)),
        text("00100020", "LO", C.record),
        text("00100030", "DA", C.born.get(..8).unwrap_or_default()),
        text("00101040", "LO", C.street),
        text("00200010", "SH", C.study),
        text("00204000", "LT", C.remark),
    ];
    format!("[{{{}}}]", all.join(","))
}

fn fhir() -> Vec<Talk> {
    let named = server();
    let token = format!("Authorization: Bearer {}", C.bearer);
    let search = format!("GET /fhir/Patient?family={}&identifier=urn:x|{}&birthdate={}", C.search, C.record, C.born_on);
    let bundle = format!(
        "{{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":[{{\"resource\":{}}},{{\"resource\":{}}},{{\"resource\":{}}}]}}",
        patient(),
        device(),
        observation()
    );
    let xml = format!(
        "<?xml version=\"1.0\"?><Patient xmlns=\"http://hl7.org/fhir\"><id value=\"{}\"/><name><family value=\"{}\"/>\
         </name></Patient>",
        C.record, C.family
    );
    let post = |path: &str, body: String| request(&format!("POST /fhir/{path}"), &[HOST, FHIR, &token], body);
    let done = || {
        response("201 Created", &[&named, FHIR, &format!("Location: /fhir/Patient/{}/_history/1", C.record)], patient())
    };
    vec![
        opened().say(request(&search, &[HOST, &token], [])).answer(response("200 OK", &[&named, FHIR], &bundle)),
        opened().say(request(&format!("GET /fhir/Patient/{}/$everything", C.record), &[HOST], [])).answer(chunked(
            "200 OK",
            &[&named, FHIR],
            bundle.as_bytes(),
            61,
        )),
        opened().say(request(&search, &[HOST, "Accept-Encoding: gzip"], [])).answer(response(
            "200 OK",
            &[&named, FHIR, "Content-Encoding: gzip"],
            gzip(bundle.as_bytes()),
        )),
        opened().say(request(&search, &[HOST, "Accept-Encoding: deflate"], [])).answer(chunked(
            "200 OK",
            &[&named, FHIR, "Content-Encoding: deflate"],
            &deflate(patient().as_bytes()),
            50,
        )),
        opened().say(post("Observation", observation())).answer(done()),
        opened().say(post("Device", device())).answer(done()),
        opened().say(post("AuditEvent", audit())).answer(done()),
        opened().say(request("PUT /fhir/Patient/1", &[HOST, "Content-Type: application/fhir+xml"], xml)).answer(
            response(
                "400 Bad Request",
                &[&named, FHIR],
                format!("{{\"resourceType\":\"OperationOutcome\",\"issue\":[{{\"diagnostics\":\"{}\"}}]}}", C.remark),
            ),
        ),
        opened()
            .say(request(
                "POST /fhir/Patient/_search",
                &[HOST, "Content-Type: application/x-www-form-urlencoded"],
                format!("name={}", escaped(C.umlauts)),
            ))
            .answer(response("200 OK", &[&named, FHIR], bundle.replace(':', ": "))),
    ]
}

fn audit() -> String {
    format!(
        "{{\"resourceType\":\"AuditEvent\",\"agent\":[{{\"altId\":\"{}\",\"name\":\"{}\"}}],\"entity\":[{{\"what\":\
         {{\"reference\":\"Patient/{}\"}},\"query\":\"{}\"}}]}}",
        C.login, C.operator, C.record, C.search
    )
}

fn patient() -> String {
    format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"{0}\",\"identifier\":[{{\"value\":\"{0}\"}},{{\"value\":\"{1}\"}}],\"name\":[{{\
         \"text\":\"{2} {3}\",\"family\":\"{2}\",\"given\":[\"{3}\"]}},{{\"text\":\"{4}\"}}],\"telecom\":[{{\"value\":\"{5}\"}},\
         {{\"value\":\"{6}\"}}],\"birthDate\":\"{7}\",\"address\":[{{\"line\":[\"{8}\"],\"city\":\"{9}\"}}],\"contact\":[{{\
         \"name\":{{\"text\":\"{10}\"}}}}]}}",
        C.record, C.social, C.family, C.given, C.umlauts, C.phone, C.mail, C.born_on, C.street, C.town, C.kin
    )
}

fn device() -> String {
    format!(
        "{{\"resourceType\":\"Device\",\"manufacturer\":\"Cage Makers\",\"modelNumber\":\"Cage Pump 2\",\"serialNumber\":\
         \"CAGE-SN-2\",\"patient\":{{\"reference\":\"Patient/{}\",\"display\":\"{}\"}},\"note\":[{{\"text\":\"{}\"}}],\
         \"contact\":[{{\"value\":\"{}\"}}],\"text\":{{\"div\":\"<div>{}</div>\"}}}}",
        C.record, C.family, C.remark, C.phone, C.remark
    )
}

fn observation() -> String {
    format!(
        "{{\"resourceType\":\"Observation\",\"subject\":{{\"reference\":\"Patient/{}\",\"display\":\"{}\"}},\"performer\":[{{\
         \"display\":\"{}\"}}],\"encounter\":{{\"reference\":\"Encounter/{}\"}},\"basedOn\":[{{\"identifier\":{{\"value\":\
         \"{}\"}}}}],\"valueString\":\"{}\",\"note\":[{{\"text\":\"{}\"}}],\"device\":{{\"display\":\"Cage Pump 2\"}}}}",
        C.record, C.family, C.operator, C.visit, C.placer, C.result, C.remark
    )
}

fn sdc() -> Vec<Talk> {
    let address = "http://10.20.0.138:6464/cage";
    let scopes = format!(
        "sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.pat:/urn%3Acage/{} sdc.ctxt.opr:/urn%3Acage/{} \
         sdc.ctxt.wfl:/urn%3Acage/{} sdc.ctxt.enc:/urn%3Acage/{}?name={}",
        C.record, C.login, C.placer, C.visit, C.family
    );
    let provider = Provider {
        uuid: "3b1f0a2c-5d44-4d0e-9a77-0030e60c0008",
        address,
        scopes: &scopes,
        maker: "Cage Makers",
        model: SDC_CAGE,
        number: "CV8",
        friendly: "Cage ventilator",
        firmware: "8.1",
        serial: "CAGE-SN-3",
        code: "70001",
    };
    let (patient, more) = (person(), others());
    let contexts = Contexts { patient: &patient, more: &more };
    let security = format!(
        "<wsse:Security xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <wsse:UsernameToken><wsse:Username>{}</wsse:Username><wsse:Password>{}</wsse:Password></wsse:UsernameToken></wsse:Security>",
        C.login, C.password
    );
    let set = envelope(
        "http://standards.ieee.org/downloads/11073/11073-20701-2018/ContextService/SetContextState",
        &security,
        &format!(
            "<msg:SetContextState><msg:OperationHandleRef>op</msg:OperationHandleRef>{}</msg:SetContextState>",
            patient.replace("pm:State ", "msg:ProposedContextState ")
        ),
    );
    let soap = "Content-Type: application/soap+xml; charset=utf-8";
    let stream = || Talk::stream((super::CLIENT, 0), (VENTILATOR, 6464));
    vec![
        Talk::datagrams((VENTILATOR, 0), (group([239, 255, 255, 250]), 3702)).say(provider.hello()),
        stream()
            .say(provider.ask())
            .answer(provider.metadata())
            .say(provider.ask_mdib(&security))
            .answer(provider.mdib(contexts)),
        stream().say(request("POST /cage", &[HOST, soap], &set)).answer(response("200 OK", &[], [])),
        Talk::stream((VENTILATOR, 0), (super::CLIENT, 6465)).say(provider.report(contexts)).answer(response(
            "202 Accepted",
            &[],
            [],
        )),
        stream()
            .say(request("POST /cage", &[HOST, "Content-Type: application/soap+xml; charset=utf-16"], wide(&set)))
            .answer(response("200 OK", &[], [])),
    ]
}

/// The same document in UTF-16 with a byte order mark.
fn wide(document: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(&document.0).replace("UTF-8", "UTF-16");
    Bytes::default().raw([0xff, 0xfe]).raw(crate::bytes::utf16(&text))
}

fn person() -> String {
    format!(
        "<pm:State xsi:type=\"pm:PatientContextState\" DescriptorHandle=\"pc\" Handle=\"p1\" ContextAssociation=\"Assoc\">\
         <pm:Validator Root=\"urn:cage\" Extension=\"{}\"/><pm:Identification Root=\"urn:cage\" Extension=\"{}\">\
         <pm:IdentifierName>{}</pm:IdentifierName></pm:Identification><pm:CoreData><pm:Givenname>{}</pm:Givenname>\
         <pm:Middlename>{}</pm:Middlename><pm:Familyname>{}</pm:Familyname><pm:Birthname>{}</pm:Birthname>\
         <pm:DateOfBirth>{}</pm:DateOfBirth></pm:CoreData></pm:State>",
        C.login, C.record, C.remark, C.given, C.middle, C.family, C.maiden, C.born_on
    )
}

fn others() -> String {
    let state = |kind: &str, inner: &str| {
        format!(
            "<pm:State xsi:type=\"pm:{kind}ContextState\" DescriptorHandle=\"c\" Handle=\"{kind}\">{inner}</pm:State>"
        )
    };
    let identified = |value: &str| format!("<pm:Identification Root=\"urn:cage\" Extension=\"{value}\"/>");
    let order = format!(
        "<pm:WorkflowDetail><pm:Patient><pm:Name><pm:Familyname>{}</pm:Familyname></pm:Name></pm:Patient><pm:VisitNumber \
         Extension=\"{}\"/><pm:DangerCode Code=\"{}\"/><pm:OrderDetail><pm:Performer><pm:Name><pm:Familyname>{}</pm:Familyname>\
         </pm:Name></pm:Performer></pm:OrderDetail></pm:WorkflowDetail>",
        C.family, C.visit, C.allergy, C.operator
    );
    state("Operator", &identified(C.login))
        + &state("Workflow", &order)
        + &state("Ensemble", &identified(C.placer))
        + &state("Means", &identified(C.study))
}
