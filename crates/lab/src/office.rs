//! What every other device of a building says.

pub(crate) mod http;
pub(crate) mod ntlm;
pub(crate) mod smb;
pub(crate) mod tls;
pub(crate) mod upnp;
