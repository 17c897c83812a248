//! Every port of the database on [`Rows`]. An upload needs few of them; the others must not be called.

use std::collections::BTreeSet;

use agentdrop_domain::account::{
    Account, AccountCounter, AccountReads, AccountRepository, Email, QuotaRepository, Usage, UsageReads,
};
use agentdrop_domain::agent::{
    Agent, AgentCard, AgentReads, AgentRepository, AgentSlug, AvailableAgent, ConnectionToken, PairedAgent,
};
use agentdrop_domain::api_key::{ApiKey, ApiKeyReads, ApiKeyRepository, Identity};
use agentdrop_domain::audit::{AuditEntry, AuditLog};
use agentdrop_domain::blob::ObjectKey;
use agentdrop_domain::channel::{Channel, ChannelReads, ChannelRepository, ChannelView};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::connection::{
    Block, BlockView, Connection, ConnectionFilter, ConnectionReads, ConnectionRepository, ConnectionView,
};
use agentdrop_domain::event::{Event, EventLog};
use agentdrop_domain::idempotency::{IdempotencyReads, IdempotencyRepository, Record, RecordName};
use agentdrop_domain::ids::{
    AccountId, AgentId, ApiKeyId, AttemptId, BlockId, ChannelId, ConnectionId, FileId, GrantId, PairingId,
    TransferId, UploadId,
};
use agentdrop_domain::job::{Job, JobQueue, Lane};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::pairing::{Pairing, PairingReads, PairingRepository, PairingView};
use agentdrop_domain::plan::{Limit, PlanName};
use agentdrop_domain::retention::RetentionRepository;
use agentdrop_domain::secret::SecretDigest;
use agentdrop_domain::storage::StorageReads;
use agentdrop_domain::store::{Database, ReadView, StoreError, UnitOfWork};
use agentdrop_domain::transfer::{
    FilePart, FileState, Grant, InboxQuery, Piece, Prepared, PresignedReads, PresignedRepository, SentQuery,
    Transfer, TransferFile, TransferReads, TransferRepository, TransferStatus, Upload, UploadReads,
    UploadRepository,
};
use async_trait::async_trait;

use super::rows::Rows;

/// One transaction, or a view.
pub struct Tx(Rows);

