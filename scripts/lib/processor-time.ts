// The processor time of a command with all that it started and waited for. Unlike the time on the clock it hardly depends on what else runs.

export interface MeasuredCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export interface MeasuredOutput {
  readonly output: string;
  /** Unknown of a command that was killed with its group. */
  readonly processorMs: number | undefined;
}

const MARK = 'processor time of this file:';
/** Node cannot ask for the time of its children, a shell can. It ends with the exit code of what it ran, or 128 + the signal. */
const SCRIPT = `"$@"; code=$?; echo; echo '${MARK}'; times; exit $code`;
const TIME = String.raw`(\d+)m([\d.]+)s`;
/** Two lines of user and system time: of the shell, and of its children. */
const REPORT = new RegExp(String.raw`\n?${MARK}\n\S+ \S+\n${TIME} ${TIME}\n`);

export function measured(command: string, args: readonly string[]): MeasuredCommand {
  return { command: 'sh', args: ['-c', SCRIPT, 'sh', command, ...args] };
}

export function takeProcessorTime(text: string): MeasuredOutput {
  const report = REPORT.exec(text);
  if (report === null) return { output: text, processorMs: undefined };
  const [whole, ...parts] = report;
  const [userMin = 0, userS = 0, systemMin = 0, systemS = 0] = parts.map(Number);
  const processorMs = ((userMin + systemMin) * 60 + userS + systemS) * 1_000;
  return { output: text.replace(whole, ''), processorMs };
}
