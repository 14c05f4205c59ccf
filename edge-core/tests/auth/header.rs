//! The form of a token, and its header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use callgate_edge_core::Problem;
use callgate_edge_core::auth::{Algorithm, MAX_TOKEN_BYTES};
use serde_json::{Value, json};

use crate::issuer::{
    ALGORITHMS, NOW, SECRET, assert_enters, assert_refused, claims, decode, deployment, encode, enter_at, hmac, jwk,
    of, seal, section, token, vector,
};

/// Signs valid claims with a given header.
fn under(header: &Value) -> String {
    seal(Algorithm::Es256, &header.to_string(), &claims().to_string())
}

#[test]
fn a_token_of_each_algorithm_is_accepted() {
    for algorithm in ALGORITHMS {
        let caller = assert_enters(&of(algorithm), &token(algorithm, json!({})));
        assert_eq!(caller.principal.as_deref(), Some("agent-7"));
        let facts = caller.token.expect("facts");
        assert_eq!((facts.roles, facts.attributes.as_str()), (vec!["support".to_owned()], "{}"));
    }
}

#[test]
fn a_token_of_another_algorithm_is_rejected() {
    for ours in ALGORITHMS {
        for theirs in ALGORITHMS.into_iter().filter(|theirs| *theirs != ours) {
            assert_refused(&of(ours), &token(theirs, json!({})));
            // It is rejected even if its header names the configured algorithm.
            let header = json!({"alg": ours.name(), "kid": "k1"}).to_string();
            assert_refused(&of(ours), &seal(theirs, &header, &claims().to_string()));
        }
    }
}

#[test]
fn the_algorithm_is_never_that_of_the_token() {
    for algorithm in ALGORITHMS {
        let authentication = of(algorithm);
        for none in ["none", "None", "NONE", "nOnE", ""] {
            let input = [encode(json!({"alg": none}).to_string()), encode(claims().to_string())].join(".");
            assert_refused(&authentication, &[&input, "."].concat());
            assert_refused(&authentication, &[&input, ".AAAA"].concat());
        }
        let lower = json!({"alg": algorithm.name().to_lowercase(), "kid": "k1"});
        assert_refused(&authentication, &seal(algorithm, &lower.to_string(), &claims().to_string()));
    }
}

#[test]
fn a_public_key_is_not_an_hs256_secret() {
    let header = json!({"alg": "HS256", "kid": "k1"}).to_string();
    let input = [encode(header), encode(claims().to_string())].join(".");
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let key = jwk(algorithm);
        let text = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        for secret in [key.to_string(), text("n"), text("x")] {
            let signature = hmac(secret.as_bytes(), input.as_bytes());
            assert_refused(&of(algorithm), &[&*input, ".", &encode(signature)].concat());
        }
        for secret in [decode(&text("n")), decode(&text("x"))] {
            let signature = hmac(&secret, input.as_bytes());
            assert_refused(&of(algorithm), &[&*input, ".", &encode(signature)].concat());
        }
    }
}

#[test]
fn a_key_that_comes_with_the_token_is_not_used() {
    let stranger = vector("RFC 7515, A.3")["jwk"].clone();
    for (name, value) in [
        ("jwk", stranger),
        ("jku", json!("https://attacker.example/keys")),
        ("x5u", json!("https://attacker.example/certificate")),
        ("x5c", json!(["MIIB"])),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "k1", name: value});
        // The member is ignored if the configured key signed, because issuers write such members too.
        assert_enters(&of(Algorithm::Es256), &under(&header));
        let mut other = section(Algorithm::Es256);
        other["keys"] = json!({"keys": [{"kid": "k1", "kty": "EC", "crv": "P-256",
            "x": vector("RFC 7515, A.3")["jwk"]["x"], "y": vector("RFC 7515, A.3")["jwk"]["y"]}]});
        if name == "jwk" {
            header["jwk"] = jwk(Algorithm::Es256);
        }
        assert_refused(&deployment(&other), &under(&header));
    }
}

