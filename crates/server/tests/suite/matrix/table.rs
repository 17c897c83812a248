//! Who is answered what: one row an operation, one column a caller.

/// A status and an error code; the code of a success is empty.
pub type Outcome = (u16, &'static str);
/// The answers to every caller, in the order of [`super::world::Caller::ALL`].
pub type Expected = [Outcome; 14];

const OK____: Outcome = (200, "");
const MADE__: Outcome = (201, "");
const NO_KEY: Outcome = (401, "UNAUTHORIZED");
const ENDED_: Outcome = (401, "KEY_REVOKED");
const SCOPE_: Outcome = (403, "SCOPE_MISMATCH");
const FORBID: Outcome = (403, "FORBIDDEN");
const SHARE_: Outcome = (403, "SHARE_REQUIRED");
const DIRECT: Outcome = (403, "PERMISSION_DENIED");
const NO_CON: Outcome = (403, "NO_CONNECTION");
const OWN___: Outcome = (403, "CANNOT_CONFIRM_OWN");
const ABSENT: Outcome = (404, "NOT_FOUND");
const ACTIVE: Outcome = (400, "CONNECTION_NOT_ACTIVE");
const STATUS: Outcome = (400, "INVALID_STATUS");
const OVER__: Outcome = (400, "ALREADY_REVOKED");
const TWICE_: Outcome = (409, "ALREADY_REVOKED");
const DONE__: Outcome = (409, "ALREADY_PROCESSED");
const EXISTS: Outcome = (409, "PAIRING_EXISTS");

#[rustfmt::skip]
pub const TABLE: &[(&str, Expected)] = &[
    // The columns: without a good key; ann's; the paired account's; other accounts that know ann's; a stranger.
    //                       no key  broken  revoked | own     agent   sibling | paired  agent | invited  ex-conn proposed ex-pair  against | stranger
    ("healthz",              [OK____, OK____, OK____,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("readyz",               [OK____, OK____, OK____,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    // The signed URL is the key.
    ("fetchFile",            [OK____, OK____, OK____,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("storeFile",            [OK____, OK____, OK____,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("describeFile",         [OK____, OK____, OK____,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),

    ("listApiKeys",          [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("createApiKey",         [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   MADE__, SCOPE_,  MADE__, MADE__, MADE__, MADE__, MADE__,  MADE__]),
    ("revokeApiKey",         [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("createAgentKey",       [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("listAgentKeys",        [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("revokeAgentKey",       [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),

    // A connection token and nothing else connects.
    ("connectAgent",         [NO_KEY, NO_KEY, NO_KEY,  NO_KEY, NO_KEY, NO_KEY,   NO_KEY, NO_KEY,  NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY,  NO_KEY]),
    ("registerAgent",        [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   MADE__, SCOPE_,  MADE__, MADE__, MADE__, MADE__, MADE__,  MADE__]),
    ("listAgents",           [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("listSendableAgents",   [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("startupProfile",       [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("resolveAgent",         [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, OK____,   OK____, OK____,  ABSENT, ABSENT, ABSENT, ABSENT, OK____,  ABSENT]),
    ("getAgent",             [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("updateAgent",          [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("deleteAgent",          [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("disconnectAgent",      [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("issueConnectionToken", [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("agentInbox",           [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("inbox",                [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),

    // Each caller's own connection with ann, in its own state; new ones where the act would end it.
    ("createConnection",     [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   MADE__, SCOPE_,  MADE__, MADE__, MADE__, MADE__, MADE__,  MADE__]),
    ("listConnections",      [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("acceptConnection",     [NO_KEY, NO_KEY, ENDED_,  FORBID, SCOPE_, SCOPE_,   DONE__, SCOPE_,  OK____, DONE__, DONE__, DONE__, DONE__,  ABSENT]),
    ("rejectConnection",     [NO_KEY, NO_KEY, ENDED_,  FORBID, SCOPE_, SCOPE_,   DONE__, SCOPE_,  OK____, DONE__, DONE__, DONE__, DONE__,  ABSENT]),
    ("revokeConnection",     [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, TWICE_, OK____, OK____, OK____,  ABSENT]),
    ("blockConnection",      [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  ABSENT]),
    ("listAvailableAgents",  [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  ACTIVE, ACTIVE, OK____, OK____, OK____,  ABSENT]),
    ("listBlocked",          [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("unblock",              [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   ABSENT, SCOPE_,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),

    // Each caller's own pairing with ann's agent, in its own state; ann's own is one that she has proposed.
    ("createPairing",        [NO_KEY, NO_KEY, ENDED_,  MADE__, SCOPE_, SCOPE_,   MADE__, SCOPE_,  ACTIVE, ACTIVE, EXISTS, MADE__, EXISTS,  ABSENT]),
    ("listPairings",         [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  OK____, OK____, OK____, OK____, OK____,  ABSENT]),
    ("confirmPairing",       [NO_KEY, NO_KEY, ENDED_,  OWN___, SCOPE_, SCOPE_,   STATUS, SCOPE_,  ABSENT, STATUS, OK____, STATUS, STATUS,  ABSENT]),
    ("rejectPairing",        [NO_KEY, NO_KEY, ENDED_,  FORBID, SCOPE_, SCOPE_,   STATUS, SCOPE_,  ABSENT, STATUS, OK____, STATUS, STATUS,  ABSENT]),
    ("updatePairing",        [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  ABSENT, STATUS, OK____, STATUS, OK____,  ABSENT]),
    ("revokePairing",        [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  ABSENT, OVER__, OK____, OVER__, OK____,  ABSENT]),

    // A channel of the caller's agent with ann's; those of a revoked pairing are revoked too.
    ("createChannel",        [NO_KEY, NO_KEY, ENDED_,  MADE__, MADE__, FORBID,   MADE__, OK____,  NO_CON, NO_CON, SHARE_, SHARE_, MADE__,  NO_CON]),
    ("listChannels",         [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("getChannel",           [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   OK____, OK____,  ABSENT, OK____, ABSENT, OK____, OK____,  ABSENT]),
    ("revokeChannel",        [NO_KEY, NO_KEY, ENDED_,  OK____, SCOPE_, SCOPE_,   OK____, SCOPE_,  ABSENT, OVER__, ABSENT, OVER__, OK____,  ABSENT]),

    // To ann's agent; the others are transfers from it, which survive a revocation.
    ("createTransfer",       [NO_KEY, NO_KEY, ENDED_,  MADE__, MADE__, MADE__,   MADE__, MADE__,  SHARE_, SHARE_, SHARE_, SHARE_, DIRECT,  SHARE_]),
    ("prepareTransfer",      [NO_KEY, NO_KEY, ENDED_,  MADE__, MADE__, MADE__,   MADE__, MADE__,  SHARE_, SHARE_, SHARE_, SHARE_, DIRECT,  SHARE_]),
    ("prepareMultipartTransfer", [NO_KEY, NO_KEY, ENDED_, MADE__, MADE__, MADE__, MADE__, MADE__, SHARE_, SHARE_, SHARE_, SHARE_, DIRECT, SHARE_]),
    // One that ann's agent has prepared for the paired one, who learns nothing of it yet.
    ("confirmTransfer",      [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("listParts",            [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("renewPartUrls",        [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("completeMultipart",    [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("abortMultipart",       [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   ABSENT, ABSENT,  ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,  ABSENT]),
    ("listTransfers",        [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, OK____,   OK____, OK____,  OK____, OK____, OK____, OK____, OK____,  OK____]),
    ("getTransfer",          [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   OK____, OK____,  ABSENT, OK____, ABSENT, OK____, OK____,  ABSENT]),
    ("downloadTransfer",     [NO_KEY, NO_KEY, ENDED_,  FORBID, FORBID, FORBID,   OK____, OK____,  ABSENT, OK____, ABSENT, OK____, OK____,  ABSENT]),
    ("deleteTransfer",       [NO_KEY, NO_KEY, ENDED_,  OK____, OK____, FORBID,   FORBID, FORBID,  ABSENT, FORBID, ABSENT, FORBID, FORBID,  ABSENT]),
];
