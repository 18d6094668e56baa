//! The one list of what is shown of a device: table, filter, JSON and CSV derive from it.

use wardlight_model::Attribute;

/// What sort of values a column holds, and so which tests it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One text, or none.
    Text,
    /// One number, or none.
    Number,
    /// One moment, or none.
    Time,
    /// Yes or no.
    Flag,
    /// Any number of texts, none twice.
    List,
}

macro_rules! columns {
    (
        $($value:ident $sure:ident $rule:ident $text:literal $what:literal,)+;
        $($kind:ident $plain:ident $name:literal $meaning:literal,)+
    ) => {
        /// One thing that is shown of a device.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column {
            $(
                #[doc = $meaning]
                $plain,
            )+
            $(
                #[doc = $what]
                $value,
                #[doc = concat!("How sure its ", $text, " is, 0 to 1.")]
                $sure,
                #[doc = concat!("The rule that drew its ", $text, ".")]
                $rule,
            )+
        }

        impl Column {
            /// Every column, in the order shown.
            pub const ALL: &[Self] = &[$(Self::$plain,)+ $(Self::$value, Self::$sure, Self::$rule,)+];

            /// Its name in filters, JSON and CSV.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$plain => $name,)+
                    $(
                        Self::$value => $text,
                        Self::$sure => concat!($text, "_confidence"),
                        Self::$rule => concat!($text, "_rule"),
                    )+
                }
            }

            /// What sort of values it holds.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$plain => Kind::$kind,)+
                    $(Self::$sure => Kind::Number, Self::$value | Self::$rule => Kind::Text,)+
                }
            }

            /// What it says, in one sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$plain => $meaning,)+
                    $(
                        Self::$value => $what,
                        Self::$sure => concat!("How sure its ", $text, " is, 0 to 1."),
                        Self::$rule => concat!("The rule that drew its ", $text, "."),
                    )+
                }
            }

            /// Where the best claim on `attribute` is shown: value, confidence, rule.
            #[must_use]
            pub const fn of(attribute: Attribute) -> [Self; 3] {
                match attribute {
                    $(Attribute::$value => [Self::$value, Self::$sure, Self::$rule],)+
                }
            }
        }
    };
}

columns! {
    Type TypeConfidence TypeRule "type" "What it is, such as `infusion pump`.",
    Maker MakerConfidence MakerRule "maker" "Who makes the product.",
    Model ModelConfidence ModelRule "model" "Product model.",
    OperatingSystem OperatingSystemConfidence OperatingSystemRule "operating_system"
        "Operating system with version.",
    Firmware FirmwareConfidence FirmwareRule "firmware" "Firmware or software version.",
    Serial SerialConfidence SerialRule "serial" "Serial number.",
    Name NameConfidence NameRule "name" "Name it is known by.",
    ;
    Text Id "id" "Its lasting id, the same through restarts, merges and changed rules.",
    Text Station "station" "The strongest key known of it, such as `mac:00:1b:21:3c:4d:5e`.",
    List Mac "mac" "Its hardware addresses.",
    List Address "address" "Its network addresses.",
    List Key "key" "Keys that stay with it wherever it is plugged in, as `kind:text`.",
    List Label "label" "Remarks on it, such as `router`.",
    List Peer "peer" "Network addresses of the stations it exchanged packets with, most bytes first, 256 at most.",
    List Service "service" "Services spoken with them, where known.",
    List Scope "scope" "Routing domains of the stations it exchanged packets with.",
    Text Via "via" "The device that speaks for it, when it is nested.",
    Time FirstSeen "first_seen" "First packet or mention.",
    Time LastSeen "last_seen" "Last packet or mention.",
    Number Claims "claims" "How many claims are made about it.",
    Number Conflicts "conflicts" "On how many attributes its claims differ.",
    Number Macs "macs" "How many hardware addresses it has.",
    Number Addresses "addresses" "How many network addresses it has.",
    Number Keys "keys" "How many keys it has.",
    Number Labels "labels" "How many remarks are made on it.",
    Number Peers "peers" "How many stations it exchanged packets with, counted once for each service.",
    Number Flows "flows" "Conversations with them.",
    Number Bytes "bytes" "Bytes of IP packets exchanged with them, both ways.",
    Flag IsRouter "is_router" "Whether it forwards packets of others.",
    Flag IsNested "is_nested" "Whether another device speaks for it.",
    Flag IsLegacy "is_legacy" "Whether it uses something obsolete or unprotected.",
    Flag IsRandomMac "is_random_mac" "Whether a hardware address of it was made up by software.",
    Flag UnknownType "unknown_type" "Whether nothing says what it is.",
    Flag IsConflicting "is_conflicting" "Whether its claims differ on some attribute.",
}

impl Column {
    /// The column called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|column| column.name() == name)
    }

    /// Whether a free-text search looks here.
    #[must_use]
    pub const fn is_searched(self) -> bool {
        matches!(
            self,
            Self::Mac
                | Self::Address
                | Self::Key
                | Self::Label
                | Self::Type
                | Self::Maker
                | Self::Model
                | Self::OperatingSystem
                | Self::Firmware
                | Self::Serial
                | Self::Name
        )
    }

    /// Whether it says with whom a device exchanged packets. That comes apart from the device: see
    /// [`Projection::apply_traffic`](super::Projection::apply_traffic).
    #[must_use]
    pub const fn is_traffic(self) -> bool {
        matches!(self, Self::Peer | Self::Service | Self::Scope | Self::Peers | Self::Flows | Self::Bytes)
    }

    /// Whether its texts are network addresses: sorted as numbers, found by network.
    #[must_use]
    pub const fn is_address(self) -> bool {
        matches!(self, Self::Address | Self::Peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_own_name() {
        assert!(Column::ALL.len() >= 30);
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(*column));
            assert!(column.meaning().ends_with('.'), "{}", column.name());
        }
        assert_eq!(Column::named("no such"), None);
    }

    #[test]
    fn every_attribute_is_shown_under_its_own_name() {
        for attribute in Attribute::ALL {
            let [value, sure, rule] = Column::of(attribute).map(Column::name);
            assert_eq!(value, attribute.name());
            assert_eq!((sure, rule), (&*format!("{value}_confidence"), &*format!("{value}_rule")));
        }
    }
}
