use agentdrop_domain::channel::{Channel, ChannelStatus, ChannelView};
use agentdrop_domain::ids::ChannelId;
use agentdrop_domain::store::{Database, StoreError, UniqueRule};

use super::backend::{TestDb, commit, in_parallel};
use super::fixtures::{ALL, agent, at, channel, id, page};
use super::scene::{self, A11, A12, B21, B22, C31};

fn with_status(status: ChannelStatus, channel: Channel) -> Channel {
    Channel { status, ..channel }
}

pub async fn a_channel_reads_back_as_it_was_written(db: &TestDb) {
    scene::set(db).await;
    let mut written = channel(1, B21, A11);
    written.b.key_version = u32::MAX;
    commit!(db, |tx| tx.insert_channel(&written).await.unwrap());
    let mut tx = db.begin().await;
    let view = |channel| ChannelView { channel, a_slug: agent(11, 1).slug, b_slug: agent(21, 2).slug };
    assert_eq!(tx.channel(id(1)).await.unwrap(), Some(view(written.clone())));
    assert_eq!(tx.channel(id(2)).await.unwrap(), None);
    for (status, _) in ChannelStatus::ALL {
        let changed = Channel {
            activated_at: Some(at(50)),
            revoked_at: Some(at(60)),
            ..with_status(status, written.clone())
        };
        tx.update_channel(&changed).await.unwrap();
        assert_eq!(tx.channel(id(1)).await.unwrap(), Some(view(changed)));
    }
    tx.delete_agent(id(21), at(70)).await.unwrap();
    let slug = tx.channel(id(1)).await.unwrap().unwrap().b_slug;
    assert_eq!(slug, agent(21, 2).slug, "deleted agents included");
}

pub async fn two_agents_have_one_living_channel(db: &TestDb) {
    scene::set(db).await;
    let database = db.database.clone();
    let outcomes = in_parallel(20, move |n| {
        let database = database.clone();
        async move {
            let mut tx = database.begin().await.unwrap();
            tx.insert_channel(&channel(n, A11, B21)).await?;
            tx.commit().await
        }
    });
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.await.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    let pair =
        |outcome: &Result<(), _>| matches!(outcome, Err(StoreError::Conflict(UniqueRule::ChannelPair)));
    assert!(refused.iter().all(pair), "{refused:?}");

    let mut tx = db.begin().await;
    let living = tx.living_channel(id(21), id(11)).await.unwrap().unwrap();
    assert_eq!(tx.living_channel(id(11), id(21)).await.unwrap(), Some(living.clone()));
    tx.update_channel(&with_status(ChannelStatus::Revoked, living)).await.unwrap();
    assert_eq!(tx.living_channel(id(11), id(21)).await.unwrap(), None);
    let next = with_status(ChannelStatus::Active, channel(99, A11, B21));
    tx.insert_channel(&next).await.unwrap();
    assert_eq!(tx.living_channel(id(11), id(21)).await.unwrap(), Some(next.clone()));

    let mut turned = channel(98, A12, B22);
    std::mem::swap(&mut turned.a, &mut turned.b);
    let refused = tx.insert_channel(&turned).await.unwrap_err();
    assert!(matches!(refused, StoreError::Internal(_)), "the smaller agent id is side a: {refused:?}");
}

pub async fn channels_are_listed_for_both_parties(db: &TestDb) {
    scene::set(db).await;
    commit!(db, |tx| for channel in [
        channel(1, A11, B21),
        with_status(ChannelStatus::Active, channel(2, A11, A12)),
        channel(3, C31, A12),
        with_status(ChannelStatus::Revoked, channel(4, A12, B21)),
        channel(5, B22, C31),
    ] {
        tx.insert_channel(&channel).await.unwrap();
    });
    let mut view = db.read().await;
    let mut listed = async |account: u64, agent: Option<u64>, page| {
        let slice = view.channels(id(account), agent.map(id), page).await.unwrap();
        (slice.items.iter().map(|view| view.channel.id).collect::<Vec<ChannelId>>(), slice.total)
    };
    assert_eq!(listed(1, None, ALL).await, (vec![id(3), id(2), id(1)], 3));
    assert_eq!(listed(1, None, page(1, 1)).await, (vec![id(2)], 3));
    assert_eq!(listed(1, Some(11), ALL).await, (vec![id(2), id(1)], 2));
    assert_eq!(listed(2, None, ALL).await, (vec![id(5), id(1)], 2));
    assert_eq!(listed(2, Some(31), ALL).await, (vec![id(5)], 1));
    let slice = view.channels(id(3), None, page(1, 1)).await.unwrap();
    let slugs = (slice.items[0].a_slug.as_str(), slice.items[0].b_slug.as_str());
    assert_eq!(slugs, ("agent-12", "agent-31"));
}

pub async fn living_channels_are_found(db: &TestDb) {
    scene::set(db).await;
    let active = with_status(ChannelStatus::Active, channel(1, A11, B21));
    let pending = channel(2, B22, A11);
    commit!(db, |tx| for channel in [
        &active,
        &pending,
        &channel(3, C31, A11),
        &with_status(ChannelStatus::Revoked, channel(4, A12, B21)),
        &channel(5, A11, A12),
    ] {
        tx.insert_channel(channel).await.unwrap();
    });
    let mut view = db.read().await;
    let of_agent = view.living_channels_of_agent(id(11)).await.unwrap();
    let ids: Vec<ChannelId> = of_agent.iter().map(|channel| channel.id).collect();
    assert_eq!(ids, [id(1), id(2), id(3), id(5)]);
    let between = [active, pending];
    assert_eq!(view.living_channels_between(id(1), id(2)).await.unwrap(), between);
    assert_eq!(view.living_channels_between(id(2), id(1)).await.unwrap(), between);
    assert_eq!(view.living_channels_between(id(2), id(3)).await.unwrap(), []);
}
