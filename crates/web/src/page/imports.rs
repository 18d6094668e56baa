//! What other systems know: a document is looked at first, its columns are set right, then it is taken in, and can be taken
//! back.
//!
//! A document that was brought is held in memory until it is taken in or an hour has gone by; it reaches no disk.

mod held;
mod upload;

use crate::answer::{self, Wrong};
use crate::guard::Visitor;
use crate::house::{Document, Report};
use crate::part::form::Sent;
use crate::part::frame::Frame;
use crate::part::words::{counted, moment};
use crate::route::{Entry, Need, Route};
use crate::site::Site;
use askama::Template;
use axum::Extension;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use held::Held;
pub use held::Uploads;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use wardlight_access::Action;
use wardlight_ingest::mapping::{By, Column, Mapping, Meaning, USED};
use wardlight_ingest::source::ENTRIES;
use wardlight_model::journal::Command;
use wardlight_model::{AssetField, Id};

/// The page.
pub static ENTRY: Entry = Entry { routes };

fn routes() -> Vec<Route> {
    let import = Need::Right(Action::Import);
    vec![
        Route::new("/imports", get(show)).needs(Need::Right(Action::SeeImports)),
        Route::new("/imports/new", post(upload::bring).layer(DefaultBodyLimit::max(upload::MOST))).needs(import),
        Route::new("/imports/new/{upload}", get(look).post(again)).needs(import),
        Route::new("/imports/new/{upload}/take", post(take)).needs(import),
        Route::new("/imports/undo", post(undo)).needs(Need::Right(Action::UndoImport)),
    ]
}

/// Troubles listed; more are counted.
const TROUBLES: usize = 100;

#[derive(Template)]
#[template(path = "page/imports/page.html")]
struct Page {
    frame: Frame,
    verdict: String,
    /// Of each source its runs, newest first.
    sources: Vec<(String, String, Vec<Run>)>,
    importers: Vec<(&'static str, &'static str)>,
    may_import: bool,
    may_undo: bool,
    /// What is carried out of what is written down.
    progress: [u64; 2],
}

struct Run {
    id: String,
    read: String,
    rows: String,
    is_whole: bool,
}

