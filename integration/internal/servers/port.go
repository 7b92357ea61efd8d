package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
)

// From here on no browser refuses a port (https://fetch.spec.whatwg.org/#bad-port), and
// below there no system we know takes one for a connection of its own.
const firstPort, lastPort = 11_000, 32_767

var given struct {
	mu    sync.Mutex
	ports map[int]bool
}

// FreePort returns a loopback TCP port that nobody listens on at the moment. It is none
// of those that the system gives to connections and to listeners that name no port: so
// none of them takes it before the server does, nor while a test has the server down.
// No port is returned twice.
func FreePort() (int, error) {
	last := lastPort
	if range_, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if last, err = below(string(range_)); err != nil {
			return 0, fmt.Errorf("finding a free port: %w", err)
		}
	}
	given.mu.Lock()
	defer given.mu.Unlock()
	if given.ports == nil {
		given.ports = map[int]bool{}
	}
	var errs error
	for range 100 {
		port := firstPort + rand.IntN(last-firstPort+1)
		if given.ports[port] {
			continue
		}
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		given.ports[port] = true
		return port, l.Close()
	}
	return 0, fmt.Errorf("finding a free port: %w", errs)
}

// below returns the last port that is not of Linux's range, "32768 60999".
func below(text string) (int, error) {
	var first, last int
	if _, err := fmt.Sscan(text, &first, &last); err != nil {
		return 0, fmt.Errorf("the system's range of ports: %w", err)
	}
	if first < firstPort+1000 {
		return lastPort, nil // there is hardly a port of ours
	}
	return min(lastPort, first-1), nil
}
