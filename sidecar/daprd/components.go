package main

import (
	"github.com/dapr/components-contrib/nameresolution"
	"github.com/dapr/components-contrib/pubsub/redis"
	"github.com/dapr/components-contrib/secretstores/local/env"
	"github.com/dapr/components-contrib/secretstores/local/file"
	postgresql "github.com/dapr/components-contrib/state/postgresql/v2"
	"github.com/dapr/dapr/pkg/components"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	nrloader "github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/components/wfbackend"
	"github.com/dapr/dapr/pkg/components/workflows"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/kit/logger"
)

// newRegistry returns the components that turnkeeper uses. The runtime reads a registry of every kind, so the kinds
// that turnkeeper does not use have an empty registry.
func newRegistry() *registry.Options {
	contrib := logger.NewLogger("dapr.contrib")

	// v1 of state.cockroachdb cannot create its table on PostgreSQL and loses ETags, so "v1" is an unknown version
	// here. v2 is the same code for both databases. Each name is the one that full builds of daprd use.
	states := state.NewRegistry()
	states.Logger = contrib
	for _, name := range []string{"cockroachdb", "postgresql"} {
		states.RegisterComponentWithVersions(name, components.Versioning{
			Preferred: components.VersionConstructor{Version: "v2", Constructor: postgresql.NewPostgreSQLStateStore},
			Default:   "v2",
		})
	}

	pubsubs := pubsub.NewRegistry()
	pubsubs.Logger = contrib
	pubsubs.RegisterComponent(redis.NewRedisStreams, "redis")

	secrets := secretstores.NewRegistry()
	secrets.Logger = contrib
	secrets.RegisterComponent(file.NewLocalSecretStore, "local.file")
	secrets.RegisterComponent(env.NewEnvSecretStore, "local.env")

	names := nrloader.NewRegistry()
	names.Logger = contrib
	names.RegisterComponent(func(logger.Logger) nameresolution.Resolver { return &loopback{} }, "mdns")

	// The runtime registers its built-in workflow engine itself. It panics if that registry has no logger.
	engines := workflows.NewRegistry()
	engines.Logger = contrib
	backends := wfbackend.NewRegistry()
	backends.Logger = contrib

	return registry.NewOptions().
		WithStateStores(states).
		WithPubSubs(pubsubs).
		WithSecretStores(secrets).
		WithNameResolutions(names).
		WithWorkflows(engines).
		WithWorkflowBackends(backends).
		WithConfigurations(configuration.NewRegistry()).
		WithLocks(lock.NewRegistry()).
		WithBindings(bindings.NewRegistry()).
		WithCryptoProviders(crypto.NewRegistry()).
		WithHTTPMiddlewares(http.NewRegistry())
}