#[async_trait]
impl Database for Rows {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(Tx(self.clone())))
    }

    async fn read(&self) -> Result<Box<dyn ReadView>, StoreError> {
        Ok(Box::new(Tx(self.clone())))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl UnitOfWork for Tx {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn rollback(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Implements a port: by the rows' method of the same name, by the same answer always, or never.
macro_rules! port {
    (
        $port:ident
        $(rows { $($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* })?
        $(always { $($same:ident($($given:ty),*) -> $reply:ty = $value:expr;)* })?
        $(never { $($other:ident($($input:ty),*) -> $output:ty;)* })?
    ) => {
        #[async_trait]
        impl $port for Tx {
            $($(async fn $name(&mut self, $($arg: $type),*) -> Result<$answer, StoreError> {
                Ok(self.0.$name($($arg),*))
            })*)?
            $($(async fn $same(&mut self, $(_: $given),*) -> Result<$reply, StoreError> {
                Ok($value)
            })*)?
            $($(async fn $other(&mut self, $(_: $input),*) -> Result<$output, StoreError> {
                unimplemented!("an upload does not ask for {}", stringify!($other))
            })*)?
        }
    };
}

port! {
    AccountReads
    rows {
        account(id: AccountId) -> Option<Account>;
    }
    never {
        account_by_email(&Email) -> Option<Account>;
        accounts(Page) -> Slice<Account>;
    }
}

port! {
    AccountRepository
    always {
        lock_accounts(&[AccountId]) -> () = ();
    }
    never {
        lock_address(&Email) -> ();
        insert_account(&Account) -> ();
        set_account_plan(AccountId, &PlanName) -> bool;
        set_require_encryption(AccountId, bool) -> bool;
        count_up(AccountId, AccountCounter, Limit) -> bool;
        count_down(AccountId, AccountCounter) -> ();
        count_invite(AccountId, Timestamp, Timestamp, u64) -> bool;
        invite_window(AccountId) -> Option<Timestamp>;
    }
}

port! {
    UsageReads
    always {
        usage(AccountId) -> Usage = Usage::default();
    }
}

port! {
    QuotaRepository
    rows {
        hold_for_upload(id: UploadId, bytes: u64) -> ();
    }
    always {
        take_storage(AccountId, u64, Limit) -> bool = true;
        give_back_storage(AccountId, u64) -> () = ();
        count_transfer(AccountId, Timestamp, Limit) -> bool = true;
        unhold_transfer(TransferId, u64) -> u64 = 0;
    }
    never {
        unhold_run_out(AccountId, Timestamp) -> u64;
        unhold_abandoned(AccountId, Timestamp) -> u64;
    }
}

port! {
    AgentReads
    rows {
        agent(id: AgentId) -> Option<Agent>;
        agent_by_slug(account: AccountId, slug: &AgentSlug) -> Option<Agent>;
    }
    always {
        paired_agents(AccountId, Option<&AgentSlug>, u32) -> Vec<PairedAgent> = Vec::new();
    }
    never {
        agents(AccountId, Page) -> Slice<Agent>;
        first_connected_agent(AccountId) -> Option<Agent>;
        agent_cards(&[AgentId]) -> Vec<AgentCard>;
        available_agents(AccountId, AccountId, ConnectionId, Page) -> Slice<AvailableAgent>;
        connection_token(&SecretDigest) -> Option<ConnectionToken>;
    }
}

port! {
    AgentRepository
    never {
        insert_agent(&Agent) -> ();
        update_agent(&Agent) -> ();
        delete_agent(AgentId, Timestamp) -> ();
        touch_agent(AgentId, Timestamp) -> ();
        replace_connection_token(&ConnectionToken) -> ();
        burn_connection_tokens(AgentId) -> ();
    }
}

port! {
    ApiKeyReads
    never {
        identity(&SecretDigest) -> Option<Identity>;
        api_key(ApiKeyId) -> Option<ApiKey>;
        api_keys(AccountId, Option<AgentId>, Page) -> Slice<ApiKey>;
    }
}

port! {
    ApiKeyRepository
    always {
        count_transfer_of_key(ApiKeyId) -> () = ();
    }
    never {
        insert_api_key(&ApiKey, &SecretDigest) -> ();
        revoke_api_key(ApiKeyId, Timestamp) -> bool;
        revoke_keys_of_agent(AgentId, Timestamp) -> ();
        touch_api_key(ApiKeyId, Timestamp) -> ();
    }
}

port! {
    ChannelReads
    always {
        channel(ChannelId) -> Option<ChannelView> = None;
    }
    never {
        living_channel(AgentId, AgentId) -> Option<Channel>;
        channels(AccountId, Option<AgentId>, Page) -> Slice<ChannelView>;
        living_channels_of_agent(AgentId) -> Vec<Channel>;
        living_channels_between(AccountId, AccountId) -> Vec<Channel>;
    }
}

port! {
    ChannelRepository
    never {
        insert_channel(&Channel) -> ();
        update_channel(&Channel) -> ();
    }
}

port! {
    ConnectionReads
    never {
        connection(ConnectionId) -> Option<Connection>;
        living_connection(AccountId, AccountId) -> Option<Connection>;
        waiting_invite(AccountId, &Email) -> Option<Connection>;
        connections(AccountId, ConnectionFilter, Page) -> Slice<ConnectionView>;
        blocked_between(AccountId, AccountId) -> bool;
        block(BlockId) -> Option<Block>;
        blocks(AccountId, Page) -> Slice<BlockView>;
    }
}

port! {
    ConnectionRepository
    never {
        insert_connection(&Connection) -> ();
        update_connection(&Connection) -> ();
        delete_connection(ConnectionId) -> ();
        adopt_invites(&Email, AccountId) -> ();
        count_pairing_up(ConnectionId, Limit) -> bool;
        count_pairings_down(ConnectionId, u64) -> ();
        insert_block(&Block) -> ();
        delete_block(BlockId) -> ();
    }
}

port! {
    PairingReads
    never {
        pairing(PairingId) -> Option<Pairing>;
        pairings(ConnectionId, Page) -> Slice<PairingView>;
        living_pairing(AgentId, AgentId) -> Option<Pairing>;
        living_pairings_of_connection(ConnectionId) -> Vec<Pairing>;
        living_pairings_of_agent(AgentId) -> Vec<Pairing>;
        count_pending_pairings(AccountId) -> u64;
    }
}

port! {
    PairingRepository
    never {
        insert_pairing(&Pairing) -> ();
        update_pairing(&Pairing) -> ();
    }
}

port! {
    PresignedReads
    never {
        prepared(TransferId) -> Option<Prepared>;
        file_parts(FileId) -> Vec<FilePart>;
        run_out_prepared(Timestamp, u32) -> Vec<TransferId>;
    }
}

port! {
    PresignedRepository
    never {
        insert_prepared(&Prepared) -> ();
        set_file_bytes(&TransferFile) -> ();
        set_file_state(FileId, FileState) -> ();
        put_file_part(FileId, &FilePart) -> Option<FilePart>;
        delete_file_parts(FileId) -> ();
        prolong_prepared(TransferId, Timestamp, Timestamp) -> ();
        activate_transfer(TransferId, Timestamp) -> bool;
        set_total_size(TransferId, u64) -> ();
        delete_prepared(TransferId) -> ();
    }
}

port! {
    StorageReads
    never {
        unpurged_transfers(Option<TransferId>, u32) -> Vec<Transfer>;
        known_objects(&[ObjectKey]) -> BTreeSet<ObjectKey>;
    }
}

port! {
    TransferReads
    never {
        transfer(TransferId) -> Option<Transfer>;
        sent_transfers(&SentQuery, Page) -> Slice<Transfer>;
        inbox(&InboxQuery, Page) -> Slice<Transfer>;
        grant(GrantId) -> Option<Grant>;
        run_out_transfers(Timestamp, u32) -> Vec<TransferId>;
        active_transfers_to_agent(AgentId) -> Vec<TransferId>;
        active_transfers_between_accounts(AccountId, AccountId) -> Vec<TransferId>;
        active_transfers_between_agents(AgentId, AgentId) -> Vec<TransferId>;
        protected_until(TransferId, Timestamp) -> Option<Timestamp>;
    }
}

port! {
    TransferRepository
    rows {
        insert_transfer(transfer: &Transfer) -> ();
    }
    never {
        claim_download(TransferId, Timestamp) -> Option<Transfer>;
        end_transfer(TransferId, TransferStatus, Timestamp) -> bool;
        mark_purged(TransferId, Timestamp) -> ();
        insert_grant(&Grant) -> ();
        renew_grant_stream(GrantId, Timestamp) -> bool;
        revoke_grants(TransferId, Timestamp) -> ();
    }
}

port! {
    RetentionRepository
    never {
        forget_transfers(Timestamp, u32) -> usize;
        forget_events(Timestamp, u32) -> usize;
        forget_audit(Timestamp, u32) -> usize;
    }
}

port! {
    UploadReads
    rows {
        upload(id: UploadId) -> Option<Upload>;
    }
    never {
        abandoned_uploads(Timestamp, u32) -> Vec<Upload>;
    }
}

port! {
    UploadRepository
    rows {
        insert_upload(upload: &Upload) -> ();
        renew_upload(id: UploadId, until: Timestamp) -> bool;
        settle_upload(id: UploadId) -> bool;
        reap_upload(id: UploadId, now: Timestamp, abandoned: bool) -> bool;
        delete_upload(id: UploadId) -> ();
    }
    never {
        replace_uploads(&Piece, UploadId) -> ();
    }
}

port! {
    IdempotencyReads
    rows {
        idempotency_record(credential: ApiKeyId, name: &RecordName) -> Option<Record>;
    }
}

port! {
    IdempotencyRepository
    rows {
        mark_running(mark: &Record, now: Timestamp) -> bool;
        answer_mark(answered: &Record) -> bool;
        remove_mark(name: &RecordName, attempt: AttemptId) -> bool;
    }
    never {
        renew_mark(&RecordName, AttemptId, Timestamp) -> bool;
        forget_spent_records(Timestamp, u32) -> usize;
    }
}

port! {
    EventLog
    always {
        append_events(&[Event]) -> () = ();
    }
}

port! {
    AuditLog
    always {
        append_audit(&AuditEntry) -> () = ();
    }
}

port! {
    JobQueue
    never {
        enqueue(&Job) -> ();
        lease_jobs(Lane, Timestamp, Timestamp, u32) -> Vec<Job>;
        renew_job(&Job, Timestamp) -> bool;
        finish_job(&Job) -> bool;
        postpone_job(&Job, Timestamp) -> bool;
    }
}
