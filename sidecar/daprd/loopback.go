package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"github.com/dapr/components-contrib/nameresolution"
)

// loopback stands in for mDNS, which daprd takes in standalone mode unless told otherwise, and which would send
// multicast into the network and fail where there is none. Actors are found through placement, not by name, so all that
// is left to know is this app itself.
type loopback struct {
	self nameresolution.Instance
}

func (l *loopback) Init(_ context.Context, metadata nameresolution.Metadata) error {
	l.self = metadata.Instance
	return nil
}

func (l *loopback) ResolveID(_ context.Context, req nameresolution.ResolveRequest) (string, error) {
	if req.ID != l.self.AppID {
		return "", fmt.Errorf("app %q: this build of daprd knows no other app by name", req.ID)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(l.self.DaprInternalPort)), nil
}
