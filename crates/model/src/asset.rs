//! What other systems' records say of a device: one row, its identifiers and attributes.
//!
//! A record is a statement like a fact, with another kind of place: the row of a document. Nothing here decides whether
//! it is true, or which device it means.

use crate::{Privacy, Time};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

macro_rules! asset_fields {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal $form:ident,)+) => {
        /// What a record can say. Names are `<group>.<what>`; column mappings, precedence and pages use them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AssetField { $($(#[doc = $doc])+ $variant,)+ }

        impl AssetField {
            /// Every field, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in mappings, exports and pages, such as `cmms.asset_tag`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The field called `name`.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            /// In which form its value stands.
            #[must_use]
            pub const fn form(self) -> Form {
                match self { $(Self::$variant => Form::$form,)+ }
            }
        }
    };
}

/// In which form a value stands, whatever form the document had it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Text without spaces around it, on one line.
    Text,
    /// An identifier that people type: as it stood, without spaces around it. Compare with [`bare`].
    Identifier,
    /// A hardware address as `00:1a:2b:3c:4d:5e`.
    Mac,
    /// An IP address in its canonical text form (RFC 5952 for IPv6).
    Ip,
    /// A name of a host in lower case, without a dot at its end.
    Host,
    /// A civil date as `2026-11-22`.
    Date,
    /// An amount of money with a dot, its currency behind it when that is known: `1234.50 EUR`.
    Money,
    /// A whole number.
    Number,
    /// `yes` or `no`.
    YesNo,
}

asset_fields! {
    // Identity.
    /// What people call the device.
    Name = "identity.name" Text,
    /// Its maker, as written.
    Maker = "identity.maker" Text,
    /// Its model, as written.
    Model = "identity.model" Text,
    /// The maker's number for the model or variant.
    ProductCode = "identity.product_code" Identifier,
    /// Serial number.
    Serial = "identity.serial" Identifier,
    /// Device identifier of the UDI (21 CFR 830; GS1 GTIN, HIBCC or ICCBBA primary code).
    UdiDi = "identity.udi_di" Identifier,
    /// The whole UDI as printed or scanned, with production identifiers.
    Udi = "identity.udi" Identifier,
    /// What kind of device it is, as written: `Pump, Infusion, General Purpose`.
    Type = "identity.type" Text,
    /// Hardware version.
    HardwareVersion = "identity.hardware_version" Text,
    /// Software or firmware version.
    Firmware = "identity.firmware" Text,
    /// Whether it is a virtual machine.
    IsVirtual = "identity.virtual" YesNo,
    /// Whether it is meant to be moved.
    IsPortable = "identity.portable" YesNo,
    /// Free text.
    Notes = "identity.notes" Text,

    // Network.
    /// Hardware address; may come more than once.
    Mac = "network.mac" Mac,
    /// IP address; may come more than once.
    Ip = "network.ip" Ip,
    /// Whether the address is `static`, `dhcp` or `reserved`, as written.
    Assignment = "network.assignment" Text,
    /// Host name.
    Hostname = "network.hostname" Host,
    /// DICOM application entity title (PS3.8 §9.3.2).
    AeTitle = "network.ae_title" Identifier,
    /// SHA-256 of its certificate (hexadecimal).
    CertificateHash = "network.certificate" Identifier,
    /// VLAN.
    Vlan = "network.vlan" Text,
    /// Switch that it is connected to.
    Switch = "network.switch" Host,
    /// Port of that switch.
    SwitchPort = "network.switch_port" Text,
    /// Access point that it is associated with.
    AccessPoint = "network.access_point" Text,
    /// Wireless network.
    Ssid = "network.ssid" Text,
    /// How it is connected: `wired`, `wireless`, as written.
    Connection = "network.connection" Text,
    /// Hardware address or name of the gateway that it sits behind.
    Gateway = "network.gateway" Text,
    /// Directory or Windows domain.
    Domain = "network.domain" Host,
    /// Ports that answered, such as `tcp/104`; may come more than once.
    OpenPort = "network.open_port" Text,

    // Operating system.
    /// Operating system.
    OperatingSystem = "os.name" Text,
    /// Its version.
    OsVersion = "os.version" Text,

    // Clinical and regulatory.
    /// Class of the device by the FDA: 1, 2, 3 or as written.
    FdaClass = "clinical.fda_class" Text,
    /// FDA product code (three letters).
    FdaProductCode = "clinical.fda_product_code" Identifier,
    /// Equipment class by the accreditor.
    EquipmentClass = "clinical.equipment_class" Text,
    /// What happens when it fails, as written.
    FailureConsequence = "clinical.failure_consequence" Text,
    /// Whether it keeps patient data.
    StoresPatientData = "clinical.stores_patient_data" YesNo,
    /// Whether it sends patient data.
    SendsPatientData = "clinical.sends_patient_data" YesNo,

    // Where it stands.
    /// Campus or site.
    Site = "place.site" Text,
    /// Building.
    Building = "place.building" Text,
    /// Floor.
    Floor = "place.floor" Text,
    /// Department or care area.
    Department = "place.department" Text,
    /// Room.
    Room = "place.room" Text,
    /// Bed.
    Bed = "place.bed" Text,

    // Who answers for it.
    /// Clinical owner.
    ClinicalOwner = "owner.clinical" Text,
    /// Technical owner.
    TechnicalOwner = "owner.technical" Text,
    /// Security owner.
    SecurityOwner = "owner.security" Text,

    // Maintenance and money.
    /// The number on the hospital's label.
    AssetTag = "cmms.asset_tag" Identifier,
    /// State in the maintenance system, as written: `In Service`, `Retired`.
    State = "cmms.state" Text,
    /// Owned, leased, on loan, on trial, as written.
    Ownership = "cmms.ownership" Text,
    /// Last maintenance.
    LastMaintenance = "cmms.last_maintenance" Date,
    /// Next maintenance due.
    NextMaintenance = "cmms.next_maintenance" Date,
    /// Technician in charge; a person.
    Technician = "cmms.technician" Text,
    /// Supplier.
    Supplier = "procurement.supplier" Text,
    /// Purchase order.
    PurchaseOrder = "procurement.order" Identifier,
    /// When it was bought.
    PurchaseDate = "procurement.date" Date,
    /// What it cost.
    PurchaseCost = "procurement.cost" Money,
    /// Who pays.
    CostCentre = "procurement.cost_centre" Text,
    /// When it was put into use.
    InstallDate = "lifecycle.installed" Date,
    /// End of the warranty.
    WarrantyEnd = "lifecycle.warranty_end" Date,
    /// When the maker stops selling it.
    EndOfSale = "lifecycle.end_of_sale" Date,
    /// When the maker stops supporting it.
    EndOfSupport = "lifecycle.end_of_support" Date,
    /// When it was retired.
    Retired = "lifecycle.retired" Date,

    // Network access control, endpoint, directory.
    /// Profile of the access control.
    NacProfile = "nac.profile" Text,
    /// Group of the access control.
    NacGroup = "nac.group" Text,
    /// Security group tag.
    SecurityGroup = "nac.security_group" Text,
    /// Endpoint protection that runs on it.
    EndpointProtection = "endpoint.protection" Text,
    /// Whether device management knows it.
    IsManaged = "endpoint.managed" YesNo,
    /// Distinguished name in the directory (RFC 4514).
    DistinguishedName = "directory.dn" Text,
    /// Who logged in last; a person.
    LastUser = "directory.last_user" Text,
    /// Last time the source saw it.
    LastSeen = "source.last_seen" Text,
}

