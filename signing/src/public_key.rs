//! The trusted keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// A minisign public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) key: minisign_verify::PublicKey,
    /// The key's identifier in signatures; it is not secret, and it proves nothing.
    pub(crate) identifier: [u8; 8],
}

impl PublicKey {
    /// Reads keys separated by white space, each in the format of the second line of a `.pub` file.
    ///
    /// # Errors
    /// [`Refusal::NoPublicKey`]: there is no key. [`Refusal::PublicKey`]: one of the texts is not a key.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Refusal> {
        let keys: Vec<Self> = text.split_ascii_whitespace().map(Self::read).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(Refusal::NoPublicKey) } else { Ok(keys) }
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let refused = || Refusal::PublicKey { text: text.escape_debug().to_string() };
        let key = minisign_verify::PublicKey::from_base64(text).map_err(|_| refused())?;
        let bytes = STANDARD.decode(text).map_err(|_| refused())?;
        // Two bytes name the algorithm, eight are the identifier, and 32 are the key.
        let identifier = bytes.get(2..10).and_then(|bytes| bytes.try_into().ok()).ok_or_else(refused)?;
        Ok(Self { key, identifier })
    }

    /// The key's identifier in minisign's format.
    #[must_use]
    pub fn identifier(&self) -> String {
        write_identifier(self.identifier)
    }
}

pub(crate) fn write_identifier(identifier: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(identifier))
}
