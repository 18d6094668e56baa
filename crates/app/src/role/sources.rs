//! Sources of records that are read by themselves: each in a thread of its own, so that one that fails or hangs stops
//! neither another nor the server.
//!
//! In: documents and flow exports as `[[source]]` sections name them. Out: batches to the server's own socket, as commands
//! and sensors send them; how each source stands. What is remembered lies in `sources/` of the data folder.

mod documents;
mod flows;
mod kept;
mod standing;
mod trouble;

pub use standing::{Standing, kept};

use super::places::Places;
use super::{Stop, now};
use crate::config::{Config, Source};
use documents::Documents;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use trouble::Trouble;

/// How long a document must stay as it is before it is read.
const SETTLE: Duration = Duration::from_secs(1);

/// The sources of a running server, as they stand.
pub struct Sources(Vec<Arc<Post>>);

/// Where one source's thread leaves how it stands.
struct Post {
    standing: Mutex<Standing>,
    /// Whether everything there was is read.
    is_idle: AtomicBool,
}

impl Sources {
    /// Those of `config`, not yet read. With `once` there is nothing to wait for where something listens.
    pub fn of(config: &Config, once: bool) -> Self {
        let post = |source: &Source| {
            let known = Standing { name: source.name.clone(), place: source.place(), ..Standing::default() };
            let is_idle = AtomicBool::new(once && source.listens().is_some());
            Arc::new(Post { standing: Mutex::new(known), is_idle })
        };
        Self(config.sources.iter().map(post).collect())
    }

    /// Reads them until `stop`; with `once`, what there is of documents. Errors: no thread.
    pub fn start(&self, config: &Config, once: bool, stop: &Stop) -> io::Result<Vec<JoinHandle<()>>> {
        let due = config.sources.iter().zip(&self.0).filter(|(_, post)| !post.is_idle());
        let start = |(source, post): (&Source, &Arc<Post>)| {
            let (source, post, stop) = (source.clone(), Arc::clone(post), stop.clone());
            let thread = thread::Builder::new().name(format!("source {}", source.name));
            let work = Work { source, places: Places::of(config), once, stop, post };
            thread.spawn(move || work.run())
        };
        due.map(start).collect()
    }

    /// How they stand.
    pub fn standing(&self) -> Vec<Standing> {
        self.0.iter().map(|post| post.standing().clone()).collect()
    }

    /// Whether everything there was is read.
    pub fn is_idle(&self) -> bool {
        self.0.iter().all(|post| post.is_idle())
    }
}

impl Post {
    fn standing(&self) -> std::sync::MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.is_idle.load(Ordering::SeqCst)
    }

    /// Shows how the source stands; what went wrong newly is said aloud.
    fn show(&self, standing: Standing) {
        let mut shown = self.standing();
        let what = |standing: &Standing| {
            standing.failure.as_ref().filter(|_| standing.is_failing).map(|one| (one.place.clone(), one.what.clone()))
        };
        if let Some(failure) =
            standing.failure.as_ref().filter(|_| what(&standing) != what(&shown) && standing.is_failing)
        {
            let (name, place, said, mend) = (&standing.name, &failure.place, &failure.what, &failure.mend);
            eprintln!("wardlight: source `{name}`: {place}: {said}; {mend}");
        }
        *shown = standing;
    }
}

/// What one thread does.
struct Work {
    source: Source,
    places: Places,
    once: bool,
    stop: Stop,
    post: Arc<Post>,
}

impl Work {
    fn run(&self) {
        let every = Duration::from_secs(self.source.every_s);
        while !self.stop.is_wanted() {
            // A mistake in an importer is this source's trouble and nobody else's.
            match catch_unwind(AssertUnwindSafe(|| self.follow(every))) {
                Ok(Ok(())) => return,
                Ok(Err(trouble)) => self.fail(trouble),
                Err(_) => self.fail(Trouble::broken_off(&self.source.place())),
            }
            if self.once {
                break;
            }
            self.stop.wait(every);
        }
        self.post.is_idle.store(true, Ordering::SeqCst);
    }

    /// Follows the source until everything shall end. Errors: why it cannot be followed now.
    fn follow(&self, every: Duration) -> Result<(), Trouble> {
        if let Some(address) = self.source.listens() {
            return flows::listen(address, self);
        }
        let mut documents = Documents::open(&self.source, &self.places, &self.stop)?;
        while !self.stop.is_wanted() {
            let is_settled = documents.look();
            self.show(&documents.memory().kept);
            if is_settled && self.once {
                self.post.is_idle.store(true, Ordering::SeqCst);
                return Ok(());
            }
            self.stop.wait(if is_settled { every } else { every.min(SETTLE) });
        }
        Ok(())
    }

    fn show(&self, kept: &kept::Kept) {
        self.post.show(Standing::of(&self.source, kept, now()));
    }

    fn fail(&self, trouble: Trouble) {
        self.post.show(Standing::failing(&self.source, trouble, now()));
    }
}
