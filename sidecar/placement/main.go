// Command placement is Dapr's placement service with the same flags. It listens on the addresses that the flags name.
//
// Dapr 1.14 reads --listen-address, --healthz-listen-address and --metrics-listen-address and ignores all three. Its
// own cmd/placement opens its ports to the network without authentication, and anybody who reaches them can take over
// every actor.
package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/dapr/dapr/cmd/placement/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/placement"
	"github.com/dapr/dapr/pkg/placement/monitoring"
	"github.com/dapr/dapr/pkg/placement/raft"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"

	"turnkeeper/sidecar/lifeline"
)

var log = logger.NewLogger("dapr.placement")

func main() {
	opts := options.New(os.Args[1:])
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatal(err)
	}
	log.Infof("Starting Dapr Placement Service -- version %s -- turnkeeper build", buildinfo.Version())

	if err := run(lifeline.Context(signals.Context()), opts); err != nil {
		log.Fatal(err)
	}
	log.Info("Placement service shut down gracefully")
}

func run(ctx context.Context, opts *options.Options) error {
	if opts.PlacementListenAddress == "" {
		opts.PlacementListenAddress = "127.0.0.1"
	}
	if opts.HealthzListenAddress == "" {
		opts.HealthzListenAddress = opts.PlacementListenAddress
	}
	if err := monitoring.InitMetrics(); err != nil {
		return err
	}

	health := healthz.New()
	provider, err := security.New(ctx, security.Options{
		SentryAddress:           opts.SentryAddress,
		ControlPlaneTrustDomain: opts.TrustDomain,
		ControlPlaneNamespace:   security.CurrentNamespace(),
		TrustAnchorsFile:        &opts.TrustAnchorsFile,
		AppID:                   "dapr-placement",
		MTLSEnabled:             opts.TLSEnabled,
		Mode:                    modes.DaprMode(opts.Mode),
		Healthz:                 health,
	})
	if err != nil {
		return err
	}

	node := raft.New(raft.Options{
		ID:                opts.RaftID,
		InMem:             opts.RaftInMemEnabled,
		Peers:             opts.RaftPeers,
		LogStorePath:      opts.RaftLogStorePath,
		ReplicationFactor: int64(opts.ReplicationFactor),
		MinAPILevel:       uint32(max(opts.MinAPILevel, 0)),
		MaxAPILevel:       uint32(max(opts.MaxAPILevel, 0)),
		Healthz:           health,
		Security:          provider,
	})
	if node == nil {
		return errors.New("--id is not one of the peers of --initial-cluster")
	}
	service := placement.PlacementServiceOpts{
		Port:          opts.PlacementPort,
		ListenAddress: opts.PlacementListenAddress,
		RaftNode:      node,
		SecProvider:   provider,
		Healthz:       health,
		MinAPILevel:   uint32(max(opts.MinAPILevel, 0)),
	}
	if opts.MaxAPILevel >= 0 {
		level := uint32(opts.MaxAPILevel)
		service.MaxAPILevel = &level
	}
	server := placement.NewPlacementService(service)

	return concurrency.NewRunnerManager(
		provider.Run,
		node.StartRaft,
		metrics.New(metrics.Options{
			Log:           log,
			Enabled:       opts.Metrics.Enabled(),
			Namespace:     metrics.DefaultMetricNamespace,
			Port:          opts.Metrics.Port(),
			ListenAddress: opts.PlacementListenAddress,
			Healthz:       health,
		}).Start,
		func(ctx context.Context) error {
			return serveHealth(ctx, net.JoinHostPort(opts.HealthzListenAddress, strconv.Itoa(opts.HealthzPort)), health)
		},
		server.MonitorLeadership,
		server.Start,
	).Run(ctx)
}

// serveHealth serves /healthz. Dapr's own health server does the same, but can only listen on all addresses.
func serveHealth(ctx context.Context, address string, health healthz.Healthz) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !health.IsReady() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}
