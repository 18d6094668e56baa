//! Handshakes; the golden cases show the rest.
