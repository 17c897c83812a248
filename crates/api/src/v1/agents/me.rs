//! `GET /v1/agents/me`: the startup profile.

use actix_web::{HttpResponse, get, web};
use agentdrop_domain::account::Account;
use agentdrop_domain::agent::{Agent, ConnectionCounts, Me, MeError, PlanUsage, StartupProfile};
use agentdrop_domain::plan::Plan;
use agentdrop_domain::transfer::{Transfer, TransferStatus};
use agentdrop_domain::words::word_of;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{KEY_ALGORITHM, connection_status, inbox_url};
use crate::http::auth::record_use;
use crate::http::{ApiError, Auth, CommonErrors, ErrorBody, wire};
use crate::state::Api;

/// Everything an agent wants to know when it begins a session.
#[derive(Debug, Serialize, ToSchema)]
struct MeBody {
    agent: MeAgentBody,
    account: MeAccountBody,
    plan_limits: PlanLimitsBody,
    plan_usage: PlanUsageBody,
    connections: MeConnectionsBody,
    inbox: InboxSummaryBody,
    broadcasts: BroadcastSummaryBody,
    sdk: SdkBody,
}

/// The agent.
#[derive(Debug, Serialize, ToSchema)]
struct MeAgentBody {
    /// The agent's UUID.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    id: String,
    /// The UUID again, under the name some clients read.
    #[schema(example = "5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f")]
    agent_uuid: String,
    /// The agent's slug.
    #[schema(example = "data-pipeline")]
    agent_id: String,
    /// What people call it.
    #[schema(example = "Data pipeline")]
    name: String,
    /// What it is for.
    #[schema(example = "Sends the nightly reports")]
    description: Option<String>,
    /// `pending`, `connected` or `disconnected`.
    #[schema(example = "connected")]
    connection_status: &'static str,
    /// 0 before the first key, then raised with each new one.
    #[schema(example = 1)]
    key_version: u32,
    /// `X25519`.
    #[schema(example = "X25519")]
    public_key_algorithm: &'static str,
    /// The X25519 public key: base64 of 32 raw bytes.
    #[schema(example = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=")]
    public_key: Option<String>,
    /// Whether connected accounts may see it and propose pairings with it.
    #[schema(example = false)]
    available_for_connections: bool,
    /// Where its inbox is read.
    #[schema(example = "https://agentdrop.example.com/v1/agents/5d0c9f1e-7a4b-4c2d-9e8f-1a2b3c4d5e6f/inbox")]
    inbox_url: String,
    /// When it was last heard of: now.
    #[schema(example = "2026-11-22T12:00:00.000Z")]
    last_seen_at: Option<String>,
}

/// The account.
#[derive(Debug, Serialize, ToSchema)]
struct MeAccountBody {
    /// The account's id.
    #[schema(example = "0b9f6f0a-3b1d-4c7e-8f2a-6d5c4b3a2910")]
    id: String,
    /// Its display name.
    #[schema(example = "Ann")]
    name: String,
    /// Its address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// The plan it is on.
    #[schema(example = "enterprise")]
    plan: String,
}

/// What the plan allows; -1 is unlimited.
#[derive(Debug, Serialize, ToSchema)]
struct PlanLimitsBody {
    /// Transfers a month.
    #[schema(example = 500)]
    transfers_per_month: i64,
    /// Sum of active transfers, in bytes.
    #[schema(example = 26_843_545_600_i64)]
    storage_bytes: i64,
    /// Largest file, in bytes.
    #[schema(example = 524_288_000)]
    max_file_size: i64,
    /// Longest time a transfer may stay, in seconds.
    #[schema(example = 1_209_600)]
    max_retention_seconds: i64,
    /// Agents.
    #[schema(example = 10)]
    max_agents: i64,
    /// Account keys.
    #[schema(example = 10)]
    max_api_keys: i64,
    /// Active connections and own outgoing invites.
    #[schema(example = 25)]
    max_connections: i64,
    /// Pending and active pairings in one connection.
    #[schema(example = 25)]
    max_pairings_per_connection: i64,
}

