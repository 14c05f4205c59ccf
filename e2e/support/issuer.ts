/** A token issuer, and the settings of an edge for its tokens. */

import { type KeyObject, createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** The algorithms that an edge supports. */
export const algorithms = ["EdDSA", "ES256", "RS256", "HS256"] as const;
export type Algorithm = (typeof algorithms)[number];

/** A JSON object, or a text that is signed unchanged, for content that `JSON.stringify` would not write. */
export type Part = Readonly<Record<string, unknown>> | string;

/** The owner of one key. */
export class Issuer {
  readonly algorithm: Algorithm;
  readonly keyId: string;
  /** The HS256 secret. */
  readonly secret: string = randomBytes(32).toString("hex");
  readonly #keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined;

  constructor(algorithm: Algorithm, keyId = "k1") {
    this.algorithm = algorithm;
    this.keyId = keyId;
    this.#keys = newKeys(algorithm);
  }

  /** The key set with its public key. */
  get keys(): { readonly keys: readonly object[] } {
    const jwk = this.#keys?.publicKey.export({ format: "jwk" });
    return { keys: jwk === undefined ? [] : [{ ...jwk, kid: this.keyId, use: "sig" }] };
  }

  /** The public key as a text that could be mistaken for an HS256 secret. */
  get publicText(): string {
    return String(this.#keys?.publicKey.export({ format: "pem", type: "spki" }) ?? "");
  }

  /** Signs claims with a header; the default header is the usual one. */
  token(claims: Part, header: Part = { alg: this.algorithm, kid: this.keyId }): string {
    const input = [header, claims].map(encoded).join(".");
    return `${input}.${this.#sign(Buffer.from(input)).toString("base64url")}`;
  }

  #sign(input: Buffer): Buffer {
    if (this.#keys === undefined) return hmac(this.secret, input);
    const { privateKey } = this.#keys;
    const digest = this.algorithm === "EdDSA" ? null : "sha256";
    return sign(digest, input, { key: privateKey, dsaEncoding: "ieee-p1363" });
  }
}

/** An HS256 token with a known `secret`. */
export function tokenByText(secret: string, claims: Part, header: Part): string {
  const input = [header, claims].map(encoded).join(".");
  return `${input}.${hmac(secret, Buffer.from(input)).toString("base64url")}`;
}

/** A token without a signature. */
export function unsigned(claims: Part, header: Part): string {
  return `${[header, claims].map(encoded).join(".")}.`;
}

function hmac(secret: string, input: Buffer): Buffer {
  return createHmac("sha256", secret).update(input).digest();
}

function encoded(part: Part): string {
  return Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");
}

function newKeys(algorithm: Algorithm) {
  switch (algorithm) {
    case "EdDSA":
      return generateKeyPairSync("ed25519");
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "RS256":
      return generateKeyPairSync("rsa", { modulusLength: 2_048 });
    case "HS256":
      return undefined;
  }
}

/** The section `auth` for tokens of `issuer`, with its keys and the attributes that the policy reads. */
export function authOf(issuer: Issuer, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const keys = issuer.algorithm === "HS256" ? {} : { keys: issuer.keys };
  return {
    mode: "jwt",
    algorithm: issuer.algorithm,
    issuer: "https://idp.example.com",
    audience: "pdp",
    ...("keysUrl" in more ? {} : keys),
    claims: { roles: "/roles", attributes: { user_id: "/sub", env: "/env", mfa_verified: "/mfa" } },
    ...more,
  };
}

/** The variables of an edge that accepts tokens of `issuer`. */
export function variablesOf(issuer: Issuer, more: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const secret = issuer.algorithm === "HS256" ? { CALLGATE_JWT_SECRET: issuer.secret } : {};
  return { CALLGATE_CONFIG: JSON.stringify({ auth: authOf(issuer, more) }), ...secret };
}

/** Valid claims for a caller with one role. */
export function claimsOf(role: string): Record<string, unknown> {
  return {
    iss: "https://idp.example.com",
    aud: "pdp",
    sub: "agt-099",
    exp: now() + 600,
    roles: [role],
    env: "production",
  };
}

/** The time in seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1_000);
}
