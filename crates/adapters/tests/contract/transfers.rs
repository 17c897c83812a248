use agentdrop_domain::ids::TransferId;
use agentdrop_domain::page::Page;
use agentdrop_domain::store::Database;
use agentdrop_domain::transfer::{
    Algorithm, Encryption, EncryptionLayout, Grant, InboxQuery, Mode, SentQuery, Transfer, TransferFile,
    TransferStatus,
};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{ALL, api_key, at, channel, digest, file, grant, id, page, transfer};
use super::scene::{self, A11, A12, B21, B22, C31};

async fn with_transfers(db: &TestDb, transfers: &[Transfer]) {
    scene::set(db).await;
    commit!(db, |tx| for transfer in transfers {
        tx.insert_transfer(transfer).await.unwrap();
    });
}

async fn stored(db: &TestDb, n: u64) -> Transfer {
    db.read().await.transfer(id(n)).await.unwrap().unwrap()
}

fn ended(status: TransferStatus, transfer: Transfer) -> Transfer {
    Transfer { status, ended_at: Some(at(50)), ..transfer }
}

pub async fn a_transfer_reads_back_as_it_was_written(db: &TestDb) {
    with_transfers(db, &[]).await;
    commit!(db, |tx| tx.insert_channel(&channel(1, A11, B21)).await.unwrap());
    let layouts = [
        EncryptionLayout::Plain,
        EncryptionLayout::Opaque,
        EncryptionLayout::Legacy { algorithm: Algorithm::Legacy, encrypted_key: [3; 60] },
        EncryptionLayout::Legacy { algorithm: Algorithm::LegacyAlias, encrypted_key: [4; 60] },
        EncryptionLayout::Channel { channel_id: id(1), salt: [5; 32] },
    ];
    for (n, layout) in (1..).zip(layouts) {
        let written = Transfer {
            encryption: Encryption { layout, sender_signature: Some(vec![6; 64]) },
            ..transfer(n, A11, B21)
        };
        commit!(db, |tx| tx.insert_transfer(&written).await.unwrap());
        assert_eq!(stored(db, n).await, written);
    }

    let mut elaborate = transfer(20, A11, B21);
    elaborate.message = Some("für dich ✓".to_owned());
    elaborate.auto_delete = true;
    elaborate.mode = Mode::HumanToAgent;
    elaborate.total_size = (1 << 62) + 1;
    elaborate.files[0].sha256 = None;
    elaborate.files[0].encryption_iv = Some([7; 12]);
    elaborate.files[0].size = (1 << 62) + 1;
    elaborate.ended_at = Some(at(1));
    elaborate.purged_at = Some(at(2));
    let mut bare = transfer(21, A12, A11);
    bare.sender.agent = None;
    bare.sender.key = None;
    bare.sender.label = "a free-form text".to_owned();
    bare.recipient.key = None;
    bare.files.clear();
    for written in [elaborate, bare] {
        commit!(db, |tx| tx.insert_transfer(&written).await.unwrap());
        assert_eq!(db.read().await.transfer(written.id).await.unwrap(), Some(written));
    }
    for (n, (status, _)) in (30..).zip(TransferStatus::ALL) {
        let written = Transfer { status, ..transfer(n, A11, B21) };
        commit!(db, |tx| tx.insert_transfer(&written).await.unwrap());
        assert_eq!(stored(db, n).await, written);
    }
    assert_eq!(db.read().await.transfer(id(99)).await.unwrap(), None);
}

pub async fn files_keep_their_order(db: &TestDb) {
    let files: Vec<TransferFile> = (0..100).map(|n| file(1_000 - 7 * n)).collect();
    with_transfers(db, &[Transfer { files: files.clone(), ..transfer(1, A11, B21) }]).await;
    assert_eq!(stored(db, 1).await.files, files);
}

/// Transfers to agent 21: 1 and 2 active, 3 has run out by 4,000 s, the others have ended.
fn received() -> [Transfer; 7] {
    [
        Transfer { expires_at: at(9_000), ..transfer(1, A11, B21) },
        Transfer { expires_at: at(4_001), ..transfer(2, A12, B21) },
        Transfer { expires_at: at(4_000), ..transfer(3, A11, B21) },
        ended(TransferStatus::Downloaded, transfer(4, A11, B21)),
        ended(TransferStatus::Expired, transfer(5, A11, B21)),
        ended(TransferStatus::Deleted, transfer(6, A11, B21)),
        Transfer { expires_at: at(9_000), ..transfer(7, A11, B22) },
    ]
}

