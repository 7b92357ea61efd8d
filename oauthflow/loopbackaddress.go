package oauthflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/standpipe-go/standpipe/internal/loopback"
)

const (
	localhost = "localhost"
	ipv4      = "127.0.0.1"
	ipv6      = "::1"
	httpPort  = "80" // neither browsers nor registrations write it
)

// loopbackAddress is where the browser is sent back to, and where to listen for
// it.
type loopbackAddress struct {
	redirect   url.URL // as registered; its port is known once something listens
	named      string  // the host of the redirect URL, if that is on this machine
	host, port string  // to listen on; an empty host is any that there is
}

// newLoopbackAddress derives both from the redirect URL, as New has checked it, and
// from the address to listen on, if one is given.
func newLoopbackAddress(redirectURL, listenOn string) (*loopbackAddress, error) {
	a := &loopbackAddress{redirect: url.URL{Scheme: "http", Path: "/callback"}, port: "0"}
	u, _ := url.Parse(redirectURL)
	here := u.Scheme == "http" && loopback.Host(u.Hostname())
	if here || u.Path != "" {
		a.redirect.Path, a.redirect.RawPath = u.Path, u.RawPath
	}
	if here {
		a.named, a.redirect.RawQuery = u.Hostname(), u.RawQuery
		a.host, a.port = a.named, cmp.Or(u.Port(), "0")
	}
	if listenOn == "" {
		return a, nil
	}
	host, port, err := net.SplitHostPort(listenOn)
	if err != nil || !loopback.Host(host) {
		return nil, errors.New("the address to listen on must be a loopback address with a port")
	}
	if a.named != "" && a.named != localhost && host != localhost && !sameName(a.named, host) {
		return nil, fmt.Errorf("the address to listen on, %s, is not the one that the redirect URL names, %s", host, a.named)
	}
	a.host, a.port = host, port
	return a, nil
}

// listen opens a listener, or two on one port for localhost: browsers try both
// of its addresses, and on the other there must be no stranger.
func (a *loopbackAddress) listen(ctx context.Context) ([]net.Listener, error) {
	switch a.host {
	case "":
		lns, err := listenOn(ctx, a.port, ipv4)
		if err != nil {
			lns, err = listenOn(ctx, a.port, ipv6)
		}
		return lns, err
	case localhost:
		addrs, err := net.InterfaceAddrs()
		if err != nil {
			return listenOn(ctx, a.port, ipv4)
		}
		return listenOn(ctx, a.port, loopbackHosts(addrs)...)
	}
	return listenOn(ctx, a.port, a.host)
}

// loopbackHosts returns the addresses of localhost that are among those of this
// machine.
func loopbackHosts(addrs []net.Addr) []string {
	return slices.DeleteFunc([]string{ipv4, ipv6}, func(host string) bool {
		return !slices.ContainsFunc(addrs, func(addr net.Addr) bool {
			ip, ok := addr.(*net.IPNet)
			return ok && ip.IP.String() == host
		})
	})
}

// listenTries is how often a random port is looked for that is free on all
// hosts.
const listenTries = 8

func listenOn(ctx context.Context, port string, hosts ...string) (lns []net.Listener, err error) {
	for range listenTries {
		if lns, err = listenOnce(ctx, port, hosts); err == nil || port != "0" {
			break
		}
	}
	return lns, err
}

// listenOnce takes, if port is 0, the one that the first host gets for the
// others as well.
func listenOnce(ctx context.Context, port string, hosts []string) ([]net.Listener, error) {
	var lc net.ListenConfig
	var lns []net.Listener
	for _, host := range hosts {
		ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil {
			closeAll(lns)
			return nil, err
		}
		lns = append(lns, ln)
		port = portOf(ln)
	}
	if len(lns) == 0 {
		return nil, errors.New("this machine has no loopback address")
	}
	return lns, nil
}

func portOf(ln net.Listener) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String()) // a listener's own address
	return port
}

func closeAll(lns []net.Listener) {
	for _, ln := range lns {
		_ = ln.Close()
	}
}

// redirectTo is the redirect URL once ln listens.
func (a *loopbackAddress) redirectTo(ln net.Listener) *url.URL {
	u := a.redirect
	host, _, _ := net.SplitHostPort(ln.Addr().String())
	if a.host == localhost {
		host = localhost
	}
	host = cmp.Or(a.named, host)
	u.Host = strings.TrimSuffix(net.JoinHostPort(host, portOf(ln)), ":"+httpPort)
	return &u
}

// sameHost compares a host, with or without a port, as a browser sends it.
func sameHost(a, b string) bool {
	x, y := &url.URL{Host: a}, &url.URL{Host: b}
	return cmp.Or(x.Port(), httpPort) == cmp.Or(y.Port(), httpPort) && sameName(x.Hostname(), y.Hostname())
}

// sameName compares names and addresses; browsers write the latter in their
// shortest form.
func sameName(a, b string) bool {
	x, err := netip.ParseAddr(a)
	if err == nil {
		y, _ := netip.ParseAddr(b) // what is none equals none
		return x.Unmap() == y.Unmap()
	}
	return a == b
}
