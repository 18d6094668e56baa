//! Events by HTTP, signed as Standard Webhooks 1.0.0 says: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
//!
//! In: events. Out: one POST each; told when the answer's status is 2xx. Never: a redirect followed, a proxy asked, an
//! address reached that was not looked at, a body of an answer read.

use super::Event;
use super::outlet::{Carrier, Failure};
use super::reach::Resolver;
use crate::config::Webhook;
use crate::role::{Stop, now};
use anyhow::Context as _;
use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;
use sha2::Sha256;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether everything shall end while an answer is waited for.
const LOOK: Duration = Duration::from_millis(100);
/// How a secret begins when it is written down.
const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// A way to one hook.
pub struct Hook {
    url: reqwest::Url,
    key: Vec<u8>,
    client: reqwest::Client,
    runtime: Handle,
    stop: Stop,
}

impl Hook {
    /// As configured. Errors: its secret or certificates cannot be used.
    pub fn of(config: &Webhook, runtime: &Handle, stop: &Stop) -> anyhow::Result<Self> {
        let client = client(config)?;
        let url = reqwest::Url::parse(&config.url)?;
        Ok(Self { url, key: secret(&config.secret)?, client, runtime: runtime.clone(), stop: stop.clone() })
    }

    async fn send(&self, event: &Event) -> Result<(), Failure> {
        let (id, timestamp) = (event.id.to_string(), now().micros().div_euclid(1_000_000).to_string());
        let body = body(event);
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", signature(&self.key, &id, &timestamp, &body))
            .body(body);
        let answer = request.send().await.map_err(|error| failure(&error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err(Failure { what: format!("it answers {}", answer.status()), asked: asked.map(Duration::from_secs) })
    }
}

impl Carrier for Hook {
    fn carry(&mut self, event: &Event, _: u64) -> Result<(), Failure> {
        let stopped = async {
            while !self.stop.is_wanted() {
                tokio::time::sleep(LOOK).await;
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                sent = self.send(event) => sent,
                () = stopped => Err(Failure { what: "the server is stopping".to_owned(), asked: None }),
            }
        })
    }
}

/// What is sent.
fn body(event: &Event) -> String {
    json!({
        "type": event.kind.name(),
        "timestamp": event.at.to_string(),
        "data": { "subject": event.subject, "count": event.count, "words": event.words },
    })
    .to_string()
}

/// The value of `webhook-signature`.
fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes()))
}

fn secret(path: &Path) -> anyhow::Result<Vec<u8>> {
    let of = || format!("{} (secret of a webhook)", path.display());
    let mode = fs::metadata(path).with_context(of)?.permissions().mode();
    anyhow::ensure!(mode & 0o077 == 0, "{}: others may read it: run `chmod 600` on it", path.display());
    let text = fs::read_to_string(path).with_context(of)?;
    let bytes = text.trim().strip_prefix(PREFIX).and_then(|text| Base64::decode_vec(text).ok());
    bytes.filter(|bytes| SECRET.contains(&bytes.len())).with_context(|| {
        format!("{}: it holds no secret: write `{PREFIX}` and 24 to 64 random bytes in base 64", path.display())
    })
}

fn client(config: &Webhook) -> anyhow::Result<reqwest::Client> {
    // Of two who do so one is the first; both mean the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Resolver { is_near: config.near }))
        .timeout(PATIENCE)
        .user_agent(concat!("wardlight/", env!("CARGO_PKG_VERSION")))
        .referer(false);
    if !config.certificates.as_os_str().is_empty() {
        let of = || format!("{} (certificates of webhook `{}`)", config.certificates.display(), config.name);
        let text = fs::read(&config.certificates).with_context(of)?;
        client = client.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&text).with_context(of)?);
    }
    client.build().with_context(|| format!("cannot send to webhook `{}`", config.name))
}

/// What went wrong, without the address: a path may be a secret.
fn failure(error: &reqwest::Error) -> Failure {
    let mut what = if error.is_timeout() { "no answer in time" } else { "it cannot be reached" }.to_owned();
    let mut beneath = std::error::Error::source(error);
    while let Some(error) = beneath {
        what = format!("{what}: {error}");
        beneath = error.source();
    }
    Failure { what, asked: None }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::tests_sample::sample;
    use super::*;

    /// Reckoned by another: `printf` and `openssl dgst -sha256 -mac HMAC`.
    #[test]
    fn a_signature_is_as_the_standard_says() {
        let key: Vec<u8> = (0..24).collect();
        let body = "{\"test\": 2432232314}";
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,/485aUtxlie+TIScVpHggMfqOB4so2KWb7+Gf727B44=");
    }

    #[test]
    fn a_body_names_what_happened_and_nobody() {
        assert_eq!(
            body(&sample(Kind::DeviceFound)),
            "{\"data\":{\"count\":1,\"subject\":\"02020202-0202-0202-0202-020202020202\",\
             \"words\":\"A device was found: infusion pump.\"},\"timestamp\":\"2026-09-21T14:13:20.123456Z\",\
             \"type\":\"device.found\"}"
        );
    }

    #[test]
    fn a_secret_is_for_its_owner_alone_and_long_enough() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        let held = |text: &str, mode| {
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
            secret(&path).map_err(|error| error.to_string())
        };
        let good = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\n";
        assert_eq!(held(good, 0o600), Ok((0..24).collect()));
        assert!(held(good, 0o640).expect_err("others read it").contains("chmod 600"));
        for bad in ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "whsec_AAEC", "whsec_!", ""] {
            assert!(held(bad, 0o600).expect_err(bad).contains("whsec_"), "{bad}");
        }
    }
}
