// stand-in is the program of every container on a node of the end-to-end tests whose own work does not matter there:
// ceph-csi, the upstream sidecars, log collectors, and the pods of strangers. It does what decides about ports and about
// the end of a pod: it binds what they bind, and it ends on SIGTERM, or does not, as they do.
package main

import (
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	log.SetFlags(0)
	flags := parseFlags(os.Args[1:])
	shell := isShell(os.Args[0])

	// Taken in both cases: a signal that no channel takes would end the process.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	log.Printf("Stands for %s", os.Args[0])

	failed := make(chan error)
	if !shell {
		for _, serve := range servers(flags) {
			go func() { failed <- serve() }()
		}
	}
	for {
		select {
		case err := <-failed:
			log.Fatal(err)
		case received := <-signals:
			if !shell && !flags.has("ignore-sigterm") {
				return
			}
			log.Printf("Ignored: %s", received)
		}
	}
}

// isShell tells whether the container names a shell as its command. The script stays unread. A shell that is the first
// process of its container ignores SIGTERM if its script sets no trap: the kernel has no default action for that process.
func isShell(program string) bool {
	return strings.HasSuffix(filepath.Base(program), "sh")
}
