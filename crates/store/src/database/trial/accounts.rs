//! What any engine must do with accounts and what is theirs.

use super::super::{
    Account, Database, Emergency, Factor, Identity, Pass, StoreError, StoredAnswer, StoredGrant, StoredSession,
    StoredToken, View,
};
use super::Bench;
use super::cases::run;
use super::copies::everything;
use super::sample::id;
use std::time::Duration;
use wardlight_model::{Id, Time};

const PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

fn account(last: u8, name: &str) -> Account {
    Account {
        id: id(last),
        name: name.to_owned(),
        shown: "Anna Öst".to_owned(),
        password: Some(PASSWORD.to_owned()),
        is_disabled: false,
        is_break_glass: last > 100,
        made: Time::from_seconds(last.into()),
    }
}

fn grant(last: u8, role: &str) -> StoredGrant {
    let (from, until) = (Time::from_seconds(-1), Some(Time::from_seconds(9)));
    StoredGrant { account: id(last), role: role.to_owned(), area: Some(id(77)), from, until }
}

fn factor(last: u8, of: u8) -> Factor {
    Factor {
        id: id(last),
        account: id(of),
        kind: "totp".to_owned(),
        title: "phone".to_owned(),
        sealed: vec![0, 255, 7],
        made: Time::from_seconds(1),
        used: None,
        step: None,
    }
}

fn session(last: u8, of: u8) -> StoredSession {
    StoredSession {
        hash: [last; 32],
        account: id(of),
        begun: Time::from_seconds(last.into()),
        seen: Time::from_seconds(50),
        stepped_up: None,
        is_break_glass: false,
    }
}

fn token(last: u8, of: u8) -> StoredToken {
    StoredToken {
        id: id(last),
        account: id(of),
        title: "CMMS".to_owned(),
        hash: [last; 32],
        actions: vec!["see-devices".to_owned(), "a \"quoted\"\u{0}, one".to_owned()],
        made: Time::from_seconds(1),
        until: Time::from_seconds(99),
        used: None,
    }
}

fn view(last: u8, account: Option<u8>, role: Option<&str>) -> View {
    View {
        id: id(last),
        account: account.map(id),
        role: role.map(str::to_owned),
        page: "devices".to_owned(),
        title: "pumps in the East".to_owned(),
        address: "/devices?q=pump".to_owned(),
        made: Time::from_seconds(1),
    }
}

fn pass(last: u8, of: u8, kind: &str) -> Pass {
    let until = (last > 100).then(|| Time::from_seconds(99));
    Pass { hash: [last; 32], account: id(of), kind: kind.to_owned(), made: Time::from_seconds(1), until }
}

fn identity(subject: &str, of: u8) -> Identity {
    let issuer = "https://id.example".to_owned();
    Identity { issuer, subject: subject.to_owned(), account: id(of), made: Time::from_seconds(1) }
}

fn emergency(last: u8, of: u8) -> Emergency {
    Emergency { id: id(last), account: id(of), begun: Time::from_seconds(1), seen_by: None, seen: None }
}

/// Something in every table of accounts.
async fn fill(database: &Database) {
    assert!(database.put_first_account(&account(1, "anna"), &[grant(1, "admin")]).await.unwrap());
    database.put_factor(&Factor { step: Some(3), used: Some(Time::from_seconds(2)), ..factor(2, 1) }).await.unwrap();
    database.put_session(&session(3, 1)).await.unwrap();
    database.put_token(&token(4, 1)).await.unwrap();
    database.put_view(&view(5, Some(1), None)).await.unwrap();
    database.put_pass(&pass(6, 1, "break-glass")).await.unwrap();
    assert!(database.put_identity(&identity("4711", 1)).await.unwrap());
    database.put_emergency(&emergency(7, 1)).await.unwrap();
}

pub(super) async fn accounts_are_kept_and_found_by_name_in_any_case(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let all = [account(3, "Bob"), account(2, "straße"), account(101, "ZOË")];
    for account in &all {
        assert!(database.put_account(account).await.unwrap());
    }
    let bare = Account { password: None, is_disabled: true, ..account(4, "anna") };
    assert!(database.put_account(&bare).await.unwrap());
    database.close().await;
    let database = Database::open(&wanted).await.unwrap();
    let [bob, strasse, zoe] = all;
    assert_eq!(database.accounts().await.unwrap(), [bare.clone(), bob.clone(), strasse.clone(), zoe.clone()]);
    for (name, found) in [("BOB", &bob), ("zoë", &zoe), ("STRASSE", &strasse), ("Anna", &bare)] {
        assert_eq!(database.account_named(name).await.unwrap().as_ref(), Some(found), "{name}");
    }
    assert_eq!(database.account(id(101)).await.unwrap(), Some(zoe));
    for name in ["", "bo", "bob ", "%", "zoe"] {
        assert_eq!(database.account_named(name).await.unwrap(), None, "{name}");
    }
    assert_eq!(database.account(id(9)).await.unwrap(), None);
}

