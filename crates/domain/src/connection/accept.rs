//! The invited account accepts.

use async_trait::async_trait;

use super::{AnswerRefused, Connection, lock_as_party, notice};
use crate::account::{AccountCounter, plan_of};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::ConnectionId;
use crate::impl_act_error;
use crate::store::{StoreError, UnitOfWork};

/// Accepts an invite. It then counts among the accepting account's connections too.
#[derive(Debug, Clone)]
pub struct Accept {
    /// Who accepts.
    pub caller: Caller,
    /// What.
    pub id: ConnectionId,
}

/// Why an invite was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Not with an agent key; not a connection of the caller's.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The caller sent it, or it was answered before.
    #[error(transparent)]
    Refused(#[from] AnswerRefused),
    /// The accepting account's plan allows no more.
    #[error(
        "your plan \"{plan}\" allows {limit} active connections and outgoing invites; give one up, or move \
         to a larger plan"
    )]
    PlanLimit {
        /// The plan's name.
        plan: String,
        /// How many it allows.
        limit: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl_act_error!(AcceptError);

#[async_trait]
impl Act for Accept {
    type Output = Connection;
    type Error = AcceptError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Connection, AcceptError> {
        self.caller.require_account_scope()?;
        let invite: Connection = lock_as_party::<AcceptError>(tx, &self.caller, self.id).await?;
        let account = self.caller.account;
        let active = invite.accept(account, cx.now)?;
        let plan = plan_of(cx, tx, account).await?;
        if !tx.count_up(account, AccountCounter::Connections, plan.max_connections).await? {
            let limit = plan.max_connections.unwrap_or(u64::MAX);
            return Err(AcceptError::PlanLimit { plan: plan.name.as_str().to_owned(), limit });
        }
        tx.update_connection(&active).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.accept", active.id)).await?;
        tx.append_events(&notice::events(&active, EventName::ConnectionAccepted, cx.now)).await?;
        Ok(active)
    }
}

#[cfg(test)]
mod tests;