/// What the account has used of its plan.
#[derive(Debug, Serialize, ToSchema)]
struct PlanUsageBody {
    /// Transfers of this month, which began on the sign-up day of the month.
    #[schema(example = 17)]
    transfers_this_month: u64,
    /// When the next month begins.
    #[schema(example = "2026-12-15T00:00:00.000Z")]
    month_ends_at: String,
    /// Bytes of active and prepared transfers, and of uploads that arrive.
    #[schema(example = 1_048_576)]
    storage_bytes: u64,
}

/// The account's connections.
#[derive(Debug, Serialize, ToSchema)]
struct MeConnectionsBody {
    /// Active ones.
    #[schema(example = 3)]
    active: u64,
    /// Invites that wait for the account's word.
    #[schema(example = 1)]
    pending_incoming: u64,
    /// Invites that the account sent.
    #[schema(example = 0)]
    pending_outgoing: u64,
    /// The slugs of the agents on other accounts that this agent has an active pairing with.
    #[schema(example = json!(["analysis-agent"]))]
    paired_agents: Vec<String>,
}

/// What waits for the agent.
#[derive(Debug, Serialize, ToSchema)]
struct InboxSummaryBody {
    /// Transfers that can be downloaded.
    #[schema(example = 1)]
    unread_transfers: u64,
    /// The newest five of them.
    recent: Vec<RecentTransferBody>,
}

/// A transfer that waits for the agent.
#[derive(Debug, Serialize, ToSchema)]
struct RecentTransferBody {
    /// The transfer's id.
    #[schema(example = "tr_9f3a7b2e-1c4d-4e5f-8a6b-0d2e3f4a5b6c")]
    id: String,
    /// Who sent it.
    #[schema(example = "analysis-agent")]
    sender: String,
    /// `active`.
    #[schema(example = "active")]
    status: &'static str,
    /// How many files.
    #[schema(example = 1)]
    file_count: usize,
    /// Sum of the files' sizes, in bytes.
    #[schema(example = 1_048_576)]
    total_size: u64,
    /// What the sender wrote.
    #[schema(example = "the report you asked for")]
    message: Option<String>,
    /// Whether the files were encrypted on the client.
    #[schema(example = true)]
    is_encrypted: bool,
    /// When it was made.
    #[schema(example = "2026-11-22T11:00:00.000Z")]
    created_at: String,
    /// When it ends by itself.
    #[schema(example = "2026-11-23T11:00:00.000Z")]
    expires_at: String,
}

/// Notices of the operator.
#[derive(Debug, Serialize, ToSchema)]
struct BroadcastSummaryBody {
    /// Unread ones.
    #[schema(example = 0)]
    unread_count: u64,
    /// The unread ones that ask for action.
    #[schema(value_type = Vec<Object>)]
    urgent: [(); 0],
}

/// The official clients.
#[derive(Debug, Serialize, ToSchema)]
struct SdkBody {
    latest_versions: SdkVersionsBody,
}

/// The client versions that this server is tested with; `null` where it is with none.
#[derive(Debug, Serialize, ToSchema)]
struct SdkVersionsBody {
    /// `agentdrop-sdk` on npm.
    #[schema(example = json!(null))]
    node: Option<&'static str>,
    /// `agentdrop` on PyPI.
    #[schema(example = "0.3.5")]
    python: Option<&'static str>,
    /// `agentdrop-mcp-server` on npm.
    #[schema(example = json!(null))]
    mcp: Option<&'static str>,
}

/// Read the startup profile.
///
/// Of the agent key's agent; with an account key of the agent that `X-AgentDrop-Agent` names, or of the
/// connected agent that was registered first.
#[utoipa::path(
    tag = "agents",
    operation_id = "startupProfile",
    params(("X-AgentDrop-Agent" = Option<String>, Header, description = "the agent's slug or UUID, for account keys")),
    responses(
        (status = 200, body = MeBody),
        (status = 403, description = "`SCOPE_MISMATCH`", body = ErrorBody),
        (status = 404, description = "`NOT_FOUND`: no such agent, or none is connected", body = ErrorBody),
        CommonErrors,
    ),
    security(("api_key" = []))
)]
#[get("/agents/me")]
pub(super) async fn me(auth: Auth, api: web::Data<Api>) -> Result<HttpResponse, ApiError> {
    let profile = api.ask(Me { caller: auth.caller }).await?;
    record_use(&api, profile.use_to_record);
    Ok(HttpResponse::Ok().json(MeBody::of(&api, &profile)))
}

