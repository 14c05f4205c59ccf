/**
 * Modules in V8, called as a host calls them: the bytes of a call in, the text of the answer out.
 *
 * Bytes would say less of the modules: to make an array of its own for them takes V8 as long as to judge the call.
 */

const decoder = new TextDecoder();

/** A module of callgate. */
export class Guest {
  readonly #exports: CallgateExports;
  #bytes: Uint8Array;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module).exports as unknown as CallgateExports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  /** Judges a call: copies it in, has it judged, copies the answer out. */
  evaluate(body: Uint8Array): string {
    const { alloc, evaluate, answer_place } = this.#exports;
    const place = alloc(body.length);
    this.#view().set(body, place);
    const length = evaluate(place, body.length);
    const at = answer_place();
    return decoder.decode(this.#view().subarray(at, at + length));
  }

  /** The bytes of linear memory. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** All of linear memory. A view has no length any more when memory grew, which costs less to ask than for the buffer. */
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
 * A module of perso, by the interface that its documents describe: a response is a length of four bytes and the bytes
 * of the answer, and the host frees what it asked room for and what it was answered.
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

  /** Judges a call: copies its texts in, has it judged, copies the answer out. */
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
