package main

import (
	"context"

	"github.com/csi-addons/spec/lib/go/identity"
)

// identityServer tells the csi-addons sidecar what it asks for before it binds its port.
type identityServer struct {
	identity.UnimplementedIdentityServer
	driver  string
	service identity.Capability_Service_Type
}

// identityOf is the identity of the driver in a provisioner, or on a node. A sidecar beside the former takes part in a
// leader election.
func identityOf(f flags) identityServer {
	server := identityServer{driver: f["drivername"], service: identity.Capability_Service_NODE_SERVICE}
	if f["controllerserver"] == "true" {
		server.service = identity.Capability_Service_CONTROLLER_SERVICE
	}
	return server
}

func (s identityServer) GetIdentity(context.Context, *identity.GetIdentityRequest) (*identity.GetIdentityResponse, error) {
	return &identity.GetIdentityResponse{Name: s.driver, VendorVersion: "stand-in"}, nil
}

func (s identityServer) GetCapabilities(context.Context, *identity.GetCapabilitiesRequest) (*identity.GetCapabilitiesResponse, error) {
	service := &identity.Capability_Service{Type: s.service}
	return &identity.GetCapabilitiesResponse{
		Capabilities: []*identity.Capability{{Type: &identity.Capability_Service_{Service: service}}},
	}, nil
}

// Probe says nothing of readiness, which means ready.
func (identityServer) Probe(context.Context, *identity.ProbeRequest) (*identity.ProbeResponse, error) {
	return &identity.ProbeResponse{}, nil
}
