//! Keys that sign, in the files of minisign.

use std::error::Error;
use std::fmt;
use std::io::Cursor;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

/// The comments that nothing vouches for; the first is among those that [`crate::verify`] takes.
const SIGNATURE_COMMENT: &str = "signature from callgate secret key";
const KEY_COMMENT: &str = "callgate secret key";

/// Why a key can't be read, made or used; says what is wrong in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableKey(String);

impl fmt::Display for UnusableKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for UnusableKey {}

fn unusable(error: &dyn fmt::Display) -> UnusableKey {
    UnusableKey(error.to_string())
}

/// A secret key as its file holds it.
pub struct KeyFile {
    text: String,
    key: SecretKey,
}

impl KeyFile {
    /// Reads the text of a secret key's file.
    ///
    /// # Errors
    /// It is no secret key of minisign.
    pub fn read(text: String) -> Result<Self, UnusableKey> {
        let no_key = || UnusableKey("is no secret key of minisign".to_owned());
        let encoded = text.lines().nth(1).ok_or_else(no_key)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| no_key())?;
        let key = SecretKey::from_bytes(&bytes).map_err(|_| no_key())?;
        Ok(Self { text, key })
    }

    /// Whether the key needs a password.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.key.is_encrypted()
    }

    /// Opens the key; a key that is not encrypted takes no password.
    ///
    /// # Errors
    /// The password is wrong, or the key was changed.
    pub fn open(self, password: String) -> Result<SigningKey, UnusableKey> {
        if !self.is_encrypted() {
            // minisign writes no checksum into such a key. One that was changed makes signatures that do not hold, which
            // signing looks at.
            return Ok(SigningKey(self.key));
        }
        let opened = SecretKeyBox::from(self.text).into_secret_key(Some(password));
        opened.map(SigningKey).map_err(|_| UnusableKey("is not opened by this password".to_owned()))
    }
}

/// A key that signs.
pub struct SigningKey(SecretKey);

impl SigningKey {
    /// Makes a key, and the text of its file: encrypted where there is a password.
    ///
    /// # Errors
    /// The system has no random bytes to give.
    pub fn generate(password: Option<String>) -> Result<(Self, String), UnusableKey> {
        let pair = match &password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.clone())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let text = pair.and_then(|pair| pair.sk.to_box(Some(KEY_COMMENT))).map_err(|error| unusable(&error))?;
        let text = text.into_string();
        // Opened as it will be, so that no key is handed out that can't be.
        let key = KeyFile::read(text.clone())?.open(password.unwrap_or_default())?;
        Ok((key, text))
    }

    /// The public key of this key, as one word.
    ///
    /// # Errors
    /// The file holds no whole key.
    pub fn public_key(&self) -> Result<String, UnusableKey> {
        PublicKey::from_secret_key(&self.0).map(|key| key.to_base64()).map_err(|error| unusable(&error))
    }

    /// The text of the public key's file.
    ///
    /// # Errors
    /// As [`Self::public_key`].
    pub fn public_key_file(&self) -> Result<String, UnusableKey> {
        let key = PublicKey::from_secret_key(&self.0).and_then(|key| key.to_box());
        key.map(|text| text.to_string()).map_err(|error| unusable(&error))
    }

    /// Signs a manifest that lies under the name `file`.
    ///
    /// # Errors
    /// The key is damaged, or the system has no random bytes to give.
    pub fn sign(&self, manifest_text: &str, file: &str, now: SystemTime) -> Result<String, UnusableKey> {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        // A comment is one line, which a name need not be.
        let comment = format!("timestamp:{seconds}\tfile:{}\thashed", file.escape_debug());
        let public_key = PublicKey::from_secret_key(&self.0).map_err(|error| unusable(&error))?;
        let data = Cursor::new(manifest_text.as_bytes());
        let signed = minisign::sign(Some(&public_key), &self.0, data, Some(&comment), Some(SIGNATURE_COMMENT));
        signed.map(|signature| signature.into_string()).map_err(|error| unusable(&error))
    }
}
