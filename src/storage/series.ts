/** Callback helpers: storage logic runs in the simulator too, where there are no promises. */
export type Done = (error: Error | undefined) => void;
export type Step = (next: Done) => void;

/** Runs the steps one after the other; the first error ends it. */
export function series(steps: readonly Step[], done: Done): void {
  let at = 0;
  const next: Done = (error) => {
    const step = steps[at];
    at += 1;
    if (error !== undefined || step === undefined) done(error);
    else step(next);
  };
  next(undefined);
}

/** Starts all steps and answers once, when every one has answered, with the first error of any. */
export function together(steps: readonly Step[], done: Done): void {
  let left = steps.length;
  let failure: Error | undefined;
  for (const step of steps) {
    step((error) => {
      failure ??= error;
      left -= 1;
      if (left === 0) done(failure);
    });
  }
}
