//! Every change of a signed policy is refused, as are untrusted signers and times outside the validity.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callgate_signing::{KeyFile, Manifest, PublicKey, Refusal, SigningKey, parse_time, verify};
use sha2::{Digest as _, Sha256};

const POLICY: &[u8] = include_bytes!("../../policies/crm.json");
const NOW: &str = "2027-03-01T12:00:00Z";

fn time(text: &str) -> SystemTime {
    parse_time(text).expect("a time")
}

/// The three files, and the trusted key.
struct Signed {
    policy: Vec<u8>,
    manifest: Vec<u8>,
    signature: Vec<u8>,
    trusted: Vec<PublicKey>,
}

impl Signed {
    fn new() -> Self {
        Self::by(&key())
    }

    fn by(key: &SigningKey) -> Self {
        let manifest = Manifest {
            sha256: Sha256::digest(POLICY).into(),
            revision: 7,
            not_before: Some(time("2027-01-01T00:00:00Z")),
            expires: Some(time("2027-06-30T00:00:00Z")),
        };
        let manifest = manifest.write();
        let signature = key.sign(&manifest, "crm.json.manifest", time(NOW)).expect("a signature");
        let (policy, trusted) = (POLICY.to_vec(), trusted(&[key]));
        Self { policy, manifest: manifest.into(), signature: signature.into(), trusted }
    }

    fn verify_at(&self, now: SystemTime, minimum: u64) -> Result<Manifest, Refusal> {
        verify(&self.policy, &self.manifest, &self.signature, &self.trusted, now, minimum)
    }

    fn verify(&self) -> Result<Manifest, Refusal> {
        self.verify_at(time(NOW), 0)
    }

    fn file(&mut self, at: usize) -> &mut Vec<u8> {
        match at {
            0 => &mut self.policy,
            1 => &mut self.manifest,
            _ => &mut self.signature,
        }
    }
}

fn key() -> SigningKey {
    SigningKey::generate(None).expect("a key").0
}

fn trusted(keys: &[&SigningKey]) -> Vec<PublicKey> {
    let keys: Vec<String> = keys.iter().map(|key| key.public_key().expect("a public key")).collect();
    PublicKey::read_all(&keys.join(" ")).expect("public keys")
}

#[track_caller]
fn check_refused(changed: &Signed, message: &str) {
    match changed.verify() {
        Ok(_) => panic!("accepted instead of refused with: {message}"),
        Err(refusal) => assert_eq!(refusal.to_string(), message),
    }
}

/// Pseudorandom numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let mixed = usize::try_from((mixed ^ (mixed >> 31)) >> 33).expect("31 bits");
        mixed.checked_rem(bound).expect("a bound")
    }
}

#[test]
fn a_policy_that_a_trusted_key_signed_is_accepted() {
    let manifest = Signed::new().verify().unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(manifest.revision, 7);
    assert_eq!(manifest.expires, Some(time("2027-06-30T00:00:00Z")));
}

#[test]
fn a_thousand_changes_of_one_byte_are_refused() {
    let mut signed = Signed::new();
    let mut numbers = Numbers(1);
    for round in 0..1000_usize {
        let file = round.checked_rem(3).expect("a file");
        let at = numbers.below(signed.file(file).len());
        let other = u8::try_from(numbers.below(255)).expect("a byte").saturating_add(1);
        let flip = |signed: &mut Signed| *signed.file(file).get_mut(at).expect("a byte of it") ^= other;
        flip(&mut signed);
        assert!(signed.verify().is_err(), "file {file}, byte {at}, changed by {other:#04x}");
        flip(&mut signed);
    }
    assert!(signed.verify().is_ok());
}

#[test]
fn each_bit_of_the_manifest_and_of_the_signature_counts() {
    let mut signed = Signed::new();
    for file in 1..3 {
        for at in 0..signed.file(file).len() {
            let flip = |signed: &mut Signed, bit: u32| {
                *signed.file(file).get_mut(at).expect("a byte of it") ^= 1_u8.wrapping_shl(bit);
            };
            let bit = u32::try_from(at & 7).expect("a bit");
            flip(&mut signed, bit);
            assert!(signed.verify().is_err(), "file {file}, byte {at}, bit {bit}");
            flip(&mut signed, bit);
        }
    }
}

#[test]
fn truncated_files_are_refused() {
    let mut signed = Signed::new();
    for file in 0..3 {
        let whole = signed.file(file).clone();
        let step = whole.len().checked_div(100).expect("a step").saturating_add(1);
        for length in (0..whole.len()).step_by(step).chain([whole.len().saturating_sub(1)]) {
            signed.file(file).truncate(length);
            assert!(signed.verify().is_err(), "file {file}, the first {length} bytes of {}", whole.len());
            signed.file(file).clone_from(&whole);
        }
    }
}

