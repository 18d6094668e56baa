//! What the server does for its pages: decisions go the same way as those of the command line.

use super::listen::{self, Waiting};
use crate::io::link::Fate;
use std::time::Duration;
use wardlight_model::Id;
use wardlight_model::journal::Decision;
use wardlight_store::journal::Journal;
use wardlight_web::house::{House, Refused, Soon};

/// How long a page waits for the outcome of a decision.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server, as its pages see it.
pub struct Server {
    /// Where decisions go.
    pub journal: Journal,
    /// Who is told what came of them.
    pub waiting: Waiting,
}

impl House for Server {
    fn decide(&self, decision: Decision) -> Soon<Result<Id, Refused>> {
        let (journal, waiting) = (self.journal.clone(), self.waiting.clone());
        let carried_out = move || {
            let later = |why: &str| Refused::Later(why.to_owned());
            let (id, outcome) =
                listen::decide(&decision, &journal, &waiting).map_err(|error| later(&error.to_string()))?;
            match outcome.recv_timeout(PATIENCE) {
                Ok(Fate::Stored(_)) => Ok(id),
                Ok(Fate::Refused(why)) => Err(Refused::Senseless(why)),
                Ok(Fate::Later(why)) => Err(Refused::Later(why)),
                Ok(Fate::Shed) => Err(later("the server's disk is full")),
                Err(_) => Err(later("the decision is written down, and waits to be carried out")),
            }
        };
        Box::pin(async move {
            let carried_out = tokio::task::spawn_blocking(carried_out).await;
            carried_out.unwrap_or_else(|error| Err(Refused::Later(error.to_string())))
        })
    }
}
