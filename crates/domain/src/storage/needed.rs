//! The objects that a transfer cannot do without.

use super::{Damage, DamageKind};
use crate::blob::ObjectKey;
use crate::clock::Timestamp;
use crate::ids::{FileId, TransferId};
use crate::store::{ReadView, StoreError};
use crate::transfer::{FilePart, FileState, Transfer, TransferFile, TransferStatus};

/// A transfer's files as far as somebody relies on their bytes.
pub(super) struct Needed {
    pub(super) transfer: TransferId,
    pub(super) files: Vec<NeededFile>,
}

/// One file's objects, in the order of its bytes.
pub(super) struct NeededFile {
    pub(super) id: FileId,
    pub(super) objects: Vec<NeededObject>,
    /// SHA-256 of all of them together, where it is known.
    pub(super) sha256: Option<[u8; 32]>,
    /// What the rows alone show to be wrong.
    pub(super) torn: Option<DamageKind>,
    /// The key that stands for the file.
    pub(super) object_key: ObjectKey,
}

pub(super) struct NeededObject {
    pub(super) key: ObjectKey,
    pub(super) size: u64,
}

impl Needed {
    pub(super) fn damage(&self, file: &NeededFile, object_key: &ObjectKey, kind: DamageKind) -> Damage {
        Damage { transfer: self.transfer, file: file.id, object_key: object_key.clone(), kind }
    }

    /// Whether the transfer still relies on the object of a damage.
    pub(super) fn relies_on(&self, damage: &Damage) -> bool {
        let names = |file: &NeededFile| {
            file.torn.is_some() || file.objects.iter().any(|o| o.key == damage.object_key)
        };
        self.files.iter().any(|file| file.id == damage.file && names(file))
    }
}

/// What a transfer needs at a moment; `None` if nobody may ask for its bytes any more, since the purge may
/// have removed some already.
pub(super) async fn needed<V: ReadView + ?Sized>(
    view: &mut V,
    transfer: &Transfer,
    now: Timestamp,
) -> Result<Option<Needed>, StoreError> {
    use TransferStatus::{Active, Pending};
    let lives = matches!(transfer.status, Active | Pending);
    if transfer.purged_at.is_some() || !(lives || view.protected_until(transfer.id, now).await?.is_some()) {
        return Ok(None);
    }
    let prepared = view.prepared(transfer.id).await?;
    let mut files = Vec::new();
    for file in &transfer.files {
        let arrival = prepared.as_ref().and_then(|prepared| prepared.file(file.id));
        let state = arrival.map_or(FileState::Arrived, |arrival| arrival.state);
        // With direct delivery the store puts the parts together to one object.
        let by_parts = prepared.as_ref().is_some_and(|prepared| !prepared.direct);
        let in_parts =
            file.parts > 0 || (by_parts && arrival.is_some_and(|arrival| arrival.part_size.is_some()));
        match state {
            FileState::Aborted => {}
            _ if in_parts => {
                let parts = view.file_parts(file.id).await?;
                files.push(of_parts(file, parts, state));
            }
            FileState::Arrived => files.push(whole(file)),
            FileState::Awaited => {}
        }
    }
    Ok(Some(Needed { transfer: transfer.id, files }))
}

fn whole(file: &TransferFile) -> NeededFile {
    // Clients may send nothing at all of an empty file.
    let objects = match file.size {
        0 => Vec::new(),
        size => vec![NeededObject { key: file.object_key.clone(), size }],
    };
    NeededFile { id: file.id, objects, sha256: file.sha256, torn: None, object_key: file.object_key.clone() }
}

fn of_parts(file: &TransferFile, parts: Vec<FilePart>, state: FileState) -> NeededFile {
    let is_whole =
        parts.len() == file.parts as usize && parts.iter().map(|part| part.size).sum::<u64>() == file.size;
    let torn = (state == FileState::Arrived && !is_whole).then_some(DamageKind::Missing);
    let objects = parts.into_iter().filter(|part| part.size > 0);
    NeededFile {
        id: file.id,
        objects: objects.map(|part| NeededObject { key: part.object_key, size: part.size }).collect(),
        sha256: file.sha256.filter(|_| state == FileState::Arrived),
        torn,
        object_key: file.object_key.clone(),
    }
}
