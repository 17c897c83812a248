#![allow(clippy::unwrap_used)]

use chrono::TimeDelta;

use super::super::super::testing::*;
use super::super::testing::*;
use super::*;
use crate::blob::ObjectKey;
use crate::mock::id;
use crate::transfer::{TransferStatus, sweep};

fn objects_of(world: &World) -> Vec<ObjectKey> {
    let rows = world.rows();
    let file = &rows.transfers[&id(50)].files[0];
    let parts = rows.parts.values().map(|part| part.object_key.clone());
    let whole = file.sha256.map(|_| file.object_key.clone());
    whole.into_iter().chain(parts).collect()
}

/// Exactly the objects that rows refer to are there, and no upload row.
fn assert_tidy(world: &World) {
    assert!(world.rows().uploads.is_empty(), "{:?}", world.rows().uploads);
    let objects = objects_of(world);
    assert!(objects.iter().all(|key| world.blobs.holds(key)));
    assert_eq!(world.blobs.count(), objects.len());
}

#[tokio::test]
async fn a_whole_file_and_parts_arrive_in_any_order() {
    let world = world();
    for (piece, text) in [(part(3), "g"), (whole(), "hello"), (part(1), "abc"), (part(2), "def")] {
        let Arrived(stored) = send(&world, piece, vec![Step::Block(text)]).await.unwrap();
        assert_eq!(stored.size, text.len() as u64);
    }
    assert_eq!(state(&world, 61), FileState::Arrived);
    assert_eq!(state(&world, 62), FileState::Awaited, "until it is completed");
    assert_eq!(world.rows().parts.keys().map(|(_, number)| *number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_tidy(&world);
}

#[tokio::test]
async fn what_is_sent_again_takes_the_place_of_what_was_there() {
    let world = world();
    for (piece, first, second) in [(whole(), "hello", "world"), (part(1), "abc", "xyz")] {
        send(&world, piece, vec![Step::Block(first)]).await.unwrap();
        let before = objects_of(&world);
        let Arrived(stored) = send(&world, piece, vec![Step::Block(second)]).await.unwrap();
        assert_ne!(objects_of(&world), before);
        if let Some(number) = piece.1 {
            assert_eq!(world.rows().parts[&(id(62), number)].sha256, stored.sha256);
        }
    }
    sweep(&world.ports()).await.unwrap();
    assert_tidy(&world);
}

#[tokio::test]
async fn a_piece_has_exactly_its_size() {
    for (text, piece) in [("hell", whole()), ("", whole()), ("ab", part(1)), ("", part(3))] {
        let world = world();
        let outcome = send(&world, piece, vec![Step::Block(text)]).await;
        assert!(
            matches!(outcome, Err(StoreAwaitedError::SizeMismatch { expected, received })
                if (expected, received) == (piece.2, text.len() as u64)),
            "{outcome:?}"
        );
        assert_tidy(&world);
    }
    let world = world();
    let outcome = send(&world, whole(), vec![Step::Block("hello!")]).await;
    assert!(matches!(outcome, Err(StoreAwaitedError::Receive(_))), "{outcome:?}");
    assert_tidy(&world);
}

#[tokio::test]
async fn what_nobody_awaits_is_not_read() {
    // The size is part of what is asked for, like the part's number.
    for piece in
        [(61, None, 6), (61, Some(1), 5), (62, None, 7), (62, Some(0), 3), (62, Some(4), 1), (63, None, 5)]
    {
        let world = world();
        let untouched = Step::Meanwhile(Box::new(|_: &World| panic!("the body was read")));
        let outcome = send(&world, piece, vec![untouched]).await;
        assert!(matches!(outcome, Err(StoreAwaitedError::Denied(_))), "{piece:?} {outcome:?}");
    }
}

#[tokio::test]
async fn a_transfer_that_waits_no_more_takes_nothing() {
    use TransferStatus::{Active, Deleted, Downloaded, Expired};
    for status in [Active, Downloaded, Expired, Deleted] {
        let world = world();
        world.rows().transfers.get_mut(&id(50)).unwrap().status = status;
        let outcome = send(&world, whole(), vec![Step::Block("hello")]).await;
        assert!(matches!(outcome, Err(StoreAwaitedError::Gone)), "{status:?} {outcome:?}");
        // And if that happens while it is on its way.
        let world = super::super::testing::world();
        let ends = Step::Meanwhile(Box::new(move |world: &World| {
            world.rows().transfers.get_mut(&id(50)).unwrap().status = status;
        }));
        let outcome = send(&world, whole(), vec![Step::Block("hel"), ends, Step::Block("lo")]).await;
        assert!(matches!(outcome, Err(StoreAwaitedError::Gone)), "{status:?} {outcome:?}");
        assert_tidy(&world);
    }
}

#[tokio::test]
async fn parts_that_were_put_together_or_given_up_stay_as_they_are() {
    for (state, piece) in
        [(FileState::Arrived, part(1)), (FileState::Aborted, part(1)), (FileState::Aborted, whole())]
    {
        let world = world();
        for file in &mut world.rows().prepared.get_mut(&id(50)).unwrap().files {
            file.state = state;
        }
        let outcome = send(&world, piece, vec![Step::Block("abc")]).await;
        assert!(matches!(outcome, Err(StoreAwaitedError::Gone)), "{state:?} {outcome:?}");
    }
}

#[tokio::test]
async fn a_slow_upload_keeps_its_transfer_from_running_out() {
    let world = world();
    let late = world.now() + TimeDelta::seconds(60);
    world.rows().transfers.get_mut(&id(50)).unwrap().expires_at = late;
    let swept = meanwhile(async |world| sweep(&world.ports()).await.unwrap());
    let steps = vec![Step::Wait(50), Step::Block("hel"), Step::Wait(50), swept, Step::Block("lo")];
    send(&world, whole(), steps).await.unwrap();
    for (wait, status) in [(119, TransferStatus::Pending), (1, TransferStatus::Expired)] {
        world.wait(wait);
        sweep(&world.ports()).await.unwrap();
        assert_eq!(world.rows().transfers[&id(50)].status, status, "until its lease would have ended");
    }
}

/// Something else that happens in transactions of its own.
fn meanwhile(happens: impl AsyncFnOnce(&World) + Send + 'static) -> Step {
    Step::Meanwhile(Box::new(move |world: &World| {
        let world = world.clone();
        let happening = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(happens(&world));
        });
        happening.join().unwrap();
    }))
}

