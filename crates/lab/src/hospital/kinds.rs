//! The kinds of devices, how many of a thousand they are, and what each says of itself.

use wardlight_model::Field::{
    self, AeTitle, DhcpHostname, DhcpParameters, DhcpVendorClass, DicomRole, DnsQuery, Firmware, FriendlyName,
    Hl7Application, Hl7Facility, Hl7Message, Hl7Version, HttpServer, HttpTitle, ImplementationVersion, InitialTtl, Ja4,
    LldpCapability, LldpDescription, LldpName, Manufacturer, MdnsName, MdnsText, Modality, Model, NetbiosName,
    NtlmVersion, Serial, ServiceOffered, SmbDialect, SnmpDescription, SnmpName, SnmpObjectId, SnmpVersion, StationName,
    TlsServerName, TlsVersion, UserAgent,
};

/// What is said, by which protocol, in which words; see `Device::text` for their marks.
type Said = (Field, &'static str, &'static str);

/// One kind.
pub(super) struct Kind {
    /// Of a thousand devices.
    pub share: u64,
    /// The first bytes of its hardware addresses.
    pub prefix: [u8; 3],
    pub says: &'static [&'static [Said]],
    pub is_windows: bool,
    /// Columns of `talk::TALK` that it does.
    pub talks: &'static [usize],
}

const fn kind(share: u64, prefix: [u8; 3], says: &'static [&'static [Said]], talks: &'static [usize]) -> Kind {
    Kind { share, prefix, says, is_windows: false, talks }
}

const fn windows(share: u64, prefix: [u8; 3], says: &'static [&'static [Said]], talks: &'static [usize]) -> Kind {
    Kind { is_windows: true, ..kind(share, prefix, says, talks) }
}

const PLAIN: &[usize] = &[0, 4];
const OFFICE: &[usize] = &[0, 0, 1, 1, 1, 1, 6, 4, 7];
const BEDSIDE: &[usize] = &[0, 2, 2, 4];
const IMAGING: &[usize] = &[0, 3, 3, 1, 4];
const SERVICE: &[usize] = &[0, 1, 5, 4];

pub(super) const KINDS: [Kind; 20] = [
    kind(150, [0x00, 0x03, 0xb1], &[NET, PUMP, HL7], BEDSIDE),
    kind(110, [0x00, 0x09, 0xfb], &[NET, MONITOR, HL7], BEDSIDE),
    kind(25, [0x00, 0x30, 0xe6], &[NET, VENTILATOR, HL7], BEDSIDE),
    kind(6, [0x00, 0x06, 0x6b], &[NET, ANALYSER, HL7], BEDSIDE),
    windows(4, [0xa0, 0xf2, 0x17], &[NET, SCANNER, DICOM, WINDOWS], IMAGING),
    windows(12, [0x9c, 0x7b, 0xef], &[NET, ULTRASOUND, DICOM, WINDOWS], IMAGING),
    kind(3, [0x00, 0x25, 0x90], &[NET, ARCHIVE, DICOM, SERVER], SERVICE),
    windows(260, [0x98, 0xe7, 0x43], &[NET, WINDOWS, WEB, PC], OFFICE),
    windows(90, [0xf4, 0x39, 0x09], &[NET, WINDOWS, WEB, LAPTOP], OFFICE),
    kind(110, [0xda, 0xa1, 0x19], &[NET, WEB, PHONE], OFFICE),
    kind(30, [0x3c, 0x2a, 0xf4], &[NET, PRINTER, SNMP], SERVICE),
    kind(25, [0x00, 0x40, 0x8c], &[NET, CAMERA], SERVICE),
    kind(12, [0x08, 0x4f, 0xa9], &[NET, SWITCH, SNMP], SERVICE),
    kind(40, [0x00, 0x0b, 0x86], &[NET, POINT, SNMP], SERVICE),
    kind(45, [0x00, 0x04, 0xf2], &[NET, DESKPHONE], PLAIN),
    kind(20, [0x00, 0x0c, 0x29], &[NET, SERVER, WEB], SERVICE),
    windows(12, [0x00, 0x50, 0x56], &[NET, WINDOWS, SERVER], SERVICE),
    kind(16, [0x00, 0x60, 0x2d], &[NET, BUILDING], PLAIN),
    kind(20, [0x00, 0x06, 0x8e], &[NET, DOOR], PLAIN),
    kind(10, [0x24, 0x0a, 0xc4], &[NET, GADGET], PLAIN),
];

const NET: &[Said] = &[
    (DhcpParameters, "dhcp", "1,3,6,15,28,42,%"),
    (InitialTtl, "ip", "64"),
    (DnsQuery, "dns", "time%.ward.example"),
    (DnsQuery, "dns", "srv%%.ward.example"),
];
const PUMP: &[Said] = &[
    (DhcpHostname, "dhcp", "pump-@"),
    (Manufacturer, "hl7", "B. Braun"),
    (Model, "hl7", "Specimen Space %"),
    (Serial, "hl7", "SP######"),
    (Firmware, "hl7", "%.%.1"),
];
const MONITOR: &[Said] = &[
    (DhcpHostname, "dhcp", "mon-@"),
    (DhcpVendorClass, "dhcp", "Specimen MX%00"),
    (Model, "hl7", "Specimen MX%00"),
    (Serial, "hl7", "DE########"),
    (Firmware, "hl7", "M.0%.%2"),
    (TlsVersion, "tls", "1.2"),
];
const VENTILATOR: &[Said] = &[
    (DhcpHostname, "dhcp", "vent-@"),
    (Model, "sdc", "Specimen V%00"),
    (Serial, "sdc", "AS#######"),
    (Firmware, "sdc", "2.%.%"),
];
const ANALYSER: &[Said] =
    &[(DhcpHostname, "dhcp", "lab-@"), (Model, "astm", "Specimen Counter %"), (Serial, "astm", "XS-####")];
