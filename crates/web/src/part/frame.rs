//! The frame of every page: who looks, where else one can go, how fresh it all is.

use super::words::{counted, moment};
use crate::guard::Visitor;
use crate::site::Site;
use wardlight_access::Action;

/// The keys of every page, and what each does; `wardlight.js` has them.
pub const KEYS: &[(&str, &str)] = &[
    ("/", "search everything"),
    ("Ctrl K", "go somewhere by name"),
    ("?", "this list"),
    ("g t", "today"),
    ("g d", "devices"),
    ("g f", "traffic"),
    ("g m", "matches to review"),
    ("g i", "imports"),
    ("g s", "sensors"),
    ("g l", "ledger"),
    ("j", "next row"),
    ("k", "row before"),
    ("Enter", "open the row"),
    ("f", "filter"),
    ("e", "why we think so"),
    ("Esc", "close"),
];

/// One link of the navigation.
#[derive(Debug)]
pub struct Link {
    /// Where it leads.
    pub address: &'static str,
    /// What is there.
    pub title: &'static str,
    /// How much of it; empty where nobody counts.
    pub count: String,
}

/// Links of one verb.
#[derive(Debug)]
pub struct Group {
    /// The verb.
    pub title: &'static str,
    /// Its links.
    pub links: Vec<Link>,
}

/// The frame.
#[derive(Debug)]
pub struct Frame {
    /// What the page is about, first in the window's title.
    pub title: String,
    /// The page's place in the navigation.
    pub here: &'static str,
    /// Who looks.
    pub name: String,
    /// As what.
    pub role: String,
    /// `light`, `dark`, or as the system has it.
    pub theme: &'static str,
    /// Whether single keys lead somewhere.
    pub has_keys: bool,
    /// How fresh it all is.
    pub live: String,
    /// Whether the assets are known.
    pub is_settled: bool,
    /// The navigation.
    pub groups: Vec<Group>,
    /// Goes with every form, against forgery.
    pub csrf: String,
    /// Since when glass is broken; empty when it is not.
    pub emergency: String,
    /// Seconds without use after which the session ends.
    pub idle: i64,
}

impl Frame {
    /// The frame of a page at `here` for `visitor`.
    #[must_use]
    pub fn of(site: &Site, visitor: &Visitor, title: &str, here: &'static str) -> Self {
        let settled = site.parts().assets.now();
        let devices = counted(site.parts().devices.snapshot().len());
        let questions = settled.as_ref().map_or(0, |settled| settled.resolution.questions.len());
        let questions = if questions > 0 { counted(questions) } else { String::new() };
        let none = String::new;
        let all = [
            ("See", "/devices", "Devices", devices, Action::SeeDevices),
            ("See", "/traffic", "Traffic", none(), Action::SeeTraffic),
            ("See", "/sensors", "Sensors", none(), Action::SeeSensors),
            ("See", "/records", "Records", none(), Action::SeeDevices),
            ("See", "/imports", "Imports", none(), Action::SeeImports),
            ("Understand", "/unknown", "Unknown", none(), Action::LabelDevices),
            ("Understand", "/matches", "Matches", questions, Action::SeeMatches),
            ("Understand", "/conflicts", "Conflicts", none(), Action::SeeMatches),
            ("Understand", "/owners", "Owners", none(), Action::SeeDevices),
            ("Prove", "/ledger", "Ledger", none(), Action::SeeLedger),
            ("Run", "/areas", "Places", none(), Action::SeeSite),
            ("Run", "/accounts", "Accounts", none(), Action::SeeAccounts),
        ];
        let mut groups: Vec<Group> = Vec::new();
        for (verb, address, title, count, action) in all {
            // What is about the whole house is for those whose right reaches all of it.
            let is_of_all = matches!(address, "/traffic" | "/owners" | "/unknown");
            if !visitor.may_see_page(site, action) || (is_of_all && !visitor.may_everywhere(site, action)) {
                continue;
            }
            // Whoever sees some areas is not told how much there is in all.
            let count = if visitor.may_everywhere(site, action) { count } else { String::new() };
            let link = Link { address, title, count };
            match groups.iter_mut().find(|group| group.title == verb) {
                Some(group) => group.links.push(link),
                None => groups.push(Group { title: verb, links: vec![link] }),
            }
        }
        Self {
            title: title.to_owned(),
            here,
            name: visitor.shown.clone(),
            role: visitor.roles(),
            theme: visitor.theme,
            has_keys: visitor.has_keys,
            live: if settled.is_some() { "Live" } else { "Reading what is known" }.to_owned(),
            is_settled: settled.is_some(),
            groups,
            csrf: visitor.csrf.clone(),
            emergency: if visitor.session.is_break_glass { moment(visitor.session.begun) } else { String::new() },
            idle: site.limits().idle / 1_000_000,
        }
    }
}
