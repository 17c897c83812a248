//! agentdrop-api
