// Package lifeline ends a process when the process that started it ends.
package lifeline

import (
	"context"
	"io"
	"os"
)

// Env is the environment variable that enables it: with "1", the process stops when its standard input is closed.
const Env = "TURNKEEPER_LIFELINE"

// Context returns a context that ends when ctx ends or, if Env is set, when standard input is closed. The kernel closes
// the pipe however the parent ends, also after kill -9. A daprd that outlives its app would keep the app's actors for
// 20 seconds and its ports for ever.
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
