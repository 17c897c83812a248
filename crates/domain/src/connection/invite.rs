//! One account invites another, by address, to know each other.

use async_trait::async_trait;
use chrono::TimeDelta;

use super::{Connection, ConnectionStatus, InviteMessage, meanwhile, notice};
use crate::account::{Account, AccountCounter, Email};
use crate::act::{Act, Cx};
use crate::audit::AuditEntry;
use crate::caller::Caller;
use crate::error::Denied;
use crate::event::EventName;
use crate::ids::AccountId;
use crate::impl_act_error;
use crate::store::{StoreError, UniqueRule, UnitOfWork};

/// The window in which invites are counted, in seconds.
const INVITE_WINDOW_SECONDS: i64 = 3_600;

/// Invites the holder of an address, who need not have an account yet.
///
/// Checked in this order: the credential's scope, the own address, blocks, an existing
/// connection or invite, the plan, the invites of the last hour.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Who invites.
    pub caller: Caller,
    /// Whom.
    pub email: Email,
    /// What they are told.
    pub message: Option<InviteMessage>,
}

/// Why there was no invite.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Not with an agent key.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The address is the caller's own.
    #[error("this is your own address; an account can't connect to itself")]
    SelfConnection,
    /// Either account blocks the other.
    #[error("you can't connect to this account: one of you blocks the other")]
    Blocked,
    /// There is an active connection.
    #[error("you are already connected to this account")]
    AlreadyConnected,
    /// The caller's invite waits already.
    #[error("your invite to this address is still waiting for an answer")]
    InvitePending,
    /// The other account's invite waits for the caller.
    #[error("this account has invited you already; accept its invite (see pending_incoming) instead")]
    InvitedByThem,
    /// The plan allows no more.
    #[error(
        "the plan \"{plan}\" allows {limit} active connections and outgoing invites; give one up, or move to \
         a larger plan"
    )]
    PlanLimit {
        /// The plan's name.
        plan: String,
        /// How many it allows.
        limit: u64,
    },
    /// Too many invites within an hour.
    #[error("{limit} invites an hour are allowed; try again in {retry_after_seconds} seconds")]
    TooManyInvites {
        /// How many are allowed.
        limit: u64,
        /// When the next one may be tried, in seconds.
        retry_after_seconds: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl_act_error!(InviteError);

impl From<StoreError> for InviteError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(UniqueRule::ConnectionPair) => Self::AlreadyConnected,
            StoreError::Conflict(UniqueRule::ConnectionInvite) => Self::InvitePending,
            error => Self::Store(error),
        }
    }
}

#[async_trait]
impl Act for Invite {
    type Output = Connection;
    type Error = InviteError;

    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<Connection, InviteError> {
        self.caller.require_account_scope()?;
        let inviter = tx.account(self.caller.account).await?;
        let inviter =
            inviter.ok_or_else(|| StoreError::Internal("the caller's account is missing".into()))?;
        if inviter.email == self.email {
            return Err(InviteError::SelfConnection);
        }
        // So that nobody signs up with it unseen.
        tx.lock_address(&self.email).await?;
        let target = self.lock(tx).await?;
        check_target(tx, inviter.id, &self.email, target.as_ref()).await?;
        count(cx, tx, &inviter).await?;
        let connection = Connection {
            id: cx.ids.next(),
            inviter: inviter.id,
            invitee: target.map(|account| account.id),
            invited_email: self.email.clone(),
            message: self.message.as_ref().map(ToString::to_string),
            status: ConnectionStatus::Pending,
            created_at: cx.now,
            accepted_at: None,
            revoked_at: None,
        };
        tx.insert_connection(&connection).await?;
        tx.append_audit(&AuditEntry::by(&self.caller, cx, "connection.invite", connection.id)).await?;
        tx.append_events(&notice::events(&connection, EventName::ConnectionInvited, cx.now)).await?;
        Ok(connection)
    }
}

impl Invite {
    /// Locks both accounts; returns the invited one, if there is one.
    async fn lock(&self, tx: &mut dyn UnitOfWork) -> Result<Option<Account>, StoreError> {
        let seen = tx.account_by_email(&self.email).await?.map(|account| account.id);
        let accounts: Vec<_> = std::iter::once(self.caller.account).chain(seen).collect();
        tx.lock_accounts(&accounts).await?;
        let target = tx.account_by_email(&self.email).await?;
        if target.as_ref().map(|account| account.id) == seen {
            Ok(target)
        } else {
            Err(meanwhile("somebody signed up with the invited address"))
        }
    }
}

async fn check_target(
    tx: &mut dyn UnitOfWork,
    inviter: AccountId,
    email: &Email,
    target: Option<&Account>,
) -> Result<(), InviteError> {
    let existing = match target {
        Some(target) => {
            if tx.blocked_between(inviter, target.id).await? {
                return Err(InviteError::Blocked);
            }
            tx.living_connection(inviter, target.id).await?
        }
        None => tx.waiting_invite(inviter, email).await?,
    };
    match existing {
        None => Ok(()),
        Some(connection) if connection.status == ConnectionStatus::Active => {
            Err(InviteError::AlreadyConnected)
        }
        Some(connection) if connection.inviter == inviter => Err(InviteError::InvitePending),
        Some(_) => Err(InviteError::InvitedByThem),
    }
}

async fn count(cx: &Cx<'_>, tx: &mut dyn UnitOfWork, inviter: &Account) -> Result<(), InviteError> {
    let plan = cx.settings.plans.of(&inviter.plan);
    if !tx.count_up(inviter.id, AccountCounter::Connections, plan.max_connections).await? {
        let limit = plan.max_connections.unwrap_or(u64::MAX);
        return Err(InviteError::PlanLimit { plan: plan.name.as_str().to_owned(), limit });
    }
    let Some(limit) = cx.settings.invites_per_hour else { return Ok(()) };
    let window = TimeDelta::seconds(INVITE_WINDOW_SECONDS);
    if tx.count_invite(inviter.id, cx.now, cx.now - window, limit).await? {
        return Ok(());
    }
    let began = tx.invite_window(inviter.id).await?.unwrap_or(cx.now);
    let wait = (began + window - cx.now).num_seconds();
    Err(InviteError::TooManyInvites { limit, retry_after_seconds: u64::try_from(wait).unwrap_or(0) + 1 })
}

#[cfg(test)]
mod tests;
