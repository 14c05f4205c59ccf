//! A token issuer, and a deployment that accepts its tokens.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, Authentication, Caller, KeyCache, Secrets, Step};
use callgate_edge_core::config::ConfigError;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The time at which tokens are presented, in seconds since 1970.
pub(crate) const NOW: i64 = 1_795_233_906;

/// The HS256 secret.
pub(crate) const SECRET: &str = "a-secret-of-HS256-for-tests-0123456789";

pub(crate) const ALGORITHMS: [Algorithm; 4] = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256];

/// Keys and signed texts from the RFCs.
pub(crate) static RFC: LazyLock<Value> = LazyLock::new(|| vectors("rfc.json"));

/// A file of `testdata/tokens`.
pub(crate) fn vectors(file: &str) -> Value {
    let path = [env!("CARGO_MANIFEST_DIR"), "/../testdata/tokens/", file].concat();
    serde_json::from_str(&std::fs::read_to_string(path).expect("a file of vectors")).expect("JSON")
}

/// The RFC test vector with a number and section.
pub(crate) fn vector(source: &str) -> &'static Value {
    let signed = RFC["signed"].as_array().expect("a list");
    signed.iter().find(|vector| vector["source"] == source).expect("a vector")
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn ed25519() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[7; 32])
}

fn p256() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[9; 32]).expect("a key")
}

/// An object with some members replaced; `null` removes one.
pub(crate) fn changed(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are members") };
    let members = object.as_object_mut().expect("an object");
    members.extend(changes);
    members.retain(|_, value| !value.is_null());
    object
}

/// The issuer's public key, as a JSON Web Key with an ID.
pub(crate) fn jwk(algorithm: Algorithm) -> Value {
    match algorithm {
        Algorithm::EdDsa => {
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": encode(ed25519().verifying_key().as_bytes())})
        }
        Algorithm::Es256 => {
            let point = p256().verifying_key().to_sec1_point(false);
            let coordinate = |bytes: Option<&[u8]>| encode(bytes.expect("a coordinate"));
            let (x, y) = (point.x().map(|x| x.as_slice()), point.y().map(|y| y.as_slice()));
            json!({"kty": "EC", "crv": "P-256", "kid": "k1", "x": coordinate(x), "y": coordinate(y)})
        }
        Algorithm::Rs256 => {
            let mut key = vector("RFC 7515, A.2")["jwk"].clone();
            key["kid"] = "k1".into();
            key
        }
        Algorithm::Hs256 => panic!("HS256 has no public key"),
    }
}

/// The signature of `input` by the issuer.
pub(crate) fn sign(algorithm: Algorithm, input: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::EdDsa => ed25519().sign(input).to_bytes().to_vec(),
        Algorithm::Es256 => {
            let signature: p256::ecdsa::Signature = p256().sign(input);
            signature.to_bytes().to_vec()
        }
        Algorithm::Rs256 => {
            let mut text = vec![0, 1];
            text.resize(256 - 52, 0xff);
            text.extend([0, 0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20]);
            text.extend(Sha256::digest(input));
            rsa_power(&text)
        }
        Algorithm::Hs256 => hmac(SECRET.as_bytes(), input),
    }
}

/// The RSA key owner's result for a text as long as the modulus.
pub(crate) fn rsa_power(text: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, 2_048).expect("2048 bits");
    let modulus = decode(vector("RFC 7515, A.2")["jwk"]["n"].as_str().expect("text"));
    let exponent = decode(RFC["rsaPrivateExponent"].as_str().expect("text"));
    let params = BoxedMontyParams::new(Odd::new(number(&modulus)).expect("odd"));
    let power = BoxedMontyForm::new(number(text), &params).pow(&number(&exponent));
    power.retrieve().to_be_bytes().to_vec()
}

pub(crate) fn hmac(secret: &[u8], input: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
    mac.update(input);
    mac.finalize().into_bytes().to_vec()
}

/// Signs any header and claims texts.
pub(crate) fn seal(algorithm: Algorithm, header: &str, claims: &str) -> String {
    let input = [encode(header), encode(claims)].join(".");
    let signature = sign(algorithm, input.as_bytes());
    [input, encode(signature)].join(".")
}

/// Valid claims.
pub(crate) fn claims() -> Value {
    json!({
        "iss": "https://issuer.example", "aud": "callgate", "sub": "agent-7", "exp": NOW + 60, "roles": ["support"],
    })
}

pub(crate) fn token_header(algorithm: Algorithm) -> Value {
    json!({"alg": algorithm.name(), "kid": "k1"})
}

/// A valid token with some claims replaced; `null` removes one.
pub(crate) fn token(algorithm: Algorithm, changes: Value) -> String {
    seal(algorithm, &token_header(algorithm).to_string(), &changed(claims(), changes).to_string())
}

/// The section `auth` for the issuer's tokens.
pub(crate) fn section(algorithm: Algorithm) -> Value {
    let mut section = json!({
        "mode": "jwt", "algorithm": algorithm.name(), "issuer": "https://issuer.example", "audience": "callgate",
        "leewaySeconds": 30, "claims": {"roles": "/roles"},
    });
    if algorithm != Algorithm::Hs256 {
        section["keys"] = json!({"keys": [jwk(algorithm)]});
    }
    section
}

/// Reads a section with the HS256 secret.
pub(crate) fn configure(section: &Value) -> Result<Authentication, ConfigError> {
    let text = section.to_string();
    let value = callgate_engine::json::read(text.as_bytes(), 16).expect("strict JSON");
    Authentication::read(Some(value), &Secrets { token_secret: Some(SECRET), ..Secrets::default() })
}

#[track_caller]
pub(crate) fn deployment(section: &Value) -> Authentication {
    configure(section).unwrap_or_else(|error| panic!("{error}"))
}

/// A deployment that accepts the issuer's tokens.
pub(crate) fn of(algorithm: Algorithm) -> Authentication {
    deployment(&section(algorithm))
}

/// The caller with the given header value at a time.
pub(crate) fn enter_at(authentication: &Authentication, credential: Option<&str>, now: i64) -> Result<Caller, Problem> {
    let mut cache = KeyCache::new();
    match authentication.step(credential, &mut cache, now, true) {
        Step::Done(outcome) => outcome,
        Step::Verify(unverified) => {
            let is_genuine = unverified.verify();
            unverified.finish(is_genuine, &mut cache)
        }
        Step::FetchKeys(url) => panic!("`{url}` must be fetched"),
    }
}

/// The caller with a token.
pub(crate) fn enter(authentication: &Authentication, token: &str) -> Result<Caller, Problem> {
    enter_at(authentication, Some(&["Bearer ", token].concat()), NOW)
}

#[track_caller]
pub(crate) fn assert_enters(authentication: &Authentication, token: &str) -> Caller {
    enter(authentication, token).unwrap_or_else(|problem| panic!("{problem:?}: {token}"))
}

#[track_caller]
pub(crate) fn assert_refused(authentication: &Authentication, token: &str) {
    assert_eq!(enter(authentication, token), Err(Problem::Unauthenticated), "{token}");
}
