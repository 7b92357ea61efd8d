package safefetch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/safefetch"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func anyHost(*url.URL) error { return nil }

func fetcher(t *testing.T, c safefetch.Config) *safefetch.Fetcher {
	t.Helper()
	if c.Allow == nil {
		c.Allow = anyHost
	}
	f, err := safefetch.New(c)
	require.NoError(t, err)
	return f
}

// X5
func TestX5_Addresses(t *testing.T) {
	t.Parallel()
	for _, a := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
		"169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::127.0.0.1", "::a9fe:a9fe",
		"fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
		"2001::1", "2001:0:a9fe:a9fe::1", "2001:db8::1", "3fff::1", "100::1", "2606:4700::1%eth0",
	} {
		require.False(t, safefetch.Public(netip.MustParseAddr(a)), a)
	}
	require.False(t, safefetch.Public(netip.Addr{}))
	// A zone names an interface of this machine, whatever the address in front of it.
	for _, a := range []string{"::ffff:8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"} {
		require.True(t, safefetch.Public(netip.MustParseAddr(a)), a)
		require.False(t, safefetch.Public(netip.MustParseAddr(a).WithZone("eth0")), a)
	}
	for _, a := range []string{"1.1.1.1", "52.94.0.1", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700:4700::1111", "2a05:d07a::1"} {
		require.True(t, safefetch.Public(netip.MustParseAddr(a)), a)
	}
}

// X5
func TestX5_URLs(t *testing.T) {
	t.Parallel()
	f := fetcher(t, safefetch.Config{Allow: func(u *url.URL) error {
		if u.Host != "allowed.example" {
			return errors.New("another host")
		}
		return nil
	}})
	require.NoError(t, f.Check("https://allowed.example/x?y=1"))
	for _, raw := range []string{
		"http://allowed.example/", "ftp://allowed.example/", "file:///etc/passwd", "//allowed.example/", "allowed.example", "", "https://", "https:allowed.example",
		"https://allowed.example:443/", "https://allowed.example:22/", "https://allowed.example:/", "https://user@allowed.example/", "https://user:pw@allowed.example/",
		"https://allowed.example/#f", "https://other.example/", "https://allowed.example.evil.example/", "https://evil.example/allowed.example",
		"https://allowed.example@evil.example/", "https://allowed.example\\@evil.example/", "https://allowed.example\n/", "https://%61llowed.example/", "HTTPS://ALLOWED.example/",
		"https://[::1]/", "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/",
	} {
		require.ErrorIs(t, f.Check(raw), safefetch.ErrURL, "%q", raw)
		_, err := f.Get(t.Context(), raw)
		require.ErrorIs(t, err, safefetch.ErrURL, "%q", raw)
		require.NotContains(t, err.Error(), "pw")
	}
	_, err := safefetch.New(safefetch.Config{})
	require.Error(t, err, "without a rule nothing would be pinned")

	// What the package refuses by itself, whatever the rule of the owner lets pass.
	f = fetcher(t, safefetch.Config{})
	for raw, why := range map[string]string{
		"https://allowed.example:443/":      "a port",
		"https://allowed.example:22/":       "a port",
		"https://allowed.example:/":         "a port",
		"https://[2606:4700::1111]:443/":    "a port",
		"https://[2606:4700::1111]/":        "a port", // not as a host name is written
		"https://[fe80::1%25eth0]/":         "a port",
		"https://":                          "no host",
		"https:///x":                        "no host",
		"http://allowed.example/":           "not https",
		"https:allowed.example":             "not https",
		"https://user@allowed.example/":     "user information",
		"https://user:pass@allowed.example": "user information",
		"https://allowed.example/#x":        "fragment",
		"https://allowed.example/#%41":      "fragment",
		"https://allowed.example/%zz":       "not a URL",
	} {
		err := f.Check(raw)
		require.ErrorIs(t, err, safefetch.ErrURL, raw)
		require.ErrorContains(t, err, why, raw)
	}
	require.NoError(t, f.Check("https://allowed.example/"))
}

// Every address that is written into the URL, or that a name leads to, is looked
// at when it is dialled.
// X5
func TestX5_DialledAddressIsChecked(t *testing.T) {
	t.Parallel()
	f := fetcher(t, safefetch.Config{})
	for _, host := range []string{"127.0.0.1", "0.0.0.0", "10.1.2.3", "169.254.169.254", "localhost"} {
		_, err := f.Get(t.Context(), "https://"+host+"/")
		require.ErrorIs(t, err, safefetch.ErrAddress, host)
	}
}

// A name that resolves to a public address when it is looked at and to a private
// one when it is dialled: there is one look, at what is dialled.
// X5
func TestX5_RebindingIsRefused(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer server.Close()
	for name, addresses := range map[string][]netip.Addr{
		"loopback":          {netip.MustParseAddr("127.0.0.1")},
		"private":           {netip.MustParseAddr("10.0.0.1")},
		"metadata":          {netip.MustParseAddr("169.254.169.254")},
		"unspecified":       {netip.MustParseAddr("0.0.0.0")},
		"mapped":            {netip.MustParseAddr("::ffff:127.0.0.1")},
		"IPv6 loopback":     {netip.MustParseAddr("::1")},
		"NAT64 of loopback": {netip.MustParseAddr("64:ff9b::7f00:1")},
		"several":           {netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("192.168.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dns := newDNS(t, addresses)
			f := fetcher(t, safefetch.Config{Resolver: dns.resolver()})
			_, err := f.Get(t.Context(), "https://rebind.example/")
			require.ErrorIs(t, err, safefetch.ErrAddress)
			require.Positive(t, dns.asked.Load(), "the name was resolved")
		})
	}
	require.False(t, reached.Load())
}

