//! Signing keys, in minisign's file format.

use std::error::Error;
use std::fmt;
use std::io::Cursor;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};

/// The unsigned comments; the first one is among those that [`crate::verify`] accepts.
const SIGNATURE_COMMENT: &str = "signature from callgate secret key";
const KEY_COMMENT: &str = "callgate secret key";

/// Why a key cannot be read, made or used, in lower case.
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

/// A secret key in its file format.
pub struct KeyFile {
    text: String,
    key: SecretKey,
}

impl KeyFile {
    /// Reads the text of a secret key file.
    ///
    /// # Errors
    /// The text is not a minisign secret key.
    pub fn read(text: String) -> Result<Self, UnusableKey> {
        let no_key = || UnusableKey("is not a minisign secret key".to_owned());
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

    /// Decrypts the key; an unencrypted key needs no password.
    ///
    /// # Errors
    /// The password is wrong, or the key is damaged.
    pub fn open(self, password: String) -> Result<SigningKey, UnusableKey> {
        if !self.is_encrypted() {
            // minisign writes no checksum for such a key. A damaged key makes invalid signatures, which signing
            // detects.
            return Ok(SigningKey(self.key));
        }
        let opened = SecretKeyBox::from(self.text).into_secret_key(Some(password));
        opened.map(SigningKey).map_err(|_| UnusableKey("cannot be decrypted with this password".to_owned()))
    }
}

/// A signing key.
pub struct SigningKey(SecretKey);

impl SigningKey {
    /// Creates a key and the text of its file, encrypted if there is a password.
    ///
    /// # Errors
    /// The system returned no random bytes.
    pub fn generate(password: Option<String>) -> Result<(Self, String), UnusableKey> {
        let pair = match &password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.clone())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let text = pair.and_then(|pair| pair.sk.to_box(Some(KEY_COMMENT))).map_err(|error| unusable(&error))?;
        let text = text.into_string();
        // The key is opened from its text, so that no unreadable key is returned.
        let key = KeyFile::read(text.clone())?.open(password.unwrap_or_default())?;
        Ok((key, text))
    }

    /// The public key as one word.
    ///
    /// # Errors
    /// The key is incomplete.
    pub fn public_key(&self) -> Result<String, UnusableKey> {
        PublicKey::from_secret_key(&self.0).map(|key| key.to_base64()).map_err(|error| unusable(&error))
    }

    /// The text of the public key file.
    ///
    /// # Errors
    /// The same as for [`Self::public_key`].
    pub fn public_key_file(&self) -> Result<String, UnusableKey> {
        let key = PublicKey::from_secret_key(&self.0).and_then(|key| key.to_box());
        key.map(|text| text.to_string()).map_err(|error| unusable(&error))
    }

    /// Signs a manifest with the file name `file`.
    ///
    /// # Errors
    /// The key is damaged, or the system returned no random bytes.
    pub fn sign(&self, manifest_text: &str, file: &str, now: SystemTime) -> Result<String, UnusableKey> {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        // A comment is one line, but a name can contain line breaks.
        let comment = format!("timestamp:{seconds}\tfile:{}\thashed", file.escape_debug());
        let public_key = PublicKey::from_secret_key(&self.0).map_err(|error| unusable(&error))?;
        let data = Cursor::new(manifest_text.as_bytes());
        let signed = minisign::sign(Some(&public_key), &self.0, data, Some(&comment), Some(SIGNATURE_COMMENT));
        signed.map(|signature| signature.into_string()).map_err(|error| unusable(&error))
    }
}
