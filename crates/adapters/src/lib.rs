//! agentdrop-adapters
