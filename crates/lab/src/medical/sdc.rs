//! Service-oriented device connectivity: SOAP messages of ISO/IEEE 11073-20702 (DPWS) and -10207 (BICEPS), discovered
//! by WS-Discovery 1.1.

use crate::bytes::Bytes;
use crate::office::http;

/// A device that offers itself.
#[derive(Clone, Copy)]
pub(crate) struct Provider<'a> {
    pub(crate) uuid: &'a str,
    /// Where its services are.
    pub(crate) address: &'a str,
    /// Scopes it announces, separated by spaces.
    pub(crate) scopes: &'a str,
    pub(crate) maker: &'a str,
    pub(crate) model: &'a str,
    pub(crate) number: &'a str,
    pub(crate) friendly: &'a str,
    pub(crate) firmware: &'a str,
    pub(crate) serial: &'a str,
    /// What it is: a code of IEEE 11073-10101.
    pub(crate) code: &'a str,
}

/// Contexts as XML of `pm:` and `msg:` namespaces, empty for none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Contexts<'a> {
    pub(crate) patient: &'a str,
    pub(crate) more: &'a str,
}

impl Provider<'_> {
    /// WS-Discovery Hello (§4.1.1), to be sent to a group.
    pub(crate) fn hello(&self) -> Bytes {
        let body = format!(
            "<d:Hello><a:EndpointReference><a:Address>urn:uuid:{}</a:Address></a:EndpointReference>\
             <d:Types>dpws:Device mdpws:MedicalDevice</d:Types><d:Scopes>{}</d:Scopes><d:XAddrs>{}</d:XAddrs>\
             <d:MetadataVersion>1</d:MetadataVersion></d:Hello>",
            self.uuid, self.scopes, self.address
        );
        let head = "<a:To>urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01</a:To><d:AppSequence InstanceId=\"1\" MessageNumber=\"1\"/>";
        envelope("http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Hello", head, &body)
    }

    /// A consumer asks for the metadata (WS-MetadataExchange, DPWS 1.1 §5.1).
    pub(crate) fn ask(&self) -> Bytes {
        let head = format!("<a:To>urn:uuid:{}</a:To>", self.uuid);
        post(self.uuid, envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", &head, ""))
    }

    /// The metadata.
    pub(crate) fn metadata(&self) -> Bytes {
        let section = "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01";
        let body = format!(
            "<mex:Metadata><mex:MetadataSection Dialect=\"{section}/ThisModel\"><dpws:ThisModel>\
             <dpws:Manufacturer>{}</dpws:Manufacturer><dpws:ModelName>{}</dpws:ModelName>\
             <dpws:ModelNumber>{}</dpws:ModelNumber></dpws:ThisModel></mex:MetadataSection>\
             <mex:MetadataSection Dialect=\"{section}/ThisDevice\"><dpws:ThisDevice>\
             <dpws:FriendlyName>{}</dpws:FriendlyName><dpws:FirmwareVersion>{}</dpws:FirmwareVersion>\
             <dpws:SerialNumber>{}</dpws:SerialNumber></dpws:ThisDevice></mex:MetadataSection></mex:Metadata>",
            self.maker, self.model, self.number, self.friendly, self.firmware, self.serial
        );
        said(envelope("http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse", "", &body))
    }

    /// A consumer asks for the medical data information base (10207 §7.2.1).
    pub(crate) fn ask_mdib(&self, security: &str) -> Bytes {
        post(self.uuid, envelope(&format!("{SERVICES}GetService/GetMdib"), security, "<msg:GetMdib/>"))
    }

    /// It: what the device is, where it stands, and who lies there.
    pub(crate) fn mdib(&self, contexts: Contexts<'_>) -> Bytes {
        let body = format!(
            "<msg:GetMdibResponse MdibVersion=\"7\" SequenceId=\"urn:uuid:{0}\"><msg:Mdib MdibVersion=\"7\" \
             SequenceId=\"urn:uuid:{0}\"><pm:MdDescription><pm:Mds Handle=\"mds0\" DescriptorVersion=\"0\">\
             <pm:Type Code=\"{6}\"/><pm:SystemContext Handle=\"sc\"><pm:PatientContext Handle=\"pc\"/>\
             <pm:LocationContext Handle=\"lc\"/></pm:SystemContext><pm:MetaData><pm:Udi>\
             <pm:DeviceIdentifier>04012345678901</pm:DeviceIdentifier>\
             <pm:HumanReadableForm>(01)04012345678901(21){5}</pm:HumanReadableForm>\
             <pm:Issuer Root=\"2.51\"/></pm:Udi><pm:Manufacturer>{1}</pm:Manufacturer><pm:ModelName>{2}</pm:ModelName>\
             <pm:ModelNumber>{3}</pm:ModelNumber><pm:SerialNumber>{5}</pm:SerialNumber></pm:MetaData></pm:Mds>\
             </pm:MdDescription><pm:MdState><pm:State xsi:type=\"pm:MdsState\" DescriptorHandle=\"mds0\" Lang=\"en\"/>\
             {4}</pm:MdState></msg:Mdib></msg:GetMdibResponse>",
            self.uuid,
            self.maker,
            self.model,
            self.number,
            contexts.patient.to_owned() + contexts.more,
            self.serial,
            self.code
        );
        said(envelope(&format!("{SERVICES}GetService/GetMdibResponse"), "", &body))
    }

    /// The device tells a consumer that contexts changed (10207 §7.3.4).
    pub(crate) fn report(&self, contexts: Contexts<'_>) -> Bytes {
        let body = format!(
            "<msg:EpisodicContextReport MdibVersion=\"8\" SequenceId=\"urn:uuid:{}\"><msg:ReportPart>{}{}\
             </msg:ReportPart></msg:EpisodicContextReport>",
            self.uuid,
            contexts.patient.replace("pm:State ", "msg:ContextState "),
            contexts.more.replace("pm:State ", "msg:ContextState ")
        );
        post("sink", envelope(&format!("{SERVICES}ContextService/EpisodicContextReport"), "", &body))
    }
}

const SERVICES: &str = "http://standards.ieee.org/downloads/11073/11073-20701-2018/";

/// A SOAP 1.2 message.
pub(crate) fn envelope(action: &str, head: &str, body: &str) -> Bytes {
    Bytes::default().raw(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
         xmlns:d=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" \
         xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" \
         xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\" \
         xmlns:mex=\"http://schemas.xmlsoap.org/ws/2004/09/mex\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:pm=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/participant\" \
         xmlns:msg=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/message\"><s:Header>\
         <a:Action>{action}</a:Action><a:MessageID>urn:uuid:7d1f6c1e-20a5-4a4c-9b5e-5b3d9f0c1a77</a:MessageID>{head}\
         </s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ))
}

fn post(path: &str, body: Bytes) -> Bytes {
    http::request(&format!("POST /{path}"), &["Host: device.ward.example", MEDIA], body)
}

fn said(body: Bytes) -> Bytes {
    http::response("200 OK", &[MEDIA], body)
}

const MEDIA: &str = "Content-Type: application/soap+xml; charset=utf-8";
