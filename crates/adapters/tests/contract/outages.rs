use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use agentdrop_adapters::sql::{Location, OpenError, Options, SqlDatabase};
use agentdrop_domain::store::{Database, StoreError};
use agentdrop_test_support::fault::{Direction, Fault, FaultProxy, What};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use super::backend::{OPTIONS, TestDb, commit};
use super::fixtures::{account, id};
use super::transactions::begin_and_leave;

const IMPATIENT: Options = Options { lock_timeout: Duration::from_millis(50), ..OPTIONS };

#[track_caller]
fn assert_outage<T>(outcome: Result<T, StoreError>) {
    match outcome {
        Err(StoreError::Unavailable { contention: false, .. }) => {}
        Err(other) => panic!("no outage: {other:?}"),
        Ok(_) => panic!("it answered"),
    }
}

#[track_caller]
fn assert_contention<T>(outcome: Result<T, StoreError>) {
    match outcome {
        Err(error) if error.is_contention() => {}
        Err(other) => panic!("no contention: {other:?}"),
        Ok(_) => panic!("it answered"),
    }
}

async fn open(path: &Path) -> Result<SqlDatabase, OpenError> {
    SqlDatabase::connect(&Location::File(path.to_owned()), &OPTIONS).await
}

pub async fn a_path_that_cannot_be_opened_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no database, but longer than the header of one ".repeat(9)).unwrap();
    for path in [folder.path().to_owned(), folder.path().join("missing/db"), file.join("db"), file] {
        match open(&path).await {
            Err(OpenError::NoAnswer(error)) => assert_outage::<()>(Err(error)),
            Err(other) => panic!("{}: {other:?}", path.display()),
            Ok(_) => panic!("{} was opened", path.display()),
        }
    }
}

pub async fn a_file_that_vanished_is_an_outage() {
    let db = TestDb::sqlite().await;
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let (file, aside) = (db.file(), db.file().with_extension("aside"));
    // A transaction that is given up closes its connection, so that the next one opens the file again.
    let tx = db.begin().await;
    std::fs::rename(&file, &aside).unwrap();
    drop(tx);
    assert_outage(db.database.begin().await.map(drop));
    assert!(!file.exists(), "no empty database takes its place");
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(db.begin().await.account(id(1)).await.unwrap(), Some(account(1)));
}

