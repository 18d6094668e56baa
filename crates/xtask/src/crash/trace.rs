//! What `strace` wrote, call by call.
//!
//! In: its text with every string and path in hexadecimal (`-xx -y`), with stacks (`-k`) or without. Out: calls in the
//! order in which they began, each with the lines at which it began and ended, which serve as a clock.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// The calls at which a run is cut off: those by which something reaches a disk or a sensor.
pub(super) const CALLS: &str = "openat,write,pwrite64,sendto,fsync,fdatasync,rename,renameat2,link,linkat,unlink,unlinkat,\
    rmdir,ftruncate,fallocate,mkdir,mkdirat";

/// Calls that change neither a file nor a name. Every other one is recorded, so that one that the model of a disk does
/// not know cannot be passed over.
pub(super) const HARMLESS: &str = "futex,read,readv,pread64,close,lseek,poll,ppoll,epoll_wait,epoll_pwait,epoll_ctl,stat,\
    fstat,lstat,newfstatat,statx,statfs,fstatfs,getdents64,access,faccessat,faccessat2,readlink,readlinkat,getcwd,fcntl,\
    flock,fadvise64,brk,munmap,mremap,mprotect,madvise,rt_sigaction,rt_sigprocmask,rt_sigreturn,sigaltstack,clone,clone3,\
    vfork,execve,wait4,exit,exit_group,clock_nanosleep,sched_yield,getrandom,recvfrom,accept4,gettid,getpid";

/// Calls that copy a file without showing its bytes. They are answered as by a system that has none of them.
pub(super) const HIDDEN: &str = "copy_file_range,sendfile,splice";

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
    /// Whether the tracer answered in place of the system.
    pub is_injected: bool,
    /// The innermost function of ours, or of SQLite, that it was made in; empty when that is not known.
    pub function: String,
}

impl Call {
    /// The bytes of argument `at`, which is a string.
    pub fn bytes(&self, at: usize) -> Vec<u8> {
        let text = self.arguments.get(at).map_or("", String::as_str);
        unescaped(text.trim_start_matches('"').split('"').next().unwrap_or_default())
    }

