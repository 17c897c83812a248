use agentdrop_test_support::postgres::TestDatabase;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_a_failure() {
    let setup = Setup::new();
    let data = setup.load().config.data_dir;
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("agentdrop.sqlite3"), [7; 8192]).unwrap();
    assert_line(
        &setup.finding("database").await,
        Verdict::Fail,
        &["file is not a database", "check that the file is intact"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_database_is_a_warning() {
    let setup = Setup::new();
    drop(
        wiring::open_database(&{
            std::fs::create_dir(setup.load().config.data_dir).unwrap();
            setup.load().config
        })
        .await
        .unwrap(),
    );
    assert_line(&setup.finding("database").await, Verdict::Warn, &["not up to date; `serve` brings it"]);
    assert_eq!(setup.check("signing key").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_asked_for_its_tables_its_key_and_its_time() {
    let database = TestDatabase::empty().await;
    let setup = Setup::new().set("AGENTDROP_DATABASE_URL", database.url());
    assert_line(&setup.finding("database").await, Verdict::Warn, &["postgres://", "not up to date"]);
    drop(wiring::open(&setup.load().config).await.unwrap());
    assert_line(&setup.finding("database").await, Verdict::Ok, &["is up to date and answers in"]);
    assert_line(&setup.finding("signing key").await, Verdict::Ok, &["kept in the database, its id is "]);
    let clocks = setup.check("clock").await;
    assert_line(&clocks[0], Verdict::Ok, &["as the database's"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreachable_postgres_is_a_failure_that_keeps_the_password() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = Setup::new().set("AGENTDROP_DATABASE_URL", format!("postgres://u:hunter2@{free}/x"));
    let finding = setup.finding("database").await;
    assert_line(&finding, Verdict::Fail, &["Connection refused", "check that Postgres runs"]);
    assert!(!finding.line("x").contains("hunter2"));
    // Said once is enough.
    assert_eq!(setup.check("signing key").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_key_needs_no_database() {
    let setup = Setup::new().set("AGENTDROP_SIGNING_KEY", "k".repeat(32));
    assert_line(&setup.finding("signing key").await, Verdict::Ok, &["configured, its id is "]);
}