impl MeBody {
    fn of(api: &Api, profile: &StartupProfile) -> Self {
        Self {
            agent: MeAgentBody::of(api, &profile.agent),
            account: (&profile.account).into(),
            plan_limits: (&profile.plan).into(),
            plan_usage: profile.usage.into(),
            connections: MeConnectionsBody::of(profile.connections, profile),
            inbox: InboxSummaryBody {
                unread_transfers: profile.unread_transfers,
                recent: profile.recent_transfers.iter().map(RecentTransferBody::from).collect(),
            },
            broadcasts: BroadcastSummaryBody { unread_count: 0, urgent: [] },
            sdk: SdkBody {
                latest_versions: SdkVersionsBody { node: None, python: Some("0.3.5"), mcp: None },
            },
        }
    }
}

impl MeAgentBody {
    fn of(api: &Api, agent: &Agent) -> Self {
        Self {
            id: agent.id.to_string(),
            agent_uuid: agent.id.to_string(),
            agent_id: agent.slug.to_string(),
            name: agent.name.clone(),
            description: agent.description.clone(),
            connection_status: connection_status(agent),
            key_version: agent.key_version,
            public_key_algorithm: KEY_ALGORITHM,
            public_key: agent.keys.map(|keys| wire::base64(keys.public.as_bytes())),
            available_for_connections: agent.available_for_connections,
            inbox_url: inbox_url(api, agent),
            last_seen_at: agent.last_seen_at.map(wire::time),
        }
    }
}

impl From<&Account> for MeAccountBody {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            email: account.email.to_string(),
            plan: account.plan.as_str().to_owned(),
        }
    }
}

impl From<&Plan> for PlanLimitsBody {
    fn from(plan: &Plan) -> Self {
        Self {
            transfers_per_month: wire::limit(plan.transfers_per_month),
            storage_bytes: wire::limit(plan.storage_bytes),
            max_file_size: wire::limit(plan.max_file_bytes),
            max_retention_seconds: wire::limit(plan.max_retention_seconds),
            max_agents: wire::limit(plan.max_agents),
            max_api_keys: wire::limit(plan.max_api_keys),
            max_connections: wire::limit(plan.max_connections),
            max_pairings_per_connection: wire::limit(plan.max_pairings_per_connection),
        }
    }
}

impl From<PlanUsage> for PlanUsageBody {
    fn from(usage: PlanUsage) -> Self {
        Self {
            transfers_this_month: usage.transfers,
            month_ends_at: wire::time(usage.month_ends),
            storage_bytes: usage.storage_bytes,
        }
    }
}

impl MeConnectionsBody {
    fn of(counts: ConnectionCounts, profile: &StartupProfile) -> Self {
        Self {
            active: counts.active,
            pending_incoming: counts.pending_incoming,
            pending_outgoing: counts.pending_outgoing,
            paired_agents: profile.paired_agents.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Transfer> for RecentTransferBody {
    fn from(transfer: &Transfer) -> Self {
        Self {
            id: transfer.id.to_string(),
            sender: transfer.sender.label.clone(),
            status: word_of(&TransferStatus::ALL, transfer.status),
            file_count: transfer.files.len(),
            total_size: transfer.total_size,
            message: transfer.message.clone(),
            is_encrypted: transfer.encryption.is_encrypted(),
            created_at: wire::time(transfer.created_at),
            expires_at: wire::time(transfer.expires_at),
        }
    }
}

crate::refusals!(MeError: pass [Denied, Store] {
    NoConnectedAgent => NOT_FOUND "NOT_FOUND",
});
