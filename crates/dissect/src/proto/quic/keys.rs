//! The keys of a client's Initial packets, which follow from the first connection id (RFC 9001 §5.2; RFC 9369 §3.3).

use super::packet::{Packet, Version};
use ring::aead::quic::{self, HeaderProtectionKey};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};

/// Salts of RFC 9001 §5.2, of RFC 9369 §3.3.1, and of the drafts before 33.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f,
    0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e,
    0xd9,
];
const SALT_DRAFT: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8,
    0x99,
];

/// What opens the packets.
pub struct Keys {
    key: LessSafeKey,
    iv: [u8; 12],
    header: HeaderProtectionKey,
}

impl Keys {
    /// Those of a client that first sent to the connection id `to`.
    pub fn of_client(version: Version, to: &[u8]) -> Option<Self> {
        let (key, iv, header) = derive(version, to)?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        Some(Self { key, iv, header: HeaderProtectionKey::new(&quic::AES_128, &header).ok()? })
    }

    /// The payload of `packet`, opened in `room`; `None` when these are not its keys.
    pub fn open<'r>(&self, packet: &Packet<'_>, room: &'r mut [u8]) -> Option<&'r [u8]> {
        let whole = room.get_mut(..packet.whole.len())?;
        whole.copy_from_slice(packet.whole);
        let sample = packet.number_at.checked_add(4)?;
        let [first_mask, mask @ ..] = self.header.new_mask(packet.whole.get(sample..sample + 16)?).ok()?;
        let first = whole.first_mut()?;
        *first ^= first_mask & 0x0f;
        let length = usize::from(*first & 3) + 1;
        let number = whole.get_mut(packet.number_at..packet.number_at + length)?;
        let mut nonce = self.iv;
        for ((byte, mask), place) in number.iter_mut().zip(mask).zip(nonce.iter_mut().skip(12 - length)) {
            *byte ^= mask;
            *place ^= *byte;
        }
        let (head, sealed) = whole.split_at_mut_checked(packet.number_at + length)?;
        let plain = self.key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(&*head), sealed).ok()?;
        Some(plain)
    }
}

fn derive(version: Version, to: &[u8]) -> Option<([u8; 16], [u8; 12], [u8; 16])> {
    let (salt, prefix) = match version {
        Version::Draft(_) => (&SALT_DRAFT, "quic"),
        Version::One => (&SALT_1, "quic"),
        Version::Two => (&SALT_2, "quicv2"),
    };
    let initial = Salt::new(HKDF_SHA256, salt).extract(to);
    let client = Prk::new_less_safe(HKDF_SHA256, &expand::<32>(&initial, "", "client in")?);
    Some((expand(&client, prefix, " key")?, expand(&client, prefix, " iv")?, expand(&client, prefix, " hp")?))
}

/// HKDF-Expand-Label (RFC 8446 §7.1) without a context; the label is `prefix` and `name`.
fn expand<const N: usize>(secret: &Prk, prefix: &str, name: &str) -> Option<[u8; N]> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label = [u8::try_from(6 + prefix.len() + name.len()).ok()?];
    let parts: [&[u8]; 6] = [&length, &label, b"tls13 ", prefix.as_bytes(), name.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&parts, Length(N)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::text::hex;

    #[test]
    fn keys_are_those_of_the_specifications() {
        let to = crate::trial::bytes("8394c8f03e515708");
        let of = |version| derive(version, &to).map(|(key, iv, header)| [hex(&key), hex(&iv), hex(&header)]);
        // RFC 9001 §A.1 and RFC 9369 §A.1.
        let one = ["1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2"];
        let two = ["8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9"];
        assert_eq!(of(Version::One), Some(one.map(str::to_owned)));
        assert_eq!(of(Version::Two), Some(two.map(str::to_owned)));
    }
}
