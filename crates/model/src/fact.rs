//! What the wire says about a device: one field, one value, and where that stands.

use crate::cbor::Name;
use crate::{Endpoint, Mac, Origin, Time};

macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What a fact says. Names are `<where it was said>.<what>`; fingerprints match on them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Field { $($(#[doc = $doc])+ $variant,)+ }

        impl Field {
            /// Every field, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in data, logs and pages, such as `dhcp.vendor_class`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The field called `name`.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

fields! {
    // Bindings: value is an address or a key, not a description.
    /// The subject holds this IP address (ARP, ND, DHCP acknowledgement).
    Address = "bind.address",
    /// The subject bears this hardware address. Never a fact: evidence for what the registry says of the address.
    HardwareAddress = "bind.hardware_address",
    /// The subject uses this DHCP client identifier (hexadecimal; RFC 2132 §9.14).
    DhcpClientId = "bind.dhcp_client_id",
    /// The subject uses this DUID (hexadecimal; RFC 8415 §11), followed by `/` and the IAID (8 digits)
    /// when it is known.
    Duid = "bind.duid",
    /// The subject is the device with this EUI-64 (16 hexadecimal digits).
    Eui64 = "bind.eui64",
    /// The subject is the device with this UUID (lower case, no `urn:uuid:`).
    Uuid = "bind.uuid",
    /// SHA-256 of the certificate the subject presents (hexadecimal).
    CertificateHash = "bind.certificate",
    /// The subject forwards for others; the value says how that was seen (`ra`, `na`, `dhcp`,
    /// `dhcp-relay`, `vrrp`, `hsrp`, `ospf`, `pppoe`, `cdp`).
    Router = "bind.router",

    /// Where a relay agent says that the subject is plugged in (RFC 3046 §3.1, §3.2), its remote end and the circuit, or
    /// network equipment that lets it in (RFC 2865 §5), its name and port: as `switch port`, each without blanks.
    AttachedAt = "bind.attached",

    // Names.
    /// Host name the device gives itself in DHCP (option 12, 81; v6 option 39).
    DhcpHostname = "dhcp.hostname",
    /// Name by which DNS answers point to the subject.
    DnsName = "dns.name",
    /// Name the device claims in multicast DNS, without `.local`.
    MdnsName = "mdns.name",
    /// Instance name of an offered DNS-SD service.
    MdnsInstance = "mdns.instance",
    /// Name the device claims in LLMNR.
    LlmnrName = "llmnr.name",
    /// NetBIOS computer name.
    NetbiosName = "netbios.name",
    /// NetBIOS or Active Directory domain or workgroup.
    Domain = "smb.domain",
    /// Computer name in NTLMSSP target information.
    NtlmComputer = "ntlm.computer",
    /// DNS name of the computer in NTLMSSP target information.
    NtlmDnsName = "ntlm.dns_name",

    // Software and systems.
    /// DHCP vendor class (option 60; v6 option 16).
    DhcpVendorClass = "dhcp.vendor_class",
    /// DHCP parameter request list (option 55): decimal codes joined by `,` in order sent.
    DhcpParameters = "dhcp.parameters",
    /// DHCPv6 option request option (6): decimal codes joined by `,` in order sent.
    Dhcpv6Parameters = "dhcpv6.parameters",
    /// HTTP `User-Agent`.
    UserAgent = "http.user_agent",
    /// HTTP `Server`.
    HttpServer = "http.server",
    /// Realm of an HTTP `WWW-Authenticate` challenge.
    HttpRealm = "http.realm",
    /// Title of an HTML page the device serves.
    HttpTitle = "http.title",
    /// Host name the device asks web servers for (`Host`).
    HttpHost = "http.host",
    /// Name the device looks up in DNS.
    DnsQuery = "dns.query",
    /// TLS server name the device asks for (SNI).
    TlsServerName = "tls.server_name",
    /// JA4 fingerprint of the device's TLS client hello.
    Ja4 = "tls.ja4",
    /// Subject of the certificate the device presents.
    CertificateSubject = "tls.certificate_subject",
    /// Issuer of the certificate the device presents.
    CertificateIssuer = "tls.certificate_issuer",
    /// A subject alternative name of the certificate the device presents.
    CertificateName = "tls.certificate_name",
    /// TLS version the device chose or offered at best, such as `1.2`.
    TlsVersion = "tls.version",
    /// SSH identification string (RFC 4253 §4.2), without `SSH-2.0-`.
    SshBanner = "ssh.banner",
    /// HASSH of the device's SSH client key exchange.
    Hassh = "ssh.hassh",
    /// HASSH of the device's SSH server key exchange.
    HasshServer = "ssh.hassh_server",
    /// SMB dialect the device chose or offered at best, such as `3.1.1` or `NT LM 0.12`.
    SmbDialect = "smb.dialect",
    /// Native operating system in an SMB1 session set-up.
    SmbNativeOs = "smb.native_os",
    /// Native LAN manager in an SMB1 session set-up, such as `Samba 3.0.24`.
    SmbNativeLanman = "smb.native_lanman",
    /// Windows version in an NTLMSSP message: `major.minor.build`.
    NtlmVersion = "ntlm.version",
    /// SNMP `sysDescr.0` (RFC 3418).
    SnmpDescription = "snmp.description",
    /// SNMP `sysObjectID.0`, dotted.
    SnmpObjectId = "snmp.object_id",
    /// SNMP `sysName.0`.
    SnmpName = "snmp.name",
    /// SNMP `sysLocation.0`.
    SnmpLocation = "snmp.location",
    /// SNMP version the device speaks: `1`, `2c`, `3`.
    SnmpVersion = "snmp.version",
    /// SNMPv3 authoritative engine id (hexadecimal; RFC 3411 §5).
    SnmpEngineId = "snmp.engine_id",
    /// Hop limit or TTL of the device's own packets, rounded up to 32, 64, 128 or 255.
    InitialTtl = "ip.initial_ttl",

    // Neighbour announcements.
    /// LLDP system name.
    LldpName = "lldp.name",
    /// LLDP or CDP system description or software version.
    LldpDescription = "lldp.description",
    /// LLDP or CDP capability, one each: `bridge`, `router`, `phone`, `station`, `wlan-ap`…
    LldpCapability = "lldp.capability",
    /// Switch and port the announcement names: `<chassis> <port>`.
    LldpPort = "lldp.port",
    /// CDP platform.
    CdpPlatform = "cdp.platform",
    /// CDP device id.
    CdpName = "cdp.name",

    // What a device does for its network.
    /// What the device does below applications, one each: `access-point`, `bridge`, `root-bridge`, `multicast-querier`,
    /// `vrrp-router`, `hsrp-router`, `ospf-router`, `pppoe-server`, `profinet-controller`…
    NetworkRole = "net.role",
    /// An address that several routers answer for in turn (VRRP, HSRP); the subject is one of them.
    VirtualAddress = "net.virtual_address",
    /// Bridge identifier (IEEE 802.1D clause 9.2.5): priority and hardware address, such as `8000.00:1e:7a:00:00:11`.
    BridgeId = "stp.bridge",
    /// Router identifier (RFC 2328 §1.2), dotted.
    RouterId = "ospf.router_id",
    /// Group that the device wants packets of (IGMP).
    MulticastGroup = "igmp.group",
    /// Name of the wireless network that the access point announces or the station joins.
    NetworkName = "wlan.ssid",

    // Bluetooth Low Energy.
    /// Company that the device's announcements name: number given by the Bluetooth SIG, decimal.
    BleCompany = "ble.company",
    /// Service that the device announces: UUID of 16 or 32 bits (hexadecimal), or of 128 (lower case).
    BleService = "ble.service",
    /// Appearance that the device announces, decimal.
    BleAppearance = "ble.appearance",

    // Self-description in any protocol that has such a field.
    /// Maker, as the device states it.
    Manufacturer = "self.manufacturer",
    /// Model name, as the device states it.
    Model = "self.model",
    /// Model number or catalogue code, as the device states it.
    ModelNumber = "self.model_number",
    /// Serial number, as the device states it.
    Serial = "self.serial",
    /// Firmware version, as the device states it.
    Firmware = "self.firmware",
    /// Software version, as the device states it.
    Software = "self.software",
    /// Hardware revision, as the device states it.
    Hardware = "self.hardware",
    /// Tag by which its owner tracks it, as the device states it (LLDP-MED asset id).
    AssetTag = "self.asset_tag",
    /// Friendly name the device gives itself.
    FriendlyName = "self.name",
    /// Device category, as the device states it (UPnP device type, LLDP-MED class, WS-Discovery type).
    DeviceType = "self.type",
    /// UDI device identifier or carrier, as the device states it.
    Udi = "self.udi",
    /// A service the device offers, such as `_ipp._tcp` or a UPnP service type.
    ServiceOffered = "self.service",
    /// A service the device looks for, such as `_googlecast._tcp`.
    ServiceSought = "self.sought",
    /// `key=value` of a DNS-SD TXT record on the device's own service, keys that describe devices only.
    MdnsText = "mdns.text",
    /// SSDP `SERVER` of the device.
    SsdpServer = "ssdp.server",

    // Telephony.
    /// SIP `User-Agent` of the device, without comments: some of them carry the name of its owner.
    SipUserAgent = "sip.user_agent",
    /// SIP `Server` of the device, without comments.
    SipServer = "sip.server",
    /// What the device does in SIP: `registers` at an exchange, or is a `registrar`.
    SipRole = "sip.role",

    // Greetings, logs and services.
    /// Host name that the device states in a greeting, a log message or a log-in, where no other field is for it.
    HostName = "self.host_name",
    /// A program on the device with its version, as it states them, such as `RabbitMQ 3.8.2`.
    Program = "self.program",
    /// What an FTP server greets with: words for products only, `*` for all others.
    FtpBanner = "ftp.banner",
    /// System that an FTP server says it is (SYST).
    FtpSystem = "ftp.system",
    /// What a Telnet server says before it asks who is there: words for products only, `*` for all others.
    TelnetBanner = "telnet.banner",
    /// Terminal that a Telnet client says it is (RFC 1091).
    TelnetTerminal = "telnet.terminal",
    /// What a mail server greets with (SMTP): words for products only, `*` for all others.
    SmtpBanner = "smtp.banner",
    /// What a mailbox server greets with (POP3): words for products only, `*` for all others.
    Pop3Banner = "pop3.banner",
    /// What a mailbox server greets with (IMAP): words for products only, `*` for all others.
    ImapBanner = "imap.banner",
    /// Version of the device's time service (NTP mode 6), such as `ntpd 4.2.6p5`.
    NtpVersion = "ntp.version",
    /// System and processor that the device's time service runs on (NTP mode 6), such as `Linux/3.2 x86_64`.
    NtpSystem = "ntp.system",
    /// Clock that a time server of stratum 1 has, such as `GPS` (RFC 5905 §7.3).
    NtpReference = "ntp.reference",
    /// Program that a log message of the device names (RFC 5424 §6.2.5).
    SyslogApplication = "syslog.application",
    /// RTSP `Server` of the device, without comments.
    RtspServer = "rtsp.server",
    /// RTSP `User-Agent` of the device, without comments.
    RtspUserAgent = "rtsp.user_agent",
    /// What the device streams by RTP: a payload type of RFC 3551, or `dynamic`.
    RtpPayload = "rtp.payload",
    /// MQTT client identifier of the device.
    MqttClient = "mqtt.client_id",
    /// MQTT version that the device speaks: `3.1`, `3.1.1`, `5`.
    MqttVersion = "mqtt.version",
    /// A registered resource type that the device offers by CoAP, such as `oic.d.light` (RFC 6690 §7.4).
    CoapResource = "coap.resource_type",
    /// Build number of the device's remote desktop client (MS-RDPBCGR §2.2.1.3.2).
    RdpClientBuild = "rdp.client_build",
    /// RFB version that the device speaks, such as `3.8`.
    VncVersion = "vnc.version",
    /// Vendor and version that a directory server states of itself (RFC 3045).
    LdapVendor = "ldap.vendor",

    // Medical.
    /// Application entity title the device answers to or calls from (DICOM PS3.8 §9.3.2).
    AeTitle = "dicom.ae_title",
    /// DICOM implementation class UID (PS3.7 annex D.3.3.2).
    ImplementationUid = "dicom.implementation_uid",
    /// DICOM implementation version name (PS3.7 annex D.3.3.2).
    ImplementationVersion = "dicom.implementation_version",
    /// A role the device has in DICOM, such as `storage-scu:CT` or `worklist-scp`.
    DicomRole = "dicom.role",
    /// DICOM modality (0008,0060) of the equipment.
    Modality = "dicom.modality",
    /// DICOM station name (0008,1010) of the equipment.
    StationName = "dicom.station_name",
    /// HL7 sending application, MSH-3.
    Hl7Application = "hl7.application",
    /// HL7 sending facility, MSH-4.
    Hl7Facility = "hl7.facility",
    /// HL7 message type the device sends, such as `ORU^R01`.
    Hl7Message = "hl7.message",
    /// HL7 version, MSH-12.
    Hl7Version = "hl7.version",
    /// HL7 equipment instance identifier: OBX-18 or PRT-10, components joined by `^`.
    Hl7Equipment = "hl7.equipment",
    /// ASTM header sender name, H-5 (LIS02-A2 §6).
    AstmSender = "astm.sender",
    /// ASTM instrument named in a result record.
    AstmInstrument = "astm.instrument",
    /// Device that speaks POCT1-A, by the name it states: EUI-64 (16 hexadecimal digits) or `maker/serial`.
    PoctDevice = "poct1a.device",
    /// POCT1-A message the device sends, such as `HEL.R01`.
    PoctMessage = "poct1a.message",
    /// A laboratory test the device reports: its LOINC code, or a usual short name of `data/laboratory-tests.tsv`. Never
    /// a result.
    LaboratoryTest = "lab.test",
    /// IEEE 11073 nomenclature code of the equipment, as partition and code, such as `1:4505` for 70041.
    MdcType = "sdc.mdc_type",
    /// SDC location context parts: `fac/poc/bed` and so on, never a patient.
    SdcLocation = "sdc.location",
    /// Label of the bed that a monitor stands at, as people wrote it (Philips Data Export, attribute Bed Label).
    BedLabel = "mds.bed_label",
    /// What the device does in a protocol between medical devices, such as `intellivue-monitor`, `phd-agent` or
    /// `pcd-04-reporter`.
    MedicalRole = "medical.role",
    /// FHIR resource types the device offers or asks for.
    FhirResource = "fhir.resource",

    // Plant.
    /// Instance number of the device object, unique in a BACnet internetwork (ANSI/ASHRAE 135 clause 12.11.1), decimal.
    BacnetDevice = "bacnet.device",
    /// Vendor identifier that ASHRAE gave the maker, decimal (ANSI/ASHRAE 135 clause 23).
    BacnetVendor = "bacnet.vendor",
    /// What the device does in BACnet: `device`, `client`, `router`, `bbmd`, `foreign-device`.
    BacnetRole = "bacnet.role",
    /// A standard type of object that the device has, such as `access-door`.
    BacnetObjectType = "bacnet.object_type",
    /// Location of the device object, as people wrote it.
    BacnetLocation = "bacnet.location",
    /// Description of the device object, as people wrote it.
    BacnetDescription = "bacnet.description",
    /// PROFINET name of station (IEC 61158-6-10).
    ProfinetName = "profinet.name",
    /// PROFINET vendor and device identifier, such as `002a:010d`.
    ProfinetDevice = "profinet.device",
    /// What the device does in Modbus/TCP: `client` or `server`.
    ModbusRole = "modbus.role",
    /// What the device does in another protocol of plant, `<protocol>-<role>`, such as `s7comm-server`, `knx-router` or
    /// `dnp3-outstation`.
    PlantRole = "plant.role",
    /// Number that the organisation behind a protocol of plant gave the maker, such as `odva:1`, `knx:2` or `lonmark:9`.
    PlantVendor = "plant.vendor",
    /// Product URI of an OPC UA application (OPC 10000-4 §7.2).
    OpcuaProduct = "opcua.product",

    // Legacy and weakness, observed.
    /// A protocol or option in use that is obsolete or unprotected, such as `smb1`, `tls1.0`, `cleartext-hl7`.
    Legacy = "legacy.use",
}

/// A name that stays with one device wherever it is plugged in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// IEEE EUI-64, 16 hexadecimal digits.
    #[n(0)]
    Eui64,
    /// UUID, lower case.
    #[n(1)]
    Uuid,
    /// Maker and serial number, `maker/serial`.
    #[n(2)]
    Serial,
    /// Application entity title.
    #[n(3)]
    AeTitle,
    /// Name of an analyser or its sending application.
    #[n(4)]
    Instrument,
    /// DHCP unique identifier (RFC 8415 §11), hexadecimal.
    #[n(5)]
    Duid,
    /// DHCP client identifier (RFC 2132 §9.14), hexadecimal.
    #[n(6)]
    DhcpClientId,
    /// Instance number of a BACnet device object, unique in its internetwork.
    #[n(7)]
    BacnetDevice,
    /// Unit of a Modbus server, unique at its gateway.
    #[n(8)]
    ModbusUnit,
}

/// Such a name with its kind.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Key {
    /// What sort of name it is.
    #[n(0)]
    pub kind: KeyKind,
    /// The name.
    #[n(1)]
    pub text: String,
}

/// What a fact is about.
#[derive(
    Debug,
    Clone,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The station with these addresses.
    #[n(0)]
    Host(#[n(0)] Endpoint),
    /// A device that `via` speaks for: behind a gateway, or named in a message.
    #[n(1)]
    Nested {
        /// Who sent the message that names it.
        #[n(0)]
        via: Endpoint,
        /// What it is called.
        #[n(1)]
        key: Key,
    },
}

impl Subject {
    /// The station that sent or is described: the host itself, or the gateway of a nested device.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Host(endpoint) | Self::Nested { via: endpoint, .. } => endpoint,
        }
    }

    /// The station's hardware address.
    #[must_use]
    pub const fn mac(&self) -> Option<Mac> {
        self.endpoint().mac
    }
}