// X5
func TestX5_NoRedirectsNoCookiesBounded(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, 1025))
		case "/exact":
			_, _ = w.Write(make([]byte, 1024))
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/cut":
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
		default:
			_, _ = w.Write([]byte("ok"))
		}
	}))
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	f := fetcher(t, safefetch.Config{Client: client, MaxBytes: 1024, Timeout: time.Minute})
	body, err := f.Get(t.Context(), "https://example.com/ok")
	require.NoError(t, err)
	require.Equal(t, "ok", string(body))
	_, err = f.Get(t.Context(), "https://example.com/exact")
	require.NoError(t, err)
	before := hits.Load()
	_, err = f.Get(t.Context(), "https://example.com/redirect")
	require.ErrorContains(t, err, "status 302")
	require.Equal(t, before+1, hits.Load(), "the redirect is not followed")
	for path, want := range map[string]string{"/large": "larger than 1024", "/missing": "status 404", "/cut": "read the body"} {
		_, err = f.Get(t.Context(), "https://example.com"+path+"?token=hidden")
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hidden")
	}
}

// X5: 5 seconds unless the owner says otherwise.
func TestX5_Timeout(t *testing.T) {
	t.Parallel()
	blocked := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
	for timeout, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Millisecond: time.Millisecond, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			f := fetcher(t, safefetch.Config{Client: blocked, Timeout: timeout})
			start := time.Now()
			_, err := f.Get(t.Context(), "https://example.com/?token=hidden")
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.EqualError(t, err, "safefetch: get from example.com: context deadline exceeded")
			require.Equal(t, want, time.Since(start))
		})
	}
}

// X5: 64 KiB unless the owner says otherwise, at the byte.
func TestX5_Size(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{0, 1, 1024, 100_000} {
		most := int(limit)
		if limit == 0 {
			most = 64 << 10
		}
		for _, size := range []int{0, most - 1, most, most + 1} {
			client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				require.Equal(t, http.MethodGet, r.Method)
				require.Equal(t, "https://example.com/a%20b?x=1", r.URL.String())
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(make([]byte, size))), Request: r}, nil
			})}
			body, err := fetcher(t, safefetch.Config{Client: client, MaxBytes: limit}).Get(t.Context(), "https://example.com/a%20b?x=1")
			if size > most {
				require.EqualError(t, err, fmt.Sprintf("safefetch: get from example.com: the body is larger than %d bytes", most))
				require.Nil(t, body)
				continue
			}
			require.NoError(t, err)
			require.Len(t, body, size)
		}
	}
}

// X5: every status but 200 is an error, whatever comes with it, and cookies of the
// owner's client stay out.
func TestX5_StatusesAndCookies(t *testing.T) {
	t.Parallel()
	for _, status := range []int{199, 201, 204, 206, 301, 304, 404, 500} {
		client := &http.Client{Jar: jar{t}, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			require.Empty(t, r.Header)
			header := http.Header{"Set-Cookie": {"a=b"}, "Location": {"https://example.com/x"}}
			return &http.Response{StatusCode: status, Header: header, Body: http.NoBody, Request: r}, nil
		})}
		_, err := fetcher(t, safefetch.Config{Client: client}).Get(t.Context(), "https://example.com/")
		require.EqualError(t, err, fmt.Sprintf("safefetch: get from example.com: status %d", status))
	}
}

// jar is a cookie jar that must not be asked.
type jar struct{ *testing.T }

func (j jar) SetCookies(*url.URL, []*http.Cookie) { j.Error("a cookie was kept") }
func (j jar) Cookies(*url.URL) []*http.Cookie     { j.Error("a cookie was asked for"); return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// dnsServer answers every question on loopback with fixed addresses, with no time
// to live.
type dnsServer struct {
	conn      net.PacketConn
	addresses []netip.Addr
	asked     atomic.Int64
}

func newDNS(t *testing.T, addresses []netip.Addr) *dnsServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	d := &dnsServer{conn: conn, addresses: addresses}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return d
}

func (d *dnsServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

func (d *dnsServer) serve() {
	buf := make([]byte, 512)
	for {
		n, from, err := d.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		d.asked.Add(1)
		_, _ = d.conn.WriteTo(d.answer(buf[:n]), from)
	}
}

// answer builds a response by RFC 1035 section 4: the question, and an address
// record for each address of the kind that was asked for.
func (d *dnsServer) answer(query []byte) []byte {
	end := 12 + strings.IndexByte(string(query[12:]), 0) + 5 // name, type, class
	kind := binary.BigEndian.Uint16(query[end-4:])
	out := append([]byte(nil), query[:2]...)
	out = append(out, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
	out = append(out, query[12:end]...)
	for _, a := range d.addresses {
		data := a.AsSlice()
		want := uint16(1) // A
		if len(data) == 16 {
			want = 28 // AAAA
		}
		if kind != want {
			continue
		}
		out[7]++
		out = append(out, 0xc0, 12)
		out = binary.BigEndian.AppendUint16(out, want)
		out = append(out, 0, 1, 0, 0, 0, 0)
		out = binary.BigEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, data...)
	}
	return out
}