pub async fn another_process_that_writes_is_contention() {
    let db = TestDb::sqlite().await;
    let node = db.another_node(IMPATIENT).await;
    let mut other = SqliteConnection::establish(db.file().to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    assert_contention(node.begin().await.map(drop));
    assert_contention(node.migrate().await);
    node.read().await.unwrap().account(id(1)).await.unwrap();
    other.batch_execute("ROLLBACK").unwrap();
    node.begin().await.unwrap().commit().await.unwrap();
}

pub async fn a_lock_held_too_long_is_contention() {
    let db = TestDb::postgres().await;
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let node = db.another_node(IMPATIENT).await;
    let mut holder = db.begin().await;
    holder.lock_accounts(&[id(1)]).await.unwrap();
    let mut waiter = node.begin().await.unwrap();
    assert_contention(waiter.lock_accounts(&[id(1)]).await);
    waiter.rollback().await.unwrap();
    holder.commit().await.unwrap();
    node.begin().await.unwrap().lock_accounts(&[id(1)]).await.unwrap();
}

/// Stands between the adapter and its server; when it is dropped, all connections are cut.
struct Wire {
    _connections: JoinSet<()>,
    address: SocketAddr,
}

impl Wire {
    async fn lay(at: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut carried = JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                carried.spawn(async move {
                    let mut far = TcpStream::connect(to).await.unwrap();
                    // Ends when either side does.
                    let _ended = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { _connections: connections, address }
    }

    async fn cut(mut self) {
        self._connections.shutdown().await;
    }
}

/// The URL of a database and where its server is.
fn server_of(db: &TestDb) -> (Url, SocketAddr) {
    let Location::Postgres(url) = &db.location else { panic!("not on Postgres") };
    let url = Url::parse(url).unwrap();
    let server = url.socket_addrs(|| Some(5432)).unwrap()[0];
    (url, server)
}

fn lead_through(url: &mut Url, address: SocketAddr) {
    url.set_ip_host(address.ip()).unwrap();
    url.set_port(Some(address.port())).unwrap();
}

pub async fn a_server_that_is_gone_is_an_outage_until_it_is_back() {
    let db = TestDb::postgres().await;
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let (mut url, server) = server_of(&db);
    let wire = Wire::lay("127.0.0.1:0".parse().unwrap(), server).await;
    let address = wire.address;
    lead_through(&mut url, address);
    let node = SqlDatabase::connect(&Location::Postgres(url.to_string()), &OPTIONS).await.unwrap();

    let mut tx = node.begin().await.unwrap();
    tx.insert_account(&account(2)).await.unwrap();
    let mut view = node.read().await.unwrap();
    wire.cut().await;
    assert_outage(tx.account(id(1)).await);
    assert_outage(view.account(id(1)).await);
    drop(view);
    assert_outage(tx.commit().await);
    // Well before the time that a call waits for a free connection.
    let at_once = OPTIONS.wait / 4;
    tokio::time::timeout(at_once, async {
        assert_outage(node.begin().await.map(drop));
        assert_outage(node.read().await.map(drop));
        assert_outage(node.ping().await);
        assert_outage(node.migrate().await);
    })
    .await
    .expect("nobody waits for a server that is gone");
    let refused = SqlDatabase::connect(&Location::Postgres(url.to_string()), &OPTIONS).await.err().unwrap();
    assert!(!format!("{refused} {refused:?}").contains(url.password().unwrap()), "{refused:?}");

    let _wire = Wire::lay(address, server).await;
    let mut view = node.read().await.unwrap();
    assert_eq!(view.account(id(1)).await.unwrap(), Some(account(1)));
    assert_eq!(view.account(id(2)).await.unwrap(), None, "what was not committed is not there");
}

/// The next byte that the server says does not arrive, and none after it on that connection.
fn silence(proxy: &FaultProxy) {
    proxy.arm(Fault { direction: Direction::ToClient, after: 0, what: What::Stall });
}

/// As when its process is stopped, or its disk hangs: it keeps the connection and says nothing.
pub async fn a_server_that_says_nothing_is_an_outage_and_its_connection_is_used_no_more() {
    let db = TestDb::postgres().await;
    commit!(db, |tx| tx.insert_account(&account(1)).await.unwrap());
    let (mut url, server) = server_of(&db);
    let proxy = FaultProxy::before(&server.to_string()).await;
    lead_through(&mut url, proxy.address());
    let impatient = Options { connections: 1, answer_timeout: Duration::from_secs(3), ..OPTIONS };
    let node = SqlDatabase::connect(&Location::Postgres(url.to_string()), &impatient).await.unwrap();
    let works = async || node.read().await.unwrap().account(id(1)).await.unwrap() == Some(account(1));
    assert!(works().await);

    let mut view = node.read().await.unwrap();
    silence(&proxy);
    assert_outage(view.account(id(1)).await);
    drop(view);
    assert!(works().await, "after a read");

    let mut tx = node.begin().await.unwrap();
    tx.insert_account(&account(2)).await.unwrap();
    silence(&proxy);
    assert_outage(tx.account(id(1)).await);
    assert_outage(tx.commit().await);
    assert!(works().await, "after a transaction");

    silence(&proxy);
    assert_outage(node.begin().await.map(drop));
    assert!(works().await, "after the begin of a transaction");

    let tx = node.begin().await.unwrap();
    silence(&proxy);
    assert_outage(tx.commit().await);
    assert!(works().await, "after a commit");

    let mut view = node.read().await.unwrap();
    silence(&proxy);
    begin_and_leave(view.account(id(1))).await;
    let struck = async {
        while proxy.struck() < 5 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), struck).await.unwrap();
    drop(view);
    assert!(works().await, "after one that nobody waited for");

    let tx = node.begin().await.unwrap();
    silence(&proxy);
    // Its connection is closed, and another one made.
    drop(tx);
    assert_outage(node.read().await.map(drop));
    assert!(works().await, "after a connection that was not made");
    assert_eq!(proxy.struck(), 6);
    assert_eq!(db.read().await.account(id(2)).await.unwrap(), None);
}
