//! How untidy the hospital is: the rates of `data/noise.toml`.

use serde::Deserialize;

/// All rates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// On the network.
    pub network: Network,
    /// In the maintenance system's export.
    pub cmms: Cmms,
    /// In the purchasing system's export.
    pub procurement: Procurement,
    /// In the directory's export.
    pub directory: Directory,
}

macro_rules! rates {
    ($(#[doc = $doc:literal] $name:ident { $($(#[doc = $about:literal])+ $rate:ident,)+ })+) => { $(
        #[doc = $doc]
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[doc = $about])+ pub $rate: f64,)+ }
    )+ };
}

rates! {
    /// Rates of the network: shares, or events a device and day.
    Network {
        /// New addresses of a wired client a day.
        new_address_wired_per_day,
        /// New addresses of a wireless client a day.
        new_address_wireless_per_day,
        /// Moves of a portable device a day.
        move_portable_per_day,
        /// Moves of a fixed device a day.
        move_fixed_per_day,
        /// Changes of access point a day.
        roam_per_day,
        /// Devices behind address translation.
        behind_translation,
        /// Personal devices with a random hardware address.
        randomised,
        /// Visits of those with a new one.
        randomised_again,
        /// Days on which a personal device is here.
        visitor_present,
        /// Devices that also speak IPv6.
        ipv6,
        /// Conversations seen twice.
        mirrored,
        /// Devices that come while the hospital is watched.
        arrives,
        /// Devices that leave while it is watched.
        leaves,
        /// Modalities with a title that others bear too.
        same_ae_title,
        /// Devices with a host name that others bear too.
        same_host_name,
        /// Devices whose network board is not the recorded one.
        board_replaced,
    }
    /// Rates of the maintenance export.
    Cmms {
        /// Medical devices nobody entered.
        medical_unknown,
        /// Rows without serial number.
        serial_missing,
        /// Rows with one wrong character in it.
        serial_mistyped,
        /// Rows in which it is written otherwise.
        serial_reformatted,
        /// Rows without hardware address.
        mac_missing,
        /// Rows with one wrong digit in it.
        mac_mistyped,
        /// Rows with another name of the maker.
        maker_spelled_otherwise,
        /// Rows with another name of the model.
        model_spelled_otherwise,
        /// Rows without host name.
        host_missing,
        /// Rows with an old place.
        place_old,
        /// Rows about gone devices, as if they were there; of all rows.
        row_stale,
        /// Rows about gone devices that say so; of all rows.
        row_retired,
        /// Rows that come twice.
        row_twice,
        /// Rows with another name of the department.
        department_spelled_otherwise,
        /// Rows without owner.
        owner_missing,
    }
    /// Rates of the purchasing export.
    Procurement {
        /// Devices it knows.
        known,
        /// Rows without serial number.
        serial_missing,
        /// Rows with one wrong character in it.
        serial_mistyped,
        /// Rows with the supplier as maker.
        maker_is_supplier,
    }
    /// Rates of the directory export.
    Directory {
        /// Accounts of gone machines, of all accounts.
        account_stale,
        /// Machines without an account.
        account_missing,
        /// Accounts with a description.
        description_given,
    }
}

impl Noise {
    /// The committed rates.
    #[expect(clippy::expect_used, reason = "the committed file is read by the tests")]
    pub(crate) fn committed() -> Self {
        toml::from_str(include_str!("../../data/noise.toml")).expect("the committed rates can be read")
    }
}
