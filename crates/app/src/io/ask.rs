//! Questions about devices, and what is told: over the server's socket, or from the data folder.
//!
//! A question is a message of the socket (see `link.rs`) of kind [`ASK`] with JSON; what is told comes in the place of its
//! answer, with code 4. It changes nothing and is written nowhere.

use super::link::Message;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use wardlight_model::Id;
use wardlight_store::segment::BODY;

/// Kind of a message that asks: beyond those that the journal takes.
pub const ASK: u16 = 0x8001;
/// Kind of a message that asks about assets.
pub const ASK_ASSETS: u16 = 0x8002;
/// What became of a message: it is answered here.
const TOLD: u8 = 4;

/// Which devices, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Which, as people write it.
    pub filter: String,
    /// Columns to sort by, each with `-` before it for the highest first.
    pub sort: Vec<String>,
    /// Columns to show.
    pub columns: Vec<String>,
    /// How many to pass over.
    pub offset: usize,
    /// How many to list at most.
    pub limit: usize,
}

/// What is asked about assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetQuestion {
    /// Which there are.
    List(AssetList),
    /// All of one: by its id, that of a member, or a value that no other has.
    Show(String),
    /// What people shall decide: pairs that may be one, and fields whose answers contradict each other; so many at most.
    Reviews(usize),
}

/// Which assets to list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetList {
    /// Of which group.
    pub group: Group,
    /// Only those of which something says this, whatever the case.
    pub find: String,
    /// How many at most.
    pub limit: usize,
}

/// Groups of assets that somebody has to look after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Every one.
    #[default]
    All,
    /// Met on the network; neither its type nor a record of it is sure, or nobody answers for it.
    Unknown,
    /// Met on the network, and nobody answers for it.
    Ownerless,
    /// Met on the network, and in no record that somebody stands for.
    Found,
    /// In the records, and never met.
    Expected,
    /// Both; its type or an owner is missing.
    Matched,
    /// Met, recorded, typed, each owner named.
    Onboarded,
    /// Retired by every record, and not met since.
    Retired,
    /// Sources contradict each other about it.
    Disputed,
}

/// What is told. `V` is a value: whatever writes itself as JSON, or JSON that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told<V> {
    /// The devices.
    Devices(Devices<V>),
    /// What was asked about assets.
    Assets(serde_json::Value),
    /// Why the question cannot be answered, and how to mend it.
    Wrong(String),
    /// Why it cannot be answered yet.
    Later(String),
}

/// Devices, a row each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices<V> {
    /// How many devices are known.
    pub known: usize,
    /// How many of them the filter lets through.
    pub total: usize,
    /// What of this is not complete, and why.
    pub note: Option<String>,
    /// The columns shown.
    pub columns: Vec<String>,
    /// Those asked for, in order; of each the values of the columns.
    pub rows: Vec<Vec<V>>,
}

impl Question {
    /// As it is sent.
    pub fn message(&self, id: Id) -> io::Result<Message> {
        Ok(Message { id, kind: ASK, format: 1, body: serde_json::to_vec(self)? })
    }
}

impl AssetQuestion {
    /// As it is sent.
    pub fn message(&self, id: Id) -> io::Result<Message> {
        Ok(Message { id, kind: ASK_ASSETS, format: 1, body: serde_json::to_vec(self)? })
    }
}

/// Sends what is told to the question `id`, as JSON.
pub fn send(id: Id, told: &[u8], to: &mut impl Write) -> io::Result<()> {
    let length = u32::try_from(told.len()).map_err(io::Error::other)?;
    to.write_all(&id.0)?;
    to.write_all(&[TOLD, 0, 0, 0])?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&[0; 8])?;
    to.write_all(told)
}

/// Receives what is told. Errors: the server ended, or says something else.
pub fn receive(from: &mut impl Read) -> io::Result<Told<serde_json::Value>> {
    let mut head = [0; 32];
    from.read_exact(&mut head)?;
    let [.., code, _, _, _, a, b, c, d, _, _, _, _, _, _, _, _] = head;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if code != TOLD || length > BODY {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the server does not know this question: update it"));
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_arrives_whole_and_nothing_else_is_taken_for_it() {
        let rows = vec![vec![serde_json::json!("pump"), serde_json::json!(null)]];
        let told = Told::Devices(Devices {
            known: 7,
            total: 1,
            note: None,
            columns: vec!["name".into(), "type".into()],
            rows,
        });
        let mut wire = Vec::new();
        send(Id([3; 16]), &serde_json::to_vec(&told).expect("JSON"), &mut wire).expect("memory takes it");
        assert_eq!(receive(&mut &wire[..]).expect("whole"), told);
        assert!(receive(&mut &wire[..wire.len() - 1]).is_err(), "cut short");
        wire[16] = 0;
        assert!(receive(&mut &wire[..]).is_err(), "an answer to a batch");
    }
}