#[tokio::test]
async fn a_newer_upload_of_a_piece_takes_the_place_of_one_that_is_on_its_way() {
    for (piece, old, new) in [(whole(), ("hel", "lo"), "world"), (part(1), ("ab", "c"), "xyz")] {
        // It hears of it in the middle, at its end, and at a renewal.
        for wait in [5, 0, 40] {
            let world = world();
            let newer = meanwhile(async move |world| {
                send(world, piece, vec![Step::Block(new)]).await.unwrap();
                sweep(&world.ports()).await.unwrap();
            });
            let steps = vec![Step::Block(old.0), newer, Step::Wait(wait), Step::Block(old.1)];
            let outcome = send(&world, piece, steps).await;
            let replaced = matches!(outcome, Err(StoreAwaitedError::Receive(ReceiveError::Replaced)));
            assert!(replaced, "{wait} {outcome:?}");
            assert_tidy(&world);
            assert_eq!(world.blobs.count(), 1);
        }
    }
}

#[tokio::test]
async fn another_piece_disturbs_none() {
    let world = world();
    let other = meanwhile(async |world| {
        send(world, part(2), vec![Step::Block("def")]).await.unwrap();
        send(world, whole(), vec![Step::Block("hello")]).await.unwrap();
    });
    send(&world, part(1), vec![Step::Block("ab"), other, Step::Wait(5), Step::Block("c")]).await.unwrap();
    assert_tidy(&world);
    assert_eq!(world.blobs.count(), 3);
}

#[tokio::test]
async fn what_was_replaced_is_gone_before_the_sweep() {
    let world = world();
    for text in ["hello", "world"] {
        send(&world, whole(), vec![Step::Block(text)]).await.unwrap();
    }
    assert_tidy(&world);
}

#[tokio::test]
async fn a_transfer_that_is_never_confirmed_runs_out_and_leaves_nothing() {
    let world = world();
    send_all(&world).await;
    world.wait(86_400);
    sweep(&world.ports()).await.unwrap();
    assert_eq!(world.rows().transfers[&id(50)].status, TransferStatus::Expired);
    let told: Vec<_> = world.told().into_iter().map(|(account, _)| account).collect();
    assert_eq!(told, [ME], "its recipient never heard of it");
    crate::job::work_once(&world.ports(), crate::job::Lane::Prompt).await.unwrap();
    assert_eq!(world.blobs.count(), 0);
    assert!(world.rows().parts.is_empty() && world.rows().prepared.is_empty());
}

#[tokio::test]
async fn an_upload_that_stands_still_gives_way_too() {
    let world = world();
    let newer = meanwhile(async |world| {
        send(world, whole(), vec![Step::Block("world")]).await.unwrap();
    });
    let outcome = send(&world, whole(), vec![Step::Block("hel"), newer, Step::Stand(10)]).await;
    assert!(matches!(outcome, Err(StoreAwaitedError::Receive(ReceiveError::Replaced))), "{outcome:?}");
    assert_tidy(&world);
}
