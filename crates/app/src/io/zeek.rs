//! Logs in Zeek's JSON form: `conn.log` for conversations, one log a protocol for transactions.
//!
//! Field names are Zeek's where Zeek has the log; values that may name a person are keyed hashes, and there is no
//! field for patients. Source: the Zeek manual, "Zeek Log Formats and Inspection".

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use wardlight_dissect::flow::community::community_id;
use wardlight_dissect::tally::Listener;
use wardlight_model::{Flow, FlowId, FlowKey, Known, Record, Time, Value};

/// What a log is called until it is whole.
const UNFINISHED: &str = "part";

/// Writes logs into a folder, under names of their own until all are whole. The first error is kept for
/// [`Logs::finish`]; nothing is written after it. Dropped before that, it leaves the folder as it was.
pub struct Logs {
    folder: PathBuf,
    files: BTreeMap<&'static str, BufWriter<File>>,
    error: Option<io::Error>,
}

impl Logs {
    /// Logs in `folder`, which is made when it is missing. Errors: what the system says; the folder holds logs already
    /// and `overwrite` is not wanted.
    pub fn create(folder: &Path, overwrite: bool) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        if let Some(name) = first_log(folder)?.filter(|_| !overwrite) {
            let why = format!("it holds {} already: name another folder, or add --overwrite", name.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        }
        Ok(Self { folder: folder.to_owned(), files: BTreeMap::new(), error: None })
    }

    /// Writes what is still held back and puts the logs in the place of those of an earlier run. Errors: the first that
    /// happened; then the earlier logs stay.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        for file in self.files.values_mut() {
            file.flush()?;
        }
        let written = std::mem::take(&mut self.files);
        for name in log_names().filter(|name| !written.contains_key(name)) {
            remove(&self.path(name, "log"))?;
        }
        written.keys().try_for_each(|name| std::fs::rename(self.path(name, UNFINISHED), self.path(name, "log")))
    }

    fn write(&mut self, log: &'static str, line: Map<String, Json>) {
        if self.error.is_none() {
            self.error = self.try_write(log, &Json::Object(line)).err();
        }
    }

    fn try_write(&mut self, log: &'static str, line: &Json) -> io::Result<()> {
        if !self.files.contains_key(log) {
            let file = File::create(self.path(log, UNFINISHED))?;
            self.files.insert(log, BufWriter::new(file));
        }
        self.files.get_mut(log).map_or(Ok(()), |file| writeln!(file, "{line}"))
    }

    fn path(&self, log: &str, end: &str) -> PathBuf {
        self.folder.join(format!("{log}.{end}"))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let unfinished: Vec<PathBuf> = self.files.keys().map(|name| self.path(name, UNFINISHED)).collect();
        self.files.clear();
        for path in unfinished {
            // What is left over does no harm: no name of a log, and the next run writes over it.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The first file of `folder` that is called like a log.
fn first_log(folder: &Path) -> io::Result<Option<OsString>> {
    let entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let names = entries.into_iter().map(|entry| entry.file_name());
    Ok(names.filter(|name| Path::new(name).extension().is_some_and(|end| end == "log")).min())
}

/// The name of every log that a run may write, without `.log`: no other file is ever removed.
fn log_names() -> impl Iterator<Item = &'static str> {
    let protocols = wardlight_dissect::proto::ENTRIES.iter().map(|entry| log_name(entry.info().name));
    protocols.chain(["conn"])
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Listener for Logs {
    fn flow(&mut self, flow: &Flow) {
        self.write("conn", conn(flow));
    }

    fn wants_records(&self) -> bool {
        true
    }

    fn record(&mut self, record: &Record) {
        let mut line = head(record.time, record.flow);
        for (name, value) in &record.values {
            line.insert((*name).to_owned(), json_of(value));
        }
        self.write(log_name(record.protocol), line);
    }
}

/// Zeek's name of a protocol's log.
fn log_name(protocol: &'static str) -> &'static str {
    if protocol == "tls" { "ssl" } else { protocol }
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Number(number) => json!(number),
        Value::Flag(flag) => json!(flag),
        Value::List(items) => json!(items),
        Value::Keyed(keyed) => json!(keyed.to_string()),
    }
}

fn head(time: Time, flow: Option<(FlowId, FlowKey)>) -> Map<String, Json> {
    let mut line = Map::new();
    line.insert("ts".to_owned(), seconds(time.micros()));
    if let Some((id, key)) = flow {
        line.insert("uid".to_owned(), json!(uid(id, &key)));
        line.insert("id.orig_h".to_owned(), json!(key.initiator.0));
        line.insert("id.orig_p".to_owned(), json!(key.initiator.1));
        line.insert("id.resp_h".to_owned(), json!(key.responder.0));
        line.insert("id.resp_p".to_owned(), json!(key.responder.1));
    }
    line
}

fn conn(flow: &Flow) -> Map<String, Json> {
    let mut line = head(flow.first, Some(flow.into()));
    let [from, to] = flow.sent;
    let mut put = |name: &str, value: Json| line.insert(name.to_owned(), value);
    put("proto", json!(flow.key.transport.to_string()));
    if let Some(service) = flow.service.filter(|service| service.known != Known::Port) {
        put("service", json!(log_name(service.name)));
    }
    put("duration", seconds(flow.last.since(flow.first)));
    put("orig_bytes", json!(from.bytes));
    put("resp_bytes", json!(to.bytes));
    put("conn_state", json!(flow.state));
    put("missed_bytes", json!(from.missed + to.missed));
    put("history", json!(flow.history));
    put("orig_pkts", json!(from.packets));
    put("orig_ip_bytes", json!(from.ip_bytes));
    put("resp_pkts", json!(to.packets));
    put("resp_ip_bytes", json!(to.ip_bytes));
    put("community_id", json!(community_id(&flow.key)));
    let [from, to] = flow.macs;
    from.map(|mac| put("orig_l2_addr", json!(mac)));
    to.map(|mac| put("resp_l2_addr", json!(mac)));
    flow.vlan.map(|vlan| put("vlan", json!(vlan)));
    line
}

#[expect(clippy::cast_precision_loss, reason = "Zeek writes seconds as a floating-point number")]
fn seconds(micros: i64) -> Json {
    json!(micros as f64 / 1e6)
}

/// A name for one conversation, the same in every log of a run: `C` and 64 bits of FNV-1a over id and ends.
fn uid(id: FlowId, key: &FlowKey) -> String {
    let text = format!("{} {} {:?} {:?}", id.0, key.transport, key.initiator, key.responder);
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("C{hash:016x}")
}
