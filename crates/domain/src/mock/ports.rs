#![allow(missing_docs)]

use std::collections::BTreeSet;

use async_trait::async_trait;
use mockall::mock;

use crate::account::{
    Account, AccountCounter, AccountReads, AccountRepository, Email, QuotaRepository, Usage, UsageReads,
};
use crate::agent::{
    Agent, AgentCard, AgentReads, AgentRepository, AgentSlug, AvailableAgent, ConnectionToken, PairedAgent,
};
use crate::api_key::{ApiKey, ApiKeyReads, ApiKeyRepository, Identity};
use crate::audit::{AuditEntry, AuditLog};
use crate::blob::ObjectKey;
use crate::channel::{Channel, ChannelReads, ChannelRepository, ChannelView};
use crate::clock::Timestamp;
use crate::connection::{
    Block, BlockView, Connection, ConnectionFilter, ConnectionReads, ConnectionRepository, ConnectionView,
};
use crate::event::{Event, EventLog};
use crate::idempotency::{IdempotencyReads, IdempotencyRepository, Record, RecordName};
use crate::ids::{
    AccountId, AgentId, ApiKeyId, AttemptId, BlockId, ChannelId, ConnectionId, FileId, GrantId, PairingId,
    TransferId, UploadId,
};
use crate::job::{Job, JobQueue, Lane};
use crate::page::{Page, Slice};
use crate::pairing::{Pairing, PairingReads, PairingRepository, PairingView};
use crate::plan::{Limit, PlanName};
use crate::retention::RetentionRepository;
use crate::secret::SecretDigest;
use crate::storage::StorageReads;
use crate::store::{Database, ReadView, StoreError, UnitOfWork};
use crate::transfer::{
    FilePart, FileState, Grant, InboxQuery, Piece, Prepared, PresignedReads, PresignedRepository, SentQuery,
    Transfer, TransferFile, TransferReads, TransferRepository, TransferStatus, Upload, UploadReads,
    UploadRepository,
};