pub(super) async fn no_two_accounts_have_one_name(bench: &Bench) {
    let database = bench.open().await;
    assert!(database.put_account(&account(1, "anna")).await.unwrap());
    assert!(!database.put_account(&account(2, "ANNA")).await.unwrap());
    assert_eq!(database.account(id(2)).await.unwrap(), None);
    assert!(database.put_account(&account(2, "bob")).await.unwrap());
    assert!(!database.put_account(&account(2, "Anna")).await.unwrap(), "nor by a change of the name");
    assert_eq!(database.account(id(2)).await.unwrap(), Some(account(2, "bob")));
    let changed = Account { is_disabled: true, password: None, ..account(1, "Anna") };
    assert!(database.put_account(&changed).await.unwrap(), "its own name is free to it, in any case");
    assert_eq!(database.account_named("anna").await.unwrap(), Some(changed));
    assert!(database.put_account(&account(1, "carla")).await.unwrap());
    assert!(database.put_account(&account(3, "anna")).await.unwrap(), "the name that was given up is free");
    // Also what goes round the check is held off by the engine.
    let mut session = database.engine.write().await.unwrap();
    let twice = "UPDATE account SET folded = 'x'";
    assert!(matches!(session.script(twice, twice).await, Err(StoreError::Refused { .. })));
}

/// Many at once, through doors of their own.
async fn at_once<F: Future<Output = bool> + Send + 'static>(
    settings: &super::Settings,
    tried: impl Fn(Database, u8) -> F,
) -> Vec<bool> {
    let mut doors = Vec::new();
    for _ in 0..8 {
        doors.push(Database::open(settings).await.unwrap());
    }
    let running: Vec<_> = doors.into_iter().zip(0..).map(|(door, n)| tokio::spawn(tried(door, n))).collect();
    let mut done = Vec::new();
    for one in running {
        done.push(one.await.unwrap());
    }
    done
}

fn wins(done: &[bool]) -> usize {
    done.iter().filter(|won| **won).count()
}

pub(super) async fn of_two_at_once_one_gets_the_name(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    for round in 0..5 {
        let name = move |n| if n % 2 == 0 { format!("anna{round}") } else { format!("ANNA{round}") };
        let put = move |database: Database, n: u8| async move {
            database.put_account(&account(10 * round + n, &name(n))).await.unwrap()
        };
        assert_eq!(wins(&at_once(&wanted, put).await), 1, "round {round}");
    }
    assert_eq!(database.accounts().await.unwrap().len(), 5);
}

pub(super) async fn the_first_account_is_made_once(bench: &Bench) {
    for _ in 0..3 {
        let wanted = bench.settings();
        let database = Database::open(&wanted).await.unwrap();
        let first = |database: Database, n: u8| async move {
            let name = format!("admin{n}");
            database.put_first_account(&account(n, &name), &[grant(n, "admin")]).await.unwrap()
        };
        let done = at_once(&wanted, first).await;
        assert_eq!(wins(&done), 1, "{done:?}");
        let won = u8::try_from(done.iter().position(|won| *won).unwrap()).unwrap();
        assert_eq!(database.accounts().await.unwrap(), [account(won, &format!("admin{won}"))]);
        for n in 0..8 {
            let wanted = if n == won { vec![grant(n, "admin")] } else { Vec::new() };
            assert_eq!(database.grants(id(n)).await.unwrap(), wanted, "only with the account its grants are written");
        }
        assert!(!database.put_first_account(&account(99, "late"), &[]).await.unwrap());
    }
}