    /// The path that argument `at` names, as a string or as an open file. One that was deleted says so at its end.
    pub fn path(&self, at: usize) -> String {
        let text = self.arguments.get(at).map_or("", String::as_str);
        let bytes = match text.split_once('<') {
            Some((_, path)) => {
                let (path, rest) = path.split_once('>').unwrap_or((path, ""));
                [unescaped(path), rest.as_bytes().to_vec()].concat()
            }
            None => self.bytes(at),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The path at `at` in the folder that the argument before it names.
    pub fn path_in(&self, at: usize) -> String {
        let folder = self.path(at.saturating_sub(1));
        Path::new(&folder).join(self.path(at)).display().to_string()
    }

    /// Argument `at` as a number, in decimal or octal.
    pub fn number(&self, at: usize) -> u64 {
        let text = self.arguments.get(at).map_or("", String::as_str);
        match text.strip_prefix('0').filter(|octal| !octal.is_empty()) {
            Some(octal) => u64::from_str_radix(octal, 8).unwrap_or_default(),
            None => text.parse().unwrap_or_default(),
        }
    }

    /// Whether argument `at` has the flag `name`.
    pub fn has(&self, at: usize, name: &str) -> bool {
        self.arguments.get(at).is_some_and(|flags| flags.split('|').any(|flag| flag == name))
    }

    /// The file or socket that it is about.
    pub fn target(&self) -> String {
        match self.name.as_str() {
            "openat" | "mkdirat" | "unlinkat" => self.path_in(1),
            "renameat" | "renameat2" | "linkat" => self.path_in(1),
            "mmap" => self.path(4),
            _ => self.path(0),
        }
    }

    /// Whether it is about something below `root`.
    pub fn touches(&self, root: &str) -> bool {
        let is_below =
            |path: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // What is written may look like a path.
        let others = if self.name.contains("write") { 0 } else { self.arguments.len() };
        is_below(&self.target()) || (0..others).any(|at| is_below(&self.path(at)) || is_below(&self.path_in(at)))
    }
}

/// The calls that `text` tells of.
pub(super) fn read(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut begun: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    for (line, text) in text.lines().enumerate() {
        if let Some(frame) = text.strip_prefix(" > ") {
            if let Some(call) = calls.last_mut().filter(|call| call.function.is_empty()) {
                call.function = function(frame).unwrap_or_default().to_owned();
            }
            continue;
        }
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(part) = text.strip_suffix("<unfinished ...>") {
            begun.insert(thread, (part.trim_end().to_owned(), line));
        } else if let Some((_, rest)) = text.strip_prefix("<... ").and_then(|text| text.split_once("resumed>")) {
            let Some((part, begin)) = begun.remove(thread) else { continue };
            calls.extend(call(thread, &(part + rest), begin..line));
        } else {
            calls.extend(call(thread, text, line..line));
        }
    }
    // What was under way at the end may have happened.
    calls.extend(
        begun
            .into_iter()
            .filter_map(|(thread, (part, begin))| call(thread, &format!("{part}) = -1"), begin..usize::MAX)),
    );
    calls.sort_by_key(|call| call.begin);
    calls
}

fn call(thread: &str, text: &str, lines: Range<usize>) -> Option<Call> {
    let (called, result) = text.rsplit_once(" = ")?;
    let (name, arguments) = called.trim_end().strip_suffix(')')?.split_once('(')?;
    let digits = result.split(['<', ' ']).next()?;
    let result = match digits.strip_prefix("0x") {
        Some(_) => 0,
        None => digits.parse().unwrap_or(-1),
    };
    Some(Call {
        thread: thread.to_owned(),
        name: name.to_owned(),
        arguments: arguments.split(", ").map(str::to_owned).collect(),
        result,
        begin: lines.start,
        end: lines.end,
        is_injected: text.ends_with("(INJECTED)"),
        function: String::new(),
    })
}

/// The function that a line of a stack names, unless it is the system's or the language's: `PROGRAM(NAME+0x5) [0x123]`.
fn function(frame: &str) -> Option<&str> {
    let (program, named) = frame.split_once('(')?;
    let name = named.rsplit_once("+0x")?.0;
    let is_ours = name.contains("wardlight") || name == "unixSync";
    (is_ours && !program.contains(".so")).then_some(name)
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).filter_map(|pair| u8::from_str_radix(pair.get(..2)?, 16).ok()).collect()
}

/// What a path from the root folder stands for: numbers, times and scratch names as `*`.
pub(super) fn kind(path: &str) -> String {
    path.trim_start_matches('/').split('/').map(kind_of_name).collect::<Vec<_>>().join("/")
}

fn kind_of_name(name: &str) -> String {
    let is_any = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "-:.TZ".contains(c));
    let parts = name.split_inclusive(['.', '=', '-', '_']).collect::<Vec<_>>();
    let mut short = String::new();
    for part in parts {
        let text = part.trim_end_matches(['.', '=', '-', '_']);
        let is_scratch = text.len() == 6 && name.starts_with('.') && name.ends_with(".new");
        short.push_str(if is_any(text) || is_scratch { "*" } else { text });
        short.push_str(part.get(text.len()..).unwrap_or_default());
    }
    let mut shortest = short.replace("*-*", "*").replace("*-*", "*");
    while shortest.contains("*-*") {
        shortest = shortest.replace("*-*", "*");
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "7 openat(AT_FDCWD<\\x2f>, \"\\x2f\\x61\", O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 5<\\x2f\\x61>\n\
        7 pwrite64(5<\\x2f\\x61>, \"\\x01\\x02\", 2, 4096 <unfinished ...>\n\
        8 fsync(6<\\x2f>)                         = 0\n \
        > /lib/libc.so.6(fsync+0x3a) [0xfec4a]\n \
        > /bin/wardlight(<std::fs::File>::sync_all+0x19) [0x2c44f69]\n \
        > /bin/wardlight(wardlight::role::places::sync_names_above+0x251) [0x10194b1]\n \
        > /bin/wardlight(wardlight::main+0x2) [0x1]\n\
        7 <... pwrite64 resumed>)           = 2\n\
        8 unlink(\"\\x2f\\x62\") = -1 ENOENT (No such file or directory)\n\
        8 linkat(AT_FDCWD<\\x2f>, \"\\x61\", AT_FDCWD<\\x2f>, \"\\x62\", 0) = 0\n\
        8 write(5<\\x2f\\x61>(deleted), \"\\x01\", 1) = 1\n\
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
                ("unlink", "/b".to_owned(), 8, -1),
                ("linkat", "/a".to_owned(), 9, 0),
                ("write", "/a(deleted)".to_owned(), 10, 1),
                ("fsync", "/".to_owned(), 11, -1),
            ]
        );
        assert_eq!((calls[1].bytes(1), calls[1].number(3), calls[1].end), (vec![1, 2], 4096, 7));
        assert_eq!((calls[0].number(3), calls[0].has(2, "O_CREAT"), calls[0].has(2, "O_TRUNC")), (0o600, true, false));
        assert_eq!(calls[2].function, "wardlight::role::places::sync_names_above");
        assert_eq!(calls[4].path_in(3), "/b");
        assert_eq!(calls[6].end, usize::MAX);
    }

    #[test]
    fn what_a_call_touches_is_what_lies_in_the_folder() {
        let calls = read(TEXT);
        assert!(
            calls[1].touches("/a") && calls[4].touches("/b") && !calls[1].touches("/ab") && !calls[1].touches("/b")
        );
    }

    #[test]
    fn names_are_told_by_their_kind() {
        for (name, short) in [
            ("/data/journal/00000000000000000001.seg", "data/journal/*.seg"),
            ("000000000012-000000000040.parquet.unfinished", "*.parquet.unfinished"),
            ("date=2026-01-31", "date=*"),
            ("hour=07", "hour=*"),
            (".2023-11-14T22-13-20-123456Z.part", ".*.part"),
            (".site.id.aB3dE9.new", ".site.id.*.new"),
            ("checkpoints.txt", "checkpoints.txt"),
            ("state.db-wal", "state.db-wal"),
        ] {
            assert_eq!(kind(name), short);
        }
    }
}
