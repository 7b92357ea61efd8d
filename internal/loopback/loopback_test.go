package loopback_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/loopback"
	"github.com/standpipe-go/standpipe/internal/loopback/loopbacktest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// C40
func TestC40_Host(t *testing.T) {
	for host, want := range loopbacktest.Hosts {
		require.Equal(t, want, loopback.Host(host), "%q", host)
	}
	for _, host := range []string{"[::1]", "localhost:80", "127.0.0.1:80"} {
		require.False(t, loopback.Host(host), "%q is not only a host", host)
	}
}

func FuzzHost(f *testing.F) {
	for host := range loopbacktest.Hosts {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !loopback.Host(host) || host == "localhost" {
			return
		}
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.IsLoopback() {
			t.Fatalf("%q counts as this machine", host)
		}
	})
}
