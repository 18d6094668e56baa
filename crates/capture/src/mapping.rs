//! Memory for payload: anonymous pages that stay out of core dumps.

use memmap2::{Advice, MmapMut, MmapOptions};
use std::io;

/// A block of private memory, zeroed, that core dumps leave out. Its pages are taken when first written to, and go
/// back to the kernel, which clears them, when it is dropped.
pub struct Mapping(MmapMut);

impl Mapping {
    /// Memory for `length` bytes. Errors: the kernel has no address space left, or does not know how to keep memory out
    /// of core dumps.
    pub fn new(length: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(length.max(1)).map_anon()?;
        map.advise(Advice::DontDump)?;
        Ok(Self(map))
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for Mapping {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_marked_as_not_dumped() {
        let mut mapping = Mapping::new(1 << 20).expect("memory");
        mapping.as_mut().fill(7);
        let begin = format!("{:x}-", mapping.as_ref().as_ptr().addr());
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("smaps");
        let ours = maps.lines().skip_while(|line| !line.starts_with(&begin));
        let flags = ours.skip(1).find(|line| line.starts_with("VmFlags")).expect("flags of the mapping");
        assert!(flags.split(' ').any(|flag| flag == "dd"), "{flags}");
    }
}
