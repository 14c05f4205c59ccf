/**
 * Modules in V8, called as by a host: from the bytes of a call to the text of the response.
 *
 * Returning bytes would distort the result: V8 needs as long to create an array for them as to evaluate the call.
 */

const decoder = new TextDecoder();

/** A callgate module. */
export class Guest {
  readonly #exports: CallgateExports;
  #bytes: Uint8Array;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as CallgateExports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  /** Evaluates a call: copies it in, evaluates it, and copies the response out. */
  evaluate(body: Uint8Array): string {
    const { alloc, evaluate, answer_place } = this.#exports;
    const place = alloc(body.length);
    this.#view().set(body, place);
    const length = evaluate(place, body.length);
    const at = answer_place();
    return decoder.decode(this.#view().subarray(at, at + length));
  }

  /** The size of linear memory in bytes. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** All of linear memory. After memory growth, a view has length 0, which is faster to check than the buffer. */
  #view(): Uint8Array {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }
}

interface CallgateExports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (length: number) => number;
  readonly evaluate: (body: number, length: number) => number;
  readonly answer_place: () => number;
}

/**
 * A perso module, with its documented interface: a response is a length of four bytes and the bytes of the answer, and
 * the host frees the memory that it requested and the response.
 */
export class Perso {
  readonly #exports: PersoExports;
  #bytes: Uint8Array;

  constructor(module: WebAssembly.Module, policy: Uint8Array) {
    const exports = new WebAssembly.Instance(module).exports as unknown as PersoExports;
    for (const name of ["alloc", "dealloc", "init", "evaluate"] as const) {
      if (typeof exports[name] !== "function") {
        const found = WebAssembly.Module.exports(module).map((each) => each.name);
        throw new Error(`perso's module exports no function \`${name}\`, but ${found.join(", ")}`);
      }
    }
    this.#exports = exports;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    const place = this.#write(policy);
    const answer = this.#take(exports.init(place, policy.length));
    exports.dealloc(place, policy.length);
    if (!answer.startsWith('{"ok":true')) throw new Error(`perso refuses the policy: ${answer}`);
  }

  /** Evaluates a call: copies its texts in, evaluates it, and copies the response out. */
  evaluate(tool: Uint8Array, args: Uint8Array, context: Uint8Array): string {
    const { evaluate, dealloc } = this.#exports;
    const [toolPlace, argsPlace, contextPlace] = [this.#write(tool), this.#write(args), this.#write(context)];
    const response = evaluate(toolPlace, tool.length, argsPlace, args.length, contextPlace, context.length);
    dealloc(toolPlace, tool.length);
    dealloc(argsPlace, args.length);
    dealloc(contextPlace, context.length);
    return this.#take(response);
  }

  #write(text: Uint8Array): number {
    const place = this.#exports.alloc(text.length);
    this.#view().set(text, place);
    return place;
  }

  #take(response: number): string {
    const bytes = this.#view();
    const length = new DataView(bytes.buffer).getUint32(response, true);
    const answer = decoder.decode(bytes.subarray(response + 4, response + 4 + length));
    this.#exports.dealloc(response, 4 + length);
    return answer;
  }

  #view(): Uint8Array {
    if (this.#bytes.length === 0) {
      this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    }
    return this.#bytes;
  }
}

interface PersoExports {
  readonly memory: WebAssembly.Memory;
  readonly alloc: (length: number) => number;
  readonly dealloc: (place: number, length: number) => void;
  readonly init: (policy: number, length: number) => number;
  readonly evaluate: (
    tool: number,
    toolLength: number,
    args: number,
    argsLength: number,
    context: number,
    contextLength: number,
  ) => number;
}
