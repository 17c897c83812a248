-- What an account sent, by status: counted without a look at the rows, also by the clock and for one of its agents.
CREATE INDEX transfers_sent_by_status
    ON transfers (sender_account_id, status, created_at DESC, id, expires_at, sender_agent_id);
