//! What we say: the conversations that `wardlight watch` logs.

use super::{Ends, Said, ends};
use crate::shell;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Reads `file` with `program`. Errors: it fails; a capture that is damaged is no failure.
pub(super) fn said(program: &Path, file: &Path, scratch: &Path) -> Result<Said> {
    let folder = scratch.join("logs");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut watch = Command::new(program);
    watch.arg("watch").arg(file).arg("--zeek-logs").arg(&folder);
    // What is not whole is told by the exit code, and its logs are there all the same.
    shell::succeeds(&mut watch);
    let text = fs::read_to_string(folder.join("conn.log")).unwrap_or_default();
    let mut all = Said::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).context("a line of conn.log")?;
        if let Some(ends) = ends_of(&row) {
            let service = row.get("service").and_then(Value::as_str).unwrap_or("-");
            all.entry(ends).or_default().insert(service.to_owned());
        }
    }
    Ok(all)
}

fn ends_of(row: &Value) -> Option<Ends> {
    let is_tcp = match row.get("proto")?.as_str()? {
        "tcp" => true,
        "udp" => false,
        _ => return None,
    };
    let end = |side: &str| {
        let ip = row.get(format!("id.{side}_h"))?.as_str()?.parse().ok()?;
        Some((ip, u16::try_from(row.get(format!("id.{side}_p"))?.as_u64()?).ok()?))
    };
    Some(ends(is_tcp, end("orig")?, end("resp")?))
}
