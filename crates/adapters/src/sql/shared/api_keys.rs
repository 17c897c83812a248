use agentdrop_domain::agent::AgentSlug;
use agentdrop_domain::api_key::{ApiKey, ApiKeyReads, ApiKeyRepository, Identity};
use agentdrop_domain::clock::Timestamp;
use agentdrop_domain::ids::{AccountId, AgentId, ApiKeyId};
use agentdrop_domain::page::{Page, Slice};
use agentdrop_domain::secret::SecretDigest;
use agentdrop_domain::store::StoreError;
use async_trait::async_trait;
use diesel::prelude::*;

use super::accounts::AccountRow;
use super::key::Key;
use super::schema::{accounts, agents, api_keys};
use super::{Db, Session};
use crate::sql::values::{Corrupt, maybe, number, one, stored, text, window};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, check_for_backend(Db))]
struct ApiKeyRow {
    id: Key,
    account_id: Key,
    agent_id: Option<Key>,
    name: String,
    prefix: String,
    last_used_at: Option<Timestamp>,
    transfer_count: i64,
    created_at: Timestamp,
    revoked_at: Option<Timestamp>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = Corrupt;

    fn try_from(row: ApiKeyRow) -> Result<Self, Corrupt> {
        Ok(Self {
            id: row.id.id(),
            account_id: row.account_id.id(),
            agent_id: row.agent_id.map(Key::id),
            name: row.name,
            prefix: row.prefix,
            last_used_at: row.last_used_at,
            transfer_count: number(row.transfer_count)?,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
        })
    }
}

impl TryFrom<&ApiKey> for ApiKeyRow {
    type Error = Corrupt;

    fn try_from(key: &ApiKey) -> Result<Self, Corrupt> {
        Ok(Self {
            id: key.id.into(),
            account_id: key.account_id.into(),
            agent_id: key.agent_id.map(Key::from),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            last_used_at: key.last_used_at,
            transfer_count: stored(key.transfer_count)?,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        })
    }
}

#[async_trait]
impl ApiKeyReads for Session {
    async fn identity(&mut self, digest: &SecretDigest) -> Result<Option<Identity>, StoreError> {
        let query = api_keys::table
            .inner_join(accounts::table.on(accounts::id.eq(api_keys::account_id)))
            .left_join(agents::table.on(agents::id.nullable().eq(api_keys::agent_id)))
            .filter(api_keys::digest.eq(&digest.0[..]))
            .select((ApiKeyRow::as_select(), AccountRow::as_select(), agents::slug.nullable()));
        let row: Option<(ApiKeyRow, AccountRow, Option<String>)> = self.get(query).await?;
        row.map(|(key, account, slug)| {
            let agent_slug = slug.map(|slug| text::<AgentSlug>(&slug)).transpose()?;
            Ok(Identity { key: one(key)?, account: one(account)?, agent_slug })
        })
        .transpose()
    }

    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        maybe(self.get(api_keys::table.find(Key::from(id)).select(ApiKeyRow::as_select())).await?)
    }

    async fn api_keys(
        &mut self,
        account: AccountId,
        agent: Option<AgentId>,
        page: Page,
    ) -> Result<Slice<ApiKey>, StoreError> {
        let (limit, offset) = window(page);
        let living = || {
            let query = api_keys::table
                .filter(api_keys::account_id.eq(Key::from(account)))
                .filter(api_keys::revoked_at.is_null())
                .into_boxed::<Db>();
            match agent {
                Some(agent) => query.filter(api_keys::agent_id.eq(Key::from(agent))),
                None => query.filter(api_keys::agent_id.is_null()),
            }
        };
        let query = living()
            .order((api_keys::created_at.desc(), api_keys::id))
            .limit(limit)
            .offset(offset)
            .select(ApiKeyRow::as_select());
        self.slice(page, query, living().count()).await
    }
}

#[async_trait]
impl ApiKeyRepository for Session {
    async fn insert_api_key(&mut self, key: &ApiKey, digest: &SecretDigest) -> Result<(), StoreError> {
        let row = (ApiKeyRow::try_from(key)?, api_keys::digest.eq(digest.0.to_vec()));
        self.execute(diesel::insert_into(api_keys::table).values(row)).await?;
        Ok(())
    }

    async fn revoke_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<bool, StoreError> {
        let row = api_keys::table.find(Key::from(id)).filter(api_keys::revoked_at.is_null());
        Ok(self.execute(diesel::update(row).set(api_keys::revoked_at.eq(now))).await? == 1)
    }

    async fn revoke_keys_of_agent(&mut self, agent: AgentId, now: Timestamp) -> Result<(), StoreError> {
        let rows = api_keys::table
            .filter(api_keys::agent_id.eq(Key::from(agent)))
            .filter(api_keys::revoked_at.is_null());
        self.execute(diesel::update(rows).set(api_keys::revoked_at.eq(now))).await?;
        Ok(())
    }

    async fn touch_api_key(&mut self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        let row = api_keys::table.find(Key::from(id));
        self.execute(diesel::update(row).set(api_keys::last_used_at.eq(now))).await?;
        Ok(())
    }

    async fn count_transfer_of_key(&mut self, id: ApiKeyId) -> Result<(), StoreError> {
        let row = api_keys::table.find(Key::from(id));
        let raised = api_keys::transfer_count.eq(api_keys::transfer_count + 1);
        self.execute(diesel::update(row).set(raised)).await?;
        Ok(())
    }
}
