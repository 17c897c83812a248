//! agentdrop-server