#[test]
fn trailing_data_is_refused() {
    let mut signed = Signed::new();
    for file in 0..3 {
        for tail in ["\n", " ", "\0", "x", "\r\n", "trusted comment: x\n"] {
            let whole = signed.file(file).clone();
            signed.file(file).extend_from_slice(tail.as_bytes());
            assert!(signed.verify().is_err(), "file {file}, followed by {tail:?}");
            *signed.file(file) = whole;
        }
    }
}

#[test]
fn windows_line_endings_are_refused_and_named() {
    for file in 0..3 {
        let mut signed = Signed::new();
        let text = String::from_utf8(signed.file(file).clone()).expect("UTF-8");
        *signed.file(file) = text.replace('\n', "\r\n").into();
        let refusal = signed.verify().expect_err("a refusal");
        let told = format!("{refusal}: {}", refusal.fix());
        assert!(told.contains("line endings"), "file {file}: {told}");
    }
}

#[test]
fn a_key_that_is_not_trusted_is_refused() {
    let (ours, theirs) = (key(), key());
    let mut signed = Signed::by(&theirs);
    let id = |keys: &[PublicKey]| keys.iter().map(PublicKey::identifier).collect::<Vec<_>>().join(", ");
    let signer = id(&signed.trusted);
    let newer = key();
    signed.trusted = trusted(&[&ours, &newer]);
    let known = id(&signed.trusted);
    let message = format!("the manifest is signed by the untrusted key {signer}; trusted keys: {known}");
    check_refused(&signed, &message);
    signed.trusted = Vec::new();
    check_refused(&signed, "no trusted public key is set");
    signed.trusted = trusted(&[&ours, &theirs]);
    assert!(signed.verify().is_ok(), "keys are rotated with both trusted");
}

#[test]
fn a_key_with_the_identifier_of_a_trusted_key_is_refused() {
    let ours = Signed::new();
    let mut signed = Signed::new();
    let text = String::from_utf8(signed.signature).expect("UTF-8");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(1).expect("a signature");
    let name_of = |key: &str| STANDARD.decode(key).expect("base64").get(2..10).expect("a name").to_vec();
    let mut bytes = STANDARD.decode(&*line).expect("base64");
    let second_line = |text: &[u8]| String::from_utf8_lossy(text).lines().nth(1).expect("a line").to_owned();
    bytes.splice(2..10, name_of(&second_line(&ours.signature)));
    *line = STANDARD.encode(bytes);
    signed.signature = format!("{}\n", lines.join("\n")).into();
    signed.trusted = ours.trusted;
    check_refused(&signed, "the signature does not match the manifest");
}

#[test]
fn the_signature_of_another_file_is_refused() {
    let key = key();
    let mut signed = Signed::by(&key);
    let other = key.sign("another text", "crm.json.manifest", time(NOW)).expect("a signature");
    let ours = std::mem::replace(&mut signed.signature, other.into());
    check_refused(&signed, "the signature does not match the manifest");
    // The comments of one signature with the signature of another file.
    let (first, second) =
        (String::from_utf8(ours).expect("UTF-8"), String::from_utf8(signed.signature).expect("UTF-8"));
    let mixed: Vec<&str> = first.lines().take(2).chain(second.lines().skip(2)).collect();
    signed.signature = format!("{}\n", mixed.join("\n")).into();
    check_refused(&signed, "the signature does not match the manifest");
}

#[test]
fn another_policy_is_refused() {
    let mut signed = Signed::new();
    signed.policy = b"{}".to_vec();
    let refusal = signed.verify().expect_err("a refusal");
    assert!(matches!(&refusal, Refusal::PolicyChanged { has_other_line_ends: false, .. }), "{refusal}");
    assert!(
        refusal.to_string().starts_with("the policy differs from the signed policy; its SHA-256 is 44136fa355b3678a")
    );
}

#[test]
fn a_signed_text_that_is_not_a_manifest_is_refused() {
    let key = key();
    let mut signed = Signed::by(&key);
    signed.manifest = b"{\"revision\":1}".to_vec();
    let signature = key.sign("{\"revision\":1}", "crm.json.manifest", time(NOW)).expect("a signature");
    signed.signature = signature.into();
    check_refused(&signed, "the manifest has no `sha256`");
}

