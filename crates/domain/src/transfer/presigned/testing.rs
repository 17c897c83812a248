//! What the tests of prepared transfers share.

use super::super::testing::*;
use super::*;
use crate::mock::id;
use crate::transfer::Piece;

/// The pending transfer `id(50)` from agent 11 to agent 22, whose files have nothing yet: `id(61)` comes in one
/// piece of 5 bytes, `id(62)` in parts of 3, 3 and 1 bytes. The key `id(7000)` prepared it.
pub(super) fn pending() -> (Transfer, Prepared) {
    let awaited = |file: TransferFile| TransferFile { sha256: None, ..file };
    let ready = transfer(&agent(22));
    let files = ready.files.iter().cloned().map(awaited).collect();
    let file =
        |n, part_size| PreparedFile { file: id(n), part_size, upload_id: None, state: FileState::Awaited };
    let prepared = Prepared {
        transfer: id(50),
        key: id(7_000),
        lifetime_seconds: 3_600,
        direct: false,
        files: vec![file(61, None), file(62, Some(3))],
    };
    (Transfer { status: TransferStatus::Pending, announced: false, files, ..ready }, prepared)
}

/// A world with [`pending`].
pub(super) fn world() -> World {
    let (world, (transfer, prepared)) = (World::new(), pending());
    world.rows().transfers.insert(transfer.id, transfer);
    world.rows().prepared.insert(prepared.transfer, prepared);
    world
}

pub(super) const fn whole() -> (u128, Option<u32>, u64) {
    (61, None, 5)
}

pub(super) fn part(number: u32) -> (u128, Option<u32>, u64) {
    (62, Some(number), if number == 3 { 1 } else { 3 })
}

/// Sends a piece of [`pending`].
pub(super) async fn send(
    world: &World,
    (file, part, size): (u128, Option<u32>, u64),
    steps: Vec<Step>,
) -> Result<Arrived, StoreAwaitedError> {
    let piece = Piece { transfer: id(50), file: id(file), part };
    let piece = AwaitedPiece { piece, size };
    store_awaited(&world.ports(), piece, &mut Body::new(world, steps)).await
}

/// Sends all of [`pending`].
pub(super) async fn send_all(world: &World) {
    for (piece, text) in [(whole(), "hello"), (part(1), "abc"), (part(2), "def"), (part(3), "g")] {
        send(world, piece, vec![Step::Block(text)]).await.unwrap();
    }
}

pub(super) fn state(world: &World, file: u128) -> FileState {
    world.rows().prepared[&id(50)].file(id(file)).unwrap().state
}
