//! RFC 6962 trees over stored event bytes.
