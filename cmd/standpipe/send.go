package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func sendCommand() *command {
	return &command{
		name: "send", arguments: "PROVIDER URL [FILE]", summary: "sign a file as a provider would, and send it to a URL",
		help: `Signs FILE (or standard input) byte for byte as PROVIDER would, sends it to URL and
prints the response. The exit status is 0 for a 2xx response and 3 for any other. Redirects
are not followed: providers do not follow them either. See "sign -h" for what FILE is.

With -challenge it sends the provider's check of a new endpoint instead (x, x-oauth2,
braintree, slack) and verifies the response; no FILE then.`,
		run: runSend,
	}
}

func runSend(ctx context.Context, s streams, c *command, args []string) error {
	fs := newFlags(c, s)
	var o signOptions
	o.register(fs)
	timeout := fs.Duration("timeout", 30*time.Second, "how long to wait for the response: a `duration` such as 10s")
	challenge := fs.Bool("challenge", false, "send the provider's check of a new endpoint")
	args, err := parse(fs, args, 2, 3)
	if err != nil {
		return err
	}
	target, err := parseTarget(args[1])
	if err != nil {
		return err
	}
	if o.url == "" {
		o.url = target.String()
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if *challenge {
		return sendChallenge(ctx, s, args[0], target, &o)
	}
	signer, secrets, err := o.signer(ctx, args[0])
	if err != nil {
		return err
	}
	body, err := readInput(s, args[2:])
	if err != nil {
		return err
	}
	d, err := signed(ctx, signer, body)
	if err != nil {
		return err
	}
	o.noteEvent(s, d)
	answer, err := deliver(ctx, withAdded(target, o.url, d.url), d, maxAnswer)
	if err != nil {
		return err
	}
	answer.print(s, secrets)
	return answer.verdict()
}

// withAdded returns target with what the signer added to the query of the URL
// that it was told, as Twilio does with a body's hash. That URL may be another
// one (-url).
func withAdded(target *url.URL, told string, signed *url.URL) *url.URL {
	u := *target
	_, query, _ := strings.Cut(told, "?")
	added := strings.TrimPrefix(strings.TrimPrefix(signed.RawQuery, query), "&")
	if added != "" && u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += added
	return &u
}

func parseTarget(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError("%q is not an http or https URL", redactTarget(u))
	}
	return u, nil
}

// redactTarget shows a URL without what may be secret in it.
func redactTarget(u *url.URL) string {
	if u == nil {
		return "the target"
	}
	return redact.URL(u)
}

// answer is what a server said to a delivery.
type answer struct {
	status  int
	header  http.Header
	body    []byte
	cut     bool // the body was longer
	elapsed time.Duration
}

const maxAnswer = 64 << 10

// deliver sends the request to target, whatever its own URL says. Of the response's body
// it reads so many bytes.
func deliver(ctx context.Context, target *url.URL, d *dump, most int64) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, d.method, target.String(), bytes.NewReader(d.body))
	if err != nil {
		return nil, fmt.Errorf("sending to %s: the request is malformed", redactTarget(target))
	}
	req.Header = d.header.Clone()
	for _, name := range hopByHop {
		req.Header.Del(name)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "") // none, rather than Go's
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the URL in it may hold credentials
		}
		return nil, fmt.Errorf("sending to %s: %w", redactTarget(target), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, fmt.Errorf("reading the response of %s: %w", redactTarget(target), err)
	}
	a := &answer{status: resp.StatusCode, header: resp.Header, body: body, elapsed: time.Since(start)}
	if a.cut = int64(len(body)) > most; a.cut {
		a.body = body[:most]
	}
	return a, nil
}

// hopByHop are the fields of one connection (RFC 9110 section 7.6.1).
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"}

// print shows the response; a server that echoes the secret does not get it printed.
func (a *answer) print(s streams, secrets []string) {
	fmt.Fprintf(s.out, "%d %s in %s\n", a.status, http.StatusText(a.status), a.elapsed.Round(time.Millisecond))
	printBody(s.out, []byte(redact.Scrub(string(a.body), secrets...)))
	if a.cut {
		fmt.Fprintf(s.out, "… (more than %d bytes)\n", maxAnswer)
	}
}

// verdict is nil for a 2xx.
func (a *answer) verdict() error {
	if a.status/100 == 2 {
		return nil
	}
	return &statusError{status: exitRefused}
}

// sendChallenge checks that an endpoint proves its ownership.
func sendChallenge(ctx context.Context, s streams, name string, target *url.URL, o *signOptions) error {
	p, err := findProvider(name)
	if err != nil {
		return err
	}
	_, secrets, err := p.signer(ctx, &o.options)
	if err != nil {
		return err
	}
	d, want, err := challengeFor(ctx, p, target, secrets, o)
	if err != nil {
		return err
	}
	a, err := deliver(ctx, d.url, d, maxAnswer)
	if err != nil {
		return err
	}
	a.print(s, secrets)
	if err := a.verdict(); err != nil {
		return err
	}
	if !want(a.body) {
		return &statusError{exitRefused, errors.New("the response is not the one that this secret gives")}
	}
	fmt.Fprintln(s.out, "the response is right")
	return nil
}

// The values are arbitrary; Braintree's must be 20 to 32 hexadecimal digits.
const (
	crcToken        = "MDAwMDAwMDAtc3RhbmRwaXBl"
	btChallenge     = "20f9f8ed05f77439fe955c977e4c8a53"
	slackChallenge  = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
	slackChallengeQ = `{"token":"none","challenge":"` + slackChallenge + `","type":"url_verification"}`
)

// challengeFor returns the request and what recognises the right response to it.
func challengeFor(ctx context.Context, p *provider, target *url.URL, secrets []string, o *signOptions) (*dump, func([]byte) bool, error) {
	switch p.name {
	case "x", "x-oauth2":
		want := webhooktest.XChallengeAnswer(secrets[0], crcToken)
		return dumpOf(webhooktest.XChallenge(target.String(), crcToken), nil), func(body []byte) bool {
			var got struct {
				ResponseToken string `json:"response_token"`
			}
			return json.Unmarshal(body, &got) == nil && got.ResponseToken == want
		}, nil
	case "braintree":
		want := webhooktest.BraintreeChallengeAnswer(webhooktest.BraintreeKey{Public: o.publicKey, Private: secrets[0]}, btChallenge)
		return dumpOf(webhooktest.BraintreeChallenge(target.String(), btChallenge), nil), func(body []byte) bool { return string(body) == want }, nil
	case "slack":
		d, err := signed(ctx, webhooktest.Slack(secrets[0]).WithURL(target.String()), []byte(slackChallengeQ))
		return d, func(body []byte) bool {
			var got struct{ Challenge string }
			text := string(bytes.TrimSpace(body)) // Slack takes the value as plain text and in JSON
			return text == slackChallenge || json.Unmarshal(body, &got) == nil && got.Challenge == slackChallenge
		}, err
	}
	return nil, nil, usageError("%s has no challenge", p.name)
}
