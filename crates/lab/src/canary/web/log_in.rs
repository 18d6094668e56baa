//! Log-ins, sessions, and what browsers carry along.

use super::{escaped, opened, server};
use crate::bytes::base64;
use crate::canary::words::CANARIES as C;
use crate::office::http::{multipart, request, response};
use crate::talk::Talk;

const HOST: &str = "Host: cage.ward.example";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";

pub(super) fn talks() -> Vec<Talk> {
    let named = server();
    let cookie = format!("Set-Cookie: SESSION={}; HttpOnly", C.cookie);
    let welcome = |status: &str| response(status, &[&named, &cookie, "Content-Type: text/plain"], "ok");
    let mut talks: Vec<Talk> = credentials()
        .iter()
        .map(|line| opened().say(request("GET /ui/status", &[HOST, line], [])).answer(welcome("200 OK")))
        .collect();
    for (line, kind, body) in posts() {
        talks.push(opened().say(request(&line, &[HOST, &kind], body)).answer(welcome("302 Found")));
    }
    for path in paths() {
        talks.push(opened().say(request(&format!("GET {path}"), &[HOST], [])).answer(answer()));
    }
    talks.push(many(&named));
    talks.extend(titles().map(|title| opened().say(request("GET /", &[HOST], [])).answer(titled(&named, &title))));
    talks
}

/// Header lines that carry secrets or people.
fn credentials() -> Vec<String> {
    let basic = base64(format!("{}:{}", C.login, C.password).as_bytes());
    vec![
        format!("Authorization: Basic {basic}"),
        format!("Proxy-Authorization: Basic {basic}"),
        format!("Authorization: Basic {}", base64(C.bearer.as_bytes())),
        format!(
            "Authorization: Digest username=\"{}\", realm=\"Cage\", nonce=\"n\", uri=\"/{}\", response=\"0123456789abcdef0123456789abcdef\"",
            C.digest, C.search
        ),
        format!("Authorization: Bearer {}", C.bearer),
        format!("Authorization: Bearer {}", C.jwt),
        format!("Authorization: {}", C.key),
        format!("Cookie: SESSION={}; user={}", C.cookie, C.login),
        format!("X-API-Key: {}", C.key),
        format!("X-Forwarded-User: {}", C.login),
        format!("Referer: http://cage.ward.example/view?patient={}&token={}", C.record, C.bearer),
        format!("From: {}", C.mail),
        format!("If-Match: \"{}\"", C.record),
        format!("X-Folded: a\r\n  {}", C.remark),
    ]
}

fn posts() -> Vec<(String, String, Vec<u8>)> {
    let form = format!("user={}&password={}&note={}", escaped(C.login), escaped(C.password), escaped(C.remark));
    let json = format!("{{\"username\":\"{}\",\"password\":\"{}\",\"apiKey\":\"{}\"}}", C.login, C.password, C.key);
    let wide = format!("{{\"name\":\"{}\",\"again\":\"{}\"}}", C.umlauts, C.kanji);
    let soap = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><u:AddUser \
         xmlns:u=\"urn:schemas-upnp-org:service:DeviceSecurity:1\"><NewUser>{}</NewUser><NewPassword>{}</NewPassword>\
         </u:AddUser></s:Body></s:Envelope>",
        C.login, C.cleartext
    );
    let parts = multipart(
        "cage",
        &[
            ("Content-Disposition: form-data; name=\"patient\"", C.family.as_bytes()),
            (
                &format!("Content-Disposition: form-data; name=\"file\"; filename=\"{}\"", C.upload),
                C.content.as_bytes(),
            ),
        ],
    );
    vec![
        ("POST /login".to_owned(), FORM.to_owned(), form.into_bytes()),
        (format!("POST /login?next=/chart/{}", C.record), FORM.to_owned(), format!("q={}", C.search).into_bytes()),
        ("POST /api/session".to_owned(), JSON.to_owned(), json.into_bytes()),
        ("PUT /api/name".to_owned(), JSON.to_owned(), wide.into_bytes()),
        ("POST /upload".to_owned(), "Content-Type: multipart/form-data; boundary=cage".to_owned(), parts.0),
        ("POST /upnp/control".to_owned(), "Content-Type: text/xml; charset=\"utf-8\"".to_owned(), soap.into_bytes()),
        ("POST /raw".to_owned(), "Content-Type: application/octet-stream".to_owned(), C.content.as_bytes().to_vec()),
    ]
}

fn paths() -> Vec<String> {
    vec![
        format!("/patients/{}/{}", C.record, C.family),
        format!("/search?q={}&born={}", C.search, C.born_on),
        format!("/files/{}", C.file),
        format!("/name/{}", escaped(C.umlauts)),
        format!(
            "/viewer.html?PatientID={}&AccessionNumber={}&user={}&password={}",
            C.record,
            C.accession,
            C.login,
            escaped(C.password)
        ),
        format!("http://{}:{}@cage.ward.example/", C.login, escaped(C.password)),
        format!("/wado?requestType=WADO&studyUID=1.2.3&patientID={}&token={}", C.record, C.bearer),
    ]
}

fn answer() -> crate::bytes::Bytes {
    let page = format!("<html><body><h1>{}, {}</h1><p>{}</p></body></html>", C.family, C.given, C.remark);
    let named = server();
    let attached = format!("Content-Disposition: attachment; filename=\"{}\"", C.file);
    let elsewhere = format!("Location: /chart/{}?token={}", C.record, C.bearer);
    let link = format!("Link: </chart/{}>; rel=next", C.visit);
    response("200 OK", &[&named, "Content-Type: text/html; charset=utf-8", &attached, &elsewhere, &link], page)
}

/// Titles of pages that name a patient.
fn titles() -> impl Iterator<Item = String> {
    let mixed = format!("Cage {} - Philips Monitor", C.titled);
    [format!("{} - Bed 7", C.titled), format!("Patient: {}", C.titled), C.titled.to_owned(), mixed].into_iter()
}

fn titled(named: &str, title: &str) -> crate::bytes::Bytes {
    let page = format!("<html><head><title>{title}</title></head><body>ok</body></html>");
    response("200 OK", &[named, "Content-Type: text/html"], page)
}

/// Several exchanges on one connection.
fn many(named: &str) -> Talk {
    paths().iter().fold(opened(), |talk, path| {
        let cookie = format!("Cookie: SESSION={}", C.cookie);
        let challenge = format!("WWW-Authenticate: Digest realm=\"Cage\", nonce=\"{}\"", C.key);
        talk.say(request(&format!("GET {path}"), &[HOST, &cookie], [])).answer(response(
            "401 Unauthorized",
            &[named, &challenge],
            C.remark,
        ))
    })
}