#[test]
fn a_header_is_validated() {
    let authentication = of(Algorithm::Es256);
    assert_enters(&authentication, &under(&json!({"alg": "ES256", "kid": "k1", "typ": "anything", "x": {"y": [1]}})));
    for header in [
        json!({"kid": "k1"}),
        json!({"alg": null, "kid": "k1"}),
        json!({"alg": ["ES256"], "kid": "k1"}),
        json!({"alg": "ES256", "kid": 1}),
        json!({"alg": "ES256", "kid": null}),
        json!({"alg": "ES256", "kid": ["k1"]}),
        json!({"alg": "ES256", "kid": "k2"}),
        json!({"alg": "ES256", "kid": "K1"}),
        json!({"alg": "ES256", "kid": ""}),
        json!({"alg": "ES256", "kid": "k1", "crit": ["exp"]}),
        json!({"alg": "ES256", "kid": "k1", "crit": ["b64"], "b64": true}),
        json!({"alg": "ES256", "kid": "k1", "crit": []}),
        json!({"alg": "ES256", "kid": "k1", "typ": 1}),
        json!(["ES256"]),
        json!("ES256"),
    ] {
        assert_refused(&authentication, &under(&header));
    }
}

#[test]
fn ambiguous_json_is_rejected() {
    let authentication = of(Algorithm::Es256);
    let header = r#"{"alg":"ES256","kid":"k1"}"#;
    let body = claims().to_string();
    let sealed = |header: &str, claims: &str| seal(Algorithm::Es256, header, claims);
    assert_enters(&authentication, &sealed(header, &body));
    for other in [
        r#"{"alg":"ES256","kid":"k1","alg":"ES256"}"#,
        r#"{"alg":"none","kid":"k1","alg":"ES256"}"#,
        r#"{"alg":"ES256","kid":"k1","\u0061lg":"none"}"#,
        r#"{"alg":"ES256","kid":"k1","x":{"y":1,"y":1}}"#,
        "{\"alg\":\"ES256\",\"kid\":\"k1\"}\0",
        "\u{feff}{\"alg\":\"ES256\",\"kid\":\"k1\"}",
        r#"{"alg":"ES256","kid":"k1",}"#,
        "{'alg':'ES256','kid':'k1'}",
        r#"{"alg":"ES256","kid":"k1","x":"\ud800"}"#,
        "",
    ] {
        assert_refused(&authentication, &sealed(other, &body));
    }
    for (from, to) in [
        ("{", r#"{"exp":9999999999,"#),
        ("{", r#"{"roles":["admin"],"#),
        ("{", r#"{"\u0073ub":"root","#),
        ("}", r#","x":{"y":1,"y":2}}"#),
        ("}", "}}"),
        ("}", ""),
        ("}", r#","x":1e400}"#),
    ] {
        assert_refused(&authentication, &sealed(header, &body.replacen(from, to, 1)));
    }
    let deep = |depth: usize| body.replacen('}', &format!(",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth)), 1);
    assert_enters(&authentication, &sealed(header, &deep(15)));
    assert_refused(&authentication, &sealed(header, &deep(16)));
}

#[test]
fn a_token_has_three_parts_of_canonical_base64url() {
    for algorithm in ALGORITHMS {
        let authentication = of(algorithm);
        let good = token(algorithm, json!({}));
        assert_enters(&authentication, &good);
        let parts: Vec<&str> = good.split('.').collect();
        let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
        let mut others = vec![
            String::new(),
            ".".into(),
            "..".into(),
            "...".into(),
            [&good, "."].concat(),
            [".", &good].concat(),
            [&good, ".x"].concat(),
            [&good, ".", signature].concat(),
            [&good, "="].concat(),
            [&good, "A"].concat(),
            [&good, "\0"].concat(),
            [&good, "é"].concat(),
            [&good, ", ", &good].concat(),
            [&good, " ", &good].concat(),
            [&good, " "].concat(),
            [*header, *claims].join("."),
            [*header, *claims, ""].join("."),
            [*header, "", *signature].join("."),
            ["", *claims, *signature].join("."),
            good.replacen('.', "..", 1),
            good.replacen('.', ",", 1),
            good.replacen('e', "%65", 1),
        ];
        // The same bytes, with padding.
        for (at, part) in parts.iter().enumerate() {
            let padded = URL_SAFE.encode(decode(part));
            if padded != *part {
                let mut parts = parts.clone();
                parts[at] = &padded;
                others.push(parts.join("."));
            }
        }
        for other in &others {
            assert_refused(&authentication, other);
        }
    }
}

#[test]
fn no_other_last_character_stands_for_the_same_signature() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for algorithm in ALGORITHMS {
        let authentication = of(algorithm);
        let good = token(algorithm, json!({}));
        let (head, _) = good.split_at(good.len() - 1);
        let entering: Vec<String> = ALPHABET
            .chars()
            .map(|last| format!("{head}{last}"))
            .filter(|token| crate::issuer::enter(&authentication, token).is_ok())
            .collect();
        assert_eq!(entering, [good], "{algorithm:?}");
    }
}

#[test]
fn a_token_has_a_bound() {
    let sized = |length: usize| token(Algorithm::Hs256, json!({"x": "x".repeat(length)}));
    let empty = sized(0).len();
    let authentication = of(Algorithm::Hs256);
    let room = (MAX_TOKEN_BYTES - empty) * 3 / 4;
    let longest = (0..=room).rev().map(sized).find(|token| token.len() <= MAX_TOKEN_BYTES).expect("a length");
    assert!(longest.len() > MAX_TOKEN_BYTES - 3);
    assert_enters(&authentication, &longest);
    let beyond = (room..).map(sized).find(|token| token.len() > MAX_TOKEN_BYTES).expect("a length");
    assert!(beyond.len() < MAX_TOKEN_BYTES + 3);
    assert_refused(&authentication, &beyond);
    assert_refused(&authentication, &sized(1_000_000));
}

#[test]
fn the_type_is_checked_if_it_is_configured() {
    let mut wanted = section(Algorithm::Es256);
    wanted["type"] = "at+jwt".into();
    let authentication = deployment(&wanted);
    let typed = |token_type: Value| under(&json!({"alg": "ES256", "kid": "k1", "typ": token_type}));
    for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert_enters(&authentication, &typed(same.into()));
        let mut spelled = section(Algorithm::Es256);
        spelled["type"] = same.into();
        assert_enters(&deployment(&spelled), &typed("at+jwt".into()));
    }
    for other in [json!("JWT"), json!(""), json!("at+jwt "), json!("application/x/at+jwt"), json!(1), json!(null)] {
        assert_refused(&authentication, &typed(other));
    }
    assert_refused(&authentication, &token(Algorithm::Es256, json!({})));
}

#[test]
fn the_token_comes_in_the_header_that_is_configured() {
    let bearer = of(Algorithm::Es256);
    assert_eq!(bearer.header(), "authorization");
    let token = token(Algorithm::Es256, json!({}));
    let with = |scheme: &str| [scheme, &token].concat();
    for credential in ["Bearer ", "bearer ", "BEARER   "] {
        assert!(enter_at(&bearer, Some(&with(credential)), NOW).is_ok());
    }
    for credential in [None, Some(String::new()), Some(with("")), Some(with("Basic ")), Some(with("Bearer\t"))] {
        assert_eq!(enter_at(&bearer, credential.as_deref(), NOW), Err(Problem::Unauthenticated), "{credential:?}");
    }

    let mut access = section(Algorithm::Es256);
    access["header"] = "Cf-Access-Jwt-Assertion".into();
    let access = deployment(&access);
    assert_eq!(access.header(), "cf-access-jwt-assertion");
    assert!(enter_at(&access, Some(&token), NOW).is_ok());
    for credential in
        [None, Some(String::new()), Some(with("Bearer ")), Some(with(" ")), Some([&*token, ", ", &token].concat())]
    {
        assert_eq!(enter_at(&access, credential.as_deref(), NOW), Err(Problem::Unauthenticated), "{credential:?}");
    }
}

#[test]
fn each_of_several_secrets_verifies_and_no_other_does() {
    let text = section(Algorithm::Hs256).to_string();
    let section = callgate_engine::json::read(text.as_bytes(), 16).expect("strict JSON");
    let read = |secret: &str| {
        let secrets = callgate_edge_core::auth::Secrets { token_secret: Some(secret), ..Default::default() };
        callgate_edge_core::auth::Authentication::read(Some(section), &secrets).expect("a configuration")
    };
    let token = token(Algorithm::Hs256, json!({}));
    let other = "another-secret-of-HS256-0123456789abcdef";
    assert_enters(&read(&[other, SECRET].join(" ")), &token);
    assert_enters(&read(&[SECRET, other].join("\n")), &token);
    assert_enters(&read(&["base64url:", &encode(SECRET)].concat()), &token);
    assert_refused(&read(other), &token);
    // The encoded form of a secret is not the secret.
    assert_refused(&read(&encode(SECRET)), &token);
}

#[test]
fn the_longest_token_has_exactly_so_many_characters() {
    let sized = |header: usize, rest: usize| {
        let header = json!({"alg": "HS256", "kid": "k1", "x": "x".repeat(header)}).to_string();
        let mut claims = claims();
        claims["x"] = "x".repeat(rest).into();
        seal(Algorithm::Hs256, &header, &claims.to_string())
    };
    let of_length = |length: usize| {
        let room = (length - sized(0, 0).len()) * 3 / 4;
        let sizes = (0..3).flat_map(|header| (room - 9..room + 3).map(move |rest| (header, rest)));
        sizes.map(|(header, rest)| sized(header, rest)).find(|token| token.len() == length).expect("a token")
    };
    let authentication = of(Algorithm::Hs256);
    assert_enters(&authentication, &of_length(MAX_TOKEN_BYTES));
    assert_refused(&authentication, &of_length(MAX_TOKEN_BYTES + 1));
}

#[test]
fn only_a_subtype_leaves_application_out() {
    let with_type = |wanted: &str, shown: &str| {
        let mut section = section(Algorithm::Es256);
        section["type"] = wanted.into();
        let token = under(&json!({"alg": "ES256", "kid": "k1", "typ": shown}));
        enter_at(&deployment(&section), Some(&["Bearer ", &token].concat()), NOW).map(drop)
    };
    assert_eq!(with_type("at+jwt", "application/at+jwt"), Ok(()));
    assert_eq!(with_type("other/at+jwt", "other/at+jwt"), Ok(()));
    assert_eq!(with_type("other/at+jwt", "application/other/at+jwt"), Err(Problem::Unauthenticated));
    assert_eq!(with_type("application/other/at+jwt", "other/at+jwt"), Err(Problem::Unauthenticated));
}

#[test]
fn a_secret_has_32_bytes_or_more() {
    let section = section(Algorithm::Hs256).to_string();
    let is_taken = |secret: &str| {
        let value = callgate_engine::json::read(section.as_bytes(), 16).expect("strict JSON");
        let secrets = callgate_edge_core::auth::Secrets { token_secret: Some(secret), ..Default::default() };
        callgate_edge_core::auth::Authentication::read(Some(value), &secrets).is_ok()
    };
    let bytes = b"0123456789abcdef0123456789abcdef";
    let text = std::str::from_utf8(bytes).expect("text");
    assert!(is_taken(text));
    assert!(is_taken(&format!("base64url:{}", encode(bytes))));
    assert!(!is_taken(&text[1..]));
    assert!(!is_taken(&format!("base64url:{}", encode(&bytes[1..]))));
    // Each of several is as long.
    assert!(is_taken(&format!("{text} {text}x")));
    assert!(!is_taken(&format!("{text} {}", &text[1..])));
}