impl AssetField {
    /// What kind of secret its value is. Values that name a person are handed on as keyed hashes only.
    #[must_use]
    pub const fn privacy(self) -> Privacy {
        match self {
            Self::Technician | Self::LastUser => Privacy::Person,
            Self::Mac | Self::Ip | Self::Hostname | Self::Switch | Self::DistinguishedName => Privacy::Network,
            _ => Privacy::Device,
        }
    }

    /// Whether a record may say it more than once.
    #[must_use]
    pub const fn is_many(self) -> bool {
        matches!(self, Self::Mac | Self::Ip | Self::OpenPort | Self::AeTitle | Self::Hostname)
    }
}

/// One row of another system's records.
#[derive(Debug, Clone, PartialEq, Eq, Default, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct AssetRecord {
    /// The row's own key within its source; a row that comes again with it takes the place of the earlier.
    #[n(0)]
    pub key: String,
    /// Where in the document, from 1: line of a text, row of a sheet, place in a list.
    #[n(1)]
    pub row: u64,
    /// What it says, each value in its [`Form`], in the order of fields.
    #[cbor(n(2), encode_with = "encode_says", decode_with = "decode_says")]
    pub says: Vec<(AssetField, String)>,
    /// When the source says that this was so; `None` when it does not say.
    #[n(3)]
    pub as_of: Option<Time>,
}

fn encode_says<C, W: minicbor::encode::Write>(
    says: &[(AssetField, String)],
    out: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    out.array(u64::try_from(says.len()).unwrap_or(u64::MAX))?;
    says.iter().try_for_each(|(field, value)| out.array(2)?.str(field.name())?.str(value)?.ok())
}

/// What a later version says in a field that this one does not know stays in the journal for that one.
fn decode_says<C>(from: &mut Decoder<'_>, _: &mut C) -> Result<Vec<(AssetField, String)>, Error> {
    let count = from.array()?.ok_or_else(|| Error::message("a list without a length"))?;
    let mut says = Vec::new();
    for _ in 0..count {
        if from.array()? != Some(2) {
            return Err(Error::message("not a field and its value"));
        }
        let (field, value) = (AssetField::named(from.str()?), from.str()?);
        says.extend(field.map(|field| (field, value.to_owned())));
    }
    Ok(says)
}

impl AssetRecord {
    /// The first value of `field`.
    #[must_use]
    pub fn says(&self, field: AssetField) -> Option<&str> {
        self.all(field).next()
    }

    /// Every value of `field`.
    pub fn all(&self, field: AssetField) -> impl Iterator<Item = &str> {
        self.says.iter().filter(move |(said, _)| *said == field).map(|(_, value)| value.as_str())
    }
}

/// An identifier reduced to what people mean by it: letters and digits, capital, no zeros at its begin.
#[must_use]
pub fn bare(identifier: &str) -> String {
    let letters = identifier.chars().filter(|letter| letter.is_alphanumeric());
    let bare: String = letters.flat_map(char::to_uppercase).collect();
    let short = bare.trim_start_matches('0');
    if short.is_empty() { bare } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_fields_are_one_to_one() {
        let names: BTreeSet<&str> = AssetField::ALL.iter().map(|field| field.name()).collect();
        assert_eq!(names.len(), AssetField::ALL.len());
        assert!(AssetField::ALL.iter().all(|field| AssetField::named(field.name()) == Some(*field)));
        assert_eq!(AssetField::named("identity.nothing"), None);
    }

    #[test]
    fn an_identifier_is_the_same_however_it_is_typed() {
        for typed in ["SN-0042 a", "sn0042A", " Sn.0042a"] {
            assert_eq!(bare(typed), "SN0042A");
        }
        assert_eq!([bare("00420"), bare("000"), bare("--")], ["420", "000", ""]);
    }
}