#[test]
fn an_old_revision_is_refused() {
    let signed = Signed::new();
    assert!(signed.verify_at(time(NOW), 7).is_ok());
    let refusal = signed.verify_at(time(NOW), 8).expect_err("a refusal");
    assert_eq!(refusal.to_string(), "the policy is revision 7, but the minimum is revision 8");
}

#[test]
fn a_policy_is_valid_from_its_first_second_to_the_one_before_it_expires() {
    let signed = Signed::new();
    let second = Duration::from_secs(1);
    let (from, to) = (time("2027-01-01T00:00:00Z"), time("2027-06-30T00:00:00Z"));
    assert!(signed.verify_at(from, 0).is_ok());
    assert!(signed.verify_at(to.checked_sub(second).expect("a time"), 0).is_ok());
    let early = signed.verify_at(from.checked_sub(second).expect("a time"), 0).expect_err("a refusal");
    let message = "the policy is not valid before 2027-01-01T00:00:00Z; the time is 2026-12-31T23:59:59Z";
    assert_eq!(early.to_string(), message);
    let late = signed.verify_at(to, 0).expect_err("a refusal");
    assert_eq!(late.to_string(), "the policy expired at 2027-06-30T00:00:00Z; the time is 2027-06-30T00:00:00Z");
}

#[test]
fn an_unsigned_comment_has_a_fixed_text() {
    let mut signed = Signed::new();
    let text = String::from_utf8(signed.signature.clone()).expect("UTF-8");
    for (writer, is_taken) in [("minisign", true), ("rsign", true), ("callgate", true), ("another", false)] {
        let comment = format!("signature from {writer} secret key");
        signed.signature = text.replace("signature from callgate secret key", &comment).into();
        assert_eq!(signed.verify().is_ok(), is_taken, "{comment}");
    }
    check_refused(&signed, "the signature starts with a custom comment, which the signature does not cover");
}

/// The files in `tests/minisign` were written by minisign 0.11.
#[test]
fn signatures_and_keys_of_minisign_are_accepted() {
    let (policy, manifest) = (include_bytes!("minisign/policy.json"), include_str!("minisign/policy.json.manifest"));
    let public_key = include_str!("minisign/minisign.pub").lines().nth(1).expect("a key");
    let trusted = PublicKey::read_all(public_key).expect("a key");
    let check = |signature: &str| verify(policy, manifest.as_bytes(), signature.as_bytes(), &trusted, time(NOW), 3);
    let theirs = check(include_str!("minisign/policy.json.manifest.minisig"));
    assert_eq!(theirs.map(|manifest| manifest.revision), Ok(3));
    let key = KeyFile::read(include_str!("minisign/minisign.key").to_owned()).expect("a key");
    assert!(!key.is_encrypted());
    let key = key.open(String::new()).expect("a key that needs no password");
    assert_eq!(key.public_key().as_deref(), Ok(public_key));
    let ours = check(&key.sign(manifest, "policy.json.manifest", time(NOW)).expect("a signature"));
    assert_eq!(ours.map(|manifest| manifest.revision), Ok(3));
    let legacy = check(include_str!("minisign/legacy.manifest.minisig")).expect_err("a refusal");
    assert_eq!(legacy.to_string(), "the signature uses the legacy format of minisign, which does not hash first");
}

#[test]
fn a_key_with_a_password_opens_with_it_alone() {
    let (key, file) = SigningKey::generate(Some("correct horse".to_owned())).expect("a key");
    let read = || KeyFile::read(file.clone()).expect("a key");
    assert!(read().is_encrypted());
    let opened = read().open("correct horse".to_owned()).expect("the key");
    assert_eq!(opened.public_key(), key.public_key());
    let refused = read().open("wrong horse".to_owned()).err().map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("cannot be decrypted with this password"));
    let refused = KeyFile::read(key.public_key_file().expect("a file")).err().map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("is not a minisign secret key"));
}

#[test]
fn a_damaged_key_signs_nothing() {
    let file = include_str!("minisign/minisign.key");
    let (comment, encoded) = file.trim_end().split_once('\n').expect("two lines");
    let bytes = STANDARD.decode(encoded).expect("base64");
    // The key is 64 bytes after the algorithms, the salt, the limits and the identifier.
    for at in [62, 77, 93, 94, 110, 125] {
        let mut bytes = bytes.clone();
        *bytes.get_mut(at).expect("a byte of the key") ^= 1;
        let key = KeyFile::read(format!("{comment}\n{}\n", STANDARD.encode(bytes))).expect("the form of a key");
        let signed = key.open(String::new()).and_then(|key| key.sign("{}", "manifest", time(NOW)));
        assert!(signed.is_err(), "byte {at}");
    }
}
