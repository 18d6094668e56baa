//! Small parts of messages: numbers in network order, lengths, padded text.

/// Bytes being written.
#[derive(Default, Clone)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    /// Adds bytes as they are.
    pub(crate) fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.extend_from_slice(bytes.as_ref());
        self
    }

    /// Adds one byte.
    pub(crate) fn u8(self, number: u8) -> Self {
        self.raw([number])
    }

    /// Adds a big-endian number of two bytes.
    pub(crate) fn u16(self, number: u16) -> Self {
        self.raw(number.to_be_bytes())
    }

    /// Adds a big-endian number of four bytes.
    pub(crate) fn u32(self, number: u32) -> Self {
        self.raw(number.to_be_bytes())
    }

    /// Adds `bytes` behind their length in one byte.
    pub(crate) fn short(self, bytes: impl AsRef<[u8]>) -> Self {
        self.u8(length(bytes.as_ref())).raw(bytes)
    }

    /// Adds `bytes` behind their big-endian length in two bytes.
    pub(crate) fn long(self, bytes: impl AsRef<[u8]>) -> Self {
        self.u16(length(bytes.as_ref())).raw(bytes)
    }

    /// Adds text filled up with `fill` to `width` bytes, cut when longer.
    pub(crate) fn padded(self, text: &str, width: usize, fill: u8) -> Self {
        let bytes: Vec<u8> = text.bytes().chain(std::iter::repeat(fill)).take(width).collect();
        self.raw(bytes)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The length of `bytes` in the number type a field has; the laboratory writes nothing longer than its fields hold.
#[expect(clippy::expect_used, reason = "the laboratory's own messages are short")]
pub(crate) fn length<N: TryFrom<usize>>(bytes: &[u8]) -> N {
    N::try_from(bytes.len()).ok().expect("messages fit their length fields")
}
