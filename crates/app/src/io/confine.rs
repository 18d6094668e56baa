//! What reads hostile bytes gives up whatever it does not need, before it reads the first: no capability, no network, no
//! other program, no way back; and by what it listens with it sends nothing.
//!
//! In: the sockets of interfaces. Out: the same process, with less: kept for as long as it lives, and by every thread it
//! makes. What a broken parser could then do is to read and write what the sensor itself reads and writes.

use anyhow::Context as _;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads, sock_filter,
};
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// Calls that a reader of captures never makes: to start programs, to look into others, to change the machine.
const NEVER: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    // These would name in memory, where no filter looks, what they write to or hand to another.
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
];

/// Calls by which something could leave through the file that an argument names, or by which that could become another, and
/// which argument it is.
const SENDING: &[(i64, u8)] = &[
    (libc::SYS_write, 0),
    (libc::SYS_writev, 0),
    (libc::SYS_pwrite64, 0),
    (libc::SYS_pwritev, 0),
    (libc::SYS_pwritev2, 0),
    (libc::SYS_sendto, 0),
    (libc::SYS_sendfile, 0),
    (libc::SYS_splice, 2),
    (libc::SYS_tee, 1),
    (libc::SYS_vmsplice, 0),
    (libc::SYS_connect, 0),
    (libc::SYS_setsockopt, 0),
    (libc::SYS_dup, 0),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_dup2, 0),
    (libc::SYS_dup3, 0),
    (libc::SYS_pidfd_getfd, 1),
];

/// Gives up what the sensor does not need, and to send by the sockets that `listening` are. Errors: the system does not let
/// it; then nothing must be read.
pub fn confine(listening: &[BorrowedFd<'_>]) -> anyhow::Result<()> {
    set_no_new_privs(true).context("cannot give up new privileges")?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).context("cannot give up capabilities")?;
    apply_filter_all_threads(&filter(listening)?).context("cannot give up system calls")
}

/// Refuses what is never called, every socket but those of this machine (unix(7)), and to send by those that listen.
fn filter(listening: &[BorrowedFd<'_>]) -> anyhow::Result<BpfProgram> {
    let equals =
        |argument: u8, value: u64| SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = NEVER.iter().map(|call| (*call, Vec::new())).collect();
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let foreign = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(vec![foreign])?]);
    for socket in listening.iter().map(|socket| u64::from(socket.as_raw_fd().unsigned_abs())) {
        for (call, argument) in SENDING {
            rules.entry(*call).or_default().push(SeccompRule::new(vec![equals(*argument, socket)?])?);
        }
        // It may ask whether its interface is still there, and nothing else.
        let asks = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, libc::SIOCGIFINDEX)?;
        rules.entry(libc::SYS_ioctl).or_default().push(SeccompRule::new(vec![equals(0, socket)?, asks])?);
        for doubling in [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].map(|how| u64::from(how.unsigned_abs())) {
            let rule = SeccompRule::new(vec![equals(0, socket)?, equals(1, doubling)?])?;
            rules.entry(libc::SYS_fcntl).or_default().push(rule);
        }
    }
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?;
    let filter: BpfProgram = filter.try_into()?;
    Ok(without_other_numbers().into_iter().chain(filter).collect())
}

/// Refuses calls by the numbers of the x32 interface, which a kernel may know beside those that are listed (syscall(2)).
fn without_other_numbers() -> BpfProgram {
    const X32: u32 = 0x4000_0000;
    let instruction =
        |code: u32, [jt, jf]: [u8; 2], k: u32| sock_filter { code: u16::try_from(code).unwrap_or(0), jt, jf, k };
    if std::env::consts::ARCH != "x86_64" {
        return BpfProgram::new();
    }
    vec![
        // The number of the call.
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, [0, 0], 0),
        instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, [0, 1], X32),
        instruction(libc::BPF_RET | libc::BPF_K, [0, 0], libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Write as _};
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn nothing_leaves_by_a_socket_that_listens() {
        let [(mut one, _heard), (mut other, hears)] = [(); 2].map(|()| {
            let (here, there) = UnixDatagram::pair().expect("a pair");
            (std::fs::File::from(std::os::fd::OwnedFd::from(here)), there)
        });
        let filter = filter(&[one.as_fd()]).expect("a filter");
        seccompiler::apply_filter(&filter).expect("applied to this thread");
        let refused =
            |outcome: std::io::Result<()>| outcome.expect_err("refused").kind() == ErrorKind::PermissionDenied;
        assert!(refused(one.write_all(b"out")));
        assert!(refused(
            rustix::net::send(&one, b"out", rustix::net::SendFlags::empty()).map(drop).map_err(Into::into)
        ));
        assert!(refused(one.try_clone().map(drop)));
        assert!(refused(rustix::io::dup(&one).map(drop).map_err(Into::into)));
        other.write_all(b"in").expect("another is not meant");
        let mut bytes = [0; 4];
        assert_eq!(hears.recv(&mut bytes).expect("heard"), 2);
    }
}
