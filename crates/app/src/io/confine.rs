//! What reads hostile bytes gives up whatever it does not need, before it reads the first: no capability, no network, no
//! other program, no way back.
//!
//! In: nothing. Out: the same process, with less: kept for as long as it lives, and by every thread it makes. What a broken
//! parser could then do is to read and write what the sensor itself reads and writes.

use anyhow::Context as _;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};
use std::collections::BTreeMap;

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
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
];

/// Gives up what the sensor does not need. Errors: the system does not let it; then nothing must be read.
pub fn confine() -> anyhow::Result<()> {
    set_no_new_privs(true).context("cannot give up new privileges")?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).context("cannot give up capabilities")?;
    apply_filter_all_threads(&filter()?).context("cannot give up system calls")
}

/// Refuses what is never called, and every socket but those of this machine (unix(7)).
fn filter() -> anyhow::Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = NEVER.iter().map(|call| (*call, Vec::new())).collect();
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let foreign = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local)?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(vec![foreign])?]);
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}
