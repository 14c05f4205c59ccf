/** A runtime that serves an edge: a process of its own, and nothing before it. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";

/** A runtime that serves an edge. Disposing of it ends it, and fails where it had ended by itself. */
export interface Runtime extends AsyncDisposable {
  /** The name of the program. */
  readonly name: string;
  readonly url: URL;
  /** Where else it serves, by the name of the entry point or the number of the isolate. */
  readonly others: ReadonlyMap<string, URL>;
  /** How long it has worked so far, on all cores, in nanoseconds; where the system tells. */
  work(): number | undefined;
  /** How much memory it holds, and how much it held at the most, in bytes; where the system tells. */
  memory(): { readonly now: number; readonly peak: number } | undefined;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

/** What a runtime is started with. */
export interface Settings {
  /** The variables of the edge. */
  readonly variables: Readonly<Record<string, string>>;
  /** The port to serve at; a free one where none is named. */
  readonly port?: number;
  /** Options of the runtime's own, beside those that serving takes. */
  readonly options?: readonly string[];
  /** Takes each line that is written to standard output, which is else that of this process. */
  readonly onLine?: (line: string) => void;
  /** Whether nobody takes standard output any more, so that nothing can be written there. */
  readonly isOutputClosed?: boolean;
  /** Whether one instance of the edge must serve all requests, where the runtime would start others. */
  readonly isOneInstance?: boolean;
  /** How many connections must be served at the same time; those that the runtime serves by itself where none is named. */
  readonly connections?: number;
  /** How many bytes of memory an instance may have. One that asks for more ends, where the runtime can be told so. */
  readonly memoryLimit?: number;
}

/** The socket that everybody else asks. */
export const mainSocket = "http";

/** What becomes of the standard output of a process that is started with these settings. */
export function outputOf({ onLine, isOutputClosed = false }: Settings): "pipe" | "inherit" {
  return onLine !== undefined || isOutputClosed ? "pipe" : "inherit";
}

/** Has each line of a process's standard output read as the settings say. */
export function readLines({ stdout }: ChildProcess, { onLine }: Settings): void {
  if (onLine === undefined) stdout?.destroy();
  else if (stdout !== null) createInterface({ input: stdout }).on("line", onLine);
}

/** The runtime that a process is, once it has announced its ports. */
export async function serving(
  name: Runtime["name"],
  child: ChildProcess,
  announced: Promise<ReadonlyMap<string, number>>,
  cleanUp = () => {},
): Promise<Runtime> {
  // Whatever ends this process ends the child as well.
  const force = () => child.kill("SIGKILL");
  process.once("exit", force);
  let isAskedToEnd = false;
  let hasCrashed = false;
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => {
    process.removeListener("exit", force);
    cleanUp();
    if (isAskedToEnd) return;
    hasCrashed = true;
    // Whoever reads of refused connections finds here where they come from.
    console.error(`${name} ended by itself: ${String(code ?? signal)}`);
  });
  const kill = async () => {
    isAskedToEnd = true;
    force();
    await ended;
  };
  try {
    const failed = ended.then(() => {
      throw new Error(`${name} ended before it served`);
    });
    const ports = [...(await Promise.race([announced, failed]))];
    const others = new Map(ports.map(([socket, port]) => [socket, new URL(`http://127.0.0.1:${port}/`)]));
    const url = others.get(mainSocket);
    if (url === undefined) throw new Error(`${name} tells no port`);
    others.delete(mainSocket);
    // From here on its end is told where it is disposed of.
    failed.catch(() => {});
    return {
      name,
      url,
      others,
      kill,
      work: () => workOf(child.pid),
      memory: () => memoryOf(child.pid),
      async [Symbol.asyncDispose]() {
        await kill();
        if (hasCrashed) throw new Error(`${name} crashed while it served`);
      },
    };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Linux counts what each thread of a process has run, in nanoseconds; other systems have no such file. */
function workOf(pid: number | undefined): number | undefined {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads)
      .map((thread) => Number.parseInt(readFileSync(`${threads}/${thread}/schedstat`, "utf8")))
      .reduce((sum, ran) => sum + ran, 0);
  } catch {
    return undefined;
  }
}

/** Linux tells what of a process is in memory, in KiB. */
function memoryOf(pid: number | undefined): { now: number; peak: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  } catch {
    return undefined;
  }
}
