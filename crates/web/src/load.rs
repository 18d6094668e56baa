//! What pages and the API read alike: one function each, narrowed to what the visitor may see, so that they cannot disagree.
//!
//! In: the site, who asks, what is asked for. Out: devices, places, records and matches as the state holds them. Nothing is
//! written here, and nothing is made ready for a page.

pub mod areas;
pub mod asked;
pub mod device;
pub mod devices;
pub mod matches;
pub mod reports;
