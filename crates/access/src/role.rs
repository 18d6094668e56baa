//! What somebody is in the house.

/// A role. What it may do stands in `data/rights.toml`; who holds it where and how long, in a [`Grant`](crate::Grant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Watches the network for attacks and answers them.
    Analyst,
    /// Keeps medical devices running and in order.
    ClinicalEngineer,
    /// Runs switches, addresses and sensors.
    NetworkAdmin,
    /// Proves to others that rules are kept.
    Compliance,
    /// Answers for what is known of people.
    PrivacyOfficer,
    /// Leads care in an area and knows what a change would stop.
    Clinician,
    /// Decides about money and risk.
    Executive,
    /// Buys devices and their support.
    Procurement,
    /// A maker's or service firm's staff: sees what it services, for a time.
    Vendor,
    /// Examines the house from outside: reads, for a time.
    Auditor,
    /// Runs this program.
    Admin,
}

impl Role {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Self; 11] = [
        Self::Analyst,
        Self::ClinicalEngineer,
        Self::NetworkAdmin,
        Self::Compliance,
        Self::PrivacyOfficer,
        Self::Clinician,
        Self::Executive,
        Self::Procurement,
        Self::Vendor,
        Self::Auditor,
        Self::Admin,
    ];

    /// Its name as it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// Its name as it is shown.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.words().1
    }

    /// The role stored as `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether every grant of it has an end.
    #[must_use]
    pub const fn is_time_boxed(self) -> bool {
        matches!(self, Self::Vendor | Self::Auditor)
    }

    /// Whether it belongs to people of the house, or to those who examine it for the house. Others may not even know what
    /// there is.
    #[must_use]
    pub const fn is_of_the_house(self) -> bool {
        !matches!(self, Self::Vendor)
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Analyst => ("analyst", "Security analyst"),
            Self::ClinicalEngineer => ("clinical-engineer", "Clinical engineer"),
            Self::NetworkAdmin => ("network-admin", "Network administrator"),
            Self::Compliance => ("compliance", "Compliance officer"),
            Self::PrivacyOfficer => ("privacy-officer", "Privacy officer"),
            Self::Clinician => ("clinician", "Clinical leader"),
            Self::Executive => ("executive", "Executive"),
            Self::Procurement => ("procurement", "Procurement"),
            Self::Vendor => ("vendor", "Vendor"),
            Self::Auditor => ("auditor", "Auditor"),
            Self::Admin => ("admin", "Administrator"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_role_is_found_by_its_name_alone() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
            assert!(role.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", role.name());
        }
        assert_eq!(Role::named("Admin"), None);
        assert_eq!(Role::named(""), None);
        assert_eq!(Role::ALL.into_iter().map(Role::title).collect::<BTreeSet<_>>().len(), 11);
    }
}
