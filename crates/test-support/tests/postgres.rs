#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use agentdrop_test_support::postgres::{TemplateDatabase, TestDatabase};
use agentdrop_test_support::process::{self, TestProcess};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

const LIMIT: Duration = Duration::from_secs(60);

static TEMPLATE: OnceCell<TemplateDatabase> = OnceCell::const_new();

async fn template() -> &'static TemplateDatabase {
    TEMPLATE
        .get_or_init(|| {
            TemplateDatabase::create(|url| async move {
                let client = connect(&url).await;
                client.batch_execute("CREATE TABLE notes (text text)").await.unwrap();
            })
        })
        .await
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn count_notes(client: &Client) -> i64 {
    client.query_one("SELECT count(*) FROM notes", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn each_database_has_the_templates_schema_and_rows_of_its_own() {
    let (one, other) = (template().await.fresh_database().await, template().await.fresh_database().await);
    let (in_one, in_other) = (connect(one.url()).await, connect(other.url()).await);
    in_one.execute("INSERT INTO notes VALUES ('kept apart')", &[]).await.unwrap();
    assert_eq!(count_notes(&in_one).await, 1);
    assert_eq!(count_notes(&in_other).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_are_made_side_by_side() {
    let template = template().await;
    let databases =
        tokio::join!(template.fresh_database(), template.fresh_database(), template.fresh_database());
    for database in [databases.0, databases.1, databases.2] {
        assert_eq!(count_notes(&connect(database.url()).await).await, 0);
    }
}

#[tokio::test]
async fn a_dropped_database_goes_away_although_somebody_is_connected() {
    let database = template().await.fresh_database().await;
    let name = database_name(&database);
    let _still_connected = connect(database.url()).await;
    let observer = TestDatabase::empty().await;
    let observer = connect(observer.url()).await;
    assert!(exists(&observer, &name).await);
    drop(database);
    // Databases are made and dropped in the order asked for: once this one is there, the other is gone.
    let _later = TestDatabase::empty().await;
    assert!(!exists(&observer, &name).await);
}

/// Names the part that a second process, running the same test, has to play.
const SECOND: &str = "AGENTDROP_TEST_SECOND_PROCESS";

fn is_second_process() -> bool {
    std::env::var_os(SECOND).is_some()
}

fn second_process(test: &str) -> std::process::Command {
    let mut command = process::command(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(SECOND, "1").env_remove("TEST_DATABASE_URL");
    command
}

#[tokio::test]
async fn a_killed_test_process_leaves_neither_postgres_nor_its_folder() {
    if is_second_process() {
        let database = TestDatabase::empty().await;
        let client = connect(database.url()).await;
        let folder: String = client.query_one("SHOW data_directory", &[]).await.unwrap().get(0);
        println!("holds {folder}");
        return std::future::pending().await;
    }
    let mut second =
        TestProcess::spawn(second_process("a_killed_test_process_leaves_neither_postgres_nor_its_folder"));
    let line = second.wait_for_line("holds ", LIMIT).await;
    let data = PathBuf::from(line.split("holds ").nth(1).unwrap());
    let server: u32 = first_line(&data.join("postmaster.pid")).parse().unwrap();
    assert!(process_lives(server));

    second.kill9();

    let gone = async {
        while process_lives(server) || data.parent().unwrap().exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.expect("Postgres stops and its folder goes away");
}

#[tokio::test]
async fn databases_of_a_killed_test_process_are_swept_from_a_lasting_server() {
    const TEST: &str = "databases_of_a_killed_test_process_are_swept_from_a_lasting_server";
    if is_second_process() {
        let database = TestDatabase::empty().await;
        println!("holds {}", database_name(&database));
        return std::future::pending().await;
    }
    let lasting = TestDatabase::empty().await;
    let holder = || {
        let mut command = second_process(TEST);
        command.env("TEST_DATABASE_URL", lasting.url());
        TestProcess::spawn(command)
    };
    let (mut killed, living) = (holder(), holder());
    let left = held_by(&killed).await;
    let used = held_by(&living).await;
    killed.kill9();
    let client = connect(lasting.url()).await;
    wait_until_its_sessions_ended(&client, &left).await;

    let next = holder();
    held_by(&next).await;

    assert!(!exists(&client, &left).await);
    assert!(exists(&client, &used).await);
}

async fn held_by(process: &TestProcess) -> String {
    process.wait_for_line("holds ", LIMIT).await.split("holds ").nth(1).unwrap().to_owned()
}

/// The server notices a killed client a moment later.
async fn wait_until_its_sessions_ended(client: &Client, database: &str) {
    let run = database.rsplit_once('_').unwrap().0;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let ended = async {
        while client.query_one(sessions, &[&run]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, ended).await.expect("the sessions end");
}

async fn exists(client: &Client, database: &str) -> bool {
    let known = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    client.query_one(known, &[&database]).await.unwrap().get(0)
}

fn database_name(database: &TestDatabase) -> String {
    database.url().rsplit('/').next().unwrap().to_owned()
}

fn first_line(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap().lines().next().unwrap().to_owned()
}

fn process_lives(id: u32) -> bool {
    Path::new("/proc").join(id.to_string()).exists()
}
