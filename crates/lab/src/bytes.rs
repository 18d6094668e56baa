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

    /// Adds a little-endian number of two bytes.
    pub(crate) fn u16le(self, number: u16) -> Self {
        self.raw(number.to_le_bytes())
    }

    /// Adds a little-endian number of four bytes.
    pub(crate) fn u32le(self, number: u32) -> Self {
        self.raw(number.to_le_bytes())
    }

    /// Adds `count` bytes of zero.
    pub(crate) fn zeros(self, count: usize) -> Self {
        self.raw(vec![0; count])
    }

    /// Adds `bytes` behind their length in one byte.
    pub(crate) fn short(self, bytes: impl AsRef<[u8]>) -> Self {
        self.u8(length(bytes.as_ref())).raw(bytes)
    }

    /// Adds `bytes` behind their big-endian length in two bytes.
    pub(crate) fn long(self, bytes: impl AsRef<[u8]>) -> Self {
        self.u16(length(bytes.as_ref())).raw(bytes)
    }

    /// Adds `bytes` behind their big-endian length in four bytes.
    pub(crate) fn longer(self, bytes: impl AsRef<[u8]>) -> Self {
        self.u32(length(bytes.as_ref())).raw(bytes)
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

/// `text` in little-endian UTF-16.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `bytes` in base64 (RFC 4648 §4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = bits >> (18 - 6 * place) & 0x3f;
            let letter = usize::try_from(index).ok().and_then(|index| LETTERS.get(index)).copied();
            text.push(if place <= group.len() { letter.map_or('=', char::from) } else { '=' });
        }
    }
    text
}

/// The length of `bytes` in the number type a field has; the laboratory writes nothing longer than its fields hold.
#[expect(clippy::expect_used, reason = "the laboratory's own messages are short")]
pub(crate) fn length<N: TryFrom<usize>>(bytes: &[u8]) -> N {
    N::try_from(bytes.len()).ok().expect("messages fit their length fields")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648_section_10() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, packed) in cases {
            assert_eq!(base64(plain.as_bytes()), packed);
        }
    }
}
