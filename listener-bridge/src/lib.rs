//! listener-bridge
