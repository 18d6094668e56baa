//! The OpenID provider that the configuration names, and how it is asked over HTTP.
//!
//! In: the configuration. Out: a way to ask the provider: no redirects, little time, small answers, and certificates checked
//! as the system does.

use crate::config::Config;
use anyhow::Context as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wardlight_web::provider::{Answer, Asked, Claim, Fetch, Provider, Unreachable};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of one.
const MOST: usize = 1 << 20;

/// The provider; none when the configuration names none. Errors: its secret or its certificates cannot be read.
pub fn of(config: &Config) -> anyhow::Result<Option<Provider>> {
    let oidc = &config.oidc;
    if oidc.issuer.is_empty() {
        return Ok(None);
    }
    let secret = if oidc.client_secret.as_os_str().is_empty() { String::new() } else { secret(&oidc.client_secret)? };
    Ok(Some(Provider {
        issuer: oidc.issuer.clone(),
        client: oidc.client_id.clone(),
        secret,
        title: oidc.button.clone(),
        claim: match oidc.claim.as_str() {
            "preferred_username" => Some(Claim::Name),
            "email" => Some(Claim::Mail),
            _ => None,
        },
        fetch: fetch(&oidc.certificates)?,
    }))
}

fn secret(path: &Path) -> anyhow::Result<String> {
    let of = || format!("{} (oidc.client_secret)", path.display());
    let mode = fs::metadata(path).with_context(of)?.permissions().mode();
    anyhow::ensure!(mode & 0o077 == 0, "{}: others may read it: run `chmod 600` on it", path.display());
    Ok(fs::read_to_string(path).with_context(of)?.trim().to_owned())
}

fn fetch(certificates: &Path) -> anyhow::Result<Fetch> {
    // Of two who do so one is the first; both mean the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent("wardlight")
        .referer(false);
    if !certificates.as_os_str().is_empty() {
        let of = || format!("{} (oidc.certificates)", certificates.display());
        let text = fs::read(certificates).with_context(of)?;
        let all = reqwest::Certificate::from_pem_bundle(&text).with_context(of)?;
        client = client.tls_certs_merge(all);
    }
    let client = client.build().context("cannot ask an identity provider")?;
    Ok(Arc::new(move |request| {
        let client = client.clone();
        Box::pin(async move { ask(&client, request).await })
    }))
}

async fn ask(client: &reqwest::Client, request: Asked) -> Result<Answer, Unreachable> {
    let unreachable = |error: reqwest::Error| {
        let (mut text, mut beneath) = (error.to_string(), std::error::Error::source(&error));
        while let Some(error) = beneath {
            text = format!("{text}: {error}");
            beneath = error.source();
        }
        Unreachable(text)
    };
    let request = reqwest::Request::try_from(request).map_err(unreachable)?;
    let mut answer = client.execute(request).await.map_err(unreachable)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + part.len() > MOST {
            return Err(Unreachable(format!("an answer of more than {MOST} bytes")));
        }
        body.extend_from_slice(&part);
    }
    let mut response = Answer::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    Ok(response)
}
