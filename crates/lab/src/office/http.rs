//! HTTP/1.1 messages (RFC 9112) and multipart bodies (RFC 2046 §5.1).

use crate::bytes::Bytes;

/// A request; `headers` are whole lines without their end.
pub(crate) fn request(line: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Bytes {
    message(&format!("{line} HTTP/1.1"), headers, body.as_ref())
}

/// A response, such as `200 OK`.
pub(crate) fn response(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Bytes {
    message(&format!("HTTP/1.1 {status}"), headers, body.as_ref())
}

fn message(first: &str, headers: &[&str], body: &[u8]) -> Bytes {
    let head = headers.iter().fold(format!("{first}\r\n"), |head, header| head + header + "\r\n");
    let head = if body.is_empty() && first.ends_with("HTTP/1.1") {
        head
    } else {
        head + &format!("Content-Length: {}\r\n", body.len())
    };
    Bytes::default().raw(head).raw("\r\n").raw(body)
}

/// A response whose body comes in chunks of at most `most` bytes (RFC 9112 §7.1).
pub(crate) fn chunked(status: &str, headers: &[&str], body: &[u8], most: usize) -> Bytes {
    let head = headers.iter().fold(format!("HTTP/1.1 {status}\r\n"), |head, header| head + header + "\r\n");
    let begun = Bytes::default().raw(head).raw("Transfer-Encoding: chunked\r\n\r\n");
    let sent =
        body.chunks(most).fold(begun, |all, part| all.raw(format!("{:x}\r\n", part.len())).raw(part).raw("\r\n"));
    sent.raw("0\r\n\r\n")
}

/// Parts with their header lines, between boundaries called `boundary`.
pub(crate) fn multipart(boundary: &str, parts: &[(&str, &[u8])]) -> Bytes {
    let all = parts.iter().fold(Bytes::default(), |all, (head, body)| {
        all.raw(format!("--{boundary}\r\n{head}\r\n\r\n")).raw(body).raw("\r\n")
    });
    all.raw(format!("--{boundary}--\r\n"))
}
