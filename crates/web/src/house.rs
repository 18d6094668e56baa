//! What the server does for the pages: decisions carried out, and what only it knows.
//!
//! The server gives it; pages never see how. A decision is answered when its outcome is in journal, state and ledger.

use std::future::Future;
use std::pin::Pin;
use wardlight_model::Id;
use wardlight_model::journal::Decision;

/// An answer that may take a while.
pub type Soon<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Why a decision was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It makes no sense; what, and how to mend it.
    Senseless(String),
    /// The server cannot take it now, for this reason.
    Later(String),
}

/// The server.
pub trait House: Send + Sync {
    /// Carries `decision` out, and gives the id by which it is taken back.
    fn decide(&self, decision: Decision) -> Soon<Result<Id, Refused>>;
}
