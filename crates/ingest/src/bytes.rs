//! A cursor over bytes that cannot panic.

/// Fewer bytes than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short;

/// Bytes yet to be read, high byte first.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'b>(pub &'b [u8]);

impl<'b> Cursor<'b> {
    /// The next `n` bytes. Errors: [`Short`] when fewer are left; the cursor stays put.
    pub fn take(&mut self, n: usize) -> Result<&'b [u8], Short> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn left(&self) -> usize {
        self.0.len()
    }
}