fn ids(transfers: &[Transfer]) -> Vec<TransferId> {
    transfers.iter().map(|transfer| transfer.id).collect()
}

pub async fn the_inbox_goes_by_the_clock(db: &TestDb) {
    with_transfers(db, &received()).await;
    let mut view = db.read().await;
    let mut inbox = async |status, now| {
        let query = InboxQuery { agent: id(21), status, now: at(now) };
        let slice = view.inbox(&query, ALL).await.unwrap();
        assert_eq!(slice.total, slice.items.len() as u64);
        ids(&slice.items)
    };
    use TransferStatus::{Active, Deleted, Downloaded, Expired};
    assert_eq!(inbox(Active, 4_000).await, [id(2), id(1)]);
    assert_eq!(inbox(Active, 3_999).await, [id(3), id(2), id(1)]);
    assert_eq!(inbox(Expired, 4_000).await, [id(5), id(3)]);
    assert_eq!(inbox(Expired, 3_999).await, [id(5)]);
    assert_eq!(inbox(Downloaded, 4_000).await, [id(4)]);
    assert_eq!(inbox(Deleted, 4_000).await, [id(6)]);
}

pub async fn sent_transfers_are_filtered(db: &TestDb) {
    with_transfers(db, &received()).await;
    let from_them = transfer(8, B21, A11);
    let mut other_mode = transfer(9, A11, B21);
    other_mode.mode = Mode::AgentToHuman;
    other_mode.sender.agent = None;
    commit!(db, |tx| for transfer in [&from_them, &other_mode] {
        tx.insert_transfer(transfer).await.unwrap();
    });
    let everything = SentQuery { account: id(1), agent: None, status: None, mode: None, now: at(4_000) };
    let mut view = db.read().await;
    let mut sent = async |query: SentQuery| {
        let slice = view.sent_transfers(&query, ALL).await.unwrap();
        assert_eq!(slice.total, slice.items.len() as u64);
        slice.items.iter().map(|transfer| transfer.id.uuid().as_u64_pair().0).collect::<Vec<_>>()
    };
    assert_eq!(sent(everything.clone()).await, [9, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(sent(SentQuery { agent: Some(id(12)), ..everything.clone() }).await, [2]);
    let status = |status| SentQuery { status: Some(status), ..everything.clone() };
    assert_eq!(sent(status(TransferStatus::Active)).await, [7, 2, 1]);
    assert_eq!(sent(status(TransferStatus::Expired)).await, [9, 5, 3]);
    assert_eq!(sent(status(TransferStatus::Deleted)).await, [6]);
    assert_eq!(sent(SentQuery { mode: Some(Mode::AgentToHuman), ..everything.clone() }).await, [9]);
    assert_eq!(sent(SentQuery { account: id(2), ..everything.clone() }).await, [8]);
    assert_eq!(sent(SentQuery { account: id(3), ..everything }).await, [0; 0]);
}

pub async fn lists_are_paged_with_files(db: &TestDb) {
    let mut transfers: Vec<Transfer> = (1..=5).map(|n| transfer(n, A11, B21)).collect();
    // Two of one age: the smaller id comes first.
    transfers[2].created_at = transfers[3].created_at;
    transfers[1].files = vec![file(90), file(80), file(91)];
    with_transfers(db, &transfers).await;
    let mut view = db.read().await;
    let sent = SentQuery { account: id(1), agent: None, status: None, mode: None, now: at(9) };
    let inbox = InboxQuery { agent: id(21), status: TransferStatus::Active, now: at(9) };
    let newest_first = [4, 2, 3, 1, 0].map(|n: usize| transfers[n].clone());
    for (page, range) in
        [(ALL, 0..5), (page(2, 0), 0..2), (page(2, 2), 2..4), (page(2, 4), 4..5), (page(2, 6), 5..5)]
    {
        let Page { limit, offset } = page;
        let slice = view.sent_transfers(&sent, page).await.unwrap();
        assert_eq!(
            (&slice.items[..], slice.total),
            (&newest_first[range.clone()], 5),
            "{limit} after {offset}"
        );
        let slice = view.inbox(&inbox, page).await.unwrap();
        assert_eq!((&slice.items[..], slice.total), (&newest_first[range], 5), "{limit} after {offset}");
    }
}

pub async fn a_claim_counts_and_ends(db: &TestDb) {
    let twice = Transfer { max_downloads: 2, expires_at: at(100), ..transfer(1, A11, B21) };
    let once = Transfer { auto_delete: true, ..transfer(2, A11, B21) };
    let over = ended(TransferStatus::Deleted, transfer(3, A11, B21));
    with_transfers(db, &[twice.clone(), once.clone(), over.clone()]).await;
    let mut tx = db.begin().await;

    let first = tx.claim_download(id(1), at(10)).await.unwrap();
    assert_eq!(first, Some(Transfer { downloads: 1, ..twice.clone() }), "with its files");
    assert_eq!(tx.claim_download(id(1), at(100)).await.unwrap(), None, "it has run out");
    let last = Transfer { downloads: 2, status: TransferStatus::Downloaded, ended_at: Some(at(99)), ..twice };
    assert_eq!(tx.claim_download(id(1), at(99)).await.unwrap(), Some(last.clone()));
    assert_eq!(tx.claim_download(id(1), at(99)).await.unwrap(), None);
    assert_eq!(tx.transfer(id(1)).await.unwrap(), Some(last));

    let claimed =
        Transfer { downloads: 1, status: TransferStatus::Downloaded, ended_at: Some(at(20)), ..once };
    assert_eq!(tx.claim_download(id(2), at(20)).await.unwrap(), Some(claimed));
    assert_eq!(tx.claim_download(id(2), at(20)).await.unwrap(), None);
    assert_eq!(tx.claim_download(id(3), at(20)).await.unwrap(), None);
    assert_eq!(tx.transfer(id(3)).await.unwrap(), Some(over));
    assert_eq!(tx.claim_download(id(9), at(20)).await.unwrap(), None);
}

async fn claims_in_parallel(db: &TestDb) -> usize {
    let database = db.database.clone();
    let claims = in_parallel(64, move |_| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            let claimed = tx.claim_download(id(1), at(10)).await.unwrap();
            tx.commit().await.unwrap();
            claimed.is_some()
        }
    });
    claims.await.into_iter().filter(|claimed| *claimed).count()
}

