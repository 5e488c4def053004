//! Bytes out of gzip and Zstandard, as they come.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use planisphere_schemas::model::Compression;

use super::fault::content;

/// The bytes that a file holds, unpacked if they are packed.
///
/// # Errors
/// If a decoder cannot be made.
pub(super) fn unpack(
    packed: Box<dyn Read>,
    compression: Compression,
    name: &str,
) -> io::Result<Box<dyn Read>> {
    Ok(match compression_of(compression, name) {
        Compression::Gz => Box::new(Unpacked {
            decoder: MultiGzDecoder::new(packed),
            what: "gzip",
        }),
        Compression::Zstd => Box::new(Unpacked {
            decoder: zstd::stream::read::Decoder::new(packed)?,
            what: "Zstandard",
        }),
        Compression::None | Compression::ByName => packed,
    })
}

fn compression_of(compression: Compression, name: &str) -> Compression {
    match (compression, name.rsplit('.').next()) {
        (Compression::ByName, Some("gz")) => Compression::Gz,
        (Compression::ByName, Some("zst")) => Compression::Zstd,
        (compression, _) => compression,
    }
}

/// A decoder whose errors say what is wrong with the file.
struct Unpacked<D> {
    decoder: D,
    what: &'static str,
}

impl<D: Read> Read for Unpacked<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder
            .read(buffer)
            .map_err(|error| self.explained(error))
    }
}

impl<D> Unpacked<D> {
    fn explained(&self, error: io::Error) -> io::Error {
        if error.kind() == io::ErrorKind::Interrupted || error.raw_os_error().is_some() {
            return error;
        }
        let what = self.what;
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let hint = "nothing was published; the file was cut short: fetch or write it again";
            return content(format!("its {what} data end too early"), hint);
        }
        let hint = "nothing was published; fetch or write the file again, or say in the table's format how it is packed: 'compression: none', 'gz' or 'zstd'";
        content(format!("it does not hold good {what} data: {error}"), hint)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    use super::*;

    fn gz(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>, compression: Compression, name: &str) -> Result<String, String> {
        let packed = Box::new(io::Cursor::new(bytes));
        let mut text = String::new();
        match unpack(packed, compression, name)
            .unwrap()
            .read_to_string(&mut text)
        {
            Ok(_) => Ok(text),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn members_and_frames_one_after_the_other_are_all_read() {
        let several = [gz("a\n"), gz("b\n")].concat();
        assert_eq!(
            read(several, Compression::ByName, "x.csv.gz"),
            Ok("a\nb\n".into())
        );
        let frame = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        let several = [frame("a\n"), frame("b\n")].concat();
        assert_eq!(
            read(several.clone(), Compression::ByName, "x.csv.zst"),
            Ok("a\nb\n".into())
        );
        assert_eq!(read(several, Compression::Zstd, "x"), Ok("a\nb\n".into()));
    }

    #[test]
    fn what_is_cut_short_or_not_packed_is_an_error() {
        let text: String = (0..1000)
            .map(|number| format!("{}\n", number * 7919 % 1009))
            .collect();
        let packed = gz(&text);
        for length in [5, 20, packed.len() / 2, packed.len() - 1] {
            let cut = packed[..length].to_vec();
            let expected = Err("its gzip data end too early".into());
            assert_eq!(read(cut, Compression::Gz, "x"), expected, "{length}");
        }
        let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
        for length in [5, 20, packed.len() / 2, packed.len() - 1] {
            let cut = packed[..length].to_vec();
            let expected = Err("its Zstandard data end too early".into());
            assert_eq!(read(cut, Compression::Zstd, "x"), expected, "{length}");
        }
        let plain = read(text.into_bytes(), Compression::ByName, "x.gz").unwrap_err();
        assert!(
            plain.starts_with("it does not hold good gzip data"),
            "{plain}"
        );
        assert_eq!(
            read(b"a,b\n".to_vec(), Compression::None, "x.gz"),
            Ok("a,b\n".into())
        );
        let mut changed = gz("a,b\nc,d\n");
        let sum = changed.len() - 6;
        changed[sum] ^= 1;
        assert!(
            read(changed, Compression::Gz, "x").is_err(),
            "the check sum"
        );
    }
}
