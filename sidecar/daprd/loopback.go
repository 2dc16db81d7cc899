package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/dapr/components-contrib/nameresolution"
)

// loopback replaces mDNS, the default of daprd in standalone mode. mDNS sends multicast to the network and fails where
// there is no network. Actors are found through placement and not by name, so the only app to resolve is this one.
type loopback struct {
	self nameresolution.Instance
}

func (l *loopback) Init(_ context.Context, metadata nameresolution.Metadata) error {
	l.self = metadata.Instance
	return nil
}

func (l *loopback) ResolveID(_ context.Context, req nameresolution.ResolveRequest) (string, error) {
	if req.ID != l.self.AppID {
		return "", fmt.Errorf("app %q: this build of daprd resolves no app but its own", req.ID)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.self.DaprInternalPort)), nil
}