pub async fn of_parallel_claims_on_one_download_one_succeeds(db: &TestDb) {
    with_transfers(db, &[Transfer { max_downloads: 1, ..transfer(1, A11, B21) }]).await;
    assert_eq!(claims_in_parallel(db).await, 1);
    let now = stored(db, 1).await;
    assert_eq!((now.downloads, now.status), (1, TransferStatus::Downloaded));
}

pub async fn claims_are_exact_in_parallel(db: &TestDb) {
    with_transfers(db, &[Transfer { max_downloads: 20, ..transfer(1, A11, B21) }]).await;
    assert_eq!(claims_in_parallel(db).await, 20);
    assert_eq!(stored(db, 1).await.downloads, 20);
}

pub async fn a_transfer_ends_once_and_can_be_deleted_after(db: &TestDb) {
    let over = ended(TransferStatus::Downloaded, transfer(4, A11, B21));
    with_transfers(db, &[transfer(1, A11, B21), transfer(2, A11, B21), transfer(3, A11, B21), over.clone()])
        .await;
    let mut tx = db.begin().await;
    for (n, status) in
        [(1, TransferStatus::Downloaded), (2, TransferStatus::Expired), (3, TransferStatus::Deleted)]
    {
        assert!(tx.end_transfer(id(n), status, at(70)).await.unwrap());
        assert!(!tx.end_transfer(id(n), TransferStatus::Expired, at(80)).await.unwrap());
        let expected = Transfer { status, ended_at: Some(at(70)), ..transfer(n, A11, B21) };
        assert_eq!(tx.transfer(id(n)).await.unwrap(), Some(expected));
        let ended_otherwise = status != TransferStatus::Deleted;
        assert_eq!(tx.end_transfer(id(n), TransferStatus::Deleted, at(80)).await.unwrap(), ended_otherwise);
        let deleted =
            Transfer { status: TransferStatus::Deleted, ended_at: Some(at(70)), ..transfer(n, A11, B21) };
        assert_eq!(tx.transfer(id(n)).await.unwrap(), Some(deleted), "the first end is kept");
    }
    assert!(!tx.end_transfer(id(4), TransferStatus::Expired, at(80)).await.unwrap());
    assert!(!tx.end_transfer(id(9), TransferStatus::Deleted, at(80)).await.unwrap());
    tx.mark_purged(id(4), at(90)).await.unwrap();
    tx.mark_purged(id(4), at(95)).await.unwrap();
    assert_eq!(tx.transfer(id(4)).await.unwrap(), Some(Transfer { purged_at: Some(at(90)), ..over }));
}

