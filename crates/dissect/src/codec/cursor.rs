//! Reading bytes from front to back without a way to run past the end.

/// Fewer bytes are left than were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fewer bytes are left than the message promises")]
pub struct Short;

/// What is still to be read of a message. Every read either succeeds or leaves the cursor where it was.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// How many bytes are not yet read.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether all bytes are read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes the next `n` bytes. Errors: [`Short`] when fewer are left; the cursor stays put.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Short> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes up to `n` bytes: all that are left when fewer are.
    pub fn take_at_most(&mut self, n: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// A cursor over the next `n` bytes alone. Errors: [`Short`] when fewer are left.
    pub fn within(&mut self, n: usize) -> Result<Cursor<'a>, Short> {
        self.take(n).map(Cursor::new)
    }

    /// Passes over `n` bytes. Errors: [`Short`] when fewer are left.
    pub fn skip(&mut self, n: usize) -> Result<(), Short> {
        self.take(n).map(|_| ())
    }

    /// Takes the next `N` bytes. Errors: [`Short`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes one byte. Errors: [`Short`] when none is left.
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array().map(|[byte]| byte)
    }

    /// Takes a big-endian number. Errors: [`Short`].
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    /// Takes a big-endian number of three bytes. Errors: [`Short`].
    pub fn u24(&mut self) -> Result<u32, Short> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Takes a big-endian number. Errors: [`Short`].
    pub fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_be_bytes)
    }

    /// Takes a big-endian number. Errors: [`Short`].
    pub fn u64(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_be_bytes)
    }

    /// Takes a little-endian number. Errors: [`Short`].
    pub fn u16_le(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_le_bytes)
    }

    /// Takes a little-endian number. Errors: [`Short`].
    pub fn u32_le(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_le_bytes)
    }

    /// Takes a little-endian number. Errors: [`Short`].
    pub fn u64_le(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_le_bytes)
    }

    /// Takes the bytes before the next `end`, and passes over `end` itself. Errors: [`Short`] when `end` is not there.
    pub fn until(&mut self, end: u8) -> Result<&'a [u8], Short> {
        let at = self.rest.iter().position(|byte| *byte == end).ok_or(Short)?;
        let taken = self.take(at)?;
        self.skip(1)?;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u32(), Err(Short));
        assert_eq!(cursor.take(4), Err(Short));
        assert_eq!(cursor.until(9), Err(Short));
        assert_eq!(cursor.u16(), Ok(0x0102));
        assert_eq!(cursor.take_at_most(9), &[3]);
        assert!(cursor.is_empty());
    }

    #[test]
    fn numbers_are_read_in_both_byte_orders() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(Cursor::new(&bytes).u24(), Ok(0x01_0203));
        assert_eq!(Cursor::new(&bytes).u32_le(), Ok(0x0403_0201));
        assert_eq!(Cursor::new(&bytes).u64(), Ok(0x0102_0304_0506_0708));
    }
}
