//! What can be done.

/// One thing that somebody may be allowed to do. Every page, resource and command asks for one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read devices: who they are, why, where, and with what they conflict.
    SeeDevices,
    /// Take the devices that are shown away as a file.
    ExportDevices,
    /// Say of a device what it is, against or beside what was concluded.
    LabelDevices,
    /// Say that something is odd about a device.
    ReportProblem,
    /// Read what stands near to patients, such as a device's bed, or that it is in use. Each read goes to the ledger.
    SeeSensitive,
    /// Read who talks to whom.
    SeeTraffic,
    /// Read which documents were read, with their reports.
    SeeImports,
    /// Have a document of another system read.
    Import,
    /// Take an import back.
    UndoImport,
    /// Read which records may be about one device.
    SeeMatches,
    /// Decide that records are about one device or two, and take that back.
    DecideMatches,
    /// Read how sensors stand, what they dropped and missed.
    SeeSensors,
    /// Read decisions and evidence, and prove them.
    SeeLedger,
    /// Read the tree of sites, buildings, floors, care areas and rooms.
    SeeSite,
    /// Change that tree, and which routing domain belongs where.
    EditSite,
    /// Say who answers for a device.
    SetOwners,
    /// Read who has an account and which rights.
    SeeAccounts,
    /// Make, change and end accounts, their grants and their tokens.
    ManageAccounts,
    /// Change one's own password, second factors, sessions and saved views.
    ManageOwnAccount,
    /// Make and end one's own tokens for programs.
    ManageTokens,
    /// Take rights that one has not, in an emergency, for an hour and with an alarm.
    UseBreakGlass,
    /// Read how the program itself does: metrics and health.
    SeeMetrics,
    /// Change how the program works: sources, webhooks, retention, certificates.
    Configure,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 23] = [
        Self::SeeDevices,
        Self::ExportDevices,
        Self::LabelDevices,
        Self::ReportProblem,
        Self::SeeSensitive,
        Self::SeeTraffic,
        Self::SeeImports,
        Self::Import,
        Self::UndoImport,
        Self::SeeMatches,
        Self::DecideMatches,
        Self::SeeSensors,
        Self::SeeLedger,
        Self::SeeSite,
        Self::EditSite,
        Self::SetOwners,
        Self::SeeAccounts,
        Self::ManageAccounts,
        Self::ManageOwnAccount,
        Self::ManageTokens,
        Self::UseBreakGlass,
        Self::SeeMetrics,
        Self::Configure,
    ];

    /// Its name in data, tokens and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.words().0
    }

    /// Its name as it is shown.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.words().1
    }

    /// The action called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether it leaves what the house knows and decided as it was.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        matches!(
            self,
            Self::SeeDevices
                | Self::ExportDevices
                | Self::SeeSensitive
                | Self::SeeTraffic
                | Self::SeeImports
                | Self::SeeMatches
                | Self::SeeSensors
                | Self::SeeLedger
                | Self::SeeSite
                | Self::SeeAccounts
                | Self::SeeMetrics
        )
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::SeeDevices => ("see-devices", "See devices"),
            Self::ExportDevices => ("export-devices", "Export devices"),
            Self::LabelDevices => ("label-devices", "Label devices"),
            Self::ReportProblem => ("report-problem", "Report problems"),
            Self::SeeSensitive => ("see-sensitive", "See what stands near to patients"),
            Self::SeeTraffic => ("see-traffic", "See traffic"),
            Self::SeeImports => ("see-imports", "See imports"),
            Self::Import => ("import", "Import documents"),
            Self::UndoImport => ("undo-import", "Undo imports"),
            Self::SeeMatches => ("see-matches", "See matches to review"),
            Self::DecideMatches => ("decide-matches", "Decide matches"),
            Self::SeeSensors => ("see-sensors", "See sensors"),
            Self::SeeLedger => ("see-ledger", "See the ledger"),
            Self::SeeSite => ("see-site", "See the site tree"),
            Self::EditSite => ("edit-site", "Edit the site tree"),
            Self::SetOwners => ("set-owners", "Set owners"),
            Self::SeeAccounts => ("see-accounts", "See accounts"),
            Self::ManageAccounts => ("manage-accounts", "Manage accounts"),
            Self::ManageOwnAccount => ("manage-own-account", "Manage one's own account"),
            Self::ManageTokens => ("manage-tokens", "Manage one's own tokens"),
            Self::UseBreakGlass => ("use-break-glass", "Break glass in an emergency"),
            Self::SeeMetrics => ("see-metrics", "See metrics"),
            Self::Configure => ("configure", "Configure"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_action_is_found_by_its_name_alone() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(action));
            assert!(action.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", action.name());
        }
        assert_eq!(Action::named("see devices"), None);
        assert_eq!(Action::ALL.into_iter().collect::<BTreeSet<_>>().len(), Action::ALL.len());
    }

    #[test]
    fn every_action_called_seeing_only_reads() {
        for action in Action::ALL {
            let sees = action.name().starts_with("see-") || action == Action::ExportDevices;
            assert_eq!(action.only_reads(), sees, "{}", action.name());
        }
    }
}