pub(super) async fn grants_are_replaced_whole(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let bare = StoredGrant { area: None, until: None, ..grant(1, "auditor") };
    let several = [grant(1, "vendor"), bare.clone(), grant(1, "analyst"), grant(1, "vendor")];
    database.put_grants(id(1), &several).await.unwrap();
    database.put_grants(id(2), std::slice::from_ref(&bare)).await.unwrap();
    assert_eq!(database.grants(id(1)).await.unwrap(), several, "in their order, also twice the same");
    assert_eq!(
        database.grants(id(2)).await.unwrap(),
        [StoredGrant { account: id(2), ..bare }],
        "whose it is, is asked"
    );
    // One writes eight, the next seven: what is left is of one of them.
    let put = |database: Database, n: u8| async move {
        let grants = vec![grant(1, &n.to_string()); usize::from(8 - n)];
        database.put_grants(id(1), &grants).await.unwrap();
        true
    };
    for round in 0..5 {
        at_once(&wanted, put).await;
        let left = database.grants(id(1)).await.unwrap();
        let n: u8 = left[0].role.parse().unwrap();
        assert_eq!(left, vec![grant(1, &n.to_string()); usize::from(8 - n)], "round {round}");
    }
    database.put_grants(id(1), &[]).await.unwrap();
    assert_eq!(database.grants(id(1)).await.unwrap(), []);
    assert_eq!(database.grants(id(2)).await.unwrap().len(), 1);
}

pub(super) async fn a_step_is_spent_once(bench: &Bench) {
    let wanted = bench.settings();
    let database = Database::open(&wanted).await.unwrap();
    let (one, other) = (factor(1, 9), Factor { kind: "recovery".to_owned(), ..factor(2, 9) });
    for factor in [&one, &other, &factor(3, 8)] {
        database.put_factor(factor).await.unwrap();
    }
    assert_eq!(database.factors(id(9)).await.unwrap(), [one.clone(), other.clone()]);
    let now = Time::from_seconds(60);
    for step in [5, 6] {
        let spend = move |database: Database, _| async move { database.spend_step(id(1), step, now).await.unwrap() };
        assert_eq!(wins(&at_once(&wanted, spend).await), 1, "step {step}");
    }
    for step in [0, 5, 6] {
        assert!(!database.spend_step(id(1), step, now).await.unwrap(), "{step} is not after 6");
    }
    let spent = Factor { used: Some(now), step: Some(6), ..one.clone() };
    assert_eq!(database.factors(id(9)).await.unwrap(), [spent.clone(), other.clone()], "and of no other");
    database.put_factor(&Factor { title: "new phone".to_owned(), sealed: vec![1], ..one }).await.unwrap();
    let renamed = Factor { title: "new phone".to_owned(), sealed: vec![1], ..spent };
    assert_eq!(database.factors(id(9)).await.unwrap(), [renamed, other], "what was used stays used");
    assert!(!database.spend_step(id(1), 6, now).await.unwrap());
    database.drop_factor(id(1)).await.unwrap();
    assert!(!database.spend_step(id(1), 7, now).await.unwrap(), "it is gone");
    assert_eq!((database.factors(id(9)).await.unwrap().len(), database.factors(id(8)).await.unwrap().len()), (1, 1));
}

pub(super) async fn an_answer_is_kept_until_it_is_old(bench: &Bench) {
    let database = bench.open().await;
    let answer = |key: u8, second: i64| StoredAnswer {
        key: [key; 32],
        request: [9; 32],
        status: 201,
        body: "{}".to_owned(),
        made: Time::from_seconds(second),
    };
    for kept in [answer(1, 5), answer(2, 6)] {
        database.put_answer(&kept).await.unwrap();
    }
    assert_eq!(database.answer(&[1; 32]).await.unwrap(), Some(answer(1, 5)));
    assert_eq!(database.drop_answers_before(Time::from_seconds(6)).await.unwrap(), 1);
    assert_eq!(database.answer(&[1; 32]).await.unwrap(), None);
    assert_eq!(database.answer(&[2; 32]).await.unwrap(), Some(answer(2, 6)));
}

