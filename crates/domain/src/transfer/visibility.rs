//! Who may see a transfer, and as what.

use super::Transfer;
use crate::caller::Caller;
use crate::error::Denied;

/// How a missing transfer is called in refusals.
pub const NO_TRANSFER: &str = "Transfer";

/// A caller's part in a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// They sent it (within one account: an account key is both, and counts as the sender).
    Sender,
    /// They receive it.
    Recipient,
}

/// The caller's part in a transfer.
///
/// # Errors
/// 404 for strangers; 403 for the key of an own agent that neither sent nor receives it (decision 3).
pub fn part_of(caller: &Caller, transfer: &Transfer) -> Result<Part, Denied> {
    let sends = caller.account == transfer.sender.account;
    let receives = caller.account == transfer.recipient.account;
    if !sends && !receives {
        return Err(Denied::NotFound(NO_TRANSFER));
    }
    match caller.bound_agent() {
        None if sends => Ok(Part::Sender),
        None => Ok(Part::Recipient),
        Some(agent) if sends && transfer.sender.agent == Some(agent) => Ok(Part::Sender),
        Some(agent) if receives && transfer.recipient.agent == agent => Ok(Part::Recipient),
        Some(_) => Err(Denied::Forbidden("this transfer is neither from nor to the agent of this key")),
    }
}

/// Whether the caller may have the transfer's bytes: the recipient agent's key or the recipient account's.
///
/// # Errors
/// 404 for strangers, 403 for the sender unless it is the recipient too (decision 3).
pub fn require_recipient(caller: &Caller, transfer: &Transfer) -> Result<(), Denied> {
    part_of(caller, transfer)?;
    let receives = match caller.bound_agent() {
        None => caller.account == transfer.recipient.account,
        Some(agent) => agent == transfer.recipient.agent,
    };
    if receives { Ok(()) } else { Err(Denied::Forbidden("only the recipient may download a transfer")) }
}

#[cfg(test)]
mod tests;
