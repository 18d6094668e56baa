//! How surely devices are known for what they are: the three bands in which pages count them.

use wardlight_store::projection::{Bound, Column, Filter, Literal, Snapshot};

/// How sure the type of a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// 90 % and more.
    High,
    /// 60 to 89 %.
    Middle,
    /// Under 60 %, or no type at all.
    Low,
}

impl Sure {
    /// All, surest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Middle, Self::Low];

    /// As addresses have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Middle => "middle",
            Self::Low => "low",
        }
    }

    /// As pages have it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::High => "90 % and more",
            Self::Middle => "60 to 89 %",
            Self::Low => "under 60 % or no type",
        }
    }

    /// The devices that are so.
    #[must_use]
    pub fn filter(self) -> Filter {
        let least = |least: f64| Filter::Compare(Column::TypeConfidence, Bound::AtLeast, Literal::Number(least));
        let below = |filter: Filter| Filter::Not(Box::new(filter));
        match self {
            Self::High => least(0.9),
            Self::Middle => Filter::All(vec![least(0.6), below(least(0.9))]),
            Self::Low => below(least(0.6)),
        }
    }
}

/// How many devices are of each band of [`Sure::ALL`].
#[must_use]
pub fn counts(devices: &Snapshot) -> [usize; 3] {
    Sure::ALL.map(|sure| devices.count(&sure.filter()))
}
