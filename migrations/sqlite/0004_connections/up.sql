-- account_low and account_high are the two accounts in the order of their ids, so that one index knows a
-- pair in both orders; null while nobody has signed up with the invited address.
CREATE TABLE connections (
    id blob PRIMARY KEY,
    inviter_id blob NOT NULL REFERENCES accounts (id),
    invitee_id blob REFERENCES accounts (id),
    account_low blob,
    account_high blob,
    invited_email text NOT NULL,
    message text,
    status text NOT NULL,
    pairings_used integer NOT NULL DEFAULT 0 CHECK (pairings_used >= 0),
    created_at text NOT NULL,
    accepted_at text,
    revoked_at text,
    CHECK (account_low < account_high)
) STRICT;
CREATE UNIQUE INDEX connections_pair ON connections (account_low, account_high)
    WHERE status IN ('pending', 'active');
CREATE UNIQUE INDEX connections_invite ON connections (inviter_id, invited_email)
    WHERE status = 'pending' AND invitee_id IS NULL;
CREATE INDEX connections_of_inviter ON connections (inviter_id, status, created_at DESC, id)
    WHERE status IN ('pending', 'active');
CREATE INDEX connections_of_invitee ON connections (invitee_id, status, created_at DESC, id)
    WHERE status IN ('pending', 'active');
CREATE INDEX connections_waiting ON connections (invited_email)
    WHERE status = 'pending' AND invitee_id IS NULL;

CREATE TABLE blocks (
    id blob PRIMARY KEY,
    blocker_id blob NOT NULL REFERENCES accounts (id),
    blocked_id blob NOT NULL REFERENCES accounts (id),
    created_at text NOT NULL
) STRICT;
CREATE UNIQUE INDEX blocks_pair ON blocks (blocker_id, blocked_id);
CREATE INDEX blocks_of_blocker ON blocks (blocker_id, created_at DESC, id);
