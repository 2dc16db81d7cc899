/** Lets a loop wait until something happens elsewhere. */
export interface WakeUp {
  /** Ends the current wait. Without one, the next wait ends at once, so that no signal is lost between two waits. */
  wake(this: void): void;
  /** Waits at most `ms` milliseconds. True: it was woken; false: the time is up. Only one wait at a time. */
  wait(this: void, ms: number): Promise<boolean>;
}

export function wakeUp(): WakeUp {
  let woken = false;
  let resume = (): void => {};
  return {
    wake() {
      woken = true;
      resume();
    },
    async wait(ms) {
      if (!woken && ms > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        resume = () => {};
      }
      const result = woken;
      woken = false;
      return result;
    },
  };
}