mock! {
    /// One transaction; it serves as a view too.
    pub Tx {
        pub fn agent(&mut self, id: AgentId) -> Result<Option<Agent>, StoreError>;
        pub fn agent_by_slug(
            &mut self,
            account: AccountId,
            slug: &AgentSlug,
        ) -> Result<Option<Agent>, StoreError>;
        pub fn agents(&mut self, account: AccountId, page: Page) -> Result<Slice<Agent>, StoreError>;
        pub fn first_connected_agent(&mut self, account: AccountId) -> Result<Option<Agent>, StoreError>;
        pub fn agent_cards(&mut self, ids: &[AgentId]) -> Result<Vec<AgentCard>, StoreError>;
        pub fn available_agents(
            &mut self,
            of: AccountId,
            seen_by: AccountId,
            connection: ConnectionId,
            page: Page,
        ) -> Result<Slice<AvailableAgent>, StoreError>;
        pub fn paired_agents(
            &mut self,
            account: AccountId,
            slug: Option<AgentSlug>,
            limit: u32,
        ) -> Result<Vec<PairedAgent>, StoreError>;
        pub fn connection_token(
            &mut self,
            digest: &SecretDigest,
        ) -> Result<Option<ConnectionToken>, StoreError>;
    }

    #[async_trait]
    impl AccountReads for Tx {
        async fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError>;
        async fn account_by_email(&mut self, email: &Email) -> Result<Option<Account>, StoreError>;
        async fn accounts(&mut self, page: Page) -> Result<Slice<Account>, StoreError>;
    }

    #[async_trait]
    impl AccountRepository for Tx {
        async fn lock_address(&mut self, email: &Email) -> Result<(), StoreError>;
        async fn lock_accounts(&mut self, accounts: &[AccountId]) -> Result<(), StoreError>;
        async fn insert_account(&mut self, account: &Account) -> Result<(), StoreError>;
        async fn set_account_plan(&mut self, id: AccountId, plan: &PlanName) -> Result<bool, StoreError>;
        async fn set_require_encryption(&mut self, id: AccountId, required: bool) -> Result<bool, StoreError>;
        async fn count_up(
            &mut self,
            id: AccountId,
            counter: AccountCounter,
            limit: Limit,
        ) -> Result<bool, StoreError>;
        async fn count_down(&mut self, id: AccountId, counter: AccountCounter) -> Result<(), StoreError>;
        async fn count_invite(
            &mut self,
            id: AccountId,
            now: Timestamp,
            window_start: Timestamp,
            limit: u64,
        ) -> Result<bool, StoreError>;
        async fn invite_window(&mut self, id: AccountId) -> Result<Option<Timestamp>, StoreError>;
    }

    #[async_trait]
    impl UsageReads for Tx {
        async fn usage(&mut self, account: AccountId) -> Result<Usage, StoreError>;
    }

    #[async_trait]
    impl QuotaRepository for Tx {
        async fn take_storage(
            &mut self,
            account: AccountId,
            bytes: u64,
            limit: Limit,
        ) -> Result<bool, StoreError>;
        async fn give_back_storage(&mut self, account: AccountId, bytes: u64) -> Result<(), StoreError>;
        async fn count_transfer(
            &mut self,
            account: AccountId,
            month_start: Timestamp,
            limit: Limit,
        ) -> Result<bool, StoreError>;
        async fn unhold_transfer(&mut self, id: TransferId, most: u64) -> Result<u64, StoreError>;
        async fn unhold_run_out(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError>;
        async fn hold_for_upload(&mut self, id: UploadId, bytes: u64) -> Result<(), StoreError>;
        async fn unhold_abandoned(&mut self, account: AccountId, now: Timestamp) -> Result<u64, StoreError>;
    }

    #[async_trait]
    impl AgentRepository for Tx {
        async fn insert_agent(&mut self, agent: &Agent) -> Result<(), StoreError>;
        async fn update_agent(&mut self, agent: &Agent) -> Result<(), StoreError>;
        async fn delete_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError>;
        async fn touch_agent(&mut self, id: AgentId, now: Timestamp) -> Result<(), StoreError>;
        async fn replace_connection_token(&mut self, token: &ConnectionToken) -> Result<(), StoreError>;
        async fn burn_connection_tokens(&mut self, agent: AgentId) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl ApiKeyReads for Tx {
        async fn identity(&mut self, digest: &SecretDigest) -> Result<Option<Identity>, StoreError>;
        async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;
        async fn api_keys(
            &mut self,
            account: AccountId,
            agent: Option<AgentId>,
            page: Page,
        ) -> Result<Slice<ApiKey>, StoreError>;
    }

    #[async_trait]
    impl ApiKeyRepository for Tx {
        async fn insert_api_key(&mut self, key: &ApiKey, digest: &SecretDigest) -> Result<(), StoreError>;
        async fn revoke_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError>;
        async fn revoke_keys_of_agent(&mut self, agent: AgentId, now: Timestamp) -> Result<(), StoreError>;
        async fn touch_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
        async fn count_transfer_of_key(&mut self, id: ApiKeyId) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl ChannelReads for Tx {
        async fn channel(&mut self, id: ChannelId) -> Result<Option<ChannelView>, StoreError>;
        async fn living_channel(&mut self, x: AgentId, y: AgentId) -> Result<Option<Channel>, StoreError>;
        async fn channels(
            &mut self,
            account: AccountId,
            agent: Option<AgentId>,
            page: Page,
        ) -> Result<Slice<ChannelView>, StoreError>;
        async fn living_channels_of_agent(&mut self, agent: AgentId) -> Result<Vec<Channel>, StoreError>;
        async fn living_channels_between(
            &mut self,
            x: AccountId,
            y: AccountId,
        ) -> Result<Vec<Channel>, StoreError>;
    }

    #[async_trait]
    impl ChannelRepository for Tx {
        async fn insert_channel(&mut self, channel: &Channel) -> Result<(), StoreError>;
        async fn update_channel(&mut self, channel: &Channel) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl ConnectionReads for Tx {
        async fn connection(&mut self, id: ConnectionId) -> Result<Option<Connection>, StoreError>;
        async fn living_connection(
            &mut self,
            a: AccountId,
            b: AccountId,
        ) -> Result<Option<Connection>, StoreError>;
        async fn waiting_invite(
            &mut self,
            inviter: AccountId,
            email: &Email,
        ) -> Result<Option<Connection>, StoreError>;
        async fn connections(
            &mut self,
            account: AccountId,
            filter: ConnectionFilter,
            page: Page,
        ) -> Result<Slice<ConnectionView>, StoreError>;
        async fn blocked_between(&mut self, a: AccountId, b: AccountId) -> Result<bool, StoreError>;
        async fn block(&mut self, id: BlockId) -> Result<Option<Block>, StoreError>;
        async fn blocks(&mut self, blocker: AccountId, page: Page) -> Result<Slice<BlockView>, StoreError>;
    }

    #[async_trait]
    impl ConnectionRepository for Tx {
        async fn insert_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
        async fn update_connection(&mut self, connection: &Connection) -> Result<(), StoreError>;
        async fn delete_connection(&mut self, id: ConnectionId) -> Result<(), StoreError>;
        async fn adopt_invites(&mut self, email: &Email, account: AccountId) -> Result<(), StoreError>;
        async fn count_pairing_up(&mut self, id: ConnectionId, limit: Limit) -> Result<bool, StoreError>;
        async fn count_pairings_down(&mut self, id: ConnectionId, by: u64) -> Result<(), StoreError>;
        async fn insert_block(&mut self, block: &Block) -> Result<(), StoreError>;
        async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl PairingReads for Tx {
        async fn pairing(&mut self, id: PairingId) -> Result<Option<Pairing>, StoreError>;
        async fn pairings(
            &mut self,
            connection: ConnectionId,
            page: Page,
        ) -> Result<Slice<PairingView>, StoreError>;
        async fn living_pairing(&mut self, a: AgentId, b: AgentId) -> Result<Option<Pairing>, StoreError>;
        async fn living_pairings_of_connection(
            &mut self,
            connection: ConnectionId,
        ) -> Result<Vec<Pairing>, StoreError>;
        async fn living_pairings_of_agent(&mut self, agent: AgentId) -> Result<Vec<Pairing>, StoreError>;
        async fn count_pending_pairings(&mut self, waiting_for: AccountId) -> Result<u64, StoreError>;
    }

    #[async_trait]
    impl PairingRepository for Tx {
        async fn insert_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError>;
        async fn update_pairing(&mut self, pairing: &Pairing) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl PresignedReads for Tx {
        async fn prepared(&mut self, id: TransferId) -> Result<Option<Prepared>, StoreError>;
        async fn file_parts(&mut self, file: FileId) -> Result<Vec<FilePart>, StoreError>;
        async fn run_out_prepared(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError>;
    }

    #[async_trait]
    impl PresignedRepository for Tx {
        async fn insert_prepared(&mut self, prepared: &Prepared) -> Result<(), StoreError>;
        async fn set_file_bytes(&mut self, file: &TransferFile) -> Result<(), StoreError>;
        async fn set_file_state(&mut self, file: FileId, state: FileState) -> Result<(), StoreError>;
        async fn put_file_part(&mut self, file: FileId, part: &FilePart) -> Result<Option<FilePart>, StoreError>;
        async fn delete_file_parts(&mut self, file: FileId) -> Result<(), StoreError>;
        async fn prolong_prepared(
            &mut self,
            id: TransferId,
            now: Timestamp,
            until: Timestamp,
        ) -> Result<(), StoreError>;
        async fn activate_transfer(&mut self, id: TransferId, expires_at: Timestamp) -> Result<bool, StoreError>;
        async fn set_total_size(&mut self, id: TransferId, bytes: u64) -> Result<(), StoreError>;
        async fn delete_prepared(&mut self, id: TransferId) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl StorageReads for Tx {
        async fn unpurged_transfers(
            &mut self,
            after: Option<TransferId>,
            limit: u32,
        ) -> Result<Vec<Transfer>, StoreError>;
        async fn known_objects(&mut self, keys: &[ObjectKey]) -> Result<BTreeSet<ObjectKey>, StoreError>;
    }

    #[async_trait]
    impl TransferReads for Tx {
        async fn transfer(&mut self, id: TransferId) -> Result<Option<Transfer>, StoreError>;
        async fn sent_transfers(&mut self, query: &SentQuery, page: Page) -> Result<Slice<Transfer>, StoreError>;
        async fn inbox(&mut self, query: &InboxQuery, page: Page) -> Result<Slice<Transfer>, StoreError>;
        async fn grant(&mut self, id: GrantId) -> Result<Option<Grant>, StoreError>;
        async fn run_out_transfers(&mut self, now: Timestamp, limit: u32) -> Result<Vec<TransferId>, StoreError>;
        async fn active_transfers_to_agent(&mut self, agent: AgentId) -> Result<Vec<TransferId>, StoreError>;
        async fn active_transfers_between_accounts(
            &mut self,
            x: AccountId,
            y: AccountId,
        ) -> Result<Vec<TransferId>, StoreError>;
        async fn active_transfers_between_agents(
            &mut self,
            x: AgentId,
            y: AgentId,
        ) -> Result<Vec<TransferId>, StoreError>;
        async fn protected_until(
            &mut self,
            id: TransferId,
            now: Timestamp,
        ) -> Result<Option<Timestamp>, StoreError>;
    }

    #[async_trait]
    impl TransferRepository for Tx {
        async fn insert_transfer(&mut self, transfer: &Transfer) -> Result<(), StoreError>;
        async fn claim_download(
            &mut self,
            id: TransferId,
            now: Timestamp,
        ) -> Result<Option<Transfer>, StoreError>;
        async fn end_transfer(
            &mut self,
            id: TransferId,
            status: TransferStatus,
            now: Timestamp,
        ) -> Result<bool, StoreError>;
        async fn mark_purged(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError>;
        async fn insert_grant(&mut self, grant: &Grant) -> Result<(), StoreError>;
        async fn renew_grant_stream(&mut self, id: GrantId, until: Timestamp) -> Result<bool, StoreError>;
        async fn revoke_grants(&mut self, id: TransferId, now: Timestamp) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl RetentionRepository for Tx {
        async fn forget_transfers(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
        async fn forget_events(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
        async fn forget_audit(&mut self, until: Timestamp, limit: u32) -> Result<usize, StoreError>;
    }

    #[async_trait]
    impl UploadReads for Tx {
        async fn upload(&mut self, id: UploadId) -> Result<Option<Upload>, StoreError>;
        async fn abandoned_uploads(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Upload>, StoreError>;
    }

    #[async_trait]
    impl UploadRepository for Tx {
        async fn insert_upload(&mut self, upload: &Upload) -> Result<(), StoreError>;
        async fn renew_upload(&mut self, id: UploadId, lease_until: Timestamp) -> Result<bool, StoreError>;
        async fn settle_upload(&mut self, id: UploadId) -> Result<bool, StoreError>;
        async fn reap_upload(&mut self, id: UploadId, now: Timestamp, abandoned: bool) -> Result<bool, StoreError>;
        async fn replace_uploads(&mut self, piece: &Piece, by: UploadId) -> Result<(), StoreError>;
        async fn delete_upload(&mut self, id: UploadId) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl IdempotencyReads for Tx {
        async fn idempotency_record(
            &mut self,
            credential: ApiKeyId,
            name: &RecordName,
        ) -> Result<Option<Record>, StoreError>;
    }

    #[async_trait]
    impl IdempotencyRepository for Tx {
        async fn mark_running(&mut self, mark: &Record, now: Timestamp) -> Result<bool, StoreError>;
        async fn renew_mark(
            &mut self,
            name: &RecordName,
            attempt: AttemptId,
            lease_until: Timestamp,
        ) -> Result<bool, StoreError>;
        async fn answer_mark(&mut self, answered: &Record) -> Result<bool, StoreError>;
        async fn remove_mark(&mut self, name: &RecordName, attempt: AttemptId) -> Result<bool, StoreError>;
        async fn forget_spent_records(&mut self, now: Timestamp, limit: u32) -> Result<usize, StoreError>;
    }

    #[async_trait]
    impl EventLog for Tx {
        async fn append_events(&mut self, events: &[Event]) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl AuditLog for Tx {
        async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;
    }

    #[async_trait]
    impl JobQueue for Tx {
        async fn enqueue(&mut self, job: &Job) -> Result<(), StoreError>;
        async fn lease_jobs(
            &mut self,
            lane: Lane,
            now: Timestamp,
            lease_until: Timestamp,
            limit: u32,
        ) -> Result<Vec<Job>, StoreError>;
        async fn renew_job(&mut self, job: &Job, lease_until: Timestamp) -> Result<bool, StoreError>;
        async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError>;
        async fn postpone_job(&mut self, job: &Job, run_at: Timestamp) -> Result<bool, StoreError>;
    }

    #[async_trait]
    impl UnitOfWork for Tx {
        async fn commit(self: Box<Self>) -> Result<(), StoreError>;
        async fn rollback(self: Box<Self>) -> Result<(), StoreError>;
    }
}

/// By hand, because mockall can't take a reference inside an `Option`; the expectations hear an owned slug.
#[async_trait]
impl AgentReads for MockTx {
    async fn agent(&mut self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        Self::agent(self, id)
    }

    async fn agent_by_slug(
        &mut self,
        account: AccountId,
        slug: &AgentSlug,
    ) -> Result<Option<Agent>, StoreError> {
        Self::agent_by_slug(self, account, slug)
    }

    async fn agents(&mut self, account: AccountId, page: Page) -> Result<Slice<Agent>, StoreError> {
        Self::agents(self, account, page)
    }

    async fn first_connected_agent(&mut self, account: AccountId) -> Result<Option<Agent>, StoreError> {
        Self::first_connected_agent(self, account)
    }

    async fn agent_cards(&mut self, ids: &[AgentId]) -> Result<Vec<AgentCard>, StoreError> {
        Self::agent_cards(self, ids)
    }

    async fn available_agents(
        &mut self,
        of: AccountId,
        seen_by: AccountId,
        connection: ConnectionId,
        page: Page,
    ) -> Result<Slice<AvailableAgent>, StoreError> {
        Self::available_agents(self, of, seen_by, connection, page)
    }

    async fn paired_agents(
        &mut self,
        account: AccountId,
        slug: Option<&AgentSlug>,
        limit: u32,
    ) -> Result<Vec<PairedAgent>, StoreError> {
        Self::paired_agents(self, account, slug.cloned(), limit)
    }

    async fn connection_token(
        &mut self,
        digest: &SecretDigest,
    ) -> Result<Option<ConnectionToken>, StoreError> {
        Self::connection_token(self, digest)
    }
}

mock! {
    /// The database.
    pub Db {}

    #[async_trait]
    impl Database for Db {
        async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError>;
        async fn read(&self) -> Result<Box<dyn ReadView>, StoreError>;
        async fn ping(&self) -> Result<(), StoreError>;
    }
}