pub(super) async fn a_session_that_ended_stays_so(bench: &Bench) {
    let database = bench.open().await;
    for kept in [session(1, 9), session(2, 9), session(3, 8), session(4, 7)] {
        database.put_session(&kept).await.unwrap();
    }
    assert_eq!(database.session(&[1; 32]).await.unwrap(), Some(session(1, 9)));
    let [early, late] = [40, 60].map(Time::from_seconds);
    assert!(database.touch_session(&[1; 32], late).await.unwrap());
    assert!(database.touch_session(&[1; 32], early).await.unwrap(), "it is there");
    assert!(database.step_up_session(&[1; 32], early).await.unwrap());
    let used = StoredSession { seen: late, stepped_up: Some(early), ..session(1, 9) };
    assert_eq!(
        database.session(&[1; 32]).await.unwrap(),
        Some(used),
        "the later time counts, and neither undoes the other"
    );
    assert!(database.renew_session(&[1; 32], &[6; 32], late).await.unwrap());
    assert_eq!(database.session(&[1; 32]).await.unwrap(), None, "the old token opens nothing");
    let renewed = StoredSession { hash: [6; 32], seen: late, stepped_up: Some(late), ..session(1, 9) };
    assert_eq!(database.session(&[6; 32]).await.unwrap(), Some(renewed));
    assert!(!database.renew_session(&[1; 32], &[7; 32], late).await.unwrap(), "it was ended meanwhile");
    database.drop_session(&[6; 32]).await.unwrap();
    assert!(!database.touch_session(&[1; 32], late).await.unwrap());
    assert!(!database.step_up_session(&[1; 32], late).await.unwrap());
    assert_eq!(database.session(&[1; 32]).await.unwrap(), None, "it was not brought back");
    assert_eq!(database.session(&[2; 32]).await.unwrap(), Some(session(2, 9)));
    database.put_session(&session(5, 9)).await.unwrap();
    database.drop_other_sessions(id(9), &[2; 32]).await.unwrap();
    assert_eq!(database.sessions(id(9)).await.unwrap(), [session(2, 9)]);
    assert_eq!(database.sessions(id(7)).await.unwrap().len(), 1, "others keep theirs");
    database.drop_sessions(id(9)).await.unwrap();
    assert_eq!(database.session(&[2; 32]).await.unwrap(), None);
    assert_eq!(database.drop_sessions_before(Time::from_seconds(4)).await.unwrap(), 1);
    assert_eq!(database.session(&[3; 32]).await.unwrap(), None);
    assert_eq!(database.session(&[4; 32]).await.unwrap(), Some(session(4, 7)));
}

pub(super) async fn a_token_that_was_taken_away_stays_so(bench: &Bench) {
    let database = bench.open().await;
    for kept in [token(2, 9), token(1, 9), token(3, 8)] {
        database.put_token(&kept).await.unwrap();
    }
    assert_eq!(database.tokens(id(9)).await.unwrap(), [token(1, 9), token(2, 9)]);
    let now = Time::from_seconds(60);
    assert!(database.use_token(id(1), now).await.unwrap());
    assert!(database.use_token(id(1), Time::from_seconds(50)).await.unwrap());
    assert_eq!(database.token(id(1)).await.unwrap(), Some(StoredToken { used: Some(now), ..token(1, 9) }));
    database.drop_token(id(1)).await.unwrap();
    assert!(!database.use_token(id(1), now).await.unwrap());
    assert_eq!(database.token(id(1)).await.unwrap(), None);
    assert_eq!(database.tokens(id(9)).await.unwrap(), [token(2, 9)]);
    assert_eq!(database.tokens(id(8)).await.unwrap(), [token(3, 8)]);
}

pub(super) async fn grants_of_all_are_found_at_once(bench: &Bench) {
    let database = bench.open().await;
    for account in [9, 3] {
        database.put_grants(id(account), &[grant(account, "admin"), grant(account, "auditor")]).await.unwrap();
    }
    let all = [grant(3, "admin"), grant(3, "auditor"), grant(9, "admin"), grant(9, "auditor")];
    assert_eq!(database.all_grants().await.unwrap(), all);
}

pub(super) async fn a_pass_leads_in_until_it_is_taken_away(bench: &Bench) {
    let database = bench.open().await;
    for pass in [pass(1, 9, "set-up"), pass(2, 9, "break-glass"), pass(3, 8, "set-up"), pass(101, 9, "set-up")] {
        database.put_pass(&pass).await.unwrap();
    }
    assert_eq!(database.pass(&[1; 32]).await.unwrap(), None, "the later link took its place");
    assert_eq!(database.pass(&[101; 32]).await.unwrap(), Some(pass(101, 9, "set-up")));
    assert_eq!(database.passes(id(9)).await.unwrap(), [pass(2, 9, "break-glass"), pass(101, 9, "set-up")]);
    assert!(database.drop_pass(&[101; 32]).await.unwrap());
    assert!(!database.drop_pass(&[101; 32]).await.unwrap(), "once");
    assert_eq!(database.passes(id(8)).await.unwrap(), [pass(3, 8, "set-up")]);
}

