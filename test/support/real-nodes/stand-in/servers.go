package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/csi-addons/spec/lib/go/identity"
	"google.golang.org/grpc"
)

// servers lists what the arguments ask for. Each server returns only when it fails.
func servers(f flags) []func() error {
	var list []func() error
	if endpoint := f["csi-addons-endpoint"]; endpoint != "" {
		list = append(list, func() error { return serveIdentity(endpoint, identityOf(f)) })
	}
	if f["type"] == "liveness" {
		list = append(list, func() error { return serveHTTP(net.JoinHostPort(podIP(), f["metricsport"])) })
	}
	if f.has("listen") {
		list = append(list, func() error { return serveHTTP(net.JoinHostPort("", f["listen"])) })
	}
	return list
}

// serveIdentity serves on a socket. The socket's folder outlives the container, and so may the socket of the last one.
func serveIdentity(endpoint string, server identityServer) error {
	path := strings.TrimPrefix(endpoint, "unix://")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	s := grpc.NewServer()
	identity.RegisterIdentityServer(s, server)
	return s.Serve(listener)
}

// podIP is the address that ceph-csi binds its metrics to: the node's where the pod is on the host network.
func podIP() string {
	if ip := os.Getenv("POD_IP"); ip != "" {
		return ip
	}
	return "0.0.0.0"
}

// serveHTTP responds to probes and to scrapes alike. If the port is taken, the error has the words of the system.
func serveHTTP(address string) error {
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "csi_liveness 1")
	}))
}
