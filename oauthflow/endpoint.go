package oauthflow

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/secret"
)

// call is one request that the client authenticates to.
type call struct {
	op   string // as in TokenError.Op
	url  string
	form url.Values
	json bool // send a JSON object
	once bool // carries what the server takes a single time
}

// response is an HTTP response with its body read whole.
type response struct {
	op     string
	status int
	header http.Header
	body   []byte
	hidden *redact.Secrets

	wantsNonce bool // refused for lack of a DPoP nonce, which is known now
}

const maxResponse = 1 << 20

// post sends a call. An error is a *TokenError; any response but a redirect
// comes back as it is.
func (c *Client) post(ctx context.Context, in call) (*response, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	before, err := c.secretNow(ctx)
	if err != nil {
		return nil, &TokenError{Op: in.op, Err: err}
	}
	out, err := c.send(ctx, in)
	if err == nil && c.dpop != nil && out.wantsNonce {
		// Refused before it was looked at (RFC 9449 section 8), so that this is
		// no second use of a code.
		out, err = c.send(ctx, in)
	}
	if err != nil || in.once || !out.rejects("invalid_client") || c.cfg.ClientSecret == nil {
		return out, err
	}
	// The secret may have been rotated under us: have it read again, and repeat
	// only if it differs by now.
	_ = secret.Refresh(ctx, c.cfg.ClientSecret)
	after, err := c.secretNow(ctx)
	if err != nil || after.Equal(before) {
		return out, nil
	}
	return c.send(ctx, in)
}

func (c *Client) secretNow(ctx context.Context) (secret.Value, error) {
	if c.cfg.ClientSecret == nil {
		return secret.Value{}, nil
	}
	v, err := secret.Current(ctx, c.cfg.ClientSecret)
	if err != nil {
		return v, fmt.Errorf("the client secret: %w", err)
	}
	return v, nil
}

func (c *Client) send(ctx context.Context, in call) (*response, error) {
	fail := func(err error) error { return &TokenError{Op: in.op, Err: err} }
	form := maps.Clone(in.form)
	header := http.Header{"Accept": {"application/json"}}
	secrets, err := c.authenticate(ctx, form, header)
	if err != nil {
		return nil, fail(err)
	}
	hidden := secretsOf(form, secrets...)
	body, contentType := form.Encode(), "application/x-www-form-urlencoded"
	if in.json {
		body, contentType = jsonObject(form), "application/json"
	}
	header.Set("Content-Type", contentType)
	var sent sentTracker
	req, invalid := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, sent.trace()), http.MethodPost, in.url, strings.NewReader(body))
	if invalid != nil {
		return nil, fail(hidden.Error(invalid))
	}
	req.Header = header
	if c.dpop != nil {
		if err := c.dpop.proofFor(req); err != nil {
			return nil, fail(err)
		}
	}
	if ctx.Err() != nil {
		return nil, fail(context.Cause(ctx))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &TokenError{Op: in.op, MaybeApplied: sent.maybe(err), Err: hidden.Error(err)}
	}
	defer resp.Body.Close()
	out := &response{op: in.op, status: resp.StatusCode, header: resp.Header, hidden: hidden}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, &TokenError{Op: in.op, Status: resp.StatusCode, Err: ErrRedirect}
	}
	out.body, err = readCapped(resp.Body)
	if err != nil {
		return nil, &TokenError{Op: in.op, Status: resp.StatusCode, MaybeApplied: out.ambiguous() || out.ok(), RetryAfter: out.retryAfter(c.now()), Err: hidden.Error(err)}
	}
	if c.dpop != nil && c.dpop.learn(req.URL, req.Header.Get("DPoP"), resp.Header) {
		out.wantsNonce = out.rejects("use_dpop_nonce")
	}
	return out, nil
}

func readCapped(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxResponse+1))
	if err == nil && len(data) > maxResponse {
		err = ErrResponseTooLarge
	}
	return data, err
}

func jsonObject(form url.Values) string {
	flat := make(map[string]any, len(form))
	for k, v := range form {
		flat[k] = v[0]
		if len(v) > 1 {
			flat[k] = v
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(flat) // strings always encode
	return b.String()
}

// sentTracker tells a request that never left from one that may have.
type sentTracker struct{ asked, connected atomic.Bool }

func (s *sentTracker) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.connected.Store(true) },
	}
}

// maybe errs on the side of yes: a transport that reports nothing may have
// sent.
func (s *sentTracker) maybe(err error) bool {
	if s.asked.Load() {
		return s.connected.Load()
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return false
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	return true
}

func (r *response) ok() bool { return r.status/100 == 2 }

// ambiguous reports a status that does not say whether the request took effect.
func (r *response) ambiguous() bool {
	return r.status >= 500 || r.status == http.StatusRequestTimeout || r.status < 200
}

// rejects reports whether the request was refused with this code, under a status
// that stands for such a refusal (RFC 6749 section 5.2).
func (r *response) rejects(code string) bool {
	if r.status != http.StatusUnauthorized && r.status != http.StatusBadRequest {
		return false
	}
	m, err := parseParams(r.body)
	return err == nil && textMember(m, "error") == code
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds or a date,
// the latter against the response's own Date so that clock skew cancels.
func (r *response) retryAfter(now time.Time) time.Duration {
	v := strings.TrimSpace(r.header.Get("Retry-After"))
	if secs, err := strconv.ParseFloat(v, 64); err == nil {
		return seconds(secs)
	}
	at, _ := http.ParseTime(v) // what is no date is long over
	if date, err := http.ParseTime(r.header.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}

// maxSeconds keeps server-supplied durations far from overflow: 68 years.
const maxSeconds = 1<<31 - 1

// seconds converts a server's count of seconds; what is not a positive number
// is 0.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(min(s, maxSeconds) * float64(time.Second))
}
