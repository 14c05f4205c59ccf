/** The OpenAPI document of a host, and the validation of responses against it. */

import assert from "node:assert/strict";

import { type ValidateFunction, Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import { askAll } from "./answers.ts";
import { type Answer, type Ask, exchange } from "./exchange.ts";
import type { Hosts } from "./hosts.ts";

/** The parts of an OpenAPI 3.1 document that describe responses. */
export interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedResponse {
  readonly content?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
}

/** The request for the document. */
const documentAsk: Ask = { method: "GET", path: "/openapi.json", headers: {} };

/** The name under which the document's schemas refer to each other. */
const documentId = "callgate:/openapi.json";

/** A host's OpenAPI document. */
export class Contract {
  readonly document: Document;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    this.document = document;
    // The document around the schemas has members that are not keywords, which the strict mode rejects.
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema(document, documentId);
  }

  /** Reads the document from the host at `url`. */
  static async read(url: URL): Promise<Contract> {
    return Contract.#of(await exchange(url, documentAsk));
  }

  /** Reads the document from every host. */
  static async readAll(hosts: Hosts): Promise<Contract> {
    return Contract.#of(await askAll(hosts, documentAsk));
  }

  static #of({ status, body }: Answer): Contract {
    assert.equal(status, 200);
    return new Contract(JSON.parse(body.toString()) as Document);
  }

  /** Asserts that the document describes `answer` to `ask`: its status, media type, headers and body. */
  assertForeseen(ask: Ask, answer: Answer): void {
    const [path = ""] = ask.path.split("?");
    const operations = this.document.paths[path];
    if (operations === undefined) {
      assert.equal(answer.status, 404, `${path} is not in the document but has the response ${answer.status}`);
      this.#assertValid(answer.body, "components", "schemas", "Problem");
      return;
    }
    let method = ask.method.toLowerCase();
    if (!(method in operations)) {
      assert.equal(answer.status, 405, `${ask.method} ${path} is not in the document but got ${answer.status}`);
      // Each operation of a path describes the response to unsupported methods.
      method = Object.keys(operations)[0] ?? "";
    }
    const response = operations[method]?.responses[answer.status];
    assert.ok(response, `the document does not describe the response ${answer.status} to ${ask.method} ${path}`);
    const media = answer.headers["content-type"] ?? "";
    assert.ok(response.content?.[media], `the document does not describe ${media} for status ${answer.status}`);
    for (const [name, { required = false }] of Object.entries(response.headers ?? {})) {
      assert.ok(!required || name.toLowerCase() in answer.headers, `the header ${name} is missing`);
    }
    const status = String(answer.status);
    this.#assertValid(answer.body, "paths", path, method, "responses", status, "content", media, "schema");
    // A decided call must be valid in the document; otherwise, a client that validates would not send it.
    if (answer.status === 200 && operations[method]?.requestBody !== undefined) {
      assert.ok(ask.body);
      this.#assertValid(ask.body, "paths", path, method, "requestBody", "content", "application/json", "schema");
    }
  }

  #assertValid(body: Buffer, ...steps: readonly string[]): void {
    const pointer = steps.map((step) => `/${encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))}`);
    const reference = `${documentId}#${pointer.join("")}`;
    let validate = this.#validators.get(reference);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: reference });
      this.#validators.set(reference, validate);
    }
    const value: unknown = JSON.parse(body.toString());
    assert.ok(validate(value), `${this.#ajv.errorsText(validate.errors)}\n${body.toString().slice(0, 2_000)}`);
  }
}
