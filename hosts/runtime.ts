/** A runtime that serves an edge, in its own process. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";

/** A runtime that serves an edge. Disposing of it stops it, and fails if it had stopped by itself. */
export interface Runtime extends AsyncDisposable {
  /** The name of the program. */
  readonly name: string;
  readonly url: URL;
  /** The additional addresses, by the name of the entry point or the number of the isolate. */
  readonly others: ReadonlyMap<string, URL>;
  /** The CPU time so far on all cores, in nanoseconds, if the system reports it. */
  work(): number | undefined;
  /** The current and the peak memory in bytes, if the system reports them. */
  memory(): { readonly now: number; readonly peak: number } | undefined;
  /** Kills it at once, like a crash. */
  kill(): Promise<void>;
}

/** The start settings of a runtime. */
export interface Settings {
  /** The variables of the edge. */
  readonly variables: Readonly<Record<string, string>>;
  /** The port; a free one by default. */
  readonly port?: number;
  /** Additional options of the runtime. */
  readonly options?: readonly string[];
  /** Receives each line of standard output, which is otherwise inherited from this process. */
  readonly onLine?: (line: string) => void;
  /** Whether standard output is closed, so that writes to it fail. */
  readonly isOutputClosed?: boolean;
  /** Whether one instance of the edge must serve all requests, if the runtime would start others. */
  readonly isOneInstance?: boolean;
  /** The minimum number of concurrent connections; the runtime's default if not set. */
  readonly connections?: number;
  /** The memory limit of an instance in bytes, if the runtime supports one. An instance that exceeds it stops. */
  readonly memoryLimit?: number;
}

/** The public socket. */
export const mainSocket = "http";

/** The standard output of a process with these settings. */
export function outputOf({ onLine, isOutputClosed = false }: Settings): "pipe" | "inherit" {
  return onLine !== undefined || isOutputClosed ? "pipe" : "inherit";
}

/** Reads each line of a process's standard output as configured. */
export function readLines({ stdout }: ChildProcess, { onLine }: Settings): void {
  if (onLine === undefined) stdout?.destroy();
  else if (stdout !== null) createInterface({ input: stdout }).on("line", onLine);
}

/** The runtime in a process, once it has announced its ports. */
export async function serving(
  name: Runtime["name"],
  child: ChildProcess,
  announced: Promise<ReadonlyMap<string, number>>,
  cleanUp = () => {},
): Promise<Runtime> {
  // However this process ends, the child is stopped too.
  const force = () => child.kill("SIGKILL");
  process.once("exit", force);
  let isAskedToEnd = false;
  let hasCrashed = false;
  const ended = once(child, "exit").then(([code, signal]: unknown[]) => {
    process.removeListener("exit", force);
    cleanUp();
    if (isAskedToEnd) return;
    hasCrashed = true;
    // This message explains refused connections.
    console.error(`${name} stopped by itself: ${String(code ?? signal)}`);
  });
  const kill = async () => {
    isAskedToEnd = true;
    force();
    await ended;
  };
  try {
    const failed = ended.then(() => {
      throw new Error(`${name} stopped before it served`);
    });
    const ports = [...(await Promise.race([announced, failed]))];
    const others = new Map(ports.map(([socket, port]) => [socket, new URL(`http://127.0.0.1:${port}/`)]));
    const url = others.get(mainSocket);
    if (url === undefined) throw new Error(`${name} reports no port`);
    others.delete(mainSocket);
    // From here on, its exit is reported when it is disposed of.
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

/** Linux reports the CPU time of each thread in nanoseconds; other systems have no such file. */
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

/** Linux reports the memory of a process in KiB. */
function memoryOf(pid: number | undefined): { now: number; peak: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  } catch {
    return undefined;
  }
}
