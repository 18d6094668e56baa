//! The pages' listener: TLS 1.3 alone, under the house's certificate or one made here.
//!
//! In: where to listen, what pages read. Out: nothing but answers. Where no account is yet, a link is printed by which the
//! first is made, once; it is good until the next start.

mod hold;
mod provider;

use super::fleet::Fleet;
use super::house::Server;
use super::places::Places;
use super::{Stop, now};
use crate::config::Config;
use crate::io::file::make_durably;
use crate::io::key;
use anyhow::Context as _;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hold::Bounded;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use wardlight_access::seal::Key;
use wardlight_access::session::Token;
use wardlight_store::database::Database;
use wardlight_web::host::Host;
use wardlight_web::site::{Parts, Site};

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(200);
/// Most requests at one time of one connection.
const STREAMS: u32 = 64;
/// How long answers under way may take when it stops.
const GRACE: Duration = Duration::from_secs(2);
/// How long a TLS handshake may take: on a machine that is busy with passwords, longer than one would think.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long a request's head may take, and how long a connection may wait for the next.
const HEAD: Duration = Duration::from_secs(15);
/// How often it is looked whether the other end of a connection of HTTP/2 is still there, and how long that may take.
const ALIVE: Duration = Duration::from_secs(30);
/// Most connections at one time.
const CONNECTIONS: usize = 1024;
/// Most of one address: a browser needs a few, a house behind one address many.
const OF_ONE: usize = 128;

/// Serves pages until `stop`, unless the configuration names no address. Errors: the address is taken, or the certificate
/// or the key of secrets cannot be used.
pub fn start(
    config: &Config,
    runtime: &Runtime,
    (database, fleet, house): (&Database, &Fleet, Server),
    stop: &Stop,
) -> anyhow::Result<()> {
    if config.web.listen.is_empty() {
        return Ok(());
    }
    let address: SocketAddr = config.web.listen.parse().with_context(|| {
        format!("web.listen = {:?} is no address and port, such as 127.0.0.1:8443", config.web.listen)
    })?;
    let places = Places::of(config);
    let tls = tls(config, &places)?;
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen at {address} (web.listen)"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let host = host(config, address.port())?;
    let invitation = Token::new(chance().context("the system has no chance")?);
    let house = Arc::new(house);
    let site = Site::new(Parts {
        devices: fleet.devices(),
        assets: fleet.pages_assets(),
        database: database.clone(),
        key: Key::new(key::read_or_make(&places.sealing_key())?.0),
        clock: now,
        chance: |bytes| getrandom::fill(bytes).is_ok(),
        house: Arc::clone(&house) as _,
        invitation: invitation.hash(),
        host: host.clone(),
        provider: provider::of(config)?,
    })?;
    if runtime.block_on(database.accounts())?.is_empty() {
        eprintln!(
            "wardlight: no account is made yet; make the first at {}/set-up/{}",
            host.as_ref().map_or_else(|| format!("https://{address}"), |host| host.origin.clone()),
            invitation.text()
        );
    }
    eprintln!("wardlight: pages at https://{address}");
    let handle = Handle::new();
    let mut server = runtime
        .block_on(async {
            let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(Arc::new(tls)));
            server.map(|server| server.handle(handle.clone()))
        })?
        .map(guarded);
    bound(server.http_builder());
    let service = wardlight_web::router(&site).into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move {
        if let Err(error) = server.serve(service).await {
            eprintln!("wardlight: the pages are not served any more: {error}");
        }
    });
    runtime.spawn(end_with(stop.clone(), handle));
    runtime.spawn(house.keep_ready(stop.clone()));
    Ok(())
}

/// Connections are bounded; the end of an answer does not wait until its beginning is acknowledged.
fn guarded(tls: RustlsAcceptor) -> Bounded<RustlsAcceptor<NoDelayAcceptor>> {
    let tls = tls.handshake_timeout(HANDSHAKE).acceptor(NoDelayAcceptor::new());
    Bounded::new(tls, [CONNECTIONS, OF_ONE], HEAD)
}

/// Answers what is under way, and no more, once it is to stop.
async fn end_with(stop: Stop, handle: Handle<SocketAddr>) {
    while !stop.is_wanted() {
        tokio::time::sleep(LOOK).await;
    }
    handle.graceful_shutdown(Some(GRACE));
}

/// Nobody holds a connection by sending a request bit by bit, or by saying nothing.
fn bound(http: &mut Builder<TokioExecutor>) {
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(ALIVE).keep_alive_timeout(ALIVE);
    http.http2().max_concurrent_streams(STREAMS);
}

/// The name by which browsers reach the pages, when one is configured. Errors: it is none.
pub fn host(config: &Config, port: u16) -> anyhow::Result<Option<Host>> {
    let name = config.web.host.as_str();
    let host = (!name.is_empty()).then(|| Host::read(name, port)).transpose();
    host.context("web.host cannot be used")
}

fn chance() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// TLS 1.3 under the certificate named, or one made here for the names by which this machine is reached.
fn tls(config: &Config, places: &Places) -> anyhow::Result<rustls::ServerConfig> {
    let own = (places.certificate(), places.certificate_key());
    let (certificate, secret) = if config.web.certificate.as_os_str().is_empty() {
        if !own.0.exists() || !own.1.exists() {
            make(&own.0, &own.1, host(config, 443)?.map(|host| host.name).unwrap_or_default())
                .context("cannot make a certificate")?;
        }
        own
    } else {
        (config.web.certificate.clone(), config.web.certificate_key.clone())
    };
    let text = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&text(&certificate)?)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} holds no certificate in PEM", certificate.display()))?;
    let secret = PrivateKeyDer::from_pem_slice(&text(&secret)?)
        .with_context(|| format!("{} holds no private key in PEM", secret.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .context("certificate and key do not belong together")?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

/// A certificate that nobody vouches for, and its key, for its owner alone.
fn make(certificate: &Path, secret: &Path, named: String) -> anyhow::Result<()> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let names = [named, host, "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let made =
        rcgen::generate_simple_self_signed(names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>())?;
    let _ = fs::remove_file(certificate);
    let _ = fs::remove_file(secret);
    make_durably(secret, made.signing_key.serialize_pem().as_bytes())?;
    make_durably(certificate, made.cert.pem().as_bytes())?;
    Ok(())
}
