package webhook

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/flight"
	"github.com/standpipe-go/standpipe/internal/safefetch"
)

// snsPartitions are the domains of AWS's partitions and the shapes of their
// regions, from the partition table that AWS's SDKs share (partitions.json).
var snsPartitions = []struct {
	suffix string
	region *regexp.Regexp
}{
	{"amazonaws.com", regexp.MustCompile(`\A(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]{1,2}\z|\Aus-gov-[a-z]+-[0-9]{1,2}\z`)},
	{"amazonaws.com.cn", regexp.MustCompile(`\Acn-[a-z]+-[0-9]{1,2}\z`)},
	{"amazonaws.eu", regexp.MustCompile(`\Aeusc-de-[a-z]+-[0-9]{1,2}\z`)},
	{"c2s.ic.gov", regexp.MustCompile(`\Aus-iso-[a-z]+-[0-9]{1,2}\z`)},
	{"sc2s.sgov.gov", regexp.MustCompile(`\Aus-isob-[a-z]+-[0-9]{1,2}\z`)},
	{"cloud.adc-e.uk", regexp.MustCompile(`\Aeu-isoe-[a-z]+-[0-9]{1,2}\z`)},
	{"csp.hci.ic.gov", regexp.MustCompile(`\Aus-isof-[a-z]+-[0-9]{1,2}\z`)},
}

var snsCertPath = regexp.MustCompile(`\A/SimpleNotificationService-[0-9a-f]{32}\.pem\z`)

// snsHost reports whether host is the SNS endpoint of a region.
func snsHost(host string) bool {
	rest, ok := strings.CutPrefix(host, "sns.")
	if !ok {
		return false
	}
	region, suffix, _ := strings.Cut(rest, ".")
	for _, p := range snsPartitions {
		if suffix == p.suffix && p.region.MatchString(region) {
			return true
		}
	}
	return false
}

func allowCertURL(u *url.URL) error {
	switch {
	case !snsHost(u.Host):
		return errors.New("the host is not that of SNS in a region")
	case u.RawQuery != "" || u.ForceQuery:
		return errors.New("a query")
	case !snsCertPath.MatchString(u.Path) || u.RawPath != "":
		return errors.New("the path is not that of a signing certificate")
	}
	return nil
}

func allowSubscribeURL(u *url.URL) error {
	switch {
	case !snsHost(u.Host):
		return errors.New("the host is not that of SNS in a region")
	case u.Path != "/" && u.Path != "":
		return errors.New("a path")
	}
	return nil
}

// certID names a certificate by the identifier in its URL.
func certID(certURL string) string {
	_, id, _ := strings.Cut(certURL, "/SimpleNotificationService-")
	return strings.TrimSuffix(id, ".pem")
}

type snsCert struct {
	key                 *rsa.PublicKey
	notBefore, notAfter time.Time
	fetched             time.Time
	proven              atomic.Bool // a message for one of our topics was signed with it
}

const (
	certLifetime = 24 * time.Hour
	certCooldown = 5 * time.Second
	certLimit    = 30 * time.Second // of a fetch, in a client that has no limit of its own
	certPatience = 10 * time.Second // how long a message waits, unless its caller gives up before
	maxCerts     = 64               // kept, and failures: more than AWS has regions in use at a time
)

var (
	errCooldown = errors.New("an attempt to fetch it has just failed")
	errCrowded  = errors.New("too many certificates are asked for")
)

// snsCerts keeps signing certificates by URL. Anyone can send messages that name
// another one on AWS's host, so that what is kept, what waits and what is fetched at
// a time is bounded; see certTurns for who goes first.
type snsCerts struct {
	fetcher *safefetch.Fetcher
	now     func() time.Time

	mu      sync.Mutex
	known   map[string]*snsCert
	failed  map[string]time.Time
	flights map[string]*certFlight
	turns   certTurns
}

type certFlight struct {
	certTurn
	done chan struct{}
	cert *snsCert
	err  error
}

func newSNSCerts(client *http.Client, now func() time.Time) (*snsCerts, error) {
	f, err := safefetch.New(safefetch.Config{Allow: allowCertURL, Client: client})
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &snsCerts{
		fetcher: f, now: now,
		known: map[string]*snsCert{}, failed: map[string]time.Time{}, flights: map[string]*certFlight{},
		turns: certTurns{asked: map[string]int{}},
	}, nil
}

