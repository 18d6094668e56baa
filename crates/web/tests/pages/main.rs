//! The pages over a real state: who gets what, and what it says.

mod devices;
mod log_in;
mod rights;
mod site;
