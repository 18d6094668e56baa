//! The suite that both engines must pass, case by case, and what only makes sense with both.

mod accounts;
mod cases;
mod copies;
mod crash;
mod sample;
mod server;
mod tables;

use super::{Database, PATIENCE, Settings};
use server::Server;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use wardlight_model::{Id, Time};

/// Where a case gets its databases from: a folder of its own, and a server for PostgreSQL.
struct Bench {
    folder: tempfile::TempDir,
    server: Option<Arc<Server>>,
    made: AtomicU32,
}

impl Bench {
    fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None, made: AtomicU32::new(0) }
    }

    /// `None`, with a word on the terminal, where PostgreSQL is not installed.
    fn postgres() -> Option<Self> {
        Server::start().map(|server| Self::on(&Arc::new(server)))
    }

    fn on(server: &Arc<Server>) -> Self {
        Self { server: Some(server.clone()), ..Self::sqlite() }
    }

    /// A database that was never there.
    fn settings(&self) -> Settings {
        settings(match &self.server {
            Some(server) => server.create(),
            None => {
                let n = self.made.fetch_add(1, Ordering::Relaxed);
                format!("sqlite:{}", self.path(&format!("case_{n}.db")).display())
            }
        })
    }

    async fn open(&self) -> Database {
        Database::open(&self.settings()).await.unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn settings(url: String) -> Settings {
    Settings { url, site: Id([7; 16]), now: Time::from_seconds(1_700_000_000), patience: PATIENCE }
}

async fn sqlite_at(path: &Path) -> Database {
    Database::open(&settings(format!("sqlite:{}", path.display()))).await.unwrap()
}

/// Each case once on SQLite, as a test of its own, and all of them on one PostgreSQL.
macro_rules! conformance {
    ($($module:ident::$case:ident,)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$module::$case(&super::Bench::sqlite()).await;
            })+
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn postgres() {
            let Some(server) = Server::start().map(Arc::new) else { return };
            $(
                let begin = std::time::Instant::now();
                $module::$case(&Bench::on(&server)).await;
                eprintln!("postgres: {} in {:.1?}", stringify!($case), begin.elapsed());
            )+
        }
    };
}

conformance! {
    cases::a_new_database_is_at_zero_and_keeps_its_site,
    cases::what_was_committed_is_loaded,
    cases::a_sequence_counts_once,
    cases::the_last_change_of_a_row_counts,
    cases::contacts_add_up_and_never_overflow,
    cases::what_is_gone_is_gone,
    cases::any_text_and_number_can_be_kept,
    cases::more_rows_than_a_statement_or_a_page_holds,
    cases::a_failing_commit_changes_nothing,
    cases::two_writers_do_not_lose_anything,
    cases::contacts_are_found_by_either_end_and_hour,
    cases::devices_are_found_by_any_part_of_what_is_known,
    cases::a_fact_of_a_later_version_is_left_out_and_counted,
    cases::a_row_that_cannot_be_read_is_damage,
    cases::segments_are_put_dropped_and_buried,
    cases::how_far_the_history_came_is_kept_with_its_files,
    cases::contacts_go_with_the_last_flows_of_their_hour,
    cases::offsets_are_kept_by_name,
    cases::any_changes_in_any_batches_give_the_same_state,
    copies::a_backup_is_at_one_sequence_while_others_write,
    copies::a_backup_is_restored_into_either_engine,
    copies::a_backup_does_not_overwrite,
    copies::only_an_empty_database_is_restored_into,
    copies::a_backup_of_an_earlier_version_is_brought_up,
    accounts::accounts_are_kept_and_found_by_name_in_any_case,
    accounts::no_two_accounts_have_one_name,
    accounts::of_two_at_once_one_gets_the_name,
    accounts::the_first_account_is_made_once,
    accounts::grants_are_replaced_whole,
    accounts::a_step_is_spent_once,
    accounts::a_session_that_ended_stays_so,
    accounts::an_answer_is_kept_until_it_is_old,
    accounts::a_token_that_was_taken_away_stays_so,
    accounts::grants_of_all_are_found_at_once,
    accounts::a_pass_leads_in_until_it_is_taken_away,
    accounts::nobody_elsewhere_is_two_accounts,
    accounts::an_emergency_stands_until_somebody_took_note,
    accounts::what_is_sealed_is_exchanged_once,
    accounts::a_view_is_seen_by_those_it_is_for,
    accounts::a_backup_carries_accounts_and_no_session,
    accounts::accounts_are_no_part_of_the_state_that_is_compared,
    accounts::accounts_and_commits_do_not_wait_in_a_ring,
    accounts::an_account_that_cannot_be_read_is_damage,
    tables::each_step_may_run_twice,
    tables::all_steps_make_the_schema,
    tables::every_earlier_format_is_brought_up,
    tables::an_earlier_format_is_copied_as_it_is,
    tables::a_later_format_is_refused,
    tables::opening_at_once_makes_one_database,
}
