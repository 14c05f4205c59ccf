//! The keys that are trusted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// A public key of minisign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) key: minisign_verify::PublicKey,
    /// Names the key in signatures; it is no secret, and proves nothing.
    pub(crate) identifier: [u8; 8],
}

impl PublicKey {
    /// Reads keys that are separated by white space, each as the second line of a `.pub` file has it.
    ///
    /// # Errors
    /// [`Refusal::NoPublicKey`]: there is none. [`Refusal::PublicKey`]: something else stands among them.
    pub fn read_all(text: &str) -> Result<Vec<Self>, Refusal> {
        let keys: Vec<Self> = text.split_ascii_whitespace().map(Self::read).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(Refusal::NoPublicKey) } else { Ok(keys) }
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let refused = || Refusal::PublicKey { text: text.escape_debug().to_string() };
        let key = minisign_verify::PublicKey::from_base64(text).map_err(|_| refused())?;
        let bytes = STANDARD.decode(text).map_err(|_| refused())?;
        // Two bytes name the algorithm, and 32 are the key itself.
        let identifier = bytes.get(2..10).and_then(|bytes| bytes.try_into().ok()).ok_or_else(refused)?;
        Ok(Self { key, identifier })
    }

    /// The key's identifier, as minisign writes it.
    #[must_use]
    pub fn identifier(&self) -> String {
        write_identifier(self.identifier)
    }
}

pub(crate) fn write_identifier(identifier: [u8; 8]) -> String {
    format!("{:016X}", u64::from_le_bytes(identifier))
}