pub(super) async fn nobody_elsewhere_is_two_accounts(bench: &Bench) {
    let database = bench.open().await;
    assert!(database.put_identity(&identity("a", 1)).await.unwrap());
    assert!(!database.put_identity(&identity("a", 2)).await.unwrap());
    assert!(database.put_identity(&identity("A", 2)).await.unwrap(), "subjects differ by case");
    assert_eq!(database.identity("https://id.example", "a").await.unwrap(), Some(identity("a", 1)));
    assert_eq!(database.identity("https://id.example/", "a").await.unwrap(), None);
    database.drop_identities(id(1)).await.unwrap();
    assert_eq!(database.identities(id(1)).await.unwrap(), []);
    assert_eq!(database.identities(id(2)).await.unwrap(), [identity("A", 2)]);
}

pub(super) async fn an_emergency_stands_until_somebody_took_note(bench: &Bench) {
    let (database, now) = (bench.open().await, Time::from_seconds(5));
    for kept in [emergency(1, 9), emergency(2, 9)] {
        database.put_emergency(&kept).await.unwrap();
    }
    assert!(database.see_emergency(id(1), id(8), now).await.unwrap());
    assert!(!database.see_emergency(id(1), id(7), now).await.unwrap(), "the first who did stays");
    assert_eq!(database.open_emergencies().await.unwrap(), [emergency(2, 9)]);
    let seen = Emergency { seen_by: Some(id(8)), seen: Some(now), ..emergency(1, 9) };
    assert_eq!(database.emergencies(id(9)).await.unwrap(), [seen, emergency(2, 9)]);
}

pub(super) async fn what_is_sealed_is_exchanged_once(bench: &Bench) {
    let (database, now) = (bench.open().await, Time::from_seconds(5));
    for kept in [factor(1, 9), factor(2, 8)] {
        database.put_factor(&kept).await.unwrap();
    }
    assert!(database.exchange_factor(id(1), &[0, 255, 7], &[1], now).await.unwrap());
    assert!(!database.exchange_factor(id(1), &[0, 255, 7], &[2], now).await.unwrap());
    let [kept] = database.factors(id(9)).await.unwrap().try_into().unwrap();
    assert_eq!((kept.sealed, kept.used), (vec![1], Some(now)));
    database.drop_factors(id(9)).await.unwrap();
    assert_eq!(database.factors(id(9)).await.unwrap(), []);
    assert_eq!(database.factors(id(8)).await.unwrap(), [factor(2, 8)]);
}

pub(super) async fn a_view_is_seen_by_those_it_is_for(bench: &Bench) {
    let database = bench.open().await;
    let elsewhere = View { page: "flows".to_owned(), ..view(6, Some(9), None) };
    let (own, foreign) = (view(1, Some(9), None), view(2, Some(8), Some("analyst")));
    let (shared, other, all) = (view(3, None, Some("analyst")), view(4, None, Some("auditor")), view(5, None, None));
    for view in [&own, &foreign, &shared, &other, &all, &elsewhere] {
        database.put_view(view).await.unwrap();
    }
    let seen = async |roles: &[&str], page| database.views(id(9), roles, page).await.unwrap();
    assert_eq!(seen(&["analyst"], "devices").await, [own.clone(), shared.clone(), all.clone()]);
    assert_eq!(seen(&["analyst", "auditor"], "devices").await, [own.clone(), shared, other, all.clone()]);
    assert_eq!(seen(&[], "devices").await, [own, all.clone()]);
    assert_eq!(seen(&["analyst"], "flows").await, [elsewhere]);
    assert_eq!(database.view(id(2)).await.unwrap(), Some(foreign));
    let given = View { account: None, title: "ours".to_owned(), ..view(2, None, None) };
    database.put_view(&given).await.unwrap();
    database.drop_view(id(1)).await.unwrap();
    assert_eq!(seen(&[], "devices").await, [given, all]);
    assert_eq!(database.view(id(1)).await.unwrap(), None);
}

