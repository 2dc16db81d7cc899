// Package lifeline lets a process end with the one that started it.
package lifeline

import (
	"context"
	"io"
	"os"
)

// Env names the variable that turns it on: with "1", the end of standard input is the order to stop.
const Env = "TURNKEEPER_LIFELINE"

// Context ends when ctx does, or when standard input ends and the environment asks for that. The pipe closes however
// the parent ended, kill -9 included: a daprd left behind by its app would keep the actors to itself for 20 seconds,
// and would hold on to its ports for ever.
func Context(ctx context.Context) context.Context {
	if os.Getenv(Env) != "1" {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}
