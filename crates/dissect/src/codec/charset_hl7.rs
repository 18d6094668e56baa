//! Character sets as HL7 names them (table 0211), and as implementations do.

use encoding_rs::Encoding;

/// The character set that `label` names: of HL7 table 0211, or as the web writes it. `None` when it names none.
///
/// ISO IR 87 and 159 need the switches of ISO 2022, so they are ISO-2022-JP; ISO IR 14 is read as Shift_JIS, which
/// has the same half-width letters.
#[must_use]
pub fn encoding(label: &str) -> Option<&'static Encoding> {
    let mut plain = [0_u8; 24];
    let mut length = 0;
    for byte in label.bytes().filter(u8::is_ascii_alphanumeric) {
        *plain.get_mut(length)? = byte.to_ascii_uppercase();
        length += 1;
    }
    let web = match plain.get(..length)? {
        b"ASCII" | b"USASCII" | b"ISOIR6" | b"UNICODE" | b"UNICODEUTF8" | b"UTF8" => return Some(encoding_rs::UTF_8),
        b"ISOIR87" | b"ISOIR159" | b"ISO2022IR87" | b"ISO2022IR159" | b"ISO2022JP" => "iso-2022-jp",
        b"ISOIR14" | b"ISOIR13" | b"SHIFTJIS" | b"SJIS" => "shift_jis",
        b"GB18030" | b"GB180302000" => "gb18030",
        b"GB2312" | b"GBK" | b"CP936" => "gbk",
        b"KSX1001" | b"ISOIR149" => "euc-kr",
        b"BIG5" => "big5",
        b"UNICODEUTF16" | b"UTF16" => "utf-16",
        [b'I', b'S', b'O', part @ ..] if part.starts_with(b"8859") => return latin(part.get(4..)?),
        part if part.starts_with(b"8859") => return latin(part.get(4..)?),
        _ => label.trim(),
    };
    Encoding::for_label(web.as_bytes())
}

/// A part of ISO 8859 by its number.
fn latin(part: &[u8]) -> Option<&'static Encoding> {
    let mut label = *b"iso-8859-00";
    let end = label.get_mut(9..9 + part.len())?;
    end.copy_from_slice(part);
    Encoding::for_label(label.get(..9 + part.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(label: &str, name: Option<&str>) {
        assert_eq!(encoding(label).map(Encoding::name), name, "{label:?}");
    }

    #[test]
    fn the_labels_of_table_0211_are_known() {
        check("ASCII", Some("UTF-8"));
        check("8859/1", Some("windows-1252"));
        check("8859/2", Some("ISO-8859-2"));
        check("8859/9", Some("windows-1254"));
        check("8859/15", Some("ISO-8859-15"));
        check("ISO IR87", Some("ISO-2022-JP"));
        check("ISO IR14", Some("Shift_JIS"));
        check("GB 18030-2000", Some("gb18030"));
        check("KS X 1001", Some("EUC-KR"));
        check("BIG-5", Some("Big5"));
        check("UNICODE UTF-8", Some("UTF-8"));
    }

    #[test]
    fn so_are_those_that_occur_besides() {
        check("UTF-8", Some("UTF-8"));
        check("utf8", Some("UTF-8"));
        check("ISO-8859-1", Some("windows-1252"));
        check("ISO_8859_5", Some("ISO-8859-5"));
        check("GBK", Some("GBK"));
        check(" windows-1250 ", Some("windows-1250"));
        check("8859/177", None);
        check("8859/", None);
        check("DOE^JOHN", None);
        check("", None);
    }
}
