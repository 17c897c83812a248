//! The inbox: what waits for an agent.