/// Where the bytes stand that say a fact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(map)]
pub struct Place {
    /// Which of the run's sources, counted from 0.
    #[n(0)]
    pub source: u32,
    /// Packet within the source, counted from 1 as other tools do.
    #[n(1)]
    pub packet: u64,
    /// First byte within the frame.
    #[n(2)]
    pub offset: u32,
    /// Number of bytes; those beyond the frame's end stand in later packets.
    #[n(3)]
    pub length: u32,
}

/// One thing that the wire said about one device, and how often.
#[derive(Debug, Clone, PartialEq, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Fact {
    /// The device, as far as it is known.
    #[n(0)]
    pub subject: Subject,
    /// What is said.
    #[cbor(n(1), with = "crate::cbor::field")]
    pub field: Field,
    /// The value: at most 256 bytes, trimmed, no control characters.
    #[n(2)]
    pub value: String,
    /// The dissector that read it.
    #[cbor(n(3), with = "crate::cbor::name")]
    pub protocol: Name,
    /// When it was first said.
    #[n(4)]
    pub first: Time,
    /// When it was last said.
    #[n(5)]
    pub last: Time,
    /// How many times it was said.
    #[n(6)]
    pub count: u64,
    /// Where it was first said.
    #[n(7)]
    pub place: Place,
    /// The journal's record that said it first.
    #[cbor(skip)]
    pub origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_own_name() {
        for field in Field::ALL {
            assert_eq!(Field::named(field.name()), Some(*field), "{field:?}");
        }
        assert_eq!(Field::named("no.such"), None);
    }
}