async fn show(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Wrong> {
    visitor.check(&site, Action::SeeImports, None)?;
    let sources = site.parts().database.sources().await?;
    let runs: usize = sources.iter().map(|source| source.runs.len()).sum();
    let verdict = match runs {
        0 => "No other system was asked yet. Take in an export of the maintenance system first: it names most devices."
            .to_owned(),
        _ => format!("{} systems told what they know, in {} runs.", counted(sources.len()), counted(runs)),
    };
    let shown = sources.into_iter().map(|source| {
        let runs = source.runs.iter().rev().map(|run| Run {
            id: run.id.to_string(),
            read: moment(run.read),
            rows: counted(usize::try_from(run.rows).unwrap_or(usize::MAX)),
            is_whole: run.is_whole,
        });
        (source.name, source.importer, runs.collect())
    });
    Ok(answer::page(&Page {
        frame: Frame::of(&site, &visitor, "Imports", "/imports"),
        verdict,
        sources: shown.collect(),
        importers: importers(),
        may_import: visitor.may_everywhere(&site, Action::Import),
        may_undo: visitor.may_everywhere(&site, Action::UndoImport),
        progress: site.parts().house.standing().journal,
    }))
}

/// Every importer: its name, and what it reads.
fn importers() -> Vec<(&'static str, &'static str)> {
    ENTRIES.iter().map(|entry| (entry.info().name, entry.info().what)).collect()
}

#[derive(Template)]
#[template(path = "page/imports/new.html")]
struct New {
    frame: Frame,
    upload: String,
    name: String,
    verdict: String,
    is_broken: bool,
    importer: &'static str,
    importers: Vec<(&'static str, &'static str)>,
    called: String,
    is_whole: bool,
    /// What became of rows: name and count.
    rows: Vec<(&'static str, String)>,
    troubles: Vec<(u64, &'static str, String)>,
    /// Troubles not listed; empty for none.
    more: String,
    columns: Vec<Mapped>,
    meanings: Vec<(&'static str, String)>,
    /// The run, once it was taken in.
    taken: String,
    may_undo: bool,
}

/// One column, and what it is taken for.
struct Mapped {
    /// Its place in the form.
    at: usize,
    header: String,
    /// The meaning's name; empty for none.
    is: &'static str,
    why: &'static str,
    sure: u8,
    is_used: bool,
}

async fn look(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(upload): Path<String>,
) -> Result<Response, Wrong> {
    visitor.check(&site, Action::Import, None)?;
    let (document, report, is_taken) = site.uploads().of(&upload, visitor.account, site.now()).ok_or_else(gone)?;
    let page = New {
        frame: Frame::of(&site, &visitor, "Take in a document", "/imports"),
        verdict: verdict(&report, is_taken),
        is_broken: report.broken.is_some(),
        importer: report.importer,
        importers: importers(),
        called: if document.called.is_empty() { report.importer.to_owned() } else { document.called.clone() },
        is_whole: document.is_whole,
        rows: rows(&report),
        troubles: troubles(&report),
        more: more(&report),
        columns: report.mapping.as_ref().map(columns).unwrap_or_default(),
        meanings: meanings(),
        taken: if is_taken { report.run.to_string() } else { String::new() },
        may_undo: visitor.may_everywhere(&site, Action::UndoImport),
        name: document.name.clone(),
        upload,
    };
    Ok(answer::page(&page))
}

fn gone() -> Wrong {
    Wrong::Senseless("The document is not held any more: bring it again.".to_owned())
}

fn verdict(report: &Report, is_taken: bool) -> String {
    let rows = counted(usize::try_from(report.tally.rows).unwrap_or(usize::MAX));
    match (&report.broken, is_taken) {
        (Some(why), false) => format!("It cannot be read to its end: {why}. Nothing was taken in."),
        (Some(why), true) => format!("It could not be read to its end: {why}. What stood before that was taken in."),
        (None, false) => format!("{rows} rows were read. Nothing is taken in yet: look at what became of them first."),
        (None, true) => format!("{rows} rows were taken in. Lists follow within a minute; it can be taken back."),
    }
}

fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let tally = &report.tally;
    let all = [
        ("as they stood", tally.accepted),
        ("mended", tally.mended),
        ("set aside", tally.set_aside),
        ("of them name no device", tally.silent),
    ];
    all.map(|(what, count)| (what, counted(usize::try_from(count).unwrap_or(usize::MAX)))).into()
}

fn troubles(report: &Report) -> Vec<(u64, &'static str, String)> {
    let told = |trouble: &wardlight_ingest::Trouble| {
        (trouble.row, if trouble.is_mended { "mended" } else { "set aside" }, trouble.what.clone())
    };
    report.troubles.iter().take(TROUBLES).map(told).collect()
}

fn more(report: &Report) -> String {
    let hidden = u64::try_from(report.troubles.len().saturating_sub(TROUBLES)).unwrap_or(u64::MAX);
    match hidden.saturating_add(report.more) {
        0 => String::new(),
        more => counted(usize::try_from(more).unwrap_or(usize::MAX)),
    }
}

fn columns(mapping: &Mapping) -> Vec<Mapped> {
    let mapped = |(at, column): (usize, &Column)| Mapped {
        at,
        header: column.header.clone(),
        is: column.is.map(Meaning::name).unwrap_or_default(),
        why: match column.by {
            By::User => "you said so",
            By::Header if column.is.is_some() => "its header",
            By::Values if column.is.is_some() => "its values",
            _ => "nothing says",
        },
        sure: column.confidence,
        is_used: column.is.is_some() && column.confidence >= USED,
    };
    mapping.columns.iter().enumerate().map(mapped).collect()
}

/// What a column can mean: name and words.
fn meanings() -> Vec<(&'static str, String)> {
    let own = [
        (Meaning::Ignored, "nothing for us"),
        (Meaning::Key, "the row's own key"),
        (Meaning::AsOf, "when the row was last changed"),
    ];
    let field = |field: AssetField| {
        let name = field.name();
        (name, name.replacen('.', ": ", 1).replace('_', " "))
    };
    let own = own.map(|(meaning, words)| (meaning.name(), words.to_owned()));
    own.into_iter().chain(AssetField::ALL.iter().copied().map(field)).collect()
}

/// What is said of the document: what it is, and what its columns mean, `is.` and the column's place.
type Said = BTreeMap<String, String>;

/// The document as `said` has it.
fn told(mut document: Document, report: &Report, said: &Said) -> Document {
    let text = |name: &str| said.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    document.called = text("called");
    document.importer = text("importer");
    document.is_whole = said.contains_key("whole");
    if let Some(mapping) = &report.mapping {
        let column = |(at, column): (usize, &Column)| {
            let is = Meaning::named(said.get(&format!("is.{at}"))?)?;
            // What was not touched stays as it was found.
            (column.is != Some(is) || column.by == By::User).then(|| Column {
                header: column.header.clone(),
                is: Some(is),
                by: By::User,
                confidence: 100,
            })
        };
        let columns = mapping.columns.iter().enumerate().filter_map(column).collect();
        document.mapping = Some(Mapping { system: None, columns });
    }
    document
}

/// Looks at the document again, as somebody says what it is.
async fn again(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(upload): Path<String>,
    Sent(said): Sent<Said>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::Import, None)?;
    let (document, report, _) = site.uploads().of(&upload, visitor.account, site.now()).ok_or_else(gone)?;
    let document = Document { is_trial: true, ..told(document, &report, &said) };
    let report = site.parts().house.read(document.clone()).await?;
    site.uploads().put(&upload, visitor.account, Held { document, report, at: site.now(), is_taken: false });
    Ok(Redirect::to(&format!("/imports/new/{upload}")))
}

/// Takes the document in.
async fn take(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Path(upload): Path<String>,
    Sent(()): Sent<()>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::Import, None)?;
    // Pressed twice it is taken in once.
    let Some(_turn) = site.take_key(Sha256::digest(upload.as_bytes()).into()) else { return Err(Wrong::Wait(2)) };
    let (document, _, is_taken) = site.uploads().of(&upload, visitor.account, site.now()).ok_or_else(gone)?;
    if !is_taken {
        let document = Document { is_trial: false, ..document };
        let report = site.parts().house.read(document.clone()).await?;
        // Its bytes are needed no more.
        let document = Document { bytes: std::sync::Arc::default(), ..document };
        site.uploads().put(&upload, visitor.account, Held { document, report, at: site.now(), is_taken: true });
    }
    Ok(Redirect::to(&format!("/imports/new/{upload}")))
}

#[derive(serde::Deserialize)]
struct Undo {
    run: String,
}

async fn undo(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    Sent(form): Sent<Undo>,
) -> Result<Redirect, Wrong> {
    visitor.check(&site, Action::UndoImport, None)?;
    let run: Id = form.run.parse().map_err(|_| Wrong::Nothing)?;
    site.decide(&visitor, Command::UndoImport(run)).await?;
    Ok(Redirect::to("/imports"))
}
