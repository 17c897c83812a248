use super::Connection;
use crate::caller::Caller;
use crate::error::Denied;
use crate::ids::ConnectionId;
use crate::store::{ReadView, StoreError, UnitOfWork};

/// No connection of that id, or one between others.
pub(crate) const NO_CONNECTION: Denied = Denied::NotFound("Connection");

/// The connection of that id, if the caller's account is one of its two.
///
/// # Errors
/// [`Denied::NotFound`]; the database's.
pub(crate) async fn find_as_party<E: From<Denied> + From<StoreError>>(
    view: &mut dyn ReadView,
    caller: &Caller,
    id: ConnectionId,
) -> Result<Connection, E> {
    let found = view.connection(id).await?.filter(|connection| connection.has_party(caller.account));
    Ok(found.ok_or(NO_CONNECTION)?)
}

/// The same, read again once its accounts are locked.
///
/// # Errors
/// [`Denied::NotFound`]; the database's, contention if an account has joined it in between.
pub(crate) async fn lock_as_party<E: From<Denied> + From<StoreError>>(
    tx: &mut dyn UnitOfWork,
    caller: &Caller,
    id: ConnectionId,
) -> Result<Connection, E> {
    let seen: Connection = find_as_party::<E>(tx, caller, id).await?;
    tx.lock_accounts(&seen.accounts()).await?;
    let connection: Connection = find_as_party::<E>(tx, caller, id).await?;
    if connection.accounts() != seen.accounts() {
        return Err(meanwhile("the connection got another party").into());
    }
    Ok(connection)
}

/// Something that the locks rest on changed before they were held: the whole act is to be repeated.
pub(crate) fn meanwhile(what: &'static str) -> StoreError {
    StoreError::Unavailable { contention: true, source: what.into() }
}
