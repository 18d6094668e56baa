//! Whole conversations; the golden cases show the rest.

use crate::trial::{hear, hear_in_pieces};

const ENDS: &str = "tcp 10.0.0.5:40000 > 10.0.0.9:8080\n";

fn get(target: &str, fields: &str) -> String {
    format!("> \"GET {target} HTTP/1.1\\r\\nHost: a.example\\r\\n{fields}\\r\\n\"\n")
}

fn answer(fields: &str, body: &str) -> String {
    format!("< \"HTTP/1.1 200 OK\\r\\n{fields}\\r\\n{body}\"\n")
}

#[test]
fn a_page_for_everyone_has_a_title() {
    let page = answer("Content-Type: text/html\\r\\nContent-Length: 24\\r\\n", "<title>Pump 7000</title>");
    let title = "10.0.0.9 http.title = Pump 7000";
    hear(&[ENDS, &get("/", ""), &page].concat()).says(title);
    for hidden in
        [get("/", "Cookie: a=b\\r\\n"), get("/?id=7", ""), get("/Meier", ""), get("/", "Authorization: Bearer x\\r\\n")]
    {
        let heard = hear(&[ENDS, &hidden, &page].concat());
        assert!(!heard.facts.iter().any(|fact| fact == title), "{hidden}");
    }
}

#[test]
fn a_page_until_close_is_read_at_the_end() {
    let page = answer("Content-Type: text/html\\r\\n", "<title>Old web</title>");
    hear(&[ENDS, &get("/", ""), &page, "end\n"].concat()).says("10.0.0.9 http.title = Old web");
}

#[test]
fn what_a_proxy_passes_on_describes_nobody() {
    let heard = hear(
        &[ENDS, &get("http://a.example/", ""), &answer("Server: nginx\\r\\nContent-Length: 0\\r\\n", "")].concat(),
    );
    assert_eq!(heard.facts, ["10.0.0.5 http.host = a.example"]);
    let heard = hear(&[ENDS, &get("/", "Via: 1.1 p\\r\\nUser-Agent: x/1\\r\\n")].concat());
    assert!(heard.facts.is_empty(), "{:?}", heard.facts);
}

#[test]
fn a_loss_in_a_body_is_survived_and_one_in_a_head_is_searched_past() {
    let script = [
        ENDS,
        "< \"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nContent-Length: 30\\r\\n\\r\\n0123456789\"\n",
        "gap < 10\n",
        "< \"0123456789HTTP/1.1 200 OK\\r\\nServer: one\\r\\nContent-Length: 0\\r\\n\\r\\nHTTP/1.1 200\"\n",
        "gap < 10\n",
        "< \"rest of something\"\n",
        "< \"HTTP/1.1 200 OK\\r\\nServer: two\\r\\nContent-Length: 0\\r\\n\\r\\n\"\n",
    ]
    .concat();
    let heard = hear(&script);
    heard.says("10.0.0.9 http.server = one");
    heard.says("10.0.0.9 http.server = two");
}

#[test]
fn many_requests_ahead_are_bounded() {
    let script = [ENDS, &get("/", "").repeat(200), &answer("Content-Length: 0\\r\\n", "").repeat(200)].concat();
    let heard = hear_in_pieces(&script, 100);
    assert_eq!(heard.records.len(), 200);
}