/// Out of either engine, into either engine; nobody is logged in to a copy.
pub(super) async fn a_backup_carries_accounts_and_no_session(bench: &Bench) {
    let (database, path) = (bench.open().await, bench.path("backup.db"));
    let _ = database.commit(&everything(), 9).await.unwrap();
    fill(&database).await;
    database.backup_to(&path).await.unwrap();
    let other = Bench::sqlite();
    for bench in [bench, &other] {
        let restored = bench.open().await;
        assert_eq!(restored.restore_from(&path).await.unwrap(), 9);
        assert_eq!(restored.dump().await.unwrap(), database.dump().await.unwrap());
        assert_eq!(restored.accounts().await.unwrap(), [account(1, "anna")]);
        assert_eq!(restored.grants(id(1)).await.unwrap(), [grant(1, "admin")]);
        assert_eq!(restored.factors(id(1)).await.unwrap(), database.factors(id(1)).await.unwrap());
        assert!(!restored.spend_step(id(2), 3, Time::from_seconds(9)).await.unwrap(), "what was used stays used");
        assert_eq!(restored.tokens(id(1)).await.unwrap(), [token(4, 1)]);
        assert_eq!(restored.view(id(5)).await.unwrap(), Some(view(5, Some(1), None)));
        assert_eq!(restored.passes(id(1)).await.unwrap(), [pass(6, 1, "break-glass")]);
        assert_eq!(restored.identities(id(1)).await.unwrap(), [identity("4711", 1)]);
        assert_eq!(restored.open_emergencies().await.unwrap(), [emergency(7, 1)]);
        assert_eq!(restored.session(&[3; 32]).await.unwrap(), None);
        assert!(!restored.put_first_account(&account(9, "thief"), &[]).await.unwrap());
    }
    assert_eq!(database.session(&[3; 32]).await.unwrap(), Some(session(3, 1)));
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(32).any(|window| window == [3; 32]), "the session's hash is in the copy");
    let taken = bench.open().await;
    assert!(taken.put_account(&account(2, "bob")).await.unwrap());
    let error = taken.restore_from(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty { .. }), "{error:?}");
}

pub(super) async fn accounts_are_no_part_of_the_state_that_is_compared(bench: &Bench) {
    let database = bench.open().await;
    let _ = database.commit(&everything(), 9).await.unwrap();
    let (dump, digest) = (database.dump().await.unwrap(), database.digest().await.unwrap());
    fill(&database).await;
    assert_eq!((database.dump().await.unwrap(), database.digest().await.unwrap()), (dump, digest));
}

/// The state is committed, and accounts are written, at the same time and in any order: nobody waits for ever.
pub(super) async fn accounts_and_commits_do_not_wait_in_a_ring(bench: &Bench) {
    let database = bench.open().await;
    let writer = tokio::spawn({
        let database = database.clone();
        async move {
            for sequence in 1..=20 {
                let _ = database.commit(&everything(), sequence).await.unwrap();
            }
        }
    });
    let all = async {
        for n in 0..20 {
            assert!(database.put_account(&account(n, &format!("a{n}"))).await.unwrap());
            database.put_grants(id(n), &[grant(n, "auditor")]).await.unwrap();
        }
        writer.await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("both come to their end");
    assert_eq!((database.sequence().await.unwrap(), database.accounts().await.unwrap().len()), (20, 20));
}

pub(super) async fn an_account_that_cannot_be_read_is_damage(bench: &Bench) {
    let database = bench.open().await;
    fill(&database).await;
    run(&database, "UPDATE api_token SET actions = 'PATIENT-4711'").await;
    run(&database, "UPDATE factor SET step = -1").await;
    run(&database, "UPDATE session SET account = hash").await;
    let errors = [
        database.token(id(4)).await.unwrap_err(),
        database.factors(id(1)).await.unwrap_err(),
        database.session(&[3; 32]).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("4711"), "{error:?}");
    }
}

#[test]
fn what_stands_for_a_secret_is_not_shown() {
    let (hash, sealed) = ([0xa7; 32], vec![0xa7, 0xa7]);
    let shown = [
        format!("{:?}", account(1, "anna")),
        format!("{:?}", Factor { sealed, ..factor(1, 2) }),
        format!("{:?}", StoredSession { hash, ..session(1, 2) }),
        format!("{:?}", StoredToken { hash, ..token(1, 2) }),
        format!("{:?}", Pass { hash, ..pass(1, 2, "set-up") }),
    ];
    for text in shown {
        assert!(!text.contains("argon2") && !text.contains("167") && !text.contains("a7"), "{text}");
        assert!(text.contains(&Id::to_string(&id(1))) || text.contains(&Id::to_string(&id(2))), "{text}");
    }
}