// get returns the certificate at a URL that the fetcher allows. Whoever waits for
// the same one shares a fetch, which no caller's cancellation ends.
func (c *snsCerts) get(ctx context.Context, certURL string) (*snsCert, error) {
	c.mu.Lock()
	now := c.now()
	cert := c.known[certURL]
	if cert != nil && now.Sub(cert.fetched) < certLifetime {
		c.mu.Unlock()
		return cert, nil
	}
	f := c.flights[certURL]
	if f == nil {
		if at, ok := c.failed[certURL]; ok && now.Sub(at) < certCooldown {
			c.mu.Unlock()
			return nil, errCooldown
		}
		f = c.queue(context.WithoutCancel(ctx), certURL)
	}
	f.waiters++
	c.turns.ask(certURL, &f.certTurn)
	if !f.started && cert != nil && cert.proven.Load() {
		f.privileged = true
	}
	c.startNext()
	c.mu.Unlock()

	patience := time.NewTimer(certPatience)
	defer patience.Stop()
	select {
	case <-f.done:
		return f.cert, f.err
	case <-ctx.Done():
		c.leave(certURL, f)
		return nil, context.Cause(ctx)
	case <-patience.C:
		c.leave(certURL, f)
		return nil, errCrowded
	}
}

// queue makes a flight that waits for its turn.
func (c *snsCerts) queue(ctx context.Context, certURL string) *certFlight {
	f := &certFlight{done: make(chan struct{})}
	f.start = func() {
		flight.Start(ctx, certLimit, "the fetch of the certificate", func(ctx context.Context) (*snsCert, error) {
			body, err := c.fetcher.Get(ctx, certURL)
			if err != nil {
				return nil, err
			}
			return parseSNSCert(body)
		}, func(cert *snsCert, err error) { c.land(certURL, f, cert, err) })
	}
	if worst, crowded := c.turns.worst(c.flights); crowded {
		c.flights[worst].err = errCrowded
		close(c.flights[worst].done)
		delete(c.flights, worst)
	}
	c.flights[certURL] = f
	return f
}

// leave gives up waiting. What nobody waits for any more need not be fetched.
func (c *snsCerts) leave(certURL string, f *certFlight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.waiters--
	if f.waiters == 0 && !f.started && c.flights[certURL] == f {
		delete(c.flights, certURL)
	}
}

// startNext starts the flights whose turn it is.
func (c *snsCerts) startNext() {
	for f := c.turns.next(c.flights); f != nil; f = c.turns.next(c.flights) {
		c.turns.begin(&f.certTurn)
		f.start()
	}
}

// land keeps what a fetch has brought, tells those who wait for it, and starts the
// next.
func (c *snsCerts) land(certURL string, f *certFlight, cert *snsCert, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	f.cert, f.err = cert, err
	delete(c.flights, certURL)
	c.turns.end(certURL, &f.certTurn)
	if err != nil {
		c.fail(certURL, now)
	} else {
		c.keep(certURL, cert, now)
		delete(c.failed, certURL)
	}
	f.cert, f.err = cert, err
	close(f.done)
	c.startNext()
}

// keep takes in a certificate. It takes the place of the oldest, and first of one
// that no genuine message has come with: those anyone can have fetched.
func (c *snsCerts) keep(certURL string, cert *snsCert, now time.Time) {
	cert.fetched = now
	if before := c.known[certURL]; before != nil {
		cert.proven.Store(before.proven.Load())
	} else if len(c.known) >= maxCerts {
		delete(c.known, slices.MinFunc(slices.Collect(maps.Keys(c.known)), func(a, b string) int {
			x, y := c.known[a], c.known[b]
			if p := x.proven.Load(); p != y.proven.Load() {
				if p {
					return 1
				}
				return -1
			}
			return x.fetched.Compare(y.fetched)
		}))
	}
	c.known[certURL] = cert
}

// fail remembers that a fetch has just failed. What failed long ago makes room, and
// then whatever comes first.
func (c *snsCerts) fail(certURL string, now time.Time) {
	if len(c.failed) >= maxCerts {
		maps.DeleteFunc(c.failed, func(_ string, at time.Time) bool { return now.Sub(at) >= certCooldown })
	}
	for other := range c.failed {
		if len(c.failed) < maxCerts {
			break
		}
		delete(c.failed, other)
	}
	c.failed[certURL] = now
}

const (
	minRSABits = 2048
	maxRSABits = 8192 // a larger key only costs time
)

func parseSNSCert(data []byte) (*snsCert, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("not a certificate in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errors.New("not an X.509 certificate")
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minRSABits || key.N.BitLen() > maxRSABits {
		return nil, errors.New("the certificate's key is not RSA of 2048 to 8192 bits")
	}
	return &snsCert{key: key, notBefore: cert.NotBefore, notAfter: cert.NotAfter}, nil
}
