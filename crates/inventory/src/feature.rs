//! What a device has in common with others of its product: fields that tell kinds apart, never one device from another.
//!
//! In: a device's facts and hardware addresses. Out: its features, lowest first. Names, serial numbers, addresses and
//! whatever else belongs to one device alone is no feature.

use std::collections::BTreeSet;
use wardlight_model::{Fact, Feature, Field, Mac};

/// Most features of one device; those of the first fields stay.
const MOST: usize = 64;

/// The features of a device with `facts` and `macs`, lowest first.
#[must_use]
pub fn features(facts: &[&Fact], macs: &[Mac]) -> Vec<Feature> {
    let said = facts.iter().filter(|fact| is_of_kind(fact.field)).map(|fact| (fact.field, fact.value.as_str()));
    let mut all: BTreeSet<(Field, String)> = said.map(|(field, value)| (field, value.to_owned())).collect();
    let registered = macs.iter().filter(|mac| !mac.is_local()).map(|mac| (Field::HardwareAddress, registry_part(*mac)));
    all.extend(registered);
    all.into_iter().take(MOST).map(|(field, value)| Feature { field, value }).collect()
}

/// The first three bytes, which the registry gives to makers.
fn registry_part(mac: Mac) -> String {
    let [a, b, c, ..] = mac.0;
    format!("{a:02x}:{b:02x}:{c:02x}")
}

/// Whether devices of one product say the same in `field`.
const fn is_of_kind(field: Field) -> bool {
    matches!(
        field,
        Field::DhcpVendorClass
            | Field::DhcpParameters
            | Field::Dhcpv6Parameters
            | Field::UserAgent
            | Field::HttpServer
            | Field::HttpTitle
            | Field::Ja4
            | Field::CertificateIssuer
            | Field::SshBanner
            | Field::Hassh
            | Field::HasshServer
            | Field::SmbDialect
            | Field::SmbNativeOs
            | Field::SnmpDescription
            | Field::SnmpObjectId
            | Field::InitialTtl
            | Field::LldpCapability
            | Field::CdpPlatform
            | Field::Manufacturer
            | Field::Model
            | Field::ModelNumber
            | Field::DeviceType
            | Field::ServiceOffered
            | Field::ServiceSought
            | Field::MdnsText
            | Field::SsdpServer
            | Field::SipUserAgent
            | Field::SipServer
            | Field::SipRole
            | Field::ImplementationUid
            | Field::ImplementationVersion
            | Field::DicomRole
            | Field::Modality
            | Field::Hl7Message
            | Field::Hl7Version
            | Field::PoctMessage
            | Field::LaboratoryTest
            | Field::MdcType
            | Field::FhirResource
            | Field::BacnetVendor
            | Field::BacnetRole
            | Field::BacnetObjectType
            | Field::ModbusRole
            | Field::Legacy
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardlight_model::{Endpoint, Origin, Place, Scope, Subject, Time};

    fn fact(field: Field, value: &str) -> Fact {
        let end = Endpoint { scope: Scope(0), mac: None, ip: "10.0.0.1".parse().ok() };
        Fact {
            subject: Subject::Host(end),
            field,
            value: value.to_owned(),
            protocol: "http",
            place: Place::default(),
            first: Time::default(),
            last: Time::default(),
            count: 1,
            origin: Origin::default(),
        }
    }

    #[test]
    fn what_tells_one_device_from_another_is_no_feature() {
        let facts = [
            fact(Field::HttpServer, "lighttpd"),
            fact(Field::Serial, "SN1"),
            fact(Field::DhcpHostname, "pump-7"),
            fact(Field::Address, "10.0.0.1"),
        ];
        let facts: Vec<&Fact> = facts.iter().collect();
        let macs = [Mac([0, 9, 0xfb, 1, 2, 3]), Mac([2, 0, 0, 0, 0, 1])];
        let found = features(&facts, &macs);
        let said: Vec<(Field, &str)> = found.iter().map(|one| (one.field, one.value.as_str())).collect();
        assert!(
            said.contains(&(Field::HardwareAddress, "00:09:fb")) && said.contains(&(Field::HttpServer, "lighttpd"))
        );
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(found.is_sorted());
    }
}
