use agentdrop_domain::{
    account::Account, act::*, caller::Caller, clock::Timestamp, error::Denied, secret::Token, store::*, *,
};
pub struct Authenticate {
    pub token: Token,
    pub named_agent: Option<String>,
}
pub struct Authenticated {
    pub caller: Caller,
    pub account: Account,
}
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    #[error("unknown")]
    Unknown,
    #[error("revoked")]
    Revoked,
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] StoreError),
}
agentdrop_domain::impl_act_error!(AuthenticateError);
#[async_trait::async_trait]
impl Ask for Authenticate {
    type Output = Authenticated;
    type Error = AuthenticateError;
    async fn answer(&self, cx: &Cx<'_>, view: &mut dyn ReadView) -> Result<Authenticated, AuthenticateError> {
        Err(AuthenticateError::Unknown)
    }
}
pub struct RecordUse;
impl RecordUse {
    pub fn due(_: &Authenticated, _: Timestamp) -> Option<Self> {
        None
    }
}
#[async_trait::async_trait]
impl Act for RecordUse {
    type Output = ();
    type Error = AuthenticateError;
    async fn perform(&self, cx: &Cx<'_>, tx: &mut dyn UnitOfWork) -> Result<(), AuthenticateError> {
        Ok(())
    }
}