pub async fn active_transfers_are_found(db: &TestDb) {
    let expires = |second, transfer: Transfer| Transfer { expires_at: at(second), ..transfer };
    with_transfers(
        db,
        &[
            expires(300, transfer(1, A11, B21)),
            expires(100, transfer(2, B21, A11)),
            expires(200, transfer(3, A12, B21)),
            expires(100, transfer(4, A11, B22)),
            expires(100, transfer(5, A11, C31)),
            ended(TransferStatus::Deleted, expires(100, transfer(6, A11, B21))),
        ],
    )
    .await;
    let mut view = db.read().await;
    let run_out = async |view: &mut Box<dyn agentdrop_domain::store::ReadView>, now, limit| {
        view.run_out_transfers(at(now), limit).await.unwrap()
    };
    assert_eq!(run_out(&mut view, 200, 10).await, [id(2), id(4), id(5), id(3)], "earliest first");
    assert_eq!(run_out(&mut view, 199, 2).await, [id(2), id(4)]);
    assert_eq!(run_out(&mut view, 99, 10).await, []);
    assert_eq!(view.active_transfers_to_agent(id(21)).await.unwrap(), [id(1), id(3)]);
    for (x, y) in [(1, 2), (2, 1)] {
        let found = view.active_transfers_between_accounts(id(x), id(y)).await.unwrap();
        assert_eq!(found, [id(1), id(2), id(3), id(4)]);
    }
    for (x, y) in [(11, 21), (21, 11)] {
        let found = view.active_transfers_between_agents(id(x), id(y)).await.unwrap();
        assert_eq!(found, [id(1), id(2)]);
    }
    assert_eq!(view.active_transfers_between_agents(id(22), id(31)).await.unwrap(), []);
}

pub async fn grants_protect_until_they_end(db: &TestDb) {
    with_transfers(db, &[transfer(1, A11, B21), transfer(2, A11, B21)]).await;
    let given = |n, transfer, second| Grant { expires_at: at(second), ..grant(n, transfer, 10) };
    let mut tx = db.begin().await;
    tx.insert_api_key(&api_key(10, 2, None), &digest(10)).await.unwrap();
    assert_eq!(tx.protected_until(id(1), at(0)).await.unwrap(), None);
    for grant in [given(1, 1, 100), given(2, 1, 300), given(3, 1, 200), given(4, 2, 900)] {
        tx.insert_grant(&grant).await.unwrap();
    }
    assert_eq!(tx.grant(id(1)).await.unwrap(), Some(given(1, 1, 100)));
    assert_eq!(tx.grant(id(9)).await.unwrap(), None);
    assert_eq!(tx.protected_until(id(1), at(299)).await.unwrap(), Some(at(300)));
    assert_eq!(tx.protected_until(id(1), at(300)).await.unwrap(), None);

    assert!(tx.renew_grant_stream(id(1), at(400)).await.unwrap());
    assert!(!tx.renew_grant_stream(id(9), at(400)).await.unwrap());
    assert_eq!(tx.grant(id(1)).await.unwrap().unwrap().streaming_until, Some(at(400)));
    assert_eq!(tx.protected_until(id(1), at(300)).await.unwrap(), Some(at(400)), "a fetch is running");

    tx.revoke_grants(id(1), at(50)).await.unwrap();
    assert_eq!(tx.protected_until(id(1), at(60)).await.unwrap(), None);
    assert!(!tx.renew_grant_stream(id(1), at(500)).await.unwrap());
    tx.revoke_grants(id(1), at(55)).await.unwrap();
    let taken_back = Grant { streaming_until: Some(at(400)), revoked_at: Some(at(50)), ..given(1, 1, 100) };
    assert_eq!(tx.grant(id(1)).await.unwrap(), Some(taken_back));
    assert_eq!(tx.protected_until(id(2), at(60)).await.unwrap(), Some(at(900)), "another transfer's stay");
}
