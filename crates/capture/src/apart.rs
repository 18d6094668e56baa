//! Work on a stack that core dumps leave out.
//!
//! Whoever reads payload leaves pieces of it on the stack: spilled registers, short arrays.

use rustix::mm::{Advice, madvise};
use std::io;
use std::ops::Range;
use std::thread;

/// Bytes of stack.
const STACK: usize = 8 << 20;

/// Does `work` on a thread of its own, whose stack stays out of core dumps, and gives what it gives. A panic in it goes
/// on here. Errors: no thread, or its stack cannot be marked.
pub fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let marked = move || stack_of_this_thread().and_then(forbid_dump).map(|()| work());
        let thread = thread::Builder::new().name("reader".to_owned()).stack_size(STACK).spawn_scoped(scope, marked)?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The addresses of the mapping that the stack of this thread lies in.
fn stack_of_this_thread() -> io::Result<Range<usize>> {
    let here = 0u8;
    let here = (&raw const here).addr();
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let ranges = maps.lines().filter_map(|line| {
        let (begin, end) = line.split_once(' ')?.0.split_once('-')?;
        Some(usize::from_str_radix(begin, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
    });
    ranges.into_iter().find(|range| range.contains(&here)).ok_or_else(|| io::Error::other("no mapping holds the stack"))
}

fn forbid_dump(stack: Range<usize>) -> io::Result<()> {
    let begin = std::ptr::with_exposed_provenance_mut(stack.start);
    // SAFETY: the advice changes neither the bytes nor whether they may be reached, only what core dumps hold.
    #[expect(unsafe_code)]
    unsafe {
        madvise(begin, stack.len(), Advice::LinuxDontDump)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_and_its_stack_is_marked() {
        let flags = apart(|| {
            let begin = format!("{:x}-", stack_of_this_thread().expect("a stack").start);
            let maps = std::fs::read_to_string("/proc/self/smaps").expect("smaps");
            let ours = maps.lines().skip_while(|line| !line.starts_with(&begin));
            ours.skip(1).find(|line| line.starts_with("VmFlags")).expect("flags of the mapping").to_owned()
        });
        let flags = flags.expect("a thread");
        assert!(flags.split(' ').any(|flag| flag == "dd"), "{flags}");
    }

    #[test]
    fn a_panic_is_passed_on() {
        let outcome =
            std::panic::catch_unwind(|| apart(|| std::panic::resume_unwind(Box::new("over"))).map(|(): ()| ()));
        assert_eq!(outcome.expect_err("a panic").downcast_ref::<&str>(), Some(&"over"));
    }
}