const HL7: &[Said] = &[
    (Hl7Application, "hl7", "GATEWAY%"),
    (Hl7Facility, "hl7", "WARD%"),
    (Hl7Message, "hl7", "ORU^R01"),
    (Hl7Version, "hl7", "2.6"),
];
const SCANNER: &[Said] = &[
    (DhcpHostname, "dhcp", "ct-@"),
    (Manufacturer, "dicom", "SIEMENS"),
    (Model, "dicom", "Specimen Force %"),
    (Serial, "dicom", "#####"),
    (Modality, "dicom", "CT"),
];
const ULTRASOUND: &[Said] = &[
    (DhcpHostname, "dhcp", "us-@"),
    (Manufacturer, "dicom", "Philips Medical Systems"),
    (Model, "dicom", "Specimen EPIQ %"),
    (Serial, "dicom", "US#######"),
    (Modality, "dicom", "US"),
];
const ARCHIVE: &[Said] = &[(DhcpHostname, "dhcp", "pacs@"), (DicomRole, "dicom", "storage-scp:CT")];
const DICOM: &[Said] = &[
    (AeTitle, "dicom", "AE@"),
    (StationName, "dicom", "STATION@"),
    (ImplementationVersion, "dicom", "SPECIMEN_%"),
    (DicomRole, "dicom", "storage-scu:OT"),
];
const WINDOWS: &[Said] = &[
    (DhcpVendorClass, "dhcp", "MSFT 5.0"),
    (NetbiosName, "nbns", "WS@"),
    (NtlmVersion, "smb", "10.0.1904%"),
    (SmbDialect, "smb", "3.1.1"),
];
const WEB: &[Said] = &[
    (UserAgent, "http", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Specimen/1%%.0"),
    (Ja4, "tls", "t13d1516h2_8daaf6152771_b0da82dd16%%"),
    (TlsServerName, "tls", "www%.example.com"),
    (TlsServerName, "tls", "mail%.example.com"),
    (TlsVersion, "tls", "1.3"),
];
const PC: &[Said] = &[(DhcpHostname, "dhcp", "PC-@")];
const LAPTOP: &[Said] = &[(DhcpHostname, "dhcp", "LAPTOP-####-@")];
const PHONE: &[Said] = &[(DhcpVendorClass, "dhcp", "android-dhcp-1%"), (MdnsName, "mdns", "Android-@")];
const PRINTER: &[Said] = &[
    (DhcpHostname, "dhcp", "BRN@"),
    (ServiceOffered, "mdns", "_ipp._tcp"),
    (MdnsText, "mdns", "ty=Brother Specimen HL-%000"),
    (HttpTitle, "http", "Brother Specimen HL-%000"),
    (HttpServer, "http", "debut/1.30"),
];
const CAMERA: &[Said] = &[
    (DhcpVendorClass, "dhcp", "AXIS,Network Camera,SPECIMEN-%,9.99.1"),
    (FriendlyName, "upnp", "AXIS Specimen P% - @"),
    (Manufacturer, "upnp", "AXIS"),
    (Model, "upnp", "AXIS Specimen P%"),
    (Serial, "upnp", "00408C######"),
];
const SWITCH: &[Said] = &[
    (LldpName, "lldp", "sw-@.ward.example"),
    (LldpDescription, "lldp", "Cisco IOS Software, Specimen Switch Software, Version 15.2(%)E%"),
    (LldpCapability, "lldp", "bridge"),
];
const POINT: &[Said] = &[
    (LldpName, "lldp", "ap-@"),
    (LldpDescription, "lldp", "ArubaOS (MODEL: %15), Version 8.%"),
    (LldpCapability, "lldp", "wlan-ap"),
];
const SNMP: &[Said] = &[
    (SnmpVersion, "snmp", "2c"),
    (SnmpName, "snmp", "host-@"),
    (SnmpDescription, "snmp", "Specimen system, firmware %.%%"),
    (SnmpObjectId, "snmp", "1.3.6.1.4.1.99999.%"),
];
const DESKPHONE: &[Said] =
    &[(DhcpHostname, "dhcp", "tel-@"), (LldpCapability, "lldp", "phone"), (Firmware, "http", "5.%.%")];
const SERVER: &[Said] =
    &[(HttpServer, "http", "nginx/1.2%.0"), (TlsVersion, "tls", "1.2"), (ServiceOffered, "mdns", "_ssh._tcp")];
const BUILDING: &[Said] = &[(DhcpHostname, "dhcp", "hvac-@"), (Model, "upnp", "Specimen AC-%")];
const DOOR: &[Said] = &[(DhcpHostname, "dhcp", "door-@"), (Firmware, "http", "1.%")];
const GADGET: &[Said] = &[(DhcpHostname, "dhcp", "espressif"), (MdnsName, "mdns", "esp-@")];
