//! What somebody did with accounts or read of what stands near to patients: kept for the ledger, changing no device.

use crate::Id;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $number:literal $variant:ident $name:literal,)+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, minicbor::Encode, minicbor::Decode)]
        #[serde(rename_all = "snake_case")]
        #[cbor(index_only)]
        pub enum DeedKind { $($(#[doc = $doc])+ #[n($number)] $variant,)+ }

        impl DeedKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in ledger and logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

kinds! {
    /// A session was begun.
    0 LoggedIn "account.logged_in",
    /// A log-in to an account that there is was refused.
    1 LogInRefused "account.log_in_refused",
    /// A session was ended by its holder.
    2 LoggedOut "account.logged_out",
    /// An account was made or changed.
    3 AccountPut "account.put",
    /// An account was disabled.
    4 AccountEnded "account.ended",
    /// The rights of an account were changed.
    5 GrantsPut "account.grants_put",
    /// A password, second factor or recovery code was set up or changed.
    6 FactorPut "account.factor_put",
    /// A second factor was ended.
    7 FactorEnded "account.factor_ended",
    /// A token for programs was made.
    8 TokenMade "account.token_made",
    /// A token for programs was ended.
    9 TokenEnded "account.token_ended",
    /// The account for emergencies was used.
    10 GlassBroken "account.glass_broken",
    /// Somebody saw that the account for emergencies had been used.
    11 GlassSeen "account.glass_seen",
    /// Something that stands near to patients was read.
    12 SensitiveRead "read.sensitive",
    /// Devices were taken away as a file.
    13 Exported "read.exported",
    /// Sessions of an account were ended.
    14 SessionsEnded "account.sessions_ended",
    /// Something odd about a device was reported.
    15 Reported "device.reported",
}

/// One deed. Who did it, and when, stands in the decision around it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, minicbor::Encode, minicbor::Decode)]
#[cbor(map)]
pub struct Deed {
    /// What was done.
    #[n(0)]
    pub kind: DeedKind,
    /// To what: an account, a device, a token.
    #[n(1)]
    pub object: Option<Id>,
    /// In words, such as which rights, or how many rows; never a secret.
    #[n(2)]
    pub detail: String,
}
