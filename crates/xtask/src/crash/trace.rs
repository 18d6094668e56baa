//! What `strace` wrote, call by call.
//!
//! In: its text with every string and path in hexadecimal (`-xx -y`). Out: calls in the order in which they began, each
//! with the lines at which it began and ended, which serve as a clock.

use std::collections::BTreeMap;

/// The calls by which something reaches a disk or a sensor.
pub(super) const CALLS: &str = "openat,creat,write,pwrite64,writev,pwritev,sendto,sendmsg,fsync,fdatasync,rename,renameat,\
    renameat2,unlink,unlinkat,rmdir,ftruncate,fallocate,mkdir,mkdirat";

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The thread.
    pub thread: String,
    /// Its name.
    pub name: String,
    /// Its arguments as written.
    pub arguments: Vec<String>,
    /// What it gave; negative for an error or when it did not end.
    pub result: i64,
    /// The line at which it began.
    pub begin: usize,
    /// The line at which it ended; far away when it did not.
    pub end: usize,
}

impl Call {
    /// The bytes of argument `at`, which is a string.
    pub fn bytes(&self, at: usize) -> Vec<u8> {
        let text = self.arguments.get(at).map_or("", String::as_str);
        unescaped(text.trim_start_matches('"').split('"').next().unwrap_or_default())
    }

    /// The path that argument `at` names, as a string or as an open file.
    pub fn path(&self, at: usize) -> String {
        let text = self.arguments.get(at).map_or("", String::as_str);
        let bytes = match text.split_once('<') {
            Some((_, path)) => unescaped(path.split('>').next().unwrap_or_default()),
            None => self.bytes(at),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Argument `at` as a number.
    pub fn number(&self, at: usize) -> u64 {
        self.arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// The file or socket that it is about.
    pub fn target(&self) -> String {
        self.path(usize::from(self.name == "openat"))
    }
}

/// The calls that `text` tells of.
pub(super) fn read(text: &str) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut begun: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    for (line, text) in text.lines().enumerate() {
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(part) = text.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (part.trim_end().to_owned(), line));
        } else if let Some((_, rest)) = text.strip_prefix("<... ").and_then(|text| text.split_once("resumed>")) {
            let Some((part, begin)) = begun.remove(thread) else { continue };
            calls.extend(call(thread, &(part + rest), begin, line));
        } else {
            calls.extend(call(thread, text, line, line));
        }
    }
    // What was under way at the end may have happened.
    calls.extend(
        begun
            .into_iter()
            .filter_map(|(thread, (part, begin))| call(thread, &format!("{part}) = -1"), begin, usize::MAX)),
    );
    calls.sort_by_key(|call| call.begin);
    calls
}

fn call(thread: &str, text: &str, begin: usize, end: usize) -> Option<Call> {
    let (called, result) = text.rsplit_once(" = ")?;
    let (name, arguments) = called.trim_end().strip_suffix(')')?.split_once('(')?;
    let digits = result.split(['<', ' ']).next()?;
    Some(Call {
        thread: thread.to_owned(),
        name: name.to_owned(),
        arguments: arguments.split(", ").map(str::to_owned).collect(),
        result: digits.parse().unwrap_or(-1),
        begin,
        end,
    })
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|pair| u8::from_str_radix(pair.get(..2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5<\\x2f\\x61>\n\
        7 pwrite64(5<\\x2f\\x61>, \"\\x01\\x02\", 2, 4096 <unfinished ...>\n\
        8 fsync(6<\\x2f>)                         = 0\n\
        7 <... pwrite64 resumed>)           = 2\n\
        8 unlink(\"\\x2f\\x62\") = -1 ENOENT (No such file or directory)\n\
        8 fsync(6<\\x2f> <unfinished ...>\n";

    #[test]
    fn calls_are_read_with_the_time_they_took() {
        let calls = read(TEXT);
        let seen: Vec<_> = calls.iter().map(|one| (one.name.as_str(), one.target(), one.begin, one.result)).collect();
        assert_eq!(
            seen,
            [
                ("openat", "/a".to_owned(), 0, 5),
                ("pwrite64", "/a".to_owned(), 1, 2),
                ("fsync", "/".to_owned(), 2, 0),
                ("unlink", "/b".to_owned(), 4, -1),
                ("fsync", "/".to_owned(), 5, -1),
            ]
        );
        assert_eq!((calls[1].bytes(1), calls[1].number(3), calls[1].end), (vec![1, 2], 4096, 3));
        assert_eq!(calls[4].end, usize::MAX);
    }
}
