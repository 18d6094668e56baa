//! The pages over a real state: who gets what, and what it says.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics fails, which is right")]

mod accounts;
mod api;
mod devices;
mod log_in;
mod reach;
mod reads;
mod rights;
mod site;
mod unknown;
