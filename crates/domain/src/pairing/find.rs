use super::Pairing;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::PairingId;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// The pairing of that id, if the caller's account is one of its two.
async fn find_as_party<E: From<Denied> + From<StoreError>>(
    view: &mut dyn ReadView,
    caller: &Caller,
    id: PairingId,
) -> Result<Pairing, E> {
    let found = view.pairing(id).await?.filter(|pairing| pairing.has_party(caller.account));
    Ok(found.ok_or(Denied::NotFound("Pairing"))?)
}

/// The same, read again once its two accounts, which never change, are locked.
///
/// # Errors
/// [`Denied::NotFound`]; the database's.
pub(super) async fn lock_as_party<E: From<Denied> + From<StoreError>>(
    tx: &mut dyn UnitOfWork,
    caller: &Caller,
    id: PairingId,
) -> Result<Pairing, E> {
    let seen = find_as_party::<E>(tx, caller, id).await?;
    tx.lock_accounts(&[seen.proposer.account, seen.other.account]).await?;
    find_as_party(tx, caller, id).await
}
